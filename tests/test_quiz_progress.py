"""Figures, summaries and reports against what the rows say when one counts them by hand."""

from __future__ import annotations

import json
import statistics
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from itertools import count as numbers
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import Engine, event
from sqlalchemy.orm import Session
from typer.testing import CliRunner

from bot.quizzes import averages, bank, catalogue, giving, progress, spacing, summaries
from bot.quizzes.outcome import BY, outcome
from bot.quizzes.plan import Plan
from bot.reports.table import TOO_FEW
from bot.text.gsm7 import to_gsm7
from bot.text.segments import count
from cli.app import app
from cli.errors import Refusal
from store.base import make_engine, make_sessions
from store.knowledge import Card
from store.messages import OutboxMessage
from store.people import Address, Facility, Person
from store.quizzes import (
    Answer,
    Campaign,
    CampaignVersion,
    Dose,
    Enrolment,
    ItemVersion,
    LearnerItem,
    Preference,
)

# Minutes in all: left out of the quick part.
pytestmark = pytest.mark.slow

MONDAY = datetime(2026, 3, 2, tzinfo=UTC)  # 02:00 in Kigali
NOW = datetime(2026, 3, 12, 9, 0, tzinfo=UTC)  # a Thursday, ten days later
ITEMS = 8
TITLES = {
    "c0": {"en": "Prevent bleeding after birth", "fr": "Prévenir le saignement"},
    "c1": {"en": "Find danger signs and act", "fr": "Trouver les signes de danger"},
    "c2": {"en": "Give zinc at the right dose", "fr": "Donner le zinc à la bonne dose"},
}
LONG = {
    "en": "Recognise dysentery and persistent diarrhoea [early], " + "and refer them at once " * 4,
    "fr": "Reconnaître l'ictère, la dysenterie et la fièvre, et référer dès que possible " * 2,
}
_NUMBER = numbers(1)


@dataclass
class House:
    """A database with a small bank, and hands to put rows into it."""

    session: Session
    queries: list[str] = field(default_factory=list)

    def person(self, **values: Any) -> Person:
        number = next(_NUMBER)
        row = Person(
            name=f"Mentee {number}",
            language="en",
            timezone="Africa/Kigali",
            consent="yes",
            technical_areas=[],
            external_id=f"ext-{number}",
            **values,
        )
        self.session.add(row)
        self.session.flush()
        return row

    def campaign(self, *people: Person, **plan: Any) -> Campaign:
        row = Campaign(
            name=f"Campaign {next(_NUMBER)}", state="running", version=1, created_at=MONDAY
        )
        self.session.add(row)
        self.session.flush()
        made = Plan(start=MONDAY.date(), end=MONDAY.date() + timedelta(days=182), **plan)
        version = CampaignVersion(
            campaign_id=row.id, version=1, plan=made.model_dump(mode="json"), created_at=MONDAY
        )
        self.session.add(version)
        for person in people:
            self.enrol(row, person)
        return row

    def enrol(self, campaign: Campaign, person: Person, **values: Any) -> None:
        times = {"joined_at": MONDAY, "planned_to": MONDAY}
        self.session.add(Enrolment(campaign_id=campaign.id, person_id=person.id, **times, **values))
        self.session.flush()

    def dose(self, person: Person, campaign: Campaign | None, at: datetime, **values: Any) -> Dose:
        row = Dose(
            **{
                "person_id": person.id,
                "campaign_id": campaign.id if campaign else None,
                "campaign_version": 1 if campaign else None,
                "kind": "question",
                "slot": f"slot:{next(_NUMBER)}",
                "planned_at": at,
                "due_at": at,
                "unreadable": 0,
                **values,
            }
        )
        self.session.add(row)
        self.session.flush()
        return row

    def asked(
        self,
        person: Person,
        campaign: Campaign | None,
        at: datetime,
        item: int = 0,
        *,
        right: bool | None = None,
        after: timedelta = timedelta(minutes=40),
        state: str = "expired",
        message: str | None = "delivered",
        channel: str = "sms",
        **values: Any,
    ) -> Dose:
        """A question that left; ``right``: answered so, and remembered by Kerfoot's rule."""
        name = f"q{item}"
        dose = self.dose(
            person,
            campaign,
            at,
            state=state if right is None else "answered",
            item_id=name,
            item_version=1,
            chosen="new",
            language=person.language,
            sent_at=at,
            expires_at=at + timedelta(hours=72),
            **values,
        )
        if message is not None:
            self.say(dose, giving.QUESTION, at, state=message, channel=channel)
        memory = self.session.get(LearnerItem, (person.id, name))
        if memory is None:
            memory = LearnerItem(
                person_id=person.id, item_id=name, rule="kerfoot", answers=0, streak=0, missed=0
            )
            self.session.add(memory)
        memory.asked_at = at
        if right is not None:
            self._answer(dose, memory, right, after)
        self.session.flush()
        return dose

    def _answer(self, dose: Dose, memory: LearnerItem, right: bool, after: timedelta) -> None:
        assert dose.sent_at is not None
        when = dose.sent_at + after
        before = giving.state_of(memory)
        new = spacing.kerfoot(before, right, when)
        self.session.add(
            Answer(
                dose_id=dose.id,
                person_id=dose.person_id,
                campaign_id=dose.campaign_id,
                item_id=memory.item_id,
                item_version=1,
                competency=f"c{int(memory.item_id[1:]) % 3}",
                option=1 if right else 0,
                right=right,
                first=before.is_new,
                late=after > timedelta(hours=72),
                answered_at=when,
                latency=after.total_seconds(),
                text="b, tel 0788000999",
                channel="sms",
                rule="kerfoot",
                recall=spacing.predicted_recall(before, when),
                before=spacing.to_json(before),
                after=spacing.to_json(new),
            )
        )
        memory.due, memory.last, memory.answers = new.due, new.last, new.answers
        memory.streak, memory.retired = new.streak, new.retired
        dose.option, dose.right, dose.closed_at = int(right), right, when

    def say(self, dose: Dose, kind: str, at: datetime, **values: Any) -> OutboxMessage:
        left = values.get("state") not in ("queued", "dropped")
        row = OutboxMessage(
            person_id=dose.person_id,
            dose_id=dose.id,
            kind=kind,
            dedupe_key=f"test:{next(_NUMBER)}",
            language="en",
            body="A question",
            priority=0,
            created_at=at,
            next_attempt_at=at,
            sent_at=at if left else None,
            provider_sid=f"SM{next(_NUMBER)}" if left else None,
            form="free",
            segments=1,
            **values,
        )
        self.session.add(row)
        self.session.flush()
        return row

    @contextmanager
    def counted(self) -> Iterator[list[str]]:
        """The statements that run meanwhile."""
        engine = self.session.get_bind()
        found: list[str] = []

        def note(_c: Any, _k: Any, statement: str, *_: Any) -> None:
            found.append(statement)

        self.session.flush()
        event.listen(engine, "before_cursor_execute", note)
        try:
            yield found
        finally:
            event.remove(engine, "before_cursor_execute", note)


