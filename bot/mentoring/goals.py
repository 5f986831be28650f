"""A mentee's goal: proposed, active, reached or dropped. Everything under the person's lock.

A mentee has at most one goal that is proposed and one that is active; a new one takes the place of
the old one, which stays in the record as dropped.
"""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from bot.mentoring.competencies import Catalogue
from bot.text.redact import redact
from store.people import Person
from store.plans import Goal


def propose(
    session: Session, *, mentee: Person, competency: str, source: str, key: str, now: datetime
) -> Goal:
    """Propose a competency as the next goal, in place of what was proposed before.

    Args:
        competency: an id of the catalogue.
        key: proposed once per key.
        now: aware.

    Returns:
        The goal with this key; the active one where that is about the same competency already.
    """
    known = _of_key(session, key)
    if known is not None:
        return known
    present = active(session, mentee.id)
    if present is not None and present.competency == competency:
        return present
    waiting = proposed(session, mentee.id)
    if waiting is not None:
        if waiting.competency == competency:
            return waiting
        drop(session, waiting, now)
    return _add(
        session,
        Goal(
            person_id=mentee.id,
            competency=competency,
            words="",
            state="proposed",
            source=source,
            key=key,
            proposed_at=now,
        ),
    )


def accept(session: Session, goal: Goal, now: datetime) -> Goal:
    """The mentee says yes to a proposal; the active goal makes room for it."""
    if goal.state != "proposed":
        return goal
    present = active(session, goal.person_id)
    if present is not None:
        drop(session, present, now)
    goal.state, goal.begun_at = "active", now
    session.flush()
    return goal


def replace(
    session: Session,
    *,
    mentee: Person,
    source: str,
    key: str,
    now: datetime,
    competency: str | None = None,
    words: str = "",
) -> Goal:
    """A goal of the mentee's own choice, in place of the active and the proposed one.

    Args:
        competency: an id of the catalogue, or None for the mentee's own ``words``. Identifiers
            are taken out of these.
    """
    known = _of_key(session, key)
    if known is not None:
        return known
    for old in (active(session, mentee.id), proposed(session, mentee.id)):
        if old is not None:
            drop(session, old, now)
    return _add(
        session,
        Goal(
            person_id=mentee.id,
            competency=competency,
            words="" if competency else redact(words).text,
            state="active",
            source=source,
            key=key,
            proposed_at=now,
            begun_at=now,
        ),
    )


def reach(session: Session, goal: Goal, now: datetime) -> bool:
    """The goal is reached.

    Returns:
        Whether it was active until now.
    """
    return _end(session, goal, "reached", now, of=("active",))


def drop(session: Session, goal: Goal, now: datetime) -> bool:
    """The goal is given up, declined or replaced.

    Returns:
        Whether it was proposed or active until now.
    """
    return _end(session, goal, "dropped", now, of=("proposed", "active"))


def active(session: Session, person_id: int) -> Goal | None:
    """The goal that a mentee works towards."""
    return _live(session, person_id, "active")


def proposed(session: Session, person_id: int) -> Goal | None:
    """The goal that waits for a mentee's yes."""
    return _live(session, person_id, "proposed")


def title(goal: Goal, catalogue: Catalogue, language: str) -> str:
    """What a goal is about, in words."""
    return catalogue.title(goal.competency, language) if goal.competency else goal.words


def _live(session: Session, person_id: int, state: str) -> Goal | None:
    return session.scalar(select(Goal).where(Goal.person_id == person_id, Goal.state == state))


def _of_key(session: Session, key: str) -> Goal | None:
    return session.scalar(select(Goal).where(Goal.key == key))


def _add(session: Session, goal: Goal) -> Goal:
    session.add(goal)
    session.flush()
    return goal


def _end(session: Session, goal: Goal, state: str, now: datetime, *, of: tuple[str, ...]) -> bool:
    if goal.state not in of:
        return False
    goal.state, goal.ended_at = state, now
    session.flush()
    return True
