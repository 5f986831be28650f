"""What somebody who used the desk for a day found wanting: each scene is one of those moments."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from bot.text.moments import spoken
from store.cases import CaseDue
from tests.test_desk_scene import ALICE, BOSCO, CLAUDINE, PATRICK, asks_mentor, code_in
from tests.town import Town


def test_photos_have_buttons_and_all_of_them_travel(town: Town) -> None:
    nurse = town.mentee(CLAUDINE, "whatsapp")
    alice = town.mentor(ALICE)
    nurse.says("what are these", media=["sample"] * 3)
    code = code_in(nurse.hears("asked Alice"))
    alice.hears(f"Case #{code}", "what are these .photo. .photo. .photo.")
    for _ in range(3):
        alice.hears(f"Sent with case #{code}")
        assert len(alice.received()[alice.read - 1].media) == 1
    alice.presses("Take", under="what are these")
    alice.hears(f"#{code} is yours")
    # The photo itself can be quoted as well.
    alice.says("Look at these", quoting="Sent with case", media=["sample"] * 2)
    alice.hears("Sent to Claudine Mukamana .#")
    nurse.hears("Alice Ingabire", "Look at these")
    nurse.hears(f"Sent with case #{code}")
    nurse.hears_nothing()
    alice.says(f"PHOTO #{code}")
    for _ in range(3):
        alice.hears(f"Sent with case #{code}")
    alice.hears_nothing()
    # Out of the window one template knocks, and all of it comes after a touch.
    town.later(hours=30)
    alice.read, nurse.read = len(alice.received()), len(nurse.received())
    nurse.says(f"#{code} one more", media=["sample"])
    nurse.hears("Passed on to Alice")
    alice.hears("news about case")
    alice.presses("Read")
    alice.hears("Claudine Mukamana adds", "one more")
    alice.hears(f"Sent with case #{code}")
    alice.hears_nothing()


def test_with_sms_a_photo_is_a_link_in_the_same_message(town: Town) -> None:
    nurse = town.mentee(CLAUDINE, "whatsapp")
    town._person(ALICE, "sms", ["mentor"], {"name": "Alice Ingabire", "language": "fr"})
    town.person(CLAUDINE)
    town.execute("UPDATE person SET cadre = 'nurse'")
    alice = town.phone(ALICE)
    nurse.says("what is this", media=["sample"])
    nurse.hears("asked Alice Ingabire .mentor, nurse")
    # A cadre is said in the language of whoever reads.
    alice.hears("Claudine Mukamana .infirmier", "what is this", "http")
    alice.hears_nothing()


def test_who_leaves_hears_which_cases_others_take(town: Town) -> None:
    nurse = town.mentee(CLAUDINE)
    alice = town.mentor(ALICE)
    town.pair(CLAUDINE, ALICE)
    patrick = town.mentor(PATRICK, name="Patrick Mugisha")
    first = code_in(asks_mentor(nurse, "Cord smells"))
    alice.hears("Cord smells")
    alice.says("AWAY 2 days")
    alice.hears("no new cases until ", f"Somebody else is asked for #{first}")
    town.tick()
    town.rest()
    patrick.hears(f"Case #{first}")
    nurse.hears("Patrick Mugisha .mentor. has your case")
    patrick.says("AWAY")
    patrick.hears("until you text BACK", f"#{first}")
    alice.says("AWAY")
    alice.hears("until you text BACK")
    assert "asked for" not in alice.received()[-1].body


def test_a_day_that_begins_is_said_without_its_hour() -> None:
    now = datetime(2026, 11, 30, 8, tzinfo=UTC)
    midnight = datetime(2026, 12, 1, 22, tzinfo=UTC)  # in Kigali, the 2nd begins
    for days, english, french in (
        (-1, "tomorrow", "demain"),
        (0, "Wednesday", "mercredi"),
        (7, "9 December", "le 9 décembre"),
    ):
        moment = midnight + timedelta(days=days)
        said = [spoken(moment, now, "Africa/Kigali", lang, midnight=True) for lang in ("en", "fr")]
        assert said == [english, french]
    assert spoken(midnight, now, "Africa/Kigali", "en") == "00:00 on Wednesday"


def test_a_coordinator_sees_what_waits_and_sends_nothing_by_chance(town: Town) -> None:
    nurse, other = town.mentee(CLAUDINE), town.mentee(BOSCO, name="Jean Bosco Habimana")
    alice = town.mentor(ALICE)
    grace = town.coordinator()
    grace.says("CASES")
    grace.hears("No case waits")
    first = code_in(asks_mentor(nurse, "Cord smells"))
    other.says("help she is fitting now")
    urgent = code_in(other.hears("Refer now") and other.hears("alerted Alice Ingabire now"))
    grace.says("cases")
    grace.hears(
        "Waiting", f"URGENT. #{urgent} Jean Bosco Habimana.*Alice.*#{first} Claudine Mukamana"
    )
    town.later(minutes=16)
    grace.hears(f"URGENT. Case #{urgent}", "Please see that somebody answers")
    alice.read, other.read = len(alice.received()), len(other.received())
    grace.says("I have rung Alice", quoting="Please see")
    grace.hears("Nothing was sent to anybody", urgent)
    other.hears_nothing()
    alice.hears_nothing()


def test_a_bare_number_is_not_taken_into_one_of_two_cases(town: Town) -> None:
    nurse = town.mentee(CLAUDINE, "whatsapp")
    alice = town.mentor(ALICE)
    first = code_in(asks_mentor(nurse, "Cord smells"))
    alice.hears("Cord smells")
    nurse.says("2")  # to the only case there is: an answer to its mentor, perhaps
    nurse.hears("Passed on")
    alice.hears("adds: .2.")
    asks_mentor(nurse, "Snake bite")
    alice.hears("Snake bite")
    nurse.says("2")
    nurse.hears("Which of your cases", "Nothing was sent", " 2$")
    alice.hears_nothing()
    nurse.says(f"#{first} 2")
    nurse.hears("Passed on")
    alice.hears(first, "adds: .2.")
    # What has been rated a moment ago takes no more numbers, and the other case does not get them.
    alice.says(f"#{first} Refer today")
    alice.hears("Sent")
    nurse.presses("Yes", under="Refer today")
    alice.hears("your answer helped")
    nurse.hears("Refer today")
    nurse.hears("is closed")
    nurse.says("1")
    nurse.hears("Which of your cases", "Nothing was sent")
    alice.hears_nothing()


def test_a_detail_from_another_phone_brings_the_answer_there(town: Town) -> None:
    nurse = town.mentee(CLAUDINE)
    town.execute(
        "INSERT INTO address (person_id, channel, value, created_at) "
        "SELECT id, 'whatsapp', :number, now() FROM person",
        number=CLAUDINE,
    )
    alice = town.mentor(ALICE)
    code = code_in(asks_mentor(nurse, "Cord smells"))
    alice.hears("Cord smells")
    other_phone = town.phone(CLAUDINE, "whatsapp")
    other_phone.says("and it is red")
    other_phone.hears("Passed on to Alice Ingabire")
    alice.says("Refer today", quoting="Cord smells")
    other_phone.hears(code, "Refer today")
    nurse.hears_nothing()


def test_after_an_emergency_it_is_asked_how_it_went_whatever_was_said_before(town: Town) -> None:
    nurse = town.mentee(CLAUDINE, "whatsapp")
    alice = town.mentor(ALICE)
    nurse.says("help she is fitting now")
    nurse.hears("Refer now")
    code = code_in(nurse.hears("alerted Alice"))
    alice.hears("URGENT")
    alice.says("Magnesium first, then go", quoting="URGENT")
    alice.hears("Sent to")
    nurse.hears("Magnesium first")
    nurse.presses("Yes", under="Magnesium")
    nurse.hears("Good to hear", "two days", code)
    alice.hears("your answer helped")
    assert town.case().state == "answered"
    town.later(days=2, hours=1)
    town.until(town.time.now().replace(hour=9) + timedelta(days=1))
    nurse.hears("waiting|how did it go")
    if "how did it go" not in nurse.received()[-1].body:
        nurse.presses("Read")
        nurse.hears("how did it go")
    nurse.says("1")
    nurse.hears(code, "is closed")
    assert town.case().state == "closed"
    assert town.count(CaseDue, CaseDue.done_at.is_(None)) == 0


def test_it_waits_is_said_once_and_a_stray_number_becomes_no_case(town: Town) -> None:
    nurse = town.mentee(CLAUDINE)
    alice = town.mentor(ALICE)
    nurse.says("what is the dose of iron")
    nurse.says("7")
    for _ in range(4):
        town.later(seconds=20)
    nurse.hears("working on it")
    nurse.hears_nothing()
    town.later(minutes=3)
    said = {nurse.hears("") for _ in range(len(nurse.received()) - nurse.read)}
    assert any("I am not sure what that answers" in one for one in said)
    assert any("asked Alice" in one for one in said)
    alice.hears("dose of iron")
    alice.hears_nothing()