def small_bank() -> bank.Bank:
    """Items q0 ... of three competencies in turn; the second option is right."""
    items = tuple(
        bank.Item(
            id=f"q{number}",
            topic="t",
            version=1,
            competency=f"c{number % 3}",
            stem={"en": f"Question {number}?", "fr": f"La question {number} ?"},
            options={"en": ("No", "Yes", "Maybe"), "fr": ("Non", "Oui", "Peut-être")},
            answer=1,
            why={"en": "Because.", "fr": "Parce que."},
            source="made up",
            card=None if number % 3 == 2 else f"card{number}",
        )
        for number in range(ITEMS)
    )
    competencies = tuple(bank.Competency(name, "t", title) for name, title in TITLES.items())
    return bank.Bank((bank.Topic("t", {"en": "A topic"}, ""),), competencies, items)


@pytest.fixture
def engine(database_url: str) -> Iterator[Engine]:
    made = make_engine(database_url)
    yield made
    made.dispose()


@pytest.fixture
def house(engine: Engine) -> Iterator[House]:
    with make_sessions(engine)() as session:
        catalogue.save(session, small_bank())
        session.add_all(
            Card(id=f"card{number}", topic="t", live_version=1) for number in range(ITEMS)
        )
        session.flush()
        yield House(session)


# Each: hours since the one before, item, right or not answered, hours until the answer.
HISTORY = st.lists(
    st.tuples(
        st.integers(1, 200),
        st.integers(0, ITEMS - 1),
        st.sampled_from([True, True, False, None]),
        st.sampled_from([0.2, 0.9, 5.0, 71.0, 80.0]),
    ),
    max_size=25,
)
ROUGHLY = settings(
    max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)


def put(
    house: House, person: Person, campaign: Campaign | None, history: list[Any]
) -> list[dict[str, Any]]:
    """The history as rows, ending before ``NOW``; returns it as plain facts."""
    at = NOW - timedelta(hours=sum(step for step, *_ in history) + 90)
    facts = []
    for step, item, right, hours in history:
        at += timedelta(hours=step)
        dose = house.asked(person, campaign, at, item, right=right, after=timedelta(hours=hours))
        when = at + timedelta(hours=hours)
        facts.append({"dose": dose.id, "item": item, "right": right, "at": at, "when": when})
    return facts


