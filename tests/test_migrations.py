"""Migrations on data: what was there before is there after, and after the way back."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import suppress
from datetime import date
from typing import Any

import psycopg
import pytest
from alembic import command
from alembic.script import ScriptDirectory
from sqlalchemy import Column, Connection, MetaData, Table, create_engine, inspect, select, text
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.exc import IntegrityError
from sqlalchemy.pool import NullPool

from store import embedded, migrate

OURS = "public"
# Where a rule of the table wants more than the plainest values.
WANTED: dict[str, dict[str, Any]] = {
    "assessment": {"kind": "post", "score": 1, "out_of": 1, "passed": None, "assessor_id": None},
    "encounter": {"kind": "virtual", "form": "group"},
    "facility_stay": {"since": "2026-01-01T00:00:00Z"},
    "goal": {"state": "dropped", "words": "x"},
}


@pytest.fixture
def empty(postgres: embedded.EmbeddedServer) -> Iterator[str]:
    """A database without anything."""
    with psycopg.connect(migrate.psycopg_conninfo(postgres.url), autocommit=True) as connection:
        connection.execute("CREATE DATABASE moving")
        yield postgres.url_of("moving")
        connection.execute("DROP DATABASE moving WITH (FORCE)")


def revisions() -> list[str]:
    """All revisions, the first one first."""
    found = ScriptDirectory(str(migrate.FOLDER)).walk_revisions()
    return [script.revision for script in found][::-1]


def to(url: str, revision: str, *, down: bool = False) -> None:
    """Move a database to a revision."""
    move = command.downgrade if down else command.upgrade
    move(migrate.configuration(url), revision)


def rows(url: str) -> dict[str, int]:
    """How many rows each of our tables has."""
    engine = create_engine(url)
    with engine.connect() as connection:
        names = inspect(connection).get_table_names(schema=OURS)
        wanted = [name for name in names if not name.startswith(("procrastinate", "alembic"))]
        counts = {
            name: connection.execute(text(f'SELECT count(*) FROM "{name}"')).scalar_one()
            for name in wanted
        }
    engine.dispose()
    return counts


def fill(url: str) -> dict[str, int]:
    """Put a row into every table of ours, whatever its columns are; returns what ``rows`` does.

    A table whose own rules refuse the plainest row stays empty.
    """
    engine = create_engine(url, poolclass=NullPool)
    tables = MetaData()
    tables.reflect(engine, schema=OURS)
    left = [
        table
        for table in tables.sorted_tables
        if not table.name.startswith(("procrastinate", "alembic"))
    ]
    with engine.begin() as connection:
        for table in left:
            if connection.execute(select(table).limit(1)).first() is None:
                with suppress(IntegrityError), connection.begin_nested():
                    connection.execute(table.insert().values(_row(connection, table)))
    engine.dispose()
    return rows(url)


def _row(connection: Connection, table: Table) -> dict[str, Any]:
    """A value for each column: of a row that is there, or the plainest of its type."""
    row: dict[str, Any] = {}
    for column in table.columns:
        if column.autoincrement is True and column.primary_key and not column.foreign_keys:
            continue
        other = next(iter(column.foreign_keys), None)
        if other is not None:
            row[column.name] = connection.scalar(select(other.column).limit(1))
        elif column.server_default is None and column.identity is None:
            row[column.name] = _plain(column)
    return row | WANTED.get(table.name, {})


def _plain(column: Column[Any]) -> Any:
    if isinstance(column.type, ARRAY):
        return []
    kind = column.type.python_type
    plain = {int: 1, str: "x", bool: False, float: 0.5, dict: {}, list: [], date: "2026-03-02"}
    return plain.get(kind, "2026-03-02T09:00:00Z" if "time" in kind.__name__ else None)


def test_a_programme_of_before_the_desk_comes_along(empty: str) -> None:
    migrate._queue_schema(empty)
    to(empty, "0003")
    engine = create_engine(empty)
    now = "'2026-03-02T09:00:00Z'"
    with engine.begin() as connection:
        for statement in (
            "INSERT INTO facility (name, district) VALUES ('Rukara', 'Kayonza')",
            "INSERT INTO person (name, language, timezone, roles, consent, facility_id) VALUES "
            "('Claudine', 'en', 'Africa/Kigali', '{mentee}', 'yes', 1), "
            "('Alice', 'en', 'Africa/Kigali', '{mentor}', 'yes', 1)",
            "UPDATE person SET mentor_id = 2 WHERE id = 1",
            "INSERT INTO address (person_id, channel, value) VALUES "
            "(1, 'sms', '+250788000301'), (2, 'whatsapp', '+250788000401')",
            'INSERT INTO "case" (code, mentee_id, mentor_id, cause, state, opened_at, due_at, '
            "answered_at, closed_at) VALUES "
            f"('K7XM', 1, 2, 'asked', 'open', {now}, {now}, NULL, NULL), "
            f"('K7XN', 1, NULL, 'asked', 'open', {now}, {now}, NULL, NULL), "
            f"('K7XP', 1, 2, 'asked', 'answered', {now}, {now}, {now}, NULL), "
            f"('K7XR', 1, 2, 'asked', 'closed', {now}, NULL, {now}, {now})",
            f"INSERT INTO case_event (case_id, at, kind, text) VALUES (3, {now}, 'answered', 'x')",
        ):
            connection.execute(text(statement))
    engine.dispose()
    before = fill(empty)
    to(empty, "head")
    engine = create_engine(empty)
    with engine.connect() as connection:
        due = connection.execute(
            text('SELECT code, kind FROM case_due JOIN "case" ON "case".id = case_id ORDER BY code')
        )
        assert [tuple(row) for row in due] == [
            ("K7XM", "remind"),
            ("K7XN", "route"),
            ("K7XP", "close"),
        ]
        waits = text('SELECT code FROM "case" WHERE waiting_since IS NOT NULL ORDER BY code')
        assert list(connection.scalars(waits)) == ["K7XM", "K7XN"]
        answered = text('SELECT code FROM "case" WHERE first_response_at IS NOT NULL')
        assert list(connection.scalars(answered)) == ["K7XP"]
    engine.dispose()
    after = rows(empty)
    assert {name: after.get(name) for name in before} == before
    # And back, step by step: what there was at the beginning is there in the end.
    for revision in revisions()[:-1][::-1]:
        to(empty, revision, down=True)
        if revision == "0003":
            break
    engine = create_engine(empty)
    with engine.connect() as connection:
        due = text('SELECT count(*) FROM "case" WHERE due_at IS NOT NULL')
        assert connection.scalar(due) == 3
    engine.dispose()
    assert rows(empty) == before


def test_the_newest_step_on_rows_in_every_table(empty: str) -> None:
    migrate._queue_schema(empty)
    *_, before, newest = revisions()
    to(empty, before)
    counts = fill(empty)
    filled = [name for name, count in counts.items() if count]
    assert len(filled) > 0.8 * len(counts), sorted(set(counts) - set(filled))
    to(empty, newest)
    assert {name: rows(empty).get(name) for name in counts} == counts
    # All of the newest tables take a row as well, and the way back loses only those.
    fill(empty)
    to(empty, before, down=True)
    assert rows(empty) == counts
    to(empty, newest)


def test_models_and_migrations_say_the_same(empty: str) -> None:
    from alembic.autogenerate import compare_metadata
    from alembic.runtime.migration import MigrationContext

    from store import schema  # noqa: F401 - all models
    from store.base import Base

    migrate.upgrade(empty)
    engine = create_engine(empty)
    with engine.connect() as connection:
        context = MigrationContext.configure(
            connection,
            opts={"include_name": lambda name, kind, _: not str(name).startswith("proc")},
        )
        differences = compare_metadata(context, Base.metadata)
    engine.dispose()
    shown = [one for one in differences if "procrastinate" not in str(one)]
    assert shown == []


def test_a_row_that_breaks_a_rule_is_refused(empty: str) -> None:
    migrate.upgrade(empty)
    engine = create_engine(empty)
    with pytest.raises(IntegrityError), engine.begin() as connection:
        connection.execute(
            text("INSERT INTO address (person_id, channel, value) VALUES (9, 'sms', '+1')")
        )
    engine.dispose()
