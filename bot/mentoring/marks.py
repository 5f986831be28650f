"""How a mentor marks the steps of a checklist all at once: "all ok", "all but 4 7", "4=1"."""

from __future__ import annotations

import re
from typing import Final, Literal, get_args

from bot.text.fold import fold

Mark = Literal["done", "not_yet", "not_seen"]
MARKS: Final[tuple[Mark, ...]] = get_args(Mark)
"""In the order of their numbers: 1, 2, 3."""

_ALL_TEXT: Final = """
all|all ok|all okay|all good|all well|all done|all done well|everything ok|all yes
tout|tout ok|tout bien|tout est bien|tous ok|toutes ok|tout fait|tout bien fait
byose|byose ni byiza|zote|zote sawa|yote sawa
"""
_ALL: Final = frozenset(_ALL_TEXT.strip().replace("\n", "|").split("|"))
_BUT: Final = re.compile(
    r"(?:all|everything|tout|tous|toutes|byose|zote|yote)(?: (?:ok|okay|good|well|bien|sawa))?"
    r" (?:but|except|without|sauf|excepte|uretse|isipokuwa)"
    r"(?: (?:steps?|numbers?|no|n|etapes?|les?|the))*"
    r" (?P<numbers>\d{1,2}(?: (?:and |et )?\d{1,2})*)"
)
_PAIR: Final = re.compile(r"(\d{1,2})\s*[=:]\s*([1-3])")
_PAIRS: Final = re.compile(rf"\s*{_PAIR.pattern}(?:[\s,;]+{_PAIR.pattern})*\s*")


def read(text: str, steps: int) -> dict[int, Mark] | None:
    """The marks that a whole message gives, by the number of the step from 1.

    None: it gives none, or names a step that the checklist does not have.
    """
    if _PAIRS.fullmatch(text):
        pairs = {int(step): MARKS[int(mark) - 1] for step, mark in _PAIR.findall(text)}
        return pairs if all(1 <= step <= steps for step in pairs) else None
    said = fold(text)
    if said in _ALL:
        return dict.fromkeys(range(1, steps + 1), "done")
    found = _BUT.fullmatch(said)
    if found is None:
        return None
    missed = {int(number) for number in re.findall(r"\d+", found["numbers"])}
    if not all(1 <= number <= steps for number in missed):
        return None
    return {step: "not_yet" if step in missed else "done" for step in range(1, steps + 1)}


def looks_like(text: str) -> bool:
    """Whether a message is meant to mark steps, whatever the checklist."""
    return read(text, 99) is not None