@ROUGHLY
@given(history=HISTORY, timezone=st.sampled_from(["Africa/Kigali", "Pacific/Apia", "UTC"]))
def test_figures_are_what_the_rows_say(house: House, history: list[Any], timezone: str) -> None:
    person = house.person()
    person.timezone = timezone
    facts = put(house, person, None, history)
    found = progress.figures(house.session, person, NOW)
    answers = [fact for fact in facts if fact["right"] is not None]
    assert found.answered == len(answers)
    assert found.right == sum(fact["right"] for fact in answers)
    firsts = {fact["item"]: fact["right"] for fact in reversed(answers)}
    assert (found.first_tries, found.first_right) == (len(firsts), sum(firsts.values()))
    assert found.missed == len(facts) - len(answers)
    states = {item: spacing.State() for item in firsts}
    for fact in answers:
        states[fact["item"]] = spacing.kerfoot(states[fact["item"]], fact["right"], fact["when"])
    learnt = [state for state in states.values() if state.retired]
    assert (found.learnt, found.in_use) == (len(learnt), len(states) - len(learnt))
    assert found.due_now == sum(1 for state in states.values() if state.due and state.due <= NOW)
    hours = {"Africa/Kigali": -2, "Pacific/Apia": -13, "UTC": 0}[timezone]
    monday = datetime(2026, 3, 9, tzinfo=UTC) + timedelta(hours=hours)
    week = [fact for fact in answers if fact["when"] >= monday]
    assert (found.week_answered, found.week_right) == (len(week), sum(f["right"] for f in week))
    assert found.since == min((fact["at"] for fact in facts), default=None)
    assert {part.id: (len(part.answers), len(part.rights)) for part in found.competencies} == {
        f"c{n}": (len(own), sum(own))
        for n in range(3)
        if (own := [fact["right"] for fact in answers if fact["item"] % 3 == n])
    }
    for name, ids in found.rows.items():
        assert len(ids) == len(set(ids)) == getattr(found, name)
    assert set(found.rows["right"]) <= set(found.rows["answered"])
    assert found.rows["missed"] == tuple(f["dose"] for f in facts if f["right"] is None)
    said = progress.text(found, 0.5, "fr", timezone)
    assert 1 <= count(to_gsm7(said, "fr")).segments <= progress.MOST


def test_a_withdrawn_item_is_not_due(house: House) -> None:
    person = house.person()
    house.asked(person, None, NOW - timedelta(days=20), right=False)
    assert progress.figures(house.session, person, NOW).due_now == 1
    catalogue.withdraw(house.session, "q0", NOW, "unclear")
    found = progress.figures(house.session, person, NOW)
    assert (found.due_now, found.in_use, found.answered) == (0, 0, 1)


def test_only_a_running_campaign_promises_a_question(house: House) -> None:
    person = house.person()
    campaign = house.campaign(person)
    house.dose(person, campaign, NOW + timedelta(days=3))
    house.dose(person, campaign, NOW + timedelta(days=1), kind="summary")
    found = progress.figures(house.session, person, NOW)
    assert found.next_question == NOW + timedelta(days=3)
    campaign.state = "paused"
    assert progress.figures(house.session, person, NOW).next_question is None


def made(answers: dict[str, str], **values: Any) -> progress.Figures:
    """Figures of these answers per competency, such as {"c0": "rrw"}."""
    ids = numbers(1)
    parts = []
    for name, marks in answers.items():
        own = [(next(ids), mark == "r") for mark in marks]
        title = values.get("titles", TITLES)[name]
        rights = tuple(n for n, right in own if right)
        parts.append(progress.Part(name, title, tuple(n for n, _ in own), rights))
    values.pop("titles", None)
    answered = sum(len(part.answers) for part in parts)
    right = sum(len(part.rights) for part in parts)
    none = dict.fromkeys(("first_tries", "first_right", "learnt", "in_use", "due_now", "missed"), 0)
    return progress.Figures(
        **{
            **none,
            "answered": answered,
            "right": right,
            "week_answered": 0,
            "week_right": 0,
            "competencies": tuple(parts),
            "next_question": None,
            "since": MONDAY if answered else None,
            "rows": {},
            **values,
        }
    )


