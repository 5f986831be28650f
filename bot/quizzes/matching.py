"""An answer in the option's own words: misspelt, shortened, in part, as long as one option fits."""

from __future__ import annotations

import re
from collections.abc import Sequence
from functools import cache, lru_cache
from pathlib import Path
from typing import Any, Final

from bot.text.fold import fold
from bot.text.yaml_file import read_yaml

MOST_WORDS: Final = 25  # a longer message is no answer
_SHORTEST_PREFIX: Final = 3
# Signs that fold() drops and that may be all that tells two options apart.
_SIGNS: Final = (
    (re.compile(r"<=|≤|\bat most\b|\bau plus\b"), " atmost "),
    (re.compile(r">=|≥|\bat least\b|\bau moins\b"), " atleast "),
    (re.compile(r"<|\bless than\b|\bmoins de\b"), " lessthan "),
    (re.compile(r">|\bmore than\b|\bplus de\b"), " morethan "),
    (re.compile(r"%|\bper ?cent\b|\bpour ?cent\b"), " percent "),
    (re.compile(r"\b(?:do|does|is|can|should|was|would)n['’]?t\b|\bcan['’]?t\b"), " not "),
    (re.compile(r"\b(?:l|d|c|j|n|s|qu|jusqu)['’](?=\w)"), " "),
)
_THOUSANDS: Final = re.compile(r"(?<![\d.,])([1-9]\d{0,2}),(\d{3})(?![\d.,])")
_POINT: Final = re.compile(r"(?<=\d)[.,:](?=\d)")
_MARK: Final = "zqz"  # fold() keeps letters only
_EDGE: Final = re.compile(r"(?<=[^\W\d_])(?=\d)|(?<=\d)(?=[^\W\d_])")
_DOUBLE: Final = re.compile(r"(.)\1+")


@cache
def vocabulary() -> dict[str, Any]:
    """``grading.yml``: every list of words as a frozenset over all languages."""
    data = read_yaml(Path(__file__).with_name("grading.yml"))
    return {name: _gathered(value) for name, value in data.items()}


def matches(text: str, options: Sequence[str]) -> frozenset[int]:
    """The places of the options whose own words `text` is; one when it is clear.

    Empty when a word of it is in no option, when it is too long, or when one denies and the other
    does not ("give water" is not "Do not give water").
    """
    said = words(text)
    if not said or len(said) > MOST_WORDS:
        return frozenset()
    listed = [words(option) for option in options]
    same = frozenset(place for place, option in enumerate(listed) if option == said)
    if len(same) == 1:
        return same
    content = _content(said, listed)
    if not content or (len(content) == 1 and len(content[0]) == 1 and not content[0].isdigit()):
        return frozenset()
    known = frozenset(word for option in listed for word in option)
    meant = [_meanings(word, known) for word in content]
    if not all(meant):
        return frozenset()
    fitting = [
        place for place, option in enumerate(listed) if all(not m.isdisjoint(option) for m in meant)
    ]
    if len(fitting) > 1:
        fitting = _closest(fitting, meant, listed) or fitting
    if len(fitting) == 1 and _denies(said) != _denies(listed[fitting[0]]):
        return frozenset()
    return frozenset(fitting)


def leading_or_only_number(option: str, number: int) -> bool:
    """Whether somebody who texts `number` may mean this option rather than its place."""
    said = words(option)
    numbers = [word for word in said if word[0].isdigit()]
    return bool(numbers) and str(number) in {said[0], numbers[0] if len(numbers) == 1 else ""}


@lru_cache(maxsize=4096)
def words(text: str) -> tuple[str, ...]:
    """`text` in words for comparing: folded, signs spelled out, numbers whole, units alike."""
    plain = text.lower()
    for sign, spelled in _SIGNS:
        plain = sign.sub(spelled, plain)
    plain = _THOUSANDS.sub(r"\1\2", plain)
    plain = _EDGE.sub(" ", fold(_POINT.sub(_MARK, plain)).replace(_MARK, "\u00b7"))
    same = vocabulary()["same"]
    return tuple(same.get(word, word) for word in plain.split())


