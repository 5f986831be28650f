"""`./mentorline campaign mentee` and `campaign progress`: figures, and the rows they come from."""

import json
import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict
from datetime import datetime, timedelta
from typing import Any

from rich.console import Console
from rich.table import Table
from rich.text import Text
from sqlalchemy import BigInteger, ColumnElement, Float, and_, case, cast, func, literal, select
from sqlalchemy.dialects.postgresql import aggregate_order_by
from sqlalchemy.orm import Session
from sqlalchemy.sql.elements import SQLCoreOperations

from bot import people
from bot.quizzes import campaigns, catalogue, spending
from bot.quizzes.calendar import zone
from bot.quizzes.giving import QUESTION, REMINDER, WANTED
from bot.quizzes.progress import Figures, figures, short, trace
from bot.settings import Settings
from cli.common import settings
from cli.demo import now
from cli.errors import Refusal
from cli.records import session_of
from store.base import UtcDateTime
from store.messages import OutboxMessage
from store.people import Facility, Person
from store.quizzes import Answer, Campaign, Dose, Enrolment, LearnerItem, Preference

LEAST_CELL = 5
"""Groups, and figures about the answers, of fewer mentees are not shown."""
IN_TIME = timedelta(hours=72)
LEAST_ANSWERS = 5
HARDEST = 10
TOO_FEW = f"<{LEAST_CELL}"
WIDTH = 170
"""Characters a line, where no terminal says otherwise."""
_ROWS_OF = {"missed": "dose", "learnt": "item", "in_use": "item", "due_now": "item"}


def mentee(who: str, as_json: bool) -> None:
    """Prints all that is known of one mentee's doses, and the figures with their rows.

    Raises:
        Refusal: nobody has this phone or external id.
    """
    current = settings()
    with session_of(current) as session:
        person = person_called(session, who, current)
        found = figures(session, person, now(current))
        lines = trace(session, person)
        head = _head(session, person, who)
    if as_json:
        counted = {
            name: {"value": len(ids), "rows": _ROWS_OF.get(name, "answer"), "ids": list(ids)}
            for name, ids in found.rows.items()
        }
        _print_json({"mentee": head, "figures": counted | _others(found), "doses": lines})
    else:
        _print_mentee(head, found, lines, person)


def progress(name: str, by: str | None, as_json: bool) -> None:
    """Prints the figures of one campaign, for all and by one property of its mentees.

    Raises:
        Refusal: there is no such campaign.
    """
    current = settings()
    with session_of(current) as session:
        row = campaigns.by_name(session, name)
        if row is None:
            raise Refusal(f"There is no campaign called {name!r}.")
        found = outcome(session, row, by, now(current))
    if as_json:
        _print_json(found)
    else:
        _print_campaign(found)


def person_called(session: Session, who: str, current: Settings) -> Person:
    """The one person with a phone or an external id.

    Raises:
        Refusal: there is none, or more than one.
    """
    found = people.called(session, who, current.default_region)
    if not found:
        raise Refusal(f"Nobody has the phone or external id {who}.")
    if len(found) > 1:
        raise Refusal(f"{who} belongs to {len(found)} people; give an external id.")
    return found[0]


def _head(session: Session, person: Person, who: str) -> dict[str, Any]:
    wishes = session.get(Preference, person.id)
    rows = session.execute(
        select(Campaign.name, Campaign.state, Enrolment.joined_at, Enrolment.left_at)
        .add_columns(Enrolment.reason)
        .join(Campaign, Campaign.id == Enrolment.campaign_id)
        .where(Enrolment.person_id == person.id)
        .order_by(Enrolment.joined_at, Enrolment.id)
    )
    return {
        "asked_for": who,
        "name": people.display_name(person, "no name"),
        "cadre": person.cadre,
        "facility": person.facility.name if person.facility else None,
        "district": person.facility.district if person.facility else None,
        "language": person.language,
        "timezone": person.timezone,
        "consent": person.consent,
        "stopped_at": person.stopped_at,
        "enrolments": [dict(row._mapping) for row in rows],
        "wishes": None
        if wishes is None
        else {
            name: getattr(wishes, name) for name in ("hour", "per_week", "weekends", "paused_until")
        },
    }


