"""What came of a campaign: who answers, how soon, how right, and what it cost. Only reads."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import asdict
from datetime import datetime, timedelta
from typing import Any, Final

from sqlalchemy import (
    BigInteger,
    ColumnElement,
    Float,
    and_,
    case,
    cast,
    func,
    literal,
    select,
    true,
)
from sqlalchemy.dialects.postgresql import aggregate_order_by
from sqlalchemy.orm import InstrumentedAttribute, Session
from sqlalchemy.sql.elements import SQLCoreOperations

from bot.quizzes import campaigns, catalogue, spending
from bot.quizzes.giving import QUESTION, REMINDER, WANTED
from bot.reports.table import LEAST_CELL, TOO_FEW
from store.base import UtcDateTime
from store.messages import OutboxMessage
from store.people import Facility, Person
from store.quizzes import Answer, Campaign, Dose, Enrolment, LearnerItem

IN_TIME: Final = timedelta(hours=72)
LEAST_ANSWERS: Final = 5
HARDEST: Final = 10

About = Callable[[InstrumentedAttribute[int]], ColumnElement[bool]]


def everybody(_column: InstrumentedAttribute[int]) -> ColumnElement[bool]:
    """All mentees."""
    return true()


def outcome(
    session: Session,
    row: Campaign,
    by: str | None,
    now: datetime,
    about: About = everybody,
    *,
    of_items: bool = True,
) -> dict[str, Any]:
    """The figures of one campaign, as plain values; shares are 0 to 1, times seconds.

    Response rate: answered within 72 hours of leaving, over delivered (learning.md); questions that
    left without a receipt are counted beside it. Groups of fewer than five mentees, and figures
    about the answers of fewer than five, show "<5" (``TOO_FEW``); groups stand in their names'
    order, never in that of their results.

    Args:
        by: one of ``BY``, or None.
        now: aware.
        about: the mentees whose figures they are, as a condition on a column of their ids.
        of_items: also the hardest items, and what each rule of spacing has led to.
    """
    ours = and_(Enrolment.campaign_id == row.id, about(Enrolment.person_id))
    enrolled, left = session.execute(
        select(func.count().filter(Enrolment.left_at.is_(None)), func.count(Enrolment.left_at))
        .select_from(Enrolment)
        .where(ours)
    ).one()
    active = {
        f"active_{days}_days": session.scalar(
            select(func.count(Answer.person_id.distinct()))
            .join(Enrolment, and_(ours, Enrolment.person_id == Answer.person_id))
            .where(
                Answer.campaign_id == row.id,
                Enrolment.left_at.is_(None),
                Answer.answered_at > now - timedelta(days=days),
            )
        )
        for days in (14, 30)
    }
    states = session.execute(
        select(Dose.kind, Dose.state, Dose.reason, func.count().label("doses"))
        .where(Dose.campaign_id == row.id, about(Dose.person_id))
        .group_by(Dose.kind, Dose.state, Dose.reason)
        .order_by(Dose.kind, Dose.state, Dose.reason)
    )
    spent = spending.spent(session, row.id, about(Dose.person_id))
    budget = campaigns.plan_of(session, row).budget
    found: dict[str, Any] = {
        "campaign": row.name,
        "state": row.state,
        "reason": row.reason,
        "enrolled": enrolled,
        "left": left,
        **active,
        "doses": [dict(one._mapping) for one in states],
        "questions": _cells(session, row.id, None, about)[0],
        "retired": _retired(session, _answers(row, about)),
        **(_of_items(session, _answers(row, about)) if of_items else {}),
        "cost": {
            **asdict(spent),
            "money": spent.cost(budget) if budget is not None else None,
            "currency": budget.currency if budget is not None else None,
        },
    }
    if by is not None:
        found["by"] = by
        found["groups"] = [suppressed(cell) for cell in _cells(session, row.id, by, about)]
    return found


def suppressed(cell: Mapping[str, Any]) -> dict[str, Any]:
    """A group's figures as they may be shown."""
    if cell["mentees"] < LEAST_CELL:
        return {name: value if name == "group" else TOO_FEW for name, value in cell.items()}
    hidden = _OF_ANSWERS if cell["answered_by"] < LEAST_CELL else frozenset()
    if cell["reached"] < LEAST_CELL:
        hidden = hidden | {"response_rate"}
    return {name: TOO_FEW if name in hidden else value for name, value in cell.items()}


