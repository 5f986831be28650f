"""Whether somebody at a number that was silent for long is who we know: plain rules.

They are asked for their name and facility in words. Nobody is asked for a secret that would have to
be kept; that both fit is what a stranger with a second-hand number does not know.
"""

from __future__ import annotations

from enum import Enum
from typing import Final

from rapidfuzz import fuzz

from bot.text.fold import fold

# Of 100; one or two slips of the finger in a word of usual length.
CLOSE: Final = 82
# Said of every facility, so it tells none apart.
_COMMON_TEXT: Final = """
hospital hopital health centre center poste post centre sante clinic clinique district hc hp cs dh
the at from in of de du la le a au i am im je suis my name is mon nom nurse midwife doctor sister mr
mrs ms dr work works travaille and et
"""
_COMMON: Final = frozenset(_COMMON_TEXT.split())
_SHORTEST: Final = 3
# More words than a name and a facility have: a question, and left to the library.
MOST_WORDS: Final = 14


class Reads(Enum):
    """How a text reads as an answer to "who are you"."""

    FITS = "fits"
    NO = "no"
    OTHER = "other"  # no answer to it at all


def reads(text: str, name: str, facility: str) -> Reads:
    """Whether a text names this person and this facility.

    One word of the name and one word of the facility that tells it apart must be there, each
    perhaps misspelt. What is not known of the person cannot be asked for; where neither is known,
    nothing fits.
    """
    said = [word for word in fold(text).split() if word not in _COMMON]
    of_name, of_facility = _telling(name), _telling(facility)
    if "?" in text or len(fold(text).split()) > MOST_WORDS:
        return Reads.OTHER
    if not said or not (of_name or of_facility):
        return Reads.NO
    fits = all(_is_said(words, said) for words in (of_name, of_facility) if words)
    return Reads.FITS if fits else Reads.NO


def _telling(words: str) -> list[str]:
    found = [word for word in fold(words).split() if len(word) >= _SHORTEST]
    return [word for word in found if word not in _COMMON]


def _is_said(words: list[str], said: list[str]) -> bool:
    return any(fuzz.ratio(word, one) >= CLOSE for word in words for one in said)
