"""The whole way on the real Rasa: a mentor's answer becomes a card that answers the next nurse."""

from __future__ import annotations

import shutil
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
import yaml

from bot import knowledge
from bot.knowledge import drafts
from bot.knowledge.drafts import By
from scheduler import training
from store.knowledge import CardDraft, ModelTraining, Question
from tests.dialogue import MODELS, Switchboard, running_rasa
from tests.nlu_lab import TOPICS
from tests.test_cards_growing import answered_case
from tests.town import Phone, Town

pytestmark = pytest.mark.slow

NURSE, OTHER, THIRD = "+250788000301", "+250788000302", "+250788000303"
ALICE, BEATA = "+250788000401", "+250788000402"
ASKED = "a snake has bitten a farmer on the leg, what do we do first"
KEEP = "Keep the person calm and the leg still. Do not cut, suck or tie it. Refer at once."
EXAMPLES = [
    "what to do first after a snake bite",
    "snake bite first aid",
    "bitten by a snake on the foot, can we tie it",
    "should we cut or suck a snake bite",
    "man bitten by viper what now",
    "how do I treat a snake bite at the health post",
    "child with snakebite before referral",
]
# Written for this test only: the library of the test is three topics.
HELD_OUT = [
    {"text": "how many grams of tranexamic for pph", "card": "pph-txa-first-dose"},
    {"text": "txa 1st dose?", "card": "pph-txa-first-dose"},
    {"text": "what blood loss do we call pph", "card": "pph-definition"},
    {"text": "definition postpartum haemorrhage ml", "card": "pph-definition"},
    {"text": "how do we cook beans", "card": None},
    {"text": "rabies injection days", "card": None},
]


@pytest.fixture
def growing_town(database_url: str, tmp_path: Path, switchboard: Switchboard) -> Iterator[Town]:
    """Three topics of the shipped library, the published model, and a Rasa of their own."""
    shutil.copytree(MODELS, tmp_path / "models", ignore=shutil.ignore_patterns("work", "*.lock"))
    held_out = tmp_path / "held_out"
    held_out.mkdir()
    (held_out / "en.yml").write_text(yaml.safe_dump(HELD_OUT))
    with (
        running_rasa(database_url, tmp_path, switchboard.url) as rasa,
        Town.build(
            database_url,
            tmp_path,
            rasa_url=rasa,
            held_out_questions=held_out,
            answer_precision=0.5,
        ) as town,
    ):
        with town.works.sessions.begin() as session:
            cards = [card for card in knowledge.read_files() if card["topic"] in TOPICS]
            knowledge.save(session, cards)
        switchboard.town = town
        yield town
        switchboard.town = None


def review(town: Town) -> None:
    """Anna adds examples and a topic on the command line; Beata approves on her phone."""
    with town.works.sessions.begin() as session:
        draft = session.get_one(CardDraft, 1)
        content = {**draft.content, "topic": "pph", "title": {"en": "Snake bite: first steps"}}
        content["examples"] = {"en": [*content["examples"]["en"], *EXAMPLES]}
        drafts.edit(session, draft, content, By("anna@example.org"), town.time.now())


def test_an_answer_becomes_a_card_and_the_next_nurse_is_answered_at_once(
    growing_town: Town,
) -> None:
    town = growing_town
    nurse, other = town.mentee(NURSE), town.mentee(OTHER, name="Diane Uwera")
    alice, beata = town.mentor(ALICE), town.mentor(BEATA, name="Beata Uwase")
    for number in (NURSE, OTHER):
        town.pair(number, ALICE)
    # Diane asked in other words, and has her answer from a mentor.
    answered_case(other, alice, "snake bit a man at the health post, do I tie the leg", "Refer.")
    answered_case(nurse, alice, ASKED, KEEP)
    alice.says("PROPOSE", quoting="a snake has bitten")
    alice.hears("Draft card 1", KEEP, "Which guideline")
    alice.says("Source: WHO snakebite guideline 2016")
    alice.hears("Noted")
    beata.hears("draft answer card waits")
    review(town)
    beata.says("REVIEW")
    beata.hears("Draft card 1", "Snake bite: first steps", "WHO snakebite")
    beata.presses("Approve")
    beata.hears("Approved")

    third = town.mentee(THIRD, name="Eric Mugisha")
    before = (town.settings.models_dir / "current.tar.gz").read_bytes()
    _while_training(town, third)
    assert (town.settings.models_dir / "current.tar.gz").read_bytes() != before
    assert town.one(ModelTraining).outcome == "published"
    assert town.one(ModelTraining).loaded_at is not None
    assert town.one(CardDraft).state == "live"

    # Whoever asked is told once; the mentor is thanked, the reviewer told.
    for phone in (nurse, other):
        phone.hears("in the library now", "Keep the person calm", "Source: WHO snakebite")
        phone.hears_nothing()
    alice.hears("your answer is now a card")
    beata.hears("is live")
    third.hears_nothing()

    # The same in other words, by another nurse, without a restart.
    third.says("somebody was bitten by a snake, what is the first thing to do")
    third.hears("Keep the person calm", "Source: WHO snakebite guideline 2016")
    answered = _last_question(town)
    assert (answered.decision, answered.card_version) == ("answer", 1)
    # What the library knew before it still knows.
    third.says(_example("pph-txa-first-dose"))
    third.hears("1 g")
    alice.hears_nothing()

    # Once more changes nothing and tells nobody.
    training.run(town.works)
    town.rest()
    nurse.hears_nothing()
    assert town.count(CardDraft, CardDraft.told_at.is_not(None)) == 1


def _while_training(town: Town, asks: Phone) -> None:
    """Meanwhile questions are answered by the model from before."""
    done = threading.Thread(target=lambda: training.run(town.works), daemon=True)
    done.start()
    for words in ("dose of tranexamic acid in pph", "how much txa first"):
        asks.says(words)
        asks.hears("1 g")
    done.join(250)
    assert not done.is_alive()
    town.rest()


def _example(card_id: str) -> str:
    cards = {card["id"]: card for card in knowledge.read_files()}
    return str(cards[card_id]["examples"]["en"][0])


def _last_question(town: Town) -> Question:
    with town.works.sessions() as session:
        found = session.query(Question).order_by(Question.id.desc()).first()
        assert found is not None
        return found
