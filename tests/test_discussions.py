"""Group discussions on real phones: a host, members on SMS and WhatsApp, in two languages."""

from __future__ import annotations

import re
from typing import Any

from bot.mentoring import encounters, moderation
from store.cases import Case
from store.discussions import Discussion, DiscussionMember, DiscussionPost, Relay
from store.encounters import Encounter, EncounterMentee
from store.people import Person
from tests.town import Phone, Town

ALICE = "+250788000401"
POSE = (
    "A primigravida at 36 weeks has a blood pressure of 150 over 100. What would you check first?"
)


def mentee(town: Town, number: int, name: str, channel: str = "sms", **values: Any) -> Phone:
    phone = f"+2507880005{number:02d}"
    made = town.mentee(phone, channel, name=name, **values)
    town.pair(phone, ALICE)
    return made


def convene(alice: Phone, invited: str = "OK", when: str = "1") -> None:
    """Alice sets a discussion up with her mentees."""
    alice.says("DISCUSS")
    alice.hears("What would you like to discuss")
    alice.says(POSE)
    alice.hears("Whom would you like to invite", r"1 My mentees \(\d\)")
    alice.says("1")
    alice.hears("can be invited", "OK for all")
    alice.says(invited)
    alice.hears("primigravida", "Start now")
    alice.says(when)


def test_six_members_discuss_a_case_and_alice_sums_up(town: Town) -> None:
    alice = town.mentor(ALICE)
    claudine = mentee(town, 1, "Claudine Mukamana", facility="Rukara Health Centre")
    jean = mentee(town, 2, "Jean Bosco Habimana", language="fr")
    esperance = mentee(town, 3, "Esperance Uwera", "whatsapp")
    innocent = mentee(town, 4, "Innocent Nshuti", "whatsapp", language="fr")
    aline = mentee(town, 5, "Aline Uwase")
    mentee(town, 6, "Claudine Ineza", "whatsapp")
    convene(alice)
    alice.hears("6 are invited")

    # Nobody is added without a yes; on SMS a number is one, on WhatsApp a button.
    claudine.hears("Alice invites you", "5 others", "1 Join 2 No thanks")
    claudine.says("1")
    claudine.hears("Alice asks: A primigravida", "LEAVE")
    alice.hears("Claudine M. has joined")
    jean.hears("Alice vous invite", "1 Participer")
    jean.says("oui")
    jean.hears("Alice demande : A primigravida")
    esperance.hears("Alice invites you")
    esperance.presses("Join")
    esperance.hears("Alice asks")
    innocent.hears("Alice vous invite")
    innocent.presses("Participer")
    innocent.hears("Alice demande")
    aline.hears("invites you")
    aline.says("no")
    aline.hears("That is fine")

    # A reply goes to all the others, with the first name and without identifiers.
    claudine.says("Urine protein first. Her name is Marie Uwimana, tel 0788123456")
    claudine.hears("goes to 4 others")
    esperance.hears(r"^Claudine M\.: Urine protein first. Her name is \[name\], tel \[phone\]$")
    innocent.hears("Urine protein first")
    alice.hears("Claudine M.: Urine protein")
    jean.hears_nothing()  # SMS waits for others to be bundled with
    innocent.says("Et les réflexes")
    innocent.hears("4 autres")
    esperance.hears("Innocent: Et les réflexes")
    alice.hears("Innocent: Et les")
    town.later(minutes=4)
    jean.hears("2 réponses :\nClaudine M.: Urine protein.*\nInnocent: Et les r.flexes")
    claudine.hears("^Innocent: Et les r.flexes$")

    # An emergency goes first, to the mentors and not to the group.
    claudine.says("help she is fitting now")
    claudine.hears("Eclampsia|fit")
    assert town.one(Case).urgent
    assert town.count(DiscussionPost) == 2
    alice.hears("URGENT")
    claudine.read = len(claudine.received())

    # STOP is for everything.
    jean.says("STOP")
    alice.hears("Jean has left")
    esperance.says("Magnesium sulphate ready, and call for help")
    esperance.hears("goes to 3 others")
    innocent.hears("Esperance: Magnesium")
    alice.hears("Esperance: Magnesium")
    town.later(minutes=5)
    jean.hears_nothing()
    claudine.hears_nothing()  # until her emergency is over

    # A host with an open case is asked which a text is for.
    alice.hears("still waiting for you")
    alice.says("Well done, what else?")
    alice.hears("Is this for the discussion", "Well done")
    alice.presses("The discussion")
    innocent.hears("Alice: Well done")
    esperance.hears("Alice: Well done")

    # Who comes late gets what was said last.
    alice.says("SUM Check protein and reflexes, have magnesium ready.")
    alice.hears("Thank you for hosting. 3 get")
    for phone in (esperance, innocent):
        phone.hears("(sums up|résume).*have magnesium ready.*over|terminée")
    jean.hears_nothing()
    claudine.hears("sums up")
    town.later(hours=1)
    kept = town.one(Discussion)
    assert kept.state == "ended"
    called = {person.id: person.name.split()[0] for person in town.all(Person)}
    states = {called[row.person_id]: row.state for row in town.all(DiscussionMember)}
    assert states["Aline"] == "declined"
    assert states["Jean"] == "left"
    assert states["Esperance"] == "done"
    met = town.one(Encounter, Encounter.discussion_id == kept.id)
    assert (met.kind, met.form, met.channel) == ("virtual", "group", "mixed")
    spoke = {row.person_id: row.spoke for row in town.all(EncounterMentee)}
    assert sorted(spoke.values()) == [False, True, True, True]
    assert not town.count(Relay, Relay.state == "waiting")
    for phone in (jean, esperance, innocent, claudine):
        assert "+2507" not in "".join(message.body for message in phone.received())


