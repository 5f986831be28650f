"""What a coordinator is told before a campaign goes out, held against what then goes out."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator
from dataclasses import asdict, replace
from datetime import UTC, date, datetime, time, timedelta
from itertools import product
from random import Random
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from sqlalchemy import func, select
from sqlalchemy.orm import Session, sessionmaker

from bot.quizzes import bank, calendar, campaigns, forecast, giving, planning, preview, spacing
from bot.quizzes.due import LATE
from bot.quizzes.forecast import Life, Use, way
from bot.quizzes.plan import Budget, Plan, read
from bot.quizzes.preview import Preview
from bot.quizzes.selection import Candidate, choose
from bot.text.segments import count
from store.base import Base, make_engine, make_sessions
from store.quizzes import Campaign, Dose, Enrolment, Preference
from tests import programme
from tests.programme import NOW, TIMEZONE
from tests.town import Town

# Minutes in all: left out of the quick part.
pytestmark = pytest.mark.slow

MONDAY = date(2026, 3, 2)
DAY = timedelta(days=1)
KIGALI = ZoneInfo(TIMEZONE)
BANK = giving.candidates(bank.load().items)
Sessions = sessionmaker[Session]


@pytest.fixture
def sessions(database_url: str) -> Iterator[Sessions]:
    engine = make_engine(database_url)
    yield make_sessions(engine)
    engine.dispose()


@pytest.fixture
def town_of_mentees(sessions: Sessions) -> dict[str, int]:
    with sessions.begin() as session:
        programme.stock_bank(session)
        return programme.town(session)


def plan_of(weeks: int = 4, **values: Any) -> Plan:
    return read({"start": MONDAY, "end": MONDAY + (7 * weeks - 1) * DAY, **values})


def shown(sessions: Sessions, plan: Plan, now: datetime = NOW, **more: Any) -> Preview:
    with sessions() as session:
        return preview.build(session, plan, now, **more)


# The way to a mentee


@pytest.mark.parametrize(
    ("channel", "outside", "sms_only", "whatsapp_open", "whatsapp_closed", "both_open", "both"),
    [
        ("sms", "template", "sms", "whatsapp", "template", "sms", "sms"),
        ("sms", "sms", "sms", "whatsapp", "template", "sms", "sms"),
        ("whatsapp", "template", "sms", "whatsapp", "template", "whatsapp", "template"),
        ("whatsapp", "sms", "sms", "whatsapp", "template", "whatsapp", "template"),
        ("any", "template", "sms", "whatsapp", "template", "whatsapp", "template"),
        ("any", "sms", "sms", "whatsapp", "template", "whatsapp", "sms"),
    ],
)
def test_the_way_to_a_mentee(
    channel: str,
    outside: str,
    sms_only: str,
    whatsapp_open: str,
    whatsapp_closed: str,
    both_open: str,
    both: str,
) -> None:
    plan = plan_of(channel=channel, outside=outside)
    assert [way(plan, False, False, is_open) for is_open in (True, False)] == [None, None]
    assert [way(plan, True, False, is_open) for is_open in (True, False)] == [sms_only, sms_only]
    assert way(plan, False, True, True) == whatsapp_open
    assert way(plan, False, True, False) == whatsapp_closed
    assert way(plan, True, True, True) == both_open
    assert way(plan, True, True, False) == both


# Capacity


def evenings(plan: Plan) -> list[datetime]:
    return planning.times(plan, "1:1", TIMEZONE, plan.start, plan.end, NOW)


def test_three_a_week_for_half_a_year_retire_twenty_two_to_thirty() -> None:
    plan = plan_of(26)
    doses = evenings(plan)
    assert len(doses) == 78
    found = forecast.capacity(plan, BANK, doses, TIMEZONE, cadre="nurse")
    assert [round(figure) for figure in found.formula.values()] == [22, 30]
    # The checks of critical items after 90 days take their share of the doses.
    assert 14 < found.lived[0.7] < 18
    assert 19 < found.lived[0.85] < 24
    plain = [replace(one, critical=False) for one in BANK]
    found = forecast.capacity(plan, plain, doses, TIMEZONE, cadre="nurse")
    assert 19 < found.lived[0.7] < 24
    assert 25 < found.lived[0.85] < 31
    assert found.expected[0.7] < found.lived[0.7]


def test_a_year_or_two_come_ever_nearer_to_the_formula() -> None:
    plain = [replace(one, critical=False) for one in BANK]
    shares = []
    for weeks in (13, 26, 52, 104):
        plan = plan_of(weeks)
        found = forecast.capacity(plan, plain, evenings(plan), TIMEZONE, cadre="nurse")
        shares.append(found.lived[0.7] / found.formula[0.7])
    assert shares == sorted(shares)
    assert shares[-1] > 0.93


def test_few_items_cap_what_can_be_learnt() -> None:
    plan = plan_of(26)
    few = [replace(one, twin=None, critical=False) for one in BANK[:5]]
    found = forecast.capacity(plan, few, evenings(plan), TIMEZONE, cadre="nurse")
    assert set(found.formula.values()) == {5}
    assert found.lived[0.85] == pytest.approx(5, abs=0.2)
    assert found.fullest.asked < 30


def test_fsrs_retires_nothing_and_shows_how_many_items_are_met() -> None:
    plan = plan_of(26, spacing="fsrs")
    found = forecast.capacity(plan, BANK, evenings(plan), TIMEZONE, cadre="nurse")
    assert set(found.lived.values()) == {0}
    assert 5 < found.fullest.items < 30


def test_figures_are_the_same_every_time_and_nothing_is_no_error() -> None:
    plan = plan_of(6)
    once, again = (forecast.capacity(plan, BANK, evenings(plan), TIMEZONE) for _ in range(2))
    assert once == again
    assert forecast.capacity(plan, BANK, [], TIMEZONE).life == Life()
    assert forecast.capacity(plan, [], evenings(plan), TIMEZONE).lived[0.7] == 0


def lived_with_all(
    plan: Plan, items: list[Candidate], doses: list[datetime], right: float, seed: int
) -> Life:
    """As ``forecast.live``, with every item looked at each time."""
    random, world = Random(seed), {one.item: one for one in items}
    free = datetime.min.replace(tzinfo=UTC)
    asked = answered = reminded = 0
    for due in doses:
        if free - due > LATE:
            continue
        now = max(due, free)
        item = choose(world.values(), frozenset(), None, frozenset(), now, cadre="nurse").item
        if item is None:
            continue
        one, asked = world[item], asked + 1
        if random.random() < forecast.RESPONSE:
            free, answered = now + forecast.LATENCY, answered + 1
            state = spacing.answered(
                plan.spacing, one.state, random.random() < right, free, critical=one.critical
            )
        else:
            free = now + timedelta(hours=plan.expiry)
            state = spacing.expired(one.state, free)
            if plan.reminder:
                before = timedelta(hours=plan.reminder)
                expiry = timedelta(hours=plan.expiry)
                found = calendar.reminder(now, TIMEZONE, before=before, expiry=expiry)
                reminded += found is not None
        world[item] = replace(one, state=state, asked=now)
    touched = [one for one in world.values() if one.asked is not None]
    retired = sum(one.state.retired is not None for one in touched)
    return Life(len(doses), asked, reminded, answered, len(touched), retired)


@given(
    st.lists(
        st.tuples(
            st.booleans(), st.sampled_from(["", "nurse", "chw"]), st.none() | st.integers(0, 12)
        ),
        max_size=30,
    ),
    st.integers(1, 5),
    st.sampled_from(["kerfoot", "fsrs"]),
    st.integers(0, 1000),
)
@settings(max_examples=40, deadline=None)
def test_leaving_items_out_of_sight_changes_nothing(
    drawn: list[tuple[bool, str, int | None]], per_week: int, rule: str, seed: int
) -> None:
    items = [
        Candidate(
            f"i{number}",
            "c",
            critical=critical,
            cadres=frozenset({cadre} - {""}),
            twin=f"i{twin}" if twin is not None else None,
            order=number,
        )
        for number, (critical, cadre, twin) in enumerate(drawn)
    ]
    plan = plan_of(12, per_week=per_week, spacing=rule)
    lived = forecast.live(
        plan,
        items,
        evenings(plan),
        TIMEZONE,
        right=0.7,
        response=forecast.RESPONSE,
        random=Random(seed),
        cadre="nurse",
    )
    assert lived == lived_with_all(plan, items, evenings(plan), 0.7, seed)


# Money


@pytest.mark.parametrize(
    ("budget", "spent", "week"),
    [
        ({"segments": 30}, 0, None),
        ({"segments": 29}, 0, 2),
        ({"segments": 10}, 0, 1),
        ({"segments": 9}, 0, 0),
        ({"segments": 30}, 1, 2),
        ({"money": 3.0, "per_segment": 0.1}, 0, None),
        ({"money": 2.9, "per_segment": 0.1}, 0, 2),
        ({"segments": 30, "money": 1.5, "per_segment": 0.1}, 0, 1),
        ({"per_segment": 0.1}, 0, None),
    ],
)
def test_when_a_budget_runs_out(budget: dict[str, Any], spent: int, week: int | None) -> None:
    weeks = [(MONDAY + 7 * number * DAY, Use(segments=10)) for number in range(3)]
    found = forecast.runs_out(weeks, Budget(**budget), Use(segments=spent))
    assert found == (None if week is None else MONDAY + 7 * week * DAY)


# Who


@pytest.mark.usefixtures("town_of_mentees")
def test_who_gets_it_and_who_does_not_and_why(sessions: Sessions) -> None:
    found = shown(sessions, plan_of())
    assert found.members == 7
    assert found.by == {
        "district": {"Kayonza": 3, "Gatsibo": 3, "not said": 1},
        "facility": {"Rukara": 3, "Gahini": 3, "not said": 1},
        "cadre": {"nurse": 5, "midwife": 1, "chw": 1},
        "language": {"en": 5, "fr": 1, "rw": 1},
        "channel": {"SMS": 4, "WhatsApp": 3},
    }
    assert {one.reason: (one.count, one.names) for one in found.out} == {
        "no address that can be reached": (2, ["Mentee 311", "Mentee 312"]),
        "texted STOP": (1, ["Mentee 308"]),
        "did not consent": (1, ["Mentee 309"]),
        "has not been asked for consent yet, or has not answered": (1, ["Mentee 310"]),
    }


@pytest.mark.usefixtures("town_of_mentees")
@pytest.mark.parametrize(
    ("values", "members", "reasons"),
    [
        ({"cohort": {"people": ["RAM-6"]}}, 1, set()),
        pytest.param({"cohort": {"groups": ["cohort 3"]}}, 1, set()),
        pytest.param({"cohort": {"areas": ["maternal"], "districts": ["KAYONZA"]}}, 1, set()),
        ({"languages": ["fr"]}, 1, {"the language is en", "the language is rw"}),
        ({"items": ["pph-q03"]}, 6, {"no question for the cadre chw"}),
    ],
)
def test_cohorts(
    sessions: Sessions, values: dict[str, Any], members: int, reasons: set[str]
) -> None:
    item = programme.questions().by_id["pph-q03"]
    assert "chw" not in item.cadres
    found = shown(sessions, plan_of(**values))
    assert found.members == members
    assert reasons <= {one.reason for one in found.out}


def test_a_name_that_is_not_there_is_a_number(sessions: Sessions) -> None:
    with sessions.begin() as session:
        programme.stock_bank(session)
        gone = programme.mentee(session, 301, "sms", name="", stopped_at=NOW)
    found = shown(sessions, plan_of())
    assert [one.names for one in found.out] == [[f"person {gone}"]]
    assert found.warnings == ["Nobody would get anything."]
    assert (found.capacity, found.examples, found.doses.total) == (None, [], 0)


# Doses


def over(plan: Plan) -> datetime:
    """When a campaign of this plan is closed."""
    return datetime.combine(plan.end + campaigns.AFTER_END + DAY, time(0), UTC)


def planned_day_by_day(sessions: Sessions, plan: Plan, now: datetime) -> None:
    """Let the real clock's work be done until the campaign is over."""
    while now < over(plan):
        with sessions.begin() as session:
            planning.plan_ahead(session, now)
        now += DAY


