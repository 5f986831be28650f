"""The plain rules of understanding: short answers, follow-ups, training data. No Rasa, no model."""

from __future__ import annotations

import string
from pathlib import Path

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from cli.training import live_cards
from nlu import build
from nlu.components.follow_up import EMPTY_WORDS, is_follow_up, learn_topic_words
from nlu.components.short_answer_words import read
from tests.town import Town

SHORT_ANSWERS = [
    ("1", "1"),
    (" 2. ", "2"),
    ("(3)", "3"),
    ("1\N{VARIATION SELECTOR-16}\N{COMBINING ENCLOSING KEYCAP}", "1"),
    ("option 2", "2"),
    ("No 1", "1"),
    ("deux", "2"),
    ("gatatu", "3"),
    ("mbili", "2"),
    ("YES!", "yes"),
    ("oui merci", "yes"),
    ("Yego", "yes"),
    ("ndiyo", "yes"),
    ("\N{THUMBS UP SIGN}\N{EMOJI MODIFIER FITZPATRICK TYPE-5}", "yes"),
    ("no thanks", "no"),
    ("non", "no"),
    ("oya", "no"),
    ("hapana", "no"),
]
NO_SHORT_ANSWERS = [
    "",
    "0",
    "12",
    "1 or 2",
    "1 g txa",
    "yes but how much",
    "not breathing",
    "no pulse",
    "thanks",
    "nn",
    "???",
    "A",
]


@pytest.mark.parametrize(("text", "answer"), SHORT_ANSWERS)
def test_a_whole_message_is_a_short_answer(text: str, answer: str) -> None:
    assert read(text) == answer


@pytest.mark.parametrize("text", NO_SHORT_ANSWERS)
def test_anything_more_is_no_short_answer(text: str) -> None:
    assert read(text) is None


@given(st.text())
def test_reading_never_fails_and_gives_only_what_it_promises(text: str) -> None:
    assert read(text) in {None, "yes", "no", *"123456789"}


@given(st.integers(1, 9), st.text(alphabet=" .)(!\t", max_size=6))
def test_a_digit_survives_what_people_type_around_it(digit: int, around: str) -> None:
    assert read(f"{around}{digit}{around}") == str(digit)


TOPIC_WORDS = {"bleeding": "pph", "txa": "pph", "implant": "family_planning", "breathing": "nr"}

FOLLOW_UPS = [
    ("and if she is still bleeding?", "pph", True),
    ("what about the second dose", "pph", True),
    ("how many times", "pph", True),
    ("et apres ca", "pph", True),
    ("mais si elle saigne encore", "pph", True),
    ("txa dose", "pph", False),  # short, but complete
    ("and how long does the implant last", "pph", False),  # another topic
    ("but the baby is not breathing now", "pph", False),
    ("mother gravida four delivered twenty minutes ago soaked pads pale", "pph", False),
]


@pytest.mark.parametrize(("text", "topic", "leans"), FOLLOW_UPS)
def test_what_leans_on_the_conversation(text: str, topic: str, leans: bool) -> None:
    assert is_follow_up(text, topic, TOPIC_WORDS) is leans


def test_words_of_one_topic_are_learnt_and_shared_words_are_not() -> None:
    texts = [(f"mother bleeding {n}x", "pph") for n in range(5)]
    texts += [(f"mother wants implant {n}x", "family_planning") for n in range(5)]
    learnt = learn_topic_words(texts)
    assert learnt["bleeding"] == "pph"
    assert learnt["implant"] == "family_planning"
    assert "mother" not in learnt


def test_words_without_subject_are_plain_words() -> None:
    assert all(set(word) <= set(string.ascii_lowercase) for word in EMPTY_WORDS)


def _card(**changes: object) -> dict[str, object]:
    card = {"id": "pph-a", "topic": "pph", "examples": {"en": ["txa dose"], "fr": ["dose txa"]}}
    return card | changes


def test_a_card_becomes_examples_of_the_one_intent_question() -> None:
    files = build.build([_card(follow_ups={"en": ["and then?"]})])
    blocks = yaml.safe_load(files["cards_pph.yml"])["nlu"]
    assert {block["intent"] for block in blocks} == {"question"}
    assert [block["metadata"]["follow_up"] for block in blocks] == [False, False, True]
    assert {block["metadata"]["card"] for block in blocks} == {"pph-a"}


def test_what_cannot_be_trained_on_is_refused_by_name() -> None:
    with pytest.raises(build.TrainingDataError, match="pph-a"):
        build.build([_card(), _card()])
    with pytest.raises(build.TrainingDataError, match="pph-a"):
        build.build([_card(examples={})])


@given(st.lists(st.text(min_size=1), min_size=1))
def test_any_example_survives_as_one_line_without_markup(texts: list[str]) -> None:
    text = build.build([_card(examples={"en": texts})])["cards_pph.yml"]
    for block in yaml.safe_load(text)["nlu"]:
        for line in block["examples"].splitlines():
            assert not set(line) & set("[]{}")


def test_the_shipped_cards_and_small_talk_can_be_built() -> None:
    cards, talk = build.load_card_files(), build.load_small_talk()
    assert len(cards) >= 70
    assert {file["language"] for file in talk} == {"en", "fr", "rw", "sw"}
    files = build.build(cards, talk)
    assert len(files) == len({card["topic"] for card in cards}) + len(talk)
    outside = {file["language"]: len(file["intents"]["out_of_scope"]) for file in talk}
    assert outside["en"] >= 120
    assert outside["fr"] >= 80


def test_the_order_of_cards_is_no_reason_to_train_again(town: Town, tmp_path: Path) -> None:
    town.stock_library()
    assert town.settings.database_url is not None
    folder = live_cards(town.settings.database_url, tmp_path / "cards")
    assert folder is not None
    live = build.load_card_files(folder)
    assert [card["id"] for card in live] != [card["id"] for card in build.load_card_files()]
    assert build.build(live) == build.build(build.load_card_files())
