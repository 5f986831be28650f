"""What follows PLAN and GOAL: "done 2", "change", or a goal in the mentee's own words."""

from __future__ import annotations

import re
from typing import Final, Literal

GoalAsk = Literal["done", "change", "drop", "mentor", "later", "words"]

_DONE_TEXT: Final = """
done finished reached achieved complete completed fait faite fini finie termine terminee atteint
reussi byarangiye birangiye nabigezeho imekwisha tayari nimefikia
"""
_DROP_TEXT: Final = """
drop remove delete forget supprimer retirer enlever abandonner siba futa
"""
_CHANGE_TEXT: Final = """
change new another other choose changer nouveau autre choisir hindura badili
"""
# What "goal of …" or "goal is …" goes on with is a question or a remark, not a goal.
_NO_GOAL_TEXT: Final = """
of for in during is are was when what how why which who directed
de du des d pour en pendant est sont quand quel quelle comment pourquoi ya wa cya
"""
_DONE: Final = frozenset(_DONE_TEXT.split())
_DROP: Final = frozenset(_DROP_TEXT.split())
_CHANGE: Final = frozenset(_CHANGE_TEXT.split())
_NO_GOAL: Final = frozenset(_NO_GOAL_TEXT.split())
_ITEM: Final = re.compile(r"(?:(?P<word>[a-z]+) )?(?:n |no |item |point )?(?P<number>\d{1,3})")
_ITEM_AFTER: Final = re.compile(r"(?P<number>\d{1,3}) (?P<word>[a-z]+)")
# To the invitation to mentor others; buttons say the English ones.
_ANSWERS: Final[dict[str, GoalAsk]] = {
    "mentor": "mentor",
    "later": "later",
    "plus tard": "later",
}
_FEWEST_LETTERS: Final = 6
_MOST_WORDS: Final = 25


def plan(rest: str) -> str | None:
    """``done 2`` or ``drop 2``, and ``done`` alone, of what follows PLAN, folded.

    None: it is something else, so the message is no command. A number alone is none either:
    "plan 2" may be about anything.
    """
    if rest in _DONE:
        return "done"
    found = _ITEM.fullmatch(rest) or _ITEM_AFTER.fullmatch(rest)
    if found is None or found["word"] is None:
        return None
    if found["word"] in _DONE:
        return f"done {int(found['number'])}"
    return f"drop {int(found['number'])}" if found["word"] in _DROP else None


def goal(rest: str, text: str) -> GoalAsk | None:
    """What follows GOAL.

    Args:
        rest: folded.
        text: the whole message as typed; a question is no goal.
    """
    said = rest.split()
    if rest in _DONE:
        return "done"
    if rest in _CHANGE:
        return "change"
    if rest in _DROP:
        return "drop"
    if rest in _ANSWERS:
        return _ANSWERS[rest]
    if "?" in text or not said or said[0] in _NO_GOAL or len(said) > _MOST_WORDS:
        return None
    return "words" if sum(map(str.isalpha, rest)) >= _FEWEST_LETTERS else None