def test_progress_in_words() -> None:
    none = progress.text(made({}), 0.7, "en", "Africa/Kigali")
    assert "QUIZ" in none
    assert "%" not in none
    figures = made(
        {"c0": "rrr", "c1": "rww", "c2": "ww"},
        learnt=2,
        in_use=4,
        week_answered=3,
        week_right=2,
        next_question=datetime(2026, 3, 13, 15, 4, tzinfo=UTC),
    )
    said = progress.text(figures, 0.714, "en", "Africa/Kigali")
    assert said == (
        "Well done. Since 2 Mar: 8 answered, 4 right. Learnt: 2, in practice: 4."
        " This week: 3 answered, 2 right. Strongest: Prevent bleeding after birth."
        " To work on: Find danger signs and act. Right answers: you 50%, your group 71%."
        " Next question: Fri 13 Mar, 17:04. QUIZ brings one now."
    )
    assert count(said).segments == progress.AIM
    french = progress.text(figures, None, "fr", "Pacific/Apia")
    assert "Point fort : Prévenir le saignement." in french
    assert "sam. 14 mars, 04:04" in french
    assert "groupe" not in french
    assert progress.text(figures, None, "rw", "UTC").startswith("Well done.")


def test_positives_first_and_no_comparison_before_five_answers() -> None:
    few = progress.text(made({"c0": "rrwr"}), 0.9, "en", "UTC")
    assert "group" not in few
    none_right = progress.text(made({"c0": "www"}), 0.9, "en", "UTC")
    assert "Strongest" not in none_right
    assert "To work on" in none_right
    only = made({"c0": "rrw"})
    assert only.strongest is not None
    assert only.to_work_on is None
    assert made({"c0": "rr", "c1": "ww"}).strongest is None


@pytest.mark.parametrize("language", ["en", "fr"])
def test_long_titles_stay_within_the_segments(language: str) -> None:
    titles = dict.fromkeys(("c0", "c1", "c2"), LONG)
    figures = made(
        {"c0": "r" * 1234, "c1": "w" * 999},
        titles=titles,
        learnt=200,
        in_use=210,
        week_answered=123,
        week_right=99,
        next_question=datetime(2026, 12, 31, 15, 4, tzinfo=UTC),
    )
    said = progress.text(figures, 0.71, language, "Africa/Kigali")
    assert count(to_gsm7(said, language)).segments <= progress.MOST
    assert "..." in said
    week = summaries.Week(99, 88, [LONG, LONG, LONG], 0.71, LONG)
    for number in range(6):
        for more in (False, True):
            for right in (0, 88):
                one = summaries.Week(99, right, week.learnt, 0.71, LONG, more, number)
                short = summaries.text(one, language)
                assert count(to_gsm7(short, language)).segments <= summaries.MOST
                assert "\n" not in short
                assert ("MORE" if more else "QUIZ") in short
                assert "99" in short


def test_the_group_average_needs_five_answers_of_five_mentees(house: House) -> None:
    people = [house.person() for _ in range(5)]
    campaign, other = house.campaign(*people), house.campaign()
    until = MONDAY + timedelta(days=7)

    def average() -> float | None:
        return averages.group_average(house.session, campaign.id, MONDAY, until)

    for person in people[:4]:
        house.asked(person, campaign, MONDAY, 0, right=True)
        house.asked(person, campaign, MONDAY, 1, right=False)
    house.asked(people[4], campaign, until, 0, right=True)  # the week after
    house.asked(people[4], other, MONDAY, 0, right=True)
    assert average() is None
    house.asked(people[4], campaign, MONDAY, 1, right=True)
    assert average() == 5 / 9
    assert averages.group_averages(house.session, []) == {}


MOMENTS = st.integers(0, 60 * 48)
GIVEN = st.tuples(st.integers(0, 6), st.booleans(), st.booleans(), MOMENTS)


@ROUGHLY
@given(
    rounds=st.lists(st.lists(GIVEN, max_size=12), min_size=1, max_size=4),
    ends=st.lists(st.tuples(MOMENTS, MOMENTS), min_size=1, max_size=3),
    newest=st.integers(1, 6),
)
def test_a_kept_average_is_that_of_all_the_rows(
    house: House, rounds: list[list[Any]], ends: list[Any], newest: int
) -> None:
    people = [house.person() for _ in range(7)]
    campaigns = [house.campaign(), house.campaign()]
    spans = [
        (campaign.id, *(MONDAY + timedelta(minutes=end) for end in sorted(pair)))
        for campaign in campaigns
        for pair in ends
    ]
    kept, rows = averages.Averages(newest), []
    for answers in rounds:
        for person, second, right, minute in answers:
            campaign, when = campaigns[second], MONDAY + timedelta(minutes=minute)
            item = next(_NUMBER) % 3
            house.asked(people[person], campaign, when, item, right=right, after=timedelta(0))
            rows.append((campaign.id, when, person, right))
        found = kept.of(house.session, spans)
        for span in spans:
            own = [row for row in rows if row[0] == span[0] and span[1] <= row[1] < span[2]]
            enough = len({person for _, _, person, _ in own}) >= averages.LEAST_PEERS
            wanted = sum(row[3] for row in own) / len(own) if enough else None
            assert found[span] == wanted


