"""How a mentee is doing: the figures behind PROGRESS, and the rows behind every figure. Only reads.

Peers appear as one anonymous average, from five answers of five mentees on, and never as a ranking
(mCME v2, Vietnam: quiz, reading and the group's result taught, where the bare quiz had not).
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, time, timedelta
from typing import Any, Final

from babel.dates import format_date, format_datetime
from sqlalchemy import ColumnElement, func, select
from sqlalchemy.orm import Session

from bot import texts
from bot.quizzes import calendar, catalogue
from bot.quizzes.averages import LEAST_PEERS, group_average
from bot.quizzes.bank import FALLBACK, LETTERS
from bot.text.gsm7 import to_gsm7
from bot.text.redact import redact
from bot.text.segments import count
from store.learning import Assessment, AssessmentItem
from store.messages import OutboxMessage
from store.people import Person
from store.quizzes import Answer, Campaign, Competency, Dose, Enrolment, Item, LearnerItem

# A competency is judged from this many answers on.
LEAST_JUDGED: Final = 3
# Weak: under this many of ten right, over the newest answers.
WEAK_BELOW: Final = 7
NEWEST: Final = 10
AIM: Final = 2  # segments
MOST: Final = 3
LONGEST_TITLE: Final = 60  # characters


@dataclass(frozen=True, slots=True)
class Part:
    """The answers to the items of one competency, as ids of ``answer``; ``title`` per language."""

    id: str
    title: Mapping[str, str]
    answers: tuple[int, ...]
    rights: tuple[int, ...]

    @property
    def share(self) -> float:
        """Right answers among all, 0 to 1."""
        return len(self.rights) / len(self.answers)


@dataclass(frozen=True, slots=True)
class Figures:
    """What one mentee has done. Moments are aware UTC.

    ``learnt``: items that are retired. ``in_use``: items answered that are not. ``due_now``: items
    that may be asked again now. ``missed``: questions that expired and were never answered.
    ``week_…``: since Monday 00:00 in the mentee's own time zone.
    ``rows``: for each number its rows: ids of ``answer``, of ``item`` (``learnt``, ``in_use``,
    ``due_now``) or of ``dose`` (``missed``).
    """

    answered: int
    right: int
    first_tries: int
    first_right: int
    learnt: int
    in_use: int
    due_now: int
    missed: int
    week_answered: int
    week_right: int
    competencies: tuple[Part, ...]
    next_question: datetime | None
    since: datetime | None
    rows: Mapping[str, tuple[int | str, ...]]

    @property
    def strongest(self) -> Part | None:
        """The competency with the best share, of those with three answers and one of them right."""
        judged = [part for part in self._judged if part.rights]
        return max(judged, key=lambda part: (part.share, len(part.answers), part.id), default=None)

    @property
    def to_work_on(self) -> Part | None:
        """The competency with the lowest share, where that is not the strongest, nor all right."""
        best = self.strongest
        judged = [part for part in self._judged if part.share < 1 and part is not best]
        return min(judged, key=lambda part: (part.share, -len(part.answers), part.id), default=None)

    @property
    def _judged(self) -> list[Part]:
        return [part for part in self.competencies if len(part.answers) >= LEAST_JUDGED]


def figures(session: Session, person: Person, now: datetime) -> Figures:
    """A mentee's figures over all campaigns, and what was asked for outside any.

    Args:
        now: aware.

    Raises:
        ValueError: the person's time zone is unknown.
    """
    monday = week_start(now, person.timezone)
    answers = session.execute(
        select(Answer.id, Answer.competency, Answer.right, Answer.first, Answer.answered_at)
        .where(Answer.person_id == person.id)
        .order_by(Answer.answered_at, Answer.id)
    ).all()
    memory = session.execute(
        select(LearnerItem.item_id, LearnerItem.answers, LearnerItem.due, LearnerItem.retired)
        .add_columns(Item.withdrawn_at)
        .join(Item, Item.id == LearnerItem.item_id)
        .where(LearnerItem.person_id == person.id)
        .order_by(LearnerItem.item_id)
    ).all()
    doses = session.execute(
        select(Dose.id, Dose.state, Dose.sent_at)
        .where(Dose.person_id == person.id, Dose.kind == "question", Dose.sent_at.is_not(None))
        .order_by(Dose.id)
    ).all()
    asked = [row for row in memory if row.withdrawn_at is None]
    rows: dict[str, tuple[int | str, ...]] = {
        "answered": tuple(row.id for row in answers),
        "right": tuple(row.id for row in answers if row.right),
        "first_tries": tuple(row.id for row in answers if row.first),
        "first_right": tuple(row.id for row in answers if row.first and row.right),
        "learnt": tuple(row.item_id for row in memory if row.retired),
        "in_use": tuple(row.item_id for row in asked if row.answers and not row.retired),
        "due_now": tuple(row.item_id for row in asked if row.due and row.due <= now),
        "missed": tuple(row.id for row in doses if row.state == "expired"),
        "week_answered": tuple(row.id for row in answers if row.answered_at >= monday),
        "week_right": tuple(row.id for row in answers if row.answered_at >= monday and row.right),
    }
    reached = [row.sent_at for row in doses if row.state != "unsent"]
    return Figures(
        answered=len(rows["answered"]),
        right=len(rows["right"]),
        first_tries=len(rows["first_tries"]),
        first_right=len(rows["first_right"]),
        learnt=len(rows["learnt"]),
        in_use=len(rows["in_use"]),
        due_now=len(rows["due_now"]),
        missed=len(rows["missed"]),
        week_answered=len(rows["week_answered"]),
        week_right=len(rows["week_right"]),
        competencies=_parts(session, answers),
        next_question=_next_question(session, person.id),
        since=min([*reached, *(row.answered_at for row in answers)], default=None),
        rows=rows,
    )


def week_start(now: datetime, timezone: str) -> datetime:
    """The last Monday 00:00 in a time zone, in UTC.

    Raises:
        ValueError: an unknown time zone.
    """
    here = calendar.zone(timezone)
    today = now.astimezone(here).date()
    monday = today - timedelta(days=today.weekday())
    return datetime.combine(monday, time(0), here).astimezone(UTC)


def _parts(session: Session, answers: Sequence[Any]) -> tuple[Part, ...]:
    titles = titles_of(session, {row.competency for row in answers})
    return tuple(
        Part(
            name,
            title,
            tuple(row.id for row in answers if row.competency == name),
            tuple(row.id for row in answers if row.competency == name and row.right),
        )
        for name, title in sorted(titles.items())
    )


def titles_of(session: Session, wanted: Collection[str]) -> dict[str, dict[str, str]]:
    """Competency → its title per language; its id in English where it is not there any more."""
    rows = session.execute(
        select(Competency.id, Competency.title).where(Competency.id.in_(wanted))
    ).all()
    known = {row.id: dict(row.title) for row in rows}
    return {name: known.get(name) or {FALLBACK: name} for name in wanted}


def _next_question(session: Session, person_id: int) -> datetime | None:
    return session.scalar(
        select(func.min(Dose.due_at))
        .join(Campaign, Campaign.id == Dose.campaign_id)
        .where(
            Dose.person_id == person_id,
            Dose.state == "planned",
            Dose.kind == "question",
            Campaign.state == "running",
        )
    )


def weak_competencies(session: Session, person_ids: Collection[int]) -> dict[int, frozenset[str]]:
    """Each mentee's competencies with under seven of ten right over their ten newest answers.

    One with fewer than three answers is judged by the newest test by phone: weak where an item of
    it was not right. Everybody asked for is a key.
    """
    age: ColumnElement[int] = func.row_number().over(
        partition_by=(Answer.person_id, Answer.competency),
        order_by=(Answer.answered_at.desc(), Answer.id.desc()),
    )
    newest = (
        select(Answer.person_id, Answer.competency, Answer.right, age.label("age"))
        .where(Answer.person_id.in_(person_ids))
        .subquery()
    )
    rights = func.count().filter(newest.c.right)
    rows = session.execute(
        select(newest.c.person_id, newest.c.competency, rights * 10 < func.count() * WEAK_BELOW)
        .where(newest.c.age <= NEWEST)
        .group_by(newest.c.person_id, newest.c.competency)
        .having(func.count() >= LEAST_JUDGED)
    )
    judged = {(person_id, competency): weak for person_id, competency, weak in rows}
    found = {person_id: set[str]() for person_id in person_ids}
    for person_id, competency in _missed_in_tests(session, person_ids):
        judged.setdefault((person_id, competency), True)
    for (person_id, competency), weak in judged.items():
        if weak:
            found[person_id].add(competency)
    return {person_id: frozenset(weak) for person_id, weak in found.items()}


def _missed_in_tests(session: Session, person_ids: Collection[int]) -> list[tuple[int, str]]:
    """Mentees and what was not all right in the newest test that asked about it."""
    age: ColumnElement[int] = func.rank().over(
        partition_by=(Assessment.person_id, AssessmentItem.competency),
        order_by=Assessment.id.desc(),
    )
    asked = (
        select(
            Assessment.person_id,
            AssessmentItem.competency,
            AssessmentItem.right,
            age.label("age"),
        )
        .join(AssessmentItem, AssessmentItem.assessment_id == Assessment.id)
        .where(Assessment.person_id.in_(person_ids), Assessment.kind.in_(("pre", "post")))
        .subquery()
    )
    rows = session.execute(
        select(asked.c.person_id, asked.c.competency)
        .where(asked.c.age == 1, ~asked.c.right)
        .distinct()
    )
    return [(person_id, competency) for person_id, competency in rows]


def shown(session: Session, person: Person, now: datetime) -> str:
    """What PROGRESS says to a mentee; the group is that of the campaign they joined last.

    Args:
        now: aware.
    """
    own = figures(session, person, now)
    campaign = session.scalar(
        select(Enrolment.campaign_id)
        .where(Enrolment.person_id == person.id, Enrolment.left_at.is_(None))
        .order_by(Enrolment.joined_at.desc(), Enrolment.id.desc())
        .limit(1)
    )
    average = None
    if campaign is not None and own.since is not None:
        average = group_average(session, campaign, own.since, now)
    return text(own, average, person.language, person.timezone)


def text(figures: Figures, average: float | None, language: str, timezone: str) -> str:
    """The figures in words, what went well first: two SMS segments where they fit, at most three.

    Args:
        average: the group's right share, 0 to 1; said to those who have answered five questions.
        language: English where the texts are not written in it.
        timezone: for the dates.

    Raises:
        ValueError: an unknown time zone.
    """
    where = language if language in texts.languages("progress_none") else FALLBACK
    if not figures.answered or figures.since is None:
        return texts.text("progress_none", where)
    here = calendar.zone(timezone)
    since = format_date(figures.since.astimezone(here).date(), "d MMM", locale=where)
    counts = {"since": since, "answered": figures.answered, "right": figures.right}
    opening = "progress_opening" if figures.right else "progress_opening_none"
    parts = [(0, texts.text(opening, where, **counts))]
    if figures.learnt:
        learnt = texts.text("progress_learnt", where, learnt=figures.learnt, in_use=figures.in_use)
        parts.append((1, learnt))
    if figures.week_answered:
        week = {"answered": figures.week_answered, "right": figures.week_right}
        parts.append((5, texts.text("progress_week", where, **week)))
    for rank, key, part in (
        (2, "progress_strongest", figures.strongest),
        (2, "progress_to_work_on", figures.to_work_on),
    ):
        if part is not None:
            parts.append((rank, texts.text(key, where, title=short(part.title, where))))
    if average is not None and figures.answered >= LEAST_PEERS:
        own = percent(figures.right / figures.answered)
        group = texts.text("progress_group", where, own=own, group=percent(average))
        parts.append((3, group))
    if figures.next_question is None:
        parts.append((1, texts.text("progress_quiz", where)))
    else:
        local = figures.next_question.astimezone(here)
        at = format_datetime(local, "EEE d MMM, HH:mm", tzinfo=here, locale=where)
        parts.append((1, texts.text("progress_next", where, at=at)))
    return fitted(parts, where)


def short(title: Mapping[str, str], language: str) -> str:
    """A title on one line, cut at a word where it is long, without the full stop."""
    flat = " ".join((title.get(language) or title.get(FALLBACK) or "").split()).rstrip(".")
    if len(flat) <= LONGEST_TITLE:
        return flat
    cut = flat[: LONGEST_TITLE - 3]
    return (cut.rsplit(" ", 1)[0] if " " in cut else cut).rstrip(" ,;:.") + "..."


def percent(share: float) -> int:
    """A share of 0 to 1 as whole percent."""
    return round(share * 100)


def fitted(
    parts: Sequence[tuple[int, str]], language: str, aim: int = AIM, most: int = MOST
) -> str:
    """Sentences as one line: those of the highest rank go first where it would be too long.

    Ranks from 3 go so that it fits ``aim`` segments, ranks 1 and 2 only so that it fits ``most``.
    """
    kept = list(parts)
    while True:
        said = " ".join(sentence for _, sentence in kept)
        size = count(to_gsm7(said, language)).segments
        least = max(kept, key=lambda part: part[0])
        if size <= aim or least[0] == 0 or (size <= most and least[0] < 3):
            return said
        kept.remove(least)


def trace(session: Session, person: Person) -> list[dict[str, Any]]:
    """All that happened to each dose of a mentee, oldest first. Moments are aware UTC.

    The columns of ``dose`` (``_OF_DOSE``), with the campaign's name, the channel, the SMS segments
    of what left, and ``reminded_at``, when the reminder left. ``answer``: None, or its columns
    (``_OF_ANSWER``) with the text (phone numbers and the like taken out), the option's letter and
    words, and when the item is due next. ``messages`` (``_OF_MESSAGE``): the question, its
    reminder, what was said to the answer.
    """
    doses = session.execute(
        select(Dose, Campaign.name, Answer)
        .outerjoin(Campaign, Campaign.id == Dose.campaign_id)
        .outerjoin(Answer, Answer.dose_id == Dose.id)
        .where(Dose.person_id == person.id)
        .order_by(Dose.planned_at, Dose.id)
    ).all()
    said: dict[int, list[OutboxMessage]] = {dose.id: [] for dose, _, _ in doses}
    for message in session.scalars(
        select(OutboxMessage)
        .join(Dose, Dose.id == OutboxMessage.dose_id)
        .where(Dose.person_id == person.id)
        .order_by(OutboxMessage.id)
    ):
        said[message.dose_id or 0].append(message)
    given: list[Answer | None] = [answer for _, _, answer in doses]
    wanted = [(one.item_id, one.item_version) for one in given if one is not None]
    items = catalogue.versions(session, wanted)
    lines = []
    for dose, campaign, answer in doses:
        messages = said[dose.id]
        # The question comes first; whatever else we said unasked is the reminder.
        reminders = [one.sent_at for one in messages[1:] if one.inbound_id is None and one.sent_at]
        channels = [one.channel for one in messages if one.channel is not None]
        left = [one for one in messages if one.sent_at is not None]
        answered = None
        if answer is not None:
            item = items[answer.item_id, answer.item_version]
            answered = {
                **_values(answer, _OF_ANSWER),
                "text": redact(answer.text).text,
                "option": LETTERS[answer.option],
                "words": item.options[item.language(dose.language or FALLBACK)][answer.option],
                "next_due": answer.after.get("due"),
            }
        lines.append(
            {
                **_values(dose, _OF_DOSE),
                "campaign": campaign,
                "reminded_at": reminders[0] if reminders else None,
                "channel": channels[0] if channels else answered and answered["channel"],
                "segments": sum(one.segments or 0 for one in left if one.channel == "sms"),
                "answer": answered,
                "messages": [_values(one, _OF_MESSAGE) for one in messages],
            }
        )
    return lines


_OF_DOSE: Final = (
    *("id", "campaign_version", "kind", "slot", "state", "reason", "planned_at", "due_at"),
    *("sent_at", "remind_at", "expires_at", "closed_at", "item_id", "item_version", "chosen"),
    *("language", "unreadable"),
)
_OF_ANSWER: Final = (
    *("id", "answered_at", "right", "first", "late", "latency", "rule", "recall"),
    *("before", "after", "channel"),
)
_OF_MESSAGE: Final = (
    *("id", "kind", "state", "reason", "error_code", "channel", "form", "segments", "sent_at"),
    *("delivered_at", "read_at"),
)


def _values(row: object, names: Sequence[str]) -> dict[str, Any]:
    return {name: getattr(row, name) for name in names}
