"""The group average: the right share of a campaign's answers in a span of time.

Peers appear as one anonymous average, from five answers of five mentees on, and never as a ranking.

Answers are only ever added. So each process keeps what it has once counted, by quarters of an hour,
and reads only what has come since. The figure is that of the rows, not an estimate: the sums of
whole quarters are taken from memory, the rest of the span is counted anew.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from threading import Lock
from typing import Any, Final

from sqlalchemy import BigInteger, ColumnElement, Integer, column, func, select, values
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.orm import Session

from store.base import UtcDateTime
from store.quizzes import Answer

# An average is shown from this many answers of this many mentees on.
LEAST_PEERS: Final = 5
# Every time zone begins its days at such a moment.
QUARTER: Final = timedelta(minutes=15)
# The newest rows are read anew each time: one with a smaller number may be committed after them.
NEWEST: Final = 10_000
_EPOCH: Final = datetime(2020, 1, 1, tzinfo=UTC)

# campaign, from (included), to (excluded); aware
Span = tuple[int, datetime, datetime]


@dataclass
class Tally:
    """Answers, the right ones among them, and some of who gave them: all where they are few."""

    answers: int = 0
    right: int = 0
    people: set[int] = field(default_factory=set)

    def add(self, answers: int, right: int, people: Iterable[int]) -> None:
        """Count more answers in."""
        self.answers += answers
        self.right += right
        if len(self.people) < LEAST_PEERS:
            self.people.update(people)

    @property
    def average(self) -> float | None:
        """The right share, 0 to 1; ``None`` where it would be of too few mentees."""
        return self.right / self.answers if len(self.people) >= LEAST_PEERS else None


@dataclass
class _Kept:
    """A campaign's answers up to the number ``last``, by the quarter of an hour they came in."""

    last: int = 0
    quarters: dict[datetime, Tally] = field(default_factory=lambda: defaultdict(Tally))


class Averages:
    """What one process has counted. ``newest``: how many rows are never kept; see ``NEWEST``."""

    def __init__(self, newest: int = NEWEST) -> None:
        self._newest = newest
        self._kept: dict[tuple[str, int], _Kept] = defaultdict(_Kept)
        self._lock = Lock()

    def of(self, session: Session, spans: Collection[Span]) -> dict[Span, float | None]:
        """The right share of each campaign's answers in its span, 0 to 1.

        ``None``: fewer than five answers, or of fewer than five mentees.
        """
        found = {span: Tally() for span in spans}
        if not found:
            return {}
        edges: list[_Piece] = []
        newest = session.scalar(select(func.max(Answer.id))) or 0
        with self._lock:
            for campaign in sorted({campaign for campaign, _, _ in spans}):
                own = [span for span in spans if span[0] == campaign]
                kept = self._known(session, campaign, newest)
                _add(found, _fresh(session, campaign, own, kept.last))
                if kept.last:
                    for span in own:
                        edges += _from_memory(kept, span, found[span])
        _add(found, _edges(session, edges))
        return {span: tally.average for span, tally in found.items()}

    def _known(self, session: Session, campaign: int, newest: int) -> _Kept:
        """What is kept of a campaign, brought up to date where much has come since."""
        # One process may serve several databases (tests do).
        kept = self._kept[str(session.get_bind().engine.url), campaign]
        if newest - kept.last < 2 * self._newest:
            return kept
        until = newest - self._newest
        quarter = func.date_bin(QUARTER, Answer.answered_at, _EPOCH)
        rows = session.execute(
            select(quarter, *_figures(Answer))
            .where(Answer.campaign_id == campaign, Answer.id > kept.last, Answer.id <= until)
            .group_by(quarter)
        )
        for begin, *counted in rows:
            kept.quarters[begin.astimezone(UTC)].add(*counted)
        kept.last = until
        return kept


# span, from, to, of the answers up to this one
_Piece = tuple[Span, datetime, datetime, int]
_Counted = list[tuple[Span, int, int, list[int]]]


def _add(found: dict[Span, Tally], counted: _Counted) -> None:
    for span, answers, right, people in counted:
        found[span].add(answers, right, people)


def _figures(answer: Any) -> tuple[ColumnElement[Any], ...]:
    """Answers, the right ones, and up to five of who gave them."""
    some = func.array_agg(answer.person_id.distinct(), type_=ARRAY(BigInteger))
    return func.count(), func.count().filter(answer.right), some[1:LEAST_PEERS]


def _from_memory(kept: _Kept, span: Span, tally: Tally) -> list[_Piece]:
    """Adds the whole quarters of a span to its tally; returns what must be counted beside them."""
    _, since, until = span
    begin = _EPOCH - (_EPOCH - since) // QUARTER * QUARTER
    end = _EPOCH + (until - _EPOCH) // QUARTER * QUARTER
    if begin > end:  # within one quarter
        return [(span, since, until, kept.last)]
    for quarter, one in kept.quarters.items():
        if begin <= quarter < end:
            tally.add(one.answers, one.right, one.people)
    return [(span, since, begin, kept.last), (span, end, until, kept.last)]


def _wanted(pieces: Collection[_Piece]) -> Any:
    return values(
        column("place", Integer),
        column("campaign", BigInteger),
        column("since", UtcDateTime()),
        column("until", UtcDateTime()),
        column("last", BigInteger),
        name="piece",
    ).data(
        [
            (place, span[0], since, until, last)
            for place, (span, since, until, last) in enumerate(pieces)
        ]
    )


def _fresh(session: Session, campaign: int, spans: Sequence[Span], after: int) -> _Counted:
    """Counts the answers of a campaign behind one, for each span."""
    wanted = _wanted([(span, span[1], span[2], 0) for span in spans])
    # Read first, whatever the planner makes of the spans: the newest rows of a long table.
    fresh = (
        select(Answer.person_id, Answer.right, Answer.answered_at)
        .where(Answer.campaign_id == campaign, Answer.id > after)
        .cte("fresh")
        .prefix_with("MATERIALIZED")
    )
    rows = session.execute(
        select(wanted.c.place, *_figures(fresh.c))
        .join(
            fresh,
            (fresh.c.answered_at >= wanted.c.since) & (fresh.c.answered_at < wanted.c.until),
        )
        .group_by(wanted.c.place)
    )
    return [(spans[place], *counted) for place, *counted in rows]


def _edges(session: Session, pieces: Sequence[_Piece]) -> _Counted:
    """Counts the answers of short pieces, in one query."""
    if not pieces:
        return []
    wanted = _wanted(pieces)
    rows = session.execute(
        select(wanted.c.place, *_figures(Answer))
        .join(
            Answer,
            (Answer.campaign_id == wanted.c.campaign)
            & (Answer.answered_at >= wanted.c.since)
            & (Answer.answered_at < wanted.c.until)
            & (Answer.id <= wanted.c.last),
        )
        .group_by(wanted.c.place)
    )
    return [(pieces[place][0], *counted) for place, *counted in rows]


_AVERAGES: Final = Averages()


def group_averages(session: Session, spans: Collection[Span]) -> dict[Span, float | None]:
    """The right share of each campaign's answers in its span; see `Averages.of`."""
    return _AVERAGES.of(session, spans)


def group_average(
    session: Session, campaign_id: int, since: datetime, until: datetime
) -> float | None:
    """The right share, 0 to 1, of a campaign's answers in a span of time; see `Averages.of`."""
    span = (campaign_id, since, until)
    return group_averages(session, {span})[span]
