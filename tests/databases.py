"""Databases of tests on one server: a migrated template, and copies of it."""

from __future__ import annotations

import psycopg

from store import embedded, migrate

TEMPLATE = "template_house"


def make_template(server: embedded.EmbeddedServer) -> None:
    """Make the database that the others are copies of."""
    _carry_out(server, f"CREATE DATABASE {TEMPLATE}")
    migrate.upgrade(server.url_of(TEMPLATE))


def copied(server: embedded.EmbeddedServer, name: str) -> str:
    """A fresh migrated database; its address.

    Its files are copied. PostgreSQL's default, through its log, takes some five times as long.
    """
    _carry_out(server, f"CREATE DATABASE {name} TEMPLATE {TEMPLATE} STRATEGY FILE_COPY")
    return server.url_of(name)


def dropped(server: embedded.EmbeddedServer, name: str) -> None:
    """Take a database away, whoever is still connected."""
    _carry_out(server, f"DROP DATABASE IF EXISTS {name} WITH (FORCE)")


def _carry_out(server: embedded.EmbeddedServer, statement: str) -> None:
    with psycopg.connect(migrate.psycopg_conninfo(server.url), autocommit=True) as connection:
        connection.execute(statement.encode())
