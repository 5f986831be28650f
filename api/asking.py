"""What a route can be asked: the query of an address, checked."""

from __future__ import annotations

from datetime import date
from typing import Annotated, Literal

from pydantic import AwareDatetime, BaseModel, BeforeValidator, ConfigDict, Field

from bot.overviews.records import LONGEST_PAGE, Span

LARGEST = 2**63 - 1


def _plus(given: object) -> object:
    """The plus of ``+02:00``, which reads as a space in an address where it is not escaped."""
    return given.replace(" ", "+") if isinstance(given, str) else given


Moment = Annotated[AwareDatetime, BeforeValidator(_plus)]
Number = Annotated[int, Field(ge=1, le=LARGEST)]


class Nothing(BaseModel):
    """No parameters; one that is not known is refused, so that a slip is not overlooked."""

    model_config = ConfigDict(extra="forbid")


class Paged(Nothing):
    """One page after the other, in the order of their numbers."""

    after: int = Field(
        0, ge=0, le=LARGEST, description="`next` of the page before; left out: the first page."
    )
    limit: int = Field(100, ge=1, le=LONGEST_PAGE, description="At most so many.")

    @property
    def span(self) -> Span:
        """As the queries take it."""
        return Span(after=self.after, limit=self.limit)


class Timed(Paged):
    """The same within a time."""

    since: Moment | None = Field(
        None, description="From this moment on. ISO 8601 with a time zone."
    )
    until: Moment | None = Field(None, description="Before this moment. ISO 8601 with a time zone.")

    @property
    def span(self) -> Span:
        """As the queries take it."""
        return Span(self.since, self.until, self.after, self.limit)


class People(Timed):
    """Which people; `since` and `until` say when they became known."""

    role: Literal["", "mentee", "mentor", "leader", "coordinator", "focal"] = ""
    district: str = Field("", max_length=80)
    external_id: str = Field("", max_length=80)


class Cases(Timed):
    """Which cases; `since` and `until` say when they were opened."""

    state: Literal["", "open", "answered", "closed"] = ""
    urgent: bool | None = None


class OfPerson(Timed):
    """Which records; of one person, if `person` is given."""

    person: Number | None = None


class Sent(OfPerson):
    """Which messages; `state` as in the console's log."""

    state: Literal[
        "",
        "queued",
        "sending",
        "sent",
        "delivered",
        "read",
        "held",
        "failed",
        "dropped",
        "unknown",
    ] = ""


class Answers(OfPerson):
    """Which answers; of one campaign, if `campaign` is given."""

    campaign: Number | None = None


class Assessments(OfPerson):
    """Which assessments."""

    kind: Literal["", "pre", "post", "self", "skill"] = ""


class Campaigns(Timed):
    """Which campaigns; `since` and `until` say when they were made."""

    state: Literal["", "draft", "running", "paused", "ended"] = ""


class Report(Nothing):
    """For which time, and by what it is grouped; without anything, the present fiscal year."""

    by: str = Field("", max_length=40, description="Of `groups`, as the list of reports has them.")
    fy: str = Field("", max_length=8, description="A fiscal year, such as FY26.")
    since: date | None = Field(None, description="The first day.")
    until: date | None = Field(None, description="The last day, included.")


class Upload(Nothing):
    """What the file is called."""

    name: str = Field("", max_length=120, description="As it is shown; *.csv or *.xlsx.")


class AnswerText(Nothing):
    """What the mentee is told, in the programme's name."""

    text: str = Field(min_length=1, max_length=3000)
    key: str = Field(
        pattern=r"^[A-Za-z0-9_.:-]{8,80}$",
        description="Names this answer: sent twice with the same key, it is told once.",
    )
