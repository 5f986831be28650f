"""Fiscal years: named by the calendar year in which they end, as FY21. Plain functions."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import date, datetime, time
from typing import Final
from zoneinfo import ZoneInfo

_YEAR: Final = re.compile(r"(?:fy)?\s*(\d{2}|\d{4})", re.IGNORECASE)
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
    return FiscalYear(year, first_month) if 1990 <= year <= 2199 else None


def of(day: date, first_month: int) -> FiscalYear:
    """The fiscal year of a day."""
    ends_next = first_month > 1 and day.month >= first_month
    return FiscalYear(day.year + ends_next, first_month)
