"""Which menu and which template a question of a quiz takes, and what fills it. Plain rules."""

from __future__ import annotations

from collections.abc import Sequence

FEWEST, MOST = 2, 4


def letters_menu(options: int) -> str:
    """The menu under a question with this many options.

    The body ends with a line for each option, its letter and a space in front.

    Raises:
        ValueError: not 2 to 4 options.
    """
    return f"letters{_checked(options)}"


def question_template(options: int) -> str:
    """The template of a question with this many options, outside the 24 h window.

    Raises:
        ValueError: not 2 to 4 options.
    """
    return f"quiz_{_checked(options)}"


def question_variables(stem: str, options: Sequence[str]) -> dict[str, str]:
    """What fills `question_template`: "1" is the stem, "2" option A, and so on.

    The template then holds the lines of the free-form question, word for word: the stem, and a
    line for each option with its letter and a space in front.

    Raises:
        ValueError: not 2 to 4 options.
    """
    _checked(len(options))
    return {str(number): text for number, text in enumerate((stem, *options), 1)}


def _checked(options: int) -> int:
    if not FEWEST <= options <= MOST:
        raise ValueError(f"a question has {FEWEST} to {MOST} options, not {options}")
    return options