def rows(session: Session, plan: Plan) -> Counter[str]:
    planned = (Dose.state == "planned") & (Dose.planned_at < over(plan))
    return Counter(session.scalars(select(Dose.kind).where(planned)))


wishes = st.fixed_dictionaries(
    {},
    optional={
        "hour": st.integers(7, 19),
        "per_week": st.integers(1, 5),
        "weekends": st.booleans(),
        "paused_until": st.integers(0, 20).map(lambda days: NOW + days * DAY),
    },
)
zones = st.sampled_from([TIMEZONE, "Europe/Berlin", "America/New_York", "Pacific/Apia"])
random_plans = st.builds(
    lambda days, start, weekdays, weekends, **values: read(
        {
            "start": MONDAY + start * DAY,
            "end": MONDAY + (start + days) * DAY,
            "weekdays": sorted(weekdays | ({"mon"} if not weekends else set())),
            "weekends": weekends,
            **values,
        }
    ),
    days=st.integers(0, 40),
    start=st.integers(-5, 10),
    weekdays=st.sets(st.sampled_from(["mon", "tue", "thu", "fri", "sun"]), min_size=1),
    weekends=st.booleans(),
    per_week=st.integers(1, 5),
    hour=st.sampled_from(["17:00-19:00", "07:00-08:00", "18:30-19:59"]),
    own_hour=st.booleans(),
    timezone=st.none() | zones,
    summary=st.booleans(),
)