def test_a_moderated_discussion_with_a_pause_a_quiz_and_a_photo(town: Town) -> None:
    town.stock_bank()
    alice = town.mentor(ALICE)
    esperance = mentee(town, 3, "Esperance Uwera", "whatsapp")
    innocent = mentee(town, 4, "Innocent Nshuti", "whatsapp")
    jean = mentee(town, 2, "Jean Bosco Habimana")
    convene(alice, when="14:00")  # eleven in Kigali now
    alice.hears("3 are invited for 14:00")
    for phone in (esperance, innocent):
        phone.hears("begins at 14:00")
        phone.presses("Join")
        phone.hears("you are in. It begins at 14:00")
    alice.hears("Esperance has joined")
    esperance.says("I will be there", quoting="begins at 14:00")
    esperance.hears("It begins at 14:00")
    town.later(hours=3, minutes=1)
    alice.hears("has begun, 2 take part")
    for phone in (esperance, innocent):
        phone.hears("Alice asks: A primigravida")

    # Each reply comes to the host first, one at a time.
    alice.says("DISCUSS HOLD")
    alice.hears("comes to you first")
    esperance.says("Give magnesium at once")
    esperance.hears("Alice reads it first")
    innocent.says("Check the urine for protein")
    innocent.hears("Alice reads it first")
    alice.hears("Esperance: Give magnesium at once", "APPROVE")
    alice.hears_nothing()
    alice.presses("Drop")
    alice.hears("Innocent: Check the urine")
    alice.hears("stays between you two")
    alice.presses("Approve")
    esperance.hears("^Innocent: Check the urine for protein$")
    innocent.hears_nothing()
    alice.says("DISCUSS APPROVE")
    alice.hears("settled already")
    alice.says("DISCUSS OPEN")
    alice.hears("go to all at once")

    # Who comes late gets what was said, and not what was dropped.
    jean.hears("invites you")
    jean.says("JOIN")
    jean.hears("Alice asks")
    assert "magnesium" not in jean.hears("Said so far:\nInnocent: Check the urine")
    alice.hears("All have answered: 3 take part")

    # An answer to the quiz is one, in the middle of it all; so are other words.
    esperance.says("QUIZ")
    esperance.hears(r"\nA ")
    esperance.says("A")
    esperance.hears("Right|Not yet|yes|answer")
    esperance.says("thank you")
    assert town.count(DiscussionPost) == 2

    # In a pause everything is kept; what was quoted goes there whenever it is live.
    alice.says("DISCUSS PAUSE")
    alice.hears("Paused")
    innocent.says("And her platelets", quoting="Alice asks")
    innocent.hears("Alice has paused")
    esperance.hears_nothing()
    alice.says("DISCUSS RESUME")
    esperance.hears("Innocent: And her platelets")
    alice.read = len(alice.received())
    innocent.says("this one", media=["sample"])
    shown = esperance.message("Innocent: this one")
    assert len(shown.media) == 1
    alice.read = esperance.read = 10**6

    # The host sees who is silent, nudges, and takes somebody out kindly.
    alice.says("DISCUSS")
    status = alice.message("Your discussion is going on").body
    assert "Innocent: 3" in status
    assert "Jean: 0" in status
    alice.says("DISCUSS ENCOURAGE")
    assert "1 who have been silent" in alice.received()[-1].body
    assert jean.message("would like to hear from you too")
    alice.says("DISCUSS REMOVE Innocent")
    assert innocent.message("goes on with the others")
    heard = len(innocent.received())

    # After the hour a plain text is asked about, and a quoted one is not.
    town.later(minutes=61)
    assert alice.message("The hour is over")
    esperance.says("One more thing")
    assert esperance.message("Is this for the discussion").buttons
    esperance.presses("The discussion")
    assert alice.message("Esperance: One more thing")
    esperance.says("and her reflexes", quoting="And her platelets")
    assert alice.message("Esperance: and her reflexes")
    jean.says("LEAVE")
    assert jean.message("You are out")
    alice.says("Sum of it: protein, platelets, reflexes.")
    assert esperance.message("Alice sums up: of it: protein")
    assert len(innocent.received()) == heard
    assert not any("One more thing" in message.body for message in jean.received()[-1:])


