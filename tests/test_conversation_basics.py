"""Conversations that need no Rasa: consent, STOP, emergencies, cases. They read like chats."""

from __future__ import annotations

from store.cases import Case
from store.messages import OutboxMessage
from store.people import Person
from tests.town import Town

NURSE = "+250788000301"
MENTOR = "+250788000401"


def test_an_unknown_number_is_greeted_and_asked(town: Town) -> None:
    stranger = town.phone("+250788000777")
    stranger.says("hello")
    stranger.hears("Mentorline", "Never send patient names", "1 I agree .English. 2 J'accepte")
    stranger.says("2")
    stranger.hears("Merci")
    assert town.person("+250788000777").language == "fr"
    assert town.person("+250788000777").consent == "yes"
    stranger.hears_nothing()


def test_whoever_declines_hears_no_more_until_start(town: Town) -> None:
    stranger = town.phone("+250788000777", "whatsapp")
    stranger.says("hi")
    stranger.hears("Do you agree")
    stranger.presses("No / Non")
    stranger.hears("We will not write to you")
    stranger.says("what is the dose of oxytocin")
    stranger.hears_nothing()
    stranger.says("START")
    stranger.hears("Welcome back")


def test_a_number_known_from_sms_is_the_same_person_on_whatsapp(town: Town) -> None:
    town.mentee(NURSE, "sms")
    on_whatsapp = town.phone(NURSE, "whatsapp")
    on_whatsapp.says("MENU")
    on_whatsapp.hears("You can text")
    assert town.count(Person) == 1
    assert {a.channel for a in town.person(NURSE).addresses} == {"sms", "whatsapp"}


def test_a_whatsapp_user_without_a_number(town: Town) -> None:
    hidden = town.phone("RW.13491208655302741918", "whatsapp")
    hidden.says("hello")
    hidden.hears("Do you agree")
    hidden.says("1")
    hidden.hears("Thank you")


def test_stop_is_confirmed_once_and_kept(town: Town) -> None:
    nurse = town.mentee(NURSE, "whatsapp")
    nurse.says("Stop.")
    nurse.hears("no more messages")
    nurse.says("stop")
    nurse.says("HELP")
    nurse.says("is this still on?")
    nurse.hears_nothing()
    nurse.says("yes")
    nurse.hears("Welcome back")


def test_stop_in_four_languages(town: Town) -> None:
    for n, word in enumerate(("ARRÊT", "arret", "hagarika", "SIMAMISHA", "Unsubscribe")):
        phone = town.mentee(f"+25078800081{n}", "whatsapp")
        phone.says(word)
        phone.hears("STOP|START|no more messages|plus de messages")
        assert town.person(f"+25078800081{n}").stopped_at is not None


def test_what_is_queued_before_stop_is_not_sent_after(town: Town) -> None:
    nurse = town.mentee(NURSE, "whatsapp")
    mentor = town.mentor(MENTOR)
    town.pair(NURSE, MENTOR)
    nurse.says("MENTOR")
    nurse.hears("Text your question")
    nurse.says("Can a mother with HIV breastfeed twins?")
    nurse.hears("asked Alice")
    mentor.hears("HIV breastfeed twins")
    nurse.says("STOP")
    nurse.hears("no more messages")
    mentor.says("Yes, see the national guide.", quoting="HIV breastfeed")
    nurse.hears_nothing()
    dropped = town.outbox(OutboxMessage.kind == "answer")
    assert [m.state for m in dropped] == ["dropped"]
    assert "STOP" in (dropped[0].reason or "")


def test_twilio_answers_stop_itself_and_we_do_not_answer_twice(town: Town) -> None:
    town.simulator.state.switches.update({"advanced_opt_out": True})
    nurse = town.mentee(NURSE)
    nurse.says("STOP")
    nurse.hears("unsubscribed")
    nurse.hears_nothing()
    assert town.person(NURSE).stopped_at is not None


def test_an_emergency_gets_the_referral_text_at_once_and_a_mentor(town: Town) -> None:
    nurse = town.mentee(NURSE)
    mentor = town.mentor(MENTOR)
    nurse.says("mother bleeding too much after delivery pls help now")
    nurse.hears("Refer|refer")
    nurse.hears("alerted Alice", "Do not wait")
    mentor.hears("URGENT", "bleeding too much")
    assert town.case().urgent
    assert town.case().emergency == "pph"


