"""Reads a whole message that is a number, a yes or a no, in the four languages we speak."""

from __future__ import annotations

import re
import unicodedata

_YES = """
yes y yeah yea yep yess ya yup sure correct
oui ouais wi ui exact
yego yee ego
ndiyo ndio naam
"""
_NO = """
no n nope nah noo not none
non nan nop
oya
hapana siyo
"""
_POLITE = "please pls thanks thank you merci svp murakoze asante tafadhali"
_BEFORE_NUMBER = "option number numero no nr choice choix reponse answer nimero namba"
YES = frozenset(_YES.split())
NO = frozenset(_NO.split())
POLITE = frozenset(_POLITE.split())
BEFORE_NUMBER = frozenset(_BEFORE_NUMBER.split())
NUMBERS = {
    "one": "1", "two": "2", "three": "3", "four": "4",
    "first": "1", "second": "2", "third": "3",
    "un": "1", "deux": "2", "trois": "3", "quatre": "4",
    "rimwe": "1", "kabiri": "2", "gatatu": "3", "kane": "4",
    "moja": "1", "mbili": "2", "tatu": "3", "nne": "4",
}  # fmt: skip
THUMBS = {"\N{THUMBS UP SIGN}": "yes", "\N{THUMBS DOWN SIGN}": "no"}

_WORD = re.compile(r"[^\W_]+")
_LONGEST = 24  # characters; anything longer is a sentence


def read(text: str) -> str | None:
    """Return "1" to "9", "yes" or "no"; None when the message is anything else."""
    if len(text.strip()) > _LONGEST:
        return None
    thumbs = {THUMBS[sign] for sign in text if sign in THUMBS}
    flat = unicodedata.normalize("NFKD", text.casefold())
    words = [
        word
        for word in _WORD.findall("".join(c for c in flat if not unicodedata.combining(c)))
        if word not in POLITE
    ]
    if not words:
        return thumbs.pop() if len(thumbs) == 1 else None
    if len(words) == 2 and words[0] in BEFORE_NUMBER:
        words = words[1:]
        return _number(words[0])
    if len(words) != 1 or thumbs:
        return None
    word = words[0]
    return "yes" if word in YES else "no" if word in NO else _number(word)


def _number(word: str) -> str | None:
    if len(word) == 1 and word in "123456789":
        return word
    return NUMBERS.get(word)
