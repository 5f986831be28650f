"""Quizzes as chats: question, answer, feedback, reminder, expiry, and the words around them."""

from __future__ import annotations

from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from bot.quizzes import bank
from store.quizzes import Answer, Dose, LearnerItem
from tests.town import Phone, Town

ITEM = "preeclampsia-q01"  # four options, the right one is D, with a card
KIGALI = ZoneInfo("Africa/Kigali")


def evening(town: Town, days: int = 0) -> datetime:
    """Seven in the evening in Kigali: the dose of the day is out."""
    here = town.time.now().astimezone(KIGALI) + timedelta(days=days)
    return here.replace(hour=19, minute=1, second=0)


@pytest.fixture
def quiz_town(town: Town) -> Town:
    town.stock_library()
    town.stock_bank()
    return town


def asked(town: Town, phone: Phone, *items: str, **plan: object) -> None:
    """Launch a campaign and let the first question come."""
    values = {"per_week": 5, "summary": False, **plan}
    town.campaign(items=list(items or [ITEM]), **values)
    town.until(evening(town))


def dose(town: Town) -> Dose:
    return town.one(Dose, Dose.state != "void", Dose.sent_at.is_not(None))


def test_question_answer_feedback(quiz_town: Town) -> None:
    mentee = quiz_town.mentee()
    asked(quiz_town, mentee)
    mentee.hears("one letter", "from which confirmed BP", "\nA 120/80\nB 130/85\nC 140/90\nD 160")
    mentee.says("d")
    mentee.hears("160/110 or higher is an emergency", "Source: WHO", "MORE", "ASK")
    answer = quiz_town.one(Answer)
    assert (answer.right, answer.option, answer.first, answer.late) == (True, 3, True, False)
    memory = quiz_town.one(LearnerItem)
    assert memory.due - answer.answered_at == timedelta(days=24)
    assert dose(quiz_town).state == "answered"


@pytest.mark.slow
def test_wrong_answer_comes_back_after_twelve_days(quiz_town: Town) -> None:
    mentee = quiz_town.mentee()
    asked(quiz_town, mentee)
    mentee.hears("BP")
    mentee.says("A")
    mentee.hears("[Nn]ot yet", "answer is D, 160/110")
    assert quiz_town.one(LearnerItem).due - quiz_town.one(Answer).answered_at == timedelta(days=12)
    quiz_town.live(days=10, step=6)
    mentee.hears_nothing()
    quiz_town.live(days=4, step=3)
    mentee.hears("BP is referral urgent")


@pytest.mark.slow
@pytest.mark.parametrize(
    ("said", "right"),
    [("D", True), ("option d", True), ("(d).", True), ("160/110", True), ("4", True), ("b", False)],
)
def test_ways_of_answering(quiz_town: Town, said: str, right: bool) -> None:
    mentee = quiz_town.mentee()
    asked(quiz_town, mentee)
    mentee.hears("BP")
    mentee.says(said)
    mentee.hears("Source: WHO")
    assert quiz_town.one(Answer).right is right


def test_two_letters_are_asked_again_and_stay_open(quiz_town: Town) -> None:
    mentee = quiz_town.mentee()
    asked(quiz_town, mentee)
    mentee.hears("BP")
    mentee.says("a or b")
    mentee.hears("More than one answer", "A, B, C or D")
    assert quiz_town.count(Answer) == 0
    mentee.says("d")
    mentee.hears("Source")


@pytest.mark.slow
def test_a_second_answer_does_not_count(quiz_town: Town) -> None:
    mentee = quiz_town.mentee()
    asked(quiz_town, mentee)
    mentee.hears("BP")
    mentee.says("A")
    mentee.hears("Not yet|not yet")
    mentee.says("D")
    mentee.hears("Your answer A", "counted")
    assert quiz_town.count(Answer) == 1


@pytest.mark.slow
def test_unreadable_gets_one_helpful_line_even_without_rasa(quiz_town: Town) -> None:
    mentee = quiz_town.mentee()
    asked(quiz_town, mentee)
    mentee.hears("BP")
    mentee.says("hmm")
    mentee.hears("could not read", "one letter")
    mentee.says("i will think about this tonight")
    mentee.hears("could not read")
    assert dose(quiz_town).unreadable == 2
    mentee.says("D")
    mentee.hears("Source")


def test_more_and_ask_after_an_answer(quiz_town: Town) -> None:
    mentor = quiz_town.mentor()
    mentee = quiz_town.mentee()
    asked(quiz_town, mentee)
    mentee.hears("BP")
    mentee.says("MORE")
    mentee.hears("Answer the open question first")
    mentee.says("C")
    mentee.hears("160/110")
    mentee.says("more")
    mentee.hears("Source: ")
    mentee.says("ASK")
    mentee.hears("about that question")
    mentee.says("why not treat at 140/90 already?")
    mentee.hears("asked Alice")
    mentor.hears("why not treat", "about the quiz question", "140/90")
    assert quiz_town.case().cause == "quiz"
    assert quiz_town.case().topic == "preeclampsia"


@pytest.mark.slow
def test_one_reminder_then_expiry_and_a_late_answer_counts(quiz_town: Town) -> None:
    mentee = quiz_town.mentee()
    asked(quiz_town, mentee, weekdays=["tue"], per_week=1)
    mentee.hears("BP")
    quiz_town.live(days=2, step=4)
    mentee.hears("Still open", "BP is referral urgent", "D 160/110")
    quiz_town.live(days=1, step=4)
    assert dose(quiz_town).state == "expired"
    mentee.hears_nothing()
    memory = quiz_town.one(LearnerItem)
    assert (memory.missed, memory.answers) == (1, 0)
    mentee.says("d")
    mentee.hears("160/110 or higher")
    assert quiz_town.one(Answer).late is True


