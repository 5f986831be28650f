"""Two records of the same human become one; nothing of either is lost.

Which tables point to people is read from the tables themselves, so that a new one is not
forgotten. Where both records have what one person can have only once, the rules below say what
becomes of the second; a key without a rule refuses the merge, and a test asks for the rule.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Final

from sqlalchemy import (
    Column,
    ColumnElement,
    PrimaryKeyConstraint,
    Table,
    UniqueConstraint,
    and_,
    delete,
    func,
    or_,
    select,
    update,
)
from sqlalchemy import text as sql
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from bot.mentoring import dues
from bot.mentoring.timeline import Span, joined, present
from bot.text.sentences import SentenceError
from store import queue
from store.base import Base
from store.cases import Case
from store.learning import FacilityStay
from store.moves import FormerPerson
from store.people import Address, Person
from store.quizzes import Answer

REASON: Final = "merged with another record of the same person"


class MergeError(SentenceError):
    """These two cannot be one person. One sentence."""


@dataclass(frozen=True)
class Key:
    """What can be there only once: a person's column, the columns beside it, and a condition."""

    table: Table
    name: str
    person: Column[Any]
    beside: tuple[Column[Any], ...]
    where: Any = None

    @property
    def label(self) -> str:
        """How the rules name it: ``dose: uq_dose_open``."""
        return f"{self.table.name}: {self.name}"


@dataclass(frozen=True)
class Merging:
    """One merge: who stays, who goes. ``now``: aware."""

    session: Session
    kept: Person
    gone: Person
    now: datetime
    moved: dict[str, int] = field(default_factory=dict)


def person_columns() -> Iterator[Column[Any]]:
    """Every column of every table that points to a person."""
    person = Base.metadata.tables["person"]
    for table in Base.metadata.sorted_tables:
        for column in table.columns:
            if any(key.column is person.c.id for key in column.foreign_keys):
                yield column


def unique_keys() -> Iterator[Key]:
    """Every unique key with a column that points to a person."""
    people = set(person_columns())
    for table in Base.metadata.sorted_tables:
        unique: list[tuple[str, list[Any], Any]] = [
            (str(one.name), list(one.columns), None)
            for one in table.constraints
            if isinstance(one, UniqueConstraint | PrimaryKeyConstraint)
        ]
        unique += [
            (str(one.name), list(one.columns), one.dialect_options["postgresql"]["where"])
            for one in table.indexes
            if one.unique
        ]
        for name, together, where in sorted(unique, key=lambda one: one[0]):
            for column in together:
                if column in people:
                    beside = tuple(other for other in together if other is not column)
                    yield Key(table, name, column, beside, where)


Rule = Callable[[Merging, Key], None]


def _theirs(work: Merging, key: Key) -> ColumnElement[bool]:
    """Rows of whoever goes that would be there twice."""
    ours = key.table.alias("ours")
    conditions = [ours.c[key.person.name] == work.kept.id]
    conditions += [ours.c[one.name] == key.table.c[one.name] for one in key.beside]
    twice = [key.person == work.gone.id]
    if key.where is not None:
        live = select(key.table.alias("live").c.id).where(sql(str(key.where)))
        twice.append(key.table.c.id.in_(live))
        conditions.append(ours.c.id.in_(live))
    return and_(*twice, select(ours).where(*conditions).correlate(key.table).exists())


def drop(work: Merging, key: Key) -> None:
    """It says nothing that the other does not say: it goes."""
    work.session.execute(delete(key.table).where(_theirs(work, key)))


def ended(**values: Any) -> Rule:
    """It is over, and stays as a record. A value may be a function of the moment."""

    def end(work: Merging, key: Key) -> None:
        filled = {name: v(work.now) if callable(v) else v for name, v in values.items()}
        work.session.execute(update(key.table).where(_theirs(work, key)).values(**filled))

    return end


