"""People who change facility or number, and numbers that change hands: nothing is lost or shown."""

from __future__ import annotations

import random
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot import conversation, sending
from bot.conversation import Route, Situation
from bot.mentoring import numbers, stays
from bot.mentoring.numbers import NumberError
from bot.mentoring.recognising import Reads, reads
from bot.mentoring.stays import StayError
from store.learning import FacilityStay
from store.moves import FormerNumber
from store.people import Address, Facility, Person
from store.quizzes import Enrolment
from tests.town import Town

NURSE, OTHER, MENTOR = "+250788000301", "+250788000302", "+250788000401"
SECRETS = ("Alice", "placenta", "Kabarondo", "oxytocin", "#")


# Another number


def test_another_number_keeps_everything(town: Town) -> None:
    """Her case, her campaign and her STOP come along; the old number is nobody's."""
    alice = town.mentor()
    nurse = town.mentee(NURSE, facility="Kabarondo HC")
    town.pair(NURSE, MENTOR)
    town.stock_bank()
    town.campaign(topics=["pph"])
    nurse.says("MENTOR")
    nurse.says("Retained placenta after 40 minutes, what next?")
    alice.hears("Retained placenta")
    person = town.person(NURSE)
    with town.works.sessions.begin() as session:
        numbers.change(session, session.get_one(Person, person.id), NURSE, OTHER, town.time.now())
        with pytest.raises(NumberError, match="somebody's already"):
            numbers.change(
                session, session.get_one(Person, person.id), OTHER, MENTOR, town.time.now()
            )
    again = town.phone(OTHER)
    alice.says(f"#{town.case().code} Give oxytocin and pull gently")
    again.hears("pull gently")
    assert town.one(Enrolment, Enrolment.person_id == person.id).left_at is None
    assert town.one(FormerNumber).value == NURSE
    # Whoever has the old number now is somebody whom we do not know.
    stranger = town.phone(NURSE)
    read = len(stranger.received())
    stranger.says("PROGRESS")
    assert "Do you agree" in stranger.received()[read].body
    assert town.person(NURSE).id != person.id


def test_a_stop_of_the_old_number_holds(town: Town) -> None:
    nurse = town.mentee(NURSE)
    nurse.says("STOP")
    with town.works.sessions.begin() as session:
        person = session.get_one(Person, town.person(NURSE).id)
        numbers.change(session, person, NURSE, OTHER, town.time.now())
    assert town.person(OTHER).stopped_at is not None


# Another facility


def test_a_transfer_now_before_and_to_come(town: Town) -> None:
    """What was stays where it was made, and the day that is to come is carried out on its day."""
    town.mentee(NURSE, facility="Kabarondo HC")
    now = town.time.now()
    with town.works.sessions.begin() as session:
        person = session.get_one(Person, town.person(NURSE).id)
        gahini, rwinkwavu = Facility(name="Gahini"), Facility(name="Rwinkwavu")
        session.add_all([gahini, rwinkwavu])
        session.flush()
        assert stays.transfer(session, person, gahini, now - timedelta(days=30), now)
        with pytest.raises(StayError, match="already"):
            stays.transfer(session, person, gahini, now, now)
        with pytest.raises(StayError, match="after that day"):
            stays.transfer(session, person, rwinkwavu, now - timedelta(days=31), now)
        assert not stays.transfer(session, person, rwinkwavu, now + timedelta(days=9), now)
        # Said again: the day was another.
        assert not stays.transfer(session, person, rwinkwavu, now + timedelta(days=10), now)
        assert person.facility_id == gahini.id
    town.later(days=9)
    assert town.person(NURSE).facility.name == "Gahini"
    town.later(days=2)
    assert town.person(NURSE).facility.name == "Rwinkwavu"
    found = town.all(FacilityStay)
    assert [(one.since, one.until) for one in found] == [
        (None, now - timedelta(days=30)),
        (now - timedelta(days=30), now + timedelta(days=10)),
        (now + timedelta(days=10), None),
    ]


# A number in other hands