BY = ("facility", "district", "cadre", "channel")
_OF_ANSWERS = frozenset(
    ("right_share", "first_share", "repeat_share", "median_seconds", "within_hour")
)


def _cells(
    session: Session, campaign_id: int, by: str | None, about: About
) -> list[dict[str, Any]]:
    """Figures of the campaign's questions, per group of mentees or, without ``by``, of all."""
    asking = OutboxMessage.kind.in_((QUESTION, WANTED, REMINDER))
    channels = func.array_agg(aggregate_order_by(OutboxMessage.channel, OutboxMessage.id))
    asked = (
        select(
            OutboxMessage.dose_id,
            func.bool_or(OutboxMessage.state.in_(("delivered", "read"))).label("delivered"),
            func.bool_or(OutboxMessage.state.in_(("sending", "sent", "unknown"))).label("sent"),
            channels.filter(OutboxMessage.channel.is_not(None))[1].label("channel"),
        )
        .join(Dose, Dose.id == OutboxMessage.dose_id)
        .where(Dose.campaign_id == campaign_id, asking)
        .group_by(OutboxMessage.dose_id)
        .subquery()
    )
    in_place = case(
        (Facility.district != "", Facility.name + " (" + Facility.district + ")"),
        else_=Facility.name,
    )
    groups: dict[str | None, SQLCoreOperations[Any]] = {
        None: literal("all"),
        "facility": in_place,
        "district": func.nullif(Facility.district, ""),
        "cadre": Person.cadre,
        "channel": asked.c.channel,
    }
    group = func.coalesce(groups[by], "-").label("group")
    delivered = func.coalesce(asked.c.delivered, False)
    in_doubt = ~delivered & func.coalesce(asked.c.sent, False)
    in_time = Answer.latency <= IN_TIME.total_seconds()

    def number(*which: SQLCoreOperations[bool]) -> ColumnElement[int]:
        return func.count(Dose.id).filter(*which)

    mentees = func.count(Enrolment.person_id.distinct())
    query = (
        select(
            group,
            mentees.label("mentees"),
            func.count(Dose.id).label("asked"),
            number(delivered).label("delivered"),
            number(in_doubt).label("without_receipt"),
            number(~delivered & ~in_doubt).label("not_delivered"),
            number(Dose.state == "open", delivered).label("open"),
            number(delivered, in_time).label("answered_in_time"),
            mentees.filter(delivered).label("reached"),
            func.count(Answer.id).label("answers"),
            mentees.filter(Answer.id.is_not(None)).label("answered_by"),
            number(Answer.right).label("right"),
            number(Answer.first).label("first"),
            number(Answer.first, Answer.right).label("first_right"),
            func.percentile_cont(0.5).within_group(Answer.latency).label("median_seconds"),
            number(Answer.latency <= 3600).label("in_an_hour"),
            func.coalesce(cast(func.sum(Dose.unreadable), BigInteger), 0).label("unreadable"),
        )
        .select_from(Enrolment)
        .join(Person, Person.id == Enrolment.person_id)
        .outerjoin(Facility, Facility.id == Person.facility_id)
        .outerjoin(
            Dose,
            (Dose.campaign_id == Enrolment.campaign_id)
            & (Dose.person_id == Enrolment.person_id)
            & (Dose.kind == "question")
            & Dose.sent_at.is_not(None),
        )
        .outerjoin(asked, asked.c.dose_id == Dose.id)
        .outerjoin(Answer, Answer.dose_id == Dose.id)
        .where(Enrolment.campaign_id == campaign_id, about(Enrolment.person_id))
    )
    # Not grouped, the figures of nobody are zeros instead of no row.
    rows = session.execute(query.group_by(group).order_by(group) if by is not None else query)
    return [_with_shares(dict(row._mapping)) for row in rows]


