"""Group discussions: a mentor hosts, members say yes, replies go to all the others.

Every change happens under the row lock of the discussion (``locked``), taken after the writing
person's own and before nothing else that waits.
"""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import select, update
from sqlalchemy.orm import Session

from bot.mentoring import encounters, moderation, relaying
from bot.mentoring.relaying import OPEN, tell
from bot.settings import Settings
from bot.text.redact import redact
from store.cases import Case
from store.discussions import Discussion, DiscussionPost
from store.people import Person


def locked(session: Session, discussion_id: int) -> Discussion:
    """A discussion under its row lock, as it is now."""
    return session.get_one(Discussion, discussion_id, with_for_update=True, populate_existing=True)


def draft(
    session: Session, host: Person, pose: str, now: datetime, case: Case | None = None
) -> Discussion:
    """Something to discuss; nobody hears of it yet. An earlier draft is thrown away."""
    session.execute(
        update(Discussion)
        .where(Discussion.host_id == host.id, Discussion.state == "draft")
        .values(state="cancelled", ended_at=now)
    )
    discussion = Discussion(
        host_id=host.id,
        case_id=case.id if case else None,
        topic=case.topic if case else None,
        pose=redact(pose).text,
        state="draft",
        created_at=now,
    )
    session.add(discussion)
    session.flush()
    return discussion


def end(
    session: Session,
    discussion: Discussion,
    now: datetime,
    *,
    summary: str = "",
    settings: Settings | None = None,
) -> int:
    """Sum up, or end without; everybody who is still there hears it. Returns how many did.

    The record stays: a group encounter.
    """
    if discussion.state not in OPEN:
        return 0
    if settings is not None and discussion.state != "planned":
        for waiting in session.scalars(
            select(DiscussionPost).where(
                DiscussionPost.discussion_id == discussion.id, DiscussionPost.state == "asked"
            )
        ):
            waiting.state = "dropped"
        session.flush()
        relaying.flush(session, discussion, now, settings, closing=True)
    relaying.forget(session, discussion, "ended")
    discussion.summary = redact(summary).text.strip()
    say = "discussion_summary" if discussion.summary else "discussion_over"
    told = relaying.tell_all(
        session, discussion, say, label="over", now=now, summary=discussion.summary
    )
    discussion.state = "ended" if discussion.started_at is not None else "cancelled"
    discussion.ended_at = now
    session.flush()
    encounters.of_discussion(session, discussion, now)
    for member in relaying.members(session, discussion, "joined", "invited"):
        member.state = "done" if member.state == "joined" else "missed"
    relaying.look_next(session, discussion)
    return told


def look(session: Session, discussion: Discussion, now: datetime, settings: Settings) -> None:
    """Its time has come: begin, say what waited, tell the host that the hour is over, end."""
    by = moderation.of(session.info)
    if discussion.state == "planned" and discussion.starts_at and discussion.starts_at <= now:
        _begin(session, discussion, now)
    if discussion.state in ("live", "paused"):
        if relaying.after(discussion, by.ends_after, now):
            end(session, discussion, now, settings=settings)
            return
        if discussion.hour_over_at is None and relaying.after(discussion, by.hour, now):
            discussion.hour_over_at = now
            host = session.get_one(Person, discussion.host_id)
            tell(session, discussion, host, "discussion_hour_over", label="hour", now=now)
        relaying.flush(session, discussion, now, settings)
    relaying.look_next(session, discussion)


def _begin(session: Session, discussion: Discussion, now: datetime) -> None:
    discussion.state, discussion.started_at = "live", now
    joined = relaying.tell_all(
        session, discussion, "discussion_pose", label="pose", now=now, pose=discussion.pose
    )
    host = session.get_one(Person, discussion.host_id)
    tell(session, discussion, host, "discussion_begun", label="begun", now=now, joined=joined)


def due(session: Session, now: datetime, limit: int = 100) -> list[int]:
    """The discussions that the clock must look at."""
    return list(
        session.scalars(
            select(Discussion.id)
            .where(Discussion.state.in_(OPEN), Discussion.due_at <= now)
            .order_by(Discussion.due_at)
            .limit(limit)
        )
    )
