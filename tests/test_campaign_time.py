"""Campaigns and time: clocks that stand or jump, daylight saving, quiet hours, wishes, expiry."""

from __future__ import annotations

import time
from collections import Counter
from datetime import UTC, date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import select

from bot import outbox
from bot.quizzes import campaigns, closing, giving, planning
from bot.quizzes.plan import read
from channels.twilio import Refused
from store.cases import Case
from store.messages import OutboxMessage
from store.people import Person
from store.quizzes import Answer, Dose, Enrolment, LearnerItem
from tests.test_campaign_engine import (
    DAY,
    FIVE,
    HOUR,
    KIGALI,
    MIDWIFE,
    NURSE,
    House,
    ends,
    house,
    one_house,
)
from tests.town import MORNING

# Minutes in all: left out of the quick part.
pytestmark = pytest.mark.slow

__all__ = ["house", "one_house"]  # fixtures

MINUTE = timedelta(minutes=1)
TIPS: dict[str, Any] = {"kind": "tips", "tips": [{"en": f"Tip {n}."} for n in range(60)]}


def case(house: House, person: int) -> int:
    """A case of this mentee's is open from now."""
    with house.sessions.begin() as session:
        opened = Case(code="HKMR", mentee_id=person, cause="asked", opened_at=house.now)
        session.add(opened)
        session.flush()
        return opened.id


def close(house: House, number: int) -> None:
    house.change(Case, number, state="closed", closed_at=house.now)


def left(house: House, *conditions: Any) -> list[datetime]:
    """When messages of campaigns left, in Kigali's time."""
    rows = house.outbox(
        OutboxMessage.sent_at.is_not(None), OutboxMessage.priority == 0, *conditions
    )
    return [row.sent_at.astimezone(KIGALI) for row in rows if row.sent_at is not None]


# A clock that stands still


def test_after_a_day_without_a_clock_only_todays_is_given(house: House) -> None:
    house.mentee()
    house.campaign()
    house.at(FIVE + DAY + HOUR)
    assert ends(house) == [("lapsed", "too late: the clock stood"), ("open", None)]
    assert len(house.heard()) == 1


def test_a_night_without_a_clock_loses_nothing(house: House) -> None:
    house.mentee()
    house.campaign()
    house.at(FIVE + 15 * HOUR)
    assert ends(house) == [("open", None)]
    assert len(house.heard()) == 1


def test_a_clock_that_stood_where_the_plan_ended_loses_nothing(house: House) -> None:
    """Planned until next Wednesday at eleven; the clock stands from the Tuesday before."""
    house.mentee()
    house.campaign(**TIPS)
    house.live(FIVE + 7 * DAY - 7 * HOUR)  # Tuesday, ten in the morning
    house.at(FIVE + 8 * DAY + HOUR)  # Wednesday, six: an hour after the dose
    today = house.one(Dose, Dose.slot == "2026-03-11")
    assert today.state == "given"


def test_the_hour_that_jumps_forward_and_back(house: House) -> None:
    house.mentee()
    house.campaign()
    for moment in (FIVE - 10 * MINUTE, FIVE + 50 * MINUTE, FIVE - 9 * MINUTE, FIVE + 51 * MINUTE):
        house.at(moment)
        house.tick()
    assert len(house.heard()) == 1
    assert ends(house) == [("open", None)]


def test_a_clock_put_back_between_giving_and_sending(house: House) -> None:
    house.mentee()
    house.campaign()
    house.now = FIVE
    house.do(giving.give_due)
    house.at(FIVE - HOUR)
    assert house.heard() == []
    house.live(FIVE + MINUTE)
    assert len(house.heard()) == 1
    assert house.dose().state == "open"


# Where the clocks are changed

ZONES = {
    "Europe/Berlin": NURSE,
    "America/New_York": MIDWIFE,
    "Africa/Casablanca": "+250788000303",
    "Asia/Kathmandu": "+250788000304",
}