def test_as_many_doses_as_planning_writes(sessions: Sessions) -> None:
    with sessions.begin() as session:
        programme.stock_bank(session)

    @given(random_plans, st.lists(st.tuples(zones, st.none() | wishes), min_size=1, max_size=4))
    # Each example takes a campaign's weeks of planning: too long to look for a shorter one.
    @settings(
        max_examples=15,
        deadline=None,
        suppress_health_check=list(HealthCheck),
        phases=(Phase.explicit, Phase.generate),
    )
    def check(plan: Plan, people: list[tuple[str, dict[str, Any] | None]]) -> None:
        with sessions.begin() as session:
            for table in reversed(Base.metadata.sorted_tables):
                if table.name in ("person", "address", "preference", "enrolment", "dose") or (
                    table.name.startswith("campaign")
                ):
                    session.execute(table.delete())
            for number, (zone, wish) in enumerate(people):
                person = programme.mentee(session, 301 + number, "sms", timezone=zone)
                if wish is not None:
                    session.add(Preference(person_id=person, changed_at=NOW, **wish))
            made = campaigns.create(session, "Any", plan, NOW)
            found = preview.build(session, plan, NOW, campaign=made)
            made.state = "running"
            campaigns.enrol(session, made, plan, NOW)
        planned_day_by_day(sessions, plan, NOW)
        with sessions() as session:
            written = rows(session, plan)
            days = session.scalars(
                select(Dose.slot).where(Dose.state == "planned", Dose.kind == "question")
            ).all()
        assert found.doses.total == written["question"]
        assert found.doses.summaries == written["summary"]
        assert sum(week.doses for week in found.doses.weeks) == written["question"]
        assert (str(found.doses.first), str(found.doses.last)) == (
            (min(days), max(days)) if days else ("None", "None")
        )

    check()


