"""What a campaign is: who gets what, when and how. A plain value, checked when it is made.

Defaults come from the evidence (three a week after work, one question at a time, 72 hours, one
reminder, weekends only by choice). Local times are the mentee's, unless the plan names a zone.
"""

from __future__ import annotations

import re
from datetime import date, time
from typing import Any, Final, Literal, Self

from pydantic import (
    BaseModel,
    ConfigDict,
    Field,
    ValidationError,
    field_serializer,
    field_validator,
    model_validator,
)

from bot.quizzes.calendar import Quiet, zone
from bot.sending import Hours

DAYS: Final = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
LONGEST: Final = 366 * 2  # days
LONGEST_TIP: Final = 480  # characters: three segments, as for a question


class PlanError(Exception):
    """A plan cannot be. ``problems``: one sentence each."""

    def __init__(self, problems: list[str]) -> None:
        super().__init__(" ".join(problems))
        self.problems = problems


class _Value(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, str_strip_whitespace=True)


class Cohort(_Value):
    """Whom it is for: mentees for whom every list that is not empty holds one of its words.

    ``people``: phone numbers (E.164) or external ids, beside the rest; with no other list, only
    they. Nothing at all: every mentee.
    """

    districts: list[str] = Field(default_factory=list)
    facilities: list[str] = Field(default_factory=list)
    cadres: list[str] = Field(default_factory=list)
    areas: list[str] = Field(default_factory=list)
    associations: list[str] = Field(default_factory=list)
    groups: list[str] = Field(default_factory=list)
    people: list[str] = Field(default_factory=list)

    @property
    def filters(self) -> dict[str, list[str]]:
        """The lists by which mentees are chosen, those that are not empty."""
        names = ("districts", "facilities", "cadres", "areas", "associations", "groups")
        return {name: getattr(self, name) for name in names if getattr(self, name)}


class Budget(_Value):
    """What may be spent: SMS segments, or money. The prices are the programme's own contract's.

    ``per_segment``: one SMS segment; ``per_template``: one WhatsApp template (outside the window);
    ``per_message``: one WhatsApp message in the window, which Meta does not charge for, Twilio
    does.
    """

    segments: int | None = Field(default=None, ge=1)
    money: float | None = Field(default=None, gt=0, allow_inf_nan=False)
    currency: str = "USD"
    per_segment: float = Field(default=0.0, ge=0, allow_inf_nan=False)
    per_template: float = Field(default=0.0, ge=0, allow_inf_nan=False)
    per_message: float = Field(default=0.0, ge=0, allow_inf_nan=False)

    @model_validator(mode="after")
    def _priced(self) -> Self:
        if self.money is not None and not (self.per_segment or self.per_template):
            raise ValueError("a budget in money needs per_segment or per_template, its prices")
        return self


class Plan(_Value):
    """One version of a campaign.

    ``items``, ``topics`` and ``competencies`` add up; with none of them, the whole bank. ``hour``
    is the window "17:00-19:00" over which mentees are spread; a mentee's own choice goes first
    unless ``own_hour`` is off. ``reminder``: hours before the expiry, 0 for none. ``outside``: how
    to reach somebody whose WhatsApp window is closed. ``languages``: who is asked, empty for all.
    """

    kind: Literal["quiz", "tips"] = "quiz"
    items: list[str] = Field(default_factory=list)
    topics: list[str] = Field(default_factory=list)
    competencies: list[str] = Field(default_factory=list)
    # One text per language and tip, in the order they are sent.
    tips: list[dict[str, str]] = Field(default_factory=list)
    cohort: Cohort = Field(default_factory=Cohort)
    per_week: int = Field(default=3, ge=1, le=5)
    weekdays: tuple[str, ...] = DAYS[:5]
    weekends: bool = False
    hour: str = "17:00-19:00"
    own_hour: bool = True
    timezone: str | None = None
    start: date
    end: date
    quiet: str = "20:00-07:00"
    channel: Literal["any", "whatsapp", "sms"] = "any"
    outside: Literal["template", "sms"] = "template"
    languages: list[str] = Field(default_factory=list)
    spacing: Literal["kerfoot", "fsrs"] = "kerfoot"
    retention: float = Field(default=0.85, ge=0.80, le=0.85)
    reminder: int = Field(default=24, ge=0, le=72)
    expiry: int = Field(default=72, ge=12, le=168)
    summary: bool = True
    budget: Budget | None = None

    @field_validator("weekdays", mode="before")
    @classmethod
    def _weekdays(cls, given: Any) -> Any:
        words = re.split(r"[\s,;]+", given) if isinstance(given, str) else given
        if not isinstance(words, list | tuple):
            return given
        words = [word for word in words if str(word).strip()]
        found = [str(word).strip().lower()[:3] for word in words]
        if unknown := [w for w, d in zip(words, found, strict=False) if d not in DAYS]:
            raise ValueError(f"{unknown[0]!r} is no weekday; they are {', '.join(DAYS)}")
        if not found:
            raise ValueError("at least one weekday is needed")
        return tuple(day for day in DAYS if day in found)

    @field_validator("hour", "quiet")
    @classmethod
    def _span(cls, given: str) -> str:
        start, end = _times(given)
        return f"{start:%H:%M}-{end:%H:%M}"

    @field_validator("timezone")
    @classmethod
    def _zone(cls, given: str | None) -> str | None:
        if given is not None:
            zone(given)
        return given

    @field_validator("tips")
    @classmethod
    def _tips(cls, given: list[dict[str, str]]) -> list[dict[str, str]]:
        for number, tip in enumerate(given, 1):
            if "en" not in tip or not all(text.strip() for text in tip.values()):
                raise ValueError(f"tip {number} needs a text in English (en), and no empty one")
            if any(len(text) > LONGEST_TIP for text in tip.values()):
                raise ValueError(f"tip {number} is longer than {LONGEST_TIP} characters")
        return given

    @model_validator(mode="after")
    def _fits(self) -> Self:
        if self.end < self.start:
            raise ValueError("the end is before the start")
        if (self.end - self.start).days > LONGEST:
            raise ValueError(f"a campaign lasts at most {LONGEST} days; copy it to go on")
        if self.kind == "tips" and not self.tips:
            raise ValueError("a campaign of tips needs at least one tip")
        if self.kind == "quiz" and self.tips:
            raise ValueError("tips go into a campaign of kind tips")
        if self.kind == "tips" and (self.items or self.topics or self.competencies):
            raise ValueError("items, topics and competencies go into a campaign of kind quiz")
        first, last = self.window
        if first >= last:
            raise ValueError("the hour of doses must end after it starts, on the same day")
        if self.quiet_hours.holds(first):
            raise ValueError("the hour of doses begins in quiet hours")
        if not self.weekends and not set(self.weekdays) & set(DAYS[:5]):
            raise ValueError("weekend days need weekends: true")
        if self.reminder >= self.expiry:
            raise ValueError("the reminder, in hours before the expiry, must be shorter than it")
        return self

    @field_serializer("weekdays")
    def _listed(self, days: tuple[str, ...]) -> list[str]:
        return list(days)

    @property
    def window(self) -> tuple[time, time]:
        """The local times between which doses fall, the later one excluded."""
        return _times(self.hour)

    @property
    def quiet_hours(self) -> Quiet:
        """Local hours in which nothing is sent."""
        return Quiet(*_times(self.quiet))

    def hours(self, timezone: str, weekends: bool) -> dict[str, Any]:
        """When a message may leave, as it is kept with it (``outbox.hours``)."""
        return {"quiet": self.quiet, "weekends": weekends, "timezone": self.timezone or timezone}

    @property
    def days(self) -> frozenset[int]:
        """The weekdays allowed, 0 Monday to 6 Sunday."""
        return frozenset(DAYS.index(day) for day in self.weekdays)