def test_an_emergency_from_a_stranger_comes_before_consent(town: Town) -> None:
    stranger = town.phone("+250788000777")
    stranger.says("she is fitting now, pregnant 34 weeks")
    stranger.hears("refer")
    stranger.hears("No mentor is free")
    stranger.hears("Do you agree")


def test_the_same_emergency_twice_is_one_case(town: Town) -> None:
    nurse = town.mentee(NURSE)
    mentor = town.mentor(MENTOR)
    nurse.says("she is fitting now")
    nurse.hears("refer")
    nurse.hears("alerted")
    mentor.hears("URGENT")
    nurse.says("she is still fitting now help")
    nurse.hears("refer")
    mentor.hears("adds", "still fitting")
    assert town.count(Case) == 1


def test_a_mentor_answers_by_quoting_and_the_answer_comes_back(town: Town) -> None:
    nurse = town.mentee(NURSE, facility="Rukara Health Centre")
    mentor = town.mentor(MENTOR)
    town.pair(NURSE, MENTOR)
    nurse.says("ask")
    nurse.hears("Text your question")
    nurse.says(
        "Cord fell off early and smells, baby 4 days. Mother is called Uwase Marie 0788123456"
    )
    nurse.hears("asked Alice Ingabire", r"#\w{4}")
    heard = mentor.hears("Claudine Mukamana .Rukara Health Centre.", "Cord fell off")
    assert "0788123456" not in heard
    assert "Uwase" not in heard
    nurse.hears("left out", "an age is enough")
    mentor.says("Look for redness around the navel and refer the same day.", quoting="Cord fell")
    mentor.hears("Sent to Claudine")
    nurse.hears("Alice Ingabire .mentor.", "redness", "Did this help. 1 Yes 2 Not yet")
    nurse.says("2")
    nurse.hears("needs more")
    mentor.hears("did not help yet")
    code = town.case().code
    mentor.says(f"#{code.lower()} Swab it and start treatment at the hospital.")
    mentor.hears("Sent to")
    nurse.hears("Swab it")
    nurse.says("1")
    nurse.hears("closed")
    mentor.hears("your answer helped")
    assert town.case().state == "closed"


def test_an_unquoted_answer_is_never_guessed(town: Town) -> None:
    first = town.mentee("+250788000301", name="Claudine")
    second = town.mentee("+250788000302", name="Jean Bosco")
    mentor = town.mentor(MENTOR)
    for phone, question in ((first, "Twins at home, what now"), (second, "Snake bite on the hand")):
        phone.says("MENTOR")
        phone.hears("Text your question")
        phone.says(question)
        phone.hears("asked Alice")
        mentor.hears(question)
    mentor.says("Keep the arm still and refer.")
    mentor.hears("Which case", "1 #.*Claudine.*Twins", "2 #.*Jean Bosco.*Snake", "3 None")
    first.hears_nothing()
    second.hears_nothing()
    mentor.says("2")
    mentor.hears("Sent to Jean Bosco")
    second.hears("Keep the arm still")
    first.hears_nothing()


def test_a_quote_of_something_else_is_not_an_answer(town: Town) -> None:
    nurse = town.mentee(NURSE)
    mentor = town.mentor(MENTOR)
    nurse.says("MENTOR")
    nurse.says("Snake bite on the hand")
    mentor.hears("Snake")
    mentor.says("Refer.", quoting="no open cases")
    mentor.hears("Which case")
    assert town.case().state == "open"


def test_a_code_that_is_not_mine_sends_nothing(town: Town) -> None:
    nurse = town.mentee(NURSE)
    mentor = town.mentor(MENTOR)
    other = town.mentor("+250788000402", name="Patrick Mugisha")
    town.pair(NURSE, MENTOR)
    nurse.says("MENTOR")
    nurse.says("Snake bite on the hand")
    mentor.hears("Snake")
    nurse.read = len(nurse.received())
    other.says(f"#{town.case().code} Refer at once")
    other.hears("find no open case", "Nothing was sent")
    nurse.hears_nothing()


def test_a_mentor_out_of_the_window_gets_a_template_and_can_quote_it(town: Town) -> None:
    nurse = town.mentee(NURSE)
    mentor = town.mentor(MENTOR, window=False)
    nurse.says("MENTOR")
    nurse.says("Snake bite on the hand")
    nurse.hears("Text your question")
    nurse.hears("asked Alice")
    mentor.hears("Case #", "Snake bite on the hand", "quoting this message")
    assert town.outbox(OutboxMessage.kind == "case")[0].template == "case_put"
    mentor.says("Keep still, refer.", quoting="Snake bite")
    nurse.hears("Keep still, refer")


