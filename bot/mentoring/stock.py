"""Stock-outs: reported by whoever works there, seen to by the district, closed by who reported it.

A report moves by what people say (``open``, ``sent``, ``refused``, ``arrived``, ``closed``) and by
due rows. Whatever changes one holds its row first; a person's own row is written only in that
person's turn, or by the clock, which takes it before.
"""

from __future__ import annotations

import secrets
from datetime import datetime, timedelta
from typing import Final, Literal

from sqlalchemy import func, select, text, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from bot import outbox
from bot.hooks import events, noting
from bot.mentoring import offices
from bot.mentoring.stock_list import StockList, Urgency
from bot.people import bare_name, display_name
from bot.texts import text as say
from bot.words import CODE_ALPHABET, CODE_LENGTH
from store.people import Facility, Person
from store.stock import StockDue, StockEvent, StockReport, StockReporter

Status = Literal["sent", "arrived", "no"]
STATES: Final = {"sent": "sent", "arrived": "arrived", "no": "refused"}
# A question of ours that must not push another aside waits this long.
ASK_LATER: Final = timedelta(hours=1)
# After this many reminders only the coordinator is left to act.
MOST_REMINDERS: Final = 3
PENDING: Final = "stock_there"


def locked(session: Session, report_id: int) -> StockReport:
    """A report as it is now, under its row lock until the transaction ends."""
    session.flush()
    return session.get_one(StockReport, report_id, with_for_update=True, populate_existing=True)


def by_code(session: Session, code: str) -> StockReport | None:
    """The open report with this code, or else the newest that had it."""
    return session.scalar(
        select(StockReport)
        .where(StockReport.code == code)
        .order_by((StockReport.state == "closed"), StockReport.id.desc())
        .limit(1)
    )


def open_of(session: Session, person: Person) -> list[StockReport]:
    """The open reports that a person may say something about, the oldest first."""
    reported = select(StockReporter.report_id).where(StockReporter.person_id == person.id)
    told = select(StockEvent.report_id).where(
        StockEvent.kind == "told", StockEvent.person_id == person.id
    )
    return list(
        session.scalars(
            select(StockReport)
            .where(
                StockReport.state != "closed",
                StockReport.id.in_(reported) | StockReport.id.in_(told),
            )
            .order_by(StockReport.id)
        )
    )


def report(
    session: Session,
    person: Person,
    *,
    item: str,
    facility_id: int,
    urgency: Urgency,
    known: StockList,
    now: datetime,
    address_id: int | None = None,
    inbound_id: int | None = None,
) -> tuple[StockReport, bool]:
    """Write down that an item is missing and tell the district; or join the open report of it.

    Args:
        item: an id of the list.
        now: aware.

    Returns:
        The report, and whether it is new.
    """
    made = session.execute(
        insert(StockReport)
        .values(
            code=_new_code(session),
            item=item,
            facility_id=facility_id,
            urgency=urgency,
            state="open",
            opened_at=now,
            moved_at=now,
        )
        .on_conflict_do_nothing(
            index_elements=["item", "facility_id"], index_where=text("state <> 'closed'")
        )
        .returning(StockReport.id)
    ).scalar()
    new = made is not None
    found = made or session.scalar(
        select(StockReport.id).where(
            StockReport.item == item,
            StockReport.facility_id == facility_id,
            StockReport.state != "closed",
        )
    )
    assert found is not None
    it = locked(session, found)
    joined = session.execute(
        insert(StockReporter)
        .values(report_id=it.id, person_id=person.id, address_id=address_id, reported_at=now)
        .on_conflict_do_nothing(index_elements=["report_id", "person_id"])
        .returning(StockReporter.id)
    ).scalar()
    if new:
        _event(session, it, "reported", now, person, inbound_id)
        _tell_office(session, it, known, now, person, "stock_to_focal", "first")
        _remind_and_alert(session, it, known, now)
        return it, True
    if joined is not None:
        _event(session, it, "joined", now, person, inbound_id)
    if urgency == "none" and it.urgency == "days":
        it.urgency = "none"
        _event(session, it, "none_left", now, person, inbound_id)
        _tell_office(session, it, known, now, person, "stock_to_focal", f"none:{now.isoformat()}")
        if it.state == "open":
            _remind_and_alert(session, it, known, now)
    return it, False


