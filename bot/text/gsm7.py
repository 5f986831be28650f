"""Bringing typography back to GSM-7, where that saves a segment and changes no meaning.

One smart quote or no-break space makes a whole message UCS-2 and can double its cost. What cannot
be written in GSM-7 with the same clinical meaning is refused, and then the text stays as it was:
a dearer message is better than a changed number.
"""

from __future__ import annotations

import re
import unicodedata
from typing import Final

from bot.text.segments import count, is_gsm7

# Languages whose words stay themselves without accents GSM-7 lacks (ê, ç, œ, ...).
_FOLDED_LANGUAGES: Final = frozenset({"en", "fr", "rw", "sw"})

_INVISIBLE: Final = "\u200b\u200c\u200d\u2060\ufeff\u00ad\u200e\u200f"

_PLAIN: Final[dict[str, str]] = {
    **dict.fromkeys("‘’‚‛′‹›`´ʼ", "'"),
    **dict.fromkeys("“”„‟″«»", '"'),
    **dict.fromkeys("‐‑‒–−﹣－", "-"),
    **dict.fromkeys("\u00a0\u202f\u205f\u3000\t" + "".join(map(chr, range(0x2000, 0x200B))), " "),
    **dict.fromkeys("\u2028\u2029\u0085", "\n"),
    **dict.fromkeys("•‣◦●▪■∙⁃", "*"),
    **dict.fromkeys("≥⩾≧", ">="),
    **dict.fromkeys("≤⩽≦", "<="),
    **dict.fromkeys(_INVISIBLE, ""),
    "…": "...",
    "×": "x",
    "✕": "x",
    "÷": "/",
    "⁄": "/",
    "∕": "/",
    "±": "+/-",
    "≈": "~",
    "→": "->",
    "←": "<-",
    "∆": "Δ",
    "\u2126": "Ω",
    "№": "No. ",
    "ﬁ": "fi",
    "ﬂ": "fl",
    "ﬀ": "ff",
    "ﬃ": "ffi",
    "ﬄ": "ffl",
}
_PLAIN_TABLE: Final = str.maketrans(_PLAIN)
_LETTERS: Final[dict[str, str]] = {"œ": "oe", "æ": "ae", "ø": "o", "ç": "c"}

_FRACTIONS: Final[dict[str, str]] = {
    "½": "1/2",
    "⅓": "1/3",
    "⅔": "2/3",
    "¼": "1/4",
    "¾": "3/4",
    "⅕": "1/5",
    "⅖": "2/5",
    "⅗": "3/5",
    "⅘": "4/5",
    "⅙": "1/6",
    "⅚": "5/6",
    "⅐": "1/7",
    "⅛": "1/8",
    "⅜": "3/8",
    "⅝": "5/8",
    "⅞": "7/8",
    "⅑": "1/9",
    "⅒": "1/10",
}
_SUPERSCRIPTS: Final = dict(zip("⁰¹²³⁴⁵⁶⁷⁸⁹⁺⁻", "0123456789+-", strict=True))
_SUBSCRIPTS: Final = dict(zip("₀₁₂₃₄₅₆₇₈₉", "0123456789", strict=True))

_SPACE: Final = r"[ \u00a0\u2000-\u200a\u202f]"
_FRACTION: Final = re.compile(f"[{''.join(_FRACTIONS)}]")
_SUPERSCRIPT: Final = re.compile(f"[{''.join(_SUPERSCRIPTS)}]+")
_SUBSCRIPT: Final = re.compile(f"[{''.join(_SUBSCRIPTS)}]+")
_MICRO: Final = re.compile("[µμ](?=[A-Za-z])(g)?")
_CELSIUS: Final = re.compile(rf"(?<=\d){_SPACE}?[°º]{_SPACE}?C(?![^\W_])")
_DEGREES: Final = re.compile(rf"(?<=\d\d){_SPACE}?°(?![^\W_])")
_FAHRENHEIT: Final = re.compile(rf"(?<=\d){_SPACE}?[°º]{_SPACE}?F(?![^\W_])")
_NUMERO: Final = re.compile(rf"\b([Nn])[°º]{_SPACE}?(?=\d)")
_FRENCH_QUOTES: Final = re.compile(rf"«{_SPACE}*|{_SPACE}*»")
_EM_DASH: Final = re.compile(r"(?<=[^\W\d_])[—―](?=[^\W\d_])")
# A dot or bullet between digits may be a decimal point or a product, and something invisible may
# be all that keeps two numbers apart: only a person can tell.
_UNREADABLE: Final = re.compile(rf"\d(?:[·•∙●‧⋅]|[{_INVISIBLE}]+)\d")