@pytest.mark.parametrize(("begins", "weeks"), [("2026-03-02", 4), ("2026-10-19", 2)])
def test_the_local_hour_is_kept_where_clocks_change(house: House, begins: str, weeks: int) -> None:
    """March changes in New York, Casablanca and Berlin, autumn in Berlin and New York."""
    house.now = datetime.fromisoformat(begins).replace(tzinfo=UTC)
    people = {house.mentee(number, timezone=zone): zone for zone, number in ZONES.items()}
    monday = house.now.date()
    weekly = {"per_week": 1, "weekdays": ["mon"], "hour": "17:00-19:00"}
    house.campaign(**TIPS, **weekly, end=monday + 7 * weeks * DAY)
    house.live(house.now + (7 * weeks + 2) * DAY)
    given = house.rows(Dose, Dose.state == "given")
    for person, zone in people.items():
        here = [d.planned_at.astimezone(ZoneInfo(zone)) for d in given if d.person_id == person]
        assert len({at.time() for at in here}) == 1
        assert all(17 <= at.hour < 19 for at in here)
        assert len({at.date() for at in here}) == len(here) == weeks + 1
    assert Counter(house.provider.taken).most_common(1)[0][1] == 1
    assert len(house.provider.taken) == 4 * (weeks + 1)


# Planned at any moments, the same doses

starts = st.integers(0, 24 * 60)
gaps = st.lists(st.integers(1, 23 * 60), min_size=25, max_size=35)


