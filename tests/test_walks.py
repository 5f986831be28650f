"""Walks: what is asked one after the other outlives whatever comes in between."""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Sequence
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import select
from sqlalchemy.orm import Session

from bot import walking, walks
from bot.turn import Turn
from bot.walks import Prompt, Taken
from store import queue
from store.messages import Inbound
from store.people import Address, Person
from store.walks import Walk
from tests.town import Phone, Town

NURSE = "+250788000301"
MENTOR = "+250788000401"


class Ward(walks.Kind):
    """A round of a ward: how sure, who was there, what was short (only if something was)."""

    name = "ward"
    word = "WARD"

    def called(self, walk: Walk, language: str) -> str:
        return "ward round"

    def steps(self, turn: Turn, walk: Walk) -> Sequence[str]:
        return ["sure", "who", "short", *(["what"] if walk.answers.get("short") == 0 else [])]

    def ask(self, turn: Turn, walk: Walk) -> Prompt:
        match walk.step:
            case "sure":
                return Prompt("How sure are you?\n1 Not yet\n2 A little\n3 Very", "pick3")
            case "short":
                return Prompt("Was anything short?\n1 Yes\n2 No", "pick2", also=("nothing",))
            case step:
                return Prompt("Who was there?" if step == "who" else "What?", takes="text")

    def take(self, turn: Turn, walk: Walk, said: str) -> Taken:
        value: object = said
        if walk.step in ("sure", "short"):
            value = walking.chosen(said, 3 if walk.step == "sure" else 2)
            value = 1 if walk.step == "short" and said == "nothing" else value
        if value is None:
            return "unread"
        walks.keep(walk, value)
        return "next"

    def skip(self, turn: Turn, walk: Walk) -> bool:
        return walk.step != "short"

    def end(self, turn: Turn, walk: Walk) -> None:
        turn.reply_text(f"Thank you: {dict(walk.answers)}", label="ward_end")


@pytest.fixture
def ward() -> Iterator[Ward]:
    kind = Ward()
    walks.register(kind)
    yield kind
    del walks.KINDS["ward"]


def begin(town: Town, number: str, kind: walks.Kind, **state: Any) -> None:
    """As a word of the person would: begin, or come back."""
    with town.works.sessions.begin() as session:
        person = session.scalars(
            select(Person).join(Address).where(Address.value == number).with_for_update(of=Person)
        ).one()
        inbound = _inbound(session, town, person)
        turn = Turn.of(session, person, inbound, town.time.now(), town.settings)
        walks.begin(turn, kind, state)
        queue.defer_send(session, person.id, queue.PRIORITY_REPLY)
    town.rest()


_SIDS = (f"SM-walk-{number}" for number in itertools.count())


def _inbound(session: Session, town: Town, person: Person, body: str = "") -> Inbound:
    address = person.addresses[0]
    inbound = Inbound(
        sid=next(_SIDS),
        channel=address.channel,
        sender=address.value,
        body=body,
        form=[],
        received_at=town.time.now(),
        dialogue_tries=0,
        state="done",
        person_id=person.id,
        address_id=address.id,
    )
    session.add(inbound)
    session.flush()
    return inbound


def walk_of(town: Town) -> Walk:
    return town.all(Walk)[-1]


def test_steps_back_skip_later_and_what_cannot_be_read(town: Town, ward: Ward) -> None:
    nurse = town.mentee(NURSE)
    nurse.says("PROGRESS")
    nurse.hears("")
    begin(town, NURSE, ward)
    nurse.hears("1/3 How sure are you", "3 Very")
    nurse.says("RETOUR")
    nurse.hears("the first one")
    nurse.hears("1/3 How sure")
    nurse.says("7")
    nurse.hears("could not read")
    nurse.hears("1/3 How sure")
    nurse.says("ok")
    nurse.hears("SKIP leaves it out, BACK goes back, LATER stops")
    nurse.hears("1/3 How sure")
    nurse.says("2.")
    nurse.hears("2/3 Who was there")
    nurse.says("Two midwives")
    nurse.hears("3/3 Was anything short")
    nurse.says("passer")
    nurse.hears("is needed")
    nurse.hears("3/3 Was anything")
    nurse.says("back")
    nurse.hears("2/3 Who was there")
    nurse.says("Two midwives and a student")
    nurse.hears("3/3 Was anything")
    nurse.says("Plus tard")
    nurse.hears("later. What you answered is kept. Text WARD")
    begin(town, NURSE, ward)
    nurse.hears("2 of 3 answered", "1 Go on", "2 Start anew")
    nurse.says("1")
    nurse.hears("Let us go on. 3/3 Was anything short")
    nurse.says("yes")
    nurse.hears("4/4 What")
    nurse.says("Gloves")
    nurse.hears("Thank you.*student.*Gloves")
    nurse.hears_nothing()
    assert walk_of(town).status == "done"
    assert walk_of(town).answers == {
        "sure": 1, "who": "Two midwives and a student", "short": 0, "what": "Gloves"
    }  # fmt: skip


