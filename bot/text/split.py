"""Cutting a long answer into messages where a reader would pause."""

from __future__ import annotations

import re
from typing import Final

# A full stop after these does not end a sentence; units are here because "5 mg. IM" is one dose.
_ABBREVIATION_WORDS: Final = """
e.g i.e eg ie p.ex ex cf vs etc approx env no nr nos fig min max dr mr mrs ms mme mlle m prof st
mg mcg g kg ml l iu ui u hr hrs h min mins sec s wk wks mth yr yrs a.m p.m am pm i.v i.m s.c p.o
iv im sc po tab tabs cap caps amp inj temp resp c.-a-d
"""
_ABBREVIATIONS: Final = frozenset(_ABBREVIATION_WORDS.split())
_STOP: Final = re.compile(r"[.!?…]+[)\]\"'»”’]*(?=\s)")
_LAST_WORD: Final = re.compile(r"\S+$")
_DOSE: Final = re.compile(r"\d+(?:mg|mcg|ml|g|kg|iu|l|h|min|hr)")
_AHEAD: Final = 50  # characters looked at beyond the limit, to judge what follows a full stop


def split(text: str, limit: int) -> list[str]:
    """`text` in parts of at most `limit` characters, in order; [] for blank text.

    Cut at the last sentence or line end that fits, else at the last space (one that keeps a number
    with its unit if there is one), and inside a word only if the word alone exceeds the limit. A
    text that fits stays one part, blank lines and all. Raises ValueError when `limit` < 1.
    """
    if limit < 1:
        raise ValueError("limit must be at least 1")
    parts: list[str] = []
    rest = text.strip()
    while len(rest) > limit:
        cut = _cut(rest, limit)
        parts.append(rest[:cut].rstrip())
        rest = rest[cut:].lstrip()
    return [*parts, rest] if rest else parts


def _cut(text: str, limit: int) -> int:
    window = text[: limit + _AHEAD]
    for ends in (
        _sentence_ends(window),
        _safe_spaces(window, limit // 2),
        _spaces(window),
    ):
        # A space right after the last character that fits is a fair place to cut.
        last = max((end for end in ends if 0 < end <= limit), default=0)
        if last:
            return last
    return limit


def _sentence_ends(window: str) -> list[int]:
    stops = [m.end() for m in _STOP.finditer(window) if not _is_abbreviation(window, m)]
    lines = [m.start() for m in re.finditer(r"(?<=\S)[^\S\n]*\n", window)]
    return sorted(stops + lines)


def _is_abbreviation(window: str, stop: re.Match[str]) -> bool:
    if not stop.group().startswith(".") or stop.group().startswith(".."):
        return False
    if window[stop.end() :].lstrip()[:1].islower():
        return True
    before = window[: stop.start()]
    word = _LAST_WORD.search(before)
    if word is None:
        return False
    token = word.group().lstrip("([\"'«“‘").lower()
    if token in _ABBREVIATIONS or _DOSE.fullmatch(token):
        return True
    if len(token) == 1 and token.isalpha():
        return True  # an initial
    # "1." that opens a line is a list number, not a sentence.
    return token.isdigit() and not before[: word.start()].rsplit("\n", 1)[-1].strip()


def _spaces(window: str) -> list[int]:
    return [match.start() for match in re.finditer(r"\s+", window)]


def _safe_spaces(window: str, start: int) -> list[int]:
    """Spaces from `start` on with no digit beside them: "give 10 IU" is not cut at its number."""
    spaces = re.finditer(r"(?<=[^\d\s])\s+(?=[^\d\s])", window)
    return [match.start() for match in spaces if match.start() >= start]