def said(
    session: Session,
    it: StockReport,
    person: Person,
    status: Status,
    known: StockList,
    now: datetime,
    *,
    key: str,
    inbound_id: int | None = None,
) -> Literal["done", "closed", "not_yours"]:
    """What a focal person or a sender says about a report.

    Args:
        key: what names the text; each has its effect once.
        now: aware.
    """
    it = locked(session, it.id)
    if it.state == "closed":
        return "closed"
    is_reporter = _reporter(session, it, person) is not None
    in_office = _was_told(session, it, person) or person.id in {
        one.id for one in _office(session, it)
    }
    if is_reporter and status != "sent":
        if status == "arrived":
            confirm(session, it, person, known, now, key=key, inbound_id=inbound_id)
        else:
            still_missing(session, it, person, known, now, key=key, inbound_id=inbound_id)
        return "done"
    if not in_office:
        return "not_yours"
    it.state, it.moved_at = STATES[status], now
    _event(session, it, it.state, now, person, inbound_id)
    _settle(session, it, now, status)
    match status:
        case "sent":
            _plan(session, it, "ask", now + known.ask)
        case "arrived":
            _plan(session, it, "ask", now)
            _plan(session, it, "close", now + known.close)
        case "no":
            _plan(session, it, "remind", now + 7 * known.remind[it.urgency])
    if status != "arrived":
        tell_reporters(session, it, known, now, f"stock_{it.state}", key, focal=person)
    return "done"


def confirm(
    session: Session,
    it: StockReport,
    person: Person,
    known: StockList,
    now: datetime,
    *,
    key: str,
    inbound_id: int | None = None,
) -> None:
    """Whoever reported it says that it is there: the report is closed, and the others hear it."""
    _event(session, it, "confirmed", now, person, inbound_id)
    close(session, it, "confirmed", now)
    tell_reporters(session, it, known, now, "stock_closed", key, but=person)
    _tell_office(session, it, known, now, person, "stock_closed_to_focal", key, only_told=True)


def still_missing(
    session: Session,
    it: StockReport,
    person: Person,
    known: StockList,
    now: datetime,
    *,
    key: str,
    inbound_id: int | None = None,
) -> None:
    """Whoever reported it says that it has not come: it is open again, and the district told."""
    it.state, it.moved_at = "open", now
    _event(session, it, "still_missing", now, person, inbound_id)
    _settle(session, it, now, "still missing")
    _tell_office(session, it, known, now, person, "stock_still_missing_to_focal", key)
    _remind_and_alert(session, it, known, now)


def close(session: Session, it: StockReport, by: str, now: datetime) -> None:
    """It is over; ``by``: confirmed, office, silence."""
    it.state, it.closed_at, it.closed_by, it.moved_at = "closed", now, by, now
    _event(session, it, "closed", now, None, None)
    _settle(session, it, now, "closed")


# The clock


def due_ids(session: Session, now: datetime, limit: int = 200) -> list[int]:
    """Rows that are due, the longest overdue first."""
    return list(
        session.scalars(
            select(StockDue.id)
            .where(StockDue.done_at.is_(None), StockDue.due_at <= now)
            .order_by(StockDue.due_at, StockDue.id)
            .limit(limit)
        )
    )


def look(session: Session, due_id: int, known: StockList, now: datetime) -> None:
    """Have the effect of a due row, once."""
    due = session.get_one(StockDue, due_id)
    people = _lock_reporters(session, due.report_id) if due.kind == "ask" else []
    it = locked(session, due.report_id)
    due = session.get_one(StockDue, due_id, populate_existing=True)
    if due.done_at is not None or due.due_at > now:
        return
    due.done_at = now
    session.flush()
    match due.kind:
        case "remind":
            due.outcome = _remind(session, it, known, now, due.id)
        case "alert":
            due.outcome = _alert(session, it, known, now, due.id)
        case "ask":
            due.outcome = _ask(session, it, people, known, now, due.id)
        case _:
            close(session, it, "silence", now)
            tell_reporters(session, it, known, now, "stock_closed_by_silence", f"due:{due.id}")
            due.outcome = "closed"


