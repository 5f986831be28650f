"""Webhooks made, removed, tried, and what became of their deliveries."""

from __future__ import annotations

import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from sqlalchemy import func, select, update
from sqlalchemy.orm import Session

from bot.accounts.audit import note
from bot.hooks.events import EVENTS, TEST
from bot.hooks.target import HookError, check
from store.hooks import Hook, HookDelivery

MOST: Final = 20
LATELY: Final = 10


@dataclass(frozen=True)
class Line:
    """One webhook: how many of its deliveries wait and are dead, and the last few of them."""

    hook: Hook
    waiting: int
    dead: int
    lately: Sequence[HookDelivery]


def listed(session: Session) -> list[Line]:
    """The webhooks that are in use, in the order in which they were made."""
    hooks = session.scalars(select(Hook).where(Hook.ended_at.is_(None)).order_by(Hook.id)).all()
    ids = [one.id for one in hooks]
    counts: dict[tuple[int, str], int] = {
        (hook, state): number
        for hook, state, number in session.execute(
            select(HookDelivery.hook_id, HookDelivery.state, func.count())
            .where(HookDelivery.hook_id.in_(ids), HookDelivery.state.in_(("waiting", "dead")))
            .group_by(HookDelivery.hook_id, HookDelivery.state)
        )
    }
    place = (
        func.row_number()
        .over(partition_by=HookDelivery.hook_id, order_by=HookDelivery.id.desc())
        .label("place")
    )
    ranked = select(HookDelivery.id, place).where(HookDelivery.hook_id.in_(ids)).subquery()
    latest: dict[int, list[HookDelivery]] = {}
    for one in session.scalars(
        select(HookDelivery)
        .join(ranked, ranked.c.id == HookDelivery.id)
        .where(ranked.c.place <= LATELY)
        .order_by(HookDelivery.id.desc())
    ):
        latest.setdefault(one.hook_id, []).append(one)
    return [
        Line(
            hook,
            counts.get((hook.id, "waiting"), 0),
            counts.get((hook.id, "dead"), 0),
            latest.get(hook.id, ()),
        )
        for hook in hooks
    ]


def add(
    session: Session,
    url: str,
    events: Sequence[str],
    *,
    private: bool,
    now: datetime,
    by: int | None,
) -> Hook:
    """Make a webhook; its secret is shown once, after this.

    Args:
        private: the settings allow addresses within our own network.
        now: aware, the real time.

    Raises:
        HookError: the address or the events cannot be used, or there are too many.
    """
    url = check(url, private=private)
    wanted = [name for name in EVENTS if name in events]
    if not wanted:
        raise HookError("Please choose at least one event.")
    if (session.scalar(select(func.count(Hook.id)).where(Hook.ended_at.is_(None))) or 0) >= MOST:
        raise HookError("There are many webhooks already: please remove one first.")
    made = Hook(
        url=url, events=wanted, secret=secrets.token_urlsafe(32), account_id=by, made_at=now
    )
    session.add(made)
    session.flush()
    note(session, "webhook_added", now, by=by, number=made.id, events=" ".join(wanted))
    return made


def called(session: Session, hook_id: int) -> Hook:
    """A webhook in use.

    Raises:
        HookError: there is none with this number.
    """
    found = session.scalar(
        select(Hook).where(Hook.id == hook_id, Hook.ended_at.is_(None)).with_for_update()
    )
    if found is None:
        raise HookError("This webhook was removed.")
    return found


def end(session: Session, hook: Hook, now: datetime, *, by: int | None) -> None:
    """Remove a webhook; what waits for it is not delivered."""
    hook.ended_at = now
    session.execute(
        update(HookDelivery)
        .where(HookDelivery.hook_id == hook.id, HookDelivery.state == "waiting")
        .values(state="dropped", ended_at=now)
    )
    note(session, "webhook_removed", now, by=by, number=hook.id)


def test(session: Session, hook: Hook, moment: datetime) -> HookDelivery:
    """Send a test, as everything else is sent. ``moment``: aware, the programme's time."""
    made = HookDelivery(
        hook_id=hook.id, event=TEST, data={"webhook": hook.id}, happened_at=moment, due_at=moment
    )
    session.add(made)
    session.flush()
    return made


def again(session: Session, hook: Hook, moment: datetime) -> int:
    """Try once more what was given up; how many. ``moment``: aware, the programme's time."""
    found = session.scalars(
        update(HookDelivery)
        .where(HookDelivery.hook_id == hook.id, HookDelivery.state == "dead")
        .values(state="waiting", attempts=0, due_at=moment, ended_at=None)
        .returning(HookDelivery.id)
    )
    return len(found.all())