@settings(
    deadline=None, max_examples=10, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(starts, gaps, st.integers(1, 5), st.booleans())
def test_no_dose_is_lost_at_the_seams_of_planning(
    house: House, minute: int, gaps: list[int], per_week: int, weekends: bool
) -> None:
    """The clock plans at any moments, less than a day apart."""
    begins = MORNING + minute * MINUTE
    plan = read(
        house.plan(
            hour="17:00-19:00",
            per_week=per_week,
            weekends=weekends,
            summary=True,
            start=begins.date(),
        )
    )
    until = begins + sum(gaps) * MINUTE
    with house.sessions() as session:  # rolled back after each example
        people = {house.add(session, number, zone): zone for zone, number in ZONES.items()}
        made = campaigns.create(session, "Seams", plan, begins)
        campaigns.launch(session, made, begins)
        now = begins
        for gap in (0, *gaps):
            now += gap * MINUTE
            planning.plan_ahead(session, now)
        rows = session.scalars(select(Dose).where(Dose.planned_at < until)).all()
        found = sorted((row.person_id, row.kind, row.slot, row.planned_at) for row in rows)
        wanted = sorted(
            (enrolment.person_id, *dose)
            for enrolment in session.scalars(select(Enrolment))
            for dose in planning.moments(
                plan,
                key=f"{made.id}:{enrolment.person_id}",
                timezone=people[enrolment.person_id],
                start=begins,
                until=until,
            )
        )
    assert found == wanted


# Quiet hours, weekends, zones


def test_the_zone_of_the_plan_goes_before_the_mentees(house: House) -> None:
    house.mentee(timezone="Asia/Kathmandu")
    house.campaign(timezone="Africa/Casablanca", hour="13:00-13:01")
    house.live(MORNING + DAY)
    assert house.dose().planned_at.astimezone(ZoneInfo("Africa/Casablanca")).hour == 13
    assert len(house.heard()) == 1


def test_a_dose_that_waited_until_the_night_lapses_for_what_it_waited_for(house: House) -> None:
    person = house.mentee()
    house.campaign(weekdays=["tue"])
    house.now = FIVE - HOUR
    case(house, person)
    house.live(FIVE + 21 * HOUR)
    assert house.heard() == []
    assert ends(house) == [("lapsed", "too late: in an open case")]


def test_a_dose_that_waited_for_a_case_is_given_in_the_morning(house: House) -> None:
    person = house.mentee()
    house.campaign()
    house.now = FIVE - HOUR
    opened = case(house, person)
    house.live(FIVE + 4 * HOUR)
    close(house, opened)
    house.live(FIVE + 16 * HOUR)
    assert [(at.hour, at.minute // 30) for at in left(house)] == [(7, 0)]


def test_who_is_writing_is_not_interrupted(house: House) -> None:
    house.mentee()
    house.campaign()
    for minute in range(0, 41, 8):
        house.at(FIVE - 2 * MINUTE + minute * MINUTE)
        house.says("MENU")
    assert left(house) == []
    assert house.dose().reason == "in a conversation"
    house.live(FIVE + HOUR)
    assert [at.minute // 10 for at in left(house)] == [4]


def test_who_writes_just_before_the_question_leaves_is_not_interrupted(house: House) -> None:
    house.mentee()
    house.campaign()
    house.now = FIVE
    house.do(giving.give_due)
    house.now += MINUTE
    house.says("MENU")
    house.at(house.now)
    assert left(house) == []
    house.at(house.now + 4 * MINUTE)
    assert left(house) == []
    house.at(house.now + MINUTE)
    assert len(left(house)) == 1


def test_weekends_are_a_choice(house: House) -> None:
    house.mentee()
    house.mentee(MIDWIFE)
    house.campaign(**TIPS, per_week=3)
    house.says("WEEKENDS")
    house.live(FIVE + 7 * DAY)
    given = house.rows(Dose, Dose.state == "given")
    days = [{row.planned_at.weekday() for row in given if row.person_id == p} for p in (1, 2)]
    assert [bool(own & {5, 6}) for own in days] == [True, False]
    house.says("NO WEEKENDS")
    house.live(FIVE + 14 * DAY)
    again = house.rows(Dose, Dose.state == "given", Dose.planned_at > FIVE + 7 * DAY)
    assert {row.planned_at.weekday() for row in again} <= {0, 1, 2, 3, 4}


def test_fridays_question_does_not_come_on_saturday(house: House) -> None:
    """A busy provider on Friday evening: what is left over waits for Monday, or not at all."""
    house.mentee()
    house.campaign(hour="19:00-19:01", weekdays=["fri"])
    house.provider.refuses[NURSE] = Refused(20429, 429, "too many requests")
    house.live(FIVE + 3 * DAY + 3 * HOUR)
    del house.provider.refuses[NURSE]
    house.live(FIVE + 6 * DAY)
    assert {at.weekday() for at in left(house)} <= {0, 1, 2, 3, 4}


def test_the_quiet_hours_of_the_plan_are_those_that_count(house: House) -> None:
    """Night workers: the plan allows nine in the evening."""
    house.mentee()
    house.campaign(hour="21:00-21:01", quiet="08:00-16:00")
    house.live(FIVE + 6 * HOUR)
    assert [at.hour for at in left(house)] == [21]


# A mentee's own wishes


def times(house: House, person: int) -> list[tuple[str, datetime]]:
    rows = house.rows(Dose, Dose.person_id == person, Dose.state == "planned")
    return [(row.slot, row.due_at) for row in rows]


@pytest.mark.parametrize("said", ["HOUR 12", "WEEK 2", "WEEKENDS", "PAUSE 3", "RESUME"])
def test_a_wish_changes_only_the_mentees_own_rows(house: House, said: str) -> None:
    one, other = house.mentee(), house.mentee(MIDWIFE)
    house.campaign()
    house.campaign("Second", hour="18:00-18:01")
    before = times(house, other)
    house.says(said)
    assert times(house, one) == []
    house.tick()
    assert times(house, other) == before
    own = times(house, one)
    assert own
    match said:
        case "HOUR 12":
            assert {at.astimezone(KIGALI).hour for _, at in own} == {12}
        case "WEEK 2":
            weeks = Counter(date.fromisoformat(slot).isocalendar()[1] for slot, _ in own)
            assert max(weeks.values()) <= 4  # two from each
        case "PAUSE 3":
            assert min(slot for slot, _ in own) == "2026-03-06"
        case "RESUME":
            assert len(own) == len(before)


def test_a_pause_ends_by_itself(house: House) -> None:
    house.mentee()
    house.campaign(**TIPS)
    house.says("PAUSE 7")
    house.live(FIVE + 8 * DAY)
    assert sorted(at.day for at in left(house)) == [10, 11]


def test_a_new_hour_on_the_same_day_brings_no_second_dose(house: House) -> None:
    house.mentee()
    house.campaign(**TIPS)
    house.at(FIVE)
    house.says("HOUR 19")
    house.live(FIVE + 5 * HOUR)
    assert len(left(house)) == 1


def test_a_pause_between_giving_and_sending(house: House) -> None:
    house.mentee()
    house.campaign()
    house.now = FIVE
    house.do(giving.give_due)
    house.now += timedelta(seconds=1)
    house.says("PAUSE")
    house.live(FIVE + HOUR)
    assert left(house) == []


def test_a_pause_takes_nothing_but_the_quiz(house: House) -> None:
    """Mentors learn too; thanks for an answer of theirs wait for the morning."""
    person = house.mentee(roles=["mentee", "mentor"])
    house.now = FIVE + 5 * HOUR
    with house.sessions.begin() as session:
        thanked = session.get_one(Person, person)
        outbox.say(session, thanked, "Thank you.", key="1", now=house.now, kind="notice")
    house.says("PAUSE")
    house.now += 10 * HOUR
    house.sender.flush(person)
    assert house.heard()[-1] == "Thank you."


def test_a_case_between_giving_and_sending(house: House) -> None:
    """The mentee wrote just then, so the question waits five minutes; then it bursts in."""
    house.mentee()
    house.campaign()
    house.now = FIVE
    house.do(giving.give_due)
    house.now += timedelta(seconds=1)
    house.says("CALL")
    assert house.count(Case, Case.state == "open") == 1
    house.live(FIVE + HOUR)
    assert left(house) == []


def test_quiz_between_giving_and_sending_brings_the_question_once(house: House) -> None:
    house.mentee()
    house.campaign()
    house.now = FIVE
    house.do(giving.give_due)
    house.says("QUIZ")
    house.live(FIVE + HOUR)
    assert sum("160/110" in body for body in house.heard()) == 1


# Expiry


def test_nobody_answered_and_it_is_asked_again(house: House) -> None:
    house.mentee()
    house.campaign(items=["preeclampsia-q01"], weekdays=["tue"], per_week=1)
    house.at(FIVE)
    house.live(FIVE + 7 * DAY)
    first, second = house.rows(Dose, Dose.sent_at.is_not(None))
    assert (first.state, second.state) == ("expired", "open")
    assert first.closed_at - first.sent_at >= 72 * HOUR
    memory = house.one(LearnerItem)
    assert (memory.missed, memory.answers, memory.due) == (1, 0, None)


def test_what_was_due_stays_due_when_nobody_answers(house: House) -> None:
    house.mentee()
    house.campaign(items=["preeclampsia-q01"], weekdays=["tue"], per_week=1)
    house.at(FIVE)
    house.says("A")
    house.live(FIVE + 18 * DAY)  # due on Sunday, asked on Tuesday, expired on Friday
    memory = house.one(LearnerItem)
    assert (memory.missed, memory.answers) == (1, 1)
    assert memory.due is not None
    assert memory.due <= house.now
    house.live(FIVE + 21 * DAY)
    assert house.count(Dose, Dose.sent_at.is_not(None)) == 3


def test_a_late_answer_counts_until_the_item_is_asked_again(house: House) -> None:
    house.mentee()
    house.campaign(items=["preeclampsia-q01", "preeclampsia-q03"], weekdays=["tue"], per_week=1)
    house.at(FIVE)
    house.live(FIVE + 4 * DAY)
    assert house.dose().state == "expired"
    assert "160/110" in house.says("D")[0]
    kept = house.one(Answer)
    assert (kept.right, kept.late, kept.latency > 72 * 3600) == (True, True, True)
    memory = house.one(LearnerItem)
    assert (memory.missed, memory.answers, memory.streak) == (1, 1, 1)
    assert house.dose().state == "answered"


def test_a_letter_is_for_the_question_that_is_open(house: House) -> None:
    house.mentee()
    house.campaign(items=["preeclampsia-q01"], weekdays=["tue"], per_week=1)
    house.at(FIVE)
    house.live(FIVE + 7 * DAY)
    first, second = house.rows(Dose, Dose.sent_at.is_not(None))
    house.says("D")
    assert house.one(Answer).dose_id == second.id
    house.says("D")
    assert house.count(Answer) == 1
    assert house.one(Dose, Dose.id == first.id).state == "expired"


@pytest.mark.parametrize("said", ["D", "4"])
def test_an_answer_that_came_in_time_counts_however_late_it_is_handled(
    house: House, said: str
) -> None:
    house.mentee()
    house.campaign(reminder=0)
    house.at(FIVE)
    house.now = FIVE + 72 * HOUR - MINUTE
    waiting = house.arrives(said)
    house.now = FIVE + 72 * HOUR + MINUTE
    house.do(closing.look)
    assert house.dose().state == "expired"
    house.receives(waiting)
    kept = house.one(Answer)
    assert (kept.right, kept.late) == (True, False)


def test_an_answer_that_came_in_time_is_no_miss(house: House) -> None:
    house.mentee()
    house.campaign(reminder=0)
    house.at(FIVE)
    house.now = FIVE + 72 * HOUR - MINUTE
    waiting = house.arrives("D")
    house.now = FIVE + 72 * HOUR + MINUTE
    house.do(closing.look)
    house.receives(waiting)
    assert house.one(LearnerItem).missed == 0


def test_a_question_that_left_late_stays_open_that_much_longer(house: House) -> None:
    house.mentee()
    house.campaign(reminder=0)
    house.now = FIVE
    house.do(giving.give_due)
    house.now = FIVE + 2 * HOUR
    house.bulk.flush(time.monotonic() + 5)
    house.at(FIVE + 73 * HOUR)
    assert house.dose().state == "open"
    house.at(FIVE + 74 * HOUR + MINUTE)
    assert house.dose().state == "expired"


def test_no_question_leaves_after_it_has_expired(house: House) -> None:
    """Twelve hours to answer, and a provider that is away from the evening to the morning."""
    house.mentee()
    house.campaign(expiry=12, reminder=0)
    house.provider.refuses[NURSE] = Refused(None, 503, "the provider cannot be reached")
    house.live(FIVE + 13 * HOUR)
    del house.provider.refuses[NURSE]
    house.live(FIVE + 18 * HOUR)
    first = house.dose()
    assert (first.state == "expired") <= (left(house, OutboxMessage.dose_id == first.id) == [])
    assert house.one(LearnerItem).missed == 0


# The reminder

TWO_DAYS = FIVE + 2 * DAY + MINUTE


def reminders(house: House) -> list[OutboxMessage]:
    return house.outbox(OutboxMessage.kind == giving.REMINDER)


def test_one_reminder_and_not_one_more(house: House) -> None:
    house.mentee()
    house.campaign(weekdays=["tue"])
    house.at(FIVE)
    house.live(FIVE + 3 * DAY - HOUR)
    [reminder] = reminders(house)
    assert timedelta() <= reminder.created_at - FIVE - 48 * HOUR < MINUTE
    assert [body.startswith("Still open") for body in house.heard()] == [False, True]


def test_a_crash_after_the_reminder_was_queued_brings_no_second(house: House) -> None:
    house.mentee()
    house.campaign()
    house.at(FIVE)
    house.now = TWO_DAYS
    with house.sessions() as session:
        closing.look(session, house.now)
        session.rollback()
    for _ in range(3):
        house.do(closing.look)
    house.tick()
    assert len(reminders(house)) == 1
    assert len(house.heard()) == 2


def test_who_has_answered_is_not_reminded(house: House) -> None:
    house.mentee()
    house.campaign()
    house.at(FIVE)
    house.now = TWO_DAYS
    house.do(closing.look)
    house.says("D")
    house.live(FIVE + 2 * DAY + HOUR)
    [reminder] = reminders(house)
    assert (reminder.state, reminder.reason) == ("dropped", "answered already")


@pytest.mark.parametrize("busy", ["case", "conversation"])
def test_a_reminder_waits_while_the_mentee_is_busy(house: House, busy: str) -> None:
    person = house.mentee()
    house.campaign()
    house.at(FIVE)
    house.now = TWO_DAYS - MINUTE
    opened = case(house, person)
    if busy == "conversation":
        close(house, opened)
        house.says("MENU")
    house.at(TWO_DAYS + MINUTE)
    assert reminders(house) == []
    close(house, opened)
    house.live(TWO_DAYS + HOUR)
    assert len(reminders(house)) == 1


def test_in_a_case_to_the_end_there_is_no_reminder(house: House) -> None:
    person = house.mentee()
    house.campaign(weekdays=["tue"])
    house.at(FIVE)
    house.now += HOUR
    case(house, person)
    house.live(FIVE + 3 * DAY + HOUR)
    assert reminders(house) == []
    assert house.dose().state == "expired"


@pytest.mark.parametrize("wish", ["PAUSE 14", "STOP"])
def test_who_wants_no_more_is_not_reminded(house: House, wish: str) -> None:
    house.mentee()
    house.campaign()
    house.at(FIVE)
    house.now += HOUR
    house.says(wish)
    house.live(FIVE + 3 * DAY + HOUR)
    assert reminders(house) == []


def test_a_question_asked_for_at_night_is_not_reminded_of_at_night(house: House) -> None:
    house.mentee()
    house.campaign(weekdays=["mon"])
    house.now = FIVE + 5 * HOUR  # ten in the evening
    house.says("QUIZ")
    house.live(FIVE + 4 * DAY)
    [reminder] = reminders(house)
    assert reminder.sent_at is not None
    assert 7 <= reminder.sent_at.astimezone(KIGALI).hour < 20
