"""Service levels: how soon a case is answered, and what happens when it is not.

The shipped ones are ``service.yml``; a programme replaces the file (setting ``SERVICE_LEVELS``).
Sessions carry them (``store.base.make_sessions``), so that one process has one set.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, fields
from datetime import datetime, timedelta
from functools import cache
from pathlib import Path
from typing import Any

import yaml

from bot.mentoring import duty
from bot.text.yaml_file import read_yaml

SHIPPED = Path(__file__).with_name("service.yml")
INFO = "service_levels"
_UNITS = {"m": "minutes", "h": "hours", "d": "days"}


@dataclass(frozen=True)
class Level:
    """What a case of one urgency may expect, counted from when the mentee began to wait.

    ``remind`` and ``pass_on`` are counted from when the mentor got it, ``follow_up`` and
    ``close`` from the answer.
    """

    at_once: int
    working_time: bool
    expected: timedelta
    remind: timedelta
    pass_on: timedelta
    alert: timedelta
    apologise: timedelta
    follow_up: timedelta
    close: timedelta


@dataclass(frozen=True)
class Service:
    """The programme's hours, how much a mentor carries at most, and the levels."""

    hours: duty.Hours
    most_open: int
    most_a_day: int
    normal: Level
    urgent: Level

    def of(self, urgent: bool) -> Level:
        """The level of a case."""
        return self.urgent if urgent else self.normal


def read(path: Path) -> Service:
    """Service levels from a YAML file.

    Raises:
        ValueError: one clause that says what is wrong with it.
    """
    try:
        given = read_yaml(path)
    except (OSError, ValueError, yaml.YAMLError) as error:
        raise ValueError(f"{path.name} cannot be read") from error
    if not isinstance(given, dict):
        raise ValueError(f"{path.name} is not a list of names with values")
    _known(given, {"business_hours", "most_open", "most_a_day", "normal", "urgent"}, path.name)
    try:
        hours = duty.read(str(given["business_hours"]))
    except ValueError as error:
        raise ValueError(f"business_hours: {error}") from error
    return Service(
        hours=hours,
        most_open=_count(given["most_open"], "most_open"),
        most_a_day=_count(given["most_a_day"], "most_a_day"),
        normal=_level(given["normal"], "normal"),
        urgent=_level(given["urgent"], "urgent"),
    )


def _known(given: dict[str, Any], names: set[str], where: str) -> None:
    for missing in sorted(names - given.keys()):
        raise ValueError(f"{where} lacks {missing}")
    for unknown in sorted(map(str, given.keys() - names)):
        raise ValueError(f"{where} has {unknown}, which is not known")


def _count(given: object, name: str) -> int:
    if not isinstance(given, int) or isinstance(given, bool) or given < 1:
        raise ValueError(f"{name} is not a number from 1")
    return given


def _level(given: object, name: str) -> Level:
    if not isinstance(given, dict):
        raise ValueError(f"{name} is not a list of names with values")
    spans = [field.name for field in fields(Level)][2:]
    _known(given, {"at_once", "counted_in", *spans}, name)
    if given["counted_in"] not in ("business hours", "clock time"):
        raise ValueError(f"{name}.counted_in is neither business hours nor clock time")
    values = {span: _span(given[span], f"{name}.{span}") for span in spans}
    if values["close"] <= values["follow_up"]:
        raise ValueError(f"{name}.close must come after {name}.follow_up")
    return Level(
        at_once=_count(given["at_once"], f"{name}.at_once"),
        working_time=given["counted_in"] == "business hours",
        **values,
    )


def _span(given: object, name: str) -> timedelta:
    found = re.fullmatch(r"(\d{1,4})\s*([mhd])", str(given))
    if found is None or int(found[1]) == 0:
        raise ValueError(f"{name} is not a time such as 30m, 4h or 2d")
    return timedelta(**{_UNITS[found[2]]: int(found[1])})


@cache
def shipped() -> Service:
    """The levels that come with the product."""
    return read(SHIPPED)


def of(info: dict[Any, Any]) -> Service:
    """The levels that a session carries in its ``info``; else the shipped ones."""
    found = info.get(INFO)
    return found if isinstance(found, Service) else shipped()


def carried(path: Path | None) -> dict[str, Any]:
    """The ``info`` for the sessions of a process.

    Raises:
        ValueError: what is wrong with the file.
    """
    return {} if path is None else {INFO: read(path)}


def due(
    service: Service, level: Level, start: datetime, span: timedelta, timezone: str
) -> datetime:
    """When a span is over: in working time of a time zone, or by the clock. Aware UTC."""
    if not level.working_time:
        return start + span
    return duty.after(start, span, duty.Calendar(service.hours, timezone))
