"""Sending one person's queued messages, in order. The only way out of the house.

The attempt is committed before the provider is called and its result after; nothing is held open
during the call. An attempt that ended in doubt is never blindly repeated (``reconcile``).
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import structlog
from sqlalchemy import (
    BindParameter,
    ColumnElement,
    Select,
    and_,
    bindparam,
    func,
    or_,
    select,
    text,
)
from sqlalchemy.orm import Session, aliased, sessionmaker

from bot import delivery, people, sending
from bot.mentoring.record import is_going_on
from bot.quizzes.plan import read_hours
from channels import content, render
from channels.errors import CATALOGUE, Next, what_next
from channels.twilio import Accepted, Doubt, Refused, Result, Twilio
from scheduler import elsewhere
from store import queue
from store.base import UtcDateTime
from store.cases import Case
from store.messages import Attempt, Flag, OutboxMessage
from store.people import Address, Person

log = structlog.get_logger(__name__)

# How long the provider's content ids are remembered.
CONTENTS_FRESH = timedelta(minutes=1)
# A handset that is off, or a template that is not approved, holds up nobody else's message.
NOT_WAITED_FOR = [c for c, action in CATALOGUE.items() if action in (Next.RETRY, Next.TEMPLATE)]


@dataclass(frozen=True)
class Ready:
    """A committed attempt, ready for the call."""

    outbox_id: int
    attempt_id: int
    channel: str
    to: str
    payload: render.Payload


@dataclass(frozen=True)
class NotMade:
    """The call was not made after all: the message goes back to the queue as it was."""


class Sender:
    """Sends what is queued. Safe to share between threads."""

    def __init__(
        self,
        sessions: sessionmaker[Session],
        provider: Twilio,
        now: Callable[[], datetime],
    ) -> None:
        self._sessions = sessions
        self._provider = provider
        self._now = now
        self._contents: render.ContentSids = {}
        self._contents_at: datetime | None = None

    def flush(self, person_id: int) -> int:
        """Send everything that is due for a person; returns how many were handed over.

        The caller holds the person's lock (the job's), so that the order is kept.
        """
        sent = 0
        while True:
            ready = self._next(person_id)
            if ready is None:
                return sent
            if isinstance(ready, Ready):
                self._record(ready, self.call(ready))
                sent += 1

    def call(self, ready: Ready) -> Result:
        """Hand a committed attempt to the provider."""
        return self._provider.send(ready.channel, ready.to, ready.payload, ready.outbox_id)

    def claim(self, limit: int) -> tuple[list[Ready], int]:
        """Decide about queued campaign messages of many people, and commit the attempts.

        Returns:
            The attempts to make, and how many messages were looked at.
        """
        now = self._now()
        with self._sessions.begin() as session:
            found = _due_bulk(session, now, self._provider.channels, limit)
            made = [self._decided(session, message, facts, now) for message, facts in found]
            # The ids of new attempts, all in one statement.
            session.flush()
            ready = [
                Ready(message.id, attempt.id, message.channel or "", message.sent_to or "", payload)
                for message, attempt, payload in filter(None, made)
            ]
        return ready, len(found)

    def record_many(self, results: list[tuple[Ready, Result | NotMade]]) -> None:
        """Write down what came of ``claim``'s attempts."""
        now = self._now()
        accepted = [
            (ready.outbox_id, ready.attempt_id, result.sid)
            for ready, result in results
            if isinstance(result, Accepted)
        ]
        if accepted:
            with self._sessions.begin() as session:
                delivery.record_accepted_many(session, accepted, now)
        for ready, result in results:
            if isinstance(result, NotMade):
                self._give_back(ready, now)
            elif not isinstance(result, Accepted):
                self._record(ready, result)

    def _give_back(self, ready: Ready, now: datetime) -> None:
        with self._sessions.begin() as session:
            message = session.get_one(OutboxMessage, ready.outbox_id, with_for_update=True)
            attempt = session.get_one(Attempt, ready.attempt_id)
            delivery.finish_attempt(attempt, now, "not made", None, None, "there was no time")
            if message.state == "sending":
                message.state = "queued"
                message.attempts -= 1

    def _next(self, person_id: int) -> Ready | bool | None:
        """Decide about the next due message: an attempt to make, ``True`` (go on), or none."""
        now = self._now()
        with self._sessions.begin() as session:
            due = _next_due(session, person_id, now, self._provider.channels)
            if due is None:
                return None
            message, facts = due
            made = self._decided(session, message, facts, now)
            if made is None:
                return True
            message, attempt, payload = made
            session.flush()
            assert message.channel is not None
            assert message.sent_to is not None
            return Ready(message.id, attempt.id, message.channel, message.sent_to, payload)

    def _decided(
        self, session: Session, message: OutboxMessage, facts: sending.Facts, now: datetime
    ) -> tuple[OutboxMessage, Attempt, render.Payload] | None:
        """Carry out the decision about one message; an attempt to make, or none."""
        match sending.decide(facts, now):
            case sending.Drop(reason):
                if reason == sending.EXPIRED and message.reason:
                    reason = f"{reason}: {message.reason}"
                message.state, message.reason = "dropped", reason
            case sending.Later(until, reason):
                message.next_attempt_at, message.reason = until, reason
            case sending.Knock(address):
                message.state = "held"
                message.reason = "window closed: a template knocks"
                elsewhere.knock(session, message, address.id, now)
            case sending.Send(address, form):
                return self._attempt(session, message, facts, address, form, now)
        return None

    def _attempt(
        self,
        session: Session,
        message: OutboxMessage,
        facts: sending.Facts,
        address: sending.Address,
        form: str,
        now: datetime,
    ) -> tuple[OutboxMessage, Attempt, render.Payload] | None:
        outgoing = render.Outgoing(
            body=message.body,
            language=message.language,
            menu=message.menu,
            media_url=message.media_url,
            template=message.template,
            template_variables=message.template_variables or {},
        )
        if message.error_code is not None and what_next(message.error_code) is Next.TEMPLATE:
            self._contents_at = None  # what was refused has been forgotten since
        try:
            payload = render.render(outgoing, address.channel, form, self._known(session, now))
        except render.TemplateMissing as missing:
            reason = f"template {missing} cannot be used at the provider"
            elsewhere.without_template(session, message, facts.addresses, address, now, reason)
            log.error("template missing", template=str(missing), outbox=message.id)
            return None
        message.state, message.reason = "sending", None
        message.attempts += 1
        message.attempted_at = now
        message.channel, message.sent_to = address.channel, address.value
        message.sent_body, message.segments = payload.body, payload.segments
        message.form = form
        attempt = Attempt(outbox_id=message.id, started_at=now)
        session.add(attempt)
        return message, attempt, payload

    def _known(self, session: Session, now: datetime) -> render.ContentSids:
        if self._contents_at is None or abs(now - self._contents_at) > CONTENTS_FRESH:
            self._contents, self._contents_at = content.known(session), now
        return self._contents

    def _record(self, ready: Ready, result: Result) -> None:
        now = self._now()
        with self._sessions.begin() as session:
            if isinstance(result, Accepted):
                delivery.record_accepted(
                    session, ready.outbox_id, ready.attempt_id, result.sid, now
                )
                return
            message = session.get_one(OutboxMessage, ready.outbox_id, with_for_update=True)
            attempt = session.get_one(Attempt, ready.attempt_id)
            match result:
                case Refused(code, status, detail):
                    delivery.finish_attempt(attempt, now, "refused", None, code, detail)
                    if message.state == "sending":
                        delivery.failed(session, message, code, status, detail, now)
                    log.warning("send refused", outbox=message.id, code=code, status=status)
                case Doubt(detail):
                    delivery.finish_attempt(attempt, now, "doubt", None, None, detail)
                    if message.state == "sending":
                        message.state, message.reason = "unknown", f"in doubt: {detail}"
                    log.warning("send in doubt", outbox=message.id, detail=detail)


