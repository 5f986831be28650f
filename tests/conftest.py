"""The real parts, started once: PostgreSQL, and per test a house with its own database."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest

from store import embedded, migrate
from tests.town import Town

os.environ.setdefault("MENTORLINE_HOME", tempfile.mkdtemp(prefix="mentorline-test-"))


@pytest.fixture(scope="session")
def postgres(tmp_path_factory: pytest.TempPathFactory) -> Iterator[embedded.EmbeddedServer]:
    """A PostgreSQL server of this test run, with a migrated template database."""
    home = Path(tempfile.mkdtemp(prefix="mlpg-"))
    server = embedded.start(home, durable=False)
    _admin(server, "CREATE DATABASE template_house")
    migrate.upgrade(server.url_of("template_house"))
    yield server
    server.stop()


def _admin(server: embedded.EmbeddedServer, statement: str) -> None:
    with psycopg.connect(migrate.psycopg_conninfo(server.url), autocommit=True) as connection:
        connection.execute(statement)


_COUNTER = iter(range(1_000_000))


@pytest.fixture
def database_url(postgres: embedded.EmbeddedServer) -> Iterator[str]:
    """A fresh migrated database."""
    name = f"house{next(_COUNTER)}"
    _admin(postgres, f"CREATE DATABASE {name} TEMPLATE template_house")
    yield postgres.url_of(name)
    _admin(postgres, f"DROP DATABASE IF EXISTS {name} WITH (FORCE)")


@pytest.fixture
def town(database_url: str, tmp_path: Path) -> Iterator[Town]:
    """The product, the emulated network and people with phones; no Rasa behind it."""
    with Town.build(database_url, tmp_path) as built:
        yield built
