"""Every table, for whoever needs the whole metadata (migrations, tests)."""

from store import (
    accounts,
    cases,
    discussions,
    encounters,
    hooks,
    imports,
    knowledge,
    learning,
    messages,
    moves,
    people,
    plans,
    quizzes,
    stock,
    tokens,
    visits,
    walks,
)
from store.base import Base

METADATA = Base.metadata

__all__ = [
    "METADATA",
    "accounts",
    "cases",
    "discussions",
    "encounters",
    "hooks",
    "imports",
    "knowledge",
    "learning",
    "messages",
    "moves",
    "people",
    "plans",
    "quizzes",
    "stock",
    "tokens",
    "visits",
    "walks",
]