def refuse(says: str) -> Rule:
    """Both cannot go on, and neither may be ended by us."""

    def look(work: Merging, key: Key) -> None:
        if work.session.execute(select(key.table).where(_theirs(work, key)).limit(1)).first():
            raise MergeError(says)

    return look


def _enrolments(work: Merging, key: Key) -> None:
    """Both in one campaign: the plan of whoever stays goes on, or else that of whoever goes."""
    work.session.execute(
        sql(
            """
            UPDATE enrolment e SET joined_at = least(e.joined_at, o.joined_at),
              planned_to = CASE WHEN e.left_at IS NULL THEN e.planned_to ELSE o.planned_to END,
              reason = CASE WHEN o.left_at IS NULL THEN NULL ELSE e.reason END,
              left_at = CASE WHEN o.left_at IS NULL THEN NULL ELSE e.left_at END
            FROM enrolment o WHERE o.campaign_id = e.campaign_id
              AND e.person_id = :kept AND o.person_id = :gone
            """
        ),
        _ids(work),
    )
    drop(work, key)


def _slots(work: Merging, key: Key) -> None:
    """Both have the same day: what is only planned is taken back; what was asked stays, apart."""
    work.session.execute(
        sql(
            """
            UPDATE dose SET state = 'void', reason = :reason, closed_at = :now
            WHERE state = 'planned' AND id IN (
              SELECT CASE WHEN a.state = 'planned' AND b.state <> 'planned' THEN a.id ELSE b.id END
              FROM dose a JOIN dose b ON b.campaign_id = a.campaign_id AND b.slot = a.slot
              WHERE a.person_id = :kept AND b.person_id = :gone
                AND a.state NOT IN ('void', 'unsent') AND b.state NOT IN ('void', 'unsent'))
            """
        ),
        {**_ids(work), "reason": REASON, "now": work.now},
    )
    work.session.execute(
        update(key.table)
        .where(_theirs(work, key))
        .values(slot=key.table.c.slot + "+" + func.cast(key.table.c.id, key.table.c.slot.type))
    )


def _open_questions(work: Merging, key: Key) -> None:
    """Two open questions: the one that was asked last goes on, the other counts as nothing."""
    work.session.execute(
        sql(
            """
            UPDATE dose SET state = 'expired', reason = :reason, closed_at = :now, look_at = NULL
            WHERE id IN (SELECT id FROM dose WHERE state = 'open' AND person_id IN (:kept, :gone)
                         ORDER BY sent_at DESC NULLS LAST, id DESC OFFSET 1)
            """
        ),
        {**_ids(work), "reason": REASON, "now": work.now},
    )


def _items(work: Merging, key: Key) -> None:
    """Both know an item: the state after the later answer counts, and answers are added up."""
    work.session.execute(
        sql(
            """
            UPDATE learner_item k SET answers = k.answers + o.answers, missed = k.missed + o.missed,
              rule = CASE WHEN newer THEN o.rule ELSE k.rule END,
              due = CASE WHEN newer THEN o.due ELSE k.due END,
              last = CASE WHEN newer THEN o.last ELSE k.last END,
              streak = CASE WHEN newer THEN o.streak ELSE k.streak END,
              retired = CASE WHEN newer THEN o.retired ELSE k.retired END,
              stability = CASE WHEN newer THEN o.stability ELSE k.stability END,
              difficulty = CASE WHEN newer THEN o.difficulty ELSE k.difficulty END,
              asked_at = greatest(k.asked_at, o.asked_at)
            FROM (SELECT g.*, coalesce(g.last > h.last, h.last IS NULL) AS newer
                  FROM learner_item g JOIN learner_item h ON h.item_id = g.item_id
                  WHERE g.person_id = :gone AND h.person_id = :kept) o
            WHERE k.person_id = :kept AND k.item_id = o.item_id
            """
        ),
        _ids(work),
    )
    drop(work, key)


