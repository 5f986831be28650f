"""What was changed in a text, word by word. Plain functions."""

from __future__ import annotations

import re
from difflib import SequenceMatcher
from typing import Final, Literal

Kind = Literal["same", "gone", "new"]
Part = tuple[Kind, str]

_WORDS: Final = re.compile(r"\s+|[^\s\w]|\w+")


def between(before: str, after: str) -> list[Part]:
    """The parts of two texts in order: in both, only in the first, only in the second.

    What is the same and what is gone make up ``before``; what is the same and what is new,
    ``after``.
    """
    old, new = _WORDS.findall(before), _WORDS.findall(after)
    found: list[Part] = []
    matcher = SequenceMatcher(None, old, new, autojunk=False)
    for what, old_from, old_to, new_from, new_to in matcher.get_opcodes():
        gone, fresh = "".join(old[old_from:old_to]), "".join(new[new_from:new_to])
        if what == "equal":
            found.append(("same", gone))
            continue
        found += [part for part in (("gone", gone), ("new", fresh)) if part[1]]  # type: ignore[misc]
    return found
