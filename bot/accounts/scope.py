"""Whom an account may see, as conditions of SQL. There is no other place that decides it."""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy import ColumnElement, false, select, true
from sqlalchemy.orm import InstrumentedAttribute

from bot.accounts.rules import SEES_NUMBERS
from store.accounts import Account
from store.people import Facility, Person


def works_in(district: str) -> ColumnElement[bool]:
    """The condition on ``person`` under which somebody's facility lies in a district."""
    return Person.facility_id.in_(select(Facility.id).where(Facility.district == district))


@dataclass(frozen=True, slots=True)
class Scope:
    """What an account's role, district and person come to."""

    role: str
    district: str | None = None
    person_id: int | None = None

    @classmethod
    def of(cls, account: Account) -> Scope:
        """The scope of an account."""
        return cls(account.role, account.district, account.person_id)

    def people(self) -> ColumnElement[bool]:
        """The condition on ``person`` under which somebody may be seen.

        An admin sees everybody; a coordinator everybody, or whoever works in the district; a mentor
        the mentees who are their own; a viewer nobody.
        """
        match self.role:
            case "admin":
                return true()
            case "coordinator":
                return true() if self.district is None else works_in(self.district)
            case "mentor" if self.person_id is not None:
                return Person.mentor_id == self.person_id
            case _:
                return false()

    def about(
        self, column: InstrumentedAttribute[int] | InstrumentedAttribute[int | None]
    ) -> ColumnElement[bool]:
        """The condition on a column that refers to ``person``: a case's mentee, a dose's person."""
        if self.sees_all:
            return true()
        if self.aggregates_only:
            return false()
        return column.in_(select(Person.id).where(self.people()))

    def places(self) -> ColumnElement[bool]:
        """The condition on ``facility`` under which one may be seen; a viewer sees figures of all.

        A mentor sees where the mentees work who are their own.
        """
        match self.role:
            case "coordinator" if self.district is not None:
                return Facility.district == self.district
            case "mentor":
                own = select(Person.facility_id).where(self.people())
                return Facility.id.in_(own.where(Person.facility_id.is_not(None)))
            case "admin" | "coordinator" | "viewer":
                return true()
            case _:
                return false()

    @property
    def sees_all(self) -> bool:
        """Whether nobody is left out."""
        return self.role == "admin" or (self.role == "coordinator" and self.district is None)

    @property
    def aggregates_only(self) -> bool:
        """Whether no single person may be seen, only figures about at least five."""
        return self.role not in ("admin", "coordinator", "mentor")

    @property
    def numbers(self) -> bool:
        """Whether phone numbers are shown."""
        return self.role in SEES_NUMBERS
