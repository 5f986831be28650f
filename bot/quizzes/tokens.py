"""A text as words with their places, so that what stands behind an answer is kept as typed."""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass
from typing import Final

from bot.text.fold import clean, fold

_CIRCLED: Final = {
    ord(sign): letter
    for signs in ("ⒶⒷⒸⒹ", "ⓐⓑⓒⓓ", "🄰🄱🄲🄳", "🅐🅑🅒🅓", "🅰🅱🅲🅳")
    for sign, letter in zip(signs, "ABCD", strict=True)
}
_ELIDED: Final = frozenset({"l", "d", "c", "j", "n", "s", "m", "qu"})
_CONTRACTED: Final = frozenset({"s", "d", "ll", "re", "ve", "m"})
_TOKEN: Final = re.compile(r"[^\W_]+")


@dataclass(frozen=True, slots=True)
class Token:
    """`word` is folded; `start` and `end` are places in the text."""

    word: str
    typed: str
    start: int
    end: int


def tidied(text: str) -> str:
    """`text` without invisible characters, with circled letters plain; numbers stay as typed."""
    whole = unicodedata.normalize("NFC", clean(text)).translate(_CIRCLED)
    return "".join(c for c in whole if unicodedata.category(c) != "Cf")


def tokens(text: str) -> list[Token]:
    """The words of a text; French elisions and English contractions lose their short half."""
    found: list[Token] = []
    for match in _TOKEN.finditer(text):
        start, end = match.span()
        folded = fold(match[0])
        before, after = text[start - 1 : start] if start else "", text[end : end + 2]
        elides = after[:1] in {"'", "’"} and after[1:].isalpha()
        if elides and folded in _ELIDED:
            continue
        if before in {"'", "’"} and found and found[-1].end == start - 1:
            if folded in _CONTRACTED:
                continue
            folded = "not" if folded == "t" else folded
        found.extend(Token(word, match[0], start, end) for word in folded.split())
    return found
