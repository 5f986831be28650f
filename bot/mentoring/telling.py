"""What is said when a case is put to somebody: to the mentor the case, to the mentee who and when.

``Asked`` is read from ``assigning.Assigned``; this module knows only its shape.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Protocol

from sqlalchemy.orm import Session

from bot import outbox
from bot.mentoring.record import asked_so_far, shown_name, tell_mentee, tell_mentor
from bot.text.moments import rounded_up, spoken
from bot.texts import text
from store.cases import Case
from store.people import Person

# WhatsApp refuses a template body over 1,024 characters; the text shares it with the frame.
TEMPLATE_TEXT = 600


class Asked(Protocol):
    """Who was asked, and when an answer or somebody on duty is expected."""

    @property
    def mentors(self) -> tuple[Person, ...]: ...
    @property
    def expected_by(self) -> datetime | None: ...
    @property
    def first_on(self) -> datetime | None: ...


def names(mentors: Sequence[Person], reader: Person) -> str:
    """Mentors as the reader sees them: "Alice and Patrick"."""
    shown = [shown_name(mentor, reader) for mentor in mentors] or [
        text("somebody", reader.language)
    ]
    return f" {text('and', reader.language)} ".join(shown)


def when(moment: datetime, now: datetime, reader: Person) -> str:
    """A moment in the reader's own time and language; to the half hour if it is not soon."""
    if moment - now > timedelta(hours=1):
        moment = rounded_up(moment, timedelta(minutes=30))
    return spoken(moment, now, reader.timezone, reader.language)


def who_was_asked(
    session: Session,
    case: Case,
    mentee: Person,
    asked: Asked,
    say: str,
    *,
    key: str,
    now: datetime,
    kind: str = "reply",
) -> None:
    """Tell the mentee who was asked and when to expect an answer, or when somebody comes on.

    Args:
        say: the text for when somebody was asked; ``{mentor}`` and ``{when}`` are filled in.
    """
    if not asked.mentors:
        say = "case_nobody" if asked.first_on is None else "case_nobody_until"
    moment = asked.expected_by if asked.mentors else asked.first_on
    tell_mentee(
        session,
        case,
        mentee,
        say,
        key=key,
        now=now,
        kind=kind,
        mentor=names(asked.mentors, mentee),
        when="" if moment is None else when(moment, now, mentee),
    )


def put_to_mentor(
    session: Session,
    case: Case,
    mentee: Person,
    mentor: Person,
    *,
    also: Sequence[Person],
    now: datetime,
    key: str,
    media_url: str | None,
) -> None:
    """The case as a mentor reads it; ``also``: who else was asked, the first to take it has it."""
    # In one line: the buttons stand under four at most.
    asked = " ".join(asked_so_far(session, case).split())
    variables = {
        "1": case.code,
        "2": shown_name(mentee, mentor),
        "3": asked[:TEMPLATE_TEXT],
    }
    tell_mentor(
        session,
        case,
        mentor,
        "case_offer_to_mentor" if also else "case_to_mentor",
        key=f"{key}:mentor:{mentor.id}",
        now=now,
        media_url=media_url,
        menu="case_desk",
        template=outbox.Template(
            "case_put_urgent" if case.urgent else "case_put",
            variables,
            is_enough=len(asked) <= TEMPLATE_TEXT and media_url is None,
        ),
        urgent=text("urgent_mark", mentor.language) if case.urgent else "",
        text=asked,
        others=names(also, mentor),
    )