@pytest.mark.slow
def test_never_two_open_at_once(quiz_town: Town) -> None:
    mentee = quiz_town.mentee()
    asked(quiz_town, mentee, ITEM, "preeclampsia-q03")
    mentee.hears("BP")
    quiz_town.live(days=1, step=3)
    mentee.hears_nothing()
    waiting = quiz_town.one(Dose, Dose.state == "planned", Dose.reason.is_not(None))
    assert waiting.reason == "another question is open"


@pytest.mark.slow
def test_a_question_instead_of_an_answer_leaves_the_quiz_open(quiz_town: Town) -> None:
    mentor = quiz_town.mentor()
    mentee = quiz_town.mentee()
    asked(quiz_town, mentee)
    mentee.hears("BP")
    mentee.says("MENTOR")
    mentee.hears("Text your question")
    mentee.says("what is the dose of zinc for a child?")
    mentee.hears("asked Alice")
    mentor.hears("zinc")
    # The case is open: letters still answer, other words go to the mentor.
    mentee.says("D")
    mentee.hears("Source")


@pytest.mark.slow
def test_buttons_on_whatsapp(quiz_town: Town) -> None:
    three = next(i for i in bank.load().items if len(i.options["en"]) == 3)
    mentee = quiz_town.mentee(channel="whatsapp")
    mentee.says("MENU")
    mentee.hears("You can text")
    asked(quiz_town, mentee, three.id)
    mentee.hears(three.stem["en"][:20].replace("(", ".").replace(")", ".").replace("?", "."))
    mentee.presses(three.letter)
    mentee.hears("Source")
    assert quiz_town.one(Answer).right is True
    mentee.presses("More")
    mentee.hears("Source: ")


@pytest.mark.slow
def test_template_outside_the_window_has_its_letters(quiz_town: Town) -> None:
    mentee = quiz_town.mentee(channel="whatsapp")
    asked(quiz_town, mentee)
    mentee.hears("BP is referral urgent", "D 160/110")
    sent = quiz_town.outbox()[-1]
    assert (sent.form, sent.template) == ("template", "quiz_4")
    mentee.presses("D")
    mentee.hears("Source")


@pytest.mark.slow
def test_quiz_word_brings_one_at_once_and_again_the_open_one(quiz_town: Town) -> None:
    mentee = quiz_town.mentee(cadre="nurse")
    mentee.says("QUIZ")
    first = mentee.hears(r"\nA .*\nB ")
    mentee.says("quiz")
    assert mentee.hears(r"\nA ") == first
    mentee.says("b")
    mentee.hears("Source")
    mentee.says("QUIZ")
    assert mentee.hears(r"\nA .*\nB ") != first


@pytest.mark.slow
def test_stop_ends_the_quiz(quiz_town: Town) -> None:
    mentee = quiz_town.mentee()
    asked(quiz_town, mentee)
    mentee.hears("BP")
    mentee.says("STOP")
    quiz_town.live(days=6, step=6)
    mentee.hears_nothing()
    assert quiz_town.count(Dose, Dose.reason == "the mentee texted STOP") > 0


@pytest.mark.slow
def test_open_case_makes_the_dose_wait(quiz_town: Town) -> None:
    mentor = quiz_town.mentor()
    mentee = quiz_town.mentee()
    quiz_town.campaign(items=[ITEM], per_week=5, summary=False)
    quiz_town.until(evening(quiz_town) - timedelta(hours=3))
    mentee.says("MENTOR")
    mentee.hears("Text your question")
    mentee.says("which drug for a scorpion bite?")
    mentee.hears("asked Alice")
    mentor.hears("scorpion")
    quiz_town.until(evening(quiz_town))
    mentee.hears_nothing()
    assert quiz_town.count(Dose, Dose.reason == "in an open case") == 1
    mentor.says("Clean it, watch her for a day.", quoting="scorpion")
    mentee.hears("Clean it")
    mentee.says("1")
    mentee.hears("closed")
    quiz_town.later(minutes=45)
    mentee.hears("BP")


@pytest.mark.slow
def test_wishes(quiz_town: Town) -> None:
    mentee = quiz_town.mentee()
    quiz_town.campaign(items=[ITEM, "preeclampsia-q03"], per_week=5, summary=False)
    mentee.says("HOUR 12")
    mentee.hears("after 12:00")
    mentee.says("WEEK 2")
    mentee.hears("up to 2 a week")
    mentee.says("fewer")
    mentee.hears("up to 1 a week")
    mentee.says("fewer")
    mentee.hears("the least")
    mentee.says("HOUR 3")
    mentee.hears("from 7 to 19")
    quiz_town.tick()
    planned = quiz_town.one(Dose, Dose.state == "planned")
    assert planned.due_at.astimezone(KIGALI).hour == 12
    mentee.says("PAUSE 14")
    mentee.hears("No questions until")
    quiz_town.live(days=13, step=12)
    mentee.hears_nothing()
    mentee.says("resume")
    mentee.hears("come again")
    quiz_town.live(days=8, step=6)
    mentee.hears("BP|146/92")


@pytest.mark.slow
def test_progress(quiz_town: Town) -> None:
    mentee = quiz_town.mentee()
    mentee.says("PROGRESS")
    mentee.hears("QUIZ")
    asked(quiz_town, mentee)
    mentee.hears("BP")
    mentee.says("d")
    mentee.hears("Source")
    mentee.says("progress")
    mentee.hears("1")
