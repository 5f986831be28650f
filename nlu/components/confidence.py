"""How sure we may be of a card: its probability, and how much of the text its examples have used.

A linear model is sure of itself too easily on a near miss: "ors for a drunk man" shares its
loudest word with the cards on rehydration. What gives it away is that the rest of its words never
occur in those cards' examples. So confidence is a two-feature logistic function, fitted on cards
that were left out of training on purpose: their questions are near misses by construction.
Measured on the held-out questions, at 95 % precision the share of answerable ones that are answered
rose from 77 to 85 % (English) and from 52 to 81 % (French).
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from zlib import crc32

import numpy as np
from scipy.sparse import csr_matrix
from sklearn.linear_model import LogisticRegression

FOLDS = 5  # one card in five, and one in five of the other examples, are left out
ENOUGH = 30  # right and wrong ones each, to fit on; below, the probability itself is used
_LIMIT = 7.0  # of a logit; beyond, a probability says nothing more


@dataclass(frozen=True)
class Confidence:
    """A fitted logistic function of (logit of the probability, coverage)."""

    of_logit: float = 1.0
    of_coverage: float = 0.0
    bias: float = 0.0

    def __call__(self, probability: float, coverage: float) -> float:
        """Return how likely the card is right, 0 to 1."""
        score = self.of_logit * _logit(probability) + self.of_coverage * coverage + self.bias
        return 1.0 / (1.0 + math.exp(-score))


def fit(
    probabilities: Sequence[float], coverages: Sequence[float], right: Sequence[bool]
) -> Confidence:
    """Fit on texts that the probabilities were not trained on."""
    if min(sum(right), len(right) - sum(right)) < ENOUGH:
        return Confidence()
    inputs = np.column_stack([[_logit(p) for p in probabilities], coverages])
    model = LogisticRegression(C=100.0).fit(inputs, np.asarray(right))
    of_logit, of_coverage = model.coef_[0].tolist()
    return Confidence(of_logit, of_coverage, float(model.intercept_[0]))


def left_out(card: str | None, text: str) -> tuple[bool, bool]:
    """Tell whether (the whole card, this text) is left out when the function is fitted."""
    whole = card is not None and crc32(card.encode()) % FOLDS == 0
    return whole, crc32(text.encode()) % FOLDS == 1


class Vocabulary:
    """Which letter groups the examples of each card have used."""

    def __init__(self, used: dict[str, np.ndarray]) -> None:
        """`used` maps card → bools, one per letter group."""
        self.used = used

    @classmethod
    def learn(cls, groups: csr_matrix, cards: Sequence[str | None]) -> Vocabulary:
        """Learn from `groups` (texts × letter groups) and the card of each text."""
        used: dict[str, np.ndarray] = {}
        for row, card in enumerate(cards):
            if card is not None:
                seen = used.setdefault(card, np.zeros(groups.shape[1], dtype=bool))
                seen[groups.indices[groups.indptr[row] : groups.indptr[row + 1]]] = True
        return cls(used)

    def coverage(self, card: str, groups: csr_matrix) -> float:
        """Return the share (0 to 1) of one text's letter groups, by weight, that `card` uses."""
        squares = groups.data**2
        total = float(squares.sum())
        if card not in self.used or total == 0.0:
            return 0.0
        return float(squares[self.used[card][groups.indices]].sum()) / total


def _logit(probability: float) -> float:
    inside = min(max(probability, 1e-9), 1.0 - 1e-9)
    return max(-_LIMIT, min(_LIMIT, math.log(inside / (1.0 - inside))))
