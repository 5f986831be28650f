"""`./mentorline discussions …`: what was discussed, by whom, and what was held back and why."""

import json
from datetime import datetime
from typing import Any

from rich.console import Console
from rich.table import Table
from rich.text import Text
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from bot.mentoring import membership, moderation, relaying
from cli.common import settings
from cli.errors import Refusal
from cli.records import session_of
from store.discussions import Discussion, DiscussionMember, DiscussionPost, Relay
from store.people import Person

NOBODY = "somebody"
_WROTE = {"joined": "reads", "done": "read", "left": "left", "removed": "removed"}


def listed(as_json: bool) -> None:
    """Prints every discussion, the newest first."""
    current = settings()
    with session_of(current) as session:
        rows = [
            _row(session, discussion)
            for discussion in session.scalars(
                select(Discussion)
                .where(Discussion.state != "draft", Discussion.starts_at.is_not(None))
                .order_by(Discussion.id.desc())
            )
        ]
    if as_json:
        print(json.dumps(rows, ensure_ascii=False, indent=2))
        return
    if not rows:
        print("No discussions yet. A mentor hosts one by texting DISCUSS.")
        return
    table = Table("No.", "Host", "State", "Began", "Took part", "Replies", "SMS segments")
    for row in rows:
        table.add_row(
            str(row["id"]),
            Text(row["host"]),
            row["state"],
            (row["began"] or "-")[:16].replace("T", " "),
            str(row["took_part"]),
            str(row["replies"]),
            str(row["segments"]),
        )
    Console(width=120).print(table)


def shown(number: int, as_json: bool) -> None:
    """Prints one discussion: who took part, what was said, and what waits.

    Raises:
        Refusal: there is none with this number.
    """
    current = settings()
    with session_of(current) as session:
        discussion = session.get(Discussion, number)
        if discussion is None or discussion.state == "draft":
            raise Refusal(f"There is no discussion {number}.")
        found = _row(session, discussion) | _details(session, discussion)
    if as_json:
        print(json.dumps(found, ensure_ascii=False, indent=2))
        return
    console = Console(width=120, highlight=False)
    console.print(Text(f"Discussion {found['id']}, hosted by {found['host']}: {found['state']}"))
    console.print(Text(f"Posed: {found['pose']}"))
    members = Table("Member", "Channel", "Part", "Replies")
    for member in found["members"]:
        members.add_row(
            Text(member["name"]), member["channel"] or "-", member["part"], str(member["replies"])
        )
    console.print(members)
    for post in found["posts"]:
        mark = "" if post["state"] == "shown" else f" ({post['state']})"
        console.print(Text(f"{post['at'][11:16]} {post['name']}{mark}: {post['text']}"))
    for reason, held in found["held"].items():
        console.print(Text(f"{held} relayed texts were held or dropped: {reason}"))
    if found["summary"]:
        console.print(Text(f"Summed up: {found['summary']}"))


def _row(session: Session, discussion: Discussion) -> dict[str, Any]:
    host = session.get_one(Person, discussion.host_id)
    took_part = session.scalar(
        select(func.count())
        .select_from(DiscussionMember)
        .where(
            DiscussionMember.discussion_id == discussion.id,
            DiscussionMember.joined_at.is_not(None),
            DiscussionMember.person_id != discussion.host_id,
        )
    )
    return {
        "id": discussion.id,
        "host": host.name or NOBODY,
        "topic": discussion.topic,
        "mode": discussion.mode,
        "state": discussion.state,
        "began": _iso(discussion.started_at),
        "ended": _iso(discussion.ended_at),
        "took_part": took_part or 0,
        "replies": sum(membership.spoken(session, discussion).values()),
        "segments": discussion.segments,
    }


def _details(session: Session, discussion: Discussion) -> dict[str, Any]:
    names = relaying.names(session, discussion, "en")
    spoken = membership.spoken(session, discussion)
    everybody = session.scalars(
        select(DiscussionMember)
        .where(DiscussionMember.discussion_id == discussion.id)
        .order_by(DiscussionMember.id)
    )
    held = session.execute(
        select(Relay.reason, func.count())
        .where(
            Relay.discussion_id == discussion.id,
            Relay.state != "said",
            Relay.reason.is_not(None),
        )
        .group_by(Relay.reason)
        .order_by(Relay.reason)
    ).all()
    return {
        "pose": discussion.pose,
        "summary": discussion.summary,
        "members": [
            {
                "name": names[member.person_id],
                "channel": membership.channel_of(session, member),
                "part": _part(member, discussion, spoken),
                "replies": spoken.get(member.person_id, 0),
            }
            for member in everybody
        ],
        "posts": [
            {
                "at": _iso(post.at),
                "name": names[post.person_id],
                "state": post.state,
                "text": moderation.shown(post.text, 10_000)[0],
            }
            for post in session.scalars(
                select(DiscussionPost)
                .where(DiscussionPost.discussion_id == discussion.id)
                .order_by(DiscussionPost.id)
            )
        ],
        "held": {reason: number for reason, number in held if reason},
    }


def _part(member: DiscussionMember, discussion: Discussion, spoken: dict[int, int]) -> str:
    if member.person_id == discussion.host_id:
        return "host"
    if member.state in ("joined", "done") and spoken.get(member.person_id):
        return "spoke"
    return _WROTE.get(member.state, member.state)


def _iso(moment: datetime | None) -> str | None:
    return moment.isoformat(timespec="seconds") if moment else None
