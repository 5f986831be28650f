"""How a discussion speaks to its members: words of ours, and what the others said.

Whoever calls ``flush`` holds the row lock of the discussion, so that nothing is relayed twice or
out of order, and no cap is passed by two at once.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from datetime import datetime, timedelta

from sqlalchemy import func, select, update
from sqlalchemy.orm import Session

from bot import media, outbox
from bot.mentoring import moderation
from bot.mentoring.moderation import DAY, Later, Reader, Reply
from bot.settings import Settings
from bot.text.gsm7 import to_gsm7
from bot.text.segments import count
from bot.texts import text
from store.cases import Case
from store.discussions import Discussion, DiscussionMember, DiscussionPost, Relay
from store.messages import OutboxMessage
from store.people import Address, Person

# Relayed text and what belongs to it: by day only, whatever else goes on (bot.sending).
KIND = "discussion"
OPEN = ("planned", "live", "paused")


def members(session: Session, discussion: Discussion, *states: str) -> list[DiscussionMember]:
    """The members in these states, in the order in which they were invited; the host is one."""
    return list(
        session.scalars(
            select(DiscussionMember)
            .where(
                DiscussionMember.discussion_id == discussion.id,
                DiscussionMember.state.in_(states),
            )
            .order_by(DiscussionMember.id)
        )
    )


def names(session: Session, discussion: Discussion, language: str) -> dict[int, str]:
    """Everybody's name as the others see it, by person."""
    known = session.execute(
        select(Person.id, Person.name)
        .join(DiscussionMember, DiscussionMember.person_id == Person.id)
        .where(DiscussionMember.discussion_id == discussion.id)
    ).all()
    return moderation.first_names(dict(known), text("somebody", language))


def host_name(session: Session, discussion: Discussion, language: str) -> str:
    """The host's name as members see it."""
    host = session.get_one(Person, discussion.host_id)
    found = moderation.first_names({host.id: host.name}, text("somebody", language))
    return found[host.id]


def tell(
    session: Session,
    discussion: Discussion,
    person: Person,
    say: str,
    *,
    label: str,
    now: datetime,
    address_id: int | None = None,
    kind: str = KIND,
    menu: str | None = None,
    media_url: str | None = None,
    **values: object,
) -> None:
    """Say one of our texts about a discussion, once per ``label`` and person.

    Args:
        say: a key of ``texts.yml``; the host's name is filled in.
    """
    host = host_name(session, discussion, person.language)
    said = text(say, person.language, **{"host": host, **values})
    _say(session, discussion, person, said, label, now, address_id, kind, menu, media_url)


def _say(
    session: Session,
    discussion: Discussion,
    person: Person,
    said: str,
    label: str,
    now: datetime,
    address_id: int | None,
    kind: str = KIND,
    menu: str | None = None,
    media_url: str | None = None,
) -> None:
    host = host_name(session, discussion, person.language)
    outbox.say(
        session,
        person,
        said,
        key=f"discussion:{discussion.id}:{person.id}:{label}",
        now=now,
        kind=kind,
        menu=menu,
        media_url=media_url,
        address_id=address_id,
        discussion_id=discussion.id,
        template=outbox.Template("discussion_waiting", {"1": host}),
        keep=moderation.of(session.info).ends_after,
    )


def tell_all(
    session: Session, discussion: Discussion, say: str, *, label: str, now: datetime, **values: str
) -> int:
    """Say one of our texts to all who have joined, the host aside; returns to how many."""
    told = 0
    for member in members(session, discussion, "joined"):
        person = session.get_one(Person, member.person_id)
        if person.id != discussion.host_id and person.stopped_at is None:
            tell(
                session,
                discussion,
                person,
                say,
                label=label,
                now=now,
                address_id=member.address_id,
                **values,
            )
            told += 1
    return told