def to_gsm7(text: str, language: str) -> str:
    """`text` in GSM-7 when that costs fewer segments, else `text` itself, unchanged.

    `language` is an ISO 639-1 code ("fr", "fr-CD"); letters lose an accent that GSM-7 lacks only
    in en, fr, rw and sw. Numbers stay the numbers they were ("1½" becomes "1 1/2", "10⁹" "10^9",
    "µg" "mcg"). Idempotent; never more segments.
    """
    if is_gsm7(text):
        return text
    plain = _plain(unicodedata.normalize("NFC", text), language)
    if plain is None or not is_gsm7(plain) or count(plain).segments >= count(text).segments:
        return text
    return plain


def _plain(text: str, language: str) -> str | None:
    """`text` with typography spelled out, or None where a number could be misread."""
    if _UNREADABLE.search(text) or not _fractions_are_clear(text) or not _marks_are_clear(text):
        return None
    text = _FRACTION.sub(_spelled_fraction, text)
    text = _SUPERSCRIPT.sub(lambda m: "^" + "".join(map(_SUPERSCRIPTS.__getitem__, m[0])), text)
    text = _SUBSCRIPT.sub(lambda m: "".join(map(_SUBSCRIPTS.__getitem__, m[0])), text)
    text = _CELSIUS.sub(" C", text)
    text = _FAHRENHEIT.sub(" deg F", text)
    text = _DEGREES.sub(" deg", text)
    text = _NUMERO.sub(r"\1o. ", text)
    text = _MICRO.sub(lambda m: "mcg" if m[1] else "micro", text)
    text = _FRENCH_QUOTES.sub('"', text)
    text = _EM_DASH.sub(" - ", text).replace("—", "-").replace("―", "-")
    text = text.replace("·", "*").translate(_PLAIN_TABLE)
    return _without_foreign_accents(text) if language[:2].lower() in _FOLDED_LANGUAGES else text


def _spelled_fraction(match: re.Match[str]) -> str:
    touches_number = match.string[: match.start()][-1:].isdigit()
    return (" " if touches_number else "") + _FRACTIONS[match[0]]


def _fractions_are_clear(text: str) -> bool:
    """Whether each fraction sign can be written out without running into another number."""
    for match in _FRACTION.finditer(text):
        before, after = text[: match.start()], text[match.end() :]
        if re.search(r"[^\s(\[\w≥≤<>=~≈+×x*:;\"'«“]$", before) or re.search(r"[.,]$", before):
            return False
        if re.search(r"[^\W\d_]$", before) and not re.search(r"[x×]$", before):
            return False
        if after and (after[0].isnumeric() or after[0] in "⁄/∕÷·^_" or after[0] in _SUPERSCRIPTS):
            return False
    return True


def _marks_are_clear(text: str) -> bool:
    """Whether each raised or lowered digit follows a sign and no number follows on it."""
    for match in (*_SUPERSCRIPT.finditer(text), *_SUBSCRIPT.finditer(text)):
        before, after = text[: match.start()][-1:], text[match.end() :][:2]
        lowered = match[0][0] in _SUBSCRIPTS
        if not (before.isalpha() or (before.isdigit() and not lowered)):
            return False
        if after[:1].isnumeric() or (after[:1] in {".", ","} and after[1:].isnumeric()):
            return False
    return True


def _without_foreign_accents(text: str) -> str:
    return "".join(c if is_gsm7(c) else _letter(c, text[i + 1 :][:1]) for i, c in enumerate(text))


def _letter(character: str, following: str) -> str:
    lower = character.lower()
    if lower in _LETTERS:
        plain = _LETTERS[lower]
        if character == lower:
            return plain
        return plain.capitalize() if following.islower() else plain.upper()
    base = "".join(
        c for c in unicodedata.normalize("NFD", character) if not unicodedata.combining(c)
    )
    return base if base.isascii() and base.isalpha() else character