@ROUGHLY
@given(histories=st.lists(HISTORY, min_size=1, max_size=3))
def test_weak_competencies_are_what_the_rows_say(house: House, histories: list[Any]) -> None:
    people = [house.person() for _ in histories]
    wanted = {}
    for person, history in zip(people, histories, strict=True):
        facts = [fact for fact in put(house, person, None, history) if fact["right"] is not None]
        facts.sort(key=lambda fact: (fact["when"], fact["dose"]))
        newest = {n: [f["right"] for f in facts if f["item"] % 3 == n][-10:] for n in range(3)}
        wanted[person.id] = {
            f"c{n}" for n, own in newest.items() if len(own) >= 3 and sum(own) / len(own) < 0.7
        }
    with house.counted() as queries:
        assert progress.weak_competencies(house.session, list(wanted)) == wanted
    assert len(queries) == 2


def test_progress_as_the_word_brings_it(house: House) -> None:
    people = [house.person() for _ in range(5)]
    campaign = house.campaign(*people)
    for person in people:
        for day in range(5):
            house.asked(person, campaign, MONDAY + timedelta(days=day), day, right=day > 0)
    assert "you 80%, your group 80%" in progress.shown(house.session, people[0], NOW)
    alone = house.person()
    assert "not answered a question yet" in progress.shown(house.session, alone, NOW)


# The weekly summary


def summary(house: House, person: Person, campaign: Campaign) -> Dose:
    return house.dose(
        person, campaign, MONDAY + timedelta(days=7), kind="summary", slot="week:2026-03-02"
    )


NEXT = MONDAY + timedelta(days=7, hours=10)


def test_a_week_is_the_mentees_own(house: House) -> None:
    person = house.person()
    campaign, other = house.campaign(person), house.campaign(person)
    dose = summary(house, person, campaign)
    none = summaries.body(house.session, dose, person, NEXT)
    assert none == summaries.Skip(summaries.NOTHING)
    start = MONDAY - timedelta(hours=2)  # Monday 00:00 in Kigali
    quick = {"after": timedelta(0)}
    house.asked(person, campaign, start - timedelta(seconds=1), 0, right=True, **quick)
    house.asked(person, campaign, start + timedelta(days=7), 0, right=True, **quick)
    house.asked(person, other, start + timedelta(days=1), 0, right=True, **quick)
    assert isinstance(summaries.body(house.session, dose, person, NEXT), summaries.Skip)
    house.asked(person, campaign, start, 3, right=True, **quick)
    house.asked(person, None, start + timedelta(days=7, seconds=-1), 4, right=False, **quick)
    said = summaries.body(house.session, dose, person, NEXT)
    assert isinstance(said, summaries.Body)
    assert "Going well: Prevent bleeding after birth." in said.text
    assert "Find danger signs and act" in said.text
    assert "MORE" in said.text
    assert "group" not in said.text
    house.asked(person, campaign, start + timedelta(days=7, hours=1), 5, right=True, **quick)
    said = summaries.body(house.session, dose, person, NEXT)
    assert isinstance(said, summaries.Body)
    assert "MORE" not in said.text  # it would bring the card of the new week's answer


def test_more_is_offered_where_it_brings_the_card(house: House) -> None:
    def said(item: int, **values: Any) -> str:
        person = house.person(**values)
        campaign = house.campaign(person)
        house.asked(person, campaign, MONDAY + timedelta(days=4), item, right=False)
        body = summaries.body(house.session, summary(house, person, campaign), person, NEXT)
        assert isinstance(body, summaries.Body)
        return body.text

    assert "MORE" in said(1)
    assert "QUIZ" in said(2)  # without a card
    card = house.session.get_one(Card, "card1")
    card.withdrawn_at = NOW
    assert "MORE" not in said(1)


