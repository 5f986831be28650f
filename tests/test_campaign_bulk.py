"""Many messages at once: crashes, two of everything, budgets, refusals, and replies before all."""

from __future__ import annotations

import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import replace
from datetime import timedelta
from functools import partial
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import delete, text

from bot.quizzes import campaigns, catalogue, giving, planning, spending
from bot.quizzes.plan import DAYS, read
from channels.twilio import Refused
from scheduler import ticks
from scheduler.jobs import Works
from store.base import make_sessions
from store.clock import utc_now
from store.messages import ContentTemplate, Inbound, OutboxMessage
from store.people import Address
from store.quizzes import Campaign, Dose, LearnerItem
from tests.machines import Machines, until
from tests.outgoing import accepted, attempts, switch
from tests.test_campaign_engine import (
    DAY,
    FIVE,
    HOUR,
    MIDWIFE,
    NURSE,
    House,
    ends,
    house,
    one_house,
    small_bank,
)
from tests.town import Phone, Town, wait_for

# Minutes in all: left out of the quick part.
pytestmark = pytest.mark.slow

__all__ = ["house", "one_house"]  # fixtures

SECOND = timedelta(seconds=1)


def numbers(count: int) -> list[str]:
    return [f"+250788000{300 + n}" for n in range(1, count + 1)]


def evening(town: Town, *phones: str, channel: str = "sms", **plan: Any) -> list[Phone]:
    """Mentees with a question due now that has not been given yet."""
    with town.works.sessions.begin() as session:
        catalogue.save(session, small_bank())
    found = [town.mentee(number, channel, cadre="nurse") for number in phones or (NURSE,)]
    town.campaign(**{"per_week": 5, "hour": "17:00-17:01", "summary": False, **plan})
    town.time.offset += FIVE - town.time.now()
    town.simulator.state.offset = town.time.offset
    return found


def give(town: Town, limit: int = 200) -> None:
    with town.works.sessions.begin() as session:
        giving.give_due(session, town.time.now(), limit)


def dose(town: Town) -> Dose:
    found: Dose = town.one(Dose, Dose.sent_at.is_not(None))
    return found


# A process dies, and the next one goes on


def test_death_before_the_doses_are_committed(town: Town) -> None:
    [nurse] = evening(town)
    with town.works.sessions() as session:
        assert giving.give_due(session, town.time.now()) == 1
        session.rollback()
    assert town.outbox() == []
    town.later(seconds=1)
    nurse.hears("160/110")
    assert len(accepted(town)) == 1


def test_death_between_giving_and_sending(town: Town) -> None:
    [nurse] = evening(town)
    give(town)
    town.later(seconds=1)
    nurse.hears("160/110")
    assert (len(accepted(town)), dose(town).state) == (1, "open")


def test_death_between_the_attempt_and_the_call(town: Town) -> None:
    [nurse] = evening(town)
    give(town)
    town.works.sender.claim(48)
    town.later(seconds=25)
    assert town.outbox()[0].state == "unknown"
    for _ in range(3):
        town.later(seconds=25)
    nurse.hears("160/110")
    assert (len(accepted(town)), town.outbox()[0].state) == (1, "delivered")
    assert [attempt.outcome for attempt in attempts(town)] == ["doubt", "accepted"]
    assert dose(town).state == "open"


@pytest.mark.parametrize("channel", ["sms", "whatsapp"])
@pytest.mark.parametrize("callbacks", ["normal", "none"])
def test_death_between_the_call_and_its_result(town: Town, channel: str, callbacks: str) -> None:
    [nurse] = evening(town, channel=channel)
    switch(town, callbacks=callbacks)
    give(town)
    [ready], _ = town.works.sender.claim(48)
    town.works.sender.call(ready)
    wait_for(lambda: bool(nurse.received()), "delivery")
    for _ in range(4):
        town.later(seconds=25)
    assert len(accepted(town, nurse.address)) == 1
    assert town.outbox()[0].state in ("delivered", "read")
    assert dose(town).state == "open"
    nurse.says("D")
    nurse.hears("160/110")
    nurse.hears("emergency")


def test_a_lane_without_time_gives_back_what_it_has_claimed(town: Town) -> None:
    [nurse] = evening(town)
    give(town)
    ready, _ = town.works.sender.claim(48)
    long_ago = time.monotonic() - 60
    results = [town.works.bulk._call(one, long_ago) for one in ready]
    town.works.sender.record_many(list(zip(ready, results, strict=True)))
    assert (town.outbox()[0].state, town.outbox()[0].attempts) == ("queued", 0)
    assert accepted(town) == []
    town.later(seconds=1)
    nurse.hears("160/110")
    assert len(accepted(town)) == 1


