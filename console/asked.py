"""What a page's address asks for. What cannot be read is as if it were not there."""

from __future__ import annotations

import unicodedata
from datetime import UTC, date, datetime

from flask import request

MOST_PAGES = 100_000


def plain(text: str) -> str:
    """Without what no keyboard types, such as the NUL that no database takes."""
    kept = (sign for sign in text if sign in "\n\t" or unicodedata.category(sign) != "Cc")
    return "".join(kept).strip()


def typed(name: str, longest: int = 80) -> str:
    """A field of the form that was sent."""
    return plain(request.form.get(name, ""))[:longest]


def typed_day(name: str) -> date | None:
    """A day in the form that was sent, as browsers write it."""
    return _day(request.form.get(name, ""))


def sent() -> dict[str, list[str]]:
    """Every field of the form that was sent, with all of its values in order."""
    return {name: [plain(one) for one in values] for name, values in request.form.lists()}


def word(name: str, allowed: tuple[str, ...] | None = None, longest: int = 80) -> str:
    """A word; empty where it is not among those allowed."""
    given = plain(request.args.get(name, ""))[:longest]
    return given if allowed is None or given in allowed else ""


def given(name: str) -> bool:
    """Whether the address says anything of this, be it nothing."""
    return name in request.args


def flag(name: str) -> bool:
    """Whether a box was ticked."""
    return request.args.get(name, "") == "1"


def number(name: str = "page") -> int:
    """A page's number, from 1."""
    given = request.args.get(name, "1")
    plain = given.isascii() and given.isdecimal() and len(given) <= 6
    return min(max(1, int(given)), MOST_PAGES) if plain else 1


def moment(name: str) -> datetime | None:
    """A moment as ``here`` wrote it, aware."""
    try:
        found = datetime.fromisoformat(request.args.get(name, ""))
    except ValueError:
        return None
    return found.astimezone(UTC) if found.tzinfo is not None else None


def day(name: str) -> date | None:
    """A day as browsers write it."""
    return _day(request.args.get(name, ""))


def _day(text: str) -> date | None:
    try:
        return date.fromisoformat(text)
    except ValueError:
        return None
