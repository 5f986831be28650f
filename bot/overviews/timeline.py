"""All that happened with one person, in one line of time, the newest first."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final, TypeVarTuple

from sqlalchemy import ColumnElement, Select, or_, select
from sqlalchemy.orm import Session

from bot import knowledge
from bot.accounts.scope import Scope
from bot.text.redact import redact
from store.cases import Case
from store.encounters import Encounter, EncounterMentee
from store.knowledge import Question
from store.learning import Assessment
from store.messages import Inbound, OutboxMessage
from store.people import Person
from store.quizzes import Answer, Dose, ItemVersion

PAGE: Final = 40
_Row = TypeVarTuple("_Row")


@dataclass(frozen=True)
class Entry:
    """One thing that happened. ``kind`` says what ``about`` holds; ``at`` is aware."""

    at: datetime
    kind: str
    about: dict[str, Any]


@dataclass(frozen=True)
class Page:
    """Some entries; ``before``: where the older ones begin, None when there are none."""

    entries: tuple[Entry, ...]
    before: datetime | None


@dataclass(frozen=True)
class _Wanted:
    """Whose entries, for whom, and where the page begins."""

    person: Person
    scope: Scope
    before: datetime
    first: bool

    def until(self, column: Any) -> ColumnElement[bool]:
        """What is on this page or an older one."""
        condition: ColumnElement[bool] = (
            column <= self.before if self.first else column < self.before
        )
        return condition

    def newest(self, rows: Select[*_Row], at: Any, number: Any) -> Select[*_Row]:
        """The newest rows of this page, one more than are shown; ``number`` decides a tie."""
        return rows.where(self.until(at)).order_by(at.desc(), number.desc()).limit(PAGE + 1)


def of(
    session: Session,
    scope: Scope,
    person: Person,
    now: datetime,
    before: datetime | None,
    only: str = "",
) -> Page:
    """One page of somebody's entries.

    Args:
        scope: what a mentor did for mentees outside of it is left out.
        before: where it begins (aware), not included; None: now, and what is planned for later is
            not in it.
        only: the entries of one group of ``GROUPS``; all of them otherwise.
    """
    wanted = _Wanted(person, scope, before or now, before is None)
    entries: list[Entry] = []
    for reader in GROUPS.get(only, tuple(r for group in GROUPS.values() for r in group)):
        entries.extend(reader(session, wanted))
    entries.sort(key=lambda entry: entry.at, reverse=True)
    end = PAGE
    # What happened in the same moment stays together, for the next page begins before it.
    while end < len(entries) and entries[end].at == entries[end - 1].at:
        end += 1
    shown = tuple(entries[:end])
    return Page(shown, shown[-1].at if len(entries) > end else None)


def _inbound(session: Session, wanted: _Wanted) -> Iterator[Entry]:
    theirs = select(
        Inbound.received_at, Inbound.channel, Inbound.body, Inbound.state, Inbound.form
    ).where(Inbound.person_id == wanted.person.id)
    rows = session.execute(wanted.newest(theirs, Inbound.received_at, Inbound.id))
    for at, channel, body, state, form in rows:
        media = dict(map(tuple, form)).get("NumMedia", "0")
        yield Entry(
            at,
            "inbound",
            {
                "channel": channel,
                "text": redact(body).text,
                "waits": state != "done",
                "media": media.isdecimal() and int(media) > 0,
            },
        )


def _outbox(session: Session, wanted: _Wanted) -> Iterator[Entry]:
    """What they heard; what a mentor heard of a case only where its mentee may be seen."""
    seen = select(Case.id).where(wanted.scope.about(Case.mentee_id))
    theirs = select(OutboxMessage).where(
        OutboxMessage.person_id == wanted.person.id,
        or_(OutboxMessage.case_id.is_(None), OutboxMessage.case_id.in_(seen)),
    )
    rows = session.scalars(wanted.newest(theirs, OutboxMessage.created_at, OutboxMessage.id))
    for message in rows:
        yield Entry(
            message.created_at,
            "outbox",
            {
                "channel": message.channel,
                "text": redact(message.body).text,
                "state": message.state,
                "reason": message.reason,
                "code": message.error_code,
                "segments": message.segments,
                "attempted_at": message.attempted_at,
            },
        )


def _questions(session: Session, wanted: _Wanted) -> Iterator[Entry]:
    theirs = select(Question).where(Question.person_id == wanted.person.id)
    rows = session.scalars(wanted.newest(theirs, Question.asked_at, Question.id)).all()
    titles = knowledge.titles(session, [row.card_id for row in rows if row.card_id])
    for row in rows:
        yield Entry(
            row.asked_at,
            "question",
            {
                "text": redact(row.text).text,
                "decision": row.decision,
                "card": titles.get(row.card_id, row.card_id) if row.card_id else None,
                "helpful": row.helpful,
                "case_id": row.case_id,
            },
        )


def _answers(session: Session, wanted: _Wanted) -> Iterator[Entry]:
    theirs = (
        select(Answer, ItemVersion.stem)
        .outerjoin(
            ItemVersion,
            (ItemVersion.item_id == Answer.item_id) & (ItemVersion.version == Answer.item_version),
        )
        .where(Answer.person_id == wanted.person.id)
    )
    rows = session.execute(wanted.newest(theirs, Answer.answered_at, Answer.id))
    for answer, stem in rows:
        stems = stem or {}
        yield Entry(
            answer.answered_at,
            "answer",
            {
                "stem": stems.get(wanted.person.language) or stems.get("en") or answer.item_id,
                "letter": "ABCD"[answer.option] if 0 <= answer.option < 4 else "?",
                "right": answer.right,
                "late": answer.late,
            },
        )


def _doses(session: Session, wanted: _Wanted) -> Iterator[Entry]:
    """Doses that came to nothing, with the reason: those that were given show as messages."""
    theirs = select(Dose.due_at, Dose.kind, Dose.state, Dose.reason).where(
        Dose.person_id == wanted.person.id,
        Dose.state.in_(("lapsed", "unsent", "expired"))
        | ((Dose.state == "planned") & Dose.reason.is_not(None)),
    )
    rows = session.execute(wanted.newest(theirs, Dose.due_at, Dose.id))
    for at, kind, state, reason in rows:
        yield Entry(at, "dose", {"dose": kind, "state": state, "reason": reason})


def _cases(session: Session, wanted: _Wanted) -> Iterator[Entry]:
    theirs = select(Case).where(
        or_(
            Case.mentee_id == wanted.person.id,
            (Case.mentor_id == wanted.person.id) & wanted.scope.about(Case.mentee_id),
        )
    )
    rows = session.scalars(wanted.newest(theirs, Case.opened_at, Case.id))
    for case in rows:
        yield Entry(
            case.opened_at,
            "case",
            {
                "id": case.id,
                # A mentor's own page does not lead to other people's cases.
                "own": case.mentee_id == wanted.person.id,
                "code": case.code,
                "state": case.state,
                "urgent": case.urgent,
                "topic": case.topic,
            },
        )


def _assessments(session: Session, wanted: _Wanted) -> Iterator[Entry]:
    theirs = select(Assessment).where(Assessment.person_id == wanted.person.id)
    rows = session.scalars(wanted.newest(theirs, Assessment.at, Assessment.id))
    for row in rows:
        yield Entry(
            row.at,
            "assessment",
            {
                "test": row.kind,
                "area": row.technical_area,
                "competency": row.competency,
                "score": row.score,
                "out_of": row.out_of,
                "passed": row.passed,
            },
        )


def _encounters(session: Session, wanted: _Wanted) -> Iterator[Entry]:
    with_them = select(EncounterMentee.encounter_id).where(
        EncounterMentee.person_id == wanted.person.id
    )
    theirs = (
        select(Encounter, Person.name)
        .join(Person, Person.id == Encounter.mentor_id)
        .where(or_(Encounter.mentor_id == wanted.person.id, Encounter.id.in_(with_them)))
    )
    rows = session.execute(wanted.newest(theirs, Encounter.began_at, Encounter.id))
    for row, mentor in rows:
        about = {
            "met": row.kind,
            "form": row.form,
            "topic": row.topic,
            "minutes": row.minutes,
            "mentor": mentor,
        }
        yield Entry(row.began_at, "encounter", about)


GROUPS: Final = {
    "messages": (_inbound, _outbox),
    "questions": (_questions,),
    "quiz": (_answers, _doses),
    "cases": (_cases,),
    "learning": (_assessments, _encounters),
}
