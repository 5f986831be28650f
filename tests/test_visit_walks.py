"""VISIT and DEBRIEF as a mentor lives them: step by step, in one line, interrupted."""

from __future__ import annotations

from datetime import datetime

from store.encounters import Encounter, EncounterMentee
from store.people import Facility, Person
from store.plans import PlanItem
from store.visits import Visit, VisitPerson
from tests.test_visits import ALICE, KIGALI, RUKARA, staff
from tests.town import Town


def test_a_visit_from_plan_to_debrief(town: Town) -> None:
    alice = town.mentor(ALICE)
    claudine = staff(town, 1, "Claudine Mukamana")
    jean = staff(town, 2, "Jean Bosco Habimana", language="fr")
    aline = staff(town, 3, "Aline Uwase")
    town.pair("+250788000601", ALICE)

    # Step by step, with a slip and a question in between; nobody hears of it before "Send".
    alice.says("VISIT")
    alice.hears("1/3 Which facility", "1 Rukara Health Centre")
    alice.says("Nowhere HC")
    alice.hears("I do not know that facility", "1 Rukara")
    alice.says("1")
    alice.hears("2/3 Which day, and at what time")
    alice.says("next Tuesday")
    alice.hears("At what time")
    alice.says("9h30")
    alice.hears("3/3 What will it be about")
    alice.says("VISITS")
    alice.hears("You have no visits planned")
    alice.says("pph, newborn resuscitation")
    alice.hears(
        "Visit to Rukara Health Centre on Tuesday 10 March at 9:30",
        "Topics: pph, newborn resuscitation",
        "mentees 3, leaders 0",
    )
    alice.says("Wednesday")
    alice.hears("on Wednesday 4 March at 9:30")
    alice.presses("Choose who")
    alice.hears("Who shall be told", "1 Aline Uwase\n2 Claudine Mukamana\n3 Jean")
    alice.says("2 3")
    alice.hears("mentees 2, leaders 0")
    claudine.hears_nothing()
    alice.presses("Send")
    alice.hears("Visit 1 to Rukara Health Centre is planned.*Told now: 2")
    claudine.hears("Alice Ingabire plans to visit.*4 March at 9:30.*newborn resuscitation")
    jean.hears("visiter Rukara.*mercredi 4 mars")
    aline.hears_nothing()
    claudine.says("1")
    claudine.hears("See you")
    jean.says("2")
    jean.hears("Merci")
    alice.hears("Jean Bosco Habimana cannot")
    alice.hears("everybody has answered")
    town.until(datetime(2026, 3, 3, 16, 1, tzinfo=KIGALI))
    alice.hears("1 will be there, 1 cannot")
    claudine.hears("reminder")

    # The debrief: asked in the afternoon, interrupted, gone on with, ends in the records.
    alice.says("DEBRIEF")
    alice.hears("No visit of yours waits")
    town.until(datetime(2026, 3, 4, 16, 1, tzinfo=KIGALI))
    alice.hears("How was your visit to Rukara")
    alice.presses("Tell")
    alice.hears("did it take place")
    alice.says("yes")
    alice.hears("Whom did you see", "1 Claudine Mukamana\n2 Jean")
    alice.says("LATER")
    alice.hears("Text DEBRIEF to go on")
    town.later(hours=2)
    alice.says("DEBRIEF")
    alice.hears("1 Go on")
    alice.says("1")
    alice.hears("Whom did you see")
    alice.says("ALL")
    alice.hears("as planned")
    alice.says("1")
    alice.hears("All together")
    alice.says("1")
    alice.hears("How long")
    alice.says("2")
    alice.hears("could not read")
    alice.hears("How long")
    alice.says("2 h")
    alice.hears("sign")
    alice.says("1")
    alice.hears("work on", "1 Claudine Mukamana\n2 Jean")
    alice.says("1 fill in the partograph\n2 breech, her name is Marie Uwimana")
    alice.hears("Noted for Jean", "Another one, or NO")
    alice.says("no")
    alice.hears("stood in the way")
    alice.says("The autoclave is broken")
    alice.hears("out of stock")
    alice.says("oxytocin")
    alice.hears(
        "Logged: 2 seen, 120 minutes. New in coaching plans: 2",
        "To sign the skill, text SKILL",
        "Reported to the district as out of stock: oxytocin .#",
    )

    visit = town.one(Visit)
    assert (visit.state, visit.debrief["problems"]) == ("held", "The autoclave is broken")
    met = town.one(Encounter)
    assert (met.kind, met.form, met.source, met.minutes) == ("in_person", "group", "visit", 120)
    assert met.topic == "pph, newborn resuscitation"
    assert town.count(EncounterMentee) == 2
    assert {row.seen for row in town.all(VisitPerson)} == {True}
    gaps = [item.gap for item in town.all(PlanItem)]
    assert gaps == ["fill in the partograph", "breech, her name is [name]"]
    town.later(hours=30)
    alice.says("DEBRIEF")
    assert "No visit of yours waits" in alice.received()[-1].body


def test_in_one_line_and_one_that_did_not_take_place(town: Town) -> None:
    alice = town.mentor(ALICE, language="fr")
    claudine = staff(town, 1, "Claudine Mukamana")
    staff(town, 2, "Jean Bosco Habimana")
    with town.works.sessions.begin() as session:
        session.add(Facility(name="Rukara Health Post", district="Kayonza"))
        person = session.get_one(Person, town.person("+250788000602").id)
        assert person.facility is not None
        assert person.facility.name == RUKARA
    alice.says("VISITE Rukara demain 14h30, hpp avec Claudine")
    alice.hears("1/1 Quelle structure", "1 Rukara Health Centre\n2 Rukara Health Post")
    alice.says("CS Rukara")
    alice.hears("mercredi 4 mars à 14 h 30", "Sujets : hpp", "mentorés 1, responsables 0")
    alice.says("1")
    alice.hears("est prévue.*Avertis : 1")
    claudine.hears("4 March at 14:30")
    claudine.says("yes")
    claudine.hears("See you")
    # Danger comes before it all, and a walk goes on after it.
    town.until(datetime(2026, 3, 4, 18, 0, tzinfo=KIGALI))
    alice.says("DEBRIEF")
    alice.says("non")
    alice.says("la route est coupée")
    assert "c'est noté" in alice.received()[-1].body
    visit = town.one(Visit)
    assert (visit.state, visit.reason) == ("missed", "la route est coupée")
    assert not town.count(Encounter)
    # One that nobody planned; nobody is told of it either.
    heard = len(claudine.received())
    alice.says("DEBRIEF HC Rukara hier, imci")
    assert "a-t-elle eu lieu" in alice.received()[-1].body
    for said in ("oui", "Claudine", "1", "45 min", "2", "NON", "NON", "NON"):
        alice.says(said)
    assert "Noté : 1 vus, 45 minutes" in alice.received()[-1].body
    met = town.one(Encounter)
    assert (met.form, met.topic, met.minutes) == ("individual", "imci", 45)
    assert met.began_at == datetime(2026, 3, 3, 9, 0, tzinfo=KIGALI)
    assert len(claudine.received()) == heard
    alice.says("DEBRIEF HC Rukara hier")
    assert "déjà" in alice.received()[-1].body
    alice.says("DEBRIEF Nowhere hier")
    assert "Quelle structure" in alice.received()[-1].body
    alice.says("VISITE Rukara HC hier")
    alice.says("VISITE Rukara HC 1 mars 2026 9:00")
    assert "passé" in alice.received()[-1].body