def _others(found: Figures) -> dict[str, Any]:
    return {
        "competencies": [
            {"id": part.id, "answers": part.answers, "right": part.rights}
            for part in found.competencies
        ],
        "strongest": found.strongest and found.strongest.id,
        "to_work_on": found.to_work_on and found.to_work_on.id,
        "next_question": found.next_question,
        "since": found.since,
    }


def outcome(session: Session, row: Campaign, by: str | None, now: datetime) -> dict[str, Any]:
    """The figures of one campaign, as plain values; shares are 0 to 1, times seconds.

    Response rate: answered within 72 hours of leaving, over delivered (learning.md); questions that
    left without a receipt are counted beside it. Groups of fewer than five mentees, and figures
    about the answers of fewer than five, show "<5" (``TOO_FEW``); groups stand in their names'
    order, never in that of their results.

    Args:
        by: one of ``BY``, or None.
        now: aware.
    """
    ours = Enrolment.campaign_id == row.id
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
        .where(Dose.campaign_id == row.id)
        .group_by(Dose.kind, Dose.state, Dose.reason)
        .order_by(Dose.kind, Dose.state, Dose.reason)
    )
    spent = spending.spent(session, row.id)
    budget = campaigns.plan_of(session, row).budget
    found: dict[str, Any] = {
        "campaign": row.name,
        "state": row.state,
        "reason": row.reason,
        "enrolled": enrolled,
        "left": left,
        **active,
        "doses": [dict(one._mapping) for one in states],
        "questions": _cells(session, row.id, None)[0],
        "retired": _retired(session, row.id),
        "hardest": _hardest(session, row.id),
        "rules": _rules(session, row.id),
        "cost": {
            **asdict(spent),
            "money": spent.cost(budget) if budget is not None else None,
            "currency": budget.currency if budget is not None else None,
        },
    }
    if by is not None:
        found["by"] = by
        found["groups"] = [suppressed(cell) for cell in _cells(session, row.id, by)]
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


def _cells(session: Session, campaign_id: int, by: str | None) -> list[dict[str, Any]]:
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
        .where(Enrolment.campaign_id == campaign_id)
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


def _share(part: int, whole: int) -> float | None:
    return round(part / whole, 4) if whole else None


def _retired(session: Session, campaign_id: int) -> int:
    """Items that mentees have learnt, counted once per mentee, of those the campaign asked."""
    pairs = (
        select(Answer.person_id, Answer.item_id)
        .where(Answer.campaign_id == campaign_id)
        .distinct()
        .subquery()
    )
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


