"""The order of a walk's steps, and what may be an answer to one. Plain rules.

A walk is a list of named steps and the answers so far; ``None`` as an answer says that a step was
left out. Which steps there are may depend on the answers, so it is computed anew each time.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final, Literal

from bot import words
from bot.mentoring import marks
from bot.text.fold import fold

Takes = Literal["choice", "letter", "text", "marks"]
"""What a step waits for: a number (or yes and no), a letter from A to D, any text, or a number or
the marks of a checklist (``bot.mentoring.marks``)."""

# A text that begins so is a question of its own, not what a step asks for.
_ASKING_TEXT: Final = """
how what when where which who why can could should may is are do does did if
comment quoi que quel quelle quels quelles quand combien pourquoi qui est peut puis dois doit faut
si gute iki ryari kuki je vipi nini lini
"""
_ASKING: Final = frozenset(_ASKING_TEXT.split())
_LETTER: Final = re.compile(r"\W*([a-d])\W*", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Asked:
    """The step that waits, as the conversation's order sees it.

    ``is_newest``: no message of a case has come since it was said. ``quiz_is_newer``: an open
    question of the quiz was asked after it; then a letter is the quiz's. ``also``: further whole
    texts that answer it, folded. ``is_understood``: the text is an answer, or several at once, by
    the kind's own reading.
    """

    takes: Takes
    is_newest: bool = True
    quiz_is_open: bool = False
    quiz_is_newer: bool = False
    also: frozenset[str] = frozenset()
    is_understood: bool = False


def next_step(steps: Sequence[str], answers: Mapping[str, Any]) -> str | None:
    """The first step that was neither answered nor left out; None: all are settled."""
    return next((step for step in steps if step not in answers), None)


def step_before(steps: Sequence[str], at: str | None) -> str | None:
    """The step before one, or None at the first. ``at`` None: the last one."""
    if at is None or at not in steps:
        return steps[-1] if steps else None
    place = list(steps).index(at)
    return steps[place - 1] if place else None


def reads(asked: Asked, text: str, *, pressed: bool) -> bool:
    """Whether a text, which is no command, is for the step: its answer, or an attempt at one.

    A question is not. A letter is the quiz's where one is open, unless letters are asked for and
    were asked for last.
    """
    if not text.strip():
        return False
    if pressed:
        return True
    if asked.is_understood and not (asked.takes == "letter" and asked.quiz_is_newer):
        return True
    if asked.takes == "text":
        return not is_question(text)
    if asked.takes == "marks" and marks.looks_like(text):
        return True
    if _LETTER.fullmatch(text):
        if asked.takes == "letter":
            return not asked.quiz_is_newer
        return not asked.quiz_is_open
    if fold(text) in asked.also or words.number(text) is not None:
        return True
    if words.affirmation(text) is not None or words.is_courtesy(text):
        return True
    return re.search(r"[^\W\d_]{2}", text) is None  # "??", "7 8"


def is_question(text: str) -> bool:
    """Whether a text asks something, so that it is not the words a step asked for."""
    said = fold(text).split()
    return "?" in text or (len(said) > 1 and said[0] in _ASKING)


def chosen(text: str, options: int, *, letters: bool = False) -> int | None:
    """The place, from 0, of the option that a text names by its number; None: none of them.

    With two options, yes is the first and no the second.

    Args:
        letters: the options have letters, which name them as well.
    """
    letter = _LETTER.fullmatch(text) if letters else None
    if letter is not None:
        place = "abcd".index(letter[1].lower())
        return place if place < options else None
    number = words.number(text)
    if number is not None:
        return number - 1 if 1 <= number <= options else None
    yes = words.clear_answer(text)
    if yes is not None and options == 2:
        return 0 if yes else 1
    return None
