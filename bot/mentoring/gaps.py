"""Gaps that show by themselves: a question of the quiz answered wrong again, the same thing asked
again and again. The clock looks once a day, in the night; each gap goes into the plan once.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final

from sqlalchemy import ColumnElement, func, or_, select
from sqlalchemy.orm import Session

from bot import knowledge
from bot.mentoring import coaching
from bot.mentoring.competencies import Catalogue
from bot.quizzes.progress import short, titles_of
from bot.texts import text
from store.cases import Case
from store.knowledge import Question
from store.people import Person
from store.plans import PlanItem
from store.quizzes import Answer, Topic

# Wrong so often, and wrong the last time.
WRONG: Final = 2
WRONG_WITHIN: Final = timedelta(days=90)
# The same card asked for, or cases on the same topic, within a month.
ASKED: Final = 3
CASES: Final = 2
ASKED_WITHIN: Final = timedelta(days=30)
# A gap that was worked on is not written down again before this.
RESTS_FOR: Final = timedelta(days=30)
# Of one self-assessment: more at once is no plan.
MOST_ASSESSED: Final = 3
# What brings about a case that says nothing of somebody's knowledge.
_NO_GAP: Final = ("danger", "call", "media")


@dataclass(frozen=True)
class Gap:
    """``name`` is the same whenever the gap shows; ``last`` is the row by which it showed.

    ``competencies``: those of the catalogue that it may belong to; which one, the cadre says.
    """

    person_id: int
    source: str
    name: str
    last: int
    action: str
    competencies: tuple[str, ...]
    title: dict[str, str]

    @property
    def key(self) -> str:
        """What names the plan item."""
        return f"{self.prefix}{self.last}"

    @property
    def prefix(self) -> str:
        """What the keys of this gap's plan items begin with."""
        return f"{self.source}:{self.person_id}:{self.name}:"


def find(session: Session, since: datetime, now: datetime, catalogue: Catalogue) -> list[Gap]:
    """Gaps that showed from ``since`` until ``now`` (aware), of everybody."""
    return [
        *_wrong_answers(session, since, now, catalogue),
        *_repeated_questions(session, since, now, catalogue),
        *_repeated_cases(session, since, now, catalogue),
    ]


def write_down(session: Session, gap: Gap, catalogue: Catalogue, now: datetime) -> PlanItem | None:
    """Put a gap into its mentee's plan, unless it is there, or was until a short while ago.

    The caller's transaction is about this one person.
    """
    mentee = session.get_one(
        Person, gap.person_id, with_for_update={"of": Person, "key_share": True}
    )
    if mentee.consent != "yes" or mentee.stopped_at is not None:
        return None
    competency = _competency(gap, mentee, catalogue)
    same: list[ColumnElement[bool]] = [PlanItem.key.startswith(gap.prefix, autoescape=True)]
    if competency is not None:
        same.append((PlanItem.competency == competency) & (PlanItem.state == "open"))
    known = session.scalar(
        select(PlanItem.id)
        .where(
            PlanItem.mentee_id == mentee.id,
            or_(*same),
            (PlanItem.state == "open") | (PlanItem.ended_at > now - RESTS_FOR),
        )
        .limit(1)
    )
    if known is not None:
        return None
    return coaching.add(
        session,
        mentee=mentee,
        gap=short(gap.title, mentee.language),
        action=text(gap.action, mentee.language),
        owner_id=mentee.id,
        due_on=None,
        source=gap.source,
        key=gap.key,
        now=now,
        competency=competency,
    )


def _competency(gap: Gap, mentee: Person, catalogue: Catalogue) -> str | None:
    """The one that the mentee's cadre needs; the only one there is; None: it is not certain."""
    needed = [one for one in gap.competencies if one in catalogue.required(mentee.cadre)]
    found = needed or list(gap.competencies)
    return found[0] if len(found) == 1 else None


