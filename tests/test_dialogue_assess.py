"""The self-assessment with the real Rasa: whatever comes in between, it goes on where it stood."""

from __future__ import annotations

import pytest

from bot.quizzes import bank
from store.learning import Assessment
from store.messages import Inbound
from store.plans import Goal
from store.walks import Walk
from tests.town import Phone, Town

pytestmark = pytest.mark.slow

NURSE = "+250788000301"
MENTOR = "+250788000401"
BANK = bank.load()


def actions(town: Town) -> set[str]:
    """What Rasa called for the newest message."""
    return set((town.inbound()[-1].dialogue or {}).get("actions", {}))


def walk_of(town: Town) -> Walk:
    return town.all(Walk)[-1]


def right(town: Town, by: int = 0) -> str:
    """The number of the right option at this step, or of the one so many places on."""
    walk = walk_of(town)
    item = BANK.by_id[walk.state["items"][(walk.step or "").rsplit(":", 1)[0]][0]]
    return str((item.answer + by) % len(item.options["en"]) + 1)


def test_a_self_assessment_lived_through(library_town: Town) -> None:
    town = library_town
    town.stock_bank()
    nurse: Phone = town.mentee(NURSE, cadre="midwife", technical_areas=["FP", "MALARIA"])
    alice = town.mentor(MENTOR)
    town.pair(NURSE, MENTOR)
    nurse.says("Assess")
    nurse.hears("4 parts of your work")
    nurse.hears("1/8 .*how sure")
    assert actions(town) == {"validate_assess_form", "action_ask_assess_form_assess_confidence"}
    nurse.says("5")
    nurse.hears("2/8")
    assert actions(town) == {"validate_assess_form", "action_ask_assess_form_assess_knowledge"}

    # A question: the card, nothing asked about it, and the step again.
    nurse.says("hw long does the implant work")
    nurse.hears("Source|source")
    nurse.hears("^Let us go on. 2/8")
    assert actions(town) == {"action_answer_question"}
    nurse.says(right(town))
    nurse.hears("3/8 .*how sure")
    assert "validate_assess_form" in actions(town)

    # Back, to mend an answer; something that cannot be read.
    nurse.says("BACK")
    nurse.hears("2/8")
    nurse.says("9")
    nurse.hears("could not read")
    nurse.hears("2/8")
    nurse.says("skip")
    nurse.hears("3/8")

    # A new conversation of Rasa's, as after a restart, and a day's pause.
    town.execute("UPDATE person SET dialogue_number = dialogue_number + 500")
    nurse.says("4")
    nurse.hears("4/8")
    nurse.says(right(town, by=1))
    nurse.hears("5/8")
    town.live(step=6, hours=30)
    nurse.hears("kept where you left it. Text ASSESS")
    nurse.says("ASSESS")
    nurse.hears("4 of 8 answered", "1 Go on", "2 Start anew")
    nurse.says("1")
    nurse.hears("Let us go on. 5/8")

    # A question that needs a number first: it is settled, then the step comes again.
    nurse.says("baby not breathing after birth, which steps are there to learn?")
    while len(nurse.received()) > nurse.read:
        heard = nurse.hears("")
    if "happening now" in heard:
        nurse.says("2")
        nurse.hears("Good")
        nurse.hears("Let us go on. 5/8")
    else:
        assert "Let us go on. 5/8" in heard

    # A danger sign goes before all of it.
    nurse.says("she is fitting now help")
    nurse.hears("")
    nurse.hears("alerted Alice")
    nurse.hears_nothing()
    assert walk_of(town).status == "aside"
    alice.hears("URGENT")
    code = town.case().code
    alice.says(f"#{code} Give magnesium sulfate as your protocol says, and refer.")
    nurse.hears("magnesium")
    town.live(hours=2)
    while len(nurse.received()) > nurse.read:
        nurse.hears("")
    nurse.says("assess")
    nurse.hears("4 of 8")
    nurse.says("go on")
    nurse.says("1")
    while len(nurse.received()) > nurse.read:
        heard = nurse.hears("")
    assert "5/8" in heard

    for said in ("5", None, "5", None):
        nurse.says(said or right(town))
        if walk_of(town).step != "goal":
            nurse.hears(r"^\d/8")
    nurse.hears("Your strengths", "To work on")
    nurse.hears("Shall your next goal")
    nurse.says("1")
    nurse.hears("Your goal")
    assert actions(town) == {"validate_assess_form", "action_assess_end"}
    assert town.one(Goal).state == "active"
    assert {row.kind for row in town.all(Assessment)} == {"self"}
    assert walk_of(town).status == "done"
    # Nobody is held in the form: the next text is a question as ever.
    nurse.says("wat is the dose of tranexamic acd in pph")
    nurse.hears("1 g", "Did this help|happening now")
    assert town.count(Inbound, Inbound.state != "done") == 0


def test_stop_start_and_a_quiz_between(library_town: Town) -> None:
    town = library_town
    town.stock_bank()
    nurse = town.mentee(NURSE, "whatsapp", cadre="midwife", technical_areas=["FP"])
    nurse.says("QUIZ")
    nurse.hears("A ")
    nurse.says("ASSESS FP")
    nurse.hears("2 parts")
    nurse.hears("1/4")
    nurse.says("B")
    nurse.hears("")
    nurse.hears("Let us go on. 1/4")
    nurse.presses("3")
    nurse.hears("2/4")
    nurse.says("STOP")
    nurse.hears("no more messages")
    nurse.says("START")
    nurse.hears("Welcome back")
    nurse.says("ASSESS")
    nurse.hears("1 of 4")
    nurse.presses("1", under="You had begun")
    nurse.hears("Let us go on. 2/4")
    nurse.says("thanks")
    nurse.hears("could not read")
    nurse.hears("2/4")
    nurse.says("PLUS TARD")
    nurse.hears("kept")
    nurse.says("2")
    nurse.hears("")  # to nothing: it is no answer to what was put off
    assert walk_of(town).answers.keys() == {next(iter(walk_of(town).answers))}
