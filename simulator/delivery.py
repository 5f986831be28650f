"""What becomes of an accepted message: sent, delivered, read or failed, and the callbacks."""

from __future__ import annotations

import heapq
import itertools
import logging
import threading
import time
from collections.abc import Callable
from urllib.parse import urlsplit

from simulator.errors import words
from simulator.model import FINAL, Message
from simulator.state import State
from simulator.webhook import Lanes, Poster

log = logging.getLogger(__name__)

# WhatsApp's refusals end as `failed`, a carrier's as `undelivered`.
_FAILED = range(63000, 64000)


class Timers:
    """Runs short functions after a delay in seconds, all on one thread."""

    def __init__(self) -> None:
        self._heap: list[tuple[float, int, Callable[[], None]]] = []
        self._wake = threading.Condition()
        self._count = itertools.count()
        self._stop = False
        self._thread = threading.Thread(target=self._run, name="timers", daemon=True)
        self._thread.start()

    def after(self, seconds: float, work: Callable[[], None]) -> None:
        with self._wake:
            heapq.heappush(self._heap, (time.monotonic() + seconds, next(self._count), work))
            self._wake.notify()

    @property
    def pending(self) -> int:
        with self._wake:
            return len(self._heap)

    def close(self) -> None:
        with self._wake:
            self._stop = True
            self._wake.notify()

    def _run(self) -> None:
        while True:
            with self._wake:
                while not self._stop and (not self._heap or self._heap[0][0] > time.monotonic()):
                    self._wake.wait(self._heap[0][0] - time.monotonic() if self._heap else None)
                if self._stop:
                    return
                work = heapq.heappop(self._heap)[2]
            try:
                work()
            except Exception:
                log.exception("a step of a delivery failed")


class Delivery:
    """Moves outbound messages on and tells the product about it."""

    def __init__(self, state: State, poster: Poster) -> None:
        self._state = state
        self._poster = poster
        self.timers = Timers()
        self.lanes = Lanes(8, "callbacks")
        self._held: dict[str, list[str]] = {}

    def start(self, message: Message) -> None:
        """Take an accepted message on, from whatever status it has."""
        self._later(message, self._send)

    def network_changed(self) -> None:
        """Phones may have come back: deliver what waits for them."""
        with self._state.lock:
            waiting = [
                message
                for message in self._state.messages.values()
                if not message.inbound
                and message.status == "sent"
                and message.note
                and not self._state.switches.down(message.address)
            ]
            for message in waiting:
                message.note = None
        for message in waiting:
            self._later(message, self._deliver)

    def _later(self, message: Message, step: Callable[[Message], None], times: float = 1) -> None:
        delay = self._state.switches.delay_ms / 1000 * times
        jitter = 0.75 + self._state.random.random() / 2
        self.timers.after(delay * jitter, lambda: step(message))

    def _gone(self, message: Message) -> bool:
        return self._state.messages.get(message.sid) is not message

    def _send(self, message: Message) -> None:
        if self._gone(message):
            return
        code = message.doomed or self._state.switches.delivery_error.get(message.address)
        if code in _FAILED:
            self._move(message, "failed", code)
            return
        self._move(message, "sent")
        self._later(message, self._deliver)

    def _deliver(self, message: Message) -> None:
        state = self._state
        with state.lock:
            if self._gone(message) or message.status in FINAL:
                return
            code = message.doomed or state.switches.delivery_error.get(message.address)
            if code is None and state.switches.down(message.address):
                state.move(message, "sent", note="The phone has no network.")
                return
        if code is not None:
            self._move(message, "failed" if code in _FAILED else "undelivered", code)
            return
        self._move(message, "delivered")
        if message.whatsapp and state.switches.read_receipts:
            self._later(message, self._read, times=4)

    def _read(self, message: Message) -> None:
        if not self._gone(message) and message.status == "delivered":
            self._move(message, "read")

    def _move(self, message: Message, status: str, code: int | None = None) -> None:
        self._state.move(message, status, code, words(code) if code else None)
        self._callback(message, status)

    def _callback(self, message: Message, status: str) -> None:
        if not message.status_callback:
            return
        switches = self._state.switches
        mode = switches.callbacks
        if mode == "none":
            return
        if mode == "out_of_order":
            self._hold(message, status)
            return
        delay = switches.late_ms / 1000 if mode == "late" else 0.0
        for _ in range(2 if mode == "twice" else 1):
            self._post(message, status, delay)

    def _hold(self, message: Message, status: str) -> None:
        """Keep the callbacks back until the last one, then post them newest first."""
        held = self._held.setdefault(message.sid, [])
        held.append(status)
        more = message.whatsapp and self._state.switches.read_receipts and status == "delivered"
        if status in FINAL and not more:
            for each in reversed(self._held.pop(message.sid)):
                self._post(message, each, 0.0)

    def _post(self, message: Message, status: str, delay: float) -> None:
        form = callback_form(message, status, self._state.account.sid)
        url = message.status_callback or ""

        def work() -> None:
            outcome = self._poster.post(url, form)
            with self._state.lock:
                self._state.counts["callbacks_ok" if outcome.ok else "callbacks_failed"] += 1
            if not outcome.ok:
                self._state.event(
                    "webhook", of="callback", sid=message.sid, status=status, note=outcome.words
                )

        if delay:
            self.timers.after(delay, lambda: self.lanes.submit(message.sid, work))
        else:
            self.lanes.submit(message.sid, work)

    def close(self) -> None:
        self.timers.close()
        self.lanes.close()


def callback_form(message: Message, status: str, account_sid: str) -> dict[str, str]:
    """The form of a status callback (Twilio, "Track the message status of outbound messages")."""
    form = {
        "AccountSid": account_sid,
        "ApiVersion": "2010-04-01",
        "MessageSid": message.sid,
        "MessageStatus": status,
        "SmsSid": message.sid,
        "SmsStatus": status,
        "To": message.address,
        "From": message.ours,
    }
    if message.service_sid:
        form["MessagingServiceSid"] = message.service_sid
    if message.error_code and status in ("failed", "undelivered"):
        form["ErrorCode"] = str(message.error_code)
        form["ErrorMessage"] = words(message.error_code)
    if message.whatsapp:
        form["ChannelPrefix"] = "whatsapp"
        form["ChannelToAddress"] = message.address.removeprefix("whatsapp:")
        if status in ("delivered", "read"):
            form["EventType"] = status.upper()
    elif status in FINAL:
        form["RawDlrDoneDate"] = message.updated.strftime("%y%m%d%H%M")
    return form


def is_ours(url: str) -> bool:
    """Whether Twilio would accept this as an address to call back."""
    parts = urlsplit(url)
    return parts.scheme in ("http", "https") and bool(parts.netloc)
