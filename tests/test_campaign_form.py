"""The planner's form and the command make the same campaign of the same wishes. Plain functions."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.quizzes.drafting import BUDGET, COHORT, LISTS, compose
from bot.quizzes.plan import DAYS, Plan, PlanError
from cli import campaign_plans
from console import campaign_form as form

TODAY = date(2026, 3, 3)

# Words as somebody may name a district, in any language; a line of a form is one of them.
word = st.text(
    st.characters(exclude_categories=("Cc", "Cs", "Zl", "Zp")), min_size=1, max_size=12
).filter(lambda text: text.strip() == text and len(text.splitlines()) == 1)
words = st.lists(word, max_size=3, unique=True)
hour = st.builds("{:02}:{:02}".format, st.integers(0, 23), st.sampled_from((0, 30)))
day = st.dates(date(2026, 1, 1), date(2027, 12, 31))
price = st.floats(0.0001, 10_000, allow_nan=False)

# What a coordinator may wish, by the names of the command's options.
wishes = st.fixed_dictionaries(
    {},
    optional={
        **dict.fromkeys((*LISTS, *COHORT), words),
        "per_week": st.integers(0, 7),
        "weekdays": st.lists(st.sampled_from(DAYS), min_size=1, unique=True).map(",".join),
        "hour": st.tuples(hour, hour).map("-".join),
        "own_hour": st.booleans(),
        "timezone": st.sampled_from(("Africa/Kigali", "Africa/Nowhere")),
        "quiet": st.tuples(hour, hour).map("-".join),
        "weekends": st.booleans(),
        "channel": st.sampled_from(("any", "whatsapp", "sms")),
        "outside": st.sampled_from(("template", "sms")),
        "spacing": st.sampled_from(("kerfoot", "fsrs")),
        "retention": st.floats(0.7, 0.9),
        "reminder": st.integers(0, 80),
        "expiry": st.integers(0, 200),
        "summary": st.booleans(),
        "start": day,
        "budget_segments": st.integers(0, 10**6),
        "budget_money": price,
        "per_segment": price,
        "per_template": price,
        "per_message": price,
    },
)
ends = st.one_of(
    st.just({}),
    st.builds(lambda weeks: {"weeks": weeks}, st.integers(1, 104)),
    st.builds(lambda end: {"end": end}, day),
)
tips = st.lists(st.tuples(word, st.one_of(st.just(""), word)), min_size=1, max_size=4)


def typed(kind: str, wished: dict[str, Any]) -> dict[str, list[str]]:
    """The form as somebody fills it who wishes this, and leaves the rest as it stands."""
    fields = form.blank(kind, TODAY + timedelta(days=1))
    if kind == "quiz" and "end" in wished:
        fields["weeks"] = [""]
    for name, value in wished.items():
        match name, value:
            case (("hour" | "quiet"), str()):
                fields[f"{name}_from"], fields[f"{name}_to"] = ([x] for x in value.split("-"))
            case "weekdays", str():
                fields[name] = value.split(",")
            case _, bool():
                fields[name] = ["1"] if value else []
            case _, list():
                fields[name] = value
            case _:
                fields[name] = [str(value)]
    return fields


def of_form(kind: str, fields: dict[str, list[str]]) -> Plan | None:
    """The plan that the page would keep."""
    read = form.read(kind, fields)
    assert read.problems == {}
    try:
        return compose(read.data, read.wishes, TODAY, "RW")
    except PlanError:
        return None


def of_command(kind: str, given: dict[str, Any]) -> Plan | None:
    """The plan that the command would write. Its days come as moments."""
    days = {
        name: datetime(value.year, value.month, value.day)
        for name, value in given.items()
        if isinstance(value, date)
    }
    used = {name: value for name, value in {**given, **days}.items() if value != []}
    try:
        return campaign_plans.new(kind, used, TODAY, "RW")
    except PlanError:
        return None


@given(wishes, ends)
def test_the_form_and_the_command_make_the_same_quiz_of_the_same_wishes(
    wished: dict[str, Any], end: dict[str, Any]
) -> None:
    wished = {**wished, **end}
    made = of_form("quiz", typed("quiz", wished))
    assert made == of_command("quiz", wished)
    if made is not None:
        assert of_form("quiz", form.of(made)) == made


@given(wishes, ends, tips)
def test_the_form_and_the_command_make_the_same_tips_of_the_same_wishes(
    wished: dict[str, Any], end: dict[str, Any], texts: list[tuple[str, str]]
) -> None:
    rules = ("topic", "item", "competency", "spacing", "retention", "reminder", "expiry", "summary")
    wished = {name: value for name, value in {**wished, **end}.items() if name not in rules}
    fields = typed("tips", wished)
    fields["tip_en"] = [english for english, _ in texts] + [""]
    fields["tip_fr"] = [french for _, french in texts] + [""]
    made = of_form("tips", fields)
    data = [{"en": en, **({"fr": fr} if fr else {})} for en, fr in texts]
    days = {name: wished[name] for name in ("start", "end", "weeks") if name in wished}
    try:
        wanted = compose({"kind": "tips", "tips": data}, wished, TODAY, "RW")
    except PlanError:
        wanted = None
    assert made == wanted, days
    if all(french for _, french in texts):
        options = {"text_en": [en for en, _ in texts], "text_fr": [fr for _, fr in texts]}
        assert made == of_command("tips", {**wished, **options})
    if made is not None:
        assert of_form("tips", form.of(made)) == made


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("per_week", "three"),
        ("per_week", "²"),
        ("weeks", "1.5"),
        ("reminder", "-1"),
        ("budget_segments", "9" * 30),
        ("per_segment", "1e400"),
        ("per_segment", "nan"),
        ("retention", "0,8,5"),
        ("start", "tomorrow"),
        ("end", "2026-13-01"),
        ("hour_from", ""),
        ("quiet_to", ""),
    ],
)
def test_what_cannot_be_read_is_said_beside_its_field(field: str, value: str) -> None:
    fields = form.blank("quiz", TODAY)
    fields[field] = [value]
    beside = {"quiet_to": "quiet_from"}.get(field, field)
    assert list(form.read("quiz", fields).problems) == (
        [beside] if field != "end" else ["end", "weeks"]
    )


@pytest.mark.parametrize(("written", "number"), [("0,05", 0.05), ("1 000,5", 1000.5), (".5", 0.5)])
def test_numbers_are_read_as_they_are_written_here_and_in_french(
    written: str, number: float
) -> None:
    fields = form.blank("quiz", TODAY)
    fields["per_segment"] = [written]
    assert form.read("quiz", fields).wishes["per_segment"] == number


@pytest.mark.parametrize(
    ("broken", "field"),
    [
        ({"per_week": 9}, "per_week"),
        ({"start": date(2026, 5, 1), "end": date(2026, 4, 1)}, "end"),
        ({"end": date(2030, 1, 1)}, "end"),
        ({"hour": "19:00-17:00"}, "hour_from"),
        ({"hour": "21:00-22:00"}, "hour_from"),
        ({"quiet": "25:00-07:00"}, "quiet_from"),
        ({"timezone": "Mars"}, "timezone"),
        ({"weekdays": "sat"}, "weekdays"),
        ({"reminder": 72}, "reminder"),
        ({"expiry": 500}, "expiry"),
        ({"budget_money": 5.0}, "budget_money"),
        ({"budget_segments": 0}, "budget_segments"),
    ],
)
def test_what_is_wrong_with_a_plan_stands_beside_its_field(
    broken: dict[str, Any], field: str
) -> None:
    wishes = {"weeks": 4, **broken}
    if "end" in broken:
        del wishes["weeks"]
    with pytest.raises(PlanError) as error:
        compose({"kind": "quiz"}, wishes, TODAY, "RW")
    names = {form.beside(problem) for problem in error.value.problems}
    assert names == {field}
    assert field in {*form.blank("quiz", TODAY), *BUDGET}
