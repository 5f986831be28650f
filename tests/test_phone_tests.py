"""Pre-test and post-test by phone, and which items they hold."""

from __future__ import annotations

from collections import Counter

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.mentoring import competencies
from bot.quizzes import bank, parallel, progress
from bot.quizzes.bank import LETTERS, Item
from store.learning import Assessment, AssessmentItem
from store.quizzes import Dose
from store.walks import Walk
from tests.town import Phone, Town

NURSE = "+250788000301"
OTHER = "+250788000302"
CATALOGUE = competencies.load()
BANK = bank.load()
MNH = CATALOGUE.area("MNH")
assert MNH is not None
PAIRS = [parallel.pairs(BANK.items, one.bank, "midwife") for one in MNH.competencies]


@given(st.text(max_size=8), st.integers(1, 40))
def test_both_forms_test_the_same_facts_in_other_words(seed: str, number: int) -> None:
    drawn = parallel.drawn(PAIRS, number, seed)
    assert drawn == parallel.drawn(PAIRS, number, seed)
    assert len(drawn) == min(number, sum(map(len, PAIRS)))
    assert len({pair.a.id for pair in drawn}) == len(drawn)
    for pair in drawn:
        assert (pair.a.form, pair.b.form) == ("A", "B")
        assert pair.a.twin == pair.b.id
        assert set(pair.a.facts) & set(pair.b.facts)
    of = Counter(pair.a.competency for pair in drawn)
    sizes = [sum(of[name] for name in one.bank) for one in MNH.competencies]  # type: ignore[union-attr]
    assert max(sizes) - min(sizes) <= 1 or number > 6 * min(map(len, PAIRS))


def test_seventeen_of_twenty_and_half_of_each_form() -> None:
    assert parallel.needed(20) == 17
    assert [parallel.needed(n) for n in (5, 11, 13)] == [5, 10, 12]
    assert [parallel.first_form(n) for n in range(4)] == ["A", "B", "A", "B"]


def item_of(town: Town, number: int) -> Item:
    walk = town.all(Walk)[-1]
    return BANK.by_id[walk.state["items"][number][0]]


def answers_all(town: Town, phone: Phone, wrong: set[int]) -> None:
    """Answer each item, some wrongly."""
    count = len(town.all(Walk)[-1].state["items"])
    for number in range(count):
        phone.hears(rf"^(Let us go on. )?{number + 1}/{count} ")
        item = item_of(town, number)
        place = (item.answer + 1) % len(item.options["en"]) if number in wrong else item.answer
        phone.says(LETTERS[place])


def test_a_pre_test_with_interruptions_then_the_other_form(town: Town) -> None:
    town.stock_bank()
    nurse = town.mentee(NURSE, cadre="chw", technical_areas=["ICCM"])
    other = town.mentee(OTHER, cadre="chw")
    # A letter is the quiz's while its question was asked last.
    nurse.says("QUIZ")
    nurse.hears("A ", "B ")
    nurse.says("test")
    nurse.hears("pre-test .ICCM.: 9 questions, as many as the bank has.*8 right")
    nurse.hears("1/9 ")
    first = item_of(town, 0)
    assert first.form == "A"
    nurse.says("back")
    nurse.hears("the first one")
    nurse.hears("1/9 ")
    nurse.says("skip")
    nurse.hears("2/9")
    nurse.says("perhaps B or C")  # though the quiz is open too
    nurse.hears("could not read")
    nurse.hears("2/9")
    nurse.says("later")
    nurse.hears("kept. Text TEST")
    nurse.says("B")  # the quiz's now
    nurse.hears("")
    nurse.says("TEST ICCM")
    nurse.hears("1 of 9 answered", "1 Go on")
    nurse.says("1")
    nurse.hears("Let us go on. 2/9")
    nurse.says("BACK")
    nurse.hears("1/9")
    nurse.says(first.letter.lower())
    assert town.all(Walk)[-1].answers == {"1": first.answer}
    count = 9
    for number in range(1, count):
        nurse.hears(rf"{number + 1}/{count} ")
        item = item_of(town, number)
        wrong = number in (3, 4)
        place = (item.answer + 1) % len(item.options["en"]) if wrong else item.answer
        nurse.says(LETTERS[place])
    nurse.hears("Your pre-test .ICCM.: 7 of 9 right .77 %", "All right in:", "MORE")
    nurse.says("more")
    nurse.hears("1/2 ", "Right: ", "MORE for the next")
    nurse.says("MORE")
    nurse.hears("2/2 ", "Right: ", "That was all")
    nurse.hears_nothing()
    pre = town.one(Assessment)
    assert (pre.kind, pre.technical_area, pre.competency) == ("pre", "ICCM", None)
    assert (int(pre.score), int(pre.out_of), pre.source) == (7, 9, "phone")
    rows = town.all(AssessmentItem)
    assert [row.place for row in rows] == list(range(1, 10))
    assert sum(row.right for row in rows) == 7
    assert rows[0].item_id == first.id

    # What was missed comes first in the quiz.
    with town.works.sessions() as session:
        weak = progress.weak_competencies(session, [pre.person_id])[pre.person_id]
    assert weak == {row.competency for row in rows if not row.right}

    # The next mentee begins with the other form.
    other.says("TEST ICCM")
    other.hears("pre-test")
    other.hears("1/9")
    assert item_of(town, 0).form == "B"
    other.says("LATER")
    other.hears("kept")

    # Afterwards the same facts in the other words; any number of attempts is kept.
    nurse.says("TEST")
    nurse.hears("post-test .ICCM")
    assert {BANK.by_id[one[0]].twin for one in town.all(Walk)[-1].state["items"]} == {
        row.item_id for row in rows
    }
    answers_all(town, nurse, wrong=set())
    nurse.hears("9 of 9 right .100 %.*reached the level of 8")
    assert [(row.kind, int(row.score)) for row in town.all(Assessment)] == [
        ("pre", 7), ("post", 9)
    ]  # fmt: skip


def test_no_dose_comes_into_a_test_and_test_is_a_word_only_with_an_area(town: Town) -> None:
    town.stock_bank()
    nurse = town.mentee(NURSE, "whatsapp", cadre="midwife", language="fr")
    nurse.says("test")
    nurse.hears("MNH, NEONATAL|FP, IMCI, MALARIA")
    nurse.says("TEST MNH")
    nurse.hears("pré-test .MNH. : 20 questions.*17 justes")
    nurse.hears("1/20")
    town.campaign(per_week=5, hour="11:00-11:30", quiet="22:00-05:00")
    town.live(hours=0.9, step=0.3)
    assert town.count(Dose, Dose.state == "open") == 0
    nurse.presses("A", under="1/20")
    nurse.hears("2/20")
    # No command: the area is unknown, so it goes where every question goes.
    nurse.says("test positive")
    assert town.all(Walk)[-1].answers.keys() == {"1"}
    assert town.inbound()[-1].handled_as == "dialogue"


@pytest.mark.parametrize("cadre", ["midwife", "nurse", "chw"])
def test_there_are_pairs_in_every_area_of_a_cadre(cadre: str) -> None:
    required = CATALOGUE.required(cadre)
    for area in CATALOGUE.areas:
        if any(one.id in required for one in area.competencies):
            assert any(parallel.pairs(BANK.items, c.bank, cadre) for c in area.competencies)
