"""The log of encounters: whenever a mentor and mentees met, from the channels by itself."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime, timedelta

from sqlalchemy import func, select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from store.cases import Case, CaseEvent
from store.discussions import Discussion, DiscussionMember, DiscussionPost
from store.encounters import Encounter, EncounterMentee
from store.people import Address
from store.visits import Visit

# What a mentor and a mentee did together is in these events; the rest is the case's own keeping.
_WORDS = ("opened", "detail_added", "answered", "rated")
# Took part, and was there at the end or left on the way.
TOOK_PART = ("joined", "done", "left", "removed")
MOST_MINUTES = 24 * 60


def log(
    session: Session,
    *,
    kind: str,
    form: str,
    mentor: int,
    mentees: Mapping[int, bool | None] | Iterable[int],
    began_at: datetime,
    minutes: int,
    source: str,
    now: datetime,
    channel: str | None = None,
    topic: str | None = None,
    case_id: int | None = None,
    discussion_id: int | None = None,
    visit_id: int | None = None,
    key: str | None = None,
    note: str = "",
) -> int | None:
    """Log an encounter once per case, discussion or ``key``.

    Args:
        kind: ``virtual`` or ``in_person``.
        form: ``individual`` or ``group``.
        mentor: the person's id.
        mentees: ids, with whether each spoke where that is known.
        began_at: aware.
        key: what names it at its source.

    Returns:
        Its id; ``None`` when it was logged before.
    """
    spoke = mentees if isinstance(mentees, Mapping) else dict.fromkeys(mentees)
    encounter_id: int | None = session.scalar(
        insert(Encounter)
        .values(
            kind=kind,
            form=form,
            channel=channel,
            topic=topic,
            mentor_id=mentor,
            began_at=began_at,
            ended_at=began_at + timedelta(minutes=minutes),
            minutes=minutes,
            source=source,
            case_id=case_id,
            discussion_id=discussion_id,
            visit_id=visit_id,
            key=key,
            note=note,
            logged_at=now,
        )
        .on_conflict_do_nothing()
        .returning(Encounter.id)
    )
    if encounter_id is None:
        return None
    for person_id, said in spoke.items():
        session.add(EncounterMentee(encounter_id=encounter_id, person_id=person_id, spoke=said))
    session.flush()
    return encounter_id


def of_case(session: Session, case: Case, now: datetime) -> int | None:
    """A case is over: an individual virtual encounter, if a mentor ever answered it.

    It began with the mentee's question and lasted until the last word of either side. Opened
    again and closed again, it becomes that much longer.
    """
    events = session.execute(
        select(CaseEvent.kind, CaseEvent.person_id, CaseEvent.at)
        .where(CaseEvent.case_id == case.id, CaseEvent.kind.in_(_WORDS))
        .order_by(CaseEvent.id)
    ).all()
    mentors = [person for kind, person, _ in events if kind == "answered" and person is not None]
    if not mentors:
        return None
    before = session.scalars(select(Encounter).where(Encounter.case_id == case.id)).one_or_none()
    if before is not None:
        before.mentor_id = mentors[-1]
        before.minutes = _minutes(before.began_at, events[-1].at)
        before.ended_at = before.began_at + timedelta(minutes=before.minutes)
        return None
    address = session.get(Address, case.address_id) if case.address_id else None
    return log(
        session,
        kind="virtual",
        form="individual",
        mentor=mentors[-1],
        mentees=[case.mentee_id],
        began_at=case.opened_at,
        minutes=_minutes(case.opened_at, events[-1].at),
        source="case",
        now=now,
        channel=address.channel if address else None,
        topic=case.topic,
        case_id=case.id,
    )


def of_discussion(session: Session, discussion: Discussion, now: datetime) -> int | None:
    """A discussion is over: a group encounter with everybody who took part, the host aside."""
    if discussion.started_at is None:
        return None
    spoke = set(
        session.scalars(
            select(DiscussionPost.person_id).where(DiscussionPost.discussion_id == discussion.id)
        )
    )
    members = session.execute(
        select(DiscussionMember.person_id, Address.channel)
        .outerjoin(Address, Address.id == DiscussionMember.address_id)
        .where(
            DiscussionMember.discussion_id == discussion.id,
            DiscussionMember.joined_at.is_not(None),
            DiscussionMember.state.in_(TOOK_PART),
            DiscussionMember.person_id != discussion.host_id,
        )
    ).all()
    if not members:
        return None
    last = session.scalar(
        select(func.max(DiscussionPost.at)).where(DiscussionPost.discussion_id == discussion.id)
    )
    over = discussion.ended_at if discussion.summary else last
    channels = {channel for _, channel in members if channel}
    return log(
        session,
        kind="virtual",
        form="group",
        mentor=discussion.host_id,
        mentees={person_id: person_id in spoke for person_id, _ in members},
        began_at=discussion.started_at,
        minutes=_minutes(discussion.started_at, over or discussion.started_at),
        source="discussion",
        now=now,
        channel=channels.pop() if len(channels) == 1 else "mixed" if channels else None,
        topic=discussion.topic,
        discussion_id=discussion.id,
    )


def of_visit(
    session: Session,
    visit: Visit,
    seen: Sequence[int],
    *,
    topics: Sequence[str],
    together: bool,
    minutes: int,
    now: datetime,
) -> None:
    """A visit took place: one group encounter in person, or an individual one for each mentee.

    Args:
        seen: the mentees who were seen; nobody, and nothing is logged.
        minutes: in all; one by one, each had the same part of it.
    """
    groups = [list(seen)] if together else [[one] for one in seen]
    for group in filter(None, groups):
        log(
            session,
            kind="in_person",
            form="individual" if len(group) == 1 else "group",
            mentor=visit.mentor_id,
            mentees=group,
            began_at=visit.starts_at,
            minutes=max(1, minutes // len(groups)),
            source="visit",
            now=now,
            topic=", ".join(topics) or None,
            visit_id=visit.id,
            key=f"visit:{visit.id}:{'group' if together else group[0]}",
        )


def of_skill(
    session: Session,
    *,
    mentor: int,
    mentee: int,
    competency: str,
    key: str,
    began_at: datetime,
    now: datetime,
) -> int | None:
    """A mentor watched a skill and signed: an individual encounter in person, once per ``key``.

    Args:
        competency: an id of the catalogue; it stands as the topic.
        began_at: when the observation was, aware; it lasted until ``now``, but no more than a day.

    Returns:
        Its id; ``None`` when it was logged before.
    """
    return log(
        session,
        kind="in_person",
        form="individual",
        mentor=mentor,
        mentees=[mentee],
        began_at=began_at,
        minutes=_minutes(began_at, now),
        source="skill",
        now=now,
        topic=competency,
        key=f"skill:{key}",
    )


def _minutes(began_at: datetime, ended_at: datetime) -> int:
    spent = round((ended_at - began_at).total_seconds() / 60)
    return min(MOST_MINUTES, max(1, spent))
