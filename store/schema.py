"""Every table, for whoever needs the whole metadata (migrations, tests)."""

from store import cases, knowledge, learning, messages, people, quizzes
from store.base import Base

METADATA = Base.metadata

__all__ = ["METADATA", "cases", "knowledge", "learning", "messages", "people", "quizzes"]