def _waiting(now: BindParameter[datetime]) -> ColumnElement[bool]:
    """Whether a message waits: one being retried keeps its place in its priority."""
    earlier = aliased(OutboxMessage)
    return (
        select(earlier.id)
        .where(
            earlier.person_id == OutboxMessage.person_id,
            earlier.state == "queued",
            earlier.attempts > 0,
            earlier.next_attempt_at > now,
            earlier.error_code.is_(None) | earlier.error_code.not_in(NOT_WAITED_FOR),
            earlier.id < OutboxMessage.id,
            earlier.priority == OutboxMessage.priority,
        )
        .exists()
    )


def _due_statement() -> Select[Any]:
    """The next due message of :person at :now, with what decides about it."""
    other = aliased(OutboxMessage)
    person_id: BindParameter[int] = bindparam("person")
    now = bindparam("now", type_=UtcDateTime())
    lately = (
        select(func.count())
        .select_from(other)
        .where(
            other.person_id == person_id,
            other.attempted_at > bindparam("lately", type_=UtcDateTime()),
        )
        .scalar_subquery()
    )
    stopped_until = select(Flag.until).where(Flag.name == delivery.SENDER_STOPPED).scalar_subquery()
    return (
        select(OutboxMessage, Person.stopped_at, Person.timezone, lately, stopped_until)
        .join(Person, Person.id == OutboxMessage.person_id)
        .where(
            OutboxMessage.person_id == person_id,
            OutboxMessage.state == "queued",
            OutboxMessage.next_attempt_at <= now,
            OutboxMessage.priority > queue.PRIORITY_BULK,
            ~_waiting(now),
        )
        .order_by(OutboxMessage.priority.desc(), OutboxMessage.id)
        .limit(1)
        .with_for_update(skip_locked=True, of=OutboxMessage)
    )


# Built once: building it costs more than running it.
_DUE = _due_statement()
_ADDRESSES = select(Address).where(Address.person_id == bindparam("person")).order_by(Address.id)


