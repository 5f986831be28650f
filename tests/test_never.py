"""What must never happen, over random interleavings on the real town (``tests/interleaving``)."""

from __future__ import annotations

from collections.abc import Callable
from random import Random
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bot import outbox
from bot.text.redact import redact
from store import embedded
from store.people import Person
from tests.interleaving import afterwards, runs, speech
from tests.interleaving.cast import BY_KEY, Actor
from tests.interleaving.judges import Court
from tests.interleaving.life import Life
from tests.interleaving.towns import Towns, towns_of


@pytest.fixture(scope="module")
def towns(postgres: embedded.EmbeddedServer, tmp_path_factory: pytest.TempPathFactory) -> Towns:
    return towns_of(postgres, tmp_path_factory.mktemp("towns"))


@pytest.mark.slow
@pytest.mark.parametrize("seed", [1, 2, 3])
def test_nothing_that_must_not_happens_in_a_random_life(towns: Towns, seed: int) -> None:
    steps = runs.plan(seed, 45)
    outcome = runs.live(towns, steps)
    assert not outcome.violations, runs.report(seed, steps[: outcome.failed_at], outcome)
    assert outcome.checks["answer_at_wrong_mentee"] + outcome.checks["question_at_wrong_person"]


@settings(deadline=None)
@given(st.randoms(use_true_random=False), st.sampled_from(["en", "fr"]))
def test_identifiers_of_the_table_do_not_get_through(rng: Random, language: str) -> None:
    word, secret = speech.marker(rng), speech.secret(rng, language)
    asked = speech.question(rng, language, word)
    for written in (f"{asked}, {secret.said}", f"{secret.said}. {asked}"):
        shown = redact(written).text
        assert not secret.leaks(shown), f"{written!r} → {shown!r}"
        assert word in shown
        assert redact(shown).text == shown


@settings(deadline=None)
@given(st.randoms(use_true_random=False), st.sampled_from(["en", "fr"]))
def test_what_a_mentor_must_know_stays(rng: Random, language: str) -> None:
    for say in (speech.question, speech.answer, speech.emergency):
        written = say(rng, language, speech.marker(rng))
        assert redact(written).text == written


def test_each_judge_finds_what_it_is_there_to_find(towns: Towns) -> None:
    with towns() as town:
        life = Life.begin(town)
        court = Court(life)
        mukamana, uwera, alice = (BY_KEY[key] for key in ("mukamana", "uwera", "alice"))

        def step(*deeds: Callable[[], object], then: str | None = None) -> set[str]:
            """Something happens; the names of the judges who object."""
            life.step += 1
            life.began = town.time.now()
            for deed in deeds:
                deed()
            life.rest()
            if then:
                town.execute(then)
            life.look()
            return {violation.judge for violation in court.sit()}

        def texts(actor: Actor, body: str, **about: Any) -> Callable[[], object]:
            return lambda: life.send(actor, actor.addresses[0], "test", {"text": body}, **about)

        def we_say(actor: Actor, body: str, **more: Any) -> Callable[[], None]:
            def say() -> None:
                with town.works.sessions.begin() as session:
                    person = session.get_one(Person, life.ids[actor.key])
                    key = f"test:{life.step}:{body}"
                    outbox.say(session, person, body, key=key, now=town.time.now(), **more)

            return say

        hidden = speech.Secret("phone", "call her on 0781234567", ("781234567",), digits=True)
        assert step(texts(alice, "CASES"), texts(uwera, "MENU")) == set()
        question = texts(
            mukamana, f"zqbababa and {hidden.said}", marker="zqbababa", secrets=(hidden,)
        )
        assert step(texts(mukamana, "MENTOR"), question) == set()
        [case] = life.own_cases(mukamana)
        assert case["mentor_id"] == life.ids["alice"]
        code = case["code"]
        answer = texts(alice, f"#{code} zqdadada", marker="zqdadada", codes=frozenset({code}))
        assert step(answer) == set()

        assert step(we_say(uwera, "Alice: zqdadada")) == {"answer_at_wrong_mentee"}
        assert step(we_say(uwera, "somebody asks zqbababa")) == {"question_at_wrong_person"}
        assert step(we_say(mukamana, "call 0788 000-401")) == {"private_number_shown"}
        assert step(we_say(alice, "ring 078 123 4567")) == {"identifier_relayed"}
        assert step(we_say(mukamana, "zqdadada", kind="answer")) == {"said_twice"}
        assert step(
            then="INSERT INTO case_event (case_id, at, kind, text) "
            "SELECT case_id, at, 'noted', '0781234567' FROM case_event LIMIT 1"
        ) == {"identifier_in_events"}

        assert step(texts(mukamana, "it came back, zqgagaga", marker="zqgagaga")) == set()
        assert step(
            texts(mukamana, "MENU"),
            then="UPDATE outbox SET kind = 'tip' WHERE body LIKE 'You can text%'",
        ) == {"bot_over_mentor"}

        assert step(texts(uwera, "STOP")) == set()
        assert step(
            we_say(uwera, "one more thing", kind="stop_confirmation"),
            then="UPDATE outbox SET kind = 'reply' WHERE body = 'one more thing'",
        ) == {"after_stop"}
        assert step(then="UPDATE person SET stopped_at = NULL") == {"after_stop"}
        assert step(texts(uwera, "START")) == set()

        beata = life.ids["beata"]
        assert step(then=f'UPDATE "case" SET mentor_id = {beata}') == {"two_holders"}
        no_future = 'UPDATE "case" SET due_at = NULL'
        if any(life.seen[-1].due.values()):
            no_future = "DELETE FROM case_due"
        assert step(then=no_future) == {"case_left_alone"}
        assert "inbound_undone" in step(
            then="UPDATE inbound SET state = 'received' WHERE body = 'MENU'"
        )

        log = "level=info event=sent to=0788000401\nlevel=info text=zqbababa"
        assert [v.judge for v in afterwards.judged(court, log)].count("identifier_in_logs") == 2
        town.execute("DELETE FROM attempt")
        town.execute("DELETE FROM outbox WHERE kind = 'answer'")
        life.look()
        assert "answer_lost" in {violation.judge for violation in afterwards.judged(court, "")}
