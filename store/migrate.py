"""Bringing a database to the newest schema: our tables (Alembic), the queue's, Rasa's."""

from __future__ import annotations

import importlib.resources
from pathlib import Path

import psycopg
from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Engine, create_engine, make_url, text

FOLDER = Path(__file__).parent / "migrations"
# One migration at a time, however many processes start together. An arbitrary constant.
LOCK = 0x4D454E54
RASA_SCHEMA = "rasa"


def configuration(url: str) -> Config:
    """Alembic's configuration for a database, without an ini file."""
    config = Config()
    config.set_main_option("script_location", str(FOLDER))
    config.set_main_option("sqlalchemy.url", url.replace("%", "%%"))
    return config


def upgrade(url: str) -> None:
    """Bring the database at ``url`` to the newest schema; does nothing when it is there.

    Raises:
        sqlalchemy.exc.OperationalError: the database cannot be reached.
    """
    engine = create_engine(url)
    try:
        with engine.connect() as guard:
            guard.execute(text("SELECT pg_advisory_lock(:key)"), {"key": LOCK})
            try:
                _queue_schema(url)
                command.upgrade(configuration(url), "head")
            finally:
                guard.execute(text("SELECT pg_advisory_unlock(:key)"), {"key": LOCK})
    finally:
        engine.dispose()


def is_current(engine: Engine) -> bool:
    """Whether the database has the newest schema."""
    newest = ScriptDirectory(str(FOLDER)).get_current_head()
    with engine.connect() as connection:
        return MigrationContext.configure(connection).get_current_revision() == newest


def psycopg_conninfo(url: str) -> str:
    """The same database as psycopg (without SQLAlchemy) spells it."""
    parsed = make_url(url)
    parts: dict[str, str] = {"dbname": parsed.database or ""}
    if parsed.username:
        parts["user"] = parsed.username
    if parsed.password:
        parts["password"] = str(parsed.password)
    if parsed.host:
        parts["host"] = parsed.host
    if parsed.port:
        parts["port"] = str(parsed.port)
    for key, value in parsed.query.items():
        parts[key] = value if isinstance(value, str) else value[0]
    return psycopg.conninfo.make_conninfo(**parts)


def _queue_schema(url: str) -> None:
    """The queue's schema, which Procrastinate ships as one file, and an empty one for Rasa."""
    with psycopg.connect(psycopg_conninfo(url), autocommit=True) as connection:
        connection.execute(f"CREATE SCHEMA IF NOT EXISTS {RASA_SCHEMA}")
        row = connection.execute("SELECT to_regclass('procrastinate_jobs')").fetchone()
        if row is not None and row[0] is not None:
            return
        sql = importlib.resources.files("procrastinate.sql").joinpath("schema.sql").read_text()
        with connection.transaction():
            connection.execute(sql.encode())