def _with_shares(cell: dict[str, Any]) -> dict[str, Any]:
    repeats, again = cell["answers"] - cell["first"], cell["right"] - cell["first_right"]
    cell["response_rate"] = _share(cell["answered_in_time"], cell["delivered"])
    cell["right_share"] = _share(cell["right"], cell["answers"])
    cell["first_share"] = _share(cell["first_right"], cell["first"])
    cell["repeat_share"] = _share(again, repeats)
    cell["within_hour"] = _share(cell.pop("in_an_hour"), cell["answers"])
    cell["unreadable_share"] = _share(cell["unreadable"], cell["unreadable"] + cell["answers"])
    return cell


def _answers(row: Campaign, about: About) -> ColumnElement[bool]:
    return and_(Answer.campaign_id == row.id, about(Answer.person_id))


def _share(part: int, whole: int) -> float | None:
    return round(part / whole, 4) if whole else None


def _retired(session: Session, answers: ColumnElement[bool]) -> int:
    """Items that mentees have learnt, counted once per mentee, of those the campaign asked."""
    pairs = select(Answer.person_id, Answer.item_id).where(answers).distinct().subquery()
    same = (LearnerItem.person_id == pairs.c.person_id) & (LearnerItem.item_id == pairs.c.item_id)
    return (
        session.scalar(
            select(func.count())
            .select_from(LearnerItem)
            .join(pairs, same)
            .where(LearnerItem.retired.is_not(None))
        )
        or 0
    )


def _of_items(session: Session, answers: ColumnElement[bool]) -> dict[str, Any]:
    return {"hardest": _hardest(session, answers), "rules": _rules(session, answers)}


def _hardest(session: Session, answers: ColumnElement[bool]) -> list[dict[str, Any]]:
    """The items with the smallest share of right answers, of those with five answers."""
    share = cast(func.count().filter(Answer.right), Float) / func.count()
    newest = func.max(Answer.item_version).label("version")
    rows = session.execute(
        select(Answer.item_id, newest, func.count().label("answers"), share.label("right_share"))
        .where(answers)
        .group_by(Answer.item_id)
        .having(func.count() >= LEAST_ANSWERS)
        .order_by(share, func.count().desc(), Answer.item_id)
        .limit(HARDEST)
    ).all()
    items = catalogue.versions(session, [(row.item_id, row.version) for row in rows])
    return [
        {
            "item": row.item_id,
            "answers": row.answers,
            "right_share": round(row.right_share, 4),
            "stem": (item := items[row.item_id, row.version]).stem[item.language("en")],
        }
        for row in rows
    ]


def _rules(session: Session, answers: ColumnElement[bool]) -> list[dict[str, Any]]:
    """What each rule of spacing has led to; a repeat is any answer but the first to an item."""
    again = ~Answer.first
    last = cast(Answer.before["last"].astext, UtcDateTime())
    days = func.extract("epoch", Answer.answered_at - last) / 86400
    rows = session.execute(
        select(
            Answer.rule,
            func.count().label("answers"),
            func.count(Answer.person_id.distinct()).label("mentees"),
            func.count().filter(again).label("repeats"),
            func.count().filter(again, Answer.right).label("right"),
            cast(func.percentile_cont(0.5).within_group(days).filter(again), Float).label("days"),
            func.avg(Answer.recall).filter(again).label("recall"),
        )
        .where(answers)
        .group_by(Answer.rule)
        .order_by(Answer.rule)
    )
    return [
        {
            "rule": row.rule,
            "mentees": row.mentees,
            "answers": row.answers,
            "repeats": row.repeats,
            "repeat_share": _share(row.right, row.repeats),
            "median_days_between": row.days,
            # Kerfoot's rule predicts nothing that could be reported.
            "predicted_recall": row.recall if row.rule == "fsrs" else None,
        }
        for row in rows
    ]
