"""Conversations at the hard places: two roles in one person, crossed messages, leave, replays."""

from __future__ import annotations

from typing import Any

from bot.answering import Ranked
from bot.dialogues.actions import run
from bot.dialogues.actions.thresholds import ThresholdsFile
from store.cases import Case, CaseDue
from store.messages import OutboxMessage
from tests.town import Phone, Town

NURSE = "+250788000301"
ALICE = "+250788000401"
BEATA = "+250788000402"


def asks_mentor(phone: Phone, words: str) -> None:
    """Ask a mentor something."""
    phone.says("MENTOR")
    phone.hears("Text your question")
    phone.says(words)
    phone.hears("asked|No mentor")


def test_a_mentors_photo_without_a_quote_is_asked_about(town: Town) -> None:
    nurse = town.mentee(NURSE)
    alice = town.mentor(ALICE)
    asks_mentor(nurse, "Snake bite on the hand")
    alice.hears("Snake bite")
    alice.says("", media=["sample"])
    alice.hears("Which case", "photo")
    nurse.hears_nothing()
    alice.says("1")
    alice.hears("Sent to")
    nurse.hears("photo")
    assert town.count(Case) == 1


def test_a_code_under_a_photo_answers_that_case(town: Town) -> None:
    nurse = town.mentee(NURSE)
    alice = town.mentor(ALICE)
    asks_mentor(nurse, "Snake bite on the hand")
    alice.hears("Snake bite")
    alice.says(f"#{town.case().code}", media=["sample"])
    alice.hears("Sent to")
    nurse.hears("photo")


def test_a_mentor_who_also_asked_is_never_guessed(town: Town) -> None:
    nurse = town.mentee(NURSE)
    alice = town.mentor(ALICE)
    beata = town.mentor(BEATA, name="Beata Uwase")
    town.pair(NURSE, ALICE)
    asks_mentor(alice, "Can I refer twins by car")
    beata.hears("twins by car")
    asks_mentor(nurse, "Cord felt below the head")
    alice.hears("Cord felt")
    alice.says("Knee chest position, push the head up")
    alice.hears("Which case", "1 #.*Cord felt", "2 #.*twins by car", "3 None")
    beata.hears_nothing()
    alice.says("1")
    alice.hears("Sent to Claudine")
    nurse.hears("Knee chest")


def test_two_texts_in_a_row_are_one_answer(town: Town) -> None:
    nurse = town.mentee(NURSE)
    alice = town.mentor(ALICE)
    asks_mentor(nurse, "Cord felt below the head")
    alice.hears("Cord felt")
    other = town.mentee("+250788000302", name="Jean Bosco Habimana")
    asks_mentor(other, "Snake bite on the hand")
    alice.hears("Snake bite")
    alice.says("Knee chest position, push the head up")
    alice.hears("Which case")
    alice.says("and call the hospital")
    alice.hears("Which case", "Knee chest.* / and call")
    alice.says("1")
    alice.hears("Sent to")
    nurse.hears("Knee chest position.*and call the hospital")


def test_quoting_one_of_two_cases_writes_into_that_one(town: Town) -> None:
    nurse = town.mentee(NURSE, "whatsapp")
    alice = town.mentor(ALICE)
    beata = town.mentor(BEATA, name="Beata Uwase", away_since=None)
    town.pair(NURSE, ALICE)
    asks_mentor(nurse, "Snake bite on the hand")
    alice.hears("Snake bite")
    first = town.case().code
    town.execute(
        "UPDATE person SET mentor_id = :beata WHERE id = :nurse",
        beata=town.person(BEATA).id,
        nurse=town.person(NURSE).id,
    )
    nurse.says("MENTOR")
    nurse.hears("Text your question")
    nurse.says("Burn on a child's arm")
    nurse.hears("asked Beata")
    beata.hears("Burn")
    nurse.says("It swells now", quoting=f"asked Alice.*#{first}")
    alice.hears("adds", "swells")
    beata.hears_nothing()


def test_thank_you_is_no_yes_and_wakes_nobody(town: Town) -> None:
    nurse = town.mentee(NURSE)
    alice = town.mentor(ALICE)
    asks_mentor(nurse, "Snake bite on the hand")
    alice.hears("Snake bite")
    alice.says("Keep still, refer.", quoting="Snake bite")
    alice.hears("Sent to")
    nurse.hears("Keep still")
    nurse.says("ok thank you")
    nurse.hears_nothing()
    alice.hears_nothing()
    assert town.case().state == "answered"
    nurse.says("yes")
    nurse.hears("closed")


