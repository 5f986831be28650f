"""Goals and coaching plans: what is kept, how often, and who hears of it when."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from itertools import count
from typing import get_args

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from bot import words
from bot.mentoring import coaching, goals, plan_asks
from bot.text.fold import fold
from store.base import make_engine, make_sessions
from store.people import Person
from store.plans import Goal, PlanDue, PlanItem

NOW = datetime(2026, 3, 3, 9, tzinfo=UTC)
KEYS = count()


@pytest.fixture
def session(database_url: str) -> Iterator[Session]:
    engine = make_engine(database_url)
    with make_sessions(engine)() as made:
        yield made
    engine.dispose()


def somebody(session: Session, name: str = "Claudine Mukamana") -> Person:
    person = Person(name=name, language="en", timezone="Africa/Kigali", technical_areas=[])
    session.add(person)
    session.flush()
    return person


ACTS = st.lists(
    st.tuples(
        st.sampled_from(["propose", "accept", "words", "choose", "reach", "drop"]),
        st.sampled_from(["mnh-pph", "mnh-anc", "fp-counsel"]),
    ),
    max_size=25,
)


@settings(
    max_examples=40,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(acts=ACTS)
def test_whatever_happens_one_goal_is_active_and_one_proposed_at_most(
    session: Session, acts: list[tuple[str, str]]
) -> None:
    claudine = somebody(session)
    for step, (act, competency) in enumerate(acts):
        now, key = NOW + timedelta(days=step), f"{next(KEYS)}"
        present, waiting = goals.active(session, claudine.id), goals.proposed(session, claudine.id)
        given_by = {"mentee": claudine, "source": "own", "key": key, "now": now}
        if act == "propose":
            made = goals.propose(session, competency=competency, **given_by)
            again = goals.propose(session, competency=competency, **given_by)
            assert made.id == again.id
        elif act == "choose":
            goals.replace(session, competency=competency, **given_by)
        elif act == "words":
            made = goals.replace(session, words="Help Jeanne 0788123456 to be calm", **given_by)
            assert "0788123456" not in made.words
        elif act == "accept" and waiting:
            assert goals.accept(session, waiting, now).state == "active"
            assert goals.active(session, claudine.id) is waiting
        elif act == "reach" and present:
            assert goals.reach(session, present, now)
            assert not goals.drop(session, present, now)
        elif act == "drop" and (present or waiting):
            goals.drop(session, present or waiting, now)  # type: ignore[arg-type]
    counted = dict(
        session.execute(
            select(Goal.state, func.count())
            .where(Goal.person_id == claudine.id)
            .group_by(Goal.state)
        ).all()
    )
    assert counted.get("active", 0) <= 1
    assert counted.get("proposed", 0) <= 1


def test_a_gap_is_written_down_once_without_identifiers(session: Session) -> None:
    claudine, alice = somebody(session), somebody(session, "Alice Ingabire")
    values = {
        "mentee": claudine,
        "gap": "Slow to start the bundle with Mrs Uwase, 0788123456",
        "action": "Practise it on the model",
        "source": "debrief",
        "now": NOW,
    }
    first = coaching.add(session, owner_id=alice.id, due_on=None, key="visit:1:1", **values)
    again = coaching.add(session, owner_id=alice.id, due_on=None, key="visit:1:1", **values)
    later = coaching.add(
        session, owner_id=alice.id, due_on=date(2026, 3, 10), key="visit:1:2", **values
    )
    assert first.id == again.id
    assert "0788123456" not in first.gap
    assert first.due_on == date(2026, 3, 31)
    assert coaching.open_items(session, claudine.id) == [later, first]
    # One reminder waits for whoever owns them, not one each.
    due = session.scalars(select(PlanDue)).one()
    assert (due.person_id, due.kind) == (alice.id, "reminder")
    assert due.due_at == datetime(2026, 3, 10, 15, tzinfo=UTC)
    assert coaching.done(session, later, claudine, NOW)
    assert not coaching.done(session, later, claudine, NOW)
    assert not coaching.drop(session, later, claudine, NOW)
    assert session.get_one(PlanItem, later.id).ended_by_id == claudine.id
    assert coaching.open_items(session, claudine.id) == [first]


@pytest.mark.parametrize(
    ("said", "name", "argument"),
    [
        ("PLAN", "plan", ""),
        ("plan done 2", "plan", "done 2"),
        ("Plan 2 done.", "plan", "done 2"),
        ("PLAN DONE", "plan", "done"),
        ("plan fait 3", "plan", "done 3"),
        ("mon plan", "plan", ""),
        ("plan drop 12", "plan", "drop 12"),
        ("plan b contraception dose?", None, None),
        ("plan 2", None, None),
        ("plan of care for eclampsia", None, None),
        ("GOAL", "goal", ""),
        ("goal done", "goal", "done"),
        ("objectif atteint", "goal", "done"),
        ("objectif changer", "goal", "change"),
        ("goal mentor", "goal", "mentor"),
        ("GOAL be calm when a mother bleeds", "goal", "words"),
        ("goal of magnesium sulphate", None, None),
        ("goal be calm?", None, None),
        ("goal: x", None, None),
    ],
)
def test_what_follows_plan_and_goal(said: str, name: str | None, argument: str | None) -> None:
    found = words.command(said)
    assert (found and found.name, found and found.argument) == (name, argument)
    if argument == "words":
        assert found is not None
        assert found.text == "be calm when a mother bleeds"


@given(st.text(max_size=40))
def test_whatever_follows_plan_and_goal_is_a_known_word_or_none(rest: str) -> None:
    asked = plan_asks.plan(fold(rest))
    assert asked is None or re.fullmatch(r"done|(done|drop) \d+", asked)
    assert plan_asks.goal(fold(rest), rest) in {None, *get_args(plan_asks.GoalAsk)}
