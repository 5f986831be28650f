"""What a web process is made of: settings, database, clock, counters."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import cast

from flask import current_app
from prometheus_client import CollectorRegistry, Counter
from sqlalchemy import Engine
from sqlalchemy.orm import Session, sessionmaker

from bot.dialogues.actions.thresholds import ThresholdsFile
from bot.settings import Settings
from store.clock import utc_now


class Counters:
    """Prometheus counters of one process."""

    def __init__(self, registry: CollectorRegistry) -> None:
        self.inbound = Counter(
            "mentorline_inbound_total", "Messages accepted", ["channel"], registry=registry
        )
        self.actions = Counter(
            "mentorline_actions_total", "Rasa actions carried out", ["action"], registry=registry
        )


@dataclass(frozen=True)
class House:
    """The composition of a web process."""

    settings: Settings
    engine: Engine
    sessions: sessionmaker[Session]
    thresholds: ThresholdsFile
    registry: CollectorRegistry
    counters: Counters
    now: Callable[[], datetime] = utc_now


def house() -> House:
    """The house of the current request."""
    return cast(House, current_app.extensions["mentorline"])
