"""The planner's form: from what a browser sends to the wishes of a campaign, and back.

The wishes have the names of the command's options, so that both make the same campaign of them.
Plain functions.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import Any, Final

from bot.accounts.keeping import N_
from bot.importing import LANGUAGES
from bot.quizzes.drafting import BUDGET, COHORT, LISTS, WEEKS
from bot.quizzes.plan import Budget, Plan

# A field's name → what was sent in it, in order.
Fields = Mapping[str, Sequence[str]]

WORDS: Final = (*LISTS, *COHORT)
TICKS: Final = ("weekends", "own_hour", "summary")
CHOICES: Final = ("channel", "outside", "spacing", "timezone")
WHOLE: Final = ("per_week", "reminder", "expiry")
# Two rows for more tips than there are.
SPARE_TIPS: Final = 2
LONGEST: Final = 2000
MOST_WORDS: Final = 2000

# What a problem of a plan is about → the field beside which it stands.
_FIELDS: Final = {
    **{field: name for name, field in LISTS.items()},
    **{f"cohort.{field}": name for name, field in COHORT.items()},
    **{f"budget.{field}": name for name, field in BUDGET.items()},
    "budget": "budget_money",
    "hour": "hour_from",
    "quiet": "quiet_from",
    "tips": "tip_en",
    "start, end": "start",
}
# The same for problems of the whole plan, by how they begin.
_WHOLE: Final = (
    ("The end is", "end"),
    ("A campaign lasts", "end"),
    ("A campaign of tips", "tip_en"),
    ("The hour of doses", "hour_from"),
    ("Weekend days", "weekdays"),
    ("The reminder", "reminder"),
)


@dataclass
class Read:
    """What was read: plain data, wishes, and what could not be read by field, in English."""

    name: str
    data: dict[str, Any]
    wishes: dict[str, Any]
    problems: dict[str, str] = field(default_factory=dict)


def blank(kind: str, tomorrow: date) -> dict[str, list[str]]:
    """The form of a new campaign: the defaults of the plan."""
    tips = [{"en": "-"}] if kind == "tips" else []
    plan = Plan.model_validate({"kind": kind, "tips": tips, "start": tomorrow, "end": tomorrow})
    fields = of(plan)
    fields["end"] = [""]
    fields["weeks"] = [str(WEEKS) if kind == "quiz" else ""]
    for language in LANGUAGES:
        fields[f"tip_{language}"] = []
    return fields


def of(plan: Plan) -> dict[str, list[str]]:
    """The form as it is filled for a plan."""
    budget = plan.budget or Budget()
    hour, quiet = plan.hour.split("-"), plan.quiet.split("-")
    fields = {name: list(getattr(plan, of_plan)) for name, of_plan in LISTS.items()}
    fields |= {name: list(getattr(plan.cohort, of_plan)) for name, of_plan in COHORT.items()}
    fields |= {name: ["1"] if getattr(plan, name) else [] for name in TICKS}
    fields |= {name: [getattr(plan, name) or ""] for name in CHOICES}
    fields |= {name: [str(getattr(plan, name))] for name in WHOLE}
    for name in ("per_segment", "per_template", "per_message"):
        fields[name] = [_number_of(getattr(budget, name) or None)]
    fields |= {f"tip_{one}": [tip.get(one, "") for tip in plan.tips] for one in LANGUAGES}
    return fields | {
        "budget_segments": [str(budget.segments or "")],
        "budget_money": [_number_of(budget.money)],
        "currency": [budget.currency],
        "weekdays": list(plan.weekdays),
        "hour_from": [hour[0]],
        "hour_to": [hour[1]],
        "quiet_from": [quiet[0]],
        "quiet_to": [quiet[1]],
        "start": [plan.start.isoformat()],
        "end": [plan.end.isoformat()],
        "weeks": [""],
        "retention": [_number_of(plan.retention)],
    }


def _number_of(value: float | None) -> str:
    """A number as people write it, with all of its digits."""
    return "" if value is None else repr(value).removesuffix(".0")


def tidy(fields: Fields) -> dict[str, Sequence[str]]:
    """The form as it was sent, with every word of a list by itself and no empty one."""
    return {**fields, **{name: words(fields, name) for name in (*WORDS, "weekdays")}}


def read(kind: str, fields: Fields) -> Read:
    """What a form holds. What is empty is as the plan has it by itself.

    Args:
        kind: ``quiz`` or ``tips``.
    """
    found = Read(_one(fields, "name")[:LONGEST], {"kind": kind}, {})
    for name in WORDS:
        found.wishes[name] = words(fields, name)
    for name in TICKS:
        found.wishes[name] = bool(_one(fields, name))
    for name in CHOICES:
        if name == "timezone" or _one(fields, name):
            found.wishes[name] = _one(fields, name)
    for name in WHOLE:
        _whole(found, fields, name)
    _number(found, fields, "retention")
    found.wishes["weekdays"] = ",".join(words(fields, "weekdays"))
    if not found.wishes["weekdays"]:
        found.problems["weekdays"] = N_("Choose at least one day.")
    for name in ("hour", "quiet"):
        _span(found, fields, name)
    _dates(found, fields)
    _budget(found, fields)
    if kind == "tips":
        _tips(found, fields)
    return found


def words(fields: Fields, name: str) -> list[str]:
    """The words of a list: each ticked, or on a line of its own; none twice."""
    given = [line.strip() for value in fields.get(name, ()) for line in value.splitlines()]
    return list(dict.fromkeys(word for word in given if word))[:MOST_WORDS]


def beside(problem: str) -> str:
    """The field that a problem of a plan stands beside; empty: above all."""
    about, colon, _ = problem.partition(": ")
    if colon and re.fullmatch(r"[a-z_0-9., ]+", about):
        whole = re.sub(r"\.\d+.*$", "", about)
        return _FIELDS.get(whole, whole)
    return next((name for begins, name in _WHOLE if problem.startswith(begins)), "")


def _one(fields: Fields, name: str) -> str:
    given = fields.get(name, ())
    return given[0].strip() if given else ""


def _whole(found: Read, fields: Fields, name: str) -> None:
    typed = _one(fields, name)
    if not typed:
        return
    if typed.isascii() and typed.isdecimal() and len(typed) < 10:
        found.wishes[name] = int(typed)
    else:
        found.problems[name] = N_("Please write a whole number.")


def _number(found: Read, fields: Fields, name: str) -> None:
    """A number with a point or, as in French, a comma."""
    typed = _one(fields, name).replace(",", ".").replace("\u202f", "").replace(" ", "")
    if not typed:
        return
    if re.fullmatch(r"\d{1,12}(\.\d{1,30})?|\.\d{1,30}", typed, re.ASCII):
        found.wishes[name] = float(typed)
    else:
        found.problems[name] = N_("Please write a number.")


def _span(found: Read, fields: Fields, name: str) -> None:
    first, last = _one(fields, f"{name}_from"), _one(fields, f"{name}_to")
    if first and last:
        found.wishes[name] = f"{first}-{last}"
    elif first or last:
        found.problems[f"{name}_from"] = N_("Please write two times, such as 17:00 and 19:00.")


def _dates(found: Read, fields: Fields) -> None:
    for name in ("start", "end"):
        typed = _one(fields, name)
        if not typed:
            continue
        try:
            found.wishes[name] = date.fromisoformat(typed)
        except ValueError:
            found.problems[name] = N_("Please write a day.")
    _whole(found, fields, "weeks")
    if "weeks" in found.wishes and _one(fields, "end"):
        found.problems["weeks"] = N_("Write the weeks or the last day, not both.")


def _budget(found: Read, fields: Fields) -> None:
    """A currency alone is no budget."""
    _whole(found, fields, "budget_segments")
    for name in BUDGET:
        if name not in ("budget_segments", "currency"):
            _number(found, fields, name)
    if set(BUDGET) & found.wishes.keys() and _one(fields, "currency"):
        found.wishes["currency"] = _one(fields, "currency")


def _tips(found: Read, fields: Fields) -> None:
    """Rows of texts, one in each language; a row without any text is left out."""
    columns = {one: fields.get(f"tip_{one}", ()) for one in LANGUAGES}
    rows = max((len(texts) for texts in columns.values()), default=0)
    found.data["tips"] = []
    for row in range(rows):
        texts = {one: _text(column[row]) for one, column in columns.items() if row < len(column)}
        texts = {one: text for one, text in texts.items() if text}
        if texts:
            found.data["tips"].append(texts)


def _text(typed: str) -> str:
    return typed.replace("\r\n", "\n").strip()[:LONGEST]
