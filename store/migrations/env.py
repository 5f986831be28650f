"""Alembic's entry: runs the migrations of this folder against the configured database."""

from alembic import context
from sqlalchemy import engine_from_config, pool

from store.schema import METADATA


def _ours(name: str | None, kind: str, *_: object) -> bool:
    return not (kind == "table" and (name or "").startswith("procrastinate_"))


def run() -> None:
    """Run what is asked for in one transaction."""
    engine = engine_from_config(
        context.config.get_section("alembic") or {"sqlalchemy.url": ""},
        prefix="sqlalchemy.",
        poolclass=pool.NullPool,
    )
    with engine.connect() as connection:
        context.configure(
            connection=connection,
            target_metadata=METADATA,
            include_name=lambda name, kind, parents: _ours(name, kind),
            transaction_per_migration=True,
        )
        with context.begin_transaction():
            context.run_migrations()


run()