def _content(said: Sequence[str], listed: Sequence[Sequence[str]]) -> list[str]:
    """The words that count: none of the unimportant, and fillers only where an option has them."""
    lists = vocabulary()
    known = {word for option in listed for word in option}
    return [
        word
        for word in said
        if word not in lists["unimportant"] and (word in known or word not in lists["filler"])
    ]


def _closest(
    fitting: Sequence[int], meant: Sequence[frozenset[str]], listed: Sequence[Sequence[str]]
) -> list[int]:
    """Of several that fit, the one that is said in full, in its order; else none."""
    told = frozenset().union(*meant)
    unimportant = vocabulary()["unimportant"]
    full = [place for place in fitting if set(listed[place]) - unimportant <= told]
    if len(full) > 1:
        full = [place for place in full if _in_order(meant, listed[place])]
    return full if len(full) == 1 else []


def _in_order(meant: Sequence[frozenset[str]], option: Sequence[str]) -> bool:
    left = iter(option)
    return all(any(word in wanted for word in left) for wanted in meant)


def _denies(said: Sequence[str]) -> bool:
    return not vocabulary()["negation"].isdisjoint(said)


def _meanings(word: str, known: frozenset[str]) -> frozenset[str]:
    """The words of the options that `word` may be: itself, else the nearest, else its endings."""
    if word in known:
        return frozenset({word})
    if word[0].isdigit():
        return known & {"one", "un", "une"} if word == "1" else frozenset()
    distances = {other: _apart(_sound(word), _sound(other)) for other in known}
    near = min((d for d in distances.values() if d is not None), default=None)
    if near is not None:
        return frozenset(other for other, distance in distances.items() if distance == near)
    if len(word) < _SHORTEST_PREFIX:
        return frozenset()
    return frozenset(other for other in known if other.startswith(word))


def _apart(word: str, other: str) -> int | None:
    """Slips of the finger between two words, or None where they are too many to be slips."""
    if not word or not other or other[0].isdigit() or word[0] != other[0]:
        return None
    if word == other:
        return 0
    if {word[:5] == "hiper", other[:5] == "hiper"} == {True, False} and "hipo" in (
        word[:4],
        other[:4],
    ):
        return None
    shortest = min(len(word), len(other))
    allowed = 0 if shortest < 5 else 1 if shortest < 8 or word[:3] != other[:3] else 2
    if abs(len(word) - len(other)) > allowed:
        return None
    distance = _distance(word, other)
    return distance if distance <= allowed else None


@lru_cache(maxsize=4096)
def _sound(word: str) -> str:
    """A word without what people most often write differently: oxytocin, ocytocine, oxitocyn."""
    plain = (
        word.replace("ae", "e")
        .replace("ph", "f")
        .replace("y", "i")
        .replace("k", "c")
        .replace("x", "c")
    )
    return _DOUBLE.sub(r"\1", plain).rstrip("s").rstrip("e") or word


def _distance(one: str, two: str) -> int:
    """Edits from `one` to `two`; two neighbours exchanged are one edit."""
    before: list[int] = []
    row = list(range(len(two) + 1))
    for i, a in enumerate(one, start=1):
        before, above, row = row, before, [i]
        for j, b in enumerate(two, start=1):
            best = min(before[j] + 1, row[j - 1] + 1, before[j - 1] + (a != b))
            if above and j > 1 and a == two[j - 2] and one[i - 2] == b:
                best = min(best, above[j - 2] + 1)
            row.append(best)
    return row[-1]


def _gathered(value: Any) -> Any:
    if isinstance(value, str):
        return frozenset(fold(word) for word in value.split())
    if isinstance(value, list):
        return frozenset(map(fold, value))
    if set(value) <= {"en", "fr", "rw", "sw"}:
        return frozenset(fold(word) for words_ in value.values() for word in words_.split())
    return {fold(word): key for key, words_ in value.items() for word in words_.split()}
