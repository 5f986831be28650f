"""The audit as a list."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from sqlalchemy import Select, select
from sqlalchemy.orm import Session, aliased

from store.accounts import Account, AuditEntry
from store.people import Person

PAGE: Final = 50


@dataclass(frozen=True)
class Line:
    """One entry. ``by``: an address, None for the command line; ``whom``: a person's name."""

    entry: AuditEntry
    by: str | None
    of_account: str | None
    whom: str | None


def found(session: Session, *, by: str, what: str, page: int) -> tuple[Sequence[Line], bool]:
    """One page, the newest first, and whether there are older ones.

    Args:
        by: an account's address; ``what``: a kind of doing; empty: all.
    """
    account, other = aliased(Account), aliased(Account)
    query: Select[AuditEntry, str, str, str] = (
        select(AuditEntry, account.email, other.email, Person.name)
        .outerjoin(account, account.id == AuditEntry.account_id)
        .outerjoin(other, other.id == AuditEntry.of_account_id)
        .outerjoin(Person, Person.id == AuditEntry.person_id)
        .order_by(AuditEntry.id.desc())
        .offset((page - 1) * PAGE)
        .limit(PAGE + 1)
    )
    if by:
        query = query.where(account.email == by.strip().lower())
    if what:
        query = query.where(AuditEntry.what == what)
    lines = [Line(*row) for row in session.execute(query)]
    return lines[:PAGE], len(lines) > PAGE


def kinds(session: Session) -> Sequence[str]:
    """The kinds of doings that there are."""
    return session.scalars(select(AuditEntry.what).distinct().order_by(AuditEntry.what)).all()
