"""How far the training in the background is, from what is kept of it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final, Literal

from sqlalchemy import select
from sqlalchemy.orm import Session

from store import queue
from store.knowledge import ModelTraining

# Whoever trains gives up after half an hour; what is older was cut off, and is begun again.
LONGEST: Final = timedelta(minutes=45)
# Of so many trainings the middle one says how long it takes.
REMEMBERED: Final = 9
USUALLY: Final = timedelta(minutes=3)

State = Literal["rest", "waits", "runs", "loads"]


@dataclass(frozen=True)
class Training:
    """``state``: ``loads`` is when the dialogue servers take the model that was published.

    ``usually``: how long one takes here. ``last``: the last one that ended, or None. ``drafts``:
    the drafts in the one that runs.
    """

    state: State
    begun_at: datetime | None
    usually: timedelta
    last: ModelTraining | None
    drafts: frozenset[int]

    def percent(self, now: datetime) -> int:
        """How far the one that runs probably is; never 100, for it is not done."""
        if self.begun_at is None:
            return 0
        return min(95, max(0, int(100 * ((now - self.begun_at) / self.usually))))


def of(session: Session, now: datetime) -> Training:
    """The training as it is now."""
    rows = session.scalars(
        select(ModelTraining).order_by(ModelTraining.id.desc()).limit(REMEMBERED)
    ).all()
    newest = rows[0] if rows else None
    ended = [row for row in rows if row.finished_at is not None]
    took = sorted(row.finished_at - row.started_at for row in ended if row.finished_at)
    usually = max(took[len(took) // 2], timedelta(seconds=1)) if took else USUALLY
    state: State = "rest"
    if newest is not None and newest.finished_at is None and now - newest.started_at < LONGEST:
        state = "runs"
    elif queue.training_waits(session):
        state = "waits"
    elif newest is not None and newest.outcome == "published" and newest.loaded_at is None:
        state = "loads"
    runs = newest is not None and state == "runs"
    return Training(
        state,
        newest.started_at if newest is not None and runs else None,
        usually,
        ended[0] if ended else None,
        frozenset(newest.drafts) if newest is not None and runs else frozenset(),
    )