def test_reminders_do_not_pile_up_and_a_case_goes_on_to_another(town: Town) -> None:
    nurse = town.mentee(NURSE)
    alice = town.mentor(ALICE)
    town.pair(NURSE, ALICE)
    asks_mentor(nurse, "Snake bite on the hand")
    alice.hears("Snake bite")
    for _ in range(12):
        town.later(hours=4)
    waiting = [m for m in town.outbox() if m.kind == "reminder" and m.state in ("queued", "held")]
    assert len(waiting) == 1
    beata = town.mentor(BEATA, name="Beata Uwase")
    town.later(hours=8, minutes=5)
    beata.hears("Snake bite")
    nurse.hears("sorry", "It is with Alice Ingabire")
    nurse.hears("passed to Beata")
    assert town.outbox(OutboxMessage.kind == "reminder", OutboxMessage.state == "held") == []


def test_a_mentor_who_stops_or_leaves_hands_the_cases_back(town: Town) -> None:
    nurse = town.mentee(NURSE)
    alice = town.mentor(ALICE)
    town.pair(NURSE, ALICE)
    asks_mentor(nurse, "Snake bite on the hand")
    alice.hears("Snake bite")
    beata = town.mentor(BEATA, name="Beata Uwase")
    alice.says("STOP")
    alice.hears("no more messages")
    town.later(seconds=5)
    beata.hears("Snake bite")
    nurse.hears("Beata Uwase .mentor. has your case")


def test_the_only_mentor_passes_and_is_told_the_truth(town: Town) -> None:
    nurse = town.mentee(NURSE)
    alice = town.mentor(ALICE)
    asks_mentor(nurse, "Snake bite on the hand")
    alice.hears("Snake bite")
    alice.says(f"PASS #{town.case().code}")
    alice.hears("Nobody else is free yet")
    nurse.hears("No mentor is free")
    assert town.count(CaseDue, CaseDue.kind == "route", CaseDue.done_at.is_(None)) == 1


def test_what_belongs_to_an_emergency_does_not_wait_for_consent(town: Town) -> None:
    alice = town.mentor(ALICE)
    stranger = town.phone("+250788000777")
    stranger.says("mother bleeding too much after delivery help now")
    stranger.hears("refer")
    stranger.hears("alerted Alice")
    stranger.hears("Do you agree")
    alice.hears("URGENT")
    stranger.says("the placenta is still inside")
    alice.hears("adds", "placenta")
    alice.says("Call the hospital, compress.", quoting="URGENT")
    alice.hears("Sent to")
    stranger.hears("Passed on")
    stranger.hears("compress")
    stranger.says("1")
    stranger.hears("Thank you")
    assert town.person("+250788000777").consent == "yes"


def test_a_hidden_number_in_a_profile_name_is_not_shown(town: Town) -> None:
    town.mentee(NURSE, name="0788 123-456")
    nurse = town.phone(NURSE)
    alice = town.mentor(ALICE)
    asks_mentor(nurse, "Snake bite on the hand")
    assert "123-456" not in alice.hears("a colleague", "Snake bite")


def call(
    town: Town, name: str, message_id: int, *ranking: Ranked, intent: str = "question"
) -> dict[str, Any]:
    """An action call as Rasa makes it."""
    message = {
        "text": "",
        "intent": {"name": intent},
        "metadata": {"message_id": str(message_id), "language": "en"},
        "card_ranking": [{"card": r.card, "confidence": r.confidence} for r in ranking],
    }
    tracker = {"latest_message": message, "slots": {}}
    thresholds = ThresholdsFile(town.settings.models_dir / "none.json")
    with town.works.sessions.begin() as session:
        return run(
            session,
            {"next_action": name, "tracker": tracker},
            town.time.now(),
            town.settings,
            thresholds,
        )


def test_a_message_that_is_played_again_has_no_second_meaning(town: Town) -> None:
    town.stock_library()
    nurse = town.mentee(NURSE)
    nurse.says("vitamin k newborn")
    nurse.says("2")
    first, second = (row.id for row in town.inbound())
    call(town, "action_answer_question", first, Ranked("essential-newborn-care-vitamin-k", 0.99))
    call(town, "action_emergency_not_now", second, intent="deny")
    # The worker died; Rasa has moved on and takes the same "2" for another answer.
    replayed = call(town, "action_helpful_no", second, intent="deny")
    assert [event["event"] for event in replayed["events"]] == ["followup"]
    assert town.count(Case) == 0


def test_an_action_that_has_spoken_is_not_followed_by_excuses(town: Town) -> None:
    town.stock_library()
    nurse = town.mentee(NURSE)
    nurse.says("vitamin k newborn")
    [row] = town.inbound()
    call(town, "action_answer_question", row.id, Ranked("essential-newborn-care-vitamin-k", 0.99))
    for _ in range(3):
        town.later(minutes=1)
    nurse.hears("1 mg")
    nurse.hears_nothing()
    assert town.inbound()[0].state == "done"
    assert town.count(Case) == 0