def test_a_case_is_posed_without_its_mentee_and_logged_once(town: Town) -> None:
    alice = town.mentor(ALICE)
    claudine = mentee(town, 1, "Claudine Mukamana", facility="Rukara Health Centre")
    esperance = mentee(town, 3, "Esperance Uwera", "whatsapp")
    claudine.says("MENTOR")
    claudine.says("Claudine from Rukara Health Centre: retained placenta after 40 minutes?")
    code = town.case().code
    alice.hears("retained placenta")
    alice.says(f"DISCUSS #{code}")
    alice.hears("Whom would you like")
    alice.says("Esperance")
    alice.hears("1 can be invited", "1 Esperance")
    alice.says("ok")
    posed = alice.hears(r"To 1 people: \[...\] from \[...\]: retained placenta", "Groups of 5 to 9")
    assert "Claudine" not in posed
    assert not esperance.received()  # nothing leaves unconfirmed
    alice.says("3")
    alice.hears("called off")
    esperance.hears_nothing()
    # What has begun can be called off as well; nobody answers an invitation to what is over.
    alice.says("DISCUSS what to do with a retained placenta")
    alice.hears("Whom")
    alice.says("Esperance")
    alice.hears("1 can be")
    alice.says("1")
    alice.hears("To 1 people")
    alice.presses("Start now")
    alice.hears("1 are invited")
    esperance.hears("Alice invites you")
    alice.says("DISCUSS CANCEL")
    alice.hears("called off")
    esperance.presses("Join")
    esperance.hears("That discussion is over")
    # A text that is for nobody in particular is still asked about: a case is open.
    alice.says(f"#{code} Give oxytocin, refer if it stays")
    alice.hears("Sent to")
    claudine.message("Give oxytocin")
    alice.says(f"DONE #{code}")
    case = town.case()
    met = town.one(Encounter)
    assert (met.kind, met.form, met.channel, met.source) == ("virtual", "individual", "sms", "case")
    assert met.case_id == case.id
    assert town.one(EncounterMentee).person_id == case.mentee_id
    with town.works.sessions.begin() as session:
        assert encounters.of_case(session, session.get_one(Case, case.id), town.time.now()) is None


def test_a_reply_is_relayed_once_however_often_its_job_runs(town: Town) -> None:
    alice = town.mentor(ALICE)
    phones = [mentee(town, n, f"Member{chr(64 + n)} X", "whatsapp") for n in range(1, 5)]
    convene(alice)
    for phone in phones:
        phone.presses("Join")
    first = phones[0]
    first.says("Protein")
    town.execute("UPDATE inbound SET state = 'received', done_at = NULL WHERE body = 'Protein'")
    row = next(message for message in town.inbound() if message.body == "Protein")
    town.works.receive(row.id)
    town.rest()
    for phone in phones[1:]:
        assert [m.body for m in phone.received()].count("MemberA: Protein") == 1
    # An hour's worth and no more, in order; the rest comes bundled.
    for number in range(24):
        phones[number % 3].says(f"reply {number:02d}")
    fourth = [m.body for m in phones[3].received()]
    assert (
        sum(body.startswith("Member") for body in fourth)
        <= moderation.rules().caps["whatsapp"].hour
    )
    alice.says("DISCUSS")
    assert "had enough for now" in alice.received()[-1].body
    town.later(minutes=58)
    town.later(minutes=5)
    said = re.findall(r"reply (\d\d)", "\n".join(m.body for m in phones[3].received()))
    assert said == [f"{number:02d}" for number in range(24)]
    assert any(re.match(r"\d+ replies:", m.body) for m in phones[3].received())


def test_a_number_that_is_no_choice_is_asked_again_and_the_next_one_joins(town: Town) -> None:
    alice = town.mentor(ALICE)
    claudine = mentee(town, 1, "Claudine Mukamana")
    for number in range(2, 7):
        mentee(town, number, f"Mentee {number}")
    convene(alice)
    claudine.hears("Alice invites you", "1 Join 2 No thanks")
    claudine.says("7")
    claudine.hears("number")
    claudine.says("9")
    claudine.hears("number")
    claudine.says("1")
    claudine.hears("Alice asks: A primigravida")
    assert all(row.state == "done" for row in town.inbound())


def test_a_summary_without_a_discussion_is_no_answer_to_a_case(town: Town) -> None:
    alice = town.mentor(ALICE)
    nurse = mentee(town, 1, "Claudine Mukamana")
    nurse.says("MENTOR")
    nurse.hears("Text your question")
    nurse.says("Snake bite on the hand, what first")
    nurse.hears("I asked Alice")
    alice.hears("Snake bite")
    alice.says("SUM Check protein, have magnesium ready")
    alice.hears("no discussion")
    nurse.hears_nothing()
    alice.says("Sum of it: refer her now", quoting="Snake bite")  # said to this case
    alice.hears("Sent to")
    nurse.hears("refer her now")
