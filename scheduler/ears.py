"""Hearing that a dialogue's action has committed, while its turn still goes on.

Rasa calls our action, gets its answer and then saves the conversation; the reply is in the outbox
before that. The action notifies, and the worker sends at once instead of waiting for the rest of
the turn. A notification that is missed costs those milliseconds and nothing else.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress

import psycopg
import structlog

from bot.outbox import SAID_CHANNEL

log = structlog.get_logger(__name__)


class Ears:
    """One listening connection per worker process, in a thread of its own."""

    def __init__(self, conninfo: str) -> None:
        self._conninfo = conninfo
        self._waiting: dict[str, threading.Event] = {}
        self._lock = threading.Lock()
        self._closed = False
        self._thread = threading.Thread(target=self._listen, name="ears", daemon=True)
        self._thread.start()

    @contextmanager
    def expecting(self, inbound_id: int) -> Iterator[threading.Event]:
        """An event that is set when something has been said because of a message."""
        event = threading.Event()
        with self._lock:
            self._waiting[str(inbound_id)] = event
        try:
            yield event
        finally:
            with self._lock:
                self._waiting.pop(str(inbound_id), None)

    def wake(self, inbound_id: int) -> None:
        """Set the event from this process: the turn is over, whatever was said."""
        self._heard(str(inbound_id))

    def close(self) -> None:
        """Stop listening."""
        self._closed = True
        with suppress(psycopg.Error), psycopg.connect(self._conninfo, autocommit=True) as waker:
            waker.execute(f"NOTIFY {SAID_CHANNEL}".encode())
        self._thread.join(2)

    def _heard(self, payload: str) -> None:
        with self._lock:
            event = self._waiting.get(payload)
        if event is not None:
            event.set()

    def _listen(self) -> None:
        while not self._closed:
            try:
                with psycopg.connect(self._conninfo, autocommit=True) as connection:
                    connection.execute(f"LISTEN {SAID_CHANNEL}".encode())
                    while not self._closed:
                        for notification in connection.notifies(timeout=5, stop_after=1):
                            self._heard(notification.payload)
            except psycopg.Error as error:
                if not self._closed:
                    log.warning("ears lost the database", error=type(error).__name__)
                    time.sleep(1)
