"""Learning: how mentees stand in each competency, and how a whole area moves on.

Whether somebody is validated is decided by ``bot.mentoring.validation``; in SQL it is
``bot.reports.validated``'s.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any, Final

from sqlalchemy import (
    ColumnElement,
    Date,
    Subquery,
    Text,
    and_,
    cast,
    func,
    or_,
    select,
    true,
    union_all,
)
from sqlalchemy.dialects.postgresql import distinct_on
from sqlalchemy.orm import Session, aliased

from bot.accounts.scope import Scope, works_in
from bot.mentoring import standings
from bot.mentoring.competencies import Area, Catalogue
from bot.mentoring.standings import record
from bot.mentoring.validation import Standing, standing
from bot.overviews import people
from bot.overviews.shown import Figure, shown, shown_share
from bot.reports.query import in_memory
from bot.reports.validated import validations
from store.learning import Assessment
from store.people import Person

MONTHS: Final = 12
NOT_NEEDED: Final = "not needed"


@dataclass(frozen=True)
class Row:
    """One mentee of the heat map: a status for each competency of the area."""

    person: people.Line
    cells: tuple[str, ...]


@dataclass(frozen=True)
class Heat:
    """One page of mentees × competencies; ``total``: mentees in all."""

    rows: Sequence[Row]
    total: int


@dataclass(frozen=True)
class Progress:
    """One competency: who was tested or observed in it, and who is validated."""

    competency: str
    assessed: Figure
    validated: Figure
    percent: Figure


@dataclass(frozen=True)
class Gain:
    """One technical area: mean shares of first pre-tests and first later post-tests, in percent."""

    area: str
    mentees: Figure
    pre: Figure
    post: Figure


@dataclass(frozen=True)
class Month:
    """How many became validated for the first time in an area in the month that begins there."""

    first: date
    mentees: Figure


def heat(
    session: Session, scope: Scope, wanted: people.Wanted, region: str, catalogue: Catalogue,
    area: Area,
) -> Heat:  # fmt: skip
    """How mentees stand, by name; ``wanted`` as in the list of people."""
    found = people.found(session, scope, wanted, region)
    ids = [line.person.id for line in found.lines]
    kept: dict[int, list[Assessment]] = defaultdict(list)
    for row in session.scalars(
        select(Assessment).where(
            Assessment.person_id.in_(ids), Assessment.technical_area == area.id
        )
    ):
        kept[row.person_id].append(row)
    rows = []
    for line in found.lines:
        records = [record(row) for row in kept[line.person.id]]
        required = catalogue.required(line.person.cadre)
        cells = [
            (standing(records, area.id, one.id), required.get(one.id)) for one in area.competencies
        ]
        rows.append(Row(line, tuple(status(*cell) for cell in cells)))
    return Heat(rows, found.total)


@dataclass(frozen=True)
class Cell:
    """One competency of one mentee. ``level``: what the cadre must reach, None: nothing."""

    competency: str
    level: str | None
    status: str
    found: Standing


def matrix(session: Session, person: Person, catalogue: Catalogue) -> list[Cell]:
    """How one mentee stands, in the catalogue's order: what is required, and what was assessed."""
    all_of_it = standings.of(session, person, catalogue)
    cells = []
    for name, found in all_of_it.found.items():
        level = all_of_it.required.get(name)
        cells.append(Cell(name, level, status(found, level), found))
    return [one for one in cells if one.status != NOT_NEEDED]


def status(found: Standing, level: str | None) -> str:
    """How somebody stands in what their cadre must reach; ``know`` asks for no skill."""
    if level == "know" and found.knowledge_at is not None and found.skill_at is None:
        return "known"
    if level is None and found.validated_at is None:
        return NOT_NEEDED
    return found.status


def _those(scope: Scope, district: str) -> ColumnElement[bool]:
    """The condition on an assessment under which it is counted."""
    if district:
        who = select(Person.id).where(_everybody(scope), works_in(district))
        return Assessment.person_id.in_(who)
    return true() if scope.aggregates_only else scope.about(Assessment.person_id)


