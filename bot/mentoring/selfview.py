"""What a self-assessment says: strengths, gaps, and what to begin with. Plain rules.

Confident and wrong comes first: such an error is acted upon, and corrected it stays corrected
(Price 2024). Then what is wrong, then what somebody is not sure of.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Final, Literal

LEAST, MOST = 1, 5
SURE: Final = 4
UNSURE: Final = 2

View = Literal["strength", "between", "gap"]


@dataclass(frozen=True, slots=True)
class Told:
    """One competency: how sure from 1 to 5, and whether its item was right; None: left out."""

    competency: str
    sure: int | None
    right: bool | None

    @property
    def view(self) -> View | None:
        """How it is seen; None: nothing was said of it."""
        if self.sure is None and self.right is None:
            return None
        if self.right is False or (self.sure is not None and self.sure <= UNSURE):
            return "gap"
        if self.right and self.sure is not None and self.sure >= SURE:
            return "strength"
        return "between"


def strengths(told: Iterable[Told]) -> list[str]:
    """Sure of it and right, in their order."""
    return [one.competency for one in told if one.view == "strength"]


def gaps(told: Sequence[Told]) -> list[str]:
    """What to work on, the most pressing first."""
    return [one.competency for one in sorted(told, key=_pressing) if one.view == "gap"]


def _pressing(one: Told) -> tuple[int, int]:
    sure = one.sure if one.sure is not None else UNSURE
    if one.right is False:
        return (0, 0) if sure >= SURE else (1, sure)
    return (2, sure)
