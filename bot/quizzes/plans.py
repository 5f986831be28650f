"""Plans as they are kept: read once per process, because a version is never changed."""

from __future__ import annotations

from collections.abc import Iterable
from threading import Lock

from sqlalchemy import select
from sqlalchemy.orm import Session

from bot.quizzes import plan
from bot.quizzes.plan import Plan
from store.quizzes import CampaignVersion

Plans = dict[tuple[int, int], Plan]
_KEPT: dict[tuple[str, int, int], Plan] = {}
_LOCK = Lock()


def load_plans(session: Session, wanted: Iterable[tuple[int, int]]) -> Plans:
    """Plans by (campaign, version)."""
    house = str(session.get_bind().engine.url)  # one process may serve several databases
    keys = set(wanted)
    with _LOCK:
        missing = {key for key in keys if (house, *key) not in _KEPT}
    if missing:
        rows = session.scalars(
            select(CampaignVersion).where(
                CampaignVersion.campaign_id.in_({campaign for campaign, _ in missing})
            )
        ).all()
        with _LOCK:
            for row in rows:
                if (row.campaign_id, row.version) not in missing:
                    continue  # an older one, which perhaps cannot be read any more
                _KEPT[house, row.campaign_id, row.version] = plan.read(row.plan)
    with _LOCK:
        return {key: _KEPT[house, *key] for key in keys if (house, *key) in _KEPT}
