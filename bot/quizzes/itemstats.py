"""How items do: how often they were right, which options were chosen, whether they tell apart."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import Any, Final

from sqlalchemy import ColumnElement, Float, Integer, and_, cast, func, select
from sqlalchemy.orm import Session

from bot.quizzes import catalogue
from bot.quizzes.bank import Item
from store.quizzes import Answer

# Shares of fewer answers say nothing; a correlation needs more.
LEAST_ANSWERS: Final = 5
LEAST_JUDGED: Final = 20


@dataclass(frozen=True, slots=True)
class Figures:
    """What came of one item.

    ``item``: the newest version that was answered. ``chosen``: how often each of its options was,
    of its own ``of_version`` answers. ``first``, ``first_right``: first answers of a mentee.
    """

    item: Item
    answers: int
    right: int
    first: int
    first_right: int
    of_version: int
    chosen: tuple[int, ...]

    @property
    def share(self) -> float | None:
        """The right share of first answers, 0 to 1; None with too few of them to say."""
        return self.first_right / self.first if self.first >= LEAST_ANSWERS else None


def of_answers(
    session: Session,
    which: ColumnElement[bool],
    only: Collection[str] | None = None,
) -> list[Figures]:
    """The items that were answered, the hardest first, then those with too few answers.

    Args:
        which: a condition on ``answer``.
        only: these items, no others.
    """
    if only is not None:
        which = and_(which, Answer.item_id.in_(only))
    rows = session.execute(
        select(
            Answer.item_id,
            Answer.item_version,
            Answer.option,
            func.count(),
            func.count().filter(Answer.right),
            func.count().filter(Answer.first),
            func.count().filter(Answer.first & Answer.right),
        )
        .where(which)
        .group_by(Answer.item_id, Answer.item_version, Answer.option)
    ).all()
    found: dict[str, list[tuple[Any, ...]]] = defaultdict(list)
    for item_id, *rest in rows:
        found[item_id].append(tuple(rest))
    newest = [(item_id, max(row[0] for row in parts)) for item_id, parts in found.items()]
    items = catalogue.versions(session, newest)
    figures = [_figures(items[key], found[key[0]]) for key in newest]
    return sorted(
        figures, key=lambda one: (one.share is None, one.share or 0.0, -one.answers, one.item.id)
    )


def _figures(item: Item, rows: Sequence[tuple[Any, ...]]) -> Figures:
    """Of one item, from (version, option, answers, right, first, first right)."""
    chosen = Counter({option: count for version, option, count, *_ in rows
                      if version == item.version})  # fmt: skip
    options = len(item.options[item.language("en")])
    return Figures(
        item=item,
        answers=sum(row[2] for row in rows),
        right=sum(row[3] for row in rows),
        first=sum(row[4] for row in rows),
        first_right=sum(row[5] for row in rows),
        of_version=chosen.total(),
        chosen=tuple(chosen[place] for place in range(options)),
    )


def discrimination(session: Session, item_id: str) -> float | None:
    """Whether those who know the rest know this one: the corrected item-total correlation, -1 to 1.

    Over first answers: right on this item against the share of right first answers to all others.
    None where fewer than twenty mentees can be compared, or all answered alike.
    """
    people = select(Answer.person_id).where(Answer.item_id == item_id, Answer.first)
    rest = (
        select(
            Answer.person_id.label("person_id"),
            func.avg(cast(Answer.right, Integer)).label("share"),
        )
        .where(Answer.first, Answer.item_id != item_id, Answer.person_id.in_(people))
        .group_by(Answer.person_id)
        .subquery()
    )
    own = cast(cast(Answer.right, Integer), Float)
    count, found = session.execute(
        select(func.count(), func.corr(own, cast(rest.c.share, Float)))
        .select_from(Answer)
        .join(rest, rest.c.person_id == Answer.person_id)
        .where(Answer.item_id == item_id, Answer.first)
    ).one()
    return None if found is None or count < LEAST_JUDGED else float(found)
