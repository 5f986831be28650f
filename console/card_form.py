"""The wording of a card as a form, and who sends it.

Each language has its own fields; a list has a line for each of its entries.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Final

from flask import request
from flask_babel import gettext as _

from bot.knowledge import deciding, draft_file, drafts, rules
from bot.knowledge.drafts import By
from console import asked
from console.office import caller, desk
from console.showing import language, page

# What can be typed; what may be approved is shorter, and is said on the draft's page.
LONGEST: Final = 4000
LONGEST_LIST: Final = 20_000
PLAIN: Final = ("source", "guideline")


def by() -> By:
    """Whoever decides: the account that is signed in."""
    return deciding.by_account(desk(), caller().account)


def read(before: Mapping[str, Any]) -> tuple[dict[str, Any], bool]:
    """What the form says, over what stood there; and whether its day is one that can be read."""
    found = dict(before)
    found["topic"] = asked.typed("topic") or None
    for field in PLAIN:
        found[field] = " ".join(asked.typed(field, LONGEST).split()) or None
    for field in draft_file.TEXTS:
        found[field] = _by_language(field, LONGEST, lambda said: " ".join(said.split()))
    for field in draft_file.LISTS:
        found[field] = _by_language(field, LONGEST_LIST, _entries)
    day = asked.typed_day("expires_on")
    found["expires_on"] = day.isoformat() if day else None
    return found, day is not None or not asked.typed("expires_on")


def _by_language(field: str, longest: int, cleaned: Callable[[str], Any]) -> dict[str, Any]:
    said = {one: cleaned(asked.typed(f"{field}-{one}", longest)) for one in rules.LANGUAGES}
    return {name: value for name, value in said.items() if value}


def _entries(text: str) -> list[str]:
    return [" ".join(line.split()) for line in text.splitlines() if line.strip()]


def is_stale(present: str) -> bool:
    """Whether what is there is other than what the page showed."""
    return request.form.get("seen") != present


def stale() -> str:
    """Said then."""
    return str(_("This was changed or decided on in the meantime. Please look at it again."))


def no_day() -> str:
    """Said of a day that cannot be read."""
    return str(_("The last day is not a day such as 2027-01-31."))


def form(
    title: str, content: Mapping[str, Any], back: str, *, seen: str, sentence: str = ""
) -> str:
    """The form.

    Args:
        back: where "Cancel" leads.
        seen: what ``is_stale`` compares.
    """
    return page(
        "card_form.html",
        title=title,
        content=content,
        back=back,
        seen=seen,
        topics=drafts.topics(desk(), language()),
        all_languages=rules.LANGUAGES,
        longest=LONGEST,
        longest_list=LONGEST_LIST,
        longest_answer=rules.LONGEST_ANSWER,
        sentence=sentence,
    )
