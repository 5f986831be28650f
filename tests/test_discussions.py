"""Group discussions on real phones: a host, members on SMS and WhatsApp, in two languages."""

from __future__ import annotations

from typing import Any

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
