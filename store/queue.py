"""Putting work into the queue, in the same transaction as the rows it is about."""

from __future__ import annotations

from typing import Any

import procrastinate
from sqlalchemy import BigInteger, TextualSelect, column, text
from sqlalchemy.orm import Session

# The deferring side never opens this connector: the session's connection carries the job.
_APP = procrastinate.App(connector=procrastinate.SyncPsycopgConnector())

# Higher goes first. STOP overtakes everything of the same person; bulk yields to replies.
PRIORITY_CONSENT = 100
PRIORITY_URGENT = 80
PRIORITY_REPLY = 50
PRIORITY_BULK = 0

# Seconds without a heartbeat after which a worker is dead and its jobs are done by others.
STALLED_AFTER = 10.0

RECEIVE = "receive"
SEND = "send_person"
BULK = "bulk"
TRAIN = "train"
CAMPAIGN = "campaign"
IMPORT = "import_file"
HOOK = "deliver_hook"

# Training needs Rasa's environment and the models' folder: only workers that have them take it.
QUEUE = "default"
TRAINING_QUEUE = "training"


def person_lock(person_id: int) -> str:
    """The lock under which everything about one person happens, one at a time and in order."""
    return f"person:{person_id}"


def defer(
    session: Session,
    task: str,
    *,
    lock: str | None = None,
    priority: int = PRIORITY_REPLY,
    **arguments: Any,
) -> None:
    """Defer a job that becomes visible when the session commits, and not if it rolls back.

    Args:
        task: the task's name, registered by ``scheduler.jobs``.
        lock: jobs with the same lock run one at a time, by priority, then in order.
        arguments: JSON values handed to the task.
    """
    raw = session.connection().connection.driver_connection
    _APP.configure_task(
        name=task, allow_unknown=True, lock=lock, priority=priority, connection=raw
    ).defer(**arguments)


def defer_send(session: Session, person_id: int, priority: int = PRIORITY_REPLY) -> None:
    """Have a person's queued messages sent as soon as this transaction is committed."""
    defer(session, SEND, lock=person_lock(person_id), priority=priority, person_id=person_id)


def people_with_waiting_sends() -> TextualSelect:
    """A query for the ids of everybody for whom a sending job waits already."""
    return (
        text(
            "SELECT (args->>'person_id')::bigint AS person_id FROM procrastinate_jobs "
            "WHERE status = 'todo' AND task_name = :send_task"
        )
        .bindparams(send_task=SEND)
        .columns(column("person_id", BigInteger))
    )


def waits(session: Session, task: str, argument: str, value: int) -> bool:
    """Whether a job of a task waits or is being done for this value of an argument."""
    found = session.execute(
        text(
            "SELECT 1 FROM procrastinate_jobs WHERE status IN ('todo', 'doing') "
            "AND task_name = :task AND args->>:argument = :value LIMIT 1"
        ),
        {"task": task, "argument": argument, "value": str(value)},
    )
    return found.first() is not None


def bulk_lock(lane: int) -> str:
    """The lock of one lane of campaign messages."""
    return f"bulk:{lane}"


def waiting_bulk(session: Session) -> set[str]:
    """The lanes for which a job waits already, by their locks."""
    return set(
        session.execute(
            text("SELECT lock FROM procrastinate_jobs WHERE status = 'todo' AND task_name = :task"),
            {"task": BULK},
        ).scalars()
    )


def lanes(session: Session) -> int:
    """One lane of campaign messages for each living worker, at least one."""
    found = session.execute(
        text(
            "SELECT count(*) FROM procrastinate_workers "
            "WHERE last_heartbeat > now() - make_interval(secs => :age)"
        ),
        {"age": STALLED_AFTER},
    )
    return max(1, int(found.scalar_one()))


def training_waits(session: Session) -> bool:
    """Whether a training has been asked for that has not begun."""
    waits = session.execute(
        text(
            "SELECT 1 FROM procrastinate_jobs WHERE status = 'todo' AND task_name = :task LIMIT 1"
        ),
        {"task": TRAIN},
    ).first()
    return waits is not None


def defer_training(session: Session) -> None:
    """Have the model trained in the background; one waiting job is enough for any number."""
    if not training_waits(session):
        raw = session.connection().connection.driver_connection
        _APP.configure_task(
            name=TRAIN,
            allow_unknown=True,
            queue=TRAINING_QUEUE,
            lock=TRAIN,
            priority=PRIORITY_BULK,
            connection=raw,
        ).defer()