def _everybody(scope: Scope) -> ColumnElement[bool]:
    return true() if scope.aggregates_only else scope.people()


def progress(
    session: Session, scope: Scope, district: str, area: Area, today: date, zone: str
) -> tuple[list[Progress], list[Month]]:
    """How far an area is, competency by competency; and who became validated in a first one, month
    by month until today.

    Args:
        zone: whose months they are.
    """
    in_memory(session)
    those, hide = _those(scope, district), scope.aggregates_only
    names = [one.id for one in area.competencies]
    tested = [
        func.count(Assessment.person_id.distinct()).filter(
            or_(Assessment.competency.is_(None), Assessment.competency == name)
        )
        for name in names
    ]
    reached = session.execute(
        select(*tested).where(
            Assessment.technical_area == area.id, Assessment.kind != "self", those
        )
    ).one()
    validated = _validated(session, validations(Assessment.technical_area == area.id, those), zone)

    def count(key: str) -> Figure:
        return shown(validated.get(key, 0), validated.get(key, 0), hide)

    return [
        Progress(
            name,
            shown(assessed, assessed, hide),
            count(name),
            shown_share(validated.get(name, 0), assessed, hide),
        )
        for name, assessed in zip(names, reached, strict=True)
    ], [Month(first, count(first.isoformat())) for first in _months(today)]


def _validated(session: Session, found: Subquery, zone: str) -> dict[str, int]:
    """How many are validated in each competency, and for the first time in each month; put
    together once for both, for it is what takes the time.
    """
    done = select(found).cte("done")
    first = (
        select(func.min(done.c.at).label("at")).group_by(done.c.person_id).subquery("first_time")
    )
    month = cast(cast(func.date_trunc("month", func.timezone(zone, first.c.at)), Date), Text)
    rows = session.execute(
        union_all(
            select(done.c.competency, func.count(done.c.person_id.distinct())).group_by(
                done.c.competency
            ),
            select(month, func.count()).group_by(month),
        )
    )
    return {row[0]: row[1] for row in rows}


def _months(today: date) -> list[date]:
    last = today.year * 12 + today.month - 1
    return [date(n // 12, n % 12 + 1, 1) for n in range(last - MONTHS + 1, last + 1)]


def gains(session: Session, scope: Scope, district: str, catalogue: Catalogue) -> list[Gain]:
    """What pre-tests and post-tests say, by technical area; the rule is ``knowledge_gain``'s."""
    those = _those(scope, district)
    share = Assessment.score / Assessment.out_of
    about = (Assessment.person_id, Assessment.technical_area, Assessment.competency)
    pre = (
        select(*about, Assessment.at, share.label("share"))
        .where(Assessment.kind == "pre", those)
        .ext(distinct_on(*about))
        .order_by(*about, Assessment.at)
        .subquery("pre")
    )
    later = aliased(Assessment)
    whose = (later.person_id, later.technical_area, later.competency)
    pairs = (
        select(*whose, pre.c.share.label("before"), (later.score / later.out_of).label("after"))
        .join(
            pre,
            and_(
                pre.c.person_id == later.person_id,
                pre.c.technical_area == later.technical_area,
                pre.c.competency.is_not_distinct_from(later.competency),
                pre.c.at < later.at,
            ),
        )
        .where(later.kind == "post")
        .ext(distinct_on(*whose))
        .order_by(*whose, later.at)
        .subquery("pairs")
    )
    found: Mapping[str, Any] = {
        row.technical_area: row
        for row in session.execute(
            select(
                pairs.c.technical_area,
                func.count(pairs.c.person_id.distinct()).label("people"),
                func.avg(pairs.c.before).label("pre"),
                func.avg(pairs.c.after).label("post"),
            ).group_by(pairs.c.technical_area)
        )
    }
    hide = scope.aggregates_only
    return [
        Gain(
            area.id,
            shown(found[area.id].people, found[area.id].people, hide),
            shown(round(float(found[area.id].pre) * 100, 1), found[area.id].people, hide),
            shown(round(float(found[area.id].post) * 100, 1), found[area.id].people, hide),
        )
        for area in catalogue.areas
        if area.id in found
    ]
