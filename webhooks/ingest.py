"""Storing an inbound message and deferring its job: one statement, one round trip, one commit."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Engine, text

from store import queue

# The job is deferred by Procrastinate's own function, only if the row is new, under the lock of
# the person (or of the address, until it belongs to somebody).
STATEMENT = text(
    """
    WITH arrived AS (
        INSERT INTO inbound (provider, sid, channel, sender, body, form, received_at, state)
        VALUES ('twilio', :sid, :channel, :sender, :body, CAST(:form AS jsonb), :received_at,
                'received')
        ON CONFLICT (provider, sid) DO NOTHING
        RETURNING id
    )
    SELECT procrastinate_defer_jobs_v1(ARRAY[ROW(
        'default', :task, :priority,
        coalesce(
            (SELECT 'person:' || person_id FROM address
              WHERE channel = :channel AND value = :sender),
            'address:' || :channel || ':' || :sender
        ),
        NULL, jsonb_build_object('inbound_id', arrived.id), NULL
    )]::procrastinate_job_to_defer_v1[])
    FROM arrived
    """
)

# STOP holds from this moment, even while a job of the same person waits for a hanging dialogue.
# Its own job confirms it; a START that still waits before it cannot win, because that job is later.
STOP = text(
    """
    UPDATE person SET stopped_at = :received_at
    WHERE stopped_at IS NULL AND id =
        (SELECT person_id FROM address WHERE channel = :channel AND value = :sender)
    """
)


@dataclass(frozen=True)
class Arrived:
    """An inbound message, parsed just enough to be stored. ``form`` is JSON text."""

    sid: str
    channel: str
    sender: str
    body: str
    form: str
    received_at: datetime
    priority: int
    is_stop: bool = False


def store_inbound(engine: Engine, arrived: Arrived) -> bool:
    """Store a message and defer its job; a repeat of the same sid does nothing.

    Returns:
        Whether it was new.
    """
    with engine.begin() as connection:
        row = connection.execute(
            STATEMENT,
            {
                "sid": arrived.sid,
                "channel": arrived.channel,
                "sender": arrived.sender,
                "body": arrived.body,
                "form": arrived.form,
                "received_at": arrived.received_at,
                "task": queue.RECEIVE,
                "priority": arrived.priority,
            },
        ).first()
        if arrived.is_stop and row is not None:
            values = {"channel": arrived.channel, "sender": arrived.sender}
            connection.execute(STOP, {**values, "received_at": arrived.received_at})
    return row is not None
