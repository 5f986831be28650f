"""A campaign's plan from what a person typed: a file, and options that go before it."""

from collections.abc import Mapping
from datetime import date, datetime
from pathlib import Path
from typing import Any

import typer
import yaml

from bot.quizzes.drafting import compose
from bot.quizzes.plan import Plan, PlanError
from cli.errors import Refusal


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
    _check(data, given)
    days = {name: one.date() for name, one in given.items() if isinstance(one, datetime)}
    return compose(data, {**given, **days}, today, region)


def _check(data: Mapping[str, Any], given: Mapping[str, Any]) -> None:
    """Options that do not go together are a wrong use of the command."""
    if given.get("text_fr") and len(given["text_fr"]) != len(given.get("text_en", [])):
        raise typer.BadParameter("each --text-fr needs its --text-en, in the same order")
    if "weeks" in given and "end" in given:
        raise typer.BadParameter("--weeks and --end say the same: use one of them")
    if "on" not in given:
        return
    if {"weeks", "end", "start", "per_week"} & given.keys():
        raise typer.BadParameter("--on is for one day; a series has --start and --weeks")
    tips = given.get("text_en") or data.get("tips")
    if isinstance(tips, list) and len(tips) > 1:
        raise typer.BadParameter("--on is for one tip; a series has --start and --weeks")
