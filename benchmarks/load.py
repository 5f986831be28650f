"""The load generator of ``ingest``: a process of its own, ``python -m benchmarks.load``.

Reads a plan (JSON) on standard input and writes what it measured (JSON) on standard output. One
thread, plain sockets and epoll, requests made and signed beforehand: it must cost little, because
it shares the machine with what it measures. Each sender waits for the answer before it sends again
(closed loop) and keeps its connection.
"""

from __future__ import annotations

import json
import re
import select
import socket
import sys
import time
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

from benchmarks.figures import milliseconds, percentile
from benchmarks.posts import Account, Posts, new_sid

_LENGTH = re.compile(rb"(?i)\r\ncontent-length: *(\d+)")
GIVE_UP = 20.0
"""Seconds without any answer after which the point ends."""


@dataclass
class Sender:
    """One closed loop with its connection."""

    requests: list[bytes]
    sock: socket.socket
    buffer: bytes = b""
    sent_at: float = 0.0
    next: int = 0

    def post(self) -> bool:
        """Send the next request; ``False`` when there is none left."""
        if self.next >= len(self.requests):
            return False
        self.sent_at = time.perf_counter()
        self.sock.sendall(self.requests[self.next])
        self.next += 1
        return True


def complete(data: bytes) -> bool:
    """Whether ``data`` holds a whole HTTP response."""
    head = data.find(b"\r\n\r\n")
    if head < 0:
        return False
    found = _LENGTH.search(data, 0, head + 2)
    if found:
        return len(data) >= head + 4 + int(found[1])
    if data[9:12] in (b"204", b"304"):
        return True
    return data.endswith(b"0\r\n\r\n")  # chunked; nothing else keeps the connection


def connect(url: str) -> socket.socket:
    """A connection that sends at once and gives up in the end."""
    parts = urlsplit(url)
    sock = socket.create_connection((parts.hostname or "127.0.0.1", parts.port or 80), timeout=5)
    sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    sock.settimeout(GIVE_UP)
    return sock


class Load:
    """All senders of one point. ``latencies`` in seconds, warming up left out."""

    def __init__(self, url: str, warmup: float, seconds: float) -> None:
        self.latencies: list[float] = []
        self.refused = 0
        self.broken = 0
        self.warm_at = time.perf_counter() + warmup
        self.end_at = self.warm_at + seconds
        self.finished_at = self.warm_at
        self.cpu = 0.0
        self._url = url
        self._poll = select.epoll()
        self._by_descriptor: dict[int, Sender] = {}

    def run(self, senders: list[Sender]) -> None:
        """Send until the time is over or nothing is left to send."""
        for sender in senders:
            self._register(sender)
            sender.post()
        cpu_from: float | None = None
        while self._by_descriptor:
            ready = self._poll.poll(GIVE_UP)
            if not ready:
                self.broken += len(self._by_descriptor)
                break
            for descriptor, _ in ready:
                self._heard(self._by_descriptor[descriptor])
            if cpu_from is None and self.finished_at > self.warm_at:
                cpu_from = time.process_time()
        self.cpu = 0.0 if cpu_from is None else time.process_time() - cpu_from

    def _register(self, sender: Sender) -> None:
        self._by_descriptor[sender.sock.fileno()] = sender
        self._poll.register(sender.sock, select.EPOLLIN)

    def _drop(self, sender: Sender) -> None:
        self._poll.unregister(sender.sock)
        del self._by_descriptor[sender.sock.fileno()]
        sender.sock.close()

    def _heard(self, sender: Sender) -> None:
        """Take what has come; after a whole response send the next request."""
        try:
            data = sender.sock.recv(65536)
        except OSError:
            data = b""
        now = time.perf_counter()
        sender.buffer += data
        if not data:
            self.broken += 1
            self._drop(sender)
            if now >= self.end_at:
                return
            sender.sock = connect(self._url)
            self._register(sender)
        elif not complete(sender.buffer):
            return
        elif now >= self.warm_at:
            self.finished_at = now
            if sender.buffer[9:10] == b"2":
                self.latencies.append(now - sender.sent_at)
            else:
                self.refused += 1
        sender.buffer = b""
        if now >= self.end_at or not sender.post():
            self._drop(sender)


def measure(plan: dict[str, Any]) -> dict[str, Any]:
    """Carry out a plan.

    Args:
        plan: ``url``, ``account`` (sid, token, number), ``phones`` (a list per sender), ``bodies``,
            ``warmup`` and ``seconds``, ``requests`` (most per sender).

    Returns:
        ``senders``, ``accepted`` (2xx), ``refused``, ``broken``, ``seconds``, ``per_second``,
        ``p50_ms``, ``p99_ms``, and ``generator_cpu``: the share of one core that this took.
    """
    posts = Posts(plan["url"], Account(**plan["account"]))
    bodies = plan["bodies"]
    requests = [
        [
            posts.message(own[n % len(own)], bodies[n % len(bodies)], new_sid())
            for n in range(plan["requests"])
        ]
        for own in plan["phones"]
    ]
    senders = [Sender(own, connect(plan["url"])) for own in requests]
    load = Load(plan["url"], plan["warmup"], plan["seconds"])
    load.run(senders)
    seconds = max(load.finished_at - load.warm_at, 1e-9)
    return {
        "senders": len(senders),
        "accepted": len(load.latencies),
        "refused": load.refused,
        "broken": load.broken,
        "seconds": round(seconds, 2),
        "per_second": round(len(load.latencies) / seconds, 1),
        "p50_ms": milliseconds(percentile(load.latencies, 0.5)),
        "p99_ms": milliseconds(percentile(load.latencies, 0.99)),
        "generator_cpu": round(load.cpu / seconds, 2),
    }


def main() -> int:
    """Measure one point."""
    json.dump(measure(json.load(sys.stdin)), sys.stdout)
    return 0


if __name__ == "__main__":
    sys.exit(main())