def test_starting_anew_keeps_what_was_answered(town: Town, ward: Ward) -> None:
    nurse = town.mentee(NURSE, "whatsapp")
    nurse.says("MENU")
    nurse.hears("")
    begin(town, NURSE, ward)
    nurse.hears("1/3")
    nurse.presses("3")
    nurse.hears("2/3")
    nurse.says("exit")
    nurse.hears("kept")
    begin(town, NURSE, ward)
    nurse.hears("1 of 3")
    nurse.presses("2", under="You had begun")
    nurse.hears("1/3 How sure")
    first, second = town.all(Walk)
    assert (first.status, first.answers) == ("dropped", {"sure": 2})
    assert (second.status, second.answers) == ("open", {})


def test_what_interrupts_and_how_it_goes_on(town: Town, ward: Ward) -> None:
    nurse = town.mentee(NURSE, "whatsapp")
    alice = town.mentor(MENTOR)
    town.pair(NURSE, MENTOR)
    nurse.says("PROGRESS")
    nurse.hears("")
    begin(town, NURSE, ward)
    nurse.hears("1/3 How sure")
    # Another word of ours: it is answered, and the step said again.
    nurse.says("MENU")
    nurse.hears("You can text")
    nurse.hears("Let us go on. 1/3 How sure")
    # A question while the dialogue is down waits, and the number after it is the walk's.
    nurse.says("What is the first dose of magnesium sulfate?")
    nurse.says("3")
    nurse.hears("2/3 Who was there")
    # With a mentor the walk waits.
    nurse.says("MENTOR")
    nurse.hears("Text your question")
    nurse.says("May I give it by IV drip alone?")
    nurse.hears("asked Alice")
    nurse.hears("Let us go on. 2/3")
    alice.hears("")
    nurse.says("STOP")
    nurse.hears("no more messages")
    assert walk_of(town).status == "aside"
    nurse.says("START")
    nurse.hears("Welcome back")
    begin(town, NURSE, ward)
    nurse.hears("1 of 3")
    nurse.says("1")
    nurse.hears("Let us go on. 2/3")
    # A danger sign goes before all, and nothing of ours is said into it.
    nurse.says("she is fitting now please help")
    nurse.hears("")
    nurse.hears("alerted")
    nurse.hears_nothing()
    assert walk_of(town).status == "aside"
    assert walk_of(town).answers == {"sure": 2}


def test_a_number_after_a_mentors_message_is_not_the_walks(town: Town, ward: Ward) -> None:
    nurse = town.mentee(NURSE)
    alice = town.mentor(MENTOR)
    town.pair(NURSE, MENTOR)
    nurse.says("MENTOR")
    nurse.hears("Text your question")
    nurse.says("May a mother with HIV breastfeed twins?")
    nurse.hears("asked Alice")
    alice.hears("breastfeed twins")
    begin(town, NURSE, ward)
    nurse.hears("1/3")
    nurse.says("2")
    nurse.hears("2/3")
    nurse.says("skip")
    nurse.hears("3/3 Was anything short")
    alice.says("How many weeks old are they?", quoting="breastfeed twins")
    nurse.hears("How many weeks", "Did this help")
    alice.hears("Sent to")
    nurse.says("7")  # neither rates the answer nor is it the step's
    nurse.hears("number from the list")
    nurse.hears_nothing()
    nurse.says("seven weeks old")
    alice.hears("seven weeks old")
    nurse.hears("Passed on")
    nurse.hears("ward round waits meanwhile. Text WARD")
    assert walk_of(town).answers == {"sure": 1, "who": None}


def test_a_mentors_words_go_where_they_belong(town: Town, ward: Ward) -> None:
    nurse = town.mentee(NURSE)
    alice = town.mentor(MENTOR)
    town.pair(NURSE, MENTOR)
    begin(town, MENTOR, ward)
    alice.hears("1/3")
    alice.says("2")
    alice.hears("2/3 Who was there")
    alice.says("She was fitting, and the team gave magnesium")
    alice.hears("3/3")
    # Back from the step, not from leave; on leave it is the other way round.
    alice.says("BACK")
    alice.hears("2/3")
    alice.says("AWAY")
    alice.hears("no new cases|away")
    alice.says("BACK")
    alice.hears("back")
    # A case has come since: her words may be its answer, and are not a note in the walk.
    nurse.says("MENTOR")
    nurse.hears("")
    nurse.says("How long may an epidural stay in?")
    nurse.hears("asked Alice")
    alice.hears("epidural")
    alice.says("Until after the placenta, as your protocol says.")
    alice.hears("Which case is", "1 #")
    alice.says("1")
    nurse.hears("Until after the placenta")
    alice.hears("Sent|sent")
    alice.hears("Let us go on. 2/3 Who was there")
    assert walk_of(town).answers["who"] == "She was fitting, and the team gave magnesium"


