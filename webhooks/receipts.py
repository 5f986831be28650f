"""What a status callback does to its message. It may come first, twice, or out of order."""

from __future__ import annotations

import json
import threading
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import psycopg
from sqlalchemy import select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from bot import delivery
from bot.status import RANK, TRANSLATION
from store.messages import OutboxMessage, StatusCallback

# The usual case, for all that came at the same time: the message is known by this sid, or is being
# sent for the first time, and moves forward. Nothing is done about any other: it is not named in
# what comes back. Repeated, it does nothing.
#
# Rows that somebody else holds are not waited for (SKIP LOCKED) but left out: whoever holds some
# rows and waits for others, in an order of their own, would sooner or later wait for ever.
_MOVE_AND_KEEP = """
    WITH came AS (
        SELECT * FROM unnest(
            %(ids)s::bigint[], %(sids)s::text[], %(statuses)s::text[], %(forms)s::jsonb[],
            %(moments)s::timestamptz[], %(targets)s::text[], %(ranks)s::int[]
        ) AS one (id, sid, status, form, moment, target, rank)
    ), held AS MATERIALIZED (
        SELECT id, provider_sid, state FROM outbox WHERE id = ANY(%(ids)s)
        FOR NO KEY UPDATE SKIP LOCKED
    ), begun AS (
        UPDATE attempt SET provider_sid = came.sid
        FROM held JOIN came USING (id)
        WHERE held.provider_sid IS NULL AND held.state = 'sending'
            AND attempt.outbox_id = held.id AND attempt.provider_sid IS NULL
            AND attempt.outcome IS NULL
            AND NOT EXISTS (
                SELECT FROM attempt AS other
                WHERE other.outbox_id = held.id AND other.id <> attempt.id
            )
        RETURNING held.id
    ), known AS (
        SELECT came.* FROM came JOIN held USING (id)
        WHERE held.provider_sid = came.sid OR held.id IN (SELECT id FROM begun)
    ), moved AS (
        UPDATE outbox SET
            state = known.target,
            reason = NULL,
            provider_sid = known.sid,
            sent_at = coalesce(sent_at, known.moment),
            delivered_at = CASE WHEN known.target IN ('delivered', 'read')
                THEN coalesce(delivered_at, known.moment) ELSE delivered_at END,
            read_at = CASE WHEN known.target = 'read' THEN known.moment ELSE read_at END
        FROM known
        WHERE outbox.id = known.id AND (%(order)s::jsonb ->> outbox.state)::int < known.rank
    ), kept AS (
        INSERT INTO status_callback (sid, status, form, received_at)
        SELECT sid, status, form, moment FROM known
        ON CONFLICT DO NOTHING
    )
    SELECT id FROM known
"""
_ORDER = json.dumps(RANK)
# A failure decides more than a state.
_FORWARD = ("sent", "delivered", "read")
MOST_AT_ONCE = 64


@dataclass(frozen=True)
class Receipt:
    """A callback about a message of ours. ``form`` is JSON text; ``now`` is aware."""

    outbox_id: int
    sid: str
    status: str
    form: str
    now: datetime


@dataclass
class _Waiting:
    """A callback that waits for its turn to be stored."""

    receipt: Receipt
    target: str
    known: bool | None = None
    error: psycopg.Error | None = None

    @property
    def is_done(self) -> bool:
        return self.known is not None or self.error is not None


class Receipts:
    """Stores callbacks, those that come at the same time in one statement. For many threads.

    Whoever comes first stores what has come by then, while the next ones gather; each goes on when
    what it brought has been committed.
    """

    def __init__(self, conninfo: str) -> None:
        """``conninfo``: psycopg's address of the database; connected to when first needed."""
        self._conninfo = conninfo
        self._connection: psycopg.Connection | None = None
        self._waiting: list[_Waiting] = []
        self._gathering = threading.Lock()
        self._storing = threading.Lock()

    def move_forward(self, receipt: Receipt) -> bool:
        """Keep a callback and move its message forward, where no more than that is to be done.

        Returns:
            ``False`` when nothing was done: a failure, a message that somebody else holds at this
            moment, or one that is not known by this sid.

        Raises:
            psycopg.Error: the database cannot be asked.
        """
        target = TRANSLATION.get(receipt.status, "")
        if target not in _FORWARD:
            return False
        mine = _Waiting(receipt, target)
        with self._gathering:
            self._waiting.append(mine)
        with self._storing:
            while not mine.is_done:
                self._store()
        if mine.error is not None:
            raise mine.error
        return bool(mine.known)

    def close(self) -> None:
        """Let go of the connection."""
        with self._storing:
            self._drop()

    def _store(self) -> None:
        """Store what waits; of one message one callback at a time."""
        batch: dict[int, _Waiting] = {}
        with self._gathering:
            later = []
            for one in self._waiting:
                if one.receipt.outbox_id in batch or len(batch) == MOST_AT_ONCE:
                    later.append(one)
                else:
                    batch[one.receipt.outbox_id] = one
            self._waiting = later
        try:
            known = self._known(list(batch.values()))
        except psycopg.Error as error:
            for one in batch.values():
                one.error = error
            return
        for outbox_id, one in batch.items():
            one.known = outbox_id in known

    def _known(self, batch: list[_Waiting]) -> set[int]:
        values = {
            "ids": [one.receipt.outbox_id for one in batch],
            "sids": [one.receipt.sid for one in batch],
            "statuses": [one.receipt.status for one in batch],
            "forms": [one.receipt.form for one in batch],
            "moments": [one.receipt.now for one in batch],
            "targets": [one.target for one in batch],
            "ranks": [RANK[one.target] for one in batch],
            "order": _ORDER,
        }
        try:
            return self._asked(values)
        except psycopg.OperationalError:
            # The server was restarted since: once more, because it can be done twice.
            self._drop()
            return self._asked(values)

    def _asked(self, values: dict[str, Any]) -> set[int]:
        if self._connection is None:
            # One statement is its own transaction, and always the same one.
            self._connection = psycopg.connect(
                self._conninfo, autocommit=True, prepare_threshold=0, application_name="mentorline"
            )
        return {row[0] for row in self._connection.execute(_MOVE_AND_KEEP, values)}

    def _drop(self) -> None:
        if self._connection is not None:
            self._connection.close()
            self._connection = None


def store_status(
    session: Session,
    *,
    sid: str,
    status: str,
    error_code: int | None,
    outbox_id: int | None,
    form: list[Any],
    now: datetime,
) -> None:
    """Keep a callback and do to its message whatever follows.

    Args:
        outbox_id: our own id, which we put into the callback's address; it finds the message even
            when the callback is faster than our commit of the send.
        now: aware.
    """
    new = session.execute(
        insert(StatusCallback)
        .values(sid=sid, status=status, error_code=error_code, form=form, received_at=now)
        .on_conflict_do_nothing()
        .returning(StatusCallback.id)
    ).scalar()
    if new is None:
        return
    query = select(OutboxMessage).with_for_update()
    if outbox_id is not None:
        query = query.where(OutboxMessage.id == outbox_id)
    else:
        query = query.where(OutboxMessage.provider_sid == sid)
    message = session.scalar(query)
    if message is not None:
        delivery.apply_status(session, message, sid, status, error_code, now)