@pytest.mark.usefixtures("town_of_mentees")
def test_the_calendar_of_doses(sessions: Sessions) -> None:
    doses = shown(sessions, plan_of(2)).doses
    assert (doses.total, doses.summaries, doses.about) == (7 * 6, 7 * 2, False)
    assert (doses.first, doses.last) == (MONDAY, MONDAY + 11 * DAY)
    assert [(str(week.monday), week.doses, week.summaries) for week in doses.weeks] == [
        ("2026-03-02", 21, 0),
        ("2026-03-09", 21, 7),
        ("2026-03-16", 0, 7),
    ]
    by_day = Counter[str]()
    for day, hour, number in doses.first_week:
        assert hour in (17, 18)
        by_day[day] += number
    assert by_day == {"mon": 7, "wed": 7, "fri": 7}


@pytest.mark.usefixtures("town_of_mentees")
def test_of_many_a_sample_is_counted_and_it_says_about(sessions: Sessions) -> None:
    doses = shown(sessions, plan_of(2), exact=3).doses
    assert doses.about
    assert (doses.total, doses.summaries) == (42, 14)
    assert doses == shown(sessions, plan_of(2), exact=3).doses


def test_what_has_been_given_and_who_has_left_count_no_more(
    sessions: Sessions, town_of_mentees: dict[str, int]
) -> None:
    plan = plan_of(2)
    with sessions.begin() as session:
        made = campaigns.create(session, "Any", plan, NOW)
        campaigns.launch(session, made, NOW)
        planning.plan_ahead(session, NOW)
        programme.mentee(session, 313, "sms")
        left = select(Enrolment).where(Enrolment.person_id == town_of_mentees["chw"])
        enrolment = session.scalars(left).one()
        enrolment.left_at, enrolment.reason = NOW, "left by their own wish"
    evening = datetime(2026, 3, 2, 17, tzinfo=UTC)  # seven in Kigali
    with sessions.begin() as session:
        given_now = session.scalars(
            select(Dose).where(Dose.person_id == town_of_mentees["sms"]).order_by(Dose.due_at)
        ).first()
        assert given_now is not None
        given_now.state = "given"
    # Changed at noon, before that evening's dose: what has been given stands.
    with sessions.begin() as session:
        made = session.scalars(select(Campaign)).one()
        noon = datetime(2026, 3, 2, 10, tzinfo=UTC)
        found = preview.build(session, plan, noon, campaign=made)
        assert found.members == 7  # with the newcomer, without the one who left
        reasons = [one.reason for one in found.out if one.names == ["Mentee 306"]]
        assert reasons == ["has left it: left by their own wish"]
        assert found.doses.total == 7 * 6 - 1
        campaigns.change(session, made, plan, noon)
    planned_day_by_day(sessions, plan, noon)
    with sessions() as session:
        assert rows(session, plan) == {"question": 7 * 6 - 1, "summary": 7 * 2}
        later = preview.build(session, plan, evening + DAY, campaign=made)
        assert later.doses.total == 7 * 5


