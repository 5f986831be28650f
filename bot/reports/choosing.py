"""What a report is asked for: a fiscal year or days, and by what it is grouped."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from typing import Final, Literal, cast
from zoneinfo import ZoneInfo

from sqlalchemy.orm import Session

from bot.accounts.scope import Scope
from bot.mentoring.competencies import Catalogue
from bot.reports import fiscal
from bot.reports.fiscal import Period
from bot.reports.query import Wanted
from bot.reports.registry import REPORTS
from bot.reports.table import Report
from bot.reports.validated import validated
from bot.settings import Settings
from bot.text.sentences import SentenceError

VALIDATED: Final = "validated"
# What is about one mentor, facility or group in each row, however small.
ABOUT_SINGLE: Final = frozenset({"cadence"})
_VALIDATED_BY: Final = ("association", "area", "district", "facility")
EARLIEST: Final = date(1990, 1, 1)
LATEST: Final = date(2199, 12, 30)

ValidatedBy = Literal["association", "area", "district", "facility"]


class NotUsable(SentenceError):
    """What was asked for cannot be reported. One sentence."""


@dataclass(frozen=True)
class Asked:
    """As it was typed; what is empty or not known is as if it were not there."""

    by: str = ""
    year: str = ""
    since: date | None = None
    until: date | None = None


@dataclass(frozen=True)
class Chosen:
    """``year``: as FY26, empty with days."""

    period: Period
    by: str
    year: str
    since: date | None
    until: date | None


def offered(scope: Scope) -> tuple[str, ...]:
    """The reports for this scope, by name: those about single mentors are not for everybody."""
    hidden = ABOUT_SINGLE if scope.aggregates_only else frozenset()
    return tuple(name for name in (VALIDATED, *REPORTS) if name not in hidden)


def groups(name: str) -> tuple[str, ...]:
    """By what a report can be grouped."""
    return _VALIDATED_BY if name == VALIDATED else REPORTS[name].by


def chosen(name: str, asked: Asked, settings: Settings, now: datetime) -> Chosen:
    """What is asked for; without anything, the present fiscal year.

    Raises:
        NotUsable: days the wrong way round, or out of all reason.
    """
    zone = ZoneInfo(settings.default_timezone)
    today = now.astimezone(zone).date()
    possible = groups(name)
    by = asked.by if asked.by in possible else ""
    by = by or (possible[0] if name == VALIDATED else "")
    since, until = asked.since, asked.until
    if name == VALIDATED or (since is None and until is None):
        year = fiscal.parse(asked.year, settings.fiscal_year_start_month)
        year = year or fiscal.of(today, settings.fiscal_year_start_month)
        return Chosen(year.period(zone), by, year.label, None, None)
    first, last = since or EARLIEST, until or today
    if not EARLIEST <= first <= LATEST or not EARLIEST <= last <= LATEST:
        raise NotUsable("These days are too far from today.")
    if first > last:
        raise NotUsable("The first day is after the last one.")
    period = Period(
        f"{first} to {last}",
        datetime.combine(first, time(), zone),
        datetime.combine(last + timedelta(days=1), time(), zone),
    )
    return Chosen(period, by, "", since, until)


def compute(
    session: Session, name: str, wanted: Chosen, catalogue: Catalogue, now: datetime
) -> Report:
    """The report."""
    if name == VALIDATED:
        by = cast(ValidatedBy, wanted.by)
        return validated(session, by, [wanted.period], catalogue, ())
    return REPORTS[name].compute(session, Wanted(wanted.period, now, wanted.by or None), catalogue)
