"""Who takes part in a discussion: invited, joined, left. Nobody is added without their yes."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from bot import outbox, people
from bot.mentoring import moderation, relaying
from bot.mentoring.relaying import OPEN, tell
from bot.texts import text
from store.discussions import Discussion, DiscussionMember, DiscussionPost
from store.messages import OutboxMessage
from store.people import Address, Person


def launch(
    session: Session,
    discussion: Discussion,
    invited: Sequence[Person],
    *,
    address_id: int | None,
    starts_at: datetime | None,
    now: datetime,
) -> int:
    """Invite people to a draft, for now or for an hour; returns how many can be reached.

    Args:
        address_id: where the host wrote from.
        starts_at: aware; ``None``: now.
    """
    discussion.starts_at = starts_at or now
    discussion.state = "planned" if starts_at else "live"
    discussion.started_at = None if starts_at else now
    session.add(
        DiscussionMember(
            discussion_id=discussion.id,
            person_id=discussion.host_id,
            address_id=address_id,
            state="joined",
            invited_at=now,
            joined_at=now,
        )
    )
    reached = [person for person in invited if may_be_invited(person)]
    for person in reached:
        session.add(
            DiscussionMember(discussion_id=discussion.id, person_id=person.id, invited_at=now)
        )
    session.flush()
    for person in reached:
        _invite(session, discussion, person, len(reached) - 1, now)
    relaying.look_next(session, discussion)
    return len(reached)


def may_be_invited(person: Person) -> bool:
    """Whether somebody has agreed to hear from us and can be reached."""
    return person.consent == "yes" and people.reachable(person)


def _invite(
    session: Session, discussion: Discussion, person: Person, others: int, now: datetime
) -> None:
    host = relaying.host_name(session, discussion, person.language)
    when = moderation.local(discussion.starts_at, person.timezone, now)
    planned = discussion.state == "planned"
    say = "discussion_invite_planned" if planned else "discussion_invite"
    name = "discussion_invite_planned" if planned else "discussion_invite"
    variables = {"1": host, "2": str(others), **({"3": when} if planned else {})}
    outbox.say(
        session,
        person,
        text(say, person.language, host=host, others=others, when=when),
        key=f"discussion:{discussion.id}:{person.id}:invite",
        now=now,
        kind="notice",
        menu="join",
        discussion_id=discussion.id,
        template=outbox.Template(name, variables, is_enough=True),
        keep=moderation.of(session.info).ends_after + ((discussion.starts_at or now) - now),
    )


def join(
    session: Session, discussion: Discussion, person: Person, address_id: int, now: datetime
) -> str:
    """Somebody says yes: ``joined``, ``already``, ``elsewhere`` or ``over``.

    Whoever comes late hears the posed case and what was said last.
    """
    member = member_of(session, discussion, person)
    if member is None or discussion.state not in OPEN or member.state == "removed":
        return "over"
    if member.state == "joined":
        return "already"
    if taking_part(session, person) is not None:
        return "elsewhere"
    first = len(relaying.members(session, discussion, "joined")) == 1
    member.state, member.address_id = "joined", address_id
    member.joined_at, member.left_at = member.joined_at or now, None
    session.flush()
    if discussion.state != "planned":
        _catch_up(session, discussion, person, member, now)
    host = session.get_one(Person, discussion.host_id)
    name = relaying.names(session, discussion, host.language)[person.id]
    still = len(relaying.members(session, discussion, "invited"))
    if first or not still:
        # Not each of them: the host is not to be flooded either.
        say = "discussion_first_joined" if still else "discussion_all_answered"
        joined = len(relaying.members(session, discussion, "joined")) - 1
        tell(session, discussion, host, say, label=say, now=now, name=name, joined=joined)
    return "joined"


def _catch_up(
    session: Session,
    discussion: Discussion,
    person: Person,
    member: DiscussionMember,
    now: datetime,
) -> None:
    by = moderation.of(session.info)
    posts = list(
        session.scalars(
            select(DiscussionPost)
            .where(DiscussionPost.discussion_id == discussion.id, DiscussionPost.state == "shown")
            .order_by(DiscussionPost.id.desc())
            .limit(by.catch_up)
        )
    )
    tell(
        session,
        discussion,
        person,
        "discussion_pose",
        label=f"pose:{int(now.timestamp())}",
        now=now,
        kind="reply",
        address_id=member.address_id,
        pose=discussion.pose,
    )
    if posts:
        called = relaying.names(session, discussion, person.language)
        said = "\n".join(
            f"{called[post.person_id]}: {moderation.shown(post.text, by.longest_reply // 2)[0]}"
            for post in reversed(posts)
        )
        tell(
            session,
            discussion,
            person,
            "discussion_so_far",
            label=f"so_far:{int(now.timestamp())}",
            now=now,
            kind="reply",
            address_id=member.address_id,
            said=said,
        )


def leave(
    session: Session, discussion: Discussion, person: Person, now: datetime, state: str = "left"
) -> str:
    """Somebody goes out or says no: ``left``, ``declined`` or ``over``. Nothing more reaches them.

    Args:
        state: ``removed`` when the host takes them out.
    """
    member = member_of(session, discussion, person)
    if member is None or member.state not in ("joined", "invited") or discussion.state not in OPEN:
        return "over"
    was = member.state
    member.state, member.left_at = ("declined" if was == "invited" else state), now
    session.flush()
    relaying.forget(session, discussion, moderation.GONE, person.id)
    host = session.get_one(Person, discussion.host_id)
    name = relaying.names(session, discussion, host.language)[person.id]
    if was == "joined" and state == "left":
        label = f"left:{person.id}:{int(now.timestamp())}"
        tell(session, discussion, host, "discussion_has_left", label=label, now=now, name=name)
    elif was == "invited" and not relaying.members(session, discussion, "invited"):
        joined = len(relaying.members(session, discussion, "joined")) - 1
        say = "discussion_all_answered"
        tell(session, discussion, host, say, label=say, now=now, joined=joined)
    return member.state


def member_of(session: Session, discussion: Discussion, person: Person) -> DiscussionMember | None:
    """Somebody's part in a discussion."""
    return session.scalar(
        select(DiscussionMember)
        .where(
            DiscussionMember.discussion_id == discussion.id,
            DiscussionMember.person_id == person.id,
        )
        .execution_options(populate_existing=True)
    )


