"""`./mentorline campaign mentee` and `campaign progress`: figures, and the rows they come from."""

import json
import sys
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from typing import Any

from rich.console import Console
from rich.table import Table
from rich.text import Text
from sqlalchemy import select
from sqlalchemy.orm import Session

from bot import people
from bot.quizzes import campaigns
from bot.quizzes.calendar import zone
from bot.quizzes.outcome import outcome
from bot.quizzes.progress import Figures, figures, short, trace
from bot.settings import Settings
from cli.common import settings
from cli.demo import now
from cli.errors import Refusal
from cli.records import session_of
from store.people import Person
from store.quizzes import Campaign, Enrolment, Preference

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