def from_assessment(
    session: Session,
    *,
    mentee: Person,
    competencies: Sequence[str],
    catalogue: Catalogue,
    key: str,
    now: datetime,
) -> list[PlanItem]:
    """Put what a self-assessment showed into the plan: the first few gaps that are not there yet.

    The caller holds the mentee's row lock.

    Args:
        competencies: ids of the catalogue, the widest gap first.
        key: what names the self-assessment.
        now: aware.
    """
    there = {one.competency for one in coaching.open_items(session, mentee.id)}
    missing = [one for one in competencies if one not in there]
    return [
        coaching.add(
            session,
            mentee=mentee,
            gap=catalogue.title(one, mentee.language),
            action=text("plan_action_assess", mentee.language),
            owner_id=mentee.id,
            due_on=None,
            source="assess",
            key=f"{key}:{one}",
            now=now,
            competency=one,
        )
        for one in missing[:MOST_ASSESSED]
    ]


def _wrong_answers(
    session: Session, since: datetime, now: datetime, catalogue: Catalogue
) -> Iterator[Gap]:
    lately = (
        select(Answer.person_id, Answer.item_id)
        .where(Answer.answered_at >= since, Answer.answered_at <= now, ~Answer.right)
        .distinct()
        .subquery()
    )
    last_right: ColumnElement[Any] = func.max(Answer.id).filter(Answer.right)
    last_wrong: ColumnElement[Any] = func.max(Answer.id).filter(~Answer.right)
    rows = session.execute(
        select(Answer.person_id, Answer.item_id, func.max(Answer.competency), last_wrong)
        .join(
            lately,
            (lately.c.person_id == Answer.person_id) & (lately.c.item_id == Answer.item_id),
        )
        .where(Answer.answered_at >= now - WRONG_WITHIN)
        .group_by(Answer.person_id, Answer.item_id)
        .having(
            func.count().filter(~Answer.right) >= WRONG,
            last_wrong > func.coalesce(last_right, 0),
        )
        .order_by(Answer.person_id, Answer.item_id)
    ).all()
    titles = titles_of(session, {competency for _, _, competency, _ in rows})
    for person_id, item, competency, last in rows:
        ours = tuple(one.id for one in catalogue.competencies.values() if competency in one.bank)
        action = "plan_action_answers"
        yield Gap(person_id, "answers", item, last, action, ours, titles[competency])


def _repeated_questions(
    session: Session, since: datetime, now: datetime, catalogue: Catalogue
) -> Iterator[Gap]:
    rows = session.execute(
        select(Question.person_id, Question.card_id, func.max(Question.id))
        .where(Question.asked_at > now - ASKED_WITHIN, Question.card_id.is_not(None))
        .group_by(Question.person_id, Question.card_id)
        .having(func.count() >= ASKED, func.max(Question.asked_at) >= since)
        .order_by(Question.person_id, Question.card_id)
    ).all()
    cards = knowledge.live_cards(session, {card or "" for _, card, _ in rows}) if rows else {}
    for person_id, name, last in rows:
        card = cards.get(name or "")
        if card is None or card.emergency:
            continue  # not sent any more, or asked in emergencies rather than for want of knowing
        yield Gap(
            person_id,
            "questions",
            f"card:{name}",
            last,
            "plan_action_questions",
            _of_topic(card.topic, catalogue),
            dict(card.title),
        )


def _repeated_cases(
    session: Session, since: datetime, now: datetime, catalogue: Catalogue
) -> Iterator[Gap]:
    rows = session.execute(
        select(Case.mentee_id, Case.topic, func.max(Case.id))
        .where(
            Case.opened_at > now - ASKED_WITHIN,
            Case.topic.is_not(None),
            ~Case.urgent,
            Case.cause.not_in(_NO_GAP),
        )
        .group_by(Case.mentee_id, Case.topic)
        .having(func.count() >= CASES, func.max(Case.opened_at) >= since)
        .order_by(Case.mentee_id, Case.topic)
    ).all()
    for person_id, named, last in rows:
        topic = named or ""
        known = session.get(Topic, topic)
        title = dict(known.title) if known is not None else {"en": topic.replace("_", " ")}
        yield Gap(
            person_id,
            "questions",
            f"topic:{topic}",
            last,
            "plan_action_questions",
            _of_topic(topic, catalogue),
            title,
        )


def _of_topic(topic: str, catalogue: Catalogue) -> tuple[str, ...]:
    return tuple(one.id for one in catalogue.competencies.values() if topic in one.topics)
