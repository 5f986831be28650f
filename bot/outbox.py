"""Saying something to somebody: rows in the outbox, never a call to a provider."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import select, text, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from bot.text.fold import clean
from bot.text.split import split
from store import queue
from store.messages import OutboxMessage
from store.people import Address, Person

# One Twilio body holds 1,600 characters, a WhatsApp body with buttons 1,024.
PART_LENGTH = 1000
KEPT_FOR = timedelta(hours=72)
# PostgreSQL's notification that something was said because of an inbound message.
SAID_CHANNEL = "mentorline_said"


@dataclass(frozen=True)
class Template:
    """What goes out instead when WhatsApp's window is closed.

    ``is_enough``: it says all that the body says. Otherwise it only knocks, and the body is held
    until the person answers.
    """

    name: str
    variables: Mapping[str, str] = field(default_factory=dict)
    is_enough: bool = False


def say(
    session: Session,
    person: Person,
    body: str,
    *,
    key: str,
    now: datetime,
    kind: str = "reply",
    menu: str | None = None,
    address_id: int | None = None,
    inbound_id: int | None = None,
    case_id: int | None = None,
    dose_id: int | None = None,
    discussion_id: int | None = None,
    template: Template | None = None,
    media_url: str | None = None,
    priority: int = queue.PRIORITY_REPLY,
    keep: timedelta = KEPT_FOR,
    hours: dict[str, Any] | None = None,
    wake: bool = True,
) -> None:
    """Queue a message; long text is split at sentences and the menu goes with the last part.

    Args:
        body: without the menu's own words, which depend on the channel.
        key: said once per key, for ever.
        now: aware.
        keep: how long it is still worth sending.
        hours: when a campaign's message may go; see ``bot.quizzes.plan.Plan.hours``.
        wake: also defer the job that sends it. ``False`` where the caller sends the person's
            messages itself right after the transaction.
    """
    parts = split(clean(body), PART_LENGTH) or [""]
    queued = False
    for number, part in enumerate(parts):
        last = number == len(parts) - 1
        values = row(
            person,
            part,
            key=key if number == 0 else f"{key}/{number}",
            now=now,
            kind=kind,
            menu=menu if last else None,
            address_id=address_id,
            inbound_id=inbound_id,
            case_id=case_id,
            dose_id=dose_id,
            discussion_id=discussion_id,
            template=template,
            media_url=media_url if last else None,
            priority=priority,
            keep=keep,
            hours=hours,
        )
        statement = (
            insert(OutboxMessage)
            .values(values)
            .on_conflict_do_nothing(index_elements=["dedupe_key"])
            .returning(OutboxMessage.id)
        )
        queued = session.execute(statement).scalar() is not None or queued
    if queued and wake:
        queue.defer_send(session, person.id, priority)


def row(
    person: Person,
    body: str,
    *,
    key: str,
    now: datetime,
    kind: str,
    priority: int,
    menu: str | None = None,
    address_id: int | None = None,
    inbound_id: int | None = None,
    case_id: int | None = None,
    dose_id: int | None = None,
    discussion_id: int | None = None,
    template: Template | None = None,
    media_url: str | None = None,
    keep: timedelta = KEPT_FOR,
    hours: dict[str, Any] | None = None,
) -> dict[str, Any]:
    """The values of one outbox message, for whoever queues many at once; see ``say``."""
    return {
        "person_id": person.id,
        "address_id": address_id,
        "inbound_id": inbound_id,
        "case_id": case_id,
        "dose_id": dose_id,
        "discussion_id": discussion_id,
        "kind": kind,
        "dedupe_key": key,
        "language": person.language,
        "body": body,
        "menu": menu,
        "media_url": media_url,
        "template": template.name if template else None,
        "template_variables": dict(template.variables) if template else None,
        "template_is_enough": template.is_enough if template else False,
        "priority": priority,
        "created_at": now,
        "next_attempt_at": now,
        "expires_at": now + keep,
        "hours": hours,
    }


def was_said(session: Session, key: str) -> bool:
    """Whether something was said under this key already."""
    said = select(OutboxMessage.id).where(OutboxMessage.dedupe_key == key)
    return session.scalar(said) is not None


def release_held(session: Session, address: Address, now: datetime) -> bool:
    """The person wrote, so WhatsApp's window is open: what was held for it may go.

    Returns:
        Whether anything was.
    """
    released = session.execute(
        update(OutboxMessage)
        .where(
            OutboxMessage.person_id == address.person_id,
            OutboxMessage.state == "held",
        )
        .values(state="queued", reason=None, next_attempt_at=now)
        .returning(OutboxMessage.id)
    )
    return bool(released.all())


def announce(session: Session, inbound_id: int) -> None:
    """Tell the worker that waits for a dialogue turn that its reply is here, upon commit."""
    session.execute(_ANNOUNCE, {"channel": SAID_CHANNEL, "payload": str(inbound_id)})


_ANNOUNCE = text("SELECT pg_notify(:channel, :payload)")