def _wishes(work: Merging, key: Key) -> None:
    """The later wish counts."""
    work.session.execute(
        sql(
            """
            UPDATE preference k SET hour = o.hour, per_week = o.per_week, weekends = o.weekends,
              paused_until = o.paused_until, changed_at = o.changed_at
            FROM preference o WHERE k.person_id = :kept AND o.person_id = :gone
              AND o.changed_at > k.changed_at
            """
        ),
        _ids(work),
    )
    drop(work, key)


def _members(work: Merging, key: Key) -> None:
    """Both in one discussion: whoever has joined is in it."""
    work.session.execute(
        sql(
            """
            UPDATE discussion_member k SET state = o.state, joined_at = o.joined_at,
              address_id = o.address_id, left_at = o.left_at
            FROM discussion_member o WHERE o.discussion_id = k.discussion_id
              AND k.person_id = :kept AND o.person_id = :gone
              AND o.state = 'joined' AND k.state <> 'joined'
            """
        ),
        _ids(work),
    )
    drop(work, key)


def _visited(work: Merging, key: Key) -> None:
    """Both were told of one visit: what either has answered, and that either was seen, counts."""
    work.session.execute(
        sql(
            """
            UPDATE visit_person k SET coming = coalesce(k.coming, o.coming),
              answered_at = coalesce(k.answered_at, o.answered_at),
              seen = CASE WHEN k.seen OR o.seen THEN true ELSE coalesce(k.seen, o.seen) END
            FROM visit_person o WHERE o.visit_id = k.visit_id
              AND k.person_id = :kept AND o.person_id = :gone
            """
        ),
        _ids(work),
    )
    drop(work, key)


def _numbers(work: Merging, key: Key) -> None:
    """Items of plans go on in the numbers of whoever stays."""
    work.session.execute(
        sql(
            """
            UPDATE plan_item p SET number = p.number + greatest(
              (SELECT max(number) FROM plan_item WHERE owner_id = :kept),
              (SELECT max(number) FROM plan_item WHERE owner_id = :gone))
            WHERE owner_id = :gone AND EXISTS (SELECT FROM plan_item WHERE owner_id = :kept)
            """
        ),
        _ids(work),
    )


def _certificates(work: Merging, key: Key) -> None:
    """Both were printed and may be asked about: both stay, the second under its number."""
    work.session.execute(
        update(key.table)
        .where(_theirs(work, key))
        .values(cadre=key.table.c.cadre + " " + key.table.c.number)
    )


def _ids(work: Merging) -> dict[str, Any]:
    return {"kept": work.kept.id, "gone": work.gone.id}


def _now(now: datetime) -> datetime:
    return now


# In this order. Whatever has no rule here is refused by the database.
RULES: Final[Mapping[str, Rule]] = {
    "discussion: uq_discussion_host_open": refuse(
        "Both host a discussion that is not over: let one of them end it first."
    ),
    "enrolment: uq_enrolment_campaign_id_person_id": _enrolments,
    "dose: uq_dose_open": _open_questions,
    "dose: uq_dose_slot": _slots,
    "learner_item: pk_learner_item": _items,
    "preference: pk_preference": _wishes,
    "discussion_member: uq_discussion_member_discussion_id_person_id": _members,
    "discussion_member: uq_discussion_member_joined": ended(state="left", left_at=_now),
    "relay: uq_relay_post_id_person_id": drop,
    "encounter_mentee: pk_encounter_mentee": drop,
    "case_offer: uq_case_offer_live": ended(ended_at=_now, outcome="withdrawn"),
    "mentor_due: uq_mentor_due_pending": ended(done_at=_now, outcome="merged"),
    "goal: uq_goal_live": ended(state="dropped", ended_at=_now),
    "plan_item: uq_plan_item_owner_id_number": _numbers,
    "plan_due: uq_plan_due_pending": ended(done_at=_now, outcome="merged"),
    "certificate: uq_certificate_person_id_cadre": _certificates,
    "visit: uq_visit_planned": ended(state="cancelled", closed_at=_now, reason=REASON),
    "visit_person: pk_visit_person": _visited,
    "walk: uq_walk_open": ended(status="aside"),
    "walk: uq_walk_living": ended(status="dropped", closed_at=_now),
    "stock_reporter: uq_stock_reporter_report_id_person_id": drop,
    # Joined by ``_stays``.
    "facility_stay: uq_facility_stay_present": lambda work, key: None,
}