def spread(session: Session, discussion: Discussion, post: DiscussionPost, now: datetime) -> int:
    """Have a post relayed to all who have joined, its author aside; returns to how many."""
    readers = [
        member.person_id
        for member in members(session, discussion, "joined")
        if member.person_id != post.person_id
        # In moderated mode the host has read it.
        and not (member.person_id == discussion.host_id and post.asked_at is not None)
    ]
    for reader in readers:
        session.add(
            Relay(
                discussion_id=discussion.id,
                post_id=post.id,
                person_id=reader,
                created_at=now,
                due_at=now,
            )
        )
    session.flush()
    return len(readers)


def forget(
    session: Session, discussion: Discussion, reason: str, person: int | None = None
) -> None:
    """What has not left yet does not leave any more, for one person or for all."""
    relays = update(Relay).where(Relay.discussion_id == discussion.id, Relay.state == "waiting")
    queued = update(OutboxMessage).where(
        OutboxMessage.discussion_id == discussion.id,
        OutboxMessage.state.in_(("queued", "held")),
    )
    if person is not None:
        relays = relays.where(Relay.person_id == person)
        queued = queued.where(OutboxMessage.person_id == person)
    else:
        # Nobody answers an invitation to what is over; what was said to members still leaves.
        queued = queued.where(OutboxMessage.menu == "join")
    session.execute(relays.values(state="dropped", reason=reason))
    session.execute(queued.values(state="dropped", reason=f"discussion: {reason}"))


def flush(
    session: Session,
    discussion: Discussion,
    now: datetime,
    settings: Settings,
    *,
    closing: bool = False,
) -> None:
    """Say what waits and may be said now; the rest keeps its reason and its moment."""
    waiting: dict[int, list[tuple[Relay, DiscussionPost]]] = defaultdict(list)
    for relay, post in session.execute(
        select(Relay, DiscussionPost)
        .join(DiscussionPost, DiscussionPost.id == Relay.post_id)
        .where(Relay.discussion_id == discussion.id, Relay.state == "waiting")
        .order_by(Relay.id)
    ):
        waiting[relay.person_id].append((relay, post))
    if not waiting:
        return
    if discussion.state == "paused" and not closing:
        _put_off(
            [relay for rows in waiting.values() for relay, _ in rows], now + DAY, moderation.PAUSED
        )
        return
    joined = {member.person_id: member for member in members(session, discussion, "joined")}
    said_at = _said_lately(session, waiting, now)
    emergencies = _emergencies(session, waiting)
    for person_id, rows in waiting.items():
        person = session.get_one(Person, person_id)
        member = joined.get(person_id)
        if member is None or person.stopped_at is not None:
            reason = moderation.GONE if member is None else moderation.STOPPED
            forget(session, discussion, reason, person_id)
            continue
        address = session.get(Address, member.address_id) if member.address_id else None
        reader = Reader(
            channel=address.channel if address else "sms",
            timezone=person.timezone,
            said_at=said_at[person_id],
            is_host=person_id == discussion.host_id,
            emergency_since=emergencies.get(person_id),
        )
        _relay(session, discussion, person, member, reader, rows, now, settings, closing)


def _relay(
    session: Session,
    discussion: Discussion,
    person: Person,
    member: DiscussionMember,
    reader: Reader,
    rows: list[tuple[Relay, DiscussionPost]],
    now: datetime,
    settings: Settings,
    closing: bool,
) -> None:
    by = moderation.of(session.info)
    called = names(session, discussion, person.language)
    said_at = list(reader.said_at)
    while rows:
        replies = [
            Reply(
                id=post.id,
                at=relay.created_at,
                name=called[post.person_id],
                text=moderation.shown(post.text, by.longest_reply)[0],
                has_media=post.has_media,
            )
            for relay, post in rows
        ]
        now_reader = Reader(
            reader.channel, reader.timezone, said_at, reader.is_host, reader.emergency_since
        )
        left = by.segments - discussion.segments if reader.channel == "sms" else 1
        decision = moderation.decide(replies, now_reader, now, by=by, left=left, closing=closing)
        if isinstance(decision, Later):
            _put_off([relay for relay, _ in rows], decision.until, decision.reason)
            if decision.reason == moderation.BUDGET:
                _tell_of_budget(session, discussion, now)
            return
        chosen, rows = rows[: len(decision.replies)], rows[len(decision.replies) :]
        heading = text("discussion_several", person.language, count=len(chosen))
        said = moderation.body(decision.replies, heading)
        first = chosen[0][1]
        link = media.link(settings, first.inbound_id, 0, now) if first.has_media else None
        _say(
            session,
            discussion,
            person,
            said,
            f"post:{first.id}",
            now,
            member.address_id,
            media_url=link,
        )
        if reader.channel == "sms":
            whole = f"{said}\n{link}" if link else said
            discussion.segments += count(to_gsm7(whole, person.language)).segments
        said_at.append(now)
        for relay, _ in chosen:
            relay.state, relay.said_at, relay.reason = "said", now, None


