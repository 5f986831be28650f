"""What differs between two texts, word by word. Plain functions."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from difflib import SequenceMatcher
from typing import Final, Literal

Kind = Literal["same", "gone", "new"]
_TOKENS: Final = re.compile(r"\s+|\S+")


@dataclass(frozen=True, slots=True)
class Piece:
    """A run of words that stayed, went, or came."""

    kind: Kind
    text: str


def words(before: str, after: str) -> tuple[Piece, ...]:
    """The pieces in reading order; what went stands before what came in its place.

    The pieces that stayed and those that went are ``before`` word for word; those that stayed and
    those that came are ``after``.
    """
    old, new = _TOKENS.findall(before), _TOKENS.findall(after)
    steps = SequenceMatcher(None, old, new, autojunk=False).get_opcodes()
    runs = [(tag == "equal", "".join(old[a:b]), "".join(new[c:d])) for tag, a, b, c, d in steps]
    pieces: list[Piece] = []
    for same, gone, came in _without_gaps(runs):
        if same:
            pieces.append(Piece("same", gone))
            continue
        pieces += [Piece("gone", gone)] if gone else []
        pieces += [Piece("new", came)] if came else []
    return tuple(pieces)


def _without_gaps(runs: Sequence[tuple[bool, str, str]]) -> list[tuple[bool, str, str]]:
    """Changes that only a space keeps apart are read as one."""
    joined: list[tuple[bool, str, str]] = []
    for place, (same, gone, came) in enumerate(runs):
        between = same and not gone.strip() and 0 < place < len(runs) - 1
        if joined and not joined[-1][0] and (between or not same):
            joined[-1] = (False, joined[-1][1] + gone, joined[-1][2] + came)
        else:
            joined.append((same, gone, came))
    return joined


def entries(before: Sequence[str], after: Sequence[str]) -> tuple[Piece, ...]:
    """Which entries of a list went and which came; those that stayed are left out."""
    return (
        *(Piece("gone", one) for one in before if one not in after),
        *(Piece("new", one) for one in after if one not in before),
    )
