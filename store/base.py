"""The declarative base, the column types that everything shares, and sessions."""

from __future__ import annotations

import importlib
from datetime import UTC, datetime
from typing import Any, ClassVar

from sqlalchemy import BigInteger, DateTime, Engine, MetaData, Text, create_engine
from sqlalchemy.dialects.postgresql import ARRAY, JSONB
from sqlalchemy.orm import DeclarativeBase, Session, sessionmaker
from sqlalchemy.types import TypeDecorator

# Named constraints, so that a migration can drop what an earlier one made.
NAMING = {
    "ix": "ix_%(column_0_N_label)s",
    "uq": "uq_%(table_name)s_%(column_0_N_name)s",
    "ck": "ck_%(table_name)s_%(constraint_name)s",
    "fk": "fk_%(table_name)s_%(column_0_N_name)s_%(referred_table_name)s",
    "pk": "pk_%(table_name)s",
}


class UtcDateTime(TypeDecorator[datetime]):
    """A moment. Naive values are refused; what comes back is aware and in UTC."""

    impl = DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Any) -> datetime | None:
        """Refuse a naive moment.

        Raises:
            ValueError: when ``value`` carries no time zone.
        """
        if value is not None and value.tzinfo is None:
            raise ValueError("a moment without a time zone")
        return value

    def process_result_value(self, value: datetime | None, dialect: Any) -> datetime | None:
        """Give moments back in UTC, whatever the server's time zone."""
        return None if value is None else value.astimezone(UTC)


class Base(DeclarativeBase):
    """Base of every table."""

    metadata = MetaData(naming_convention=NAMING)
    type_annotation_map: ClassVar[dict[Any, Any]] = {
        datetime: UtcDateTime,
        int: BigInteger,
        str: Text,
        dict[str, Any]: JSONB,
        list[Any]: JSONB,
        list[str]: ARRAY(Text),
    }


def make_engine(url: str, pool_size: int = 8, *, check: bool = True) -> Engine:
    """An engine with a bounded pool.

    Args:
        check: ask each connection whether it is alive before it is used. It costs a round trip,
            and is left out where a failed job is simply done again.
    """
    return create_engine(
        url,
        pool_size=pool_size,
        max_overflow=4,
        pool_pre_ping=check,
        # What people wrote must not end up in a log through an error message.
        hide_parameters=True,
        connect_args={"application_name": "mentorline"},
    )


def make_sessions(engine: Engine, info: dict[str, Any] | None = None) -> sessionmaker[Session]:
    """Sessions that keep loaded values after commit (a job reads what it has just saved).

    Args:
        info: what every session carries: rules of the programme, such as its service levels.
    """
    # Tables refer to those of other areas, and nothing can be written while one is not known.
    importlib.import_module("store.schema")
    return sessionmaker(engine, expire_on_commit=False, info=info or {})
