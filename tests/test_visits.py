"""Visits on real phones: told, answered, moved, called off, reminded of."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from bot.mentoring import visits
from store.messages import OutboxMessage
from store.people import Facility, Person
from store.visits import Visit, VisitPerson
from tests.town import MORNING, Phone, Town

ALICE = "+250788000401"
RUKARA = "Rukara Health Centre"
KIGALI = ZoneInfo("Africa/Kigali")
# A week after the town begins, at nine in Kigali.
THEN = datetime(2026, 3, 10, 9, 0, tzinfo=KIGALI).astimezone(UTC)


def staff(town: Town, number: int, name: str, channel: str = "sms", **values: Any) -> Phone:
    """Somebody who works at Rukara."""
    phone = f"+2507880006{number:02d}"
    town.mentee(phone, channel, name=name, facility=None, **values)
    with town.works.sessions.begin() as session:
        place = session.query(Facility).filter_by(name=RUKARA).one_or_none()
        person = session.get_one(Person, town.person(phone).id)
        person.facility = place or Facility(name=RUKARA, district="Kayonza")
    return town.phone(phone, channel)


def planned(town: Town, at: datetime = THEN, **values: Any) -> int:
    """Alice's visit to Rukara, as a coordinator plans it."""
    with town.works.sessions.begin() as session:
        place = session.query(Facility).filter_by(name=RUKARA).one()
        alice = session.get_one(Person, town.person(ALICE).id)
        now = town.time.now()
        visit = visits.plan(session, alice, place, at, now=now, source="command", **values)
        number = visit.id
    town.rest()
    return number


def test_a_visit_is_told_answered_moved_and_called_off(town: Town) -> None:
    alice = town.mentor(ALICE)
    claudine = staff(town, 1, "Claudine Mukamana")
    jean = staff(town, 2, "Jean Bosco Habimana", "whatsapp", language="fr")
    paul = staff(town, 3, "Paul Kagabo", roles=["leader"], cadre=None)
    stopped = staff(town, 4, "Innocent Nshuti", stopped_at=MORNING)
    unasked = staff(town, 5, "Aline Uwase", consent="unknown")
    number = planned(town, topics=["pph", "newborn"])

    # In their language; by SMS with numbers, outside WhatsApp's window as a template with buttons.
    claudine.hears(
        "Alice Ingabire plans to visit Rukara Health Centre on Tuesday 10 March at 9:00",
        "Topics: pph, newborn",
        "1 I will be there 2 I cannot",
    )
    jean.hears("visite de votre mentor.*Rukara.*mardi 10 mars à 9 h 00")
    paul.hears("mentoring visit to Rukara", "1 It suits 2 It does not")
    for phone in (stopped, unasked):
        phone.hears_nothing()

    claudine.says("1")
    claudine.hears("Thank you. See you at Rukara")
    claudine.says("ok")
    claudine.hears_nothing()
    alice.hears_nothing()  # a yes wakes nobody
    jean.presses("Je ne peux pas")
    jean.hears("Merci de l'avoir dit", "VISITE OUI")
    alice.hears("Jean Bosco Habimana cannot be there", "Tuesday 10 March", f"visit {number}")
    jean.says("visite oui")
    jean.hears("Rendez-vous à Rukara")
    alice.hears("can be there after all")
    paul.says("no")
    paul.hears("Alice Ingabire is told")
    alice.hears("Paul Kagabo, who leads Rukara.*does not suit", f"VISIT CHANGE {number}")
    alice.hears("everybody has answered. 2 will be there, 1 cannot")

    # Nothing is moved before the mentor has said yes to it; then all are asked again.
    alice.says("VISITS")
    alice.hears(f"{number} Rukara.*2 will be there, 1 cannot, 2 have not said")
    alice.says(f"visit change {number} 12 March 10:30")
    alice.hears("Move visit .* to Thursday 12 March at 10:30.*To be asked again: 3")
    claudine.hears_nothing()
    alice.presses("Yes")
    alice.hears("is now on Thursday 12 March at 10:30", "Not reached by text.*Aline Uwase, Inno")
    claudine.hears("has changed: it is on Thursday 12 March at 10:30.*1 I will be there")
    jean.hears("a changé : jeudi 12 mars à 10 h 30")
    paul.hears("has changed")
    paul.says("VISIT YES")
    paul.hears("Thank you. Alice Ingabire comes to Rukara")
    # An old button is not in the way of the new day: it says yes to the visit as it is now.
    jean.presses("Je serai là", under="mardi 10")
    jean.hears("Rendez-vous.*jeudi 12 mars")

    # The day before: who said yes is reminded, who did not say is asked, the mentor sees it all.
    town.until(datetime(2026, 3, 11, 16, 1, tzinfo=KIGALI))
    claudine.hears("A reminder: Alice Ingabire visits.*Will you be there.*1 I will be there")
    jean.hears("Rappel.*jeudi 12 mars.*A bient|Rappel.*jeudi 12 mars.*À bient")
    paul.hears("reminder.*See you there")
    alice.hears("Your visit to Rukara.*2 will be there, 0 cannot, 3 have not said")
    claudine.says("visit no")
    claudine.hears("Thank you for saying so")
    alice.hears("Claudine Mukamana cannot")
    alice.hears("everybody has answered")

    # Called off: whoever declined, or never heard of it, hears nothing.
    alice.says(f"VISIT CANCEL {number}")
    alice.hears("Call off visit")
    alice.says("2")
    alice.hears("stays as it was")
    alice.says(f"VISIT CANCEL {number}")
    alice.hears("Call off visit")
    alice.says("1")
    alice.hears("is called off. Told: 2")
    jean.hears("La visite n'a pas lieu")
    paul.hears("called off")
    claudine.hears_nothing()
    jean.says("VISIT YES")
    jean.hears("passée ou annulée|passee ou annulee")
    town.live(days=3)
    alice.hears_nothing()
    assert town.one(Visit).state == "cancelled"
    for phone in (alice, claudine, jean, paul):
        assert "+2507" not in "".join(message.body for message in phone.received())


