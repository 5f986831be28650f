"""The shipped bank, the rules it is held to, and the feedback written from it."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from pathlib import Path

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from bot.quizzes.bank import (
    FOLDER,
    LETTERS,
    Bank,
    BankError,
    Item,
    bank_problems,
    load,
    problems,
    read_item,
    rendered,
)
from bot.quizzes.feedback import ask_again, feedback
from bot.text.gsm7 import to_gsm7
from bot.text.segments import count

TOPICS = 14
CARDS = Path(__file__).parents[1] / "bot/knowledge/cards"
BANK = load()
whole_bank = pytest.mark.skipif(
    len(BANK.topics) < TOPICS, reason=f"only {len(BANK.topics)} of {TOPICS} topics are written yet"
)

SOUND = Item(
    id="pph-x01",
    topic="pph",
    version=1,
    competency="pph-treat",
    stem={"en": "Dose?", "fr": "Dose ?"},
    options={"en": ("10 IU", "20 IU", "40 IU"), "fr": ("10 UI", "20 UI", "40 UI")},
    answer=0,
    why={"en": "10 IU is the dose.", "fr": "10 UI est la dose."},
    source="WHO",
)
EN, FR = {"en": "x"}, {"fr": "x"}
ENTRY = {
    "id": "x-1",
    "version": 1,
    "competency": "c",
    "stem": {"en": "Q"},
    "options": {"en": ["a1", "b1", "c1"]},
    "answer": "C",
    "why": {"en": "W"},
}


def test_the_bank_is_sound() -> None:
    assert bank_problems(BANK) == []


@whole_bank
def test_size_and_twins() -> None:
    twins = [item for item in BANK.items if item.twin]
    assert len(BANK.items) >= 150
    assert len(twins) >= 60
    assert Counter(item.form for item in twins)["A"] * 2 == len(twins)
    assert len({item.topic for item in BANK.items}) == TOPICS


@whole_bank
def test_every_item_names_a_card_that_exists_a_fact_and_a_source() -> None:
    cards = {
        card["id"]: path.stem
        for path in CARDS.glob("*.yml")
        for card in yaml.safe_load(path.read_text(encoding="utf-8"))["cards"]
    }
    for item in BANK.items:
        assert cards.get(item.card or "") == item.topic, item.id
        assert item.facts, item.id
        assert item.source, item.id
        assert item.cadres, item.id
        assert set(item.languages) >= {"en", "fr"}, item.id


@whole_bank
def test_the_right_letter_has_no_pattern() -> None:
    letters = Counter(item.letter for item in BANK.items)
    assert all(0.15 < letters[letter] / len(BANK.items) < 0.35 for letter in LETTERS)
    for topic in BANK.topics:
        of_topic = Counter(item.letter for item in BANK.items if item.topic == topic.id)
        assert max(of_topic.values()) <= sum(of_topic.values()) / 2, topic.id


@whole_bank
def test_most_questions_fit_one_segment_in_english() -> None:
    sizes = Counter(count(to_gsm7(rendered(item, "en"), "en")).segments for item in BANK.items)
    assert sizes[1] > len(BANK.items) / 2
    assert max(sizes) <= 3


def test_an_item_as_it_is_sent() -> None:
    assert rendered(SOUND, "fr") == "Dose ?\nA 10 UI\nB 20 UI\nC 40 UI"
    assert rendered(SOUND, "rw") == "Dose?\nA 10 IU\nB 20 IU\nC 40 IU"


@pytest.mark.parametrize(
    ("item", "said"),
    [
        (replace(SOUND, stem={"en": "long " * 100, "fr": "x"}), "(en) take 4 segments"),
        (replace(SOUND, stem={"en": "Q", "fr": "ê" * 200}), ""),
        (replace(SOUND, stem={"en": "Q", "fr": "☺" * 190}), "(fr) take 4 segments"),
        (replace(SOUND, stem={"en": "≥ 5", "fr": "x"}), "SMS makes dear: ≥"),
        (replace(SOUND, stem=FR, why=FR, options={"fr": tuple("123")}), "in English"),
        (replace(SOUND, stem={"en": "x"}), "not all written in fr"),
        (replace(SOUND, stem={}), "has no language"),
        (replace(SOUND, answer=3), "answer D is not among"),
        (replace(SOUND, stem=EN, why=EN, options={"en": ("1", "2")}), "2 options (en)"),
        (replace(SOUND, options={"en": ("Yes", "No"), "fr": ("Oui", "Non")}), ""),
        (replace(SOUND, options={"en": ("1", "2", "3"), "fr": tuple("1234")}), "differ"),
        (replace(SOUND, options={"en": ("< 5", "> 5", "5"), "fr": tuple("123")}), ""),
        (replace(SOUND, options={"en": ("A b", "a  B", "c"), "fr": tuple("123")}), "the same"),
        (replace(SOUND, options={"en": ("a", "", "c"), "fr": tuple("123")}), "empty"),
        (replace(SOUND, why={"en": "w" * 111, "fr": "x"}), "111 characters"),
        (replace(SOUND, why={"en": "one\ntwo", "fr": "x"}), "line break"),
        (replace(SOUND, form="A"), "form and twin"),
        (replace(SOUND, form="A", twin="pph-x01"), "its own twin"),
        (replace(SOUND, source=" "), "no source"),
        (replace(SOUND, facts=("pph-1", "pph-02")), "'pph-1' is no fact"),
        (replace(SOUND, id="a b"), "the id may hold"),
        (SOUND, ""),
    ],
)
def test_problems_name_the_item_and_what_is_wrong(item: Item, said: str) -> None:
    found = problems(item)
    assert all(problem.startswith(f"{item.id}: ") for problem in found)
    assert len(found) == bool(said)
    assert said in "".join(found)


def test_problems_of_a_bank() -> None:
    one = replace(SOUND, id="p-1", form="A", twin="p-2")
    two = replace(SOUND, id="p-2", form="A", twin="p-3")
    found = bank_problems(Bank((), (), (one, two, SOUND, SOUND)))
    assert "pph-x01: the id is used 2 times" in found
    assert "p-1: its twin p-2 does not name it" in found
    assert "p-1: it and its twin p-2 are the same form" in found
    assert "p-2: its twin p-3 is not in the bank" in found
    assert "p-1: competency pph-treat is not one of pph" in found


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"version": "1"}, "version"),
        ({"version": True}, "version"),
        ({"answer": "E"}, "answer"),
        ({"answer": ""}, "answer"),
        ({"form": "C"}, "form"),
        ({"critical": "yes"}, "critical"),
        ({"options": {"en": ["Yes", False]}}, "quotes"),
        ({"options": ["a"]}, "options"),
        ({"stem": "Q"}, "stem"),
        ({"stem": {"en": ""}}, "en is not a text"),
    ],
)
def test_an_unreadable_item_is_named(change: dict[str, object], said: str) -> None:
    with pytest.raises(BankError, match=f"f.yml, x-1.*{said}"):
        read_item({**ENTRY, **change}, "t", where="f.yml")


def test_an_item_is_read(tmp_path: Path) -> None:
    assert read_item(ENTRY, "t", "sample").letter == "C"
    assert read_item(ENTRY, "t", "sample").is_sample
    with pytest.raises(BankError, match="lacks why"):
        read_item({key: value for key, value in ENTRY.items() if key != "why"}, "t")
    (tmp_path / "bad.yml").write_text("items: [", encoding="utf-8")
    with pytest.raises(BankError, match=r"bad\.yml"):
        load(tmp_path)
    (tmp_path / "bad.yml").write_text("topic: t", encoding="utf-8")
    with pytest.raises(BankError, match=r"bad\.yml: has no list"):
        load(tmp_path)


def test_the_folder_of_the_bank_is_where_it_is_looked_for() -> None:
    assert FOLDER.is_dir()


def test_feedback_word_for_word() -> None:
    item = replace(SOUND, card="pph-card", review="sample content")
    assert feedback(item, True, "en", "k1").endswith(
        " 10 IU is the dose.\nSource: WHO. (sample)\nMORE: the full card. ASK: a mentor."
    )
    assert "the answer is A, 10 IU. 10 IU is the dose." in feedback(item, False, "en", "k1")
    assert "la réponse est A, 10 UI." in feedback(item, False, "fr", "k1")
    assert "MORE" not in feedback(SOUND, True, "en", "k1")
    assert "sample" not in feedback(SOUND, True, "en", "k1")
    assert "again" in feedback(item, True, "en", "k1", again=True).splitlines()[
        0
    ] or "once more" in (feedback(item, True, "en", "k1", again=True))


@given(st.text(), st.booleans(), st.sampled_from(["en", "fr", "rw"]))
def test_feedback_is_the_same_for_the_same_key(key: str, right: bool, language: str) -> None:
    assert feedback(SOUND, right, language, key) == feedback(SOUND, right, language, key)


def test_feedback_varies() -> None:
    openings = {feedback(SOUND, False, "en", str(key)).split("Not yet")[0] for key in range(40)}
    assert len(openings) >= 3


@pytest.mark.parametrize("right", [True, False])
def test_feedback_of_the_bank_fits_two_segments(right: bool) -> None:
    for item in BANK.items:
        for language in item.languages:
            for key in "abcd":
                said = to_gsm7(feedback(item, right, language, key), language)
                assert count(said).segments <= 2, (item.id, language)


def test_asking_again_names_the_letters() -> None:
    assert "A, B or C" in ask_again("unclear", SOUND, "en")
    assert "A, B ou C" in ask_again("several", SOUND, "fr")
    for language in ("en", "fr"):
        for kind in ("unclear", "several"):
            text = to_gsm7(ask_again(kind, SOUND, language), language)  # type: ignore[arg-type]
            assert count(text).segments == 1
