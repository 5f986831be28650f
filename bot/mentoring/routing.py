"""Which mentor a case goes to. A plain function that also says why."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass


@dataclass(frozen=True)
class Candidate:
    """A mentor as routing sees one."""

    id: int
    topics: frozenset[str]
    languages: frozenset[str]
    district: str
    open_cases: int
    reachable: bool
    away: bool


@dataclass(frozen=True)
class Wanted:
    """What a case asks for. ``tried`` have had it already."""

    own_mentor: int | None
    topic: str | None
    language: str
    district: str
    mentee: int
    tried: frozenset[int] = frozenset()


@dataclass(frozen=True)
class Choice:
    """The mentor and the reason, for the case's record."""

    mentor: int
    reason: str


def choose(wanted: Wanted, candidates: Iterable[Candidate]) -> Choice | None:
    """The paired mentor, else one of the topic, else any; the least loaded of equals.

    Nobody away, unreachable or already tried is chosen, and nobody is asked their own case.

    Returns:
        ``None`` when nobody can take it.
    """
    usable = [
        candidate
        for candidate in candidates
        if candidate.reachable
        and not candidate.away
        and candidate.id not in wanted.tried
        and candidate.id != wanted.mentee
    ]
    for candidate in usable:
        if candidate.id == wanted.own_mentor:
            return Choice(candidate.id, "own mentor")

    def rank(candidate: Candidate) -> tuple[bool, bool, bool, int, int]:
        return (
            wanted.topic not in candidate.topics,
            wanted.language not in candidate.languages,
            candidate.district != wanted.district,
            candidate.open_cases,
            candidate.id,
        )

    if not usable:
        return None
    best = min(usable, key=rank)
    if wanted.topic is not None and wanted.topic in best.topics:
        return Choice(best.id, f"mentor of the topic {wanted.topic}")
    return Choice(best.id, "any mentor on duty")
