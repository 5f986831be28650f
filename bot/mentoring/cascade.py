"""Who mentors whom, level by level, and whether one mentor has too many places. Plain rules.

A hospital's mentor looks after at most two health centres, a health centre's after one health post
(the cascade of the programmes in Rwanda). Mentees at the mentor's own facility do not count.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final, Literal

from bot.text.fold import fold

Level = Literal["hospital", "health centre", "health post", "community"]
ORDER: Final[tuple[Level, ...]] = ("hospital", "health centre", "health post", "community")
# A mentor at a level: how many facilities of the next one.
MOST: Final[Mapping[Level, int]] = {"hospital": 2, "health centre": 1}
_SIGNS: Final[tuple[tuple[str, Level], ...]] = (
    ("post", "health post"),
    ("poste", "health post"),
    ("hospital", "hospital"),
    ("hopital", "hospital"),
    ("health center", "health centre"),
    ("health centre", "health centre"),
    ("centre de sante", "health centre"),
    ("centre medicalise", "hospital"),
    ("medicalised", "hospital"),
    ("village", "community"),
    ("community", "community"),
    ("chw", "community"),
)
_SHORT: Final[Mapping[str, Level]] = {
    "dh": "hospital", "hc": "health centre", "cs": "health centre", "hp": "health post",
}  # fmt: skip


@dataclass(frozen=True)
class Place:
    """A facility as the rule sees it."""

    id: int
    name: str
    level: Level | None


@dataclass(frozen=True)
class Mentor:
    """``mentees``: how many at each place."""

    name: str
    place: Place | None
    mentees: Mapping[Place, int]


def level(written: str | None, name: str = "") -> Level | None:
    """The level that a list's own word means ("district hospital", "HC"), else the name's."""
    for words in filter(None, (fold(written or ""), fold(name))):
        if words in ORDER:
            return words
        for sign, found in _SIGNS:
            if f" {sign} " in f" {words} ":
                return found
        last = words.split()[-1]
        if last in _SHORT:
            return _SHORT[last]
    return None


def outside(mentor: Mentor) -> list[Place]:
    """The places of a mentor's mentees, other than the mentor's own, in order of names."""
    own = mentor.place.id if mentor.place else None
    return sorted((one for one in mentor.mentees if one.id != own), key=lambda one: one.name)


def check(mentor: Mentor) -> list[str]:
    """What is not as the cascade has it, in plain sentences; nothing where the level is unknown."""
    here = mentor.place.level if mentor.place else None
    if here is None:
        return []
    found: list[str] = []
    others = outside(mentor)
    if here in MOST:
        below = ORDER[ORDER.index(here) + 1]
        places = [one for one in others if one.level == below]
        most = MOST[here]
        if len(places) > most:
            number = {1: "one", 2: "two"}[most]
            found.append(
                f"{mentor.name} ({here}) has mentees at {len(places)} {below}s:"
                f" {_named(places)}. The cascade has at most {number}."
            )
    above = [one for one in others if one.level and ORDER.index(one.level) < ORDER.index(here)]
    if above:
        found.append(
            f"{mentor.name} ({here}) has mentees above their own level: {_named(above)}."
            " The cascade goes down."
        )
    return found


def _named(places: Iterable[Place]) -> str:
    return ", ".join(one.name for one in places)


def tree(mentors: Sequence[Mentor]) -> list[str]:
    """The cascade as lines: each level's mentors, and beneath each the places of their mentees."""
    lines: list[str] = []
    for at in (*ORDER, None):
        here = [m for m in mentors if (m.place.level if m.place else None) == at]
        if not here:
            continue
        lines.append(f"{(at or 'level not known').capitalize()}: {len(here)} mentors")
        for mentor in sorted(here, key=lambda one: one.name):
            place = f" at {mentor.place.name}" if mentor.place else ""
            lines.append(f"  {mentor.name}{place}: {sum(mentor.mentees.values())} mentees")
            for one in sorted(mentor.mentees, key=lambda one: one.name):
                kind = f" ({one.level})" if one.level else ""
                lines.append(f"    {one.name}{kind}: {mentor.mentees[one]}")
    return lines
