"""The log of messages, the newest first, without ever counting them.

A page looks through so many rows at most, however few of them fit: where it stopped, the next one
goes on. So it takes no longer with a million messages than with a thousand.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from sqlalchemy import ColumnElement, Select, and_, literal, or_, select, true, tuple_
from sqlalchemy.orm import Session, aliased

from bot.accounts.scope import Scope
from bot.overviews import people
from bot.quizzes.plan import Budget
from bot.quizzes.plans import load_plans
from bot.status import RANK
from bot.text.redact import redact
from store.cases import Case
from store.messages import Inbound, OutboxMessage
from store.people import Person
from store.quizzes import Campaign, Dose

PAGE: Final = 50
# Rows that are looked through for one page.
SEARCHED: Final = 20_000
# Beyond these a moment cannot be turned into another time zone's.
YEARS: Final = range(2, 9999)
DIRECTIONS: Final = ("out", "in")
CHANNELS: Final = ("sms", "whatsapp")
STATES: Final = tuple(RANK)


@dataclass(frozen=True, slots=True, order=True)
class Place:
    """Where in the log: of what happened in one moment, what came in stands below what went out."""

    at: datetime
    rank: int
    id: int

    def __str__(self) -> str:
        return f"{self.at.isoformat()}~{self.rank}~{self.id}"


def place(text: str) -> Place | None:
    """A place as it stands in an address; None: it is none."""
    at, _, rest = text.partition("~")
    rank, _, number = rest.partition("~")
    try:
        found = Place(datetime.fromisoformat(at), int(rank), int(number))
    except ValueError:
        return None
    within = found.rank in (0, 1) and 0 <= found.id < 2**63 and found.at.year in YEARS
    return found if within and found.at.tzinfo is not None else None


@dataclass(frozen=True)
class Wanted:
    """What is looked for; empty: all. Moments are aware; ``until`` is not included.

    ``people``: only theirs; None: everybody's. ``state`` and ``kind`` are of what goes out.
    """

    people: tuple[int, ...] | None = None
    direction: str = ""
    channel: str = ""
    state: str = ""
    kind: str = ""
    since: datetime | None = None
    until: datetime | None = None
    after: Place | None = None

    @property
    def directions(self) -> tuple[str, ...]:
        """Which of the two can hold what is looked for."""
        if self.state or self.kind:
            return tuple(one for one in ("out",) if self.direction != "in")
        return (self.direction,) if self.direction else DIRECTIONS


@dataclass(frozen=True)
class Line:
    """One message. ``about``: the row itself; ``text``: without identifiers.

    ``cost``: amount and currency, where it went for a campaign that has prices.
    """

    place: Place
    direction: str
    person_id: int | None
    name: str
    text: str
    about: Any
    campaign: str = ""
    cost: tuple[float, str] | None = None


@dataclass(frozen=True)
class Page:
    """``after``: where the next page begins, None at the end. ``cut``: rows before it may be left
    that were not looked through.
    """

    lines: Sequence[Line]
    after: Place | None
    cut: bool


def who(session: Session, scope: Scope, words: str, region: str) -> tuple[tuple[int, ...], int]:
    """The first people who fit a name, number, facility or external id; and how many fit."""
    found = people.found(session, scope, people.Wanted(words=words), region)
    return tuple(line.person.id for line in found.lines), found.total


def found(session: Session, scope: Scope, wanted: Wanted) -> Page:
    """One page of the log."""
    rows: list[tuple[Place, str, Any]] = []
    stops: list[Place] = []
    for direction in wanted.directions:
        read = _outgoing if direction == "out" else _incoming
        query, looked_through = read(scope, wanted)
        mine = list(session.scalars(query.limit(PAGE + 1)))
        rows += [(_place(row, direction), direction, row) for row in mine]
        if len(mine) <= PAGE:
            last = session.execute(looked_through.offset(SEARCHED - 1).limit(1)).first()
            stops += [Place(last[0], _RANKS[direction], last[1])] if last else []
    rows.sort(key=lambda row: row[0], reverse=True)
    stop = max(stops, default=None)
    if stop is not None:
        rows = [row for row in rows if row[0] >= stop]
    more = len(rows) > PAGE
    rows = rows[:PAGE]
    after = rows[-1][0] if more else stop
    return Page(_lines(session, rows), after, not more and stop is not None)


_RANKS: Final = {"out": 1, "in": 0}


def _place(row: Any, direction: str) -> Place:
    at = row.created_at if direction == "out" else row.received_at
    return Place(at, _RANKS[direction], row.id)


def _between(wanted: Wanted, at: Any, number: Any, rank: int) -> list[ColumnElement[bool]]:
    """The days that are wanted, and what is below the place where the page begins."""
    conditions: list[ColumnElement[bool]] = []
    if wanted.since is not None:
        conditions.append(at >= wanted.since)
    if wanted.until is not None:
        conditions.append(at < wanted.until)
    start = wanted.after
    if start is not None and rank == start.rank:
        below = tuple_(literal(start.at, at.type), literal(start.id, number.type))
        conditions.append(tuple_(at, number) < below)
    elif start is not None:
        conditions.append(at <= start.at if rank < start.rank else at < start.at)
    return conditions


def _outgoing(scope: Scope, wanted: Wanted) -> tuple[Select[Any], Select[datetime, int]]:
    """What went out and fits; and the places of all that is looked through for it."""
    table = OutboxMessage
    conditions = _between(wanted, table.created_at, table.id, _RANKS["out"])
    if wanted.people is not None:
        conditions.append(table.person_id.in_(wanted.people))
    if wanted.state == "failed":  # these have an index of their own
        conditions.append(table.state == "failed")
    order = (table.created_at.desc(), table.id.desc())
    near = select(table).where(*conditions).order_by(*order).limit(SEARCHED).subquery()
    message = aliased(table, near)
    seen = select(Case.id).where(scope.about(Case.mentee_id))
    fits: list[ColumnElement[bool]] = [
        scope.about(message.person_id),
        # What a mentor heard of a case only where its mentee may be seen.
        true() if scope.sees_all else or_(message.case_id.is_(None), message.case_id.in_(seen)),
    ]
    for column, value in (
        (message.channel, wanted.channel),
        (message.state, wanted.state),
        (message.kind, wanted.kind),
    ):
        if value:
            fits.append(column == value)
    return (
        select(message).where(and_(*fits)).order_by(message.created_at.desc(), message.id.desc()),
        select(table.created_at, table.id).where(*conditions).order_by(*order),
    )


def _incoming(scope: Scope, wanted: Wanted) -> tuple[Select[Any], Select[datetime, int]]:
    """The same of what came in."""
    table = Inbound
    conditions = _between(wanted, table.received_at, table.id, _RANKS["in"])
    if wanted.people is not None:
        conditions.append(table.person_id.in_(wanted.people))
    order = (table.received_at.desc(), table.id.desc())
    near = select(table).where(*conditions).order_by(*order).limit(SEARCHED).subquery()
    message = aliased(table, near)
    fits: list[ColumnElement[bool]] = [scope.about(message.person_id)]
    if wanted.channel:
        fits.append(message.channel == wanted.channel)
    return (
        select(message).where(and_(*fits)).order_by(message.received_at.desc(), message.id.desc()),
        select(table.received_at, table.id).where(*conditions).order_by(*order),
    )


def _lines(session: Session, rows: Sequence[tuple[Place, str, Any]]) -> list[Line]:
    names = _names(session, {row.person_id for _, _, row in rows if row.person_id})
    doses = _doses(session, {row.dose_id for _, way, row in rows if way == "out" and row.dose_id})
    return list(_written(rows, names, doses))


def _written(
    rows: Sequence[tuple[Place, str, Any]],
    names: dict[int, str],
    doses: dict[int, tuple[str, Budget | None]],
) -> Iterator[Line]:
    for where, direction, row in rows:
        body = row.body if direction == "in" else row.sent_body or row.body
        campaign, budget = ("", None)
        if direction == "out" and row.dose_id in doses:
            campaign, budget = doses[row.dose_id]
        yield Line(
            where,
            direction,
            row.person_id,
            names.get(row.person_id, ""),
            redact(body).text,
            row,
            campaign,
            _cost(row, budget) if budget is not None else None,
        )


def _names(session: Session, ids: set[int]) -> dict[int, str]:
    rows = session.execute(select(Person.id, Person.name).where(Person.id.in_(ids)))
    return {row[0]: row[1] for row in rows}


def _doses(session: Session, ids: set[int]) -> dict[int, tuple[str, Budget | None]]:
    """Dose → the campaign it belongs to and that campaign's prices, as they were then."""
    rows = session.execute(
        select(Dose.id, Dose.campaign_id, Dose.campaign_version, Campaign.name)
        .join(Campaign, Campaign.id == Dose.campaign_id)
        .where(Dose.id.in_(ids))
    ).all()
    keys = {dose: (campaign or 0, version or 0) for dose, campaign, version, _ in rows}
    plans = load_plans(session, keys.values())
    return {
        dose: (name, plans[keys[dose]].budget if keys[dose] in plans else None)
        for dose, _, _, name in rows
    }


def _cost(message: OutboxMessage, budget: Budget) -> tuple[float, str] | None:
    """What a message that left cost by the campaign's prices; None without prices."""
    if message.provider_sid is None:
        return None
    if message.channel == "sms":
        amount = (message.segments or 0) * budget.per_segment
    else:
        amount = budget.per_template if message.form == "template" else budget.per_message
    priced = budget.per_segment or budget.per_template or budget.per_message
    return (amount, budget.currency) if priced else None