@pytest.mark.slow
def test_kill_9_of_every_process_in_the_middle_of_a_campaign(tmp_path: Path) -> None:
    people = numbers(90)
    with Machines.build(tmp_path) as machines:
        for number in people:
            machines.person(number)
        with make_sessions(machines.engine).begin() as session:
            today = utc_now().date()
            tips = {"kind": "tips", "tips": [{"en": "One."}, {"en": "Two."}], "weekends": True}
            whole_day = {"weekdays": DAYS, "quiet": "00:00-00:00", "timezone": "UTC"}
            plan = read({"start": today, "end": today + 9 * DAY, **tips, **whole_day})
            campaigns.launch(session, campaigns.create(session, "Tips", plan, utc_now()), utc_now())
            session.execute(text("UPDATE address SET last_inbound_at = NULL"))  # nobody is writing
            # A dose for everybody at this moment, whatever time it is.
            session.execute(text("UPDATE enrolment SET planned_to = now() + interval '9 days'"))
            due = "campaign_id, 1, person_id, 'tip', 'now', now(), now()"
            columns = "campaign_id, campaign_version, person_id, kind, slot, planned_at, due_at"
            session.execute(text(f"INSERT INTO dose ({columns}) SELECT {due} FROM enrolment"))
        machines.start("web", "worker-1", "worker-2", "clock")
        given = machines.simulator.state.messages
        until(lambda: len(given) > 5, "the campaign to begin", 30)
        for name in ("worker-1", "clock", "web", "worker-2"):
            machines.kill(name)
            machines.start(name)
        done = "SELECT 1 FROM dose WHERE state <> 'given' LIMIT 1"
        until(lambda: not machines.rows(done), "every dose to be given", 60)
        until(machines.settled, "everything to be sent", 120)
        assert Counter(message.address for message in given.values()) == dict.fromkeys(people, 1)
        rows = machines.rows("SELECT state, provider_sid FROM outbox")
        assert {row.state for row in rows} <= {"sent", "delivered", "read"}
        assert {row.provider_sid for row in rows} == set(given)


# Two of everything


@contextmanager
def another(town: Town) -> Iterator[Works]:
    """The works of a second process."""
    works = Works.build(town.settings, now=town.time.now)
    yield works
    works.close()


def together(*jobs: Callable[[], Any]) -> None:
    """Do these at the same moment; whatever one of them raises is raised."""
    start = threading.Barrier(len(jobs))

    def begin(job: Callable[[], Any]) -> None:
        start.wait(10)
        job()

    with ThreadPoolExecutor(len(jobs)) as threads:
        for done in [threads.submit(begin, job) for job in jobs]:
            done.result(30)


def test_two_clocks_and_two_workers_send_each_dose_once(town: Town) -> None:
    phones = evening(town, *numbers(20))
    with another(town) as other:
        both = (town.works, other)
        every = (ticks.plan_campaigns, ticks.give_campaigns, ticks.close_questions)
        for _ in range(2):
            clocks = [partial(tick, works) for works in both for tick in every]
            together(*clocks, *(partial(works.bulk.run, 100) for works in both))
    town.rest()
    for phone in phones:
        assert len(accepted(town, phone.address)) == 1
    open_ones = town.count(Dose, Dose.state == "open")
    assert open_ones == town.count(LearnerItem) == 20
    assert Counter(message.state for message in town.outbox()) == {"delivered": 20}


def test_quiz_at_the_moment_of_the_dose_leaves_one_question_open(town: Town) -> None:
    phones = evening(town, *numbers(8))
    for phone in phones:
        town.send(phone.address, {"text": "QUIZ"})
    replies = [partial(town.works.receive, row.id) for row in town.inbound()]
    together(partial(town.works.bulk.run, 100), *replies)
    town.rest()
    town.later(minutes=6)
    assert town.count(Dose, Dose.state == "open") == 8
    assert town.count(Inbound, Inbound.state == "done") == 8
    for phone in phones:
        asked = {body.rpartition("\n\n")[0] or body[-60:] for body in accepted(town, phone.address)}
        assert len(asked) == 1


