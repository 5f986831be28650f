"""The desk when things happen twice or at once: repeats, two mentors, closed windows."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from threading import Barrier

from sqlalchemy import select

from bot import inbound
from bot.mentoring import assigning, cases
from store.cases import Case, CaseEvent, CaseOffer
from store.messages import Inbound, OutboxMessage
from store.people import Person
from tests.test_desk_scene import ALICE, BOSCO, CLAUDINE, PATRICK, asks_mentor, code_in
from tests.town import Town


def test_two_mentors_who_take_at_the_same_moment(town: Town) -> None:
    nurse = town.mentee(CLAUDINE)
    alice = town.mentor(ALICE)
    patrick = town.mentor(PATRICK, name="Patrick Mugisha")
    for _ in range(3):
        nurse.says("help she is bleeding too much after delivery, soaked 3 pads")
        case_id = town.case().id
        together = Barrier(2)

        def takes(
            number: str,
            by_answering: bool,
            case_id: int = case_id,
            together: Barrier = together,
        ) -> str:
            with town.works.sessions.begin() as session:
                mentor = session.get_one(Person, town.person(number).id)
                case = session.get_one(Case, case_id)
                together.wait()
                now, key = town.time.now(), f"race:{case_id}:{number}"
                if not by_answering:
                    return assigning.take(session, case, mentor, now=now, key=key).outcome
                return cases.answer(
                    session, case, mentor, "Rub the uterus", now=now, key=key, inbound_id=None
                ).outcome

        with ThreadPoolExecutor(2) as pool:
            outcomes = list(pool.map(takes, (ALICE, PATRICK), (False, True)))
        assert sorted(outcomes) == ["somebody_elses", "taken"]
        holder = town.one(Case, Case.id == case_id).mentor_id
        winner = (ALICE, PATRICK)[outcomes.index("taken")]
        assert holder == town.person(winner).id
        offers = town.count(CaseOffer, CaseOffer.case_id == case_id, CaseOffer.ended_at.is_(None))
        assert offers == 0
        town.rest()
        with town.works.sessions.begin() as session:
            cases.close(session, session.get_one(Case, case_id), now=town.time.now(), person=None)
    assert "has case" in alice.transcript() + patrick.transcript()


def test_every_message_twice_has_no_second_effect(town: Town) -> None:
    nurse = town.mentee(CLAUDINE)
    other = town.mentee(BOSCO, "whatsapp", name="Jean Bosco Habimana")
    alice = town.mentor(ALICE)
    first = code_in(asks_mentor(nurse, "Baby of Uwase Marie has a fever"))
    second = code_in(asks_mentor(other, "Snake bite on the hand"))
    alice.presses("Take", under=first)
    alice.says("Keep the arm still")
    alice.presses("1", under="Which case")
    alice.says("Give fluids", quoting=f"Case #{second}")
    nurse.says("2")
    alice.says(f"#{first} Refer her")
    other.presses("Not yet", under="Give fluids")
    other.says("never mind")
    alice.presses("More…", under=first)
    alice.presses("DONE", under="What else")

    def everything() -> tuple[object, ...]:
        with town.works.sessions() as session:
            states = session.execute(select(Case.code, Case.state).order_by(Case.id)).all()
            said = session.scalars(select(OutboxMessage.dedupe_key).order_by(OutboxMessage.id))
            return tuple(states), tuple(said), town.count(CaseEvent)

    before = everything()
    for message in town.inbound():
        # The worker died after its commit, before it could tell the queue.
        with town.works.sessions.begin() as session:
            inbound.receive(session, message.id, town.time.now(), town.settings)
        town.works.sender.flush(message.person_id or 0)
    assert everything() == before
    assert {town.one(Case, Case.code == code).state for code in (first, second)} == {"closed"}
    assert town.count(Inbound, Inbound.state != "done") == 0


def test_an_answer_waits_for_a_closed_window_and_is_rated_only_when_read(town: Town) -> None:
    nurse = town.mentee(CLAUDINE, "whatsapp")
    alice = town.mentor(ALICE)
    code = code_in(asks_mentor(nurse, "Baby has a fever at night"))
    alice.hears(code)
    town.later(hours=25)
    alice.says(f"#{code} Give fluids and see him in the morning")
    alice.message("Sent to Claudine")
    waiting = nurse.message(f"case #{code}.*waiting for you")
    assert "fluids" not in nurse.transcript()
    nurse.presses("Read", under="waiting for you")
    assert nurse.received().index(waiting) < nurse.received().index(nurse.message("Give fluids"))
    assert town.one(Case, Case.code == code).state == "answered"
    nurse.says("1")
    nurse.message(f"{code} is closed")
