"""What passes between simulated people and whoever moves their clock. Plain values.

Times are aware UTC.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from random import Random
from typing import Any, Literal, Protocol

Kind = Literal["text", "press", "pick", "quote"]
Network = Literal["off", "no_network"]
# From when to when a phone cannot be reached, and why: switched off, or without network.
Spell = tuple[datetime, datetime, Network]


@dataclass(frozen=True, slots=True)
class Known:
    """A quiz item as the simulated world knows it.

    `right` is the place of the right option, from 0; `options` are the words as they were sent.
    The `twin` tests the same fact in other words.
    """

    item: str
    competency: str
    right: int
    options: tuple[str, ...]
    twin: str | None = None

    @property
    def fact(self) -> str:
        """One name for an item and its twin."""
        return self.item if self.twin is None else min(self.item, self.twin)

    def to_json(self) -> dict[str, Any]:
        """Plain values."""
        return {
            "item": self.item,
            "competency": self.competency,
            "right": self.right,
            "options": list(self.options),
            "twin": self.twin,
        }

    @classmethod
    def from_json(cls, plain: Mapping[str, Any]) -> Known:
        """What `to_json` wrote."""
        return cls(**{**plain, "options": tuple(plain["options"])})


class Oracle(Protocol):
    """Tells what a message asks; whoever runs the simulation has one."""

    def lookup(self, text: str) -> Known | None:
        """The item whose question stands in `text`, None for any other message."""
        ...


@dataclass(frozen=True, slots=True)
class Seen:
    """A message as a phone shows it.

    `buttons` are `{id, title}`, `rows` are the rows `{id, item, ...}` of a list, as the emulator
    keeps them. `known`: the item, if the message asks one, its reminder included.
    """

    text: str
    at: datetime
    channel: str
    sid: str
    buttons: Sequence[Mapping[str, str]] = ()
    rows: Sequence[Mapping[str, str]] = ()
    known: Known | None = None


@dataclass(frozen=True, slots=True)
class Act:
    """What somebody does with a phone, and when.

    `said`: the words of a "text" or "quote", the id of the button of a "press" or of the row of a
    "pick". `sid`: the message that is pressed or quoted; for a "text", the one that led to it.
    """

    at: datetime
    kind: Kind
    said: str
    sid: str

    def to_json(self) -> dict[str, str]:
        """Plain values; the time in ISO 8601."""
        return {
            "at": self.at.isoformat(),
            "kind": self.kind,
            "said": self.said,
            "sid": self.sid,
        }

    @classmethod
    def from_json(cls, plain: Mapping[str, Any]) -> Act:
        """What `to_json` wrote."""
        return cls(**{**plain, "at": datetime.fromisoformat(plain["at"])})


def stream(*names: str) -> Random:
    """A source of chances that is the same for the same names, in every process."""
    return Random(":".join(names))  # noqa: S311  nothing secret is drawn here


def in_utc(moment: datetime) -> datetime:
    """`moment` in UTC.

    Raises:
        ValueError: it is naive.
    """
    if moment.utcoffset() is None:
        raise ValueError("times of simulated people must be aware")
    return moment.astimezone(UTC)