def merge(session: Session, kept: Person, gone: Person, now: datetime) -> Merging:
    """Bring all of a record to another, in the session's transaction; the record ends.

    A STOP and a "no" of either hold. What one person can have only once is as whoever stays has
    it, unless ``RULES`` say otherwise.

    Args:
        now: aware.

    Returns:
        How many rows were moved, by table.

    Raises:
        MergeError: these two cannot be one person.
    """
    if kept.id == gone.id:
        raise MergeError("Both are the same person already.")
    session.flush()
    for person_id in sorted((kept.id, gone.id)):  # in one order, whoever merges what
        session.get_one(Person, person_id, with_for_update={"of": Person}, populate_existing=True)
    work = Merging(session, kept, gone, now)
    _cannot_be_one(work)
    _stays(work)
    known = {key.label: key for key in unique_keys()}
    for label, rule in RULES.items():
        rule(work, known[label])
    gone_id, external_id, name = gone.id, gone.external_id, gone.name
    if kept.external_id is None:
        gone.external_id = None
        session.flush()
        kept.external_id, external_id = external_id, None
    _person(kept, gone)
    session.flush()
    try:
        for column in person_columns():
            moved = session.execute(
                update(column.table)
                .where(column == gone_id)
                .values({column.name: kept.id})
                .returning(column)
                .execution_options(synchronize_session=False)
            )
            count = len(moved.all())
            if count:
                work.moved[column.table.name] = work.moved.get(column.table.name, 0) + count
        _jobs(work, gone_id)
        session.expunge(gone)
        session.execute(
            delete(Person).where(Person.id == gone_id).execution_options(synchronize_session=False)
        )
        session.expire_all()
    except IntegrityError as error:
        what = getattr(getattr(error.orig, "diag", None), "table_name", None) or "a table"
        raise MergeError(
            "Both have what one person has once (%(what)s), and no rule says which counts.",
            what=what,
        ) from error
    _first_answers(work)
    _not_of_oneself(work)
    session.add(
        FormerPerson(
            id=gone_id, person_id=kept.id, external_id=external_id, name=name, merged_at=now
        )
    )
    session.flush()
    return work


def _cannot_be_one(work: Merging) -> None:
    """Whoever has signed a skill of the other is somebody else."""
    from store.learning import Assessment

    pair = (work.kept.id, work.gone.id)
    signed = select(Assessment.id).where(
        Assessment.person_id.in_(pair),
        Assessment.assessor_id.in_(pair),
    )
    if work.session.scalar(signed.limit(1)) is not None:
        raise MergeError("One has assessed the other, so they are two people.")


def _person(kept: Person, gone: Person) -> None:
    """The person's own row: what is not known of one is as the other has it."""
    for name in (
        "name", "cadre", "facility_id", "association", "mentor_id", "backup_mentor_id",
        "case_cap", "daily_cap", "pending", "away_since", "away_until",
    ):  # fmt: skip
        if not getattr(kept, name):
            setattr(kept, name, getattr(gone, name))
    if not kept.duty:
        kept.duty = gone.duty
    for name in ("roles", "groups", "technical_areas", "languages"):
        together = dict.fromkeys([*getattr(kept, name), *getattr(gone, name)])
        setattr(kept, name, list(together))
    stops = [at for at in (kept.stopped_at, gone.stopped_at) if at is not None]
    kept.stopped_at = min(stops) if stops else None
    answers = {"no": 3, "yes": 2, "asked": 1, "unknown": 0}
    if answers.get(gone.consent, 0) > answers.get(kept.consent, 0):
        kept.consent, kept.consent_at = gone.consent, gone.consent_at
    kept.created_at = min(kept.created_at, gone.created_at)
    for name in ("mentor_id", "backup_mentor_id"):
        if getattr(kept, name) in (kept.id, gone.id):
            setattr(kept, name, None)  # nobody is their own mentor