def test_after_a_long_silence_they_say_who_they_are(town: Town) -> None:
    """Questions and emergencies as ever; what was, only after name and facility."""
    alice = town.mentor()
    nurse = town.mentee(NURSE, facility="Kabarondo HC")
    town.pair(NURSE, MENTOR)
    nurse.says("MENTOR")
    nurse.says("Retained placenta after 40 minutes, what next?")
    alice.says(f"#{town.case().code} Give oxytocin")
    nurse.read = len(nurse.received())
    town.later(days=200)
    nurse.read = len(nurse.received())
    nurse.says("PROGRESS")
    nurse.hears("name and facility")
    nurse.says("she is fitting now")
    nurse.hears("refer|call|help")
    nurse.read = len(nurse.received())
    nurse.says("PROGRESS")
    nurse.hears("name and facility")
    nurse.says("Jean, Kigali")
    nurse.hears("Once more")
    nurse.says("claudine from kabarando health centre")
    nurse.hears("welcome back")
    nurse.hears("answer|question")
    nurse.says("PROGRESS")
    nurse.hears("answer|question")


def test_somebody_new_at_the_number_gets_nothing_of_it(town: Town) -> None:
    """NEW: a person of their own, asked for consent; the coordinator hears it without a number."""
    grace = town.coordinator()
    grace.says("MENU")
    grace.read = len(grace.received())
    phone = town.mentee(NURSE, facility="Kabarondo HC")
    phone.says("MENU")
    before = town.person(NURSE).id
    town.later(days=200)
    grace.says("MENU")
    grace.read = len(grace.received())
    phone.read = len(phone.received())
    phone.says("PROGRESS")
    phone.hears("name and facility")
    phone.says("I am new")
    phone.hears("do you agree")
    said = grace.hears("Claudine Mukamana", "somebody else|Somebody else")
    assert "788000" not in said
    assert town.person(NURSE).id != before
    assert town.one(FormerNumber).reason == "given_up"
    phone.says("1")
    phone.says("PROGRESS")
    assert not any(secret in phone.received()[-1].body for secret in ("Claudine", "Kabarondo"))


def test_who_cannot_say_it_waits_for_the_coordinator(town: Town) -> None:
    nurse = town.mentee(NURSE, facility="Kabarondo HC")
    nurse.says("MENU")
    town.later(days=200)
    nurse.read = len(nurse.received())
    for said, heard in (
        ("PROGRESS", "name and facility"),
        ("Jean", "Once more"),
        ("Jean, Gitwe", "cannot tell"),
        ("PROGRESS", "cannot tell"),
    ):
        nurse.says(said)
        nurse.hears(heard)
    with town.works.sessions.begin() as session:
        numbers.vouch(session, session.get_one(Person, town.person(NURSE).id).addresses)
    nurse.says("PROGRESS")
    assert "cannot tell" not in nurse.hears("question|answer")


def test_another_whatsapp_account_is_another_phone_until_it_says(town: Town) -> None:
    """A new id behind a known number: a mentor's cases are not read out to whoever has it."""
    alice = town.mentor(facility="Rwinkwavu Hospital")
    town.mentee(NURSE)
    town.pair(NURSE, MENTOR)
    town.send(alice.address, {"body": "CASES", "extra": {"ExternalUserId": "RW.111"}})
    town.rest()
    address = town.all(Address, Address.value == MENTOR)
    assert [one.doubt for one in address] == [None]
    with town.works.sessions.begin() as session:
        from bot import people

        person, found = people.resolve(
            session, channel="whatsapp", value=MENTOR, also="RW.111", profile_name=None,
            now=town.time.now(), settings=town.settings,
        )  # fmt: skip
        assert found.doubt is None
        person, found = people.resolve(
            session, channel="whatsapp", value=MENTOR, also="RW.222", profile_name=None,
            now=town.time.now(), settings=town.settings,
        )  # fmt: skip
        assert found.doubt == "new_id"
        assert {one.value for one in person.addresses if one.doubted_at} == {MENTOR, "RW.222"}
    alice.read = len(alice.received())
    alice.says("CASES")
    alice.hears("name and facility")
    alice.says("Alice, Rwinkwavu")
    alice.hears("welcome back")
    alice.hears("no open cases")


