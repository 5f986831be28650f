"""What becomes of a question for a given ranking; the ranking is Rasa's part."""

from __future__ import annotations

from bot import questions
from bot.answering import CAREFUL, Ranked
from bot.turn import Turn
from store.knowledge import Question
from store.messages import Inbound
from store.people import Person
from tests.town import Phone, Town

NURSE = "+250788000301"
MENTOR = "+250788000401"


def asked(
    town: Town, nurse: Phone, words: str, *ranking: Ranked, study_of: str | None = None
) -> None:
    """The nurse texts something and the model ranks it like this."""
    nurse.says(words)  # Rasa is away, so the message waits
    with town.works.sessions.begin() as session:
        inbound = session.get_one(Inbound, town.inbound()[-1].id)
        assert inbound.person_id is not None
        person = session.get_one(Person, inbound.person_id)
        turn = Turn.of(session, person, inbound, town.time.now(), town.settings)
        questions.ask(turn, ranking, CAREFUL, study_of)
        inbound.state = "done"
    town.works.send(town.person(NURSE).id)
    town.rest()


def test_what_the_danger_words_miss_is_asked_about(town: Town) -> None:
    town.stock_library()
    nurse = town.mentee(NURSE)
    mentor = town.mentor(MENTOR)
    asked(town, nurse, "sheets are red and she is pale", Ranked("pph-txa-first-dose", 0.2))
    nurse.hears("asked Alice")
    mentor.hears("sheets are red")
    nurse.hears("Is this happening now. 1 Yes, now 2 No")
    nurse.says("1")
    nurse.hears("refer")
    nurse.hears("alerted Alice")
    mentor.hears("URGENT", "sheets are red")
    assert town.case().urgent
    assert town.case().emergency == "pph"


def test_it_was_not_happening_now(town: Town) -> None:
    town.stock_library()
    nurse = town.mentee(NURSE)
    mentor = town.mentor(MENTOR)
    asked(town, nurse, "red sheets in the ward, who washes them", study_of="pph")
    nurse.hears("asked Alice")
    mentor.hears("red sheets")
    nurse.hears("Is this happening now")
    nurse.says("no")
    nurse.hears("Your mentor has the question")
    mentor.hears_nothing()
    assert not town.case().urgent


def test_a_card_that_is_withdrawn_is_passed_over(town: Town) -> None:
    town.stock_library()
    town.execute("UPDATE card SET withdrawn_at = now() WHERE id = 'pph-txa-first-dose'")
    nurse = town.mentee(NURSE)
    town.mentor(MENTOR)
    asked(town, nurse, "dose of vitamin k", Ranked("pph-txa-first-dose", 0.99))
    nurse.hears("asked Alice")
    assert town.one(Question).decision == "case"


def test_a_language_without_a_text_gets_english(town: Town) -> None:
    town.stock_library()
    town.execute("UPDATE card_version SET answer = answer - 'fr'")
    nurse = town.mentee(NURSE, language="fr")
    asked(town, nurse, "dose vit k", Ranked("essential-newborn-care-vitamin-k", 0.99))
    nurse.hears("Give every newborn vitamin K", "Source:")
