"""All that happened with one person, in one line of time, the newest first."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from sqlalchemy import ColumnElement, or_, select
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
    rows = session.execute(
        select(Inbound.received_at, Inbound.channel, Inbound.body, Inbound.state, Inbound.form)
        .where(Inbound.person_id == wanted.person.id, wanted.until(Inbound.received_at))
        .order_by(Inbound.received_at.desc(), Inbound.id.desc())
        .limit(PAGE + 1)
    )
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
    rows = session.scalars(
        select(OutboxMessage)
        .where(
            OutboxMessage.person_id == wanted.person.id,
            or_(OutboxMessage.case_id.is_(None), OutboxMessage.case_id.in_(seen)),
            wanted.until(OutboxMessage.created_at),
        )
        .order_by(OutboxMessage.created_at.desc(), OutboxMessage.id.desc())
        .limit(PAGE + 1)
    )
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
    rows = session.scalars(
        select(Question)
        .where(Question.person_id == wanted.person.id, wanted.until(Question.asked_at))
        .order_by(Question.asked_at.desc(), Question.id.desc())
        .limit(PAGE + 1)
    ).all()
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
    rows = session.execute(
        select(Answer, ItemVersion.stem)
        .outerjoin(
            ItemVersion,
            (ItemVersion.item_id == Answer.item_id) & (ItemVersion.version == Answer.item_version),
        )
        .where(Answer.person_id == wanted.person.id, wanted.until(Answer.answered_at))
        .order_by(Answer.answered_at.desc(), Answer.id.desc())
        .limit(PAGE + 1)
    )
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
    rows = session.execute(
        select(Dose.due_at, Dose.kind, Dose.state, Dose.reason)
        .where(
            Dose.person_id == wanted.person.id,
            Dose.state.in_(("lapsed", "unsent", "expired"))
            | ((Dose.state == "planned") & Dose.reason.is_not(None)),
            wanted.until(Dose.due_at),
        )
        .order_by(Dose.due_at.desc(), Dose.id.desc())
        .limit(PAGE + 1)
    )
    for at, kind, state, reason in rows:
        yield Entry(at, "dose", {"dose": kind, "state": state, "reason": reason})


def _cases(session: Session, wanted: _Wanted) -> Iterator[Entry]:
    rows = session.scalars(
        select(Case)
        .where(
            or_(
                Case.mentee_id == wanted.person.id,
                (Case.mentor_id == wanted.person.id) & wanted.scope.about(Case.mentee_id),
            ),
            wanted.until(Case.opened_at),
        )
        .order_by(Case.opened_at.desc(), Case.id.desc())
        .limit(PAGE + 1)
    )
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
    rows = session.scalars(
        select(Assessment)
        .where(Assessment.person_id == wanted.person.id, wanted.until(Assessment.at))
        .order_by(Assessment.at.desc(), Assessment.id.desc())
        .limit(PAGE + 1)
    )
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
    rows = session.execute(
        select(Encounter, Person.name)
        .join(Person, Person.id == Encounter.mentor_id)
        .where(
            or_(Encounter.mentor_id == wanted.person.id, Encounter.id.in_(with_them)),
            wanted.until(Encounter.began_at),
        )
        .order_by(Encounter.began_at.desc(), Encounter.id.desc())
        .limit(PAGE + 1)
    )
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