def _put_off(relays: Iterable[Relay], until: datetime, reason: str) -> None:
    for relay in relays:
        relay.due_at, relay.reason = until, reason


def _said_lately(
    session: Session, readers: Iterable[int], now: datetime
) -> dict[int, list[datetime]]:
    found: dict[int, list[datetime]] = defaultdict(list)
    for person_id, moment in session.execute(
        select(OutboxMessage.person_id, OutboxMessage.created_at).where(
            OutboxMessage.person_id.in_(list(readers)),
            OutboxMessage.kind == KIND,
            OutboxMessage.created_at > now - DAY,
            OutboxMessage.state != "dropped",
        )
    ):
        found[person_id].append(moment)
    return found


def _emergencies(session: Session, readers: Iterable[int]) -> dict[int, datetime]:
    rows = session.execute(
        select(Case.mentee_id, func.max(Case.opened_at))
        .where(Case.mentee_id.in_(list(readers)), Case.urgent, Case.state == "open")
        .group_by(Case.mentee_id)
    )
    return dict(rows.all())


def _tell_of_budget(session: Session, discussion: Discussion, now: datetime) -> None:
    if discussion.budget_told_at is None:
        discussion.budget_told_at = now
        host = session.get_one(Person, discussion.host_id)
        tell(session, discussion, host, "discussion_budget", label="budget", now=now)


# Why something waits, as the host is told.
_HELD = {
    moderation.BUNDLED: "bundled",
    moderation.HOURLY: "cap",
    moderation.DAILY: "cap",
    moderation.QUIET: "quiet",
    moderation.EMERGENCY: "emergency",
    moderation.PAUSED: "paused",
    moderation.BUDGET: "budget",
}


def held(session: Session, discussion: Discussion) -> dict[str, int]:
    """How many relays wait, by why (``held_…`` in ``texts.yml``)."""
    rows = session.execute(
        select(Relay.reason, func.count())
        .where(
            Relay.discussion_id == discussion.id,
            Relay.state == "waiting",
            Relay.reason.is_not(None),
        )
        .group_by(Relay.reason)
    )
    found: dict[str, int] = defaultdict(int)
    for reason, number in rows:
        found[_HELD.get(reason or "", "bundled")] += number
    return dict(found)


def look_next(session: Session, discussion: Discussion) -> None:
    """Set when the clock must look at a discussion again."""
    by = moderation.of(session.info)
    session.flush()
    if discussion.state == "planned":
        discussion.due_at = discussion.starts_at
        return
    if discussion.state not in OPEN or discussion.started_at is None:
        discussion.due_at = None
        return
    moments = [discussion.started_at + by.ends_after]
    if discussion.hour_over_at is None:
        moments.append(discussion.started_at + by.hour)
    relay = None
    if discussion.state == "live":
        relay = session.scalar(
            select(func.min(Relay.due_at)).where(
                Relay.discussion_id == discussion.id, Relay.state == "waiting"
            )
        )
    discussion.due_at = min([*moments, relay] if relay is not None else moments)


def after(discussion: Discussion, span: timedelta, now: datetime) -> bool:
    """Whether this much time has passed since it began."""
    return discussion.started_at is not None and now >= discussion.started_at + span
