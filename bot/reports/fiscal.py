"""Periods: fiscal years, named by the calendar year in which they end, as FY21; months, quarters.

Plain functions.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import date, datetime, time
from typing import Final
from zoneinfo import ZoneInfo

_YEAR: Final = re.compile(r"(?:fy)?\s*(\d{2}|\d{4})", re.IGNORECASE)
_MONTH: Final = re.compile(r"(\d{4})-(0[1-9]|1[0-2])")
_QUARTER: Final = re.compile(r"(\d{4})-Q([1-4])", re.IGNORECASE)
_EARLIEST, _LATEST = 1990, 2199
_DHIS2: Final = {1: "", 4: "April", 7: "July", 9: "Sep", 10: "Oct", 11: "Nov"}


@dataclass(frozen=True, slots=True)
class Period:
    """From a moment until before another, both aware."""

    label: str
    start: datetime
    end: datetime


@dataclass(frozen=True, slots=True, order=True)
class FiscalYear:
    """The year that ends in ``year``; it begins with the first of ``first_month``."""

    year: int
    first_month: int

    @property
    def first_day(self) -> date:
        """Its first day."""
        return date(self.year if self.first_month == 1 else self.year - 1, self.first_month, 1)

    @property
    def label(self) -> str:
        """Such as FY21."""
        return f"FY{self.year % 100:02}"

    def period(self, zone: ZoneInfo) -> Period:
        """Its moments in a time zone."""
        following = FiscalYear(self.year + 1, self.first_month)
        return Period(
            self.label,
            datetime.combine(self.first_day, time(), zone),
            datetime.combine(following.first_day, time(), zone),
        )

    def dhis2(self) -> str | None:
        """The name DHIS2 gives to this year; None where it knows no year of this first month."""
        suffix = _DHIS2.get(self.first_month)
        return None if suffix is None else f"{self.first_day.year}{suffix}"


def parse(text: str, first_month: int) -> FiscalYear | None:
    """``2021``, ``21`` or ``FY21``; None for anything else."""
    found = _YEAR.fullmatch(text.strip())
    if not found:
        return None
    year = int(found[1])
    year += 2000 if len(found[1]) == 2 else 0
    return FiscalYear(year, first_month) if _EARLIEST <= year <= _LATEST else None


def of(day: date, first_month: int) -> FiscalYear:
    """The fiscal year of a day."""
    ends_next = first_month > 1 and day.month >= first_month
    return FiscalYear(day.year + ends_next, first_month)


def month(text: str, zone: ZoneInfo) -> Period | None:
    """``2026-02``; None for anything else."""
    return _months(_MONTH.fullmatch(text), 1, zone)


def quarter(text: str, zone: ZoneInfo) -> Period | None:
    """A quarter of the calendar as ``2026-Q1``; None for anything else."""
    return _months(_QUARTER.fullmatch(text), 3, zone)


def _months(found: re.Match[str] | None, months: int, zone: ZoneInfo) -> Period | None:
    if not found or not _EARLIEST <= int(found[1]) <= _LATEST:
        return None
    year, first = int(found[1]), (int(found[2]) - 1) * months
    after = first + months
    return Period(
        found[0],
        datetime(year, first + 1, 1, tzinfo=zone),
        datetime(year + after // 12, after % 12 + 1, 1, tzinfo=zone),
    )
