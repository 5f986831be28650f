"""What follows a visit: stock-outs, problems, signatures, and the mentor's word in a plan."""

from __future__ import annotations

from datetime import datetime, timedelta

from bot.mentoring import visits
from store.learning import Assessment
from store.people import Facility, Person
from store.plans import PlanItem
from store.stock import StockReport, StockReporter
from tests.test_visits import ALICE, KIGALI, planned, staff
from tests.town import MORNING, Phone, Town

BEATA = "+250788000402"


def debriefed(alice: Phone, stock: str, problems: str = "no") -> str:
    """A visit is told of to its end; what the mentor hears then."""
    alice.says("DEBRIEF")
    for said in ("1", "ALL", "pph", "90 min", "1", "no"):
        alice.says(said)
    alice.says(problems)
    alice.says(stock)
    alice.read = len(alice.received())
    return str(alice.received()[-1].body)


def test_what_is_missing_reaches_the_district(town: Town) -> None:
    """Items are reported as by STOCK, problems go to the coordinator, without identifiers."""
    alice = town.mentor(ALICE)
    claudine = staff(town, 1, "Claudine Mukamana")
    jean = town.focal("+250788000699")
    grace = town.coordinator()
    for phone in (jean, grace):
        phone.says("MENU")
        phone.read = len(phone.received())
    planned(town, at=MORNING + timedelta(hours=1))
    claudine.hears("plans to visit")
    town.later(hours=2)
    said = debriefed(
        alice, "Oxytocine, glovs and unicorns", "The autoclave is broken, ask 0788123456"
    )
    assert "out of stock: oxytocin (#" in said
    assert "gloves (#" in said
    assert "Not on the list, so not reported: unicorns" in said
    assert "coordinator is told what stands in the way" in said
    reports = town.all(StockReport)
    assert {(one.item, one.urgency, one.state) for one in reports} == {
        ("oxytocin", "none", "open"),
        ("gloves", "none", "open"),
    }
    mentor = town.person(ALICE).id
    assert {one.person_id for one in town.all(StockReporter)} == {mentor}
    for item in ("oxytocin", "gloves"):
        assert any(f"{item} at Rukara" in message.body for message in jean.received())
    heard = grace.hears("Alice Ingabire visited Rukara.*autoclave is broken")
    assert "0788123456" not in heard
    # The same again joins what is open; nothing wrong is nobody's news.
    planned(town, at=town.time.now() + timedelta(hours=1))
    town.later(hours=2)
    assert "oxytocin (#" in debriefed(alice, "oxytocin")
    assert town.count(StockReport) == 2
    planned(town, at=town.time.now() + timedelta(hours=1))
    town.later(hours=2)
    assert "out of stock" not in debriefed(alice, "no")
    grace.hears_nothing()


def test_who_visits_may_sign_what_was_seen_there(town: Town) -> None:
    """Beata is nobody's mentor: a visit opens the way, for who was seen, and for a week."""
    beata = town.mentor(BEATA, name="Beata Uwase")
    staff(town, 1, "Claudine Mukamana", cadre="nurse")
    staff(town, 2, "Jean Habimana", cadre="nurse")
    beata.says("SKILL Claudine pph")
    beata.hears("You have no mentees")
    with town.works.sessions.begin() as session:
        place = session.query(Facility).one()
        mentor = session.get_one(Person, town.person(BEATA).id)
        visits.plan(
            session,
            mentor,
            place,
            MORNING + timedelta(hours=1),
            now=town.time.now(),
            source="command",
        )
    town.rest()
    beata.says("SKILL Claudine pph")
    beata.hears("You have no mentees")  # not before it has begun
    town.later(hours=2)
    beata.says("SKILL Claudine pph")
    beata.hears("Was the patient asked")
    beata.says("1")
    beata.hears("1/")
    beata.says("ALL OK")
    beata.hears("Claudine Mukamana", "Result: passed")
    beata.presses("Sign")
    beata.hears("Signed")
    assert town.one(Assessment).assessor_id == town.person(BEATA).id
    # Told of: Jean was not seen, so nothing can be signed for him.
    beata.says("DEBRIEF")
    for said in ("1", "1", "pph", "90 min", "2", "no", "no", "no"):
        beata.says(said)
    beata.read = len(beata.received())
    beata.says("SKILL Jean pph")
    beata.hears("Whom did you observe", "1 Claudine")
    beata.says("LATER")
    town.later(days=8)
    beata.read = len(beata.received())
    beata.says("SKILL Claudine pph")
    beata.hears("You have no mentees")


def test_a_mentor_reads_and_adds_to_a_mentees_plan(town: Town) -> None:
    alice = town.mentor(ALICE)
    claudine = staff(town, 1, "Claudine Mukamana", language="fr")
    staff(town, 2, "Claudine Uwera")
    staff(town, 3, "Jean Habimana")
    for number in (1, 2, 3):
        town.pair(f"+25078800060{number}", ALICE)
    alice.says("PLAN Jean")
    alice.hears("Nothing is open in the coaching plan of Jean Habimana")
    alice.says("PLAN Claudine: count the breaths")
    alice.hears("Which one.*PLAN and the whole name: Claudine Mukamana, Claudine Uwera")
    assert town.count(PlanItem) == 0
    alice.says("plan claudine mukamana: Count the breaths for a whole minute, her 0788123456")
    alice.hears("In the coaching plan of Claudine Mukamana, by Tue 31 Mar: Count the breaths")
    claudine.hears("Alice Ingabire a mis dans votre plan.*Count the breaths.*PLAN montre tout")
    item = town.one(PlanItem)
    assert (item.source, item.owner_id) == ("mentor", town.person("+250788000601").id)
    assert "0788123456" not in item.gap
    alice.says("PLAN Claudine Mukamana")
    alice.hears(
        "coaching plan of Claudine Mukamana:\n- Count the breaths",
        "To add something: PLAN Claudine Mukamana:",
    )
    claudine.says("PLAN FAIT 1")
    claudine.hears("Bravo")
    # A stranger's name, and a mentee's own words, are what they were before.
    alice.says("PLAN")
    alice.hears("Nothing is open in your coaching plan")
    claudine.says("PLAN Jean: rien")
    assert town.count(PlanItem) == 1


def test_by_night_the_mentor_hears_when_they_are_told(town: Town) -> None:
    alice = town.mentor(ALICE)
    claudine = staff(town, 1, "Claudine Mukamana")
    town.pair("+250788000601", ALICE)
    town.until(datetime(2026, 3, 3, 21, 0, tzinfo=KIGALI))
    alice.says("VISIT Rukara HC Friday 9:00 pph")
    alice.says("1")
    alice.read = len(alice.received()) - 1
    alice.hears("planned.*Told now: 0.*Told in the morning, for it is night now: 1")
    claudine.hears_nothing()
    town.until(datetime(2026, 3, 4, 7, 1, tzinfo=KIGALI))
    claudine.hears("plans to visit Rukara")


def test_menu_names_what_mentors_may_text(town: Town) -> None:
    alice = town.mentor(ALICE)
    nurse = town.mentee()
    nurse.says("MENU")
    nurse.hears("STOCK and what is missing")
    nurse.hears_nothing()
    alice.says("MENU")
    alice.hears("STOCK")
    alice.hears("As a mentor.*VISIT.*SKILL.*PLAN and a name")
