"""Deliveries of webhooks: each a row that is tried until the other side takes it, or it is dead.

An attempt is written down before the call is made, so that a worker that dies in between leaves
a row that is tried again. The other side may thus hear of an event twice, under the same id.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

import httpx
import structlog
from sqlalchemy import delete, select
from sqlalchemy.orm import Session, sessionmaker

from bot.hooks.signature import HEADER, body, signature
from bot.hooks.target import HookError, UnknownName, resolve
from bot.settings import Settings
from store import queue
from store.hooks import Hook, HookDelivery

log = structlog.get_logger(__name__)

# After each attempt that fails; with the last one it is dead, a day and a half later.
PAUSES: Final = tuple(
    timedelta(minutes=minutes) for minutes in (0.5, 2, 10, 30, 120, 360, 720, 1440)
)
# An attempt of a worker that died is taken for failed after this.
LEASE: Final = timedelta(minutes=2)
SECONDS: Final = 10.0
AT_ONCE: Final = 50
KEPT: Final = timedelta(days=30)


@dataclass(frozen=True)
class _Attempt:
    number: int
    attempt: int
    url: str
    secret: str
    content: bytes


def wake_due(session: Session, now: datetime) -> None:
    """Have a job for each webhook for which something is due; and forget what is long over."""
    due = session.scalars(
        select(HookDelivery.hook_id)
        .where(HookDelivery.state == "waiting", HookDelivery.due_at <= now)
        .distinct()
    ).all()
    for hook_id in due:
        if not queue.waits(session, queue.HOOK, "hook_id", hook_id):
            queue.defer(
                session,
                queue.HOOK,
                lock=f"hook:{hook_id}",
                priority=queue.PRIORITY_BULK,
                hook_id=hook_id,
            )


def prune(session: Session, now: datetime) -> None:
    """Forget deliveries that were over a month ago."""
    session.execute(delete(HookDelivery).where(HookDelivery.ended_at < now - KEPT))


def deliver(
    sessions: sessionmaker[Session],
    settings: Settings,
    hook_id: int,
    now: Callable[[], datetime],
) -> int:
    """Deliver what is due for one webhook, the oldest first.

    The first one that fails ends it: the next one would most likely fail too, and has its turn
    with the next tick.

    Args:
        now: aware.

    Returns:
        How many were taken.
    """
    taken = 0
    with httpx.Client(timeout=SECONDS, follow_redirects=False, trust_env=False) as client:
        for _ in range(AT_ONCE):
            with sessions.begin() as session:
                attempt = _claim(session, hook_id, now())
            if attempt is None:
                return taken
            status, reason = _call(client, attempt, settings, now())
            with sessions.begin() as session:
                good = _settle(session, attempt, status, reason, now())
            if not good:
                return taken
            taken += 1
    return taken


def _claim(session: Session, hook_id: int, now: datetime) -> _Attempt | None:
    row = session.execute(
        select(HookDelivery, Hook)
        .join(Hook, Hook.id == HookDelivery.hook_id)
        .where(
            HookDelivery.hook_id == hook_id,
            HookDelivery.state == "waiting",
            HookDelivery.due_at <= now,
        )
        .order_by(HookDelivery.id)
        .limit(1)
        .with_for_update(of=HookDelivery, skip_locked=True)
    ).first()
    if row is None:
        return None
    found, hook = row
    found.attempts += 1
    found.due_at = now + LEASE
    content = body(found.id, found.event, found.happened_at, found.data)
    return _Attempt(found.id, found.attempts, hook.url, hook.secret, content)


def _call(
    client: httpx.Client, attempt: _Attempt, settings: Settings, now: datetime
) -> tuple[int | None, str]:
    """The status of the answer, and a reason where it is not a good one."""
    try:
        target = resolve(attempt.url, private=settings.webhook_private_addresses)
        url = httpx.URL(attempt.url)
        default = url.port is None
        answer = client.send(
            client.build_request(
                "POST",
                # By the address that was looked at; the certificate is still that of the name.
                url.copy_with(host=target.ip),
                content=attempt.content,
                headers={
                    "Host": target.host if default else f"{target.host}:{target.port}",
                    "Content-Type": "application/json",
                    "User-Agent": "Mentorline",
                    HEADER: signature(attempt.secret, attempt.content, now),
                },
                extensions={"sni_hostname": target.host},
            ),
            stream=True,
        )
        # What is said beside the status is nobody's to read, and may have no end.
        answer.close()
    except UnknownName:
        return None, "unknown name"
    except HookError:
        return None, "not allowed"
    except httpx.TimeoutException:
        return None, "too slow"
    except (httpx.HTTPError, httpx.InvalidURL):
        return None, "not reached"
    return answer.status_code, "" if 200 <= answer.status_code < 300 else "not taken"


def _settle(
    session: Session, attempt: _Attempt, status: int | None, reason: str, now: datetime
) -> bool:
    found = session.get_one(HookDelivery, attempt.number, with_for_update=True)
    if found.state != "waiting":
        return not reason
    found.status, found.reason = status, reason or None
    if not reason:
        found.state, found.ended_at = "sent", now
        return True
    if attempt.attempt > len(PAUSES):
        found.state, found.ended_at = "dead", now
    else:
        found.due_at = now + PAUSES[attempt.attempt - 1]
    log.warning("webhook not taken", delivery=found.id, reason=reason, status=status)
    return False
