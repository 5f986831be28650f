"""Lives of visits at random, against the real services and a real database.

Planned, moved, called off, answered, told of, or forgotten, in any order, while messages leave or
wait for the morning. A model beside it knows what must be so, and nothing of how it is done.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)
from sqlalchemy import Engine, select, update
from sqlalchemy.orm import Session

from bot.mentoring import encounters, skills, visit_dues, visit_rules, visits
from bot.mentoring.competencies import load
from bot.mentoring.visits import VisitError
from store.base import make_engine, make_sessions
from store.encounters import Encounter, EncounterMentee
from store.messages import OutboxMessage
from store.people import Address, Facility, Person
from store.visits import Visit, VisitDue, VisitPerson

# A Sunday at eleven in Kigali.
START = datetime(2026, 3, 1, 9, tzinfo=UTC)
CATALOGUE = load()
MOST = 4


@dataclass
class Known:
    """What the model knows of one visit. ``told``: who was asked, since its last change."""

    number: int
    starts_at: datetime
    days: int
    state: str = "planned"
    revision: int = 1
    coming: dict[int, bool | None] = field(default_factory=dict)
    seen: tuple[int, ...] = ()

    @property
    def close(self) -> datetime:
        """When it is given up for unreported."""
        found = visit_rules.moments(self.starts_at, self.days, "Africa/Kigali", self.starts_at)
        return found.close


class Lives(RuleBasedStateMachine):
    """A mentor who visits one facility: two mentees, one who has stopped, and a leader."""

    engine: Engine

    def __init__(self) -> None:
        super().__init__()
        self.connection = self.engine.connect()
        self.transaction = self.connection.begin()
        self.session = Session(
            self.connection, join_transaction_mode="create_savepoint", expire_on_commit=False
        )
        self.now = START
        self.place = Facility(name="Rukara Health Centre", district="Kayonza")
        self.session.add(self.place)
        self.mentor = self._person("Alice Ingabire", ["mentor"], facility=None)
        self.mentees = [self._person("Claudine Mukamana"), self._person("Jean Habimana")]
        self.stopped = self._person("Innocent Nshuti", stopped_at=START)
        self.leader = self._person("Paul Kagabo", ["leader"])
        self.known: dict[int, Known] = {}

    def _person(self, name: str, roles: list[str] | None = None, **values: Any) -> Person:
        person = Person(
            **{
                "name": name,
                "roles": roles or ["mentee"],
                "language": "en",
                "timezone": "Africa/Kigali",
                "technical_areas": [],
                "consent": "yes",
                "facility": self.place,
                **values,
            }
        )
        self.session.add(person)
        self.session.flush()
        number = f"+25078800{person.id % 10_000:04}"
        self.session.add(Address(person_id=person.id, channel="sms", value=number))
        self.session.flush()
        return person

    def teardown(self) -> None:
        """Nothing of it stays."""
        self.session.close()
        self.transaction.rollback()
        self.connection.close()

    @property
    def asked(self) -> list[Person]:
        """Who can be told by text."""
        return [*self.mentees, self.leader]

    def _planned(self) -> list[Known]:
        return [one for one in self.known.values() if one.state == "planned"]

    def _visit(self, one: Known) -> Visit:
        return visits.locked(self.session, one.number)

    def _with(self, number: int, among: list[Known]) -> Known:
        return among[number % len(among)]

    # What the mentor does.

    @precondition(lambda self: len(self.known) < MOST)
    @rule(day=st.integers(0, 4), hour=st.integers(4, 15), days=st.integers(1, 2))
    def plan(self, day: int, hour: int, days: int) -> None:
        at = (START + timedelta(days=(self.now - START).days + day)).replace(hour=hour)
        same = [one for one in self._planned() if one.starts_at == at]
        if at <= self.now:
            with pytest.raises(VisitError, match="visit_past"):
                self._plan(at, days)
            return
        visit = self._plan(at, days)
        if same:
            assert visit.id == same[0].number
            return
        assert visit.id not in self.known
        coming = {one.id: None for one in [*self.asked, self.stopped]}
        self.known[visit.id] = Known(visit.id, at, days, coming=dict(coming))

    def _plan(self, at: datetime, days: int) -> Visit:
        return visits.plan(
            self.session, self.mentor, self.place, at, now=self.now, source="whatsapp", days=days
        )

    @precondition(lambda self: self._planned())
    @rule(which=st.integers(0, MOST), day=st.integers(0, 4), hour=st.integers(4, 15))
    def move(self, which: int, day: int, hour: int) -> None:
        one = self._with(which, self._planned())
        at = (START + timedelta(days=(self.now - START).days + day)).replace(hour=hour)
        clash = [other for other in self._planned() if other.starts_at == at and other is not one]
        if at == one.starts_at:
            assert not visits.change(self.session, self._visit(one), now=self.now, starts_at=at)
        elif at <= self.now or clash:
            with pytest.raises(VisitError, match="visit_twice" if clash else "visit_past"):
                visits.change(self.session, self._visit(one), now=self.now, starts_at=at)
        else:
            assert visits.change(self.session, self._visit(one), now=self.now, starts_at=at)
            one.starts_at, one.revision = at, one.revision + 1
            one.coming = dict.fromkeys(one.coming)

    @precondition(lambda self: self.known)
    @rule(which=st.integers(0, MOST))
    def call_off(self, which: int) -> None:
        one = self._with(which, list(self.known.values()))
        if one.state != "planned":
            with pytest.raises(VisitError, match="visit_is_over"):
                visits.cancel(self.session, self._visit(one), now=self.now)
            return
        heard = self._heard(one)
        told = visits.cancel(self.session, self._visit(one), now=self.now)
        one.state, one.revision = "cancelled", one.revision + 1
        expected = {
            person.id
            for person in self.asked
            if person.id in heard and one.coming[person.id] is not False
        }
        assert told == len(expected)
        assert self._waiting(one, "cancelled") == expected

    @precondition(lambda self: self._begun())
    @rule(which=st.integers(0, MOST), held=st.booleans(), seen=st.sets(st.integers(0, 1)))
    def tell_of_it(self, which: int, held: bool, seen: set[int]) -> None:
        one = self._with(which, self._begun())
        visit = self._visit(one)
        if not held:
            visits.over(self.session, visit, "missed", self.now, "the road was flooded")
            one.state = "missed"
            return
        ids = [self.mentees[place].id for place in sorted(seen)]
        visits.over(self.session, visit, "held", self.now)
        for person in self.mentees:
            mine = visits.of_person(self.session, visit, person)
            assert mine is not None
            mine.seen = person.id in ids
        encounters.of_visit(
            self.session, visit, ids, topics=["pph"], together=True, minutes=90, now=self.now
        )
        one.state, one.seen = "held", tuple(ids)

    def _begun(self) -> list[Known]:
        return [
            one
            for one in self.known.values()
            if one.state in ("planned", "unreported") and one.starts_at <= self.now
        ]

    # What others do.

    @precondition(lambda self: self.known)
    @rule(which=st.integers(0, MOST), who=st.integers(0, 2), coming=st.booleans())
    def answer(self, which: int, who: int, coming: bool) -> None:
        one = self._with(which, list(self.known.values()))
        person = self.asked[who]
        outcome = visits.answer(self.session, self._visit(one), person, coming, self.now)
        if one.state != "planned" or one.starts_at <= self.now:
            assert outcome == "over"
        elif one.coming[person.id] is coming:
            assert outcome == "same"
        else:
            assert outcome == "taken"
            one.coming[person.id] = coming

    @rule()
    def messages_leave(self) -> None:
        self.session.execute(
            update(OutboxMessage)
            .where(OutboxMessage.state == "queued")
            .values(state="delivered", attempted_at=self.now)
        )

    @rule(hours=st.integers(1, 60))
    def time_passes(self, hours: int) -> None:
        """Hour by hour, as the clock ticks."""
        for _ in range(hours):
            self.now += timedelta(hours=1)
            for due in visit_dues.due_ids(self.session, self.now, 100):
                visit_dues.look(self.session, due, self.now, CATALOGUE)
            for one in self._planned():
                if one.close <= self.now:
                    one.state = "unreported"

    # What must be so.

    def _messages(self, one: Known, *states: str) -> list[OutboxMessage]:
        query = select(OutboxMessage).where(
            OutboxMessage.dedupe_key.like(f"visit:{one.number}:%"),
            OutboxMessage.state.in_(states),
        )
        return list(self.session.scalars(query.execution_options(populate_existing=True)))

    def _heard(self, one: Known) -> set[int]:
        return {message.person_id for message in self._messages(one, "delivered")}

    def _waiting(self, one: Known, label: str) -> set[int]:
        """Who has not heard yet what is labelled so."""
        found = self._messages(one, "queued")
        return {each.person_id for each in found if each.dedupe_key.split(":")[3] == label}

    @invariant()
    def states_and_answers_are_as_known(self) -> None:
        self.session.flush()
        for visit in self.session.scalars(select(Visit)):
            one = self.known[visit.id]
            found = (visit.state, visit.starts_at, visit.days, visit.revision)
            assert found == (one.state, one.starts_at, one.days, one.revision)
            assert (visit.closed_at is None) == (visit.state == "planned")
        rows = self.session.scalars(select(VisitPerson))
        coming = {(row.visit_id, row.person_id): row.coming for row in rows}
        assert coming == {
            (one.number, person): said
            for one in self.known.values()
            for person, said in one.coming.items()
        }

    @invariant()
    def what_is_due_is_due_of_what_is_planned(self) -> None:
        waiting: dict[int, set[str]] = {}
        for due in self.session.scalars(select(VisitDue).where(VisitDue.done_at.is_(None))):
            assert due.kind not in waiting.setdefault(due.visit_id, set())
            waiting[due.visit_id].add(due.kind)
        for one in self.known.values():
            kinds = waiting.get(one.number, set())
            assert ("close" in kinds) == (one.state == "planned")
            if one.state != "planned":
                assert kinds == set()

    @invariant()
    def nobody_is_told_what_is_not_true(self) -> None:
        for one in self.known.values():
            for message in self._messages(one, "queued", "held"):
                revision, label = message.dedupe_key.split(":")[2:4]
                assert message.person_id != self.stopped.id
                if one.state == "cancelled" and label in ("notice", "moved", "reminder"):
                    pytest.fail("a visit that was called off is still announced")
                if label in ("notice", "moved"):
                    assert int(revision) == one.revision

    @invariant()
    def lists_are_of_what_is_to_come(self) -> None:
        planned = {one.number for one in self._planned()}
        assert {one.id for one in visits.planned(self.session, self.mentor)} == planned
        to_come = {one.number for one in self._planned() if one.starts_at > self.now}
        claudine = visits.coming_to(self.session, self.mentees[0], self.now)
        assert {visit.id for visit, _ in claudine} == to_come
        untold = {visit.id for visit in visits.to_tell_of(self.session, self.mentor, self.now)}
        assert untold == {one.number for one in self._begun()}

    @invariant()
    def only_who_was_met_may_be_signed_for(self) -> None:
        """This mentor has no mentees of their own: only visits open the way to a signature."""
        expected: set[int] = set()
        for one in self.known.values():
            over_at = one.starts_at + timedelta(days=one.days) + skills.SIGNS_FOR
            if one.starts_at <= self.now < over_at:
                if one.state == "held":
                    expected.update(one.seen)
                elif one.state == "planned":
                    expected.update(person.id for person in [*self.mentees, self.stopped])
        found = skills.mentees_of(self.session, self.mentor, self.now)
        assert {person.id for person in found} == expected

    @invariant()
    def what_was_held_is_logged_once(self) -> None:
        met = self.session.execute(
            select(Encounter.visit_id, EncounterMentee.person_id).join(
                EncounterMentee, EncounterMentee.encounter_id == Encounter.id
            )
        ).all()
        pairs = [(visit, person) for visit, person in met]
        assert sorted(pairs) == sorted(
            (one.number, person) for one in self.known.values() for person in one.seen
        )


@pytest.fixture
def lives(database_url: str) -> Any:
    """The machine, on a database of its own."""
    engine = make_engine(database_url)
    make_sessions(engine)  # so that every table is known
    yield type("LivesHere", (Lives,), {"engine": engine})
    engine.dispose()


def test_whatever_happens_to_visits(lives: Callable[[], Lives]) -> None:
    run_state_machine_as_test(
        lives,
        settings=settings(
            max_examples=10,
            stateful_step_count=25,
            deadline=None,
            suppress_health_check=list(HealthCheck),
        ),
    )