SAID = (
    "PROGRESS", "PLAN", "GOAL", "QUIZ", "MORE", "CASES", "THREAD", "A", "B", "1", "2", "yes", "ok",
    "STOCK oxytocin", "JOIN", "MENU", "what is pph", "HELP", "new case", "Jean from Gitwe",
)  # fmt: skip


def test_whatever_a_stranger_texts_nothing_of_before_is_said(town: Town) -> None:
    """Fifty texts in random order from a number that was silent for long."""
    alice = town.mentor()
    nurse = town.mentee(NURSE, facility="Kabarondo HC")
    town.pair(NURSE, MENTOR)
    town.stock_bank()
    nurse.says("QUIZ")
    nurse.says("MENTOR")
    nurse.says("Retained placenta after 40 minutes, what next?")
    alice.says(f"#{town.case().code} Give oxytocin")
    town.later(days=200)
    read = len(nurse.received())
    chance = random.Random(7)
    for _ in range(50):
        nurse.says(chance.choice(SAID))
    heard = " ".join(message.body for message in nurse.received()[read:])
    assert "name and facility" in heard or "cannot tell" in heard
    assert not [secret for secret in SECRETS if secret in heard]


@given(
    st.builds(
        Situation,
        text=st.one_of(st.sampled_from(SAID), st.text(max_size=30)),
        quotes_something=st.booleans(),
        pending=st.sampled_from([None, *sorted(conversation.FREE_QUESTIONS)]),
        is_mentor=st.booleans(),
        is_coordinator=st.booleans(),
        presses_case=st.booleans(),
        doubted=st.just(True),
    )
)
def test_no_route_leads_to_the_past(situation: Situation) -> None:
    found = conversation.route(situation)
    allowed = {
        Route.STOP, Route.START, Route.HELP, Route.SILENT, Route.DANGER, Route.CONSENT,
        Route.PENDING, Route.MEDIA, Route.EMPTY, Route.UNCLEAR, Route.DIALOGUE, Route.WHO,
        Route.COMMAND,
    }  # fmt: skip
    assert found.route in allowed
    if found.route is Route.COMMAND:
        assert found.command is not None
        assert found.command.name in conversation.FREE_WORDS


@pytest.mark.parametrize(
    ("said", "reading"),
    [
        ("Claudine Mukamana, Kabarondo HC", Reads.FITS),
        ("my name is claudine and i work at kabarondo", Reads.FITS),
        ("MUKAMANNA kabarando", Reads.FITS),
        ("Je suis Claudine de Kabarondo centre de santé", Reads.FITS),
        ("Claudine", Reads.NO),
        ("Kabarondo health centre", Reads.NO),
        ("Jean Bosco, Kabarondo", Reads.NO),
        ("health centre", Reads.NO),
        ("what is the dose of oxytocin after birth?", Reads.OTHER),
    ],
)
def test_how_a_name_and_facility_are_read(said: str, reading: Reads) -> None:
    assert reads(said, "Claudine Mukamana", "Kabarondo HC") is reading


@given(st.text(max_size=60))
def test_where_nothing_is_known_nothing_fits(said: str) -> None:
    assert reads(said, "", "") is not Reads.FITS
    assert reads(said, "+250788000301", "HC") is not Reads.FITS or "250788000301" in said


def test_nothing_of_ours_is_begun_at_a_doubted_number() -> None:
    now = datetime(2026, 3, 2, 9, tzinfo=UTC)
    address = sending.Address(1, "sms", NURSE, None, False, False, doubted=True)

    def decided(kind: str) -> sending.Decision:
        return sending.decide(
            sending.Facts(kind, None, False, False, None, False, "Africa/Kigali", [address], 0), now
        )

    for kind in ("campaign", "campaign_reminder", "tip", "notice", "discussion"):
        assert decided(kind) == sending.Drop("it is not certain whose the number is")
    for kind in ("reply", "danger", "answer"):
        assert isinstance(decided(kind), sending.Send)
