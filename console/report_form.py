"""What a report is asked for on its page, and what it is called there."""

from __future__ import annotations

from datetime import date, datetime
from typing import Final

from bot.accounts.scope import Scope
from bot.reports import choosing
from bot.reports.choosing import Asked, Chosen, groups
from bot.settings import Settings
from console import asked
from console.words import REPORTS as NAMES

FORMS: Final = ("csv", "xlsx", "pdf")
PACK_FORMS: Final = ("pdf", "xlsx")
# Two names of one report; it is listed once.
SECOND_NAMES: Final = frozenset({"plan"})


def offered(scope: Scope) -> dict[str, str]:
    """The reports for this scope, by name, with what they say."""
    shown = set(choosing.offered(scope)) - SECOND_NAMES
    return {name: says for name, says in NAMES.items() if name in shown}


def quarters_before(today: date) -> list[str]:
    """The last quarters of the calendar, the newest first: the present one, and a year of them."""
    number = today.year * 4 + (today.month - 1) // 3
    return [f"{one // 4}-Q{one % 4 + 1}" for one in range(number, number - 5, -1)]


def chosen(name: str, settings: Settings, now: datetime) -> Chosen:
    """What the page's address asks for; without anything, the present fiscal year.

    Raises:
        NotUsable: days the wrong way round, or out of all reason.
    """
    given = Asked(
        by=asked.word("by", groups(name)),
        year=asked.word("fy"),
        since=asked.day("since"),
        until=asked.day("until"),
    )
    return choosing.chosen(name, given, settings, now)