# Messages


@pytest.mark.usefixtures("town_of_mentees")
def test_messages_per_language_and_way(sessions: Sessions) -> None:
    plan = plan_of(channel="any", outside="template")
    found = shown(sessions, plan).examples
    ways = {(one.language, one.way) for one in found}
    assert ways == {("en", "sms"), ("en", "whatsapp"), ("en", "template")} | {
        ("fr", "sms"),
        ("rw", "sms"),
    }
    everywhere = {"first question", "question", "reminder", "weekly summary"}
    feedback = {"after a right answer", "after a wrong answer"}
    for language, where in ways:
        whats = {one.what for one in found if (one.language, one.way) == (language, where)}
        assert whats == everywhere | (feedback if where != "template" else set())
    for one in found:
        if one.way == "sms":
            size = count(one.text)
            assert (one.segments, one.encoding) == (size.segments, size.encoding)
            assert not one.buttons
        else:
            assert one.segments is None
    quick = {one.what: one.buttons for one in found if one.way == "whatsapp"}
    assert quick["after a right answer"] == ("More", "Ask a mentor")
    assert quick["question"] == tuple("ABCD")


@pytest.mark.usefixtures("town_of_mentees")
@pytest.mark.parametrize(
    ("values", "ways"),
    [
        ({"channel": "sms"}, {"sms", "whatsapp", "template"}),
        ({"channel": "sms", "cohort": {"people": ["RAM-5"]}}, {"sms"}),
        ({"channel": "whatsapp", "cohort": {"people": ["RAM-5"]}}, {"whatsapp", "template"}),
        ({"outside": "sms", "cohort": {"people": ["RAM-5"]}}, {"whatsapp", "sms"}),
    ],
)
def test_only_what_can_occur_is_shown(
    sessions: Sessions, values: dict[str, Any], ways: set[str]
) -> None:
    found = shown(sessions, plan_of(reminder=0, summary=False, **values))
    assert {one.way for one in found.examples} == ways
    assert not {"reminder", "weekly summary"} & {one.what for one in found.examples}


SMS, FRENCH, OPEN, CLOSED = (f"+25078800030{number}" for number in range(1, 5))