def test_a_mentee_out_of_the_window_gets_a_knock_then_the_answer(town: Town) -> None:
    nurse = town.mentee(NURSE, "whatsapp")
    mentor = town.mentor(MENTOR)
    nurse.says("MENTOR")
    nurse.says("Snake bite on the hand")
    nurse.hears("Text your question")
    nurse.hears("asked Alice")
    town.later(hours=30)
    mentor.says("CASES")
    mentor.says("Keep still, refer.", quoting="Snake bite.*quoting")
    nurse.hears("is waiting for you")
    nurse.hears_nothing()
    nurse.says("ok")
    nurse.hears("Keep still, refer", "Did this help")
    nurse.hears_nothing()
    assert town.case().state == "answered"


def test_nobody_on_duty_is_said_and_the_case_finds_the_first_who_is_back(town: Town) -> None:
    nurse = town.mentee(NURSE)
    mentor = town.mentor(MENTOR)
    mentor.says("AWAY")
    mentor.hears("no new cases")
    nurse.says("MENTOR")
    nurse.says("Snake bite on the hand")
    nurse.hears("Text your question")
    nurse.hears("No mentor is free")
    mentor.says("BACK")
    mentor.hears("Welcome back")
    town.later(minutes=2)
    mentor.hears("Snake bite")
    nurse.hears("Alice Ingabire .mentor. has your case")


def test_a_mentor_passes_a_case_on(town: Town) -> None:
    nurse = town.mentee(NURSE)
    mentor = town.mentor(MENTOR)
    other = town.mentor("+250788000402", name="Patrick Mugisha")
    town.pair(NURSE, MENTOR)
    nurse.says("MENTOR")
    nurse.says("Snake bite on the hand")
    nurse.hears("Text your question")
    nurse.hears("asked Alice")
    mentor.hears("Snake")
    mentor.says(f"PASS #{town.case().code}")
    mentor.hears("goes to somebody else")
    other.hears("Snake bite")
    nurse.hears("passed to Patrick Mugisha")
    other.says("Refer.", quoting="Snake bite")
    nurse.hears("Patrick Mugisha", "Refer")


def test_details_go_to_the_mentor_and_the_bot_keeps_silent(town: Town) -> None:
    nurse = town.mentee(NURSE)
    mentor = town.mentor(MENTOR)
    nurse.says("MENTOR")
    nurse.says("Snake bite on the hand")
    mentor.hears("Snake")
    nurse.says("It was an hour ago and it swells")
    mentor.hears("adds", "an hour ago")
    nurse.says("She can still move her fingers")
    mentor.hears("adds", "fingers")
    nurse.hears("Text your question")
    nurse.hears("asked Alice")
    nurse.hears("Passed on to Alice")
    nurse.hears_nothing()


def test_a_photo_becomes_a_case_and_reaches_the_mentor(town: Town) -> None:
    nurse = town.mentee(NURSE, "whatsapp")
    mentor = town.mentor(MENTOR)
    nurse.says("what is this rash", media=["sample"])
    nurse.hears("asked Alice")
    mentor.hears("what is this rash", "photo")
    assert mentor.message("what is this rash").buttons[0]["title"] == "Take"
    # WhatsApp has no buttons under a photo, so it follows.
    mentor.hears("Sent with case #")
    assert len(mentor.received()[-1].media) == 1


def test_language_and_words_of_later_steps(town: Town) -> None:
    nurse = town.mentee(NURSE)
    nurse.says("LANGUAGE")
    nurse.hears("Which language")
    nurse.says("2")
    nurse.hears("français")
    nurse.says("ASSESS")
    nurse.hears("pas encore de compétences pour votre profession")
    nurse.says("language English")
    nurse.hears("From now on in English")


def test_rasa_down_the_question_is_not_lost(town: Town) -> None:
    nurse = town.mentee(NURSE)
    mentor = town.mentor(MENTOR)
    nurse.says("dose of vitamin k for newborn")
    nurse.hears_nothing()
    town.later(seconds=5)
    nurse.hears("not lost")
    nurse.says("MENU")
    nurse.hears("You can text")
    town.later(minutes=3)
    nurse.hears("asked Alice")
    mentor.hears("vitamin k")
    assert all(row.state == "done" for row in town.inbound())
