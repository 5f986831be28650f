"""What somebody means to do and has not done yet, in the order of its time."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from heapq import heapify, heappop, heappush
from typing import Any, Literal

from simulator.cohort_types import Act

# "walk": the next answer of a walk; "test", "visit": the word that begins the next one.
Purpose = Literal["answer", "word", "stop", "start", "walk", "test", "visit"]


@dataclass(frozen=True, slots=True)
class Planned:
    """An act with what it is for. `about`: the item or case that it answers, else ""."""

    act: Act
    number: int
    purpose: Purpose
    about: str = ""

    def __lt__(self, other: Planned) -> bool:
        return (self.act.at, self.number) < (other.act.at, other.number)


@dataclass(slots=True)
class Agenda:
    """A heap of planned acts. `number` counts them, so that equal times keep their order."""

    heap: list[Planned] = field(default_factory=list)
    number: int = 0

    def add(self, act: Act, purpose: Purpose = "word", about: str = "") -> None:
        """Plan an act."""
        self.number += 1
        heappush(self.heap, Planned(act, self.number, purpose, about))

    def since(self, number: int) -> list[Act]:
        """The acts planned after the count stood at `number`, in the order of their time."""
        return [planned.act for planned in sorted(self.heap) if planned.number > number]

    def find(self, purpose: Purpose, about: str) -> Planned | None:
        """The act planned for this, if there is one."""
        return next((p for p in self.heap if (p.purpose, p.about) == (purpose, about)), None)

    def has(self, purpose: Purpose) -> bool:
        """Whether something is planned for this."""
        return any(planned.purpose == purpose for planned in self.heap)

    def drop(self, *purposes: Purpose, about: str | None = None) -> None:
        """Give up what was planned for these purposes, only `about` something if that is given."""
        self.heap = [
            planned
            for planned in self.heap
            if planned.purpose not in purposes or about not in (None, planned.about)
        ]
        heapify(self.heap)

    def pop(self, now: datetime) -> Planned | None:
        """The next act whose time has come, taken out of the plan."""
        return heappop(self.heap) if self.heap and self.heap[0].act.at <= now else None

    @property
    def next_at(self) -> datetime | None:
        """When the next act is due."""
        return self.heap[0].act.at if self.heap else None

    def to_json(self) -> dict[str, Any]:
        """Plain values."""
        return {
            "number": self.number,
            "heap": [
                {
                    "act": planned.act.to_json(),
                    "number": planned.number,
                    "purpose": planned.purpose,
                    "about": planned.about,
                }
                for planned in sorted(self.heap)
            ],
        }

    @classmethod
    def from_json(cls, plain: Mapping[str, Any]) -> Agenda:
        """What `to_json` wrote."""
        heap = [Planned(**{**one, "act": Act.from_json(one["act"])}) for one in plain["heap"]]
        return cls(heap, plain["number"])
