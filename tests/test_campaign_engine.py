"""The campaign engine on a real database: each dose is sent once, or ends with its reason kept.

The provider is the test's own word, and time stands where the test puts it. Nobody's dose falls at
another time than 17:00 in Kigali, unless a test says so.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import datetime, timedelta
from functools import cache
from itertools import count
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from sqlalchemy import func, select, text, union_all
from sqlalchemy.orm import Session

from bot import inbound
from bot.quizzes import bank, campaigns, catalogue, closing, cohorts, giving, planning, spending
from bot.quizzes.plan import PlanError, read
from bot.settings import Settings
from channels.render import Payload
from channels.twilio import Accepted, Refused, Result, Twilio
from scheduler.bulk import Bulk, Replies
from scheduler.sender import Sender
from store import embedded
from store.base import make_engine, make_sessions
from store.messages import Inbound, OutboxMessage
from store.people import Address, Facility, Person
from store.quizzes import Answer, Campaign, Dose, Enrolment, LearnerItem
from tests.conftest import _COUNTER
from tests.databases import copied, dropped
from tests.town import MORNING, SMS_FROM, WHATSAPP_FROM

# Minutes in all: left out of the quick part.
pytestmark = pytest.mark.slow

KIGALI = ZoneInfo("Africa/Kigali")
NURSE, MIDWIFE = "+250788000301", "+250788000302"
# Without twins among them: a twin rests for a week after the other.
ITEMS = [f"preeclampsia-q{number}" for number in ("01", "03", "06", "08", "15")]
RIGHT = {"preeclampsia-q01": "D", "preeclampsia-q03": "A", "preeclampsia-q08": "D"}
FIVE = MORNING.replace(hour=15, minute=1)  # a minute past five in Kigali
HOUR, DAY = timedelta(hours=1), timedelta(days=1)


class Provider(Twilio):
    """Takes what it is given, or refuses with what the test has set for a number."""

    def __init__(self, settings: Settings) -> None:
        super().__init__(settings)
        self.taken: list[tuple[str, str]] = []
        self.refuses: dict[str, Refused] = {}
        self._number = count(1)

    def send(self, channel: str, to: str, payload: Payload, outbox_id: int) -> Result:
        if to in self.refuses:
            return self.refuses[to]
        self.taken.append((to, payload.body))
        return Accepted(f"SM{next(self._number):032}")


@cache
def small_bank() -> bank.Bank:
    whole = bank.read_file(bank.FOLDER / "preeclampsia.yml")
    return replace(whole, items=tuple(item for item in whole.items if item.id in ITEMS))


class House:
    """The engine without web and network."""

    def __init__(self, database_url: str) -> None:
        self.now = MORNING
        settings = Settings(
            _env_file=None,
            database_url=database_url,
            secret_key="not-a-secret",
            twilio_account_sid="AC" + "0" * 32,
            twilio_auth_token="not-a-token",
            twilio_sms_from=SMS_FROM,
            twilio_whatsapp_from=WHATSAPP_FROM,
        )
        self.settings = settings
        self.engine = make_engine(database_url)
        self.sessions = make_sessions(self.engine)
        self.provider = Provider(settings)
        self.sender = Sender(self.sessions, self.provider, lambda: self.now)
        self.bulk = Bulk(self.sessions, self.sender, Replies(), lambda: self.now)
        self._sids = count(1)
        with self.sessions.begin() as session:
            catalogue.save(session, small_bank())

    def clear(self) -> None:
        """Everybody and everything is gone but the bank. No campaign has a number of before."""
        self.now = MORNING
        self.provider.taken.clear()
        self.provider.refuses.clear()
        with self.sessions.begin() as session:
            session.execute(text("SET LOCAL lock_timeout = '5s'"))
            last = session.scalar(text("SELECT last_value FROM campaign_id_seq"))
            session.execute(
                text("TRUNCATE person, facility, campaign, inbound, flag RESTART IDENTITY CASCADE")
            )
            # Plans are remembered by campaign and version.
            session.execute(select(func.setval("campaign_id_seq", last)))

    def close(self) -> None:
        self.bulk.close()
        self.engine.dispose()

    # People and campaigns

    def mentee(self, number: str = NURSE, **values: Any) -> int:
        with self.sessions.begin() as session:
            return self.add(session, number, **values)

    def add(
        self, session: Session, number: str, timezone: str = "Africa/Kigali", **values: Any
    ) -> int:
        known = {"consent": "yes", "language": "en", "cadre": "nurse", "technical_areas": []}
        person = Person(**{**known, "timezone": timezone, **values})
        session.add(person)
        session.flush()
        session.add(Address(person_id=person.id, channel="sms", value=number))
        return person.id

    def campaign(self, name: str = "Quiz", **plan: Any) -> None:
        """Launch one now that asks at five every working day, and plan its first week."""
        with self.sessions.begin() as session:
            made = campaigns.create(session, name, read(self.plan(**plan)), self.now)
            campaigns.launch(session, made, self.now)
            planning.plan_ahead(session, self.now)

    def plan(self, **values: Any) -> dict[str, Any]:
        today = self.now.date()
        usual = {"items": ITEMS, "per_week": 5, "hour": "17:00-17:01", "summary": False}
        if values.get("kind") == "tips":
            usual.pop("items")
        return {"start": today, "end": today + 60 * DAY, **usual, **values}

    def manage(self, what: Callable[..., Any], *values: Any, name: str = "Quiz") -> Any:
        """Pause, resume, change or end a campaign, as the command line does."""
        with self.sessions.begin() as session:
            return what(session, campaigns.locked(session, name), *values, self.now)

    # Time

    def do(self, step: Callable[..., Any], *values: Any) -> Any:
        """One step of the clock in its transaction."""
        with self.sessions.begin() as session:
            return step(session, self.now, *values)

    def tick(self) -> None:
        """All that the clock does about campaigns."""
        for step in (campaigns.enrol_newcomers, planning.plan_ahead, closing.look):
            self.do(step)
        for step in (spending.recount, campaigns.close_finished):
            self.do(step)
        self.bulk.run(1000)
        self.do(closing.unsent)

    def at(self, moment: datetime) -> None:
        """The clock ticks at a moment."""
        self.now = moment
        self.tick()

    def live(self, until: datetime, step: timedelta = 20 * HOUR) -> None:
        """The clock ticks whenever something comes due, every ``step``, and last at ``until``."""
        while self.now < until:
            self.at(min(self._next_event(), self.now + step, until))

    def _next_event(self) -> datetime:
        queued = OutboxMessage.state == "queued"
        moments = (
            select(Dose.due_at).where(Dose.state == "planned"),
            select(Dose.look_at).where(Dose.state == "open"),
            select(OutboxMessage.next_attempt_at).where(queued),
        )
        with self.sessions() as session:
            moment = union_all(*moments).subquery().c[0]
            coming = session.scalar(select(func.min(moment)).where(moment > self.now))
        # The clock is never there to the second.
        return (coming or self.now + DAY) + timedelta(seconds=1)

    # Messages

    def says(self, words: str, number: str = NURSE, arrived: datetime | None = None) -> list[str]:
        """A text, handled now; returns what is said to it."""
        return self.receives(self.arrives(words, number, arrived))

    def arrives(self, words: str, number: str = NURSE, arrived: datetime | None = None) -> int:
        """A text that is stored and not handled yet."""
        with self.sessions.begin() as session:
            row = Inbound(
                sid=f"SMin{next(self._sids)}",
                channel="sms",
                sender=number,
                body=words,
                form=[["From", number], ["Body", words]],
                received_at=arrived or self.now,
            )
            session.add(row)
            session.flush()
            return row.id

    def receives(self, inbound_id: int) -> list[str]:
        with self.sessions.begin() as session:
            settled = inbound.receive(session, inbound_id, self.now, self.settings)
        self.sender.flush(settled.person_id)
        return [row.body for row in self.outbox(OutboxMessage.inbound_id == inbound_id)]

    def heard(self, number: str = NURSE) -> list[str]:
        """What the provider was ever given for a number."""
        return [body for to, body in self.provider.taken if to == number]

    # Rows

    def rows(self, table: type, *conditions: Any) -> list[Any]:
        with self.sessions() as session:
            key = table.__table__.primary_key.columns  # type: ignore[attr-defined]
            return list(session.scalars(select(table).where(*conditions).order_by(*key)))

    def outbox(self, *conditions: Any) -> list[OutboxMessage]:
        return self.rows(OutboxMessage, *conditions)

    def one(self, table: type, *conditions: Any) -> Any:
        [row] = self.rows(table, *conditions)
        return row

    def dose(self) -> Dose:
        """The first dose of all."""
        first: Dose = self.rows(Dose)[0]
        return first

    def count(self, table: type, *conditions: Any) -> int:
        with self.sessions() as session:
            return session.scalar(select(func.count()).select_from(table).where(*conditions)) or 0

    def change(self, table: type, key: Any, **values: Any) -> None:
        with self.sessions.begin() as session:
            row = session.get_one(table, key)
            for name, value in values.items():
                setattr(row, name, value)


@pytest.fixture(scope="session")
def one_house(postgres: embedded.EmbeddedServer) -> Iterator[House]:
    name = f"one_house{next(_COUNTER)}"  # each module that uses it has one
    built = House(copied(postgres, name))
    yield built
    built.close()
    dropped(postgres, name)


@pytest.fixture
def house(one_house: House) -> House:
    """An empty house. One database serves all tests: making one takes longer than a test."""
    one_house.clear()
    return one_house


def ends(house: House) -> list[tuple[str, str | None]]:
    """What became of the doses whose time has come."""
    come = house.rows(Dose, Dose.planned_at <= house.now)
    return [(dose.state, dose.reason) for dose in come]


# Every day


def test_a_week_of_questions(house: House) -> None:
    house.mentee()
    house.campaign()
    for day in range(7):
        house.at(FIVE + day * DAY)
        house.tick()
        if house.now.weekday() < 5:
            assert len(house.says("A")) == 1
    doses = house.rows(Dose, Dose.planned_at <= house.now)
    assert [dose.state for dose in doses] == ["answered"] * 5
    assert len({dose.item_id for dose in doses}) == len({dose.slot for dose in doses}) == 5
    assert len(house.heard()) == 10


def test_two_campaigns_never_have_two_questions_open(house: House) -> None:
    house.mentee()
    for name in ("Quiz", "Second", "Third"):
        house.campaign(name)
    house.at(FIVE)
    assert sorted(state for state, _ in ends(house)) == ["open", "planned", "planned"]
    house.says("A")
    house.live(FIVE + 1.4 * HOUR)
    house.says("A")
    house.live(FIVE + 2.8 * HOUR)
    # Two a day from all campaigns together.
    assert sorted(ends(house), key=str) == [
        ("answered", None),
        ("answered", None),
        ("lapsed", "enough for today"),
    ]


# What cannot be carried out

NOWHERE = "Nowhere/At_All"


def test_a_dose_that_cannot_be_given_holds_up_nobody_else(house: House) -> None:
    house.mentee()
    spoilt = house.mentee(MIDWIFE)
    house.campaign()
    house.change(Person, spoilt, timezone=NOWHERE)
    house.at(FIVE)
    assert (len(house.heard()), house.heard(MIDWIFE)) == (1, [])
    first = house.rows(Dose, Dose.person_id == spoilt)[0]
    assert (first.state, first.reason) == ("planned", "cannot be given: ValueError")
    assert first.due_at == FIVE + HOUR
    # It is mended before the next look.
    house.change(Person, spoilt, timezone="Africa/Kigali")
    house.at(FIVE + 1.1 * HOUR)
    assert (len(house.heard()), len(house.heard(MIDWIFE))) == (1, 1)


def test_a_dose_that_cannot_be_given_lapses_when_it_is_late(house: House) -> None:
    spoilt = house.mentee()
    house.campaign()
    house.change(Person, spoilt, timezone=NOWHERE)
    house.live(FIVE + 22 * HOUR)
    assert house.heard() == []
    assert ends(house) == [("lapsed", "too late: cannot be given: ValueError")]


def test_a_mentee_who_cannot_be_planned_holds_up_nobody_else(house: House) -> None:
    planned = house.mentee()
    spoilt = house.mentee(MIDWIFE, timezone=NOWHERE)
    house.campaign()
    assert house.count(Dose, Dose.person_id == planned) == 6
    assert house.count(Dose, Dose.person_id == spoilt) == 0
    assert house.do(planning.plan_ahead) == 0
    house.change(Person, spoilt, timezone="Africa/Kigali")
    house.at(FIVE)
    assert len(house.heard()) == 1
    assert house.count(Dose, Dose.person_id == spoilt) >= 4


# STOP, consent, leaving


def test_stop_before_the_question_is_given(house: House) -> None:
    house.mentee()
    house.campaign()
    [confirmed] = house.says("STOP")
    house.live(FIVE + DAY)
    assert house.heard() == [confirmed]
    assert ends(house) == [("lapsed", "the mentee texted STOP")] * 2


def test_stop_between_giving_and_sending(house: House) -> None:
    house.mentee()
    house.campaign()
    house.now = FIVE
    house.do(giving.give_due)
    [confirmed] = house.says("STOP")
    house.live(FIVE + HOUR)
    assert house.heard() == [confirmed]
    assert ends(house) == [("unsent", "stopped: the person texted STOP")]
    assert house.one(LearnerItem).missed == 0


def test_stop_after_the_question_was_sent(house: House) -> None:
    house.mentee()
    house.campaign()
    house.at(FIVE)
    house.says("STOP")
    house.live(FIVE + 4 * DAY)
    assert len(house.heard()) == 2
    assert [state for state, _ in ends(house)] == ["expired", "lapsed", "lapsed", "lapsed"]


def test_after_start_the_doses_to_come_are_given(house: House) -> None:
    house.mentee()
    house.campaign()
    house.says("STOP")
    house.at(FIVE)
    house.now += HOUR
    house.says("START")
    house.live(FIVE + DAY)
    assert ends(house) == [("lapsed", "the mentee texted STOP"), ("open", None)]


def test_without_consent_nothing_is_sent(house: House) -> None:
    person = house.mentee()
    house.campaign()
    house.change(Person, person, consent="no")
    house.at(FIVE)
    assert house.heard() == []
    assert ends(house) == [("lapsed", "no consent")]


def test_who_has_left_by_their_own_wish_does_not_come_back(house: House) -> None:
    house.mentee()
    house.campaign()
    house.change(Enrolment, 1, left_at=house.now, reason="asked to leave")
    house.manage(lambda *a: campaigns.change(a[0], a[1], read(house.plan(per_week=4)), a[2]))
    house.live(FIVE + DAY)
    house.do(campaigns.enrol_newcomers)
    assert house.heard() == []
    assert house.one(Enrolment).reason == "asked to leave"


def test_who_has_left_gets_nothing_that_was_planned_before(house: House) -> None:
    house.mentee()
    house.campaign()
    house.change(Enrolment, 1, left_at=house.now, reason="asked to leave")
    house.at(FIVE)
    assert ends(house) == [("lapsed", "asked to leave")]


# Pausing


def test_what_falls_into_a_pause_lapses(house: House) -> None:
    house.mentee()
    house.campaign()
    house.manage(campaigns.pause)
    house.at(FIVE + HOUR)
    assert house.heard() == []
    house.manage(campaigns.resume)
    house.at(house.now)
    assert ends(house) == [("lapsed", "the campaign was paused")]
    house.at(FIVE + DAY)
    assert len(house.heard()) == 1


def test_a_pause_between_giving_and_sending(house: House) -> None:
    house.mentee()
    house.campaign()
    house.now = FIVE
    house.do(giving.give_due)
    house.manage(campaigns.pause)
    house.at(FIVE + HOUR)
    assert house.heard() == []
    assert ends(house) == [("unsent", "the campaign was paused")]


def test_a_question_that_was_sent_is_answered_in_the_pause_and_not_reminded_of(
    house: House,
) -> None:
    house.mentee()
    house.campaign()
    house.at(FIVE)
    house.manage(campaigns.pause)
    house.live(FIVE + 2 * DAY + HOUR)
    assert len(house.heard()) == 1
    assert "160/110" in house.says("D")[0]
    assert house.one(Answer).right


def test_a_pause_holds_back_a_reminder_that_has_not_left(house: House) -> None:
    house.mentee()
    house.campaign()
    house.at(FIVE)
    house.now = FIVE + 2 * DAY
    house.do(closing.look)
    assert house.count(OutboxMessage, OutboxMessage.kind == giving.REMINDER) == 1
    house.manage(campaigns.pause)
    house.at(house.now)
    assert len(house.heard()) == 1


def test_a_tip_that_never_left_is_not_counted_as_given(house: House) -> None:
    house.mentee()
    house.campaign(kind="tips", tips=[{"en": "One."}, {"en": "Two."}])
    house.now = FIVE
    house.do(giving.give_due)
    house.manage(campaigns.pause)
    house.manage(campaigns.resume)
    house.at(FIVE + DAY)
    assert ends(house) == [("unsent", "the campaign was paused"), ("given", None)]
    assert house.heard() == ["One."]


def test_after_a_long_pause_it_goes_on(house: House) -> None:
    house.mentee()
    house.campaign()
    house.at(FIVE)
    house.says("D")
    house.manage(campaigns.pause)
    house.live(FIVE + 14 * DAY + HOUR)
    house.manage(campaigns.resume)
    house.at(house.now)
    assert house.count(Dose, Dose.state == "open") == 0  # five o'clock was in the pause
    house.live(FIVE + 15 * DAY)
    assert house.count(Dose, Dose.state == "open") == 1


# Changing


def changed(house: House, **values: Any) -> int:
    plan = read(house.plan(**values))
    voided: int = house.manage(lambda *given: campaigns.change(given[0], given[1], plan, given[2]))
    return voided


def test_a_changed_plan_voids_what_was_planned(house: House) -> None:
    house.mentee()
    house.campaign()
    planned = house.count(Dose)
    assert changed(house, hour="12:00-12:01") == planned
    house.tick()
    assert {(d.state, d.reason) for d in house.rows(Dose, Dose.campaign_version == 1)} == {
        ("void", "the plan changed")
    }
    fresh = house.rows(Dose, Dose.campaign_version == 2)
    assert {dose.planned_at.astimezone(KIGALI).hour for dose in fresh} == {12}
    house.live(FIVE)
    assert len(house.heard()) == 1


def test_a_day_has_one_dose_however_often_the_plan_changes(house: House) -> None:
    house.mentee()
    house.campaign(hour="12:00-12:01")
    house.at(MORNING.replace(hour=10, minute=1))
    house.says("D")
    for hour in ("13:00-13:01", "17:00-17:01", "18:00-18:01"):
        changed(house, hour=hour)
        house.tick()
    house.live(FIVE + 3 * HOUR)
    assert len(house.heard()) == 2
    assert house.count(Dose, Dose.slot == "2026-03-03", Dose.state != "void") == 1


def test_a_question_that_was_sent_is_answered_though_the_plan_changed(house: House) -> None:
    house.mentee()
    house.campaign()
    house.at(FIVE)
    changed(house, items=["preeclampsia-q03"])
    assert "160/110" in house.says("D")[0]
    assert house.dose().state == "answered"


def test_a_change_between_giving_and_sending(house: House) -> None:
    """A coordinator takes a wrong question out of the campaign: it must not go out any more."""
    house.mentee()
    house.campaign(items=["preeclampsia-q01"])
    house.now = FIVE
    house.do(giving.give_due)
    changed(house, items=["preeclampsia-q03"])
    house.at(FIVE + timedelta(minutes=1))
    assert house.heard() == []
    assert house.dose().state == "unsent"


def test_who_does_not_fit_any_more_leaves_and_may_come_back(house: House) -> None:
    house.mentee(cadre="nurse")
    house.campaign()
    house.mentee(MIDWIFE, cadre="midwife")
    changed(house, cohort={"cadres": ["midwife"]})
    house.tick()
    house.at(FIVE)
    assert [len(house.heard(number)) for number in (NURSE, MIDWIFE)] == [0, 1]
    assert ends(house)[0] == ("void", "the plan changed")
    changed(house)
    house.live(FIVE + DAY)
    assert len(house.heard(NURSE)) == 1


def test_who_stopped_while_the_plan_changed_comes_back_with_start(house: House) -> None:
    house.mentee()
    house.mentee(MIDWIFE)
    house.campaign()
    house.says("STOP")
    changed(house, per_week=4, weekdays=["tue", "wed", "thu", "fri"])
    house.says("START")
    house.tick()
    house.live(FIVE)
    assert any("160/110" in body for body in house.heard())


def test_who_had_finished_goes_on_when_there_is_more(house: House) -> None:
    house.mentee()
    tips = [{"en": "One."}, {"en": "Two."}]
    house.campaign(kind="tips", tips=tips[:1])
    house.live(FIVE + 2 * DAY)
    assert house.one(Enrolment).reason == "all tips were given"
    assert not house.rows(Dose, Dose.state == "planned")
    changed(house, kind="tips", tips=tips)
    house.live(FIVE + 3 * DAY)
    assert house.heard() == ["One.", "Two."]


# Ending


def test_the_end_before_giving(house: House) -> None:
    house.mentee()
    house.campaign()
    house.manage(campaigns.end)
    house.live(FIVE + DAY)
    assert house.heard() == []
    assert {(d.state, d.reason) for d in house.rows(Dose)} == {("void", "the campaign ended")}


def test_the_end_between_giving_and_sending_and_after_it(house: House) -> None:
    house.mentee()
    house.mentee(MIDWIFE)
    house.campaign()
    house.now = FIVE
    house.do(giving.give_due)
    house.sender.record_many([(one, house.sender.call(one)) for one in house.sender.claim(1)[0]])
    house.manage(campaigns.end)
    house.live(FIVE + 2 * DAY + HOUR)
    assert sorted(len(house.heard(number)) for number in (NURSE, MIDWIFE)) == [0, 1]
    asked = NURSE if house.heard(NURSE) else MIDWIFE
    assert "160/110" in house.says("D", asked)[0]
    today = house.rows(Dose, Dose.slot == "2026-03-03")
    assert sorted((dose.state, dose.reason) for dose in today) == [
        ("answered", None),
        ("unsent", "the campaign ended"),
    ]


def test_when_its_time_is_over_it_ends_by_itself(house: House) -> None:
    house.mentee()
    house.campaign(end=house.now.date() + 2 * DAY, weekdays=["wed"])
    house.live(FIVE + 10 * DAY)
    assert house.one(Campaign).state == "running"
    house.live(FIVE + 11 * DAY)
    campaign = house.one(Campaign)
    assert (campaign.state, campaign.reason) == ("ended", "its time is over")
    assert ends(house) == [("expired", None)]
    assert not house.rows(Dose, Dose.state == "planned")


# Who is in it


def test_a_newcomer_joins_with_the_next_tick(house: House) -> None:
    house.mentee()
    house.campaign()
    house.at(FIVE)
    house.mentee(MIDWIFE)
    house.live(FIVE + DAY)
    assert len(house.heard(MIDWIFE)) == 1


def test_who_agrees_later_joins_then(house: House) -> None:
    house.mentee()
    late = house.mentee(MIDWIFE, consent="unknown")
    house.campaign()
    assert house.count(Enrolment) == 1
    house.change(Person, late, consent="yes")
    house.tick()
    assert house.count(Enrolment) == 2


def test_a_campaign_that_waits_or_is_over_takes_nobody_in(house: House) -> None:
    house.mentee()
    house.campaign(end=house.now.date())
    house.manage(campaigns.pause)
    house.mentee(MIDWIFE)
    house.tick()
    assert house.count(Enrolment) == 1
    house.manage(campaigns.resume)
    house.at(MORNING + DAY)
    assert house.count(Enrolment) == 1


@pytest.mark.parametrize(
    ("cohort", "who"),
    [
        ({}, "1234567"),
        ({"districts": ["kayonza"]}, "126"),
        ({"districts": ["Kayonza", "GATSIBO"]}, "12346"),
        ({"districts": ["Kayonza"], "cadres": ["Nurse"]}, "1"),
        ({"facilities": ["gahini"]}, "34"),
        ({"associations": ["ram"]}, "47"),
        ({"people": ["+250788000305"]}, "5"),
        ({"people": ["X-6", "+250788000305"], "districts": ["Gatsibo"]}, "3456"),
        ({"areas": ["pph"]}, "17"),
        ({"areas": ["PPH", "anc"]}, "127"),
        ({"associations": ["ram"], "groups": ["c3"]}, "4"),
        ({"groups": ["C3"], "people": ["X-6"]}, "46"),
    ],
)
def test_lists_narrow_and_people_are_beside_them(
    house: House, cohort: dict[str, Any], who: str
) -> None:
    with house.sessions.begin() as session:
        rukara = Facility(name="Rukara", district="Kayonza")
        gahini = Facility(name="Gahini", district="Gatsibo")
        session.add_all([rukara, gahini])
        session.flush()
        at = {"1": rukara, "2": rukara, "3": gahini, "4": gahini, "6": rukara}
        places = {number: place.id for number, place in at.items()}
    more: dict[str, dict[str, Any]] = {
        "1": {"technical_areas": ["pph"]},
        "2": {"technical_areas": ["anc"], "cadre": "midwife"},
        "4": {"association": "RAM", "groups": ["c3"]},
        "6": {"external_id": "X-6", "cadre": "midwife"},
        "7": {"technical_areas": ["PPH"], "association": "RAM"},
    }
    for number in "1234567":
        values = {"facility_id": places.get(number), **more.get(number, {})}
        house.mentee(f"+25078800030{number}", **values)
    with house.sessions() as session:
        plan = read(house.plan(cohort=cohort))
        assert cohorts.unknown(session, plan) == []
        members, left = cohorts.find(session, plan, small_bank().items)
    assert "".join(str(member.person) for member in members) == who
    assert left == []


def test_who_cannot_get_anything_is_left_out_with_the_reason(house: House) -> None:
    house.mentee("+250788000301")
    house.mentee("+250788000302", stopped_at=MORNING)
    house.mentee("+250788000303", consent="no")
    house.mentee("+250788000304", consent="asked")
    bad = house.mentee("+250788000305")
    house.mentee("+250788000306", language="rw")
    house.mentee("+250788000307", cadre="pharmacist")
    house.mentee("+250788000308", roles=["mentor"])
    with house.sessions.begin() as session:
        for address in session.scalars(select(Address).where(Address.person_id == bad)):
            address.bad_at = MORNING
    with house.sessions() as session:
        plan = read(house.plan(languages=["en"]))
        members, left = cohorts.find(session, plan, small_bank().items)
    assert [member.person for member in members] == [1]
    assert [(one.member.person, one.reason) for one in left] == [
        (2, "texted STOP"),
        (3, "did not consent"),
        (4, "has not been asked for consent yet, or has not answered"),
        (5, "no address that can be reached"),
        (6, "the language is rw"),
        (7, "no question for the cadre pharmacist"),
    ]


def test_a_word_that_fits_nobody_is_said(house: House) -> None:
    house.mentee()
    with pytest.raises(PlanError) as refused:
        house.campaign(cohort={"districts": ["Kayonze"], "people": ["0788000301"]}, items=["q99"])
    assert refused.value.problems == [
        "cohort.districts: nobody has 'Kayonze'.",
        "cohort.people: '0788000301' is neither a phone nor an external id we know.",
        "items: 'q99' has no question that can be asked.",
    ]