def test_two_campaigns_given_by_two_processes_leave_one_question_open(house: House) -> None:
    for number in numbers(12):
        house.mentee(number)
    house.campaign()
    house.campaign("Second")
    house.now = FIVE
    for _ in range(2):
        together(*[lambda: [house.do(giving.give_due, 5) for _ in range(6)]] * 3)
    assert house.count(Dose, Dose.state == "open") == 12
    assert house.count(OutboxMessage) == 12
    waiting = house.rows(Dose, Dose.state == "planned", Dose.planned_at < house.now)
    assert {row.reason for row in waiting} == {"another question is open"}


def test_planning_at_once_plans_each_day_once(house: House) -> None:
    for number in numbers(12):
        house.mentee(number)
    with house.sessions.begin() as session:
        made = campaigns.create(session, "Quiz", read(house.plan()), house.now)
        campaigns.launch(session, made, house.now)
    together(*[lambda: [house.do(planning.plan_ahead, 5) for _ in range(3)]] * 4)
    slots = Counter((row.person_id, row.slot) for row in house.rows(Dose))
    assert set(slots.values()) == {1}
    assert len(slots) == 12 * 6


# Somebody decides while a round is under way


def is_blocked(house: House) -> bool:
    with house.engine.connect() as connection:
        waiting = "SELECT 1 FROM pg_stat_activity WHERE wait_event_type = 'Lock' LIMIT 1"
        return connection.execute(text(waiting)).first() is not None


@contextmanager
def beside(house: House, job: Callable[[], Any]) -> Iterator[None]:
    """Begin ``job``, and go on when it is done or waits for a lock; at the end it has been done."""
    with ThreadPoolExecutor(1) as threads:
        going_on = threads.submit(job)
        wait_for(lambda: going_on.done() or is_blocked(house), "the other to be done or to wait")
        yield
        going_on.result(30)


@pytest.mark.parametrize("decision", [campaigns.pause, campaigns.end])
def test_what_is_being_given_while_a_campaign_is_stopped_does_not_leave(
    house: House, decision: Callable[..., Any]
) -> None:
    house.mentee()
    house.campaign()
    house.now = FIVE
    with house.sessions() as session:
        giving.give_due(session, house.now)
        with beside(house, lambda: house.manage(decision)):
            session.commit()
    house.live(FIVE + HOUR)
    assert house.heard() == []


def test_a_wish_beside_planning_leaves_nothing_of_the_old_hour(house: House) -> None:
    house.mentee()
    with house.sessions.begin() as session:
        made = campaigns.create(session, "Quiz", read(house.plan()), house.now)
        campaigns.launch(session, made, house.now)
    with house.sessions() as session:
        planning.plan_ahead(session, house.now)
        with beside(house, lambda: house.says("HOUR 12")):
            session.commit()
    house.tick()
    assert {row.due_at.hour for row in house.rows(Dose, Dose.state == "planned")} == {10}


def test_a_change_beside_planning(house: House) -> None:
    house.mentee()
    with house.sessions.begin() as session:
        made = campaigns.create(session, "Quiz", read(house.plan()), house.now)
        campaigns.launch(session, made, house.now)
    later = read(house.plan(hour="12:00-12:01"))
    with house.sessions() as session:
        campaign = campaigns.locked(session, "Quiz")
        with beside(house, lambda: house.do(planning.plan_ahead)):
            campaigns.change(session, campaign, later, house.now)
            session.commit()
    house.tick()
    assert {row.due_at.hour for row in house.rows(Dose, Dose.state == "planned")} == {10}


def test_a_change_beside_giving_with_a_budget(house: House) -> None:
    house.mentee()
    house.campaign(budget={"segments": 100})
    house.now = FIVE
    later = read(house.plan(hour="12:00-12:01"))
    with house.sessions() as session:
        campaign = campaigns.locked(session, "Quiz")
        with beside(house, lambda: house.do(giving.give_due)):
            campaigns.change(session, campaign, later, house.now)
            session.commit()
    house.tick()
    assert house.heard() == []


# Budgets


def test_a_used_up_budget_pauses_the_campaign_and_says_why(house: House) -> None:
    for number in numbers(6):
        house.mentee(number)
    house.campaign(budget={"segments": 4})
    house.now = FIVE
    for _ in range(6):
        house.do(giving.give_due, 2)
        house.bulk.flush(time.monotonic() + 5)
    campaign = house.one(Campaign)
    assert (campaign.state, campaign.reason) == ("paused", spending.USED_UP)
    assert len(house.provider.taken) == 4
    assert campaign.segments == 4


