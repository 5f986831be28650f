"""A small programme lives from the self-assessment to validation: on the real town, by text."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta

import httpx
import pytest

from bot.mentoring.competencies import load
from bot.quizzes import bank
from bot.reports import packs, programme, writing
from bot.reports.fiscal import Period
from bot.text.fold import fold
from cli import lives, outcomes
from cli.playing import Bank, Play, Player
from scheduler.worker import make_app
from simulator.cohort import Mentee, Mentor
from store.encounters import Encounter
from store.learning import Assessment
from store.people import Facility, Person
from store.plans import Certificate
from store.quizzes import Answer
from store.visits import Visit
from tests.town import Town

ALICE, FIRST, SECOND = "+250788000401", "+250788000301", "+250788000302"
KNOWN = load()
WEEKS = 2


@dataclass
class TownPlay(Play):
    """Plays on a town of the tests, whose time is its own."""

    town: Town | None = field(default=None, kw_only=True)

    def _move(self, moment: datetime) -> None:
        assert self.town is not None
        self.town.time.offset = moment - datetime.now(UTC)
        super()._move(moment)


@contextmanager
def working(town: Town) -> Iterator[None]:
    """The real worker beside the town, as long as somebody lives there."""
    loop = asyncio.new_event_loop()

    async def work() -> None:
        app = make_app(town.settings, town.works)
        async with app.open_async():
            await app.run_worker_async(
                concurrency=4, install_signal_handlers=False, delete_jobs="successful"
            )

    task = loop.create_task(work())
    thread = threading.Thread(target=_until_done, args=(loop, task), daemon=True)
    thread.start()
    try:
        yield
    finally:
        loop.call_soon_threadsafe(task.cancel)
        thread.join(20)


def _until_done(loop: asyncio.AbstractEventLoop, task: asyncio.Task[None]) -> None:
    with suppress(asyncio.CancelledError):
        loop.run_until_complete(task)
    loop.close()


def settled(town: Town) -> None:
    """A mentor, and two CHWs of hers at one place, one of them on WhatsApp and in French."""
    town.mentor(ALICE, facility="Rwinkwavu Hospital")
    for number, channel, name, language in (
        (FIRST, "sms", "Innocent Nshuti", "en"),
        (SECOND, "whatsapp", "Aline Uwase", "fr"),
    ):
        town.mentee(number, channel, name=name, language=language, cadre="chw")
        town.pair(number, ALICE)
    with town.works.sessions.begin() as session:
        place = Facility(name="Rukara Health Post", district="Kayonza")
        for number in (FIRST, SECOND):
            session.get_one(Person, town.person(number).id).facility = place
    town.stock_bank()


def gifted(people: Mapping[str, Player]) -> dict[str, Player]:
    """The same people, who learn fast and do what they are invited to: two weeks are short."""
    made: dict[str, Player] = {}
    for address, one in people.items():
        if isinstance(one, Mentee):
            apt = replace(one.traits, skill=0.8, attention=1.0, slip=0.01, half_life=20.0)
            made[address] = Mentee(apt, one.questions)
        else:
            made[address] = one
    return made


def lived(town: Town) -> tuple[TownPlay, Mapping[str, Player]]:
    """Some weeks of theirs."""
    began = town.time.now()
    with httpx.Client(base_url=town.simulator.url, timeout=30.0) as network:
        people = gifted(lives.settle_in(town.works, network, 2, 3))
        assert lives.begin(town.works, people, began) == 2
        assert lives.begin(town.works, people, began) == 0
        lives.ensure_campaign(town.works, "Quiz", began, WEEKS)
        play = TownPlay(
            town.works,
            network,
            people,
            Bank(bank.load().items),
            began,
            longest=timedelta(hours=24),
            town=town,
        )
        with working(town):
            play.run(began + timedelta(weeks=WEEKS))
    return play, people


@pytest.mark.slow
@pytest.mark.timeout(1800)
def test_from_the_first_test_to_validation(town: Town) -> None:
    settled(town)
    play, people = lived(town)
    everybody = set(people.values())
    mentees = [one for one in everybody if isinstance(one, Mentee)]
    (alice,) = [one for one in everybody if isinstance(one, Mentor)]

    # They went all the way by text: quiz, self-assessment, tests, visits, signatures.
    for kind in ("self", "pre", "post", "skill"):
        assert town.count(Assessment, Assessment.kind == kind), kind
    assert town.count(Answer)
    assert town.count(Visit, Visit.state == "held")
    assert town.count(Encounter, Encounter.source == "visit")
    assert {one.assessor_id for one in town.all(Assessment, Assessment.kind == "skill")} == {
        town.person(ALICE).id
    }

    # Who ought to be validated is what the phones have said; the records say the same.
    ought = outcomes.validated_by_phones(people.values(), KNOWN)
    required = set(KNOWN.required("chw"))
    fully = {
        one.traits.name
        for one in mentees
        if {name for who, name in ought if who == one.traits.name} >= required
    }
    # How far two weeks go is not promised: on a slow machine they hold fewer words.
    assert ought, (alice.rounds.signed, [one.course.tests for one in mentees])
    with town.works.sessions() as session:
        persons = outcomes.people_of(session, people.values())
        assert outcomes.validated_by_records(session, persons, KNOWN) == ought
        by_district, grid = outcomes.reports(town.works, play)
        (row,) = by_district.rows
        assert row["validated"] == len({who for who, _ in ought})
        # The matrix says cadre and facility behind the name.
        assert {one["mentee"].split(" (")[0]: one["validated"] for one in grid.rows} == {
            one.traits.name: sum(who == one.traits.name for who, _ in ought) for one in mentees
        }
        complete = [one["mentee"] for one in grid.rows if one["fully"] == "yes"]
        assert {name.split(" (")[0] for name in complete} == fully
        # One mentee's matrix and the mentor's pack say so too.
        for person in persons:
            single = programme.one_mentee(session, person, KNOWN)
            validated = sum(one["status"] == "validated" for one in single.rows)
            assert validated == sum(who == person.name for who, _ in ought)
        now = town.time.now()
        mentor = session.get_one(Person, town.person(ALICE).id)
        span = Period("March and April", now - timedelta(weeks=WEEKS + 1), now)
        pack = packs.of_mentor(session, mentor, span, now, KNOWN)
        assert {one["mentee"] for one in pack[0].rows} == {one.traits.name for one in mentees}
        assert all(fold(name) in fold(writing.text(pack[1])) for name in fully)
        assert {one.name for one in session.query(Certificate)} == fully
