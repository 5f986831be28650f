"""The plain rules of drafts: states, objections, variants, near-duplicates, files, sources."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bot import words
from bot.knowledge import draft_file, rules, similar
from bot.knowledge.rules import MOVES, NotAllowed, after

GOOD: dict[str, Any] = {
    "topic": "pph",
    "title": {"en": "Balloon tamponade", "fr": "Ballon intra-utérin"},
    "answer": {"en": "Refer at once.", "fr": "Référez tout de suite."},
    "examples": {"en": ["how do I place a balloon"], "fr": ["comment poser un ballon"]},
    "source": "WHO 2012",
}
ASKED = {
    "is_own": False,
    "near": {},
    "acknowledged": (),
    "topics": {"pph"},
}


def keys(content: dict[str, Any], **asked: Any) -> list[str]:
    return [one.key for one in rules.objections(content, **{**ASKED, **asked})]


@settings(deadline=None)
@given(st.lists(st.sampled_from(sorted({move for _, move in MOVES}))))
def test_whatever_is_tried_in_any_order_nothing_goes_live_unapproved(moves: list[str]) -> None:
    state, seen, took = rules.DRAFT, [rules.DRAFT], []
    for move in moves:
        try:
            state = after(state, move)
        except NotAllowed:
            assert (state, move) not in MOVES
            continue
        seen.append(state)
        took.append(move)
    assert set(seen) <= set(rules.STATES)
    if rules.LIVE in seen:
        first = seen.index(rules.LIVE)
        # Nothing was changed between the approval and going live.
        assert took[first - 1] == "go_live"
        assert took[first - 2] == "approve"
    if rules.REJECTED in seen:
        assert seen[-1] == rules.REJECTED
    after_live = seen[seen.index(rules.LIVE) :] if rules.LIVE in seen else []
    assert set(after_live) <= {rules.LIVE, rules.WITHDRAWN}


def test_what_is_complete_has_no_objection() -> None:
    assert keys(GOOD) == []
    assert keys(GOOD, near={"pph-x": "X"}, acknowledged=["pph-x"]) == []


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        ({"source": " "}, ["card_no_source"]),
        ({"topic": None}, ["card_no_topic"]),
        ({"topic": "snakes"}, ["card_no_topic"]),
        ({"answer": {"fr": "Référez."}}, ["card_no_english"]),
        ({"title": {"en": "Balloon"}}, ["card_no_title"]),
        ({"examples": {"en": ["how do I place it"]}}, ["card_no_examples"]),
        ({"answer": {"en": "x" * 481}}, ["card_answer_long"]),
        ({"title": {"en": "x" * 61, "fr": "y"}}, ["card_title_long"]),
        ({"answer": {"en": "Call +250788123456."}}, ["card_identifier"]),
        ({"answer": {"en": "Ask [name] first."}}, ["card_identifier"]),
        ({"examples": {**GOOD["examples"], "en": ["is Claudine right"]}}, ["card_identifier"]),
    ],
)
def test_each_thing_that_is_missing_is_said(change: dict[str, Any], expected: list[str]) -> None:
    assert keys({**GOOD, **change}, names=["Claudine Mukamana"]) == expected


def test_the_second_person_is_another_and_has_looked_at_near_duplicates() -> None:
    assert keys(GOOD, is_own=True) == ["card_no_same_person"]
    assert keys(GOOD, near={"pph-x": "X"}) == ["card_near_unseen"]


@settings(deadline=None)
@given(st.lists(st.text(max_size=60), max_size=5))
def test_variants_hold_no_identifier_and_each_once(texts: list[str]) -> None:
    said = [*texts, "call 0788 123 456 about the cord", "Cord felt. Name: Claudine", "ok"]
    found = rules.variants(said, ["Diane Uwera"])
    assert len({one.casefold() for one in found}) == len(found)
    for one in found:
        assert rules.identifier(one, ["Diane Uwera"]) is None
        assert len(one) <= rules.LONGEST_EXAMPLE
    assert rules.variants(found, ["Diane Uwera"]) == found


def test_a_greeting_is_no_part_of_an_answer() -> None:
    names = ["Claudine Mukamana", "Alice Ingabire"]
    assert rules.without_greeting("Hello Claudine, refer her.", names) == "Refer her."
    assert rules.without_greeting("Chère Claudine Mukamana : référez", names) == "Référez"
    assert rules.without_greeting("Refer her to Claudine.", names) == "Refer her to Claudine."
    assert rules.without_greeting("Hello, refer her.", []) == "Hello, refer her."


LIBRARY = {
    "pph-txa": ["dose of tranexamic acid in pph", "how much txa after birth", "TXA first dose"],
    "fp-implant": ["how long does the implant work", "implant years"],
    "triage-bite": ["a snake has bitten a farmer, what now"],
}


def test_near_duplicates_are_found_in_spite_of_spelling_and_order() -> None:
    found = similar.near(["what is the dose of tranexamic acd in PPH"], LIBRARY)
    assert [one.card for one in found] == ["pph-txa"]
    assert found[0].other == "dose of tranexamic acid in pph"
    assert similar.near(["how do we store vaccines"], LIBRARY) == []
    assert similar.near(["Implant, YEARS?"], LIBRARY)[0].closeness == 1.0


@settings(deadline=None)
@given(st.lists(st.text(max_size=40), max_size=4), st.randoms())
def test_closeness_is_between_0_and_1_and_the_same_in_any_order(
    texts: list[str], random: Any
) -> None:
    first = similar.near(texts, LIBRARY, least=0.0)
    turned = {name: LIBRARY[name] for name in random.sample(sorted(LIBRARY), len(LIBRARY))}
    assert similar.near(texts, turned, least=0.0) == first
    assert all(0.0 <= one.closeness <= 1.0001 for one in first)
    assert len(first) <= similar.MOST


_TEXT = st.text(st.characters(codec="utf-8", exclude_categories=["C", "Z"]), min_size=1)
_BY_LANGUAGE = st.dictionaries(st.sampled_from(rules.LANGUAGES), _TEXT)


@settings(deadline=None)
@given(_BY_LANGUAGE, st.dictionaries(st.sampled_from(rules.LANGUAGES), st.lists(_TEXT, min_size=1)))
def test_a_file_gives_back_what_was_written(
    answer: dict[str, str], examples: dict[str, list[str]]
) -> None:
    content = draft_file.read(draft_file.write({**GOOD, "answer": answer, "examples": examples}))
    assert (content["answer"], content["examples"]) == (answer, examples)
    assert content["source"] == "WHO 2012"
    assert draft_file.read(draft_file.write(content)) == content


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("a: [", "The file is not YAML (line 1)."),
        ("- a", "The file is not a mapping of fields."),
        ("titel: {en: x}", "The file has a field 'titel' that is not known."),
        ("answer: x", "The field answer has no language such as en in it."),
        ("answer: {xx: y}", "The field answer has 'xx', not one of en, fr, rw, sw."),
        ("examples: {en: y}", "The field examples in en is not a list of texts."),
        ("source: [1]", "The field source is not a text."),
        ("expires_on: soon", "The field expires_on has 'soon', not a day such as 2027-01-31."),
    ],
)
def test_a_bad_file_is_refused_in_one_sentence(text: str, sentence: str) -> None:
    with pytest.raises(draft_file.BadFile) as refused:
        draft_file.read(text)
    assert str(refused.value) == sentence


@pytest.mark.parametrize(
    ("said", "alone", "source"),
    [
        ("WHO 2017", True, "WHO 2017"),
        ("WHO 2017", False, None),
        ("Source: WHO 2017", False, "WHO 2017"),
        ("la source est le guide du ministère", False, "le guide du ministère"),
        ("what is the dose of oxytocin", True, None),
        ("is it in the guideline?", True, None),
        ("source: is it WHO?", False, "is it WHO?"),
        ("2", True, None),
        ("2017", True, None),
    ],
)
def test_what_names_a_source(said: str, alone: bool, source: str | None) -> None:
    assert words.source(said, alone=alone) == source