def read(data: Any) -> Plan:
    """A plan from plain data (YAML, JSON).

    Raises:
        PlanError: it cannot be one; every problem is a sentence that names the field.
    """
    if not isinstance(data, dict):
        raise PlanError(["A campaign is a list of names and values."])
    if unfit := [name for name, value in data.items() if _has_nul(value)]:
        raise PlanError([f"{unfit[0]}: holds a character that cannot be stored."])
    try:
        return Plan.model_validate(data)
    except ValidationError as error:
        raise PlanError([_sentence(problem) for problem in error.errors()]) from None


def read_hours(data: dict[str, Any] | None) -> Hours | None:
    """What ``Plan.hours`` wrote."""
    if data is None:
        return None
    return Hours(Quiet(*_times(data["quiet"])), bool(data["weekends"]), str(data["timezone"]))


# pydantic's types of problem, in words of ours.
_KINDS: Final = {
    **dict.fromkeys(("list_type", "tuple_type"), "a list"),
    **dict.fromkeys(
        ("model_type", "model_attributes_type", "dict_type"), "a group of named values"
    ),
    **dict.fromkeys(("int_type", "int_parsing", "int_from_float"), "a whole number"),
    **dict.fromkeys(("float_type", "float_parsing", "finite_number"), "a number"),
    **dict.fromkeys(("bool_type", "bool_parsing"), "yes or no"),
    "string_type": "a text",
}


def _has_nul(value: Any) -> bool:
    """Whether a text somewhere in plain data holds a NUL, which PostgreSQL cannot store."""
    if isinstance(value, str):
        return "\0" in value
    if isinstance(value, dict):
        return any(_has_nul(part) for pair in value.items() for part in pair)
    return isinstance(value, list | tuple) and any(_has_nul(part) for part in value)


def _sentence(problem: Any) -> str:
    where = ".".join(str(part) for part in problem["loc"] if not str(part).startswith("function"))
    said = str(problem["msg"]).removeprefix("Value error, ")
    if problem["type"] == "extra_forbidden":
        said = "is not known here"
    elif problem["type"] == "missing":
        said = "is missing"
    elif problem["type"] in _KINDS:
        said = f"{problem['input']!r} is not {_KINDS[problem['type']]}"
    elif str(problem["type"]).startswith("date"):
        said = f"{problem['input']!r} is not a date such as 2026-03-31"
    return f"{where}: {said}." if where else f"{said[:1].upper()}{said[1:]}."


def _times(span: str) -> tuple[time, time]:
    found = re.fullmatch(r"\s*(\d{1,2})(?:[:h](\d{2}))?\s*-\s*(\d{1,2})(?:[:h](\d{2}))?\s*", span)
    if found is None:
        raise ValueError(f"{span!r} is not two times such as 17:00-19:00")
    hours, minutes = (int(found[1]), int(found[3])), (int(found[2] or 0), int(found[4] or 0))
    if max(hours) > 23 or max(minutes) > 59:
        raise ValueError(f"{span!r} is not two times such as 17:00-19:00")
    return time(hours[0], minutes[0]), time(hours[1], minutes[1])
