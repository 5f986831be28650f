"""The bank in the database: items in versions, as they are asked.

The bank's files are what a fresh house begins with; an import goes the same way.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime
from threading import Lock

from sqlalchemy import func, select, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from bot.quizzes import bank
from store.quizzes import Competency, Item, ItemVersion, Topic

# Never changed once written, so a process keeps every version that it has read.
_KEPT: dict[tuple[str, str, int], bank.Item] = {}
_LOCK = Lock()


def save(session: Session, found: bank.Bank) -> tuple[int, int]:
    """Store a bank; an item that differs from its live version becomes a new version.

    The versions in the files are the authors' numbers; ours go up by one with each change.

    Returns:
        How many items are new or changed, and how many are as they were.
    """
    for topic in found.topics:
        _upsert(session, Topic, {"id": topic.id, "title": dict(topic.title)})
    for one in found.competencies:
        _upsert(
            session,
            Competency,
            {"id": one.id, "topic": one.topic, "title": dict(one.title)},
        )
    return save_items(session, found.items)


def save_items(session: Session, items: Iterable[bank.Item]) -> tuple[int, int]:
    """Store items whose topics and competencies are there; see ``save``."""
    changed = same = 0
    place = session.scalar(select(func.coalesce(func.max(Item.position), 0))) or 0
    for given in items:
        row = session.get(Item, given.id, with_for_update=True)
        if row is None:
            place += 1
            row = Item(id=given.id, topic=given.topic, position=place, live_version=None)
            session.add(row)
            session.flush()
        newest = session.scalar(
            select(ItemVersion)
            .where(ItemVersion.item_id == given.id)
            .order_by(ItemVersion.version.desc())
            .limit(1)
        )
        row.topic = given.topic
        if newest is not None and row.live_version == newest.version:
            values = _values(given)
            if all(getattr(newest, name) == value for name, value in values.items()):
                same += 1
                continue
        version = (newest.version if newest else 0) + 1
        session.add(ItemVersion(item_id=given.id, version=version, **_values(given)))
        session.flush()
        row.live_version, row.withdrawn_at, row.withdrawn_reason = version, None, None
        changed += 1
    session.flush()
    return changed, same


def _upsert(session: Session, table: type[Topic | Competency], values: dict[str, object]) -> None:
    statement = insert(table).values(values)
    session.execute(
        statement.on_conflict_do_update(
            index_elements=["id"],
            set_={name: value for name, value in values.items() if name != "id"},
        )
    )


def _values(item: bank.Item) -> dict[str, object]:
    return {
        "competency": item.competency,
        "stem": dict(item.stem),
        "options": {language: list(options) for language, options in item.options.items()},
        "why": dict(item.why),
        "answer": item.answer,
        "source": item.source,
        "cadres": sorted(item.cadres),
        "facts": list(item.facts),
        "card": item.card,
        "critical": item.critical,
        "form": item.form,
        "twin": item.twin,
        "review": item.review,
    }


def withdraw(session: Session, item_id: str, now: datetime, reason: str) -> None:
    """Ask an item no more; open questions may still be answered."""
    session.execute(
        update(Item)
        .where(Item.id == item_id)
        .values(withdrawn_at=now, withdrawn_reason=reason)
        .execution_options(synchronize_session="fetch")
    )


def restore(session: Session, item_id: str) -> None:
    """Ask a withdrawn item again."""
    session.execute(
        update(Item)
        .where(Item.id == item_id)
        .values(withdrawn_at=None, withdrawn_reason=None)
        .execution_options(synchronize_session="fetch")
    )


def version(session: Session, item_id: str, number: int) -> bank.Item:
    """One version of an item, as it was asked.

    Raises:
        LookupError: there is none.
    """
    return versions(session, [(item_id, number)])[item_id, number]


def versions(
    session: Session, wanted: Sequence[tuple[str, int]]
) -> dict[tuple[str, int], bank.Item]:
    """Versions of items, by (id, version).

    Raises:
        LookupError: one of them is not there.
    """
    house = _house(session)
    with _LOCK:
        missing = {(item, number) for item, number in wanted if (house, item, number) not in _KEPT}
    if missing:
        rows = session.execute(
            select(ItemVersion, Item.topic)
            .join(Item, Item.id == ItemVersion.item_id)
            .where(ItemVersion.item_id.in_({item for item, _ in missing}))
        ).all()
        with _LOCK:
            for row, topic in rows:
                _KEPT[house, row.item_id, row.version] = _item(row, topic)
    with _LOCK:
        return {key: _KEPT[house, *key] for key in wanted}


def live(session: Session) -> list[bank.Item]:
    """The items that may be asked, in the bank's order."""
    rows = session.execute(
        select(Item.id, Item.live_version)
        .where(Item.withdrawn_at.is_(None), Item.live_version.is_not(None))
        .order_by(Item.position, Item.id)
    )
    wanted = [(row.id, row.live_version) for row in rows]
    found = versions(session, wanted)
    return [found[key] for key in wanted]


def topics(session: Session) -> dict[str, dict[str, str]]:
    """Topic → its title per language."""
    return {row.id: dict(row.title) for row in session.scalars(select(Topic))}


def competencies(session: Session) -> dict[str, Competency]:
    """Competency id → its row."""
    return {row.id: row for row in session.scalars(select(Competency))}


def _house(session: Session) -> str:
    # One process may serve several databases (tests do).
    return str(session.get_bind().engine.url)


def _item(row: ItemVersion, topic: str) -> bank.Item:
    return bank.Item(
        id=row.item_id,
        topic=topic,
        version=row.version,
        competency=row.competency,
        stem=dict(row.stem),
        options={language: tuple(options) for language, options in row.options.items()},
        answer=row.answer,
        why=dict(row.why),
        source=row.source,
        cadres=frozenset(row.cadres),
        facts=tuple(row.facts),
        card=row.card,
        critical=row.critical,
        form="A" if row.form == "A" else "B" if row.form == "B" else None,
        twin=row.twin,
        review=row.review,
    )
