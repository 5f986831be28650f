"""Decides whether a trained model may answer people, and from which confidence on. Plain rules.

A wrong clinical answer is worse than none. So per language the lowest confidence is sought from
which on answers to held-out questions are right in 95 of 100 cases, with room for the size of the
set; a model that reaches this only by staying silent too often is not published either.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

TARGET = 0.95  # precision of answers
FLOOR = 0.5  # of the answerable questions that must be answered at that precision
CHOICES = 2  # cards that the dialogue offers in "did you mean"
ASKING_PAYS = 2  # needless "did you mean" that one which offers the right card is worth
# Score of the one-sided 80 % Wilson bound: on 300 answers a precision of 96 % proves 95 %.
WILSON = 0.8416


@dataclass(frozen=True)
class Judged:
    """One held-out question and what the model made of it.

    Attributes:
        card: the card that answers it; None when none does.
        ranking: pairs (card, confidence), best first; empty when it was taken for small talk.
    """

    text: str
    language: str
    card: str | None
    ranking: Sequence[tuple[str, float]]

    @property
    def confidence(self) -> float:
        """Confidence of the best card; 0 when there is none."""
        return self.ranking[0][1] if self.ranking else 0.0

    @property
    def right(self) -> bool:
        """Whether the best card is the one that answers it."""
        return bool(self.ranking) and self.ranking[0][0] == self.card

    @property
    def offered(self) -> bool:
        """Whether "did you mean" would offer the card that answers it."""
        return self.card is not None and self.card in [card for card, _ in self.ranking[:CHOICES]]


@dataclass(frozen=True)
class Figures:
    """How a language does on its held-out questions; shares are 0 to 1.

    Attributes:
        answer: confidence from which on a card is sent; above 1 when no confidence will do.
        ask: confidence from which on "did you mean" is asked.
        questions: held-out questions that a card answers.
        outside: held-out texts that no card answers.
        best_card: share of `questions` whose best card is the right one, at any confidence.
        answered: texts that would be sent a card.
        precision: share of `answered` that is right.
        proven: lower Wilson bound of `precision`.
        coverage: share of `questions` that is sent the right card at once.
        helped: share of `questions` that is sent or offered the right card.
        leaked: share of `outside` that is sent a card.
        asked_outside: share of `outside` that is asked "did you mean".
    """

    answer: float
    ask: float
    questions: int
    outside: int
    best_card: float
    answered: int
    precision: float
    proven: float
    coverage: float
    helped: float
    leaked: float
    asked_outside: float


@dataclass(frozen=True)
class Verdict:
    """The result of the gate: figures per language, and the reasons against publishing."""

    figures: dict[str, Figures]
    findings: list[str]

    @property
    def passed(self) -> bool:
        """Whether the model may be published."""
        return not self.findings

    def thresholds(self) -> dict[str, dict[str, float]]:
        """Language → {"answer", "ask"}."""
        return {
            language: {"answer": found.answer, "ask": found.ask}
            for language, found in self.figures.items()
        }

    def as_json(self) -> dict[str, Any]:
        """Return figures rounded to four digits, for people and files."""
        return {
            language: {
                name: round(value, 4) if isinstance(value, float) else value
                for name, value in asdict(found).items()
            }
            for language, found in self.figures.items()
        }


def judge(
    judged: Iterable[Judged],
    languages: Sequence[str],
    target: float = TARGET,
    floor: float = FLOOR,
) -> Verdict:
    """Calibrate every language and say whether the model passes in all of them."""
    by_language: dict[str, list[Judged]] = {language: [] for language in languages}
    for one in judged:
        by_language.setdefault(one.language, []).append(one)
    figures: dict[str, Figures] = {}
    findings: list[str] = []
    for language, ones in by_language.items():
        if not any(one.card for one in ones) or all(one.card for one in ones):
            findings.append(
                f"{language}: the held-out set needs questions with a card and texts without one."
            )
            continue
        found = figures[language] = calibrate(ones, target)
        if found.answer > 1.0:
            findings.append(
                f"{language}: at no confidence are answers proven to be {target:.0%} right."
            )
        elif found.coverage < floor:
            findings.append(
                f"{language}: at {target:.0%} precision only {found.coverage:.0%} of the questions "
                f"are answered, {floor:.0%} are needed."
            )
    return Verdict(figures, findings)


def calibrate(ones: Sequence[Judged], target: float = TARGET) -> Figures:
    """Find both thresholds of one language; `ones` are questions with a card and texts without."""
    answer = _answer_threshold(ones, target)
    ask = _ask_threshold([one for one in ones if one.confidence < answer], answer)
    inside = [one for one in ones if one.card]
    outside = [one for one in ones if not one.card]
    answered = [one for one in ones if one.confidence >= answer]
    asked = [one for one in ones if ask <= one.confidence < answer]
    right = sum(one.right for one in answered)
    return Figures(
        answer=answer,
        ask=ask,
        questions=len(inside),
        outside=len(outside),
        best_card=_share(sum(one.right for one in inside), len(inside)),
        answered=len(answered),
        precision=_share(right, len(answered)),
        proven=wilson(right, len(answered)),
        coverage=_share(right, len(inside)),
        helped=_share(right + sum(one.offered for one in asked), len(inside)),
        leaked=_share(sum(not one.card for one in answered), len(outside)),
        asked_outside=_share(sum(not one.card for one in asked), len(outside)),
    )


def wilson(right: int, of: int) -> float:
    """Return the lower Wilson bound (one-sided, 80 %) of the share `right` / `of`."""
    if of == 0:
        return 0.0
    share, square = right / of, WILSON**2
    middle = share + square / (2 * of)
    spread = WILSON * math.sqrt(share * (1 - share) / of + square / (4 * of * of))
    return max(0.0, (middle - spread) / (1 + square / of))


def without_seen(
    held_out: Iterable[Mapping[str, Any]], trained: Iterable[str]
) -> tuple[list[Mapping[str, Any]], int]:
    """Drop held-out texts that the model was trained on, whatever their case and punctuation.

    Returns:
        What is left, and how many were dropped.
    """
    seen = {_bare(text) for text in trained}
    every = list(held_out)
    left = [one for one in every if _bare(str(one["text"])) not in seen]
    return left, len(every) - len(left)


def _answer_threshold(ones: Sequence[Judged], target: float) -> float:
    best = math.inf
    right = 0
    ranked = sorted(ones, key=lambda one: -one.confidence)
    for count, one in enumerate(ranked, 1):
        right += one.right
        tied = count < len(ranked) and ranked[count].confidence == one.confidence
        if one.confidence > 0 and not tied and wilson(right, count) >= target:
            best = one.confidence
    return _down(best) if best <= 1.0 else 1.01


def _ask_threshold(unanswered: Sequence[Judged], answer: float) -> float:
    # Asked too rarely it sends answerable questions to mentors, asked too often it delays them.
    best = highest = min(answer, 1.0)
    balance = most = 0
    for one in sorted(unanswered, key=lambda one: -one.confidence):
        balance += ASKING_PAYS if one.offered else -1
        if one.confidence > 0 and balance > most:
            best, most = one.confidence, balance
    return min(_down(best), highest)


def _down(confidence: float) -> float:
    # Rounded down, so that the text that set the threshold still reaches it.
    return math.floor(confidence * 10_000) / 10_000


def _share(part: int, whole: int) -> float:
    return part / whole if whole else 0.0


def _bare(text: str) -> str:
    return "".join(letter for letter in text.casefold() if letter.isalnum())