def test_a_day_without_a_word_puts_it_aside_and_reminds_once(town: Town, ward: Ward) -> None:
    nurse = town.mentee(NURSE, "whatsapp", language="fr")
    nurse.says("MENU")
    nurse.hears("")
    begin(town, NURSE, ward)
    nurse.hears("1/3")
    nurse.says("1")
    nurse.hears("2/3")
    town.live(hours=23)
    nurse.hears_nothing()
    town.live(hours=4)
    nurse.hears("là où vous l'avez laissé", "WARD")
    town.live(step=12, hours=72)
    nurse.hears_nothing()
    assert walk_of(town).status == "aside"
    nurse.says("3")  # it waits: a number means nothing now
    assert walk_of(town).answers == {"sure": 0}


def test_letters_are_the_quizs_and_numbers_the_walks(town: Town, ward: Ward) -> None:
    nurse = town.mentee(NURSE, cadre="midwife")
    town.stock_bank()
    nurse.says("QUIZ")
    nurse.hears("A ", "B ")
    begin(town, NURSE, ward)
    nurse.hears("1/3")
    nurse.says("2")
    nurse.hears("2/3")
    nurse.says("skip")
    nurse.hears("3/3")
    nurse.says("B")
    nurse.hears("")  # right, or not yet
    nurse.hears("Let us go on. 3/3")
    nurse.says("nothing")
    nurse.hears("Thank you")
    assert walk_of(town).answers == {"sure": 1, "who": None, "short": 1}


MOVES = st.lists(
    st.sampled_from(["1", "2", "3", "back", "skip", "later", "MENU", "??"]), max_size=14
)


def test_any_order_of_words_settles_each_step_once(town: Town, ward: Ward) -> None:
    phone: Phone = town.mentee(NURSE)
    phone.says("MENU")

    @settings(max_examples=20, deadline=None, suppress_health_check=list(HealthCheck))
    @given(MOVES)
    def plays(moves: list[str]) -> None:
        with town.works.sessions() as session:
            person = session.scalars(select(Person)).one()

            def turn(body: str) -> Turn:
                inbound = _inbound(session, town, person, body)
                return Turn.of(session, person, inbound, inbound.received_at, town.settings)

            def say(walk: Walk, body: str) -> None:
                if walk.status == "open":
                    if body == "MENU":
                        walks.go_on(turn(body))
                    else:
                        walks.take(turn(body), walk)
                else:
                    walks.resume(turn(body), walk)

            walks.begin(turn("WARD"), ward, {})
            walk = session.scalars(select(Walk)).one()
            before: dict[str, Any] = {}
            for body in moves:
                if walk.status == "done":
                    break
                step = walk.step
                say(walk, body)
                # Nothing is lost, and at most the step that was asked has changed.
                assert set(before) <= set(walk.answers)
                assert {s for s in walk.answers if walk.answers[s] != before.get(s, 0)} <= {step}
                if walk.status == "open":
                    assert (person.pending or {})["step"] == walk.step
                before = dict(walk.answers)
            for _ in range(9):
                if walk.status != "done":
                    say(walk, "1")
            assert walk.status == "done"
            assert person.pending is None
            steps = ward.steps(turn(""), walk)
            assert set(steps) <= set(walk.answers)
            session.rollback()

    plays()


def test_later_without_a_walk_goes_to_nobody_in_a_case(town: Town) -> None:
    nurse, alice = town.mentee(NURSE), town.mentor(MENTOR)
    town.pair(NURSE, MENTOR)
    nurse.says("MENTOR")
    nurse.hears("Text your question")
    nurse.says("Snake bite on the hand, what first")
    nurse.hears("I asked")
    alice.hears("Snake bite")
    alice.says("LATER")
    alice.hears("not sure what that answers")
    nurse.hears_nothing()
    nurse.says("skip")
    nurse.hears("not sure what that answers")
    alice.hears_nothing()
    alice.says("later", quoting="Snake bite")  # said to this case, so it is meant
    alice.hears("Sent to")
    nurse.hears("later")
