"""A report as data: columns, rows, what its words mean. And what small groups may not show."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import Any, Final, Literal

LEAST_CELL: Final = 5
TOO_FEW: Final = f"<{LEAST_CELL}"
NO_RECORDS: Final = "No records yet."

Kind = Literal["text", "count", "percent", "seconds", "number"]


@dataclass(frozen=True, slots=True)
class Column:
    """``key`` is its name in CSV and JSON, ``title`` its heading for people."""

    key: str
    title: str
    kind: Kind = "text"


@dataclass(frozen=True)
class Report:
    """``rows``: values by column; None where there is nothing to count, "<5" where few.

    Percent is 0 to 100 with one decimal. ``definition`` says what is counted, ``notes`` what a
    reader must know beside it. ``total``: a last row, not among ``rows``. ``empty``: what stands
    where there are no rows.
    """

    name: str
    title: str
    period: str
    columns: tuple[Column, ...]
    rows: Sequence[Mapping[str, Any]]
    definition: str
    notes: tuple[str, ...] = ()
    total: Mapping[str, Any] | None = None
    empty: str = NO_RECORDS


def percent(part: int, whole: int) -> float | None:
    """``part`` of ``whole`` in percent, to one decimal, halves up; None of nothing."""
    if whole == 0:
        return None
    return int(Fraction(part * 1000, whole) + Fraction(1, 2)) / 10


def suppressed(
    row: Mapping[str, Any], people: str, parts: Iterable[str], shares: Iterable[str]
) -> dict[str, Any]:
    """A row as it may be shown outside a mentor's own list.

    Args:
        people: column of how many people the row is about; with fewer than five, everything about
            them is hidden.
        parts: columns that count some of them; hidden alone, with the shares, when under five.
        shares: columns computed from the parts.
    """
    shown = dict(row)
    parts, shares = tuple(parts), tuple(shares)
    if shown[people] < LEAST_CELL:
        return shown | dict.fromkeys((people, *parts, *shares), TOO_FEW)
    if any(shown[part] < LEAST_CELL for part in parts):
        shown |= {part: TOO_FEW for part in parts if shown[part] < LEAST_CELL}
        shown |= dict.fromkeys(shares, TOO_FEW)
    return shown


def total_shown(
    total: Mapping[str, Any], rows: Iterable[Mapping[str, Any]], columns: Iterable[str]
) -> dict[str, Any]:
    """A total from which no hidden cell can be worked out.

    Where exactly one row of a column is hidden, subtracting the others from the total would give
    it away: the total of that column is hidden too.
    """
    shown = dict(total)
    everything = list(rows)
    for column in columns:
        if sum(row[column] == TOO_FEW for row in everything) == 1:
            shown[column] = TOO_FEW
    return shown