def _remind(session: Session, it: StockReport, known: StockList, now: datetime, due: int) -> str:
    said_so = select(func.count(StockEvent.id)).where(
        StockEvent.report_id == it.id, StockEvent.kind == "reminded", StockEvent.at >= it.moved_at
    )
    if (session.scalar(said_so) or 0) >= MOST_REMINDERS:
        return "enough"
    told = _tell_office(session, it, known, now, None, "stock_reminder", f"due:{due}")
    _event(session, it, "reminded", now, None, None)
    _plan(session, it, "remind", now + known.remind[it.urgency])
    return "reminded" if told else "nobody"


def _alert(session: Session, it: StockReport, known: StockList, now: datetime, due: int) -> str:
    place = session.get_one(Facility, it.facility_id)
    told = offices.coordinators(session, place.district)
    for coordinator in told:
        _say(session, it, known, coordinator, "stock_alert", f"due:{due}", now,
             days=_days(it, now))  # fmt: skip
    _event(session, it, "alerted", now, None, None)
    return "alerted" if told else "no coordinator"


def _ask(
    session: Session,
    it: StockReport,
    people: list[Person],
    known: StockList,
    now: datetime,
    due: int,
) -> str:
    """Ask whoever reported it whether it is there; not while we wait for another answer."""
    busy = False
    for person in people:
        if _was_asked(session, it, person):
            continue
        if (person.pending or {}).get("kind") not in (None, PENDING):
            busy = True
            continue
        person.pending = {"kind": PENDING, "report": it.id}
        _event(session, it, "asked", now, person, None)
        _say(session, it, known, person, "stock_there", f"due:{due}", now, menu="stock_there")
    if busy:
        _plan(session, it, "ask", now + ASK_LATER)
    return "put off" if busy else "asked"


def _was_asked(session: Session, it: StockReport, person: Person) -> bool:
    asked = select(StockEvent.id).where(
        StockEvent.report_id == it.id,
        StockEvent.kind == "asked",
        StockEvent.person_id == person.id,
        StockEvent.at >= it.moved_at,
    )
    return session.scalar(asked.limit(1)) is not None


def _lock_reporters(session: Session, report_id: int) -> list[Person]:
    return list(
        session.scalars(
            select(Person)
            .join(StockReporter, StockReporter.person_id == Person.id)
            .where(StockReporter.report_id == report_id, Person.stopped_at.is_(None))
            .order_by(Person.id)
            .with_for_update(of=Person, key_share=True)
            .execution_options(populate_existing=True)
        ).unique()
    )


# Who hears what


def _office(session: Session, it: StockReport) -> list[Person]:
    """Whoever sees to it: the district's focal persons, or else its coordinators."""
    place = session.get_one(Facility, it.facility_id)
    return offices.focal(session, place.district) or offices.coordinators(session, place.district)


def _tell_office(
    session: Session,
    it: StockReport,
    known: StockList,
    now: datetime,
    about: Person | None,
    key: str,
    once: str,
    *,
    only_told: bool = False,
) -> list[Person]:
    told = [
        one
        for one in _office(session, it)
        if (about is None or one.id != about.id) and (not only_told or _was_told(session, it, one))
    ]
    for one in told:
        who = display_name(about, say("somebody", one.language)) if about else ""
        closing = key == "stock_closed_to_focal"
        _say(session, it, known, one, key, once, now, who=who, days=_days(it, now),
             menu=None if closing else "stock_desk")  # fmt: skip
        if not closing:
            _event(session, it, "told", now, one, None)
    return told


