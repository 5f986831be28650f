"""Two forms of a test: which items, and who gets which. Plain rules.

An item and its twin test the same fact in other words; all of one form make form A, their twins
form B. Whoever has had A has B next, so that what is measured is the fact and not the wording, and
a harder form weighs on as many first as on second tests.
"""

from __future__ import annotations

import random
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from fractions import Fraction
from itertools import zip_longest
from math import ceil

from bot.mentoring.validation import KNOWLEDGE
from bot.quizzes.bank import Form, Item

USUAL = 20
"""Items of a test: 85 % is 17 of them."""


@dataclass(frozen=True, slots=True)
class Pair:
    """One fact in its two wordings."""

    a: Item
    b: Item

    def of(self, form: Form) -> Item:
        """The item of a form."""
        return self.a if form == "A" else self.b


def pairs(items: Iterable[Item], competencies: Iterable[str], cadre: str | None) -> list[Pair]:
    """The pairs of some of the bank's competencies that this cadre can be asked, in its order."""
    wanted = set(competencies)
    known = {
        item.id: item
        for item in items
        if item.competency in wanted and (not item.cadres or not cadre or cadre in item.cadres)
    }
    return [
        Pair(item, known[item.twin])
        for item in known.values()
        if item.form == "A" and item.twin in known
    ]


def drawn(by_competency: Sequence[Sequence[Pair]], number: int, seed: str) -> list[Pair]:
    """Up to so many pairs, of each competency about as many, in a mixed order.

    The same seed draws the same pairs, so that both forms of one mentee test the same facts.
    """
    chance = random.Random(seed)  # noqa: S311 - nothing is kept secret by it
    mixed = [chance.sample(list(some), len(some)) for some in by_competency]
    turns = [pair for turn in zip_longest(*mixed) for pair in turn if pair is not None]
    chosen = turns[:number]
    chance.shuffle(chosen)
    return chosen


def other(form: Form) -> Form:
    """The form that comes after one."""
    return "B" if form == "A" else "A"


def first_form(tested_before: int) -> Form:
    """The form of a first test, by how many mentees have begun theirs: half of each."""
    return "A" if tested_before % 2 == 0 else "B"


def needed(out_of: int) -> int:
    """Right answers that reach the level: 17 of 20."""
    return ceil(KNOWLEDGE * Fraction(out_of))
