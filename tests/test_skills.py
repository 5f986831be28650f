"""SKILL: from the observation at the bedside to the signature, and what the mentee hears."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.mentoring import marks, skills
from bot.mentoring.competencies import load
from bot.mentoring.marks import MARKS
from store.encounters import Encounter
from store.learning import Assessment, SkillObservation
from store.plans import PlanItem
from store.walks import Walk
from tests.town import Phone, Town

CATALOGUE = load()
PPH = CATALOGUE.competencies["mnh-pph"]
CLAUDINE, ODILE, ALICE = "+250788000301", "+250788000302", "+250788000401"


@pytest.mark.parametrize(
    ("said", "expected"),
    [
        ("All ok", {1: "done", 2: "done", 3: "done", 4: "done"}),
        ("tout est bien", {1: "done", 2: "done", 3: "done", 4: "done"}),
        ("ALL BUT 4", {1: "done", 2: "done", 3: "done", 4: "not_yet"}),
        ("all ok except 2 and 4", {1: "done", 2: "not_yet", 3: "done", 4: "not_yet"}),
        ("tout sauf 1, 3", {1: "not_yet", 2: "done", 3: "not_yet", 4: "done"}),
        ("all but steps 2 3", {1: "done", 2: "not_yet", 3: "not_yet", 4: "done"}),
        ("4=1", {4: "done"}),
        ("2 = 3, 4:2", {2: "not_seen", 4: "not_yet"}),
        ("all but 5", None),
        ("0=1", None),
        ("4=4", None),
        ("all her vitals were fine", None),
        ("4", None),
        ("1 2", None),
        ("", None),
    ],
)
def test_steps_are_marked_all_at_once(said: str, expected: dict[int, str] | None) -> None:
    assert marks.read(said, 4) == expected


@given(st.text(alphabet="albut exp=:,0123456789 ok", max_size=20), st.integers(1, 12))
def test_marks_are_about_steps_that_there_are(said: str, steps: int) -> None:
    found = marks.read(said, steps)
    assert found is None or (found and set(found) <= set(range(1, steps + 1)))


@given(st.lists(st.sampled_from(MARKS), min_size=len(PPH.checklist), max_size=len(PPH.checklist)))
def test_a_skill_is_passed_when_every_critical_step_was_done_well(given_: list[str]) -> None:
    found = {one.id: mark for one, mark in zip(PPH.checklist, given_, strict=True)}
    passed, done, practise = skills.result(PPH, found)  # type: ignore[arg-type]
    assert passed == all(found[one] == "done" for one in PPH.critical)
    assert {one.id for one in done} == {name for name, mark in found.items() if mark == "done"}
    assert passed or practise[0].critical
    assert not {one.id for one in practise} & {one.id for one in done}


def begin(town: Town) -> tuple[Phone, Phone]:
    nurse = town.mentee(CLAUDINE, cadre="nurse", facility="Rukara HC")
    town.mentee(ODILE, cadre="chw", name="Odile Uwera", language="fr")
    alice = town.mentor(ALICE)
    for number in (CLAUDINE, ODILE):
        town.pair(number, ALICE)
    return nurse, alice


def test_a_mentor_walks_through_the_checklist_and_signs(town: Town) -> None:
    nurse, alice = begin(town)
    total = len(PPH.checklist)
    alice.says("SKILL")
    alice.hears("Whom did you observe", r"1 Claudine Mukamana \(nurse, Rukara HC\)", "2 Odile")
    alice.says("claudine")
    alice.hears("In which area", "Maternal and newborn health")
    alice.presses(row(alice, "Maternal and newborn"))
    alice.hears("Which skill", "Prevent and treat bleeding after birth")
    alice.says(row(alice, "Prevent and treat bleeding"))
    alice.hears("Was the patient asked")
    alice.presses("Yes")
    alice.hears(rf"^1/{total} CRITICAL: Gives a uterotonic", "ALL OK, or ALL BUT 4 7")
    alice.presses("Done well")
    alice.hears(f"^2/{total} ")
    alice.says("BACK")
    alice.hears(f"^1/{total} ")
    alice.says("1")
    alice.hears(f"^2/{total} ")
    alice.says("SKIP")
    third = alice.hears(f"^3/{total} ")
    assert PPH.checklist[2].text["en"] in third
    alice.says("all but 3")
    alice.hears(
        f"Claudine Mukamana: Prevent and treat bleeding after birth. Done well: {total - 1} of",
        "Not yet: 3! ",
        "not passed yet",
    )
    # The second step was left out as not seen, then marked with all others.
    alice.says("2=3")
    alice.hears(f"Done well: {total - 2} of", "Not seen: 2 ")
    nurse.hears_nothing()
    assert town.count(Assessment) == 0
    alice.presses("Sign")
    alice.hears("Signed, thank you. Claudine Mukamana is told what went well")
    nurse.hears(
        "^Alice Ingabire has watched you: Prevent and treat bleeding after birth. "
        f"Done well: {total - 2} of {total} steps.",
        "To practise: At 500 mL starts",
        "Practise it together",
    )
    row_ = town.one(Assessment)
    assert (row_.kind, row_.passed, row_.source) == ("skill", False, "phone")
    assert row_.assessor_id == town.person(ALICE).id
    signed = town.one(SkillObservation)
    assert signed.patient_consent
    assert [one["mark"] for one in signed.steps][:3] == ["done", "not_seen", "not_yet"]
    assert signed.critical_failed == [PPH.checklist[2].id]
    item = town.one(PlanItem)
    assert (item.source, item.competency) == ("skill", "mnh-pph")
    assert town.one(Encounter).kind == "in_person"
    # After practice: another observation, at once by words; the first stays as it is.
    town.later(days=2)
    alice.says("skill claudine pph")
    alice.hears("Was the patient asked")
    alice.says("yes")
    alice.hears(f"^1/{total} ")
    alice.says("All ok")
    alice.hears(f"Done well: {total} of {total}", "Result: passed")
    alice.says("1")
    alice.hears("Signed, thank you. Claudine Mukamana is told. A signed observation stays")
    nurse.hears(f"Done well: {total} of {total} steps. The skill is signed. PROGRESS")
    assert [one.passed for one in town.all(Assessment)] == [False, True]
    nurse.says("PROGRESS")
    nurse.hears("QUIZ")
    nurse.hears("Skill signed, the test is still to do: Prevent and treat bleeding")


def test_without_the_patients_yes_nothing_is_recorded(town: Town) -> None:
    nurse, alice = begin(town)
    alice.says("SKILL claudine mnh-pph")
    alice.hears("Was the patient asked")
    alice.says("no")
    alice.hears("Nothing is recorded of this observation")
    nurse.hears_nothing()
    walk = town.one(Walk)
    assert (walk.status, walk.answers) == ("done", {"consent": False})
    # Signing can be refused as well, and an interruption loses nothing.
    alice.says("skill claudine mnh-pph")
    alice.hears("Was the patient asked")
    alice.says("yes")
    alice.hears("^1/")
    alice.says("all ok")
    alice.hears("Result: passed")
    nurse.says("she is fitting now")
    nurse.hears(".")
    alice.hears("URGENT")
    alice.says("2")
    alice.hears("Not signed, and nothing is recorded")
    assert town.count(Assessment) == town.count(SkillObservation) == town.count(PlanItem) == 0
    odd = town.mentor("+250788000402", name="Bob")
    odd.says("SKILL")
    odd.hears("You have no mentees")


def row(phone: Phone, words: str) -> str:
    """The number of the line that holds some words, in the newest message."""
    body = phone.received()[-1].body
    line = next(one for one in body.splitlines() if words in one and one[0].isdigit())
    return str(line.split()[0])