def _stays(work: Merging) -> None:
    """Where they worked: one timeline, in which the record that stays goes first."""
    session = work.session
    known: dict[int, list[Span]] = {}
    for person in (work.kept, work.gone):
        rows = session.scalars(select(FacilityStay).where(FacilityStay.person_id == person.id))
        spans = [Span(row.facility_id, row.since, row.until) for row in rows]
        known[person.id] = present(person.facility_id, spans)
    together = joined(known[work.kept.id], known[work.gone.id])
    session.execute(
        delete(FacilityStay).where(FacilityStay.person_id.in_((work.kept.id, work.gone.id)))
    )
    if any(span.since or span.until for span in together):
        session.add_all(
            FacilityStay(
                person_id=work.kept.id,
                facility_id=span.facility,
                since=span.since,
                until=span.until,
            )
            for span in together
        )
    session.flush()


def _first_answers(work: Merging) -> None:
    """One person answers an item for the first time once."""
    earlier = Answer.__table__.alias("earlier")
    work.session.execute(
        update(Answer)
        .where(
            Answer.person_id == work.kept.id,
            Answer.first,
            select(earlier.c.id)
            .where(
                earlier.c.person_id == Answer.person_id,
                earlier.c.item_id == Answer.item_id,
                or_(
                    earlier.c.answered_at < Answer.answered_at,
                    and_(earlier.c.answered_at == Answer.answered_at, earlier.c.id < Answer.id),
                ),
            )
            .exists(),
        )
        .values(first=False)
        .execution_options(synchronize_session=False)
    )


def _not_of_oneself(work: Merging) -> None:
    """A case that one record asked and the other holds finds another mentor."""
    own = select(Case).where(
        Case.mentee_id == work.kept.id, Case.mentor_id == work.kept.id, Case.state != "closed"
    )
    for case in work.session.scalars(own.with_for_update()):
        case.mentor_id = case.assigned_at = None
        dues.nobody(work.session, case, work.now, work.now)
    work.session.execute(
        sql(
            """
            UPDATE case_offer o SET ended_at = :now, outcome = 'withdrawn' FROM "case" c
            WHERE c.id = o.case_id AND o.ended_at IS NULL
              AND o.mentor_id = :kept AND c.mentee_id = :kept
            """
        ),
        {"kept": work.kept.id, "now": work.now},
    )
    # Somebody whose mentor was the other record, and is now themselves.
    for column in (Person.mentor_id, Person.backup_mentor_id):
        work.session.execute(
            update(Person)
            .where(Person.id == work.kept.id, column == work.kept.id)
            .values({column.key: None})
            .execution_options(synchronize_session=False)
        )


def _jobs(work: Merging, gone_id: int) -> None:
    """What waits to be done for the record is done for the person."""
    work.session.execute(
        sql(
            """
            UPDATE procrastinate_jobs SET lock = :lock,
              args = CASE WHEN args ? 'person_id'
                THEN jsonb_set(args, '{person_id}', to_jsonb(CAST(:kept AS bigint))) ELSE args END
            WHERE status = 'todo' AND lock = :before
            """
        ),
        {
            "kept": work.kept.id,
            "lock": queue.person_lock(work.kept.id),
            "before": queue.person_lock(gone_id),
        },
    )
    if work.session.scalar(select(Address.id).where(Address.person_id == work.kept.id).limit(1)):
        queue.defer_send(work.session, work.kept.id)
