"""Replies in a discussion, and what the host does with them: look first, pause, nudge."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from bot import media
from bot.mentoring import moderation, relaying
from bot.mentoring.membership import member_of
from bot.mentoring.relaying import OPEN, tell
from bot.settings import Settings
from bot.text.redact import redact
from store.discussions import Discussion, DiscussionMember, DiscussionPost
from store.messages import OutboxMessage
from store.people import Person


@dataclass(frozen=True)
class Posted:
    """What became of a reply.

    ``outcome``: ``shown``, ``asked`` (the host looks first), ``paused``, ``planned`` (it has not
    begun), ``over``. ``readers``: how many others get it. ``cut``: they get the beginning only.
    """

    outcome: str
    readers: int = 0
    first: bool = False
    cut: bool = False


def post(
    session: Session,
    discussion: Discussion,
    author: Person,
    said: str,
    *,
    inbound_id: int,
    has_media: bool,
    now: datetime,
    settings: Settings,
) -> Posted:
    """A member's reply, or the host's word. Safe to repeat: one inbound message posts once."""
    member = member_of(session, discussion, author)
    if member is None or member.state != "joined" or discussion.state not in OPEN:
        return Posted("over")
    if discussion.state == "planned":
        return Posted("planned")
    before = list(
        session.scalars(
            select(DiscussionPost.inbound_id).where(
                DiscussionPost.discussion_id == discussion.id,
                DiscussionPost.person_id == author.id,
            )
        )
    )
    cut = moderation.shown(said, moderation.of(session.info).longest_reply)[1]
    others = len(relaying.members(session, discussion, "joined")) - 1
    if inbound_id in before:
        return Posted("shown", others, False, cut)
    asks = discussion.mode == "moderated" and author.id != discussion.host_id
    made = DiscussionPost(
        discussion_id=discussion.id,
        person_id=author.id,
        inbound_id=inbound_id,
        at=now,
        text=redact(said).text,
        has_media=has_media,
        state="asked" if asks else "shown",
    )
    session.add(made)
    session.flush()
    if asks:
        ask_host(session, discussion, now, settings)
    else:
        relaying.spread(session, discussion, made, now)
        relaying.flush(session, discussion, now, settings)
    relaying.look_next(session, discussion)
    outcome = "asked" if asks else "paused" if discussion.state == "paused" else "shown"
    return Posted(outcome, others, not before, cut)


def ask_host(session: Session, discussion: Discussion, now: datetime, settings: Settings) -> None:
    """Put the oldest reply that waits to the host, one at a time."""
    waiting = list(
        session.scalars(
            select(DiscussionPost)
            .where(DiscussionPost.discussion_id == discussion.id, DiscussionPost.state == "asked")
            .order_by(DiscussionPost.id)
        )
    )
    if not waiting or waiting[0].asked_at is not None:
        return
    first, host = waiting[0], session.get_one(Person, discussion.host_id)
    first.asked_at = now
    link = media.link(settings, first.inbound_id, 0, now) if first.has_media else None
    tell(
        session,
        discussion,
        host,
        "discussion_ask_host" if len(waiting) == 1 else "discussion_ask_host_more",
        label=f"ask:{first.id}",
        now=now,
        kind="reply",
        # An attachment leaves no room for buttons; the words say the same.
        menu=None if link else "moderate",
        media_url=link,
        name=relaying.names(session, discussion, host.language)[first.person_id],
        said=" ".join(first.text.split()),
        more=len(waiting) - 1,
    )


def judge(
    session: Session,
    discussion: Discussion,
    post_id: int | None,
    shown: bool,
    now: datetime,
    settings: Settings,
) -> bool:
    """The host lets a reply through or drops it; ``False``: none waits, or another does.

    Args:
        post_id: which one was meant; ``None``: the one that the host was asked about.
    """
    asked = session.scalar(
        select(DiscussionPost).where(
            DiscussionPost.discussion_id == discussion.id,
            DiscussionPost.state == "asked",
            DiscussionPost.asked_at.is_not(None),
        )
    )
    if asked is None or post_id not in (None, asked.id):
        return False
    asked.state = "shown" if shown else "dropped"
    session.flush()
    if shown:
        relaying.spread(session, discussion, asked, now)
        relaying.flush(session, discussion, now, settings)
    ask_host(session, discussion, now, settings)
    relaying.look_next(session, discussion)
    return True


def asked_about(session: Session, discussion: Discussion, provider_sid: str) -> int | None:
    """The reply that a message to the host asked about, by the provider's id of the message."""
    key = session.scalar(
        select(OutboxMessage.dedupe_key).where(
            OutboxMessage.provider_sid == provider_sid,
            OutboxMessage.discussion_id == discussion.id,
        )
    )
    _, _, post_id = (key or "").rpartition(":ask:")
    return int(post_id) if post_id.isdigit() else None


def set_mode(
    session: Session, discussion: Discussion, mode: str, now: datetime, settings: Settings
) -> None:
    """``moderated`` or ``open``; what waits for the host is shown when it opens."""
    discussion.mode = mode
    while mode == "open" and judge(session, discussion, None, True, now, settings):
        pass


def pause(
    session: Session, discussion: Discussion, on: bool, now: datetime, settings: Settings
) -> None:
    """Nothing is relayed in a pause, and all that waits afterwards."""
    discussion.state = "paused" if on else "live"
    relaying.flush(session, discussion, now, settings)
    relaying.look_next(session, discussion)


def nudge(session: Session, discussion: Discussion, now: datetime) -> int:
    """A kind word to whoever has said nothing yet, once; returns to how many."""
    spoke = select(DiscussionPost.person_id).where(DiscussionPost.discussion_id == discussion.id)
    silent = session.scalars(
        select(DiscussionMember).where(
            DiscussionMember.discussion_id == discussion.id,
            DiscussionMember.state == "joined",
            DiscussionMember.nudged_at.is_(None),
            DiscussionMember.person_id != discussion.host_id,
            DiscussionMember.person_id.not_in(spoke),
        )
    ).all()
    for member in silent:
        member.nudged_at = now
        person = session.get_one(Person, member.person_id)
        tell(
            session,
            discussion,
            person,
            "discussion_nudge",
            label="nudge",
            now=now,
            address_id=member.address_id,
        )
    return len(silent)
