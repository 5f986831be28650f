"""How people write an answer: a letter, a digit, the option's words, with thanks and with slips."""

from __future__ import annotations

from collections.abc import Sequence
from random import Random
from typing import Final

from simulator.cohort_traits import FORMS, Typing

LETTERS: Final = "ABCD"
# Most people keep to their own way, most of the time.
_FAITHFUL: Final = 0.85
_OPTION: Final = {"en": ("option {}", "Option {}", "answer {}"), "fr": ("option {}", "réponse {}")}
_MISTYPED_OPTION: Final = {"en": "opton {}", "fr": "opton {}"}
_THANKS: Final = {"en": ("{} thank you", "{}, thanks"), "fr": ("{} merci", "{}, merci")}
_DOUBTS: Final = {
    "en": ("{} or {}", "{}/{}", "is it {} or {}?"),
    "fr": ("{} ou {}", "{}/{}", "{} ou {} ?"),
}
_UNREADABLE: Final = {
    "en": ("hmm", "not sure", "I don't know this one", "later", "let me think", "ehh", "..", "Z"),
    "fr": ("hmm", "pas sûr", "je ne sais pas", "plus tard", "je réfléchis", "euh", "..", "Z"),
}
_LONGEST_COPIED: Final = 4  # words; of a longer option people write the beginning
_SHORTEST_SLIP: Final = 6  # letters of a word that is mistyped


def clean(place: int) -> str:
    """The letter of an option, which leaves no doubt."""
    return LETTERS[place]


def written(place: int, options: Sequence[str], typing: Typing, language: str, rng: Random) -> str:
    """What is typed by somebody who means the option at `place`, from 0.

    Now and then two options are named, or nothing that can be read.
    """
    where = language if language in _OPTION else "en"
    draw = rng.random()
    if draw < typing.unreadable:
        return rng.choice(_UNREADABLE[where])
    if draw < typing.unreadable + typing.doubts and len(options) > 1:
        other = rng.choice([other for other in range(len(options)) if other != place])
        pair = (clean(place), clean(other)) if rng.random() < 0.5 else (clean(other), clean(place))
        return _cased(rng.choice(_DOUBTS[where]).format(*pair), rng)
    form = typing.form if rng.random() < _FAITHFUL else rng.choice(FORMS)
    slips = rng.random() < typing.typos
    said = _formed(form, place, options, where, slips, rng)
    return rng.choice(_THANKS[where]).format(said) if rng.random() < typing.thanks else said


def _formed(
    form: str, place: int, options: Sequence[str], where: str, slips: bool, rng: Random
) -> str:
    letter = clean(place)
    if form == "words":
        said = _own_words(place, options)
        return _slip(said, rng) if slips else said
    if form == "option":
        said = _MISTYPED_OPTION[where] if slips else rng.choice(_OPTION[where])
        return said.format(letter.lower() if rng.random() < 0.5 else letter)
    dressed = {
        "letter": letter,
        "lower": letter.lower(),
        "digit": str(place + 1),
        "dot": f"{letter}.",
        "brackets": f"({letter.lower()})",
    }[form]
    # A finger that stays too long on a letter; a digit twice would be another number.
    return dressed.replace(letter, letter * 2) if slips and form in ("letter", "dot") else dressed


def _own_words(place: int, options: Sequence[str]) -> str:
    """The option in full if it is short, else as many of its words as tell it from the others."""
    words = options[place].lower().rstrip(".").split()
    if len(words) <= _LONGEST_COPIED:
        return " ".join(words)
    others = [option.lower() for index, option in enumerate(options) if index != place]
    for count in range(_LONGEST_COPIED, len(words)):
        begun = " ".join(words[:count])
        if not any(other.startswith(begun) for other in others):
            return begun.rstrip(",;:")
    return " ".join(words)


def _slip(text: str, rng: Random) -> str:
    """`text` with two neighbouring letters of its longest word exchanged."""
    longest = max(text.split(), key=len)
    if len(longest) < _SHORTEST_SLIP or not longest.isalpha():
        return text
    at = rng.randrange(3, len(longest) - 1)
    mistyped = longest[:at] + longest[at + 1] + longest[at] + longest[at + 2 :]
    return text.replace(longest, mistyped, 1)


def _cased(text: str, rng: Random) -> str:
    return text.lower() if rng.random() < 0.5 else text
