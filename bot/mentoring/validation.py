"""When somebody is validated: a plain function of what was recorded, never a thing typed in.

Practice: a mentee is validated in a competency when the assessment after mentoring reaches at
least 85 % **and** a mentor has seen the technique properly performed and signed for it (R6).
Repeating until the level is reached is meant (R8), so

- of knowledge, any post-test that reached 85 % counts: the best one. A pre-test never does, however
  good: it says what somebody knew before. Neither does a self-assessment;
- of skill, any observation passed and signed by a mentor counts;
- whoever has reached both once stays validated, from the day on which the second was reached. What
  comes after, better or worse, is kept and shown, and changes neither.

A post-test of a whole technical area counts for each of its competencies.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from fractions import Fraction
from typing import Final, Literal

from bot.mentoring.competencies import Competency, Level

KNOWLEDGE: Final = Fraction(85, 100)
"""17 of 20."""

Kind = Literal["pre", "post", "self", "skill"]
Status = Literal["validated", "skill missing", "knowledge missing", "not yet", "not assessed"]


@dataclass(frozen=True, slots=True)
class Record:
    """What was found of somebody at a moment (aware). The rows of ``assessment`` have this shape.

    ``competency`` is None where a test was about the whole area. ``mentor``: who signed, an id.
    """

    area: str
    competency: str | None
    kind: Kind
    at: datetime
    score: Fraction | None = None
    out_of: Fraction | None = None
    passed: bool | None = None
    mentor: int | None = None


@dataclass(frozen=True, slots=True)
class Standing:
    """One mentee and one competency: when each part was first reached, and how often tried."""

    knowledge_at: datetime | None
    skill_at: datetime | None
    post_tests: int
    observations: int
    best: Fraction | None
    mentor: int | None

    @property
    def validated_at(self) -> datetime | None:
        """When the second of the two parts was reached; None: not validated."""
        if self.knowledge_at is None or self.skill_at is None:
            return None
        return max(self.knowledge_at, self.skill_at)

    @property
    def status(self) -> Status:
        """In words."""
        if self.validated_at is not None:
            return "validated"
        if self.knowledge_at is not None:
            return "skill missing"
        if self.skill_at is not None:
            return "knowledge missing"
        return "not yet" if self.post_tests or self.observations else "not assessed"


def reaches(score: Fraction, out_of: Fraction) -> bool:
    """Whether a score is at least 85 %. Exact: nothing is rounded."""
    return out_of > 0 and score >= KNOWLEDGE * out_of


def skill_passed(competency: Competency, done: Iterable[str]) -> tuple[bool, tuple[str, ...]]:
    """Whether an observed skill is passed, and the critical steps that were not done.

    Steps that are not critical are for the feedback; one critical step not done fails the skill.

    Args:
        done: ids of the steps that were done.
    """
    seen = set(done)
    failed = tuple(s.id for s in competency.checklist if s.critical and s.id not in seen)
    return not failed, failed


def standing(records: Iterable[Record], area: str, competency: str) -> Standing:
    """How one mentee stands in one competency, from all their records, in any order."""
    ours = [one for one in records if one.area == area]
    posts = [
        one
        for one in ours
        if one.kind == "post"
        and one.competency in (None, competency)
        and one.score is not None
        and one.out_of
    ]
    skills = [
        one
        for one in ours
        if one.kind == "skill" and one.competency == competency and one.mentor is not None
    ]
    shares = [one.score / one.out_of for one in posts if one.score is not None and one.out_of]
    known = [one.at for one in posts if one.score is not None and one.out_of
             and reaches(one.score, one.out_of)]  # fmt: skip
    signed = sorted((one.at, one.mentor or 0) for one in skills if one.passed)
    return Standing(
        knowledge_at=min(known, default=None),
        skill_at=signed[0][0] if signed else None,
        post_tests=len(posts),
        observations=len(skills),
        best=max(shares, default=None),
        mentor=signed[0][1] if signed else None,
    )


def fully(standings: Mapping[str, Standing], required: Mapping[str, Level]) -> bool:
    """Whether everything that a cadre must reach is reached.

    ``perform`` wants the competency validated, ``know`` its knowledge. Nothing required: False,
    for nobody is fully validated in nothing.
    """
    if not required:
        return False
    for name, level in required.items():
        found = standings.get(name)
        if found is None:
            return False
        if (found.validated_at if level == "perform" else found.knowledge_at) is None:
            return False
    return True
