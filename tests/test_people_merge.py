"""Two records of one human become one: everything comes along, in every table there is."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from itertools import count, pairwise
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import ARRAY, Column, Table, func, insert, select, text
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Session, sessionmaker

from bot import importing, people
from bot.mentoring import importing as records
from bot.mentoring import merging
from bot.mentoring.merging import MergeError
from bot.mentoring.timeline import Span, joined, present
from bot.settings import Settings
from store.base import Base, UtcDateTime, make_engine, make_sessions
from store.learning import Assessment, FacilityStay
from store.moves import FormerPerson
from store.people import Address, Facility, Person
from store.quizzes import Answer, Dose, Enrolment, LearnerItem, Preference
from tests.town import Town

NOW = datetime(2026, 3, 2, 9, tzinfo=UTC)
OLD, NEW = "+250788000301", "+250788000302"
Sessions = sessionmaker[Session]
NUMBERS = count(1000)

# What the checks of a table want; everything else is made from its type.
WANTED: dict[str, dict[str, Any]] = {
    "account": {"role": "viewer"},
    "api_token": {"role": "viewer"},
    "assessment": {"kind": "pre", "out_of": 20, "score": 12},
    "skill_observation": {"patient_consent": True},
    "goal": {"competency": "mnh-pph", "state": "proposed"},
    "encounter": {"kind": "virtual", "form": "group"},
    "facility_stay": {"facility_id": 1, "since": NOW, "until": NOW + timedelta(days=1)},
}


@pytest.fixture
def sessions(database_url: str) -> Iterator[Sessions]:
    engine = make_engine(database_url)
    yield make_sessions(engine)
    engine.dispose()


def person(session: Session, name: str = "Claudine Mukamana", **values: Any) -> Person:
    made = Person(
        **{"name": name, "language": "en", "timezone": "Africa/Kigali", "consent": "yes", **values}
    )
    session.add(made)
    session.flush()
    return made


def value(column: Column[Any], number: int) -> Any:
    """Something that a column of this type takes; other for each number."""
    kind = column.type
    if isinstance(kind, ARRAY):
        return []
    if isinstance(kind, UtcDateTime):
        return NOW
    if isinstance(kind, JSONB):
        return {}
    python = kind.python_type
    if python is bool:
        return False
    if python is date:
        return NOW.date()
    return f"{column.name}{number}" if python is str else number


def row(table: Table, number: int, /, **values: Any) -> dict[str, Any]:
    """A row with a value wherever there must be one."""
    made = {
        column.name: value(column, number)
        for column in table.columns
        if not column.nullable and column.server_default is None
    }
    return {**made, **WANTED.get(table.name, {}), **values}


def put(session: Session, table: Table, values: dict[str, Any]) -> None:
    """A row whose other references lead nowhere; committed, so that they are not looked at."""
    session.flush()
    session.execute(text("SET LOCAL session_replication_role = replica"))
    session.execute(insert(table).values(values))
    session.commit()


def left_of(session: Session, gone: int) -> list[str]:
    """Columns that still point to a person."""
    return [
        str(column)
        for column in merging.person_columns()
        if session.scalar(select(func.count()).select_from(column.table).where(column == gone))
    ]


def tables_of_people() -> list[Column[Any]]:
    return [column for column in merging.person_columns() if column.table.name != "person"]


def test_everything_that_points_to_a_person_comes_along(sessions: Sessions) -> None:
    """A row in every table that has a column for a person; none is forgotten."""
    with sessions() as session:
        session.add(Facility(id=1, name="Kabarondo HC"))
        kept, gone = person(session), person(session)
        person(session, mentor_id=gone.id, backup_mentor_id=gone.id)
        gone_id = gone.id
        for number, column in enumerate(tables_of_people(), 1000):
            put(session, column.table, row(column.table, number, **{column.name: gone.id}))
        expected = {column.table.name for column in tables_of_people()} | {"person"}
        work = merging.merge(session, kept, gone, NOW)
        # Stays are one timeline and are written anew.
        assert set(work.moved) >= expected - {"facility_stay"}
        assert left_of(session, gone_id) == []
        assert session.get(Person, gone_id) is None


def test_what_can_be_there_once_has_a_rule(sessions: Sessions) -> None:
    """Whoever adds a table says in bot/mentoring/merging.py what becomes of the second row."""
    assert {key.label for key in merging.unique_keys()} == set(merging.RULES)
    for key in merging.unique_keys():
        if key.label.startswith(("discussion: ", "facility_stay: ")):
            continue  # refused, and joined; see below
        with sessions() as session:
            kept, gone = person(session), person(session)
            gone_id = gone.id
            wanted = WANTED.get(key.table.name, {})
            beside = {one.name: wanted.get(one.name, value(one, 77)) for one in key.beside}
            state = re.search(r"(state|status) = '(\w+)'", str(key.where))
            if state is not None:
                beside[state[1]] = state[2]
            for number, one in ((next(NUMBERS), kept), (next(NUMBERS), gone)):
                values = row(key.table, number, **beside, **{key.person.name: one.id})
                put(session, key.table, values)
            # The rows that these refer to are not there.
            session.execute(text("SET LOCAL session_replication_role = replica"))
            merging.merge(session, kept, gone, NOW)
            assert left_of(session, gone_id) == [], key.label


def test_the_words_of_either_hold(sessions: Sessions) -> None:
    """STOP of one is a STOP; what one is, both are."""
    with sessions() as session:
        place = Facility(name="Kabarondo HC", district="Kayonza")
        kept = person(session, name="", roles=["mentee"], external_id="N-1")
        gone = person(
            session,
            roles=["mentor", "mentee"],
            external_id="N-2",
            stopped_at=NOW - timedelta(days=3),
            consent="no",
            cadre="midwife",
            facility=place,
            groups=["cohort 3"],
            mentor_id=kept.id,
        )
        session.add_all(
            Address(person_id=one.id, channel="sms", value=number)
            for one, number in ((kept, OLD), (gone, NEW))
        )
        session.flush()
        gone_id = gone.id
        merging.merge(session, kept, gone, NOW)
        assert kept.stopped_at == NOW - timedelta(days=3)
        assert kept.consent == "no"
        assert (kept.name, kept.cadre) == ("Claudine Mukamana", "midwife")
        assert kept.facility == place
        assert kept.roles == ["mentee", "mentor"]
        assert kept.mentor_id is None, "nobody is their own mentor"
        assert [one.value for one in kept.addresses] == [OLD, NEW]
        former = session.get_one(FormerPerson, gone_id)
        assert (former.person_id, former.external_id) == (kept.id, "N-2")
        assert people.by_external_id(session, "N-2") == kept
        assert people.called(session, NEW, "RW") == [kept]


def test_one_who_signed_for_the_other_is_somebody_else(sessions: Sessions) -> None:
    with sessions() as session:
        one, other = person(session), person(session, roles=["mentor"])
        session.add(
            Assessment(
                person_id=one.id, technical_area="MNH", competency="mnh-pph", kind="skill",
                passed=True, at=NOW, assessor_id=other.id, source="import", key="k",
            )
        )  # fmt: skip
        session.flush()
        with pytest.raises(MergeError, match="two people"):
            merging.merge(session, one, other, NOW)
        with pytest.raises(MergeError, match="same person already"):
            merging.merge(session, one, one, NOW)


def test_a_file_of_before_finds_the_one_person(sessions: Sessions, tmp_path: Path) -> None:
    """Both external ids lead to the person, and a file imported again adds nothing."""
    settings = Settings(_env_file=None)
    tests = tmp_path / "tests.csv"
    tests.write_text(
        "external_id,technical_area,competency,kind,score,out_of,date\n"
        "N-1,MNH,,post,17,20,2026-01-05\nN-2,MNH,,pre,9,20,2025-10-05\n"
    )
    listed = tmp_path / "people.csv"
    listed.write_text("name,external_id,role\nClaudine,N-1,mentee\nClaudine M,N-2,mentee\n")
    importing.people(sessions, listed, settings, now=NOW)
    assert not records.assessments(sessions, tests, settings, now=NOW).problems
    with sessions.begin() as session:
        one, other = (people.by_external_id(session, name) for name in ("N-1", "N-2"))
        assert one is not None
        assert other is not None
        merging.merge(session, one, other, NOW)
    assert "2 people: 0 new" in importing.people(sessions, listed, settings, now=NOW).summary
    again = records.assessments(sessions, tests, settings, now=NOW)
    assert again.summary == "2 assessments: 0 new, 2 known."
    with sessions() as session:
        everybody = session.scalars(select(Person)).all()
        assert [one.external_id for one in everybody] == ["N-1"]
        assert session.scalar(select(func.count(Assessment.id))) == 2


def test_nothing_under_way_stops(town: Town) -> None:
    """A nurse who was recorded twice: her case, her question and her campaign go on."""
    alice = town.mentor()
    home = town.mentee(OLD)
    work = town.mentee(NEW)
    for number in (OLD, NEW):
        town.pair(number, "+250788000401")
    town.stock_bank()
    town.campaign(topics=["pph"], per_week=3)
    home.says("MENTOR")
    home.hears("text your question")
    home.says("Retained placenta after 40 minutes, what next?")
    home.hears("asked Alice")
    alice.hears("Retained placenta")
    work.says("QUIZ")
    work.hears("A ")
    asked = town.one(Dose, Dose.state == "open")
    with town.works.sessions.begin() as session:
        kept, gone = (session.get_one(Person, town.person(n).id) for n in (OLD, NEW))
        merging.merge(session, kept, gone, town.time.now())
    one = town.person(OLD)
    assert town.person(NEW).id == one.id
    assert town.count(Enrolment, Enrolment.left_at.is_(None)) == 1
    assert town.count(Dose, Dose.state == "planned") == town.count(
        Dose, Dose.state == "planned", Dose.person_id == one.id
    )
    days = [dose.slot for dose in town.all(Dose, Dose.state == "planned")]
    assert len(days) == len(set(days)), "one dose a day"
    alice.says(f"#{town.case().code} Give oxytocin and pull gently")
    home.hears("pull gently")
    work.says("B")
    work.hears("right|not yet")
    assert town.one(Answer).person_id == one.id
    assert town.one(Answer).dose_id == asked.id


def test_what_was_learnt_is_of_one_mentee(sessions: Sessions) -> None:
    """The state after the later answer counts; only the earliest answer was the first."""
    with sessions() as session:
        kept, gone = person(session), person(session)
        for number, (one, day, streak) in enumerate(((kept, 1, 0), (gone, 5, 1)), 500):
            at = NOW - timedelta(days=10 - day)
            put(
                session,
                Base.metadata.tables["learner_item"],
                row(
                    Base.metadata.tables["learner_item"], number, person_id=one.id,
                    item_id="pph-01", answers=1, streak=streak, last=at, asked_at=at,
                ),
            )  # fmt: skip
            put(
                session,
                Base.metadata.tables["answer"],
                row(
                    Base.metadata.tables["answer"], number, person_id=one.id, item_id="pph-01",
                    first=True, answered_at=at, latency=1.0, recall=0.5,
                ),
            )  # fmt: skip
        session.add_all(
            Preference(person_id=one.id, hour=hour, changed_at=NOW - timedelta(days=hour))
            for one, hour in ((kept, 18), (gone, 12))
        )
        session.flush()
        session.execute(text("SET LOCAL session_replication_role = replica"))
        merging.merge(session, kept, gone, NOW)
        item = session.scalars(select(LearnerItem)).one()
        assert (item.answers, item.streak) == (2, 1)
        firsts = session.scalars(select(Answer.first).order_by(Answer.answered_at)).all()
        assert firsts == [True, False]
        assert session.scalars(select(Preference.hour)).one() == 12


# Where they worked


DAYS = st.integers(0, 60)


@st.composite
def stays(draw: st.DrawFn) -> tuple[int | None, list[Span]]:
    """A record as it may be: nothing, a present place, or a chain of stays up to now."""
    facility = draw(st.one_of(st.none(), st.integers(1, 3)))
    if facility is None or draw(st.booleans()):
        return facility, []
    days = sorted(draw(st.sets(DAYS, min_size=1, max_size=4)))
    moments = [None, *(NOW + timedelta(days=day) for day in days), None]
    chain = [Span(draw(st.integers(1, 3)), start, end) for start, end in pairwise(moments)]
    return chain[-1].facility, chain


@given(stays(), stays())
def test_one_timeline_has_no_overlaps_and_forgets_no_moment(
    kept: tuple[int | None, list[Span]], other: tuple[int | None, list[Span]]
) -> None:
    ours, theirs = present(*kept), present(*other)
    found = joined(ours, theirs)
    for before, after in pairwise(found):
        assert before.end <= after.start
    assert all(span.start < span.end for span in found)
    for day in range(-1, 62):
        moment = NOW + timedelta(days=day, hours=1)

        def at(spans: list[Span], moment: datetime = moment) -> list[int]:
            return [span.facility for span in spans if span.start <= moment < span.end]

        assert len(at(found)) == bool(at(ours) or at(theirs))
        assert not at(found) or at(found)[0] in at(ours) + at(theirs)
        began = ours and ours[0].since is None and moment < ours[0].end
        if at(ours) and not began:
            assert at(found) == at(ours)


def test_a_timeline_is_written_down(sessions: Sessions) -> None:
    """She worked at Gahini until January, as one record knows, and works at Kabarondo now."""
    moved = datetime(2026, 1, 10, tzinfo=UTC)
    with sessions() as session:
        gahini, kabarondo = (Facility(name=name) for name in ("Gahini", "Kabarondo"))
        session.add_all([gahini, kabarondo])
        kept, gone = person(session, facility=kabarondo), person(session, facility=kabarondo)
        session.add_all(
            [
                FacilityStay(person_id=gone.id, facility_id=gahini.id, until=moved),
                FacilityStay(person_id=gone.id, facility_id=kabarondo.id, since=moved),
            ]
        )
        session.flush()
        merging.merge(session, kept, gone, NOW)
        found = session.scalars(select(FacilityStay).order_by(FacilityStay.since.nulls_first()))
        assert [(one.facility_id, one.since, one.until) for one in found] == [
            (gahini.id, None, moved),
            (kabarondo.id, moved, None),
        ]
