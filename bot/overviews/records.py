"""Records one page after the other, as another system reads them: by their number, from one on.

Every function gives at most ``span.limit`` rows, and one more where there are others after them.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from sqlalchemy import ColumnElement, Select, exists, select
from sqlalchemy.orm import InstrumentedAttribute, Session, selectinload

from bot.accounts.scope import Scope, works_in
from bot.mentoring import overview
from store.cases import Case, CaseEvent
from store.encounters import Encounter, EncounterMentee
from store.learning import Assessment
from store.messages import Inbound, OutboxMessage
from store.people import Facility, Person
from store.quizzes import Answer, Campaign

LONGEST_PAGE: Final = 500


@dataclass(frozen=True)
class Span:
    """What is wanted. ``since``, ``until``: aware, the second not included.

    ``after``: the number of the last one that was read.
    """

    since: datetime | None = None
    until: datetime | None = None
    after: int = 0
    limit: int = 100


def _paged(
    query: Select[Any],
    number: InstrumentedAttribute[int],
    at: InstrumentedAttribute[datetime] | None,
    span: Span,
) -> Select[Any]:
    query = query.where(number > span.after)
    if at is not None and span.since is not None:
        query = query.where(at >= span.since)
    if at is not None and span.until is not None:
        query = query.where(at < span.until)
    return query.order_by(number).limit(span.limit + 1)


def people(
    session: Session,
    scope: Scope,
    span: Span,
    *,
    role: str = "",
    district: str = "",
    external_id: str = "",
) -> Sequence[Person]:
    """People by when we came to know them, with their addresses where these may be seen."""
    query = select(Person).where(scope.people())
    if role:
        query = query.where(Person.roles.contains([role]))
    if external_id:
        query = query.where(Person.external_id == external_id)
    if district:
        query = query.where(works_in(district))
    if scope.numbers:
        query = query.options(selectinload(Person.addresses))
    query = _paged(query, Person.id, Person.created_at, span)
    return session.scalars(query).unique().all()


def facilities(session: Session, span: Span) -> Sequence[Facility]:
    """Every facility."""
    return session.scalars(_paged(select(Facility), Facility.id, None, span)).all()


def cases(
    session: Session,
    scope: Scope,
    span: Span,
    *,
    state: str = "",
    urgent: bool | None = None,
) -> Sequence[Case]:
    """Cases by when they were opened."""
    query = select(Case).where(scope.about(Case.mentee_id))
    if state:
        query = query.where(Case.state == state)
    if urgent is not None:
        query = query.where(Case.urgent.is_(urgent))
    return session.scalars(_paged(query, Case.id, Case.opened_at, span)).all()


def events(session: Session, case: Case) -> Sequence[CaseEvent]:
    """What happened in a case; its words carry no identifiers."""
    return session.scalars(
        select(CaseEvent).where(CaseEvent.case_id == case.id).order_by(CaseEvent.id)
    ).all()


def _theirs(
    column: InstrumentedAttribute[int] | InstrumentedAttribute[int | None],
    scope: Scope,
    person: int | None,
) -> Iterator[ColumnElement[bool]]:
    """About somebody who may be seen; and, where one is asked for, about that one."""
    yield scope.about(column)
    if person is not None:
        yield column == person


def received(
    session: Session, scope: Scope, span: Span, *, person: int | None = None
) -> Sequence[Inbound]:
    """Messages that came in. Of somebody who may be seen; from nobody we know, only with all."""
    query = select(Inbound).where(*_theirs(Inbound.person_id, scope, person))
    return session.scalars(_paged(query, Inbound.id, Inbound.received_at, span)).all()


def sent(
    session: Session,
    scope: Scope,
    span: Span,
    *,
    person: int | None = None,
    state: str = "",
) -> Sequence[OutboxMessage]:
    """Messages that went out, or should have."""
    query = select(OutboxMessage).where(*_theirs(OutboxMessage.person_id, scope, person))
    if state:
        query = query.where(OutboxMessage.state == state)
    return session.scalars(_paged(query, OutboxMessage.id, OutboxMessage.created_at, span)).all()


def answers(
    session: Session,
    scope: Scope,
    span: Span,
    *,
    person: int | None = None,
    campaign: int | None = None,
) -> Sequence[Answer]:
    """Answers to quiz questions."""
    query = select(Answer).where(*_theirs(Answer.person_id, scope, person))
    if campaign is not None:
        query = query.where(Answer.campaign_id == campaign)
    return session.scalars(_paged(query, Answer.id, Answer.answered_at, span)).all()


def assessments(
    session: Session, scope: Scope, span: Span, *, person: int | None = None, kind: str = ""
) -> Sequence[Assessment]:
    """Tests, self-assessments and observed skills."""
    query = select(Assessment).where(*_theirs(Assessment.person_id, scope, person))
    if kind:
        query = query.where(Assessment.kind == kind)
    return session.scalars(_paged(query, Assessment.id, Assessment.at, span)).all()


def encounters(
    session: Session, scope: Scope, span: Span, *, person: int | None = None
) -> list[tuple[Encounter, list[int]]]:
    """Encounters with somebody who may be seen; and those of their mentees who may."""
    query = select(Encounter)
    mine = [EncounterMentee.encounter_id == Encounter.id, scope.about(EncounterMentee.person_id)]
    if person is not None:
        mine.append(EncounterMentee.person_id == person)
    if person is not None or not scope.sees_all:
        query = query.where(exists().where(*mine))
    found = session.scalars(_paged(query, Encounter.id, Encounter.began_at, span)).all()
    rows = session.execute(
        select(EncounterMentee.encounter_id, EncounterMentee.person_id)
        .where(
            EncounterMentee.encounter_id.in_([one.id for one in found]),
            scope.about(EncounterMentee.person_id),
        )
        .order_by(EncounterMentee.person_id)
    ).all()
    who: dict[int, list[int]] = {}
    for encounter, mentee in rows:
        who.setdefault(encounter, []).append(mentee)
    return [(one, who.get(one.id, [])) for one in found]


def campaigns(session: Session, span: Span, *, state: str = "") -> Sequence[Campaign]:
    """Campaigns by when they were made."""
    query = select(Campaign)
    if state:
        query = query.where(Campaign.state == state)
    return session.scalars(_paged(query, Campaign.id, Campaign.created_at, span)).all()


def overdue(session: Session, cases: Sequence[Case], now: datetime) -> set[int]:
    """Which of these cases wait longer than the mentee was told."""
    ids = [one.id for one in cases]
    return set(session.scalars(select(Case.id).where(Case.id.in_(ids), overview.overdue(now))))
