"""Two ways to tidy what people type: for comparing words, and for storing in PostgreSQL."""

from __future__ import annotations

import unicodedata
from typing import Final

_LIGATURES: Final = str.maketrans(
    {
        "œ": "oe",
        "Œ": "oe",
        "æ": "ae",
        "Æ": "ae",
        "ø": "o",
        "Ø": "o",
        "ß": "ss",
        "ł": "l",
        "Ł": "l",
    }
)
_BREAKS: Final = frozenset("\t\n\v\f\r\x1c\x1d\x1e\x1f\x85")


def fold(text: str) -> str:
    """`text` for matching: lower case, no accents, letters and digits with single spaces between.

    Compatibility forms are unified (NFKD), apostrophes and punctuation become spaces, and control,
    zero-width and surrogate characters vanish, so that "St\\u200bop!" and "STOP" are the same word.
    `fold(fold(x)) == fold(x)`.
    """
    plain = text
    for _ in range(2):  # lowering a few letters brings new combining marks
        plain = unicodedata.normalize("NFKD", plain).translate(_LIGATURES).lower()
    return " ".join("".join(map(_folded, plain)).split())


def clean(text: str) -> str:
    """`text` as PostgreSQL can store it: no NUL, no lone surrogates (they become U+FFFD).

    Two surrogates that form a pair become the character they stand for.
    """
    whole = text.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "replace")
    return whole.replace("\x00", "")


def _folded(character: str) -> str:
    if character in _BREAKS:
        return " "
    kind = unicodedata.category(character)
    if kind[0] in "LN":
        return character
    return "" if kind[0] in "MC" else " "