def test_what_was_planned_by_night_and_taken_back_is_never_heard_of(town: Town) -> None:
    town.mentor(ALICE)
    claudine = staff(town, 1, "Claudine Mukamana")
    town.until(datetime(2026, 3, 3, 21, 0, tzinfo=KIGALI))
    number = planned(town)
    claudine.hears_nothing()
    with town.works.sessions.begin() as session:
        visit = visits.locked(session, number)
        assert visits.cancel(session, visit, now=town.time.now()) == 0
    town.until(datetime(2026, 3, 4, 8, 0, tzinfo=KIGALI))
    claudine.hears_nothing()
    dropped = town.one(OutboxMessage, OutboxMessage.dedupe_key.like("visit:%"))
    assert (dropped.state, dropped.reason) == ("dropped", "the visit was cancelled")


def test_two_visits_are_not_taken_for_each_other(town: Town) -> None:
    alice = town.mentor(ALICE)
    claudine = staff(town, 1, "Claudine Mukamana")
    first = planned(town)
    assert planned(town) == first  # the same plan twice is one
    second = planned(town, THEN + timedelta(days=7), days=2)
    claudine.hears("10 March")
    claudine.hears("17 March at 9:00, for 2 days")
    claudine.says("VISIT YES")
    claudine.hears("more than one visit", f"{first} Alice.*{second} Alice")
    claudine.says(f"VISIT NO {first}")
    claudine.hears("Thank you for saying so")
    alice.hears("10 March")
    claudine.says("VISIT YES")
    claudine.hears("more than one", "You said no")
    claudine.says(f"VISIT YES {second}")
    claudine.hears("See you.*17 March")
    claudine.says("VISITS")
    claudine.hears("Visits planned", "You said")
    # A question that begins with the word is one.
    claudine.says("visit schedule newborn")
    assert town.inbound()[-1].state == "dialogue"
    claudine.says("visit of a newborn, when is the second?")
    assert town.inbound()[-1].handled_as == "dialogue"
    assert town.count(VisitPerson, VisitPerson.coming.is_(True)) == 1
