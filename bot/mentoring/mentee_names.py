"""Which of some mentees a mentor's words name."""

from __future__ import annotations

from collections.abc import Sequence

from bot import people
from bot.text.fold import fold
from store.people import Person


def names_of(person: Person) -> set[str]:
    """How a mentor may call somebody, folded: the whole name, or one part of it."""
    whole = fold(people.bare_name(person))
    return {whole, *whole.split()} - {""}


def begun_with(said: str, mentees: Sequence[Person]) -> tuple[Person | None, str]:
    """The one mentee whose name a text begins with, and what follows, folded.

    None, and the text as it is, where no name is at the beginning, or one that several have.
    """
    parts = fold(said).split()
    for length in range(len(parts), 0, -1):
        found = called(" ".join(parts[:length]), mentees)
        if len(found) == 1:
            return found[0], " ".join(parts[length:])
    return None, said


def called(name: str, mentees: Sequence[Person]) -> list[Person]:
    """Everybody whom a name fits."""
    wanted = fold(name)
    return [one for one in mentees if wanted in names_of(one)]