def _next_due(
    session: Session, person_id: int, now: datetime, channels: frozenset[str]
) -> tuple[OutboxMessage, sending.Facts] | None:
    values = {"person": person_id, "now": now, "lately": now - timedelta(minutes=10)}
    row = session.execute(_DUE, values).first()
    if row is None:
        return None
    message, person_stopped, timezone, sent_lately, sender_stopped_until = row
    addresses = people.as_sent_to(session.scalars(_ADDRESSES, {"person": person_id}))
    return message, sending.Facts(
        kind=message.kind,
        wanted_address=message.address_id,
        has_template=message.template is not None,
        template_is_enough=message.template_is_enough,
        expires_at=message.expires_at,
        person_stopped=person_stopped is not None,
        timezone=timezone,
        # One of a channel that we have no sender for is no way to reach anybody.
        addresses=[address for address in addresses if address.channel in channels],
        sent_lately=sent_lately,
        sender_stopped_until=sender_stopped_until,
    )


def bulk_waits(session: Session, now: datetime) -> bool:
    """Whether a campaign message is due."""
    found = session.execute(
        select(OutboxMessage.id).where(_BULK, OutboxMessage.next_attempt_at <= now).limit(1)
    )
    return found.first() is not None


def _due_bulk(
    session: Session, now: datetime, channels: frozenset[str], limit: int
) -> list[tuple[OutboxMessage, sending.Facts]]:
    """Due campaign messages, at most one of a person, and nobody's who is just being answered."""
    other = aliased(OutboxMessage)
    answered = (
        select(other.id)
        .where(
            other.person_id == OutboxMessage.person_id,
            or_(
                other.state == "sending",
                and_(
                    other.state == "queued",
                    other.priority > queue.PRIORITY_BULK,
                    other.next_attempt_at <= now,
                ),
            ),
        )
        .exists()
    )
    rows = session.execute(
        select(OutboxMessage, Person.stopped_at, Person.timezone)
        .join(Person, Person.id == OutboxMessage.person_id)
        .where(_BULK, OutboxMessage.next_attempt_at <= now, ~answered)
        .order_by(OutboxMessage.next_attempt_at, OutboxMessage.id)
        .limit(limit)
        .with_for_update(skip_locked=True, of=OutboxMessage)
    ).all()
    people_ids = {message.person_id for message, _, _ in rows}
    addresses = defaultdict(list)
    for address in session.scalars(
        select(Address).where(Address.person_id.in_(people_ids)).order_by(Address.id)
    ):
        addresses[address.person_id].append(address)
    lately = dict(
        session.execute(
            select(OutboxMessage.person_id, func.count())
            .where(
                OutboxMessage.person_id.in_(people_ids),
                OutboxMessage.attempted_at > now - timedelta(minutes=10),
            )
            .group_by(OutboxMessage.person_id)
        ).all()
    )
    in_case = set(
        session.scalars(
            select(Case.mentee_id).where(Case.mentee_id.in_(people_ids), is_going_on(now))
        )
    )
    stopped_until = session.scalar(select(Flag.until).where(Flag.name == delivery.SENDER_STOPPED))
    found = []
    for message, stopped_at, timezone in rows:
        person_id = message.person_id
        if person_id not in people_ids:
            continue
        people_ids.remove(person_id)
        known = people.as_sent_to(addresses[person_id])
        facts = sending.Facts(
            kind=message.kind,
            wanted_address=message.address_id,
            has_template=message.template is not None,
            template_is_enough=message.template_is_enough,
            expires_at=message.expires_at,
            person_stopped=stopped_at is not None,
            timezone=timezone,
            addresses=[address for address in known if address.channel in channels],
            sent_lately=lately.get(person_id, 0),
            sender_stopped_until=stopped_until,
            queued_at=message.created_at,
            hours=read_hours(message.hours),
            in_case=person_id in in_case,
        )
        found.append((message, facts))
    return found


# The words of the index's own condition, so that it is used whatever the plan.
_BULK = text("outbox.state = 'queued' AND outbox.priority = 0")


def wake_due(session: Session, now: datetime, limit: int = 500) -> int:
    """Defer a sending job for everybody with a message that has come due; returns how many.

    Messages normally leave in the job that queued them. What is left is due later (a retry, quiet
    hours) or was left behind by a process that died.
    """
    rows = session.execute(
        select(OutboxMessage.person_id, func.max(OutboxMessage.priority))
        .where(
            OutboxMessage.state == "queued",
            OutboxMessage.priority > queue.PRIORITY_BULK,
            OutboxMessage.next_attempt_at <= now - timedelta(seconds=1),
            OutboxMessage.person_id.not_in(queue.people_with_waiting_sends()),
            ~_waiting(bindparam("now", now, type_=UtcDateTime())),
        )
        .group_by(OutboxMessage.person_id)
        .order_by(func.min(OutboxMessage.next_attempt_at))
        .limit(limit)
    ).all()
    for person_id, priority in rows:
        queue.defer_send(session, person_id, priority)
    return len(rows)