def test_the_messages_shown_are_those_that_arrive(town: Town) -> None:
    town.stock_library()
    town.stock_bank()
    phones = {
        ("en", "sms"): town.mentee(SMS),
        ("fr", "sms"): town.mentee(FRENCH, language="fr"),
        ("en", "whatsapp"): town.mentee(OPEN, "whatsapp"),
        ("en", "template"): town.mentee(CLOSED, "whatsapp"),
    }
    values = {"topics": ["pph"], "summary": False, "per_week": 5}
    town.campaign(**values)
    today = town.time.now().astimezone(KIGALI)
    town.until(today.replace(hour=16, minute=0))
    phones["en", "whatsapp"].says("MENU")
    read_so_far = len(phones["en", "whatsapp"].received())
    with town.works.sessions() as session:
        made = session.scalars(select(Campaign)).one()
        plan = campaigns.plan_of(session, made)
        found = preview.build(session, plan, town.time.now(), campaign=made)
    assert not any("not approved" in warning for warning in found.warnings)
    texts = {(one.language, one.way, one.what): one for one in found.examples}
    town.until(today.replace(hour=19, minute=1))
    for (language, where), phone in phones.items():
        shown_now = texts[language, where, "first question"]
        first = phone.received()[read_so_far if where == "whatsapp" else 0]
        assert first.body == shown_now.text, where
        opened = first.picker["button"] if first.picker else None
        rows = first.picker["items"] if first.picker else []
        pressed = [one["title"] for one in first.buttons] or [row["item"] for row in rows]
        assert (tuple(pressed), opened) == (shown_now.buttons, shown_now.list), where
    town.live(days=2, hours=2, step=2)
    for (language, where), phone in phones.items():
        reminded = texts[language, "template" if where != "sms" else "sms", "reminder"]
        assert phone.received()[-1].body == reminded.text
    for (language, where), phone in phones.items():
        phone.says("B")
        ending = texts[language, "sms" if where == "sms" else "whatsapp", "after a right answer"]
        body = phone.received()[-1].body
        # The first words vary by person and question.
        assert body.splitlines()[1:] == ending.text.splitlines()[1:]


# Use and cost


def test_what_goes_out_and_costs(sessions: Sessions) -> None:
    with sessions.begin() as session:
        programme.stock_bank(session)
        for number in (301, 302):
            programme.mentee(session, number, "sms")
        programme.mentee(session, 303, "whatsapp")
    budget = {"money": 5.0, "per_segment": 0.05, "per_template": 0.02, "per_message": 0.01}
    plan = plan_of(10, topics=["pph"], summary=False, budget=budget)
    found = shown(sessions, plan)
    it, life = found.expected, found.capacity
    assert life is not None
    assert found.doses.total == 90
    # Monday's question, unanswered, is still open on Wednesday.
    assert it.questions == round(90 * life.life.asked / 30) < 80
    assert it.answers == pytest.approx(0.6 * it.questions, rel=0.05)
    assert it.reminders == pytest.approx(0.4 * it.questions, rel=0.08)
    assert it.use.templates == pytest.approx((it.questions + it.reminders) / 3, rel=0.02)
    assert it.use.messages == pytest.approx(it.answers / 3, rel=0.02)
    # English questions of one segment, feedback of two.
    least = 2 / 3 * (it.questions + it.reminders + 2 * it.answers)
    assert least * 0.9 < it.use.segments < least * 1.2
    plan_budget = plan.budget
    assert plan_budget is not None
    assert it.cost == round(it.use.cost(plan_budget), 2)
    assert (it.suffices, it.currency) == (False, "USD")
    assert it.runs_out is not None
    assert MONDAY <= it.runs_out < plan.end
    enough = shown(sessions, plan_of(10, topics=["pph"], budget={**budget, "money": 500}))
    assert (enough.expected.suffices, enough.expected.runs_out) == (True, None)
    assert enough.expected.summaries > 0
    unpriced = shown(sessions, plan_of(10, topics=["pph"])).expected
    assert (unpriced.cost, unpriced.suffices) == (None, None)


@pytest.mark.usefixtures("town_of_mentees")
def test_everything_answered_means_every_dose_is_a_question(sessions: Sessions) -> None:
    it = shown(sessions, plan_of(4), response=1.0).expected
    assert (it.questions, it.answers, it.reminders) == (84, 84, 0)


# Tips