def test_what_was_retired_comes_first_and_the_weakest_is_to_try(house: House) -> None:
    person = house.person()
    campaign = house.campaign(person)
    house.asked(person, campaign, MONDAY - timedelta(days=30), 1, right=True)
    for day, item, right in (
        (0, 0, True),
        (1, 1, True),
        (2, 2, False),
        (3, 5, True),
        (4, 3, False),
    ):
        house.asked(person, campaign, MONDAY + timedelta(days=day), item, right=right)
    said = summaries.body(house.session, summary(house, person, campaign), person, NEXT)
    assert isinstance(said, summaries.Body)
    assert "5" in said.text
    well, to_try = said.text.split("Going well: ")[1].split(". ", 1)
    assert well == "Find danger signs and act"
    assert "Prevent bleeding after birth" in to_try  # as weak as c2, first by name
    assert summaries.body(house.session, summary(house, person, house.campaign()), person, NEXT)


def test_the_wording_changes_from_week_to_week_and_stays_for_one() -> None:
    weeks = [summaries.text(summaries.Week(3, 3, number=n), "fr") for n in range(12)]
    assert all(one != two for one, two in pairwise(weeks))
    assert weeks == [summaries.text(summaries.Week(3, 3, number=n), "fr") for n in range(12)]


def test_queries_do_not_grow_with_the_number_of_people(house: House) -> None:
    people = [house.person() for _ in range(100)]
    for number, person in enumerate(people):
        person.timezone = ("Africa/Kigali", "UTC", "Asia/Kathmandu")[number % 3]
    campaign = house.campaign(*people)
    for number, person in enumerate(people):
        for day in range(3):
            at = MONDAY + timedelta(days=day, hours=9)
            house.asked(person, campaign, at, (number + day) % ITEMS, right=number % 4 > 0)
    doses = [summary(house, person, campaign) for person in people]
    used = []
    for most in (5, 100):
        by_id = {person.id: person for person in people[:most]}
        with house.counted() as queries:
            said = summaries.bodies(house.session, doses[:most], by_id, NEXT)
            progress.weak_competencies(house.session, list(by_id))
        used.append(len(queries))
        assert len(said) == most
    assert used[0] == used[1] <= 6
    texts = [one.text for one in said.values() if isinstance(one, summaries.Body)]
    assert all("Your group: 75% right." in text or "group" in text for text in texts)
    assert summaries.bodies(house.session, [], {}, NOW) == {}


# The trace


def test_the_trace_tells_all_of_a_dose(house: House) -> None:
    person = house.person()
    campaign = house.campaign(person)
    late = timedelta(hours=80)
    house.asked(person, campaign, MONDAY, 1, right=False)
    dose = house.asked(
        person, campaign, MONDAY + timedelta(days=13), 1, right=True, after=late, unreadable=2
    )
    reminded = MONDAY + timedelta(days=15)
    house.say(dose, giving.REMINDER, reminded, state="read", channel="sms")
    after = NOW + timedelta(days=30)
    void = house.dose(person, campaign, after, state="void", reason="the plan changed")
    first, second, third = progress.trace(house.session, person)
    assert (second["reminded_at"], second["segments"], second["unreadable"]) == (reminded, 2, 2)
    assert [one["state"] for one in second["messages"]] == ["delivered", "read"]
    answer = second["answer"]
    assert (answer["option"], answer["words"], answer["right"]) == ("B", "Yes", True)
    assert (answer["late"], answer["first"], answer["latency"]) == (True, False, 80 * 3600)
    assert answer["text"] == "b, tel [phone]"
    assert answer["before"] == first["answer"]["after"]
    assert answer["next_due"] == answer["after"]["due"]
    assert (third["id"], third["reason"], third["answer"]) == (void.id, "the plan changed", None)


# The commands


@dataclass
class Shell:
    """`./mentorline campaign …` on the house's database."""

    house: House

    def __call__(self, *words: str) -> str:
        self.house.session.commit()
        answer = CliRunner().invoke(app, ["campaign", *words])
        if answer.exception is not None and not isinstance(answer.exception, SystemExit):
            raise answer.exception
        assert answer.exit_code == 0, answer.output
        return answer.output

    def json(self, *words: str) -> Any:
        return json.loads(self(*words, "--json"))


