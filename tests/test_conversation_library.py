"""Conversations with the library: the real Rasa, the shipped cards and the trained model."""

from __future__ import annotations

import pytest

from store.cases import Case
from store.knowledge import Question
from store.messages import OutboxMessage
from tests.town import Town

pytestmark = pytest.mark.slow

NURSE = "+250788000301"
MENTOR = "+250788000401"


def test_a_misspelt_question_is_answered_with_its_source(library_town: Town) -> None:
    nurse = library_town.mentee(NURSE)
    nurse.says("wat is the dose of tranexamic acd in pph")
    nurse.hears("1 g", "Source: WHO", "sample, not yet reviewed", "1 Yes")
    question = library_town.one(Question)
    assert question.decision == "answer"
    assert question.card_id == "pph-txa-first-dose"


def test_it_helped(library_town: Town) -> None:
    nurse = library_town.mentee(NURSE)
    nurse.says("how many breaths per minute bag mask newborn")
    nurse.hears("40", "Source")
    nurse.says("2")
    nurse.hears("answer your question|Did this")
    nurse.says("yes")
    nurse.hears("Good to know")
    assert library_town.one(Question).helpful is True


def test_it_did_not_help_and_goes_to_a_mentor(library_town: Town) -> None:
    nurse = library_town.mentee(NURSE)
    mentor = library_town.mentor(MENTOR)
    nurse.says("zinc dose for diarrhoea child")
    nurse.hears("zinc", "Did this help. 1 Yes 2 No")
    nurse.says("2")
    nurse.hears("asked Alice")
    mentor.hears("zinc dose for diarrhoea child")
    assert library_town.case().topic == "diarrhoea"


def test_an_odd_question_goes_to_a_mentor(library_town: Town) -> None:
    nurse = library_town.mentee(NURSE)
    mentor = library_town.mentor(MENTOR)
    nurse.says("how do I treat a snake bite on the leg of a farmer")
    nurse.hears("no sure answer", "asked Alice")
    mentor.hears("snake bite")
    mentor.says("Keep still, do not cut, refer.", quoting="snake bite")
    nurse.hears("Keep still")


def test_french_is_answered_in_french(library_town: Town) -> None:
    nurse = library_town.mentee(NURSE, language="fr")
    nurse.says("c koi la dose de vitamine k nouveau né")
    nurse.hears("1 mg", "Source")


def test_small_talk(library_town: Town) -> None:
    nurse = library_town.mentee(NURSE)
    nurse.says("good morning")
    nurse.hears("Hello Claudine")
    nurse.says("thank you so much")
    nurse.hears("welcome")
    nurse.says("what can you do?")
    nurse.hears("You can text")
    nurse.says("1")
    nurse.hears("not sure what that answers")
    assert library_town.count(Question) == 0


def test_did_you_mean_is_answered_by_a_number(library_town: Town) -> None:
    nurse = library_town.mentee(NURSE)
    asked = _unsure(library_town, nurse)
    assert asked.offered
    nurse.says("1")
    nurse.hears("Source")
    question = library_town.one(Question)
    assert question.card_id == asked.offered[0]


def test_did_you_mean_something_else(library_town: Town) -> None:
    nurse = library_town.mentee(NURSE)
    mentor = library_town.mentor(MENTOR)
    asked = _unsure(library_town, nurse)
    nurse.says(str(len(asked.offered) + 1))
    nurse.hears("asked Alice")
    mentor.hears(asked.text[:10])


def test_did_you_mean_can_be_left_with_a_new_question(library_town: Town) -> None:
    nurse = library_town.mentee(NURSE)
    _unsure(library_town, nurse)
    nurse.says("vitamin k dose newborn")
    nurse.hears("1 mg")


def test_did_you_mean_with_an_odd_number(library_town: Town) -> None:
    nurse = library_town.mentee(NURSE)
    asked = _unsure(library_town, nurse)
    nurse.says("9")
    nurse.hears("number from the list")
    nurse.says("1")
    nurse.hears("Source")
    assert library_town.one(Question).card_id == asked.offered[0]


UNSURE = ("oxytocin", "gloves", "jaundice", "fever", "pill", "amoxicillin", "anaemia", "breathing")


def _unsure(town: Town, nurse: object) -> Question:
    """Ask short things until the model asks back."""
    for words in UNSURE:
        nurse.says(words)  # type: ignore[attr-defined]
        question = town.one(Question, Question.text == words)
        nurse.read = len(nurse.received())  # type: ignore[attr-defined]
        if question.decision == "ask":
            town.execute("DELETE FROM question WHERE id <> :id", id=question.id)
            return question
        town.execute("UPDATE \"case\" SET state = 'closed', closed_at = now()")
    raise AssertionError("the model is never unsure")


def test_a_study_question_about_an_emergency_gets_its_card(library_town: Town) -> None:
    nurse = library_town.mentee(NURSE)
    mentor = library_town.mentor(MENTOR)
    nurse.says("loading dose of mgso4 in eclampsia?")
    nurse.hears("4 g", "Is this happening now")
    mentor.hears_nothing()
    nurse.says("1")
    nurse.hears("refer|Refer")
    nurse.hears("alerted Alice")
    mentor.hears("URGENT", "mgso4")


def test_a_follow_up_keeps_the_topic(library_town: Town) -> None:
    nurse = library_town.mentee(NURSE)
    nurse.says("how much tranexamic acid do i give in pph")
    nurse.hears("1 g")
    nurse.says("and if it is still bleeding after 30 minutes?")
    body = nurse.hears("Source|Did you mean")
    assert "tranexamic" in body.lower() or "txa" in body.lower() or "second" in body.lower()


def test_the_bot_keeps_silent_during_a_case_and_new_asks_the_library(library_town: Town) -> None:
    nurse = library_town.mentee(NURSE)
    mentor = library_town.mentor(MENTOR)
    nurse.says("how do I treat a snake bite")
    nurse.hears("asked Alice")
    mentor.hears("snake")
    nurse.says("vitamin k dose newborn")
    nurse.hears("Passed on")
    mentor.hears("vitamin k")
    nurse.says("NEW vitamin k dose newborn")
    nurse.hears("1 mg")
    mentor.hears_nothing()


def test_a_question_kept_for_consent_is_answered_after_it(library_town: Town) -> None:
    stranger = library_town.phone("+250788000777")
    stranger.says("vitamin k dose newborn")
    stranger.hears("Do you agree")
    stranger.says("1")
    stranger.hears("Now to your question")
    stranger.hears("1 mg", "Source")


def test_an_answer_by_button(library_town: Town) -> None:
    nurse = library_town.mentee(NURSE, "whatsapp")
    nurse.says("zinc dose for diarrhoea child")
    nurse.hears("zinc")
    nurse.presses("Yes")
    nurse.hears("Good to know")


def test_a_message_received_twice_by_a_dying_worker_speaks_once(library_town: Town) -> None:
    nurse = library_town.mentee(NURSE)
    nurse.says("zinc dose for diarrhoea child")
    nurse.hears("zinc")
    # As if the worker had died after Rasa's turn and before its own commit.
    library_town.execute("UPDATE inbound SET state = 'dialogue', done_at = NULL")
    library_town.works.receive(library_town.inbound()[0].id)
    library_town.rest()
    nurse.hears_nothing()
    assert library_town.count(OutboxMessage) == 1
    assert library_town.count(Case) == 0


def test_a_slash_is_only_text(library_town: Town) -> None:
    nurse = library_town.mentee(NURSE)
    nurse.says("/restart")
    assert nurse.received()
