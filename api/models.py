"""What comes back: every field of every answer. Moments are ISO 8601 with their zone, UTC."""

from __future__ import annotations

from datetime import datetime
from typing import Any, Generic, TypeVar

from pydantic import BaseModel, ConfigDict, Field


class Answer(BaseModel):
    """Base of all answers: filled from the rows of the database by the names of its fields."""

    model_config = ConfigDict(from_attributes=True)


Item = TypeVar("Item", bound=Answer)


class Page(Answer, Generic[Item]):
    """Some of a list. `next` is `after` of the page that follows; null: there is none."""

    items: list[Item]
    next: int | None


class Problem(Answer):
    """What is wrong."""

    code: str = Field(description="A word for programs: not_found, forbidden …")
    message: str = Field(description="A sentence for people.")


class Error(Answer):
    """An answer that is none."""

    error: Problem


class Facility(Answer):
    """A place of work."""

    id: int
    name: str
    level: str | None
    district: str
    org_unit: str | None


class Address(Answer):
    """A number, or a WhatsApp id, at which somebody is reached."""

    channel: str
    value: str


class Person(Answer):
    """Somebody of the programme. `addresses` is empty where numbers may not be seen."""

    id: int
    external_id: str | None
    name: str
    roles: list[str]
    cadre: str | None
    facility_id: int | None
    association: str | None
    groups: list[str]
    technical_areas: list[str]
    language: str
    timezone: str
    mentor_id: int | None
    backup_mentor_id: int | None
    consent: str
    stopped_at: datetime | None
    created_at: datetime
    addresses: list[Address]


class Case(Answer):
    """A question that a person answers."""

    id: int
    code: str
    mentee_id: int
    mentor_id: int | None
    topic: str | None
    cause: str
    urgent: bool
    overdue: bool
    state: str
    opened_at: datetime
    waiting_since: datetime | None
    expected_by: datetime | None
    first_response_at: datetime | None
    answered_at: datetime | None
    closed_at: datetime | None


class CaseEvent(Answer):
    """Something that happened in a case; its words carry no identifiers."""

    at: datetime
    kind: str
    person_id: int | None
    text: str


class CaseThread(Case):
    """A case with all that happened in it."""

    events: list[CaseEvent]


class Received(Answer):
    """A message that came in; its words without identifiers."""

    id: int
    person_id: int | None
    channel: str
    received_at: datetime
    handled_as: str | None
    state: str
    text: str


class Sent(Answer):
    """A message that went out, or why it did not; its words without identifiers."""

    id: int
    person_id: int
    channel: str | None
    kind: str
    state: str
    reason: str | None
    error_code: int | None
    segments: int | None
    case_id: int | None
    created_at: datetime
    sent_at: datetime | None
    delivered_at: datetime | None
    read_at: datetime | None
    text: str


class QuizAnswer(Answer):
    """An answer to a quiz question; `option` is A to D."""

    id: int
    person_id: int
    campaign_id: int | None
    item_id: str
    item_version: int
    competency: str
    option: str
    right: bool
    first: bool
    late: bool
    answered_at: datetime
    latency: float
    channel: str


class Assessment(Answer):
    """A test, a self-assessment or an observed skill."""

    id: int
    person_id: int
    technical_area: str
    competency: str | None
    kind: str
    score: float | None
    out_of: float | None
    passed: bool | None
    at: datetime
    assessor_id: int | None
    source: str


class Encounter(Answer):
    """A mentor met mentees; `mentees` are those who may be seen."""

    id: int
    kind: str
    form: str
    channel: str | None
    topic: str | None
    mentor_id: int
    mentees: list[int]
    began_at: datetime
    ended_at: datetime
    minutes: int
    source: str
    case_id: int | None
    visit_id: int | None


class Campaign(Answer):
    """Questions or tips planned for a cohort."""

    id: int
    name: str
    state: str
    reason: str | None
    version: int
    messages: int
    segments: int
    cost: float
    created_at: datetime
    launched_at: datetime | None
    ended_at: datetime | None


class ReportName(Answer):
    """A report that can be asked for, and by what it can be grouped."""

    name: str
    groups: list[str]


class Reports(Answer):
    """Every report that this token may ask for."""

    items: list[ReportName]


class Column(Answer):
    """A column: its key in the rows, its heading, and what its values are."""

    key: str
    title: str
    kind: str


class Report(Answer):
    """A report. A value is null where there is nothing to count, and "<5" where there are few."""

    name: str
    title: str
    period: str
    columns: list[Column]
    rows: list[dict[str, Any]]
    total: dict[str, Any] | None
    definition: str
    notes: list[str]


class Import(Answer):
    """A file of people: checked first, and imported when that is confirmed."""

    id: int
    name: str
    state: str = Field(
        description="checking, ready (to be confirmed), importing, done, refused, or dropped."
    )
    rows: int
    at_row: int
    added: int = Field(description="How many of the people are new.")
    problems: list[str]
    notes: list[str]


class Done(Answer):
    """What was asked for is done, or was done before."""

    done: bool
