"""What to do with a question, given how sure the model is. Plain rules.

Thresholds are calibrated on held-out questions per language (``nlu/gate.py``); a wrong answer is
worse than none.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True)
class Thresholds:
    """Confidences of one language: at least ``answer`` answers, at least ``ask`` asks back."""

    answer: float
    ask: float


# Used only where no calibrated model says otherwise: careful.
CAREFUL = Thresholds(answer=0.75, ask=0.25)
# A "did you mean" choice that is this much less likely than the first is noise.
CHOICE_RATIO = 0.15
MOST_CHOICES = 2


@dataclass(frozen=True)
class Ranked:
    """A card and how sure the model is of it, 0 to 1."""

    card: str
    confidence: float


@dataclass(frozen=True)
class Answer:
    """Sure: send this card."""

    card: str


@dataclass(frozen=True)
class Ask:
    """In between: did you mean one of these?"""

    cards: tuple[str, ...]


@dataclass(frozen=True)
class Escalate:
    """Not sure: a mentor."""


Decision = Answer | Ask | Escalate


def decide(ranking: Sequence[Ranked], thresholds: Thresholds) -> Decision:
    """Answer, ask back, or hand over.

    Args:
        ranking: live cards only, best first.
    """
    if not ranking:
        return Escalate()
    best = ranking[0]
    if best.confidence >= thresholds.answer:
        return Answer(best.card)
    if best.confidence >= thresholds.ask:
        close = [
            ranked.card
            for ranked in ranking[:MOST_CHOICES]
            if ranked.confidence >= best.confidence * CHOICE_RATIO
        ]
        return Ask(tuple(close))
    return Escalate()