def test_a_bigger_budget_lets_it_go_on(house: House) -> None:
    for number in numbers(4):
        house.mentee(number)
    house.campaign(budget={"money": 0.08, "per_segment": 0.04})
    house.now = FIVE
    for _ in range(3):
        house.do(giving.give_due, 2)
        house.bulk.flush(time.monotonic() + 5)
    assert house.one(Campaign).reason == spending.USED_UP
    assert house.one(Campaign).cost == pytest.approx(0.08)
    bigger = read(house.plan(budget={"money": 10, "per_segment": 0.04}))
    house.manage(lambda session, campaign, now: campaigns.change(session, campaign, bigger, now))
    house.manage(campaigns.resume)
    house.tick()
    house.at(FIVE + DAY)
    assert len(house.provider.taken) == 4  # two of today wait for an answer
    assert house.one(Campaign).state == "running"


def test_answers_cost_too(house: House) -> None:
    house.mentee()
    house.campaign(budget={"segments": 100})
    house.at(FIVE)
    house.says("D")
    house.do(spending.recount)
    campaign = house.one(Campaign)
    assert (campaign.messages, campaign.segments) == (2, 3)  # the feedback takes two


def test_what_was_given_within_the_budget_leaves(house: House) -> None:
    """A worker gives round after round before it sends: the second finds the budget used up."""
    for number in numbers(6):
        house.mentee(number)
    house.campaign(budget={"segments": 4})
    house.now = FIVE
    house.do(giving.give_due, 4)
    house.do(giving.give_due, 4)
    assert house.one(Campaign).reason == spending.USED_UP
    house.bulk.flush(time.monotonic() + 5)
    assert len(house.provider.taken) == 4


def test_what_waits_for_the_provider_is_counted(house: House) -> None:
    """Minutes with a provider that is too busy: each recount forgets what is queued."""
    for number in numbers(12):
        house.mentee(number)
        house.provider.refuses[number] = Refused(20429, 429, "too many requests")
    house.campaign(budget={"segments": 5})
    house.now = FIVE
    for _ in range(6):
        house.do(giving.give_due, 3)
        house.bulk.flush(time.monotonic() + 5)
        house.now += timedelta(minutes=1)
        house.do(spending.recount)
    house.provider.refuses.clear()
    house.live(FIVE + 2 * HOUR)
    assert 5 <= len(house.provider.taken) <= 5 + 3


# The provider refuses


def unsent(house: House) -> str:
    """The reason of the one dose, whose question never arrived; nothing is held against anybody."""
    given = house.dose()
    assert given.state == "unsent"
    assert given.reason
    assert house.one(LearnerItem).missed == 0
    return given.reason


@pytest.mark.parametrize("code", [21211, 21614, 30007])
def test_a_number_that_is_none(house: House, code: int) -> None:
    house.mentee()
    house.campaign()
    house.provider.refuses[NURSE] = Refused(code, 400, "it cannot be")
    house.live(FIVE + HOUR)
    reason = unsent(house)
    assert reason == ("it cannot be" if code == 30007 else "no address that can be reached")
    assert (house.one(Address).bad_at is None) == (code == 30007)
    house.provider.refuses.clear()
    house.live(FIVE + DAY)
    assert [state for state, _ in ends(house)] == ["unsent", "open" if code == 30007 else "lapsed"]


def test_a_provider_that_is_too_busy_is_asked_less_and_less(house: House) -> None:
    house.mentee()
    house.campaign()
    house.provider.refuses[NURSE] = Refused(20429, 429, "too many requests")
    house.at(FIVE)
    tried = [house.now]
    while house.now < FIVE + 10 * timedelta(minutes=1):
        house.at(house.one(OutboxMessage).next_attempt_at + SECOND)
        tried.append(house.now)
    waits = [later - earlier for earlier, later in pairwise(tried)]
    assert waits == sorted(waits)
    assert house.heard() == []
    house.provider.refuses.clear()
    house.live(FIVE + 2.5 * HOUR)
    assert len(house.heard()) == 1
    assert house.dose().state == "open"


def test_a_provider_that_stays_away_until_it_is_too_late(house: House) -> None:
    house.mentee()
    house.campaign(weekdays=["tue"])
    house.provider.refuses[NURSE] = Refused(None, 503, "the provider cannot be reached")
    house.live(FIVE + 21 * HOUR)
    assert unsent(house).startswith("expired before it could be sent: ")
    house.provider.refuses.clear()
    house.live(FIVE + 7 * DAY)
    assert house.dose().item_id == house.rows(Dose, Dose.state == "open")[0].item_id
    assert len(house.heard()) == 1


