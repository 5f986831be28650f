"""Signed requests to the product, sent the way Twilio sends them.

Twilio's documentation ("Webhooks: connection overrides", "Security"): 5 s to connect, 15 s in
all; one retry, of connect failures only, unless `#rc=` and `rp=` on the address say otherwise;
the fragment is not part of what is signed; retries repeat the `I-Twilio-Idempotency-Token`.
"""

from __future__ import annotations

import http.client
import logging
import queue
import socket
import threading
import uuid
from collections import deque
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import parse_qs, urlencode, urlsplit

from twilio.request_validator import RequestValidator

from simulator.state import State

log = logging.getLogger(__name__)

CONNECT_SECONDS = 5.0
TOTAL_SECONDS = 15.0


@dataclass(frozen=True, slots=True)
class Outcome:
    """`status` of the product's answer, or None with the reason in `problem`."""

    status: int | None
    problem: str | None = None

    @property
    def ok(self) -> bool:
        return self.status is not None and 200 <= self.status < 300

    @property
    def words(self) -> str:
        return self.problem or f"The product answered {self.status}."


class CannotConnect(Exception):
    """Nobody listens there; the request was not sent."""


class Lanes:
    """Work in order per key, in parallel across keys, on a fixed number of threads."""

    def __init__(self, threads: int, name: str) -> None:
        self._ready: queue.SimpleQueue[str | None] = queue.SimpleQueue()
        self._waiting: dict[str, deque[Callable[[], None]]] = {}
        self._lock = threading.Lock()
        self._threads = [
            threading.Thread(target=self._run, name=f"{name}-{n}", daemon=True)
            for n in range(threads)
        ]
        for thread in self._threads:
            thread.start()

    def submit(self, key: str, work: Callable[[], None]) -> None:
        with self._lock:
            lane = self._waiting.get(key)
            if lane is not None:
                lane.append(work)
                return
            self._waiting[key] = deque([work])
        self._ready.put(key)

    @property
    def pending(self) -> int:
        with self._lock:
            return sum(len(lane) for lane in self._waiting.values())

    def close(self) -> None:
        for _ in self._threads:
            self._ready.put(None)

    def _run(self) -> None:
        while (key := self._ready.get()) is not None:
            with self._lock:
                work = self._waiting[key][0]
            try:
                work()
            except Exception:
                # One bad piece of work must not silence every later one.
                log.exception("work of a lane failed")
            finally:
                with self._lock:
                    lane = self._waiting[key]
                    lane.popleft()
                    if lane:
                        self._ready.put(key)
                    else:
                        del self._waiting[key]


class Poster:
    """Posts forms to the product: signed for the public address, sent to the local one."""

    def __init__(self, state: State) -> None:
        self._state = state
        self._local = threading.local()
        maker: Any = RequestValidator
        self._validator = maker(state.account.auth_token)
        target = urlsplit(state.account.app_url)
        self._tls = target.scheme == "https"
        self._host = target.hostname or "127.0.0.1"
        self._port = target.port or (443 if self._tls else 80)

    def post(self, url: str, form: Mapping[str, str]) -> Outcome:
        """Post `form` to `url` with Twilio's headers and retries. Blocks; raises nothing."""
        clean, _, fragment = url.partition("#")
        overrides = {name: values[-1] for name, values in parse_qs(fragment).items()}
        tries = 1 + int(overrides["rc"]) if overrides.get("rc", "").isdigit() else 2
        policy = set(overrides.get("rp", "ct").split(","))
        headers = {
            "Content-Type": "application/x-www-form-urlencoded; charset=UTF-8",
            "User-Agent": "TwilioProxy/1.1",
            "Accept": "*/*",
            "X-Twilio-Signature": self._validator.compute_signature(clean, dict(form)),
            "I-Twilio-Idempotency-Token": str(uuid.uuid4()),
        }
        body = urlencode(form, errors="surrogatepass").encode()
        outcome = Outcome(None, "Nothing was tried.")
        for _ in range(min(tries, 6)):
            if self._state.closing.is_set():
                return Outcome(None, "The simulator was stopped.")
            outcome, why = self._once(clean, body, headers)
            if why is None or not (policy & {why, "all"}):
                break
        return outcome

    def _once(self, url: str, body: bytes, headers: dict[str, str]) -> tuple[Outcome, str | None]:
        """One attempt: what came of it, and which retry policy it falls under, if any."""
        parts = urlsplit(url)
        target = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
        headers = {**headers, "Host": parts.netloc}
        try:
            status = self._send(target, body, headers)
        except CannotConnect:
            return Outcome(None, "The product could not be reached."), "ct"
        except TimeoutError:
            return Outcome(None, "The product did not answer within 15 seconds."), "rt"
        except (OSError, http.client.HTTPException):
            return Outcome(None, "The product broke the connection off."), "rt"
        why = "5xx" if status >= 500 else "4xx" if status >= 400 else None
        return Outcome(status), why

    def _send(self, target: str, body: bytes, headers: dict[str, str]) -> int:
        kept: http.client.HTTPConnection | None = getattr(self._local, "connection", None)
        if kept is not None:
            try:
                return self._exchange(kept, target, body, headers)
            except (http.client.RemoteDisconnected, ConnectionResetError, BrokenPipeError):
                pass  # an idle connection was closed by the other side: a new one, not a retry
        maker = http.client.HTTPSConnection if self._tls else http.client.HTTPConnection
        connection = maker(self._host, self._port, timeout=CONNECT_SECONDS)
        try:
            connection.connect()
        except OSError as problem:
            raise CannotConnect from problem
        connection.sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        connection.sock.settimeout(TOTAL_SECONDS)
        self._local.connection = connection
        return self._exchange(connection, target, body, headers)

    def _exchange(
        self,
        connection: http.client.HTTPConnection,
        target: str,
        body: bytes,
        headers: dict[str, str],
    ) -> int:
        finished = False
        try:
            connection.request("POST", target, body=body, headers=headers)
            response = connection.getresponse()
            response.read()
            finished = not response.will_close
            return response.status
        finally:
            if not finished:
                connection.close()
                self._local.connection = None
