"""Knowledge of 85 % and a skill signed by a mentor: nothing else validates anybody."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.mentoring.competencies import load
from bot.mentoring.validation import Record, fully, reaches, skill_passed, standing

CATALOGUE = load()
START = datetime(2021, 1, 1, tzinfo=UTC)
ALICE = 7


def scored(
    kind: str, score: int, out_of: int = 20, day: int = 0, name: str | None = "pph"
) -> Record:
    at = START + timedelta(days=day)
    return Record("MNH", name, kind, at, Fraction(score), Fraction(out_of))  # type: ignore[arg-type]


def skill(passed: bool, day: int = 0, mentor: int | None = ALICE, name: str = "pph") -> Record:
    at = START + timedelta(days=day)
    return Record("MNH", name, "skill", at, passed=passed, mentor=mentor)


moments = st.integers(0, 900)
names = st.sampled_from(["pph", "anc", None])
scores = st.builds(
    lambda kind, out_of, share, day, name: scored(kind, out_of * share // 100, out_of, day, name),
    st.sampled_from(["pre", "post", "self"]),
    st.integers(1, 40),
    st.integers(0, 100),
    moments,
    names,
)
skills = st.builds(
    skill, st.booleans(), moments, st.sampled_from([ALICE, 8, None]), st.sampled_from(["pph", "x"])
)
histories = st.lists(st.one_of(scores, skills), max_size=12)


def when(records: list[Record]) -> datetime | None:
    return standing(records, "MNH", "pph").validated_at


def test_both_parts_validate_on_the_day_of_the_second() -> None:
    records = [scored("pre", 20), scored("post", 16, day=3), skill(False, 4), skill(True, 9)]
    assert standing(records, "MNH", "pph").status == "knowledge missing"
    found = standing([*records, scored("post", 17, day=12)], "MNH", "pph")
    assert found.status == "validated"
    assert found.validated_at == START + timedelta(days=12)
    assert (found.post_tests, found.observations, found.best) == (2, 2, Fraction(17, 20))
    assert found.mentor == ALICE


def test_a_test_of_the_whole_area_counts_for_each_competency() -> None:
    records = [scored("post", 18, name=None), skill(True, name="pph")]
    assert when(records) is not None
    assert standing(records, "MNH", "anc").status == "skill missing"
    assert standing(records, "FP", "pph").status == "not assessed"


@pytest.mark.parametrize(
    ("score", "out_of", "reached"),
    [("17", "20", True), ("16.99", "20", False), ("849", "1000", False), ("85", "100", True),
     ("84.9999999999999999999", "100", False), ("11.05", "13", True), ("1", "1", True),
     ("0", "20", False), ("0", "0", False)],
)  # fmt: skip
def test_nothing_is_rounded_up(score: str, out_of: str, reached: bool) -> None:
    assert reaches(Fraction(score), Fraction(out_of)) is reached


@given(histories)
def test_the_bot_alone_never_validates(records: list[Record]) -> None:
    unsigned = [one for one in records if one.kind != "skill" or one.mentor is None]
    assert when(unsigned) is None


@given(histories)
def test_a_signature_alone_never_validates(records: list[Record]) -> None:
    assert when([one for one in records if one.kind != "post"]) is None


@given(histories, st.integers(1, 10**6))
def test_just_under_85_never_validates(records: list[Record], fine: int) -> None:
    under = [
        one for one in records
        if one.kind != "post" or not reaches(one.score or Fraction(0), one.out_of or Fraction(1))
    ]  # fmt: skip
    almost = Record(
        "MNH", "pph", "post", START, Fraction(85 * fine * 100 - 1), Fraction(fine * 10**4)
    )
    assert when([*under, almost]) is None


@given(histories, st.one_of(scores, skills))
def test_no_attempt_takes_validation_away(records: list[Record], more: Record) -> None:
    before, after = when(records), when([*records, more])
    if before is not None:
        assert after is not None
        assert after <= before


@given(histories.flatmap(lambda some: st.tuples(st.just(some), st.permutations(some))))
def test_the_order_of_arrival_does_not_matter(both: tuple[list[Record], list[Record]]) -> None:
    assert standing(both[0], "MNH", "pph") == standing(both[1], "MNH", "pph")


@given(st.data())
def test_one_critical_step_missed_fails_the_skill(data: st.DataObject) -> None:
    competency = data.draw(st.sampled_from(list(CATALOGUE.competencies.values())))
    steps = [step.id for step in competency.checklist]
    done = data.draw(st.sets(st.sampled_from(steps)))
    passed, failed = skill_passed(competency, done)
    assert passed == (competency.critical <= done)
    assert set(failed) == competency.critical - done


def test_fully_validated_wants_all_that_the_cadre_must_reach() -> None:
    both = standing([scored("post", 17), skill(True)], "MNH", "pph")
    knows = standing([scored("post", 17)], "MNH", "pph")
    needed = {"a": "perform", "b": "know"}
    assert fully({"a": both, "b": knows}, needed)  # type: ignore[arg-type]
    assert not fully({"a": knows, "b": both}, needed)  # type: ignore[arg-type]
    assert not fully({"a": both}, needed)  # type: ignore[arg-type]
    assert not fully({"a": both}, {})
