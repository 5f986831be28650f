"""The self-assessment: what it says, and by phone while the dialogue is down."""

from __future__ import annotations

import itertools

import pytest

from bot.mentoring import selfview
from bot.mentoring.selfview import Told
from bot.quizzes import bank
from store.learning import Assessment
from store.plans import Goal, PlanItem
from store.walks import Walk
from tests.town import Phone, Town

NURSE = "+250788000301"
BANK = bank.load()
AREA = {"cadre": "midwife", "technical_areas": ["FP", "MALARIA"]}


def test_strengths_and_gaps_with_confident_errors_first() -> None:
    told = [
        Told("sure-right", 5, True),
        Told("half", 3, True),
        Told("unsure-right", 1, True),
        Told("unsure-wrong", 2, False),
        Told("sure-wrong", 5, False),
        Told("only-sure", 4, None),
        Told("left-out", None, None),
    ]
    assert selfview.strengths(told) == ["sure-right"]
    assert selfview.gaps(told) == ["sure-wrong", "unsure-wrong", "unsure-right"]
    assert told[1].view == told[5].view == "between"
    assert told[6].view is None


@pytest.mark.parametrize(
    ("sure", "right"), list(itertools.product([None, 1, 2, 3, 4, 5], [None, True, False]))
)
def test_every_answer_has_at_most_one_side(sure: int | None, right: bool | None) -> None:
    told = [Told("one", sure, right)]
    assert not set(selfview.strengths(told)) & set(selfview.gaps(told))


def walk_of(town: Town) -> Walk:
    return town.all(Walk)[-1]


def answers(town: Town, phone: Phone, sure: str, right: bool) -> None:
    """The two questions about the competency at hand."""
    phone.hears(r"\d/8 .*how sure are you")
    phone.says(sure)
    phone.hears(r"\d/8 ")
    walk = walk_of(town)
    competency = (walk.step or "").rsplit(":", 1)[0]
    item = BANK.by_id[walk.state["items"][competency][0]]
    place = item.answer if right else (item.answer + 1) % len(item.options["en"])
    phone.says(str(place + 1))


def test_the_whole_of_it_without_the_dialogue(town: Town) -> None:
    """Rasa is down in this town: the form would have led what goes on without it."""
    town.stock_bank()
    nurse = town.mentee(NURSE, **AREA)
    nurse.says("ASSESS")
    nurse.hears("4 parts of your work", "Nobody is graded")
    answers(town, nurse, "5", right=True)
    answers(town, nurse, "four", right=False)
    nurse.hears("5/8 .*how sure")
    nurse.says("assess")
    nurse.hears("Let us go on. 5/8")
    nurse.says("EXIT")
    nurse.hears("kept. Text ASSESS")
    nurse.says("Evaluer")
    nurse.hears("self-assessment: 4 of 8 answered")
    nurse.says("1")
    nurse.hears("Let us go on. 5/8")
    nurse.says("1")
    nurse.hears("6/8")
    nurse.says("passer")
    nurse.hears("7/8 .*how sure")
    nurse.says("3")
    nurse.hears("8/8")
    nurse.says("skip")
    nurse.hears("Your strengths: .*\n*To work on: .*; ")
    nurse.hears("Shall your next goal be: .*1 Yes.*2 Another one.*3 None now")
    gap = walk_of(town).state["competencies"][1]
    assert town.one(Goal).state == "proposed"
    assert town.one(Goal).competency == gap
    nurse.says("2")
    nurse.hears("Which one", "1 .*2 .*3 ")
    nurse.says("back")
    nurse.hears("Shall your next goal")
    nurse.says("yes")
    nurse.hears("Your goal: ")
    goal = town.one(Goal)
    assert (goal.competency, goal.state, goal.source) == (gap, "active", "assess")
    rows = town.all(Assessment)
    assert {row.kind for row in rows} == {"self"}
    assert [int(row.score) for row in rows] == [5, 4, 1, 3]
    nurse.says("MORE")
    nurse.hears("1/1 ", "Right: ")
    items = town.all(PlanItem)
    assert [item.competency for item in items] == walk_of(town).state["competencies"][1:3]
    assert {item.source for item in items} == {"assess"}
    # Whoever has a goal is offered the next gap.
    nurse.says("ASSESS")
    nurse.hears("4 parts")
    for _ in range(4):
        answers(town, nurse, "2", right=False)
    nurse.hears("Thank you for looking")
    nurse.hears("Shall your next goal be")
    nurse.says("3")
    nurse.hears("no goal for now")
    assert [goal.state for goal in town.all(Goal)] == ["active", "dropped"]
    nurse.hears_nothing()


def test_whoever_has_nothing_to_work_on_is_told_so(town: Town) -> None:
    town.stock_bank()
    nurse = town.mentee(NURSE, cadre="chw")
    nurse.says("ASSESS CBP-FP")
    nurse.hears("2 parts")
    for number in range(2):
        nurse.hears(rf"{2 * number + 1}/4")
        nurse.says("5")
        nurse.hears(rf"{2 * number + 2}/4")
        walk = walk_of(town)
        item = BANK.by_id[walk.state["items"][walk.state["competencies"][number]][0]]
        nurse.says(str(item.answer + 1))
    nurse.hears("Your strengths", "Nothing stands out")
    nurse.hears_nothing()
    assert town.count(Goal) == 0
    stranger = town.mentee("+250788000309", cadre="driver")
    stranger.says("ASSESS")
    stranger.hears("no competencies for your profession")
