"""Where somebody worked when, from two records of the same human. Plain rules."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import UTC, datetime

_EARLIEST = datetime.min.replace(tzinfo=UTC)
_LATEST = datetime.max.replace(tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class Span:
    """A facility from a moment until before another, both aware; ``None`` is open."""

    facility: int
    since: datetime | None
    until: datetime | None

    @property
    def start(self) -> datetime:
        """The first moment, for comparing."""
        return self.since or _EARLIEST

    @property
    def end(self) -> datetime:
        """The moment after the last, for comparing."""
        return self.until or _LATEST


def present(facility: int | None, spans: Iterable[Span]) -> list[Span]:
    """The spans of a record in order; who never moved has worked in one place for all time."""
    known = sorted(spans, key=lambda span: span.start)
    return known or ([] if facility is None else [Span(facility, None, None)])


def joined(kept: Iterable[Span], other: Iterable[Span]) -> list[Span]:
    """One timeline of two, in order and without overlaps.

    What both know is as the first has it, with one exception: the first begins with a place that
    has held "for all time" only because nothing was known before. There, what the other knows to
    be over counts.
    """
    ours = sorted(kept, key=lambda span: span.start)
    theirs = sorted(other, key=lambda span: span.start)
    if ours and ours[0].since is None:
        over = [span for span in theirs if span.until is not None and span.until < ours[0].end]
        if over:
            ours[0] = replace(ours[0], since=over[-1].until)
    found = list(ours)
    for span in theirs:
        found += _uncovered(span, ours)
    return sorted(found, key=lambda span: span.start)


def _uncovered(span: Span, spans: list[Span]) -> list[Span]:
    """What is left of a span outside others, which are in order and do not overlap."""
    left: list[Span] = []
    start = span.start
    for other in spans:
        if other.end <= start:
            continue
        if other.start >= span.end:
            break
        if other.start > start:
            left.append(_span(span.facility, start, other.start))
        start = max(start, other.end)
    if start < span.end:
        left.append(_span(span.facility, start, span.end))
    return left


def _span(facility: int, start: datetime, end: datetime) -> Span:
    return Span(
        facility,
        None if start == _EARLIEST else start,
        None if end == _LATEST else end,
    )
