"""Every report by its name."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from sqlalchemy.orm import Session

from bot.mentoring.competencies import Catalogue
from bot.reports import answers, care, meetings, plans, programme, stock, turnover
from bot.reports.query import PLACES, Wanted
from bot.reports.table import Report

Compute = Callable[[Session, Wanted, Catalogue], Report]


@dataclass(frozen=True)
class Entry:
    """``by``: what it can be grouped by."""

    compute: Compute
    by: tuple[str, ...] = PLACES


REPORTS: Final[dict[str, Entry]] = {
    "knowledge-gain": Entry(answers.knowledge_gain, ()),
    "encounters": Entry(meetings.encounters, (*PLACES, "topic")),
    "cadence": Entry(meetings.cadence, ("mentor", "facility", "group")),
    "active": Entry(answers.active),
    "response": Entry(
        answers.response,
        (*PLACES, "channel", "operator"),
    ),
    "time-to-answer": Entry(answers.time_to_answer, (*PLACES, "channel")),
    "unreadable": Entry(answers.unreadable),
    "item-quality": Entry(answers.item_quality, ()),
    "questions": Entry(care.questions),
    "service-level": Entry(care.service_level),
    "danger": Entry(care.danger),
    "stock-outs": Entry(stock.stock_outs, ("district", "facility")),
    "plans": Entry(plans.plans),
    "plan": Entry(plans.plans),
    "cascade": Entry(turnover.cascade),
    "attrition": Entry(turnover.attrition),
    "cost": Entry(programme.cost, ()),
}
"""In the order in which they are listed; beside these, ``validated`` and ``matrix``."""
