"""A campaign's plan from what a coordinator wishes, whether typed as options or in a form."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from datetime import date, timedelta
from typing import Any, Final

from bot.people import e164
from bot.quizzes.plan import Plan, PlanError, read

WEEKS: Final = 26
"""How long a campaign is unless it is said."""
LISTS: Final = {
    "topic": "topics",
    "item": "items",
    "competency": "competencies",
    "language": "languages",
}
COHORT: Final = {
    "district": "districts",
    "facility": "facilities",
    "cadre": "cadres",
    "area": "areas",
    "association": "associations",
    "group": "groups",
    "person": "people",
}
BUDGET: Final = {
    "budget_segments": "segments",
    "budget_money": "money",
    **{name: name for name in ("per_segment", "per_template", "per_message", "currency")},
}
SINGLE: Final = (
    *("per_week", "weekdays", "hour", "own_hour", "timezone", "quiet", "weekends", "channel"),
    *("outside", "spacing", "retention", "reminder", "expiry", "summary"),
)
YEARS: Final = (2000, 2200)
_DAY: Final = timedelta(days=1)


def compose(data: Mapping[str, Any], wishes: Mapping[str, Any], today: date, region: str) -> Plan:
    """The plan that plain data and wishes make together; a wish goes before the data.

    Args:
        data: of a plan, as in a file: see ``bot.quizzes.plan.Plan``, and ``weeks``.
        wishes: by the names of the command's options; what is not there is not wished for.
        today: of the programme; a campaign begins tomorrow unless it is said.
        region: two-letter country, for phone numbers in national form.

    Raises:
        PlanError: it cannot be a plan.
    """
    found = dict(data)
    for name, field in LISTS.items():
        if name in wishes:
            found[field] = _words(wishes[name])
    lists = {name: _words(wishes[name]) for name in COHORT if name in wishes}
    _merge(found, "cohort", COHORT, lists)
    _merge(found, "budget", BUDGET, wishes)
    for name in SINGLE:
        if name in wishes:
            found[name] = wishes[name] or None if name == "timezone" else wishes[name]
    _tips(found, wishes)
    _dates(found, wishes, today)
    _phones(found, region)
    if (odd := _unwritable(found)) is not None:
        raise PlanError([f"{odd}: holds a character or number that cannot be kept."])
    return _near(read(found))


def _near(plan: Plan) -> Plan:
    """Years that calendars can count with."""
    if not (YEARS[0] <= plan.start.year and plan.end.year <= YEARS[1]):
        raise PlanError([f"start, end: the years must be from {YEARS[0]} to {YEARS[1]}."])
    return plan


def _words(given: list[str]) -> list[str]:
    """An empty word takes a list back."""
    return [word for word in given if word.strip()]


def _merge(
    data: dict[str, Any], field: str, names: Mapping[str, str], given: Mapping[str, Any]
) -> None:
    used = {names[name]: value for name, value in given.items() if name in names}
    if not used:
        return
    known = data.get(field) or {}
    if not isinstance(known, dict):
        raise PlanError([f"{field}: is not a list of names and values."])
    data[field] = {**known, **used}


def _tips(data: dict[str, Any], wishes: Mapping[str, Any]) -> None:
    english, french = wishes.get("text_en", []), wishes.get("text_fr", [])
    if french and len(french) != len(english):
        raise PlanError(["tips: each text in French needs its text in English, in the same order."])
    if english:
        pairs = zip(english, french or [None] * len(english), strict=True)
        data["tips"] = [{"en": en, **({"fr": fr} if fr is not None else {})} for en, fr in pairs]


def _dates(data: dict[str, Any], wishes: Mapping[str, Any], today: date) -> None:
    if "on" in wishes:
        data["start"] = data["end"] = wishes["on"]
        data.pop("weeks", None)
        return
    if "start" in wishes:
        data["start"] = wishes["start"]
    start = _date(data.setdefault("start", today + _DAY))
    in_file = data.pop("weeks", None)
    weeks = wishes.get("weeks", in_file if "end" not in wishes else None)
    if "end" in wishes:
        data["end"] = wishes["end"]
    elif weeks is not None and start is not None:
        if isinstance(weeks, bool) or not isinstance(weeks, int) or not 1 <= weeks <= 104:
            raise PlanError([f"weeks: {weeks!r} is not a number from 1 to 104."])
        data["end"] = start + 7 * weeks * _DAY - _DAY
    elif "end" not in data:
        data["end"] = _natural_end(data, start) if start is not None else data["start"]


def _natural_end(data: Mapping[str, Any], start: date) -> date:
    """Tips end when all have been sent; questions go on for half a year."""
    tips = data.get("tips")
    if data.get("kind") != "tips" or not isinstance(tips, list) or not tips:
        return start + 7 * WEEKS * _DAY - _DAY
    if len(tips) == 1:
        return start
    per_week = data.get("per_week", Plan.model_fields["per_week"].default)
    weeks = math.ceil(len(tips) / per_week) if isinstance(per_week, int) and per_week > 0 else 1
    # The first week may be half over.
    return start + 7 * (weeks + 1) * _DAY - _DAY


def _date(given: object) -> date | None:
    """A day from which one can count on; what is none is left for the plan to refuse."""
    try:
        found = date.fromisoformat(str(given)[:10])
    except ValueError:
        return None
    return found if found.year <= YEARS[1] else None


def _phones(data: dict[str, Any], region: str) -> None:
    """Phone numbers as people write them, as we keep them; YAML takes a bare one for a quantity."""
    cohort = data.get("cohort")
    if not isinstance(cohort, dict) or not isinstance(cohort.get("people"), list):
        return
    found = []
    for who in cohort["people"]:
        word = f"+{who}" if isinstance(who, int) and not isinstance(who, bool) else who
        if isinstance(word, str) and re.fullmatch(r"[+0][\d\s().-]{7,}", word.strip()):
            word = e164(word, region) or word
        found.append(word)
    data["cohort"] = {**cohort, "people": found}


def _unwritable(value: Any, name: str = "") -> str | None:
    """The name of a value that the database cannot hold."""
    if isinstance(value, dict):
        parts = [(f"{name}.{key}" if name else str(key), part) for key, part in value.items()]
        return next((odd for where, part in parts if (odd := _unwritable(part, where))), None)
    if isinstance(value, list):
        return next((odd for part in value if (odd := _unwritable(part, name))), None)
    if isinstance(value, float) and not math.isfinite(value):
        return name
    if isinstance(value, str) and re.search("[\x00\ud800-\udfff]", value):
        return name
    return None