def tell_reporters(
    session: Session,
    it: StockReport,
    known: StockList,
    now: datetime,
    key: str,
    once: str,
    *,
    but: Person | None = None,
    focal: Person | None = None,
) -> None:
    """Say one of our texts to everybody who reported it, each where they did, once a ``once``."""
    rows = session.execute(
        select(Person, StockReporter.address_id)
        .join(StockReporter, StockReporter.person_id == Person.id)
        .where(StockReporter.report_id == it.id)
        .order_by(Person.id)
    ).unique()
    for person, address_id in rows:
        if but is None or person.id != but.id:
            name = (bare_name(focal) if focal else "") or say("stock_office", person.language)
            _say(session, it, known, person, key, once, now, focal=name, address_id=address_id)


def _say(
    session: Session,
    it: StockReport,
    known: StockList,
    person: Person,
    key: str,
    once: str,
    now: datetime,
    *,
    menu: str | None = None,
    address_id: int | None = None,
    **values: object,
) -> None:
    body = say(key, person.language, **words(session, it, known, person.language), **values)
    outbox.say(
        session,
        person,
        body,
        key=f"stock:{it.id}:{once}:{key}:{person.id}",
        now=now,
        kind="notice",
        menu=menu,
        address_id=address_id,
        template=outbox.Template("stock_news", {"1": it.code, "2": " ".join(body.split())[:600]},
                                 is_enough=True),
    )  # fmt: skip


def words(session: Session, it: StockReport, known: StockList, language: str) -> dict[str, str]:
    """What every text about a report may name."""
    place = session.get_one(Facility, it.facility_id)
    return {
        "code": it.code,
        "item": known.title(it.item, language),
        "facility": place.name,
        "left": say(f"stock_left_{it.urgency}", language),
    }


def quoted(dedupe_key: str) -> int | None:
    """The report that a message of ours is about, by its key."""
    parts = dedupe_key.split(":")
    return int(parts[1]) if parts[0] == "stock" and parts[1].isdigit() else None


# Rows


def _reporter(session: Session, it: StockReport, person: Person) -> StockReporter | None:
    return session.scalar(
        select(StockReporter).where(
            StockReporter.report_id == it.id, StockReporter.person_id == person.id
        )
    )


def _was_told(session: Session, it: StockReport, person: Person) -> bool:
    told = select(StockEvent.id).where(
        StockEvent.report_id == it.id,
        StockEvent.kind == "told",
        StockEvent.person_id == person.id,
    )
    return session.scalar(told.limit(1)) is not None


def _event(
    session: Session,
    it: StockReport,
    kind: str,
    now: datetime,
    person: Person | None,
    inbound_id: int | None,
) -> None:
    session.add(
        StockEvent(
            report_id=it.id,
            at=now,
            kind=kind,
            person_id=person.id if person else None,
            inbound_id=inbound_id,
        )
    )
    session.flush()
    if kind in events.OF_STOCK:
        told = {"report": it.id, "code": it.code, "item": it.item, "facility": it.facility_id}
        noting.tell(session, events.OF_STOCK[kind], now, **told)


def _remind_and_alert(session: Session, it: StockReport, known: StockList, now: datetime) -> None:
    _plan(session, it, "remind", now + known.remind[it.urgency])
    _plan(session, it, "alert", now + known.alert[it.urgency])


def _plan(session: Session, it: StockReport, kind: str, due_at: datetime) -> None:
    row = insert(StockDue).values(report_id=it.id, kind=kind, due_at=due_at)
    session.execute(
        row.on_conflict_do_update(
            index_elements=["report_id", "kind"],
            index_where=text("done_at IS NULL"),
            set_={"due_at": row.excluded.due_at},
        )
    )


def _settle(session: Session, it: StockReport, now: datetime, outcome: str) -> None:
    session.execute(
        update(StockDue)
        .where(StockDue.report_id == it.id, StockDue.done_at.is_(None))
        .values(done_at=now, outcome=outcome)
    )


def _new_code(session: Session) -> str:
    while True:
        code = "".join(secrets.choice(CODE_ALPHABET) for _ in range(CODE_LENGTH))
        taken = session.scalar(
            select(StockReport.id).where(StockReport.code == code, StockReport.state != "closed")
        )
        if taken is None:
            return code


def _days(it: StockReport, now: datetime) -> int:
    return ((it.closed_at or now) - it.opened_at).days
