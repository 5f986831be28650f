"""Keeps the chats over a restart: what changed is written to SQLite a few times a second."""

from __future__ import annotations

import json
import sqlite3
import threading
from datetime import datetime
from pathlib import Path
from typing import Any

from simulator.model import Content, Message, Person
from simulator.state import State

FLUSH_SECONDS = 0.3
_SCHEMA = """
CREATE TABLE IF NOT EXISTS messages (sid TEXT PRIMARY KEY, at TEXT NOT NULL, data TEXT NOT NULL);
CREATE TABLE IF NOT EXISTS facts (name TEXT PRIMARY KEY, data TEXT NOT NULL);
"""


class Journal:
    """One file. Loses at most the last third of a second when the process is killed."""

    def __init__(self, path: Path, state: State) -> None:
        self._state = state
        path.parent.mkdir(parents=True, exist_ok=True)
        self._db = sqlite3.connect(path, check_same_thread=False)
        self._db.execute("PRAGMA journal_mode=WAL")
        self._db.execute("PRAGMA synchronous=NORMAL")
        self._db.executescript(_SCHEMA)
        self._load()
        self._lock = threading.Lock()
        self._thread = threading.Thread(target=self._run, name="journal", daemon=True)
        self._thread.start()

    def flush(self) -> None:
        """Write what changed since the last time."""
        state = self._state
        with self._lock:
            with state.lock:
                changed = [state.messages[sid] for sid in state.dirty if sid in state.messages]
                rows = [(m.sid, m.created.isoformat(), json.dumps(m.to_json())) for m in changed]
                empty = not state.messages
                state.dirty.clear()
                facts = _facts(state) if state.facts_dirty else None
                state.facts_dirty = False
            with self._db:
                if empty and facts is not None:
                    self._db.execute("DELETE FROM messages")
                self._db.executemany("INSERT OR REPLACE INTO messages VALUES (?, ?, ?)", rows)
                if facts is not None:
                    fact = ("facts", json.dumps(facts))
                    self._db.execute("INSERT OR REPLACE INTO facts VALUES (?, ?)", fact)

    def close(self) -> None:
        self._thread.join(2)
        self.flush()
        self._db.close()

    def _run(self) -> None:
        while not self._state.closing.wait(FLUSH_SECONDS):
            if self._state.dirty or self._state.facts_dirty:
                self.flush()

    def _load(self) -> None:
        state = self._state
        for (data,) in self._db.execute("SELECT data FROM messages ORDER BY at"):
            message = Message.from_json(json.loads(data))
            state.messages[message.sid] = message
            state.threads.setdefault(message.address, []).append(message)
        for (data,) in self._db.execute("SELECT data FROM facts WHERE name = 'facts'"):
            _restore(state, json.loads(data))


def _facts(state: State) -> dict[str, Any]:
    return {
        "people": [person.to_json() for person in state.people],
        "contents": [content.to_json() for content in state.contents.values()],
        "last_inbound": [[*key, at.isoformat()] for key, at in state.last_inbound.items()],
        "switches": state.switches.to_json(),
        "offset": state.offset.total_seconds(),
    }


def _restore(state: State, facts: dict[str, Any]) -> None:
    state.people = [Person(**person) for person in facts["people"]]
    for plain in facts["contents"]:
        content = Content.from_json(plain)
        state.contents[content.sid] = content
    for address, ours, at in facts["last_inbound"]:
        state.last_inbound[address, ours] = datetime.fromisoformat(at)
    state.switches.update(facts["switches"])
    state.set_offset(facts["offset"])
