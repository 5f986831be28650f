"""What a page's address asks for. What cannot be read is as if it were not there."""

from __future__ import annotations

from datetime import UTC, date, datetime

from flask import request

MOST_PAGES = 100_000


def word(name: str, allowed: tuple[str, ...] | None = None, longest: int = 80) -> str:
    """A word; empty where it is not among those allowed."""
    given = request.args.get(name, "").strip()[:longest]
    return given if allowed is None or given in allowed else ""


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
    try:
        return date.fromisoformat(request.args.get(name, ""))
    except ValueError:
        return None
