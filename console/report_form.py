"""What a report is asked for on its page, and what it is called there."""

from __future__ import annotations

from datetime import datetime
from typing import Final

from bot.accounts.scope import Scope
from bot.reports import choosing
from bot.reports.choosing import Asked, Chosen, groups
from bot.settings import Settings
from console import asked
from console.words import REPORTS as NAMES

FORMS: Final = ("csv", "xlsx", "pdf")


def offered(scope: Scope) -> dict[str, str]:
    """The reports for this scope, by name, with what they say."""
    shown = choosing.offered(scope)
    return {name: says for name, says in NAMES.items() if name in shown}


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