@pytest.fixture
def shell(
    house: House, database_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Shell:
    monkeypatch.setenv("DATABASE_URL", database_url)
    monkeypatch.setenv("MENTORLINE_HOME", str(tmp_path))
    return Shell(house)


def test_a_coordinator_traces_a_mentee(shell: Shell) -> None:
    house = shell.house
    person = house.person(cadre="nurse", facility=Facility(name="Gahini", district="Kayonza"))
    person.name = "+250788000777"
    for channel in ("sms", "whatsapp"):
        house.session.add(Address(person_id=person.id, channel=channel, value="+250788000555"))
    house.session.add(Preference(person_id=person.id, hour=18, changed_at=NOW))
    campaign = house.campaign(person)
    put(house, person, campaign, [(24, n % ITEMS, n % 3 > 0, 1.0) for n in range(12)])
    found = shell.json("mentee", "0788 000 555")
    assert found["figures"]["answered"]["value"] == 12
    ids = [dose["answer"]["id"] for dose in found["doses"]]
    assert found["figures"]["answered"] == {"value": 12, "rows": "answer", "ids": ids}
    assert found["mentee"]["enrolments"][0]["name"] == campaign.name
    said = shell("mentee", person.external_id or "")
    assert f"answered 12 (answers {', '.join(map(str, ids))})" in said
    for words in ("Gahini", "Kayonza", "hour 18", "q3@1", "next due", "sms delivered"):
        assert words in said
    for number in ("788000555", "788000777", "788000999"):
        assert number not in said
        assert number not in json.dumps(found)
    with pytest.raises(Refusal, match="Nobody has"):
        shell("mentee", "0788000444")


def test_what_people_typed_cannot_move_the_cursor(shell: Shell) -> None:
    person = shell.house.person()
    dose = shell.house.asked(person, None, MONDAY, right=True)
    shell.house.session.flush()
    answer = shell.house.session.query(Answer).filter_by(dose_id=dose.id).one()
    answer.text = "\x1b[2J[bold]b[/nothing] :smile:"
    said = shell("mentee", person.external_id or "")
    assert "\x1b" not in said
    assert "[bold]b[/nothing] :smile:" in said.replace("\n", " ")


def test_small_groups_are_not_shown(shell: Shell) -> None:
    house = shell.house
    big, small = Facility(name="Big", district="A"), Facility(name="Small", district="")
    people = [house.person(facility=big, cadre="nurse") for _ in range(6)]
    few = [house.person(facility=small, cadre="midwife") for _ in range(4)]
    campaign = house.campaign(*people, *few)
    for person in people + few:
        house.asked(person, campaign, MONDAY, 0, right=True)
    found = shell.json("progress", campaign.name, "--by", "facility")
    assert [group["group"] for group in found["groups"]] == ["Big (A)", "Small"]
    shown, hidden = found["groups"]
    assert (shown["mentees"], shown["response_rate"], shown["right_share"]) == (6, 1.0, 1.0)
    assert set(hidden.values()) == {"Small", TOO_FEW}
    assert found["questions"]["answers"] == 10
    said = shell("progress", campaign.name.upper(), "--by", "cadre")
    assert "nurse" in said
    assert TOO_FEW in said
    with pytest.raises(Refusal, match="no campaign called"):
        shell("progress", "nothing")


def test_answers_of_few_are_not_shown_in_a_larger_group(house: House) -> None:
    people = [house.person(cadre="nurse") for _ in range(6)]
    campaign = house.campaign(*people)
    for person in people:
        answered = True if person in people[:4] else None
        house.asked(person, campaign, MONDAY, 0, right=answered)
    (group,) = outcome(house.session, campaign, "cadre", NOW)["groups"]
    assert (group["mentees"], group["right_share"], group["median_seconds"]) == (
        6,
        TOO_FEW,
        TOO_FEW,
    )
    assert group["response_rate"] == round(4 / 6, 4)


def test_a_campaign_without_anybody(house: House, shell: Shell) -> None:
    campaign = house.campaign()
    assert outcome(house.session, campaign, "channel", NOW)["questions"]["response_rate"] is None
    assert "enrolled 0" in shell("progress", campaign.name)


PLAY = st.lists(
    st.tuples(
        st.integers(0, 6),  # who
        st.integers(0, ITEMS - 1),
        st.sampled_from([True, True, False, None]),
        st.sampled_from([0.2, 0.9, 5.0, 71.0, 80.0]),
        st.sampled_from(["delivered", "read", "sent", "failed"]),
        st.sampled_from(["sms", "whatsapp"]),
        st.integers(0, 2),  # texts that could not be read
    ),
    max_size=40,
)


@settings(ROUGHLY, max_examples=20)
@given(play=PLAY)
def test_a_campaign_is_what_its_rows_say(house: House, play: list[Any]) -> None:
    people = [house.person() for _ in range(7)]
    campaign = house.campaign(*people, budget={"money": 5, "per_segment": 0.01, "per_template": 1})
    seen: set[tuple[int, int]] = set()
    answers, marks = [], []
    for day, (who, item, right, hours, message, channel, unread) in enumerate(play):
        house.asked(
            people[who],
            campaign,
            NOW - timedelta(days=60 - day),
            item,
            right=right,
            after=timedelta(hours=hours),
            message=message,
            channel=channel,
            unreadable=unread,
        )
        if right is not None:
            answers.append((right, (who, item) not in seen, hours * 3600, message, who, day))
            seen.add((who, item))
        marks.append((message, channel, unread))
    found = outcome(house.session, campaign, None, NOW)
    every = found["questions"]
    arrived = [mark for mark in marks if mark[0] in ("delivered", "read")]
    assert (every["mentees"], every["asked"], every["delivered"]) == (7, len(play), len(arrived))
    assert every["without_receipt"] == sum(mark[0] == "sent" for mark in marks)
    assert every["not_delivered"] == sum(mark[0] == "failed" for mark in marks)
    in_time = [a for a in answers if a[3] in ("delivered", "read") and a[2] <= 72 * 3600]
    assert every["answered_in_time"] == len(in_time)
    share = round(len(in_time) / len(arrived), 4) if arrived else None
    assert every["response_rate"] == share
    firsts = [right for right, first, *_ in answers if first]
    assert (every["first"], every["first_right"]) == (len(firsts), sum(firsts))
    assert (every["answers"], every["right"]) == (len(answers), sum(a[0] for a in answers))
    assert every["unreadable"] == sum(mark[2] for mark in marks)
    if answers:
        assert every["median_seconds"] == statistics.median(a[2] for a in answers)
        assert every["within_hour"] == round(sum(a[2] <= 3600 for a in answers) / len(answers), 4)
    for days in (14, 30):
        after = NOW - timedelta(days=days)
        active = {a[4] for a in answers if NOW - timedelta(days=60 - a[5]) > after}
        later = {
            a[4]
            for a in answers
            if NOW - timedelta(days=60 - a[5]) + timedelta(seconds=a[2]) > after
        }
        assert active <= later
        assert found[f"active_{days}_days"] == len(later)
    sms = sum(mark[1] == "sms" for mark in marks)
    assert found["cost"]["segments"] == sms
    assert found["cost"]["money"] == pytest.approx(sms * 0.01)
    cells = outcome(house.session, campaign, "channel", NOW)["groups"]
    assert {cell["group"] for cell in cells} <= {"sms", "whatsapp", "-"}


def test_the_hardest_items_and_the_two_rules(house: House) -> None:
    people = [house.person() for _ in range(6)]
    campaign = house.campaign(*people)
    for number, person in enumerate(people):
        house.asked(person, campaign, MONDAY, 0, right=number > 0)
        house.asked(person, campaign, MONDAY + timedelta(days=1), 1, right=number > 3)
        house.asked(person, campaign, MONDAY + timedelta(days=24), 0, right=True)
    house.asked(people[0], campaign, MONDAY, 2, right=False)
    newest = house.session.query(Answer).filter_by(item_id="q0", first=False).limit(2).all()
    for answer in newest:
        answer.rule = "fsrs"
    house.session.flush()
    found = outcome(house.session, campaign, None, NOW)
    assert [(one["item"], one["answers"]) for one in found["hardest"]] == [("q1", 6), ("q0", 12)]
    assert found["hardest"][0]["stem"] == "Question 1?"
    assert found["retired"] == 5
    fsrs, kerfoot = found["rules"]
    assert (fsrs["rule"], fsrs["answers"], fsrs["repeats"], fsrs["repeat_share"]) == (
        "fsrs",
        2,
        2,
        1,
    )
    assert (kerfoot["rule"], kerfoot["answers"], kerfoot["repeats"]) == ("kerfoot", 17, 4)
    assert kerfoot["median_days_between"] == 24
    assert kerfoot["predicted_recall"] is None


def test_doses_by_state_and_a_mentee_who_left(house: House, shell: Shell) -> None:
    person, gone = house.person(), house.person()
    campaign = house.campaign(person)
    house.enrol(campaign, gone, left_at=NOW, reason="texted STOP")
    house.asked(person, campaign, NOW, state="open", message="queued")
    house.dose(gone, campaign, NOW, state="lapsed", reason="the mentee texted STOP")
    found = outcome(house.session, campaign, None, NOW)
    assert (found["enrolled"], found["left"]) == (1, 1)
    assert [(d["state"], d["reason"], d["doses"]) for d in found["doses"]] == [
        ("lapsed", "the mentee texted STOP", 1),
        ("open", None, 1),
    ]
    assert found["questions"]["not_delivered"] == 1
    assert "the mentee texted STOP" in shell("progress", campaign.name)
    assert "texted STOP" in shell("mentee", gone.external_id or "")


def test_every_group_there_is_an_option_for(house: House) -> None:
    campaign = house.campaign(house.person())
    for by in BY:
        assert outcome(house.session, campaign, by, NOW)["by"] == by
    assert house.session.query(ItemVersion).count() == ITEMS
