"""The whole memory of the simulated network, behind one lock."""

from __future__ import annotations

import random
import struct
import threading
import time
from collections import Counter, deque
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from simulator.model import Content, Message, Person
from simulator.switches import Switches

WINDOW = timedelta(hours=24)
EVENTS_KEPT = 20_000


@dataclass(frozen=True, slots=True)
class Account:
    """Who the product is to the network. `public_url` is what signatures are made for."""

    sid: str
    auth_token: str
    sms_from: str
    whatsapp_from: str
    app_url: str
    public_url: str
    service_sid: str | None = None
    message_path: str = "/webhooks/twilio/message"

    def ours(self, address: str) -> str:
        """Our number on the channel of a person's address."""
        return self.whatsapp_from if address.startswith("whatsapp:") else self.sms_from


class State:
    """Thread-safe: every method takes the lock; `changed` wakes those who wait for events."""

    def __init__(
        self, account: Account, seed: int | None = None, clock: Path | None = None
    ) -> None:
        self.account = account
        # Shared with whoever follows the network's time: the offset in seconds, a double.
        self.clock = clock
        self.random = random.Random(seed)  # noqa: S311 - delays, not secrets
        self.lock = threading.RLock()
        self.changed = threading.Condition(self.lock)
        self.closing = threading.Event()
        self.switches = Switches()
        self.offset = timedelta()
        self.messages: dict[str, Message] = {}
        self.threads: dict[str, list[Message]] = {}
        self.contents: dict[str, Content] = {}
        self.people: list[Person] = []
        self.last_inbound: dict[tuple[str, str], datetime] = {}
        self.counts: Counter[str] = Counter()
        self.events: deque[dict[str, Any]] = deque(maxlen=EVENTS_KEPT)
        # Cursors of an earlier run must not look like the future of this one.
        self.cursor = int(time.time() * 1000)
        self.dirty: set[str] = set()
        self.facts_dirty = False

    def now(self) -> datetime:
        """The network's idea of now: aware UTC, real time plus the offset."""
        return datetime.now(UTC) + self.offset

    def event(self, kind: str, **details: Any) -> None:
        with self.changed:
            self.cursor += 1
            entry = {"n": self.cursor, "kind": kind, "at": self.now().isoformat(), **details}
            self.events.append(entry)
            if kind not in ("inbound", "outbound", "status", "webhook"):
                self.facts_dirty = True
            self.changed.notify_all()

    def events_after(self, after: int, wait: float = 0.0) -> tuple[list[dict[str, Any]], int]:
        """Events with a number above `after`, and the newest number.

        Waits up to `wait` seconds for the first one. The kept past is limited: a reader
        that fell behind starts from the oldest event there is.
        """
        with self.changed:
            if self.cursor <= after and wait > 0:
                self.changed.wait_for(lambda: self.cursor > after or self.closing.is_set(), wait)
            fresh: list[dict[str, Any]] = []
            for entry in reversed(self.events):
                if entry["n"] <= after:
                    break
                fresh.append(entry)
            return fresh[::-1], self.cursor

    def add(self, message: Message) -> None:
        with self.lock:
            self.messages[message.sid] = message
            self.threads.setdefault(message.address, []).append(message)
            self.counts["inbound" if message.inbound else "outbound"] += 1
            self.dirty.add(message.sid)
            self.event("inbound" if message.inbound else "outbound", message=message.view())

    def move(
        self, message: Message, status: str, error_code: int | None = None, note: str | None = None
    ) -> None:
        """Give a message a new status and tell it to those who watch."""
        with self.lock:
            message.status = status
            message.updated = self.now()
            message.error_code = error_code
            message.note = note
            if status == "sent" and not message.inbound:
                message.sent = message.updated
            self.counts[f"status_{status}"] += 1
            self.dirty.add(message.sid)
            self.event(
                "status",
                sid=message.sid,
                address=message.address,
                status=status,
                error_code=error_code,
                note=note,
            )

    def heard_from(self, message: Message) -> None:
        """An inbound message has reached the network: it opens the 24-hour window again."""
        with self.lock:
            self.last_inbound[message.address, message.ours] = self.now()
            if message.address in self.switches.window_closed:
                self.switches.window_closed.discard(message.address)
                self.event("switches", switches=self.switches.to_json())
            self.facts_dirty = True

    def window_until(self, address: str) -> datetime | None:
        """When the WhatsApp window of this address closes; None if it is closed now."""
        with self.lock:
            closed = self.switches.window_closed
            last = self.last_inbound.get((address, self.account.ours(address)))
            if last is None or address in closed or "*" in closed:
                return None
            until = last + WINDOW
            return until if until > self.now() else None

    def opted_out(self, address: str) -> bool:
        with self.lock:
            return address in self.switches.opted_out or "*" in self.switches.opted_out

    def set_opted_out(self, address: str, out: bool) -> None:
        with self.lock:
            self.switches.update({"opted_out": {address: out}})
            self.event("switches", switches=self.switches.to_json())

    def set_people(self, people: Iterable[Person]) -> None:
        with self.lock:
            self.people = list(people)
            self.event("phonebook", people=[person.to_json() for person in self.people])

    def person_of(self, address: str) -> Person | None:
        with self.lock:
            return next((p for p in self.people if address in (p.sms, p.whatsapp)), None)

    def set_offset(self, seconds: float) -> None:
        with self.lock:
            self.offset = timedelta(seconds=seconds)
            self._share_offset()
            self.event("clock", offset_seconds=seconds)

    def _share_offset(self) -> None:
        if self.clock is None:
            return
        # In place, because others have the file in their memory.
        with self.clock.open("r+b" if self.clock.exists() else "wb") as file:
            file.write(struct.pack("<d", self.offset.total_seconds()))

    def forget(self) -> None:
        """Empty chats, windows, opt-outs and counts; the phone book and templates stay."""
        with self.lock:
            self.messages.clear()
            self.threads.clear()
            self.last_inbound.clear()
            self.counts.clear()
            self.dirty.clear()
            self.switches = Switches()
            self.offset = timedelta()
            self._share_offset()
            self.event("reset")

    def close(self) -> None:
        self.closing.set()
        with self.changed:
            self.changed.notify_all()
