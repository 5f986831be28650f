"""A campaign's plan from what a person typed: a file, and options that go before it."""

import math
import re
from collections.abc import Mapping
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import typer
import yaml

from bot.people import e164
from bot.quizzes.plan import Plan, PlanError, read
from cli.errors import Refusal

WEEKS = 26
"""How long a campaign is unless it is said."""
LISTS = {"topic": "topics", "item": "items", "competency": "competencies", "language": "languages"}
COHORT = {
    "district": "districts",
    "facility": "facilities",
    "cadre": "cadres",
    "area": "areas",
    "association": "associations",
    "group": "groups",
    "person": "people",
}
BUDGET = {
    "budget_segments": "segments",
    "budget_money": "money",
    **{name: name for name in ("per_segment", "per_template", "per_message", "currency")},
}
YEARS = (2000, 2200)
_DAY = timedelta(days=1)


def new(kind: str, given: Mapping[str, Any], today: date, region: str) -> Plan:
    """The plan of a new campaign.

    Args:
        kind: ``quiz`` or ``tips``.
        given: options that were used, by name.
        today: of the programme; a campaign begins tomorrow unless it is said.
        region: two-letter country, for phone numbers in national form.

    Raises:
        Refusal: the file cannot be read.
        PlanError: it cannot be a plan.
        typer.BadParameter: options that do not go together.
    """
    data = {"kind": kind, **_file(given)}
    if data["kind"] != kind:
        other = "tip" if kind == "quiz" else "create"
        raise PlanError([f"kind: that file is for ./mentorline campaign {other}."])
    return _plan(data, given, today, region)


def cohort(given: Mapping[str, Any], today: date, region: str) -> Plan:
    """A plan that only says whom it is for, for what is not a campaign.

    Raises:
        PlanError: it cannot be a cohort.
    """
    data: dict[str, Any] = {"kind": "tips", "start": today, "end": today, "tips": [{"en": "-"}]}
    return _plan(data, given, today, region)


def changed(plan: Plan, given: Mapping[str, Any], today: date, region: str) -> Plan:
    """A plan as options would have it; a file replaces all but the dates that it does not name.

    Raises:
        Refusal: the file cannot be read.
        PlanError: it cannot be a plan.
        typer.BadParameter: options that do not go together.
    """
    data = plan.model_dump(mode="json")
    if "file" in given:
        kept = {name: data[name] for name in ("kind", "start", "end")}
        found = _file(given)
        data = {**kept, **found}
        if "weeks" in found:
            data.pop("end")
    return _plan(data, given, today, region)


def _file(given: Mapping[str, Any]) -> dict[str, Any]:
    path: Path | None = given.get("file")
    if path is None:
        return {}
    try:
        found = yaml.safe_load(path.read_text(encoding="utf-8-sig"))
    except (OSError, UnicodeError, yaml.YAMLError, ValueError, RecursionError) as error:
        where = getattr(error, "problem_mark", None)
        line = f", line {where.line + 1}" if where is not None else ""
        raise Refusal(f"{path.name}{line}: this cannot be read as YAML.") from None
    if not isinstance(found, dict):
        raise Refusal(f"{path.name} is not a list of names and values.")
    return {str(name): value for name, value in found.items()}


def _plan(data: dict[str, Any], given: Mapping[str, Any], today: date, region: str) -> Plan:
    for name, field in LISTS.items():
        if name in given:
            data[field] = _words(given[name])
    _merge(data, "cohort", COHORT, {name: _words(given[name]) for name in COHORT if name in given})
    _merge(data, "budget", BUDGET, given)
    for name in ("per_week", "weekdays", "hour", "timezone", "quiet", "weekends", "channel"):
        _take(data, name, given)
    for name in ("outside", "spacing", "retention", "reminder", "expiry", "summary"):
        _take(data, name, given)
    _tips(data, given)
    _dates(data, given, today)
    _phones(data, region)
    if (odd := _unwritable(data)) is not None:
        raise PlanError([f"{odd}: holds a character or number that cannot be kept."])
    return _near(read(data))


def _near(plan: Plan) -> Plan:
    """Years that calendars can count with."""
    if not (YEARS[0] <= plan.start.year and plan.end.year <= YEARS[1]):
        raise PlanError([f"start, end: the years must be from {YEARS[0]} to {YEARS[1]}."])
    return plan


def _take(data: dict[str, Any], name: str, given: Mapping[str, Any]) -> None:
    if name in given:
        data[name] = given[name] or None if name == "timezone" else given[name]


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


def _tips(data: dict[str, Any], given: Mapping[str, Any]) -> None:
    english, french = given.get("text_en", []), given.get("text_fr", [])
    if french and len(french) != len(english):
        raise typer.BadParameter("each --text-fr needs its --text-en, in the same order")
    if english:
        pairs = zip(english, french or [None] * len(english), strict=True)
        data["tips"] = [{"en": en, **({"fr": fr} if fr is not None else {})} for en, fr in pairs]


def _dates(data: dict[str, Any], given: Mapping[str, Any], today: date) -> None:
    if "weeks" in given and "end" in given:
        raise typer.BadParameter("--weeks and --end say the same: use one of them")
    if "on" in given:
        if {"weeks", "end", "start", "per_week"} & given.keys():
            raise typer.BadParameter("--on is for one day; a series has --start and --weeks")
        if isinstance(data.get("tips"), list) and len(data["tips"]) > 1:
            raise typer.BadParameter("--on is for one tip; a series has --start and --weeks")
        data["start"] = data["end"] = given["on"].date()
        data.pop("weeks", None)
        return
    if "start" in given:
        data["start"] = given["start"].date()
    start = _date(data.setdefault("start", today + _DAY))
    in_file = data.pop("weeks", None)
    weeks = given.get("weeks", in_file if "end" not in given else None)
    if "end" in given:
        data["end"] = given["end"].date()
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
