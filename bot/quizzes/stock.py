"""The bank as its keepers see it: what is asked, what is withdrawn and why, how each item does."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Final, Literal

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from bot.quizzes import campaigns, catalogue
from bot.quizzes.bank import Item
from store.quizzes import Answer, Campaign, Dose, ItemVersion
from store.quizzes import Item as Row

State = Literal["live", "withdrawn"]
LONGEST_REASON: Final = 200


class BankError(Exception):
    """What was asked for cannot be done. The message is one sentence."""


@dataclass(frozen=True, slots=True)
class Entry:
    """One item and its figures. Moments are aware.

    ``answers``: all of them, of every version. ``first``: first answers of a mentee, of which
    ``first_right`` were right. ``asked``: questions that wait for their answer now.
    """

    item: Item
    state: State
    withdrawn_at: datetime | None
    reason: str | None
    answers: int
    first: int
    first_right: int
    asked: int

    @property
    def accuracy(self) -> float | None:
        """The right share of first answers, 0 to 1; None without any."""
        return self.first_right / self.first if self.first else None


@dataclass(frozen=True, slots=True)
class Version:
    """One wording of an item, and how many answers were given to it."""

    number: int
    since: datetime
    answers: int


@dataclass(frozen=True, slots=True)
class Withdrawn:
    """What a withdrawal means. ``asked``: open questions, which go on.

    ``emptied``: campaigns under way that have no item left to ask.
    """

    entry: Entry
    asked: int
    emptied: tuple[str, ...]


def entries(
    session: Session,
    *,
    topic: str | None = None,
    competency: str | None = None,
    state: State | None = None,
    only: Iterable[str] | None = None,
) -> list[Entry]:
    """The items of the bank that fit, in its order."""
    query = select(Row).where(Row.live_version.is_not(None)).order_by(Row.position, Row.id)
    if topic is not None:
        query = query.where(Row.topic == topic)
    if state is not None:
        withdrawn = Row.withdrawn_at.is_not(None)
        query = query.where(withdrawn if state == "withdrawn" else ~withdrawn)
    if only is not None:
        query = query.where(Row.id.in_(list(only)))
    rows = [(row, row.live_version) for row in session.scalars(query) if row.live_version]
    items = catalogue.versions(session, [(row.id, number) for row, number in rows])
    answers = {
        item: (every, first, right)
        for item, every, first, right in session.execute(
            select(
                Answer.item_id,
                func.count(),
                func.count().filter(Answer.first),
                func.count().filter(Answer.first & Answer.right),
            ).group_by(Answer.item_id)
        )
    }
    asked = Counter(session.scalars(select(Dose.item_id).where(Dose.state == "open")))
    return [
        Entry(
            items[row.id, number],
            "withdrawn" if row.withdrawn_at else "live",
            row.withdrawn_at,
            row.withdrawn_reason,
            *answers.get(row.id, (0, 0, 0)),
            asked[row.id],
        )
        for row, number in rows
        if competency in (None, items[row.id, number].competency)
    ]


def entry(session: Session, item_id: str) -> Entry:
    """One item.

    Raises:
        BankError: the bank has none with this id.
    """
    found = entries(session, only=[item_id])
    if not found:
        raise BankError(f"The bank has no item {item_id!r}; ./mentorline bank list names them all.")
    return found[0]


def history(session: Session, item_id: str) -> list[Version]:
    """Every version of an item, the oldest first."""
    rows = session.execute(
        select(ItemVersion.version, ItemVersion.created_at, func.count(Answer.id))
        .outerjoin(
            Answer,
            (Answer.item_id == ItemVersion.item_id) & (Answer.item_version == ItemVersion.version),
        )
        .where(ItemVersion.item_id == item_id)
        .group_by(ItemVersion.id)
        .order_by(ItemVersion.version)
    )
    return [Version(*row) for row in rows]


def withdraw(session: Session, item_id: str, reason: str, now: datetime) -> Withdrawn:
    """Ask an item no more, and keep the reason.

    A question that is open already may still be answered; a planned dose chooses its item only
    when it is given, and so chooses another.

    Raises:
        BankError: there is no such item, it is withdrawn already, or the reason cannot be kept.
    """
    why = " ".join(reason.split())
    if not why or not why.isprintable() or len(why) > LONGEST_REASON:
        raise BankError(f"Say why in 1 to {LONGEST_REASON} characters.")
    before = entry(session, item_id)
    if before.withdrawn_at is not None:
        raise BankError(
            f"The item {item_id!r} has been withdrawn since {before.withdrawn_at:%Y-%m-%d}."
        )
    fed = _feeding(session)
    catalogue.withdraw(session, item_id, now, why)
    left = _feeding(session)
    emptied = sorted(name for name, items in left.items() if not items and fed[name])
    return Withdrawn(entry(session, item_id), before.asked, tuple(emptied))


def restore(session: Session, item_id: str) -> Entry:
    """Ask an item again, in its newest version.

    Raises:
        BankError: there is no such item, or it is not withdrawn.
    """
    if entry(session, item_id).withdrawn_at is None:
        raise BankError(f"The item {item_id!r} is not withdrawn.")
    catalogue.restore(session, item_id)
    return entry(session, item_id)


def _feeding(session: Session) -> dict[str, list[Item]]:
    """Each quiz campaign under way, by name → the items that it may still ask."""
    live = catalogue.live(session)
    found = {}
    for row in session.scalars(select(Campaign).where(Campaign.state.in_(("running", "paused")))):
        plan = campaigns.plan_of(session, row)
        if plan.kind == "quiz":
            found[row.name] = campaigns.chosen_items(plan, live)
    return found