def of_person(session: Session, person: Person) -> list[tuple[Discussion, DiscussionMember]]:
    """The discussions that somebody takes part in or is invited to, the newest first."""
    rows = session.execute(
        select(Discussion, DiscussionMember)
        .join(DiscussionMember, DiscussionMember.discussion_id == Discussion.id)
        .where(
            DiscussionMember.person_id == person.id,
            DiscussionMember.state.in_(("joined", "invited")),
            Discussion.state.in_(OPEN),
        )
        .order_by(DiscussionMember.id.desc())
    )
    return [(discussion, member) for discussion, member in rows]


def taking_part(session: Session, person: Person) -> Discussion | None:
    """The one discussion that somebody has joined, or hosts."""
    for discussion, member in of_person(session, person):
        if member.state == "joined":
            return discussion
    return None


def by_quoted(session: Session, person: Person, provider_sid: str) -> Discussion | None:
    """The discussion that a quoted message of ours belongs to, if it went to this person."""
    return session.scalar(
        select(Discussion)
        .join(OutboxMessage, OutboxMessage.discussion_id == Discussion.id)
        .where(OutboxMessage.provider_sid == provider_sid, OutboxMessage.person_id == person.id)
    )


def spoken(session: Session, discussion: Discussion) -> dict[int, int]:
    """How many replies each member has written."""
    rows = session.execute(
        select(DiscussionPost.person_id, func.count())
        .where(DiscussionPost.discussion_id == discussion.id)
        .group_by(DiscussionPost.person_id)
    )
    return dict(rows.all())


def channel_of(session: Session, member: DiscussionMember) -> str | None:
    """Where a member joined from."""
    address = session.get(Address, member.address_id) if member.address_id else None
    return address.channel if address else None