def test_the_first_question_that_arrives_says_what_to_do(house: House) -> None:
    house.mentee()
    house.campaign()
    house.provider.refuses[NURSE] = Refused(30007, 400, "filtered")
    house.at(FIVE)
    house.provider.refuses.clear()
    house.at(FIVE + DAY)
    assert house.heard()[0].startswith("A question for you. Reply with one letter.")


def test_a_handset_that_stays_off_is_given_up(town: Town) -> None:
    [nurse] = evening(town, weekdays=["tue"])
    switch(town, delivery_error={NURSE: 30003})
    town.later(seconds=1)
    for minutes in (8, 46, 14 * 60, 1):  # two in the evening, the last one in the morning
        wait_for(lambda: town.outbox()[0].state in ("queued", "failed"), "the callback")
        town.later(minutes=minutes)
    given = dose(town)
    assert len(accepted(town)) == 4
    assert (given.state, given.reason) == ("unsent", "provider says undelivered")
    assert town.one(LearnerItem).missed == 0
    nurse.hears_nothing()


def test_a_template_that_whatsapp_takes_back(town: Town) -> None:
    [nurse] = evening(town, channel="whatsapp", weekdays=["tue"])
    for content in town.simulator.state.contents.values():
        content.approval = "rejected"
    town.later(seconds=1)
    for _ in range(7):
        town.later(hours=3.5)
    given = dose(town)
    assert given.state == "unsent"
    assert "template" in (given.reason or "")
    assert town.one(LearnerItem).missed == 0
    nurse.hears_nothing()


def test_a_window_that_only_the_provider_knows_to_be_closed(town: Town) -> None:
    [nurse] = evening(town, channel="whatsapp")
    nurse.says("MENU")
    nurse.hears("You can text")
    town.time.offset += 11 * timedelta(minutes=1)
    switch(town, window_closed={nurse.address: True})
    town.later(seconds=1)
    wait_for(lambda: town.outbox()[-1].error_code == 63016, "the callback")
    town.later(seconds=2)
    nurse.hears("160/110")
    asked = town.outbox(OutboxMessage.kind == giving.QUESTION)
    assert [(one.form, one.state) for one in asked] == [("template", "read")]
    assert dose(town).state == "open"


def test_without_a_template_another_way_is_taken(town: Town) -> None:
    [nurse] = evening(town, channel="whatsapp")
    with town.works.sessions.begin() as session:
        session.execute(delete(ContentTemplate))
        session.add(Address(person_id=1, channel="sms", value=NURSE))
    town.later(seconds=1)
    town.later(seconds=1)
    town.phone(NURSE).hears("160/110")
    nurse.hears_nothing()
    assert dose(town).state == "open"


def test_refused_credentials_hold_the_questions_and_lose_none(town: Town) -> None:
    phones = evening(town, NURSE, MIDWIFE)
    state = town.simulator.state
    right = state.account
    state.account = replace(right, auth_token="rotated-at-the-provider")
    town.later(seconds=1)
    town.later(minutes=10)
    assert {message.state for message in town.outbox()} == {"queued"}
    state.account = right
    town.later(minutes=6)
    for phone in phones:
        phone.hears("160/110")
        phone.hears_nothing()
    assert town.count(Dose, Dose.state == "open") == 2


# Replies go first


def reply_among(town: Town, count: int) -> tuple[int, int]:
    """Somebody texts MENU while campaign messages leave: how many had left, and were still to."""
    evening(town, *numbers(count))
    bystander = town.mentee("+250788000999", cadre="pharmacist")
    give(town, count)
    assert town.count(OutboxMessage, OutboxMessage.state == "queued") == count
    bulk = threading.Thread(target=lambda: town.works.bulk.flush(time.monotonic() + 60))
    bulk.start()
    given = town.simulator.state.messages
    wait_for(lambda: len(given) > 10, "the campaign to begin")
    town.send(bystander.address, {"text": "MENU"})
    before = len(given)
    [row] = town.inbound()
    town.works.receive(row.id)
    overtaken_by = len(given) - before
    bulk.join(60)
    bystander.hears("You can text")
    assert town.count(OutboxMessage, OutboxMessage.state == "queued") == 0
    return overtaken_by, count - before


def test_a_reply_does_not_wait_for_a_campaign(town: Town) -> None:
    overtaken_by, left = reply_among(town, 90)
    # Calls that were under way go on; no new one is made before the reply has left.
    assert overtaken_by <= 24
    assert left > overtaken_by


@pytest.mark.slow
def test_a_reply_leaves_before_five_hundred_campaign_messages(town: Town) -> None:
    overtaken_by, left = reply_among(town, 500)
    assert overtaken_by <= 24
    assert left > 300