@pytest.mark.usefixtures("town_of_mentees")
def test_tips(sessions: Sessions) -> None:
    tips = [{"en": "Wash your hands.", "fr": "Lavez vos mains."}, {"en": "Keep warm." * 20}]
    plan = plan_of(4, kind="tips", tips=tips)
    found = shown(sessions, plan)
    assert found.members == 7
    assert found.doses.total == 14  # two each, though there are twelve evenings
    assert found.capacity is None
    assert (found.expected.questions, found.expected.reminders) == (14, 0)
    assert found.expected.use.templates == 6
    # One and two segments, four mentees.
    assert found.expected.use.segments == pytest.approx(4 * 3)
    texts = {(one.language, one.way): one.text for one in found.examples}
    assert texts["fr", "sms"] == "Lavez vos mains."
    assert texts["rw", "sms"] == texts["en", "whatsapp"] == "Wash your hands."
    assert "Wash your hands." in texts["en", "template"] != texts["en", "whatsapp"]
    said = " ".join(found.warnings)
    assert "1 mentee with the language fr: 1 of 2 tips are not written in it" in said
    assert "1 of 2 tips (50%) are longer than one SMS segment in en" in said


# Warnings


def warnings(sessions: Sessions, now: datetime = NOW, **values: Any) -> str:
    weeks = values.pop("weeks", 4)
    return "\n".join(shown(sessions, plan_of(weeks, **values), now).warnings)


@pytest.mark.usefixtures("town_of_mentees")
def test_warnings(sessions: Sessions) -> None:
    plain = warnings(sessions, languages=["en"], channel="sms", cohort={"people": ["RAM-5"]})
    assert plain == ""
    late = NOW + 3 * DAY
    assert "The start, 2026-03-02, has passed: 2 days are lost." in warnings(sessions, late)
    assert "It would have ended on 2026-03-29" in warnings(sessions, NOW + 40 * DAY)
    three = warnings(sessions, weeks=3)
    assert "shorter than 24 days: no question is learnt for good" in three
    assert "shorter" not in warnings(sessions, weeks=3, spacing="fsrs")
    few = warnings(sessions, weeks=26, items=["pph-q01", "pph-q03"])
    assert "A mentee gets 78 doses and there are 2 questions for them, so questions come" in few
    assert "doses find nothing to ask" in few
    some = warnings(sessions)
    assert "1 mentee with the language rw: 30 of 30 questions are not written in it" in some
    assert "WhatsApp has not approved quiz_4 (en) and quiz_week (en)" in some
    assert "are longer than one SMS segment in fr" in some
    assert "SMS segment in en" not in some
    late_hour = warnings(sessions, hour="18:00-21:00")
    assert "A part of 18:00-21:00 is quiet (20:00-07:00)" in late_hour
    assert "quiet" not in warnings(sessions, hour="18:00-20:00")


@pytest.mark.usefixtures("town_of_mentees")
def test_another_campaign_with_the_same_mentees(sessions: Sessions) -> None:
    with sessions.begin() as session:
        other = campaigns.create(session, "Other", plan_of(cohort={"districts": ["kayonza"]}), NOW)
        campaigns.launch(session, other, NOW)
    said = "3 mentees in 'Other' as well"
    assert said in warnings(sessions)
    assert said not in warnings(sessions, cohort={"districts": ["Gatsibo"]})
    with sessions() as session:
        running = session.scalars(select(Campaign)).one()
        own = preview.build(session, plan_of(), NOW, campaign=running)
        assert not any("as well" in warning for warning in own.warnings)


# Nothing is written


@pytest.mark.usefixtures("town_of_mentees")
def test_a_preview_writes_nothing_and_can_be_json(sessions: Sessions) -> None:
    with sessions() as session:
        before = {t: session.scalar(select(func.count()).select_from(t)) for t in tables()}
        found = preview.build(session, plan_of(), NOW)
        assert [*session.new, *session.dirty, *session.deleted] == []
        after = {t: session.scalar(select(func.count()).select_from(t)) for t in tables()}
    assert before == after
    data = asdict(found)
    data["doses"]["groups"] = len(data["doses"]["groups"])
    assert json.loads(json.dumps(data, default=str))["members"] == 7


def tables() -> list[Any]:
    return list(Base.metadata.sorted_tables)


def test_ways_are_never_to_where_nobody_is() -> None:
    for channel, outside, is_open in product(
        ("any", "whatsapp", "sms"), ("template", "sms"), (True, False)
    ):
        plan = plan_of(channel=channel, outside=outside)
        assert way(plan, True, False, is_open) == "sms"
        assert way(plan, False, True, is_open) == ("whatsapp" if is_open else "template")
