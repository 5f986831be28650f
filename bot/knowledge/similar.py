"""How close texts are to each other, for near-duplicates. Plain rules, the same every time.

The measure is the classifier's (``nlu/components/features.py``) without its embedding, which needs
Rasa's environment: words weighted by how rare they are, and letter groups for misspelt ones, each
block of length 1, and the cosine. Only texts that share a rare beginning of a word are compared.
"""

from __future__ import annotations

import math
import re
import unicodedata
from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

# Two questions this close ask nearly the same in nearly the same words. In the shipped library 1
# in 5 questions is this close to another of its own card, 1 in 12 to one of another card.
CLOSE = 0.6
MOST = 3

# So many texts are compared letter by letter.
COMPARED = 60

_WORDS = re.compile(r"[^\W_]+")
_BEGINNING = 4
_GROUP = 4


@dataclass(frozen=True)
class Near:
    """A card that is close: how close (0 to 1), which text of ours, and which of the card's."""

    card: str
    closeness: float
    text: str
    other: str


def near(
    texts: Sequence[str], cards: Mapping[str, Sequence[str]], least: float = CLOSE
) -> list[Near]:
    """The cards that have a text close to one of `texts`, the closest first, at most ``MOST``.

    Args:
        cards: card id → its questions, titles and answers.
    """
    every = [(card, other) for card in sorted(cards) for other in cards[card]]
    measure = Measure([other for _, other in every])
    best: dict[str, Near] = {}
    for text in texts:
        for number, closeness in measure.closeness(text).items():
            card, other = every[number]
            before = best.get(card)
            if closeness >= least and (before is None or closeness > before.closeness):
                best[card] = Near(card, round(closeness, 4), text, other)
    return sorted(best.values(), key=lambda one: (-one.closeness, one.card))[:MOST]


def alike(text: str, others: Sequence[str], least: float = CLOSE) -> bool:
    """Whether one of `others` asks the same in nearly the same words."""
    found = Measure(others).closeness(text)
    return any(closeness >= least for closeness in found.values())


class Measure:
    """Knows how rare words are in a collection of texts, and finds the close ones."""

    def __init__(self, texts: Sequence[str]) -> None:
        self._words = [words_of(text) for text in texts]
        self._holding: dict[str, set[int]] = defaultdict(set)
        for number, words in enumerate(self._words):
            for word in words:
                self._holding[word[:_BEGINNING]].add(number)
        self._size = len(texts)

    def closeness(self, text: str) -> dict[int, float]:
        """Number of a text of the collection → how close it is; only the likeliest of them."""
        words = words_of(text)
        shared: dict[int, float] = defaultdict(float)
        for beginning in sorted({word[:_BEGINNING] for word in words}):
            for number in self._holding.get(beginning, ()):
                shared[number] += self._weight(beginning)
        likeliest = sorted(shared, key=lambda number: (-shared[number], number))[:COMPARED]
        ours = self._blocks(words)
        return {number: _cosine(ours, self._blocks(self._words[number])) for number in likeliest}

    def _weight(self, word: str) -> float:
        holding = len(self._holding.get(word[:_BEGINNING], ()))
        return math.log((1 + self._size) / (1 + holding)) + 1

    def _blocks(self, words: Sequence[str]) -> list[dict[str, float]]:
        of_words = {word: n * self._weight(word) for word, n in Counter(words).items()}
        of_groups: dict[str, float] = defaultdict(float)
        for word in words:
            weight = self._weight(word)
            for group in _groups(word):
                of_groups[group] += weight
        return [of_words, dict(of_groups)]


def words_of(text: str) -> list[str]:
    """The words of a text in small letters, without accents."""
    flat = unicodedata.normalize("NFKD", text.casefold())
    return _WORDS.findall("".join(letter for letter in flat if not unicodedata.combining(letter)))


def _groups(word: str) -> list[str]:
    padded = f" {word} "
    return [padded[start : start + _GROUP] for start in range(max(0, len(padded) - _GROUP) + 1)]


def _cosine(ours: Sequence[Mapping[str, float]], theirs: Sequence[Mapping[str, float]]) -> float:
    """The mean of the blocks' cosines."""
    found = []
    for one, other in zip(ours, theirs, strict=True):
        lengths = math.hypot(*one.values()) * math.hypot(*other.values())
        product = sum(value * other[term] for term, value in one.items() if term in other)
        found.append(product / lengths if lengths else 0.0)
    return sum(found) / len(found)