def _hardest(session: Session, campaign_id: int) -> list[dict[str, Any]]:
    """The items with the smallest share of right answers, of those with five answers."""
    share = cast(func.count().filter(Answer.right), Float) / func.count()
    newest = func.max(Answer.item_version).label("version")
    rows = session.execute(
        select(Answer.item_id, newest, func.count().label("answers"), share.label("right_share"))
        .where(Answer.campaign_id == campaign_id)
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


def _rules(session: Session, campaign_id: int) -> list[dict[str, Any]]:
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
        .where(Answer.campaign_id == campaign_id)
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


def _print_campaign(found: Mapping[str, Any]) -> None:
    out, all_of = _console(), found["questions"]
    reason = f"({found['reason']})" if found["reason"] else ""
    _say(out, f"{found['campaign']}: {found['state']} {reason}".strip())
    active = (f"active in {days} days {found[f'active_{days}_days']}" for days in (14, 30))
    _say(out, f"enrolled {found['enrolled']}", f"left {found['left']}", *active)
    _say(
        out,
        f"answered within 72 h {_percent(all_of['response_rate'])}"
        f" ({all_of['answered_in_time']} of {all_of['delivered']} delivered)",
        f"{all_of['open']} still open",
        f"{all_of['without_receipt']} sent without a receipt",
        f"{all_of['not_delivered']} not delivered",
    )
    took = all_of["median_seconds"]
    _say(
        out,
        f"time to answer {_took(took) if took is not None else '-'} (median)",
        f"within 1 h {_percent(all_of['within_hour'])}",
        f"could not be read {_percent(all_of['unreadable_share'])}",
    )
    _say(
        out,
        f"right {_percent(all_of['right_share'])} of {all_of['answers']}",
        f"first try {_percent(all_of['first_share'])} of {all_of['first']}",
        f"repeats {_percent(all_of['repeat_share'])} of {all_of['answers'] - all_of['first']}",
        f"items learnt {found['retired']}",
    )
    cost = found["cost"]
    money = f"{cost['money']:.2f} {cost['currency']}" if cost["money"] is not None else ""
    _say(
        out,
        f"messages {cost['messages']}",
        f"SMS segments {cost['segments']}",
        f"WhatsApp templates {cost['templates']}",
        f"WhatsApp in the window {cost['free']}",
        money,
    )
    _show(out, "Doses", found["doses"])
    if "by" in found:
        groups = [{name: cell[name] for name in _SHOWN} for cell in found["groups"]]
        _show(out, f"By {found['by']}", groups)
    _show(out, "Hardest questions", found["hardest"])
    if len(found["rules"]) > 1:
        _show(out, "Rules of spacing", found["rules"])


_SHOWN = (
    *("group", "mentees", "asked", "delivered", "without_receipt", "response_rate", "answers"),
    *("right_share", "median_seconds", "within_hour", "unreadable_share"),
)


def _show(out: Console, title: str, rows: Sequence[Mapping[str, Any]]) -> None:
    if not rows:
        return
    out.print()
    _say(out, title)
    table = _table(*(name.replace("_seconds", "_time").replace("_", " ") for name in rows[0]))
    for row in rows:
        _row(table, *(_shown(name, value) for name, value in row.items()))
    out.print(table)


def _shown(name: str, value: Any) -> str:
    if value is None or isinstance(value, str):
        return value or "-"
    if name.endswith(("share", "rate", "hour", "recall")):
        return _percent(value)
    if name == "median_seconds":
        return _took(value)
    return f"{value:.1f}" if isinstance(value, float) else str(value)


def _percent(share: float | None) -> str:
    return "-" if share is None else f"{share * 100:.0f} %"


def _local(moment: datetime | None, timezone: str) -> str:
    return f"{moment.astimezone(zone(timezone)):%Y-%m-%d %H:%M}" if moment is not None else ""


def _lines(*parts: str | None) -> str:
    return "\n".join(" ".join(part.split()) for part in parts if part)


def _print_mentee(
    head: Mapping[str, Any], found: Figures, lines: Sequence[Mapping[str, Any]], person: Person
) -> None:
    here = person.timezone

    def at(moment: datetime | None) -> str:
        return _local(moment, here)

    out = _console()
    place = ", ".join(filter(None, (head["cadre"], head["facility"], head["district"])))
    _say(out, f"{head['asked_for']}: {head['name']}", place)
    consent = f"consent: {head['consent']}"
    stopped = f"texted STOP on {at(head['stopped_at'])}" if head["stopped_at"] else ""
    _say(out, f"language {head['language']}, times as in {here}", consent, stopped)
    for one in head["enrolments"]:
        left = f"left {at(one['left_at'])} ({one['reason']})" if one["left_at"] else one["state"]
        _say(out, f"campaign {one['name']!r}: joined {at(one['joined_at'])}", left)
    wishes = {name: value for name, value in (head["wishes"] or {}).items() if value is not None}
    if wishes:
        wishes["paused_until"] = at(wishes.get("paused_until")) or None
        _say(out, "wishes:", *(f"{name} {value}" for name, value in wishes.items() if value))
    out.print()
    for name, ids in found.rows.items():
        rows = f" ({_ROWS_OF.get(name, 'answer')}s {_listed(ids)})" if ids else ""
        _say(out, f"{name.replace('_', ' ')} {len(ids)}{rows}")
    for part in found.competencies:
        counted = f"{len(part.rights)} right of {len(part.answers)}"
        rows = f" (answers {_listed(part.answers)})"
        _say(out, f"{short(part.title, person.language)}: {counted}{rows}")
    for name, best in (("strongest", found.strongest), ("to work on", found.to_work_on)):
        if best is not None:
            _say(out, f"{name}: {short(best.title, person.language)}")
    _say(out, f"first question {at(found.since) or '-'}", f"next {at(found.next_question) or '-'}")
    out.print()
    table = _table("Dose", "When", "Question", "Answer", "State before -> after", "Messages")
    for line in lines:
        _row(table, *_cells_of(line, at))
    out.print(table)


def _cells_of(line: Mapping[str, Any], at: Callable[[datetime | None], str]) -> list[str]:
    answer, reason = line["answer"], line["reason"]
    asked = f"{line['item_id']}@{line['item_version']}" if line["item_id"] else line["kind"]
    given = state = ""
    if answer is not None:
        marks = [
            "right" if answer["right"] else "wrong",
            *(["first try"] if answer["first"] else []),
            *(["late"] if answer["late"] else []),
        ]
        given = _lines(
            f"answer {answer['id']}: {at(answer['answered_at'])}, after {_took(answer['latency'])}",
            f"{answer['text']!r} = {answer['option']} {answer['words']}",
            ", ".join(marks),
        )
        due = datetime.fromisoformat(answer["next_due"]) if answer["next_due"] else None
        state = _lines(
            f"{_state(answer['before'])} -> {_state(answer['after'])} ({answer['rule']})",
            f"next due {at(due)}" if due else "not due again",
        )
    unread = line["unreadable"]
    return [
        _lines(
            str(line["id"]), line["campaign"], line["state"] + (f": {reason}" if reason else "")
        ),
        _lines(
            f"planned {at(line['planned_at'])}",
            line["sent_at"] and f"sent {at(line['sent_at'])}",
            line["reminded_at"] and f"reminded {at(line['reminded_at'])}",
            line["remind_at"] and f"reminder at {at(line['remind_at'])}",
        ),
        _lines(asked, line["chosen"]),
        _lines(given, f"{unread} could not be read" if unread else None),
        state,
        _lines(
            *(
                f"{one['kind']}: {one['channel'] or ''} {_WAY.get(one['form'], '')} {one['state']}"
                f"{' (' + one['reason'] + ')' if one['reason'] else ''}"
                for one in line["messages"]
            ),
            f"SMS segments {line['segments']}" if line["segments"] else None,
        ),
    ]


_WAY = {"template": "template"}


def _state(state: Mapping[str, Any]) -> str:
    if not state.get("answers"):
        return "new"
    return "learnt" if state.get("retired") else f"{state.get('streak', 0)} right in a row"


def _took(seconds: float) -> str:
    return f"{seconds / 60:.0f} min" if seconds < 2 * 3600 else f"{seconds / 3600:.1f} h"


def _listed(ids: Sequence[object], most: int = 20) -> str:
    more = f" and {len(ids) - most} more" if len(ids) > most else ""
    return ", ".join(map(str, ids[:most])) + more


def _console() -> Console:
    return Console(highlight=False, width=None if sys.stdout.isatty() else WIDTH)


def _table(*heading: str) -> Table:
    table = Table(show_lines=sys.stdout.isatty(), header_style="bold")
    for name in heading:
        table.add_column(name, overflow="fold")
    return table


def _row(table: Table, *cells: object) -> None:
    table.add_row(*(Text(_plain(cell)) for cell in cells))


def _say(out: Console, *parts: str) -> None:
    out.print(Text(_plain(", ".join(filter(None, parts)))), soft_wrap=True)


def _plain(cell: object) -> str:
    """What people typed may hold what moves a terminal's cursor."""
    return "".join(c if c.isprintable() or c == "\n" else " " for c in str(cell))


def _print_json(data: Mapping[str, Any]) -> None:
    print(json.dumps(data, indent=2, ensure_ascii=False, default=datetime.isoformat))
