"""HTTP with little cost for the closed loops of ``reply``, and the ears at the emulator."""

from __future__ import annotations

import asyncio
import contextlib
import json
from collections import defaultdict
from dataclasses import dataclass
from datetime import datetime
from types import TracebackType
from typing import Any, Self
from urllib.parse import urlsplit

from benchmarks.posts import Posts


class Wire:
    """One keep-alive connection; requests are bytes made beforehand."""

    def __init__(self, url: str) -> None:
        parts = urlsplit(url)
        self._host, self._port = parts.hostname or "127.0.0.1", parts.port or 80
        self._streams: tuple[asyncio.StreamReader, asyncio.StreamWriter] | None = None

    async def exchange(self, request: bytes) -> tuple[int, bytes]:
        """Send a request and take its answer: status and body.

        A connection that cannot be made is tried once more, as Twilio does; nothing else is.

        Raises:
            OSError: nobody listens, or the connection broke.
        """
        if self._streams is None:
            try:
                self._streams = await asyncio.open_connection(self._host, self._port)
            except OSError:
                self._streams = await asyncio.open_connection(self._host, self._port)
        reader, writer = self._streams
        try:
            writer.write(request)
            return await self._answer(reader)
        except (asyncio.IncompleteReadError, OSError) as error:
            self.close()
            raise ConnectionError("the connection broke") from error

    async def _answer(self, reader: asyncio.StreamReader) -> tuple[int, bytes]:
        head = await reader.readuntil(b"\r\n\r\n")
        status = int(head[9:12])
        names = dict(line.lower().split(b":", 1) for line in head.split(b"\r\n")[1:] if line)
        body = b""
        if b"content-length" in names:
            body = await reader.readexactly(int(names[b"content-length"]))
        elif b"transfer-encoding" in names:
            while size := int(await reader.readline(), 16):
                body += (await reader.readexactly(size + 2))[:-2]
            await reader.readline()
        if b"close" in names.get(b"connection", b""):
            self.close()
        return status, body

    def close(self) -> None:
        """Forget the connection; the next request makes a new one."""
        if self._streams is not None:
            self._streams[1].close()
            self._streams = None


@dataclass(frozen=True)
class Heard:
    """What reached the emulator for a phone; ``at`` in seconds of the machine's clock."""

    at: float
    body: str


class Ears:
    """Listens to the emulator's events: every reply with the moment its API call was accepted.

    An asynchronous context manager.
    """

    def __init__(self, simulator: str) -> None:
        self._wire = Wire(simulator)
        self._host = urlsplit(simulator).netloc
        self.heard: dict[str, list[Heard]] = defaultdict(list)
        self.last_at = 0.0
        self._more = asyncio.Condition()

    async def __aenter__(self) -> Self:
        cursor = (await self._events(2**53, 0))[1]
        self._task = asyncio.create_task(self._listen(cursor))
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._task.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await self._task
        self._wire.close()

    async def first(self, phone: str, after: int, timeout: float) -> Heard | None:
        """The first reply to a phone beyond the ``after`` it has had; ``None`` after seconds."""
        try:
            async with asyncio.timeout(timeout), self._more:
                await self._more.wait_for(lambda: len(self.heard[phone]) > after)
        except TimeoutError:
            return None
        return self.heard[phone][after]

    async def _listen(self, cursor: int) -> None:
        while True:
            events, cursor = await self._events(cursor, 10)
            async with self._more:
                for event in events:
                    if event["kind"] == "outbound":
                        message = event["message"]
                        at = datetime.fromisoformat(event["at"]).timestamp()
                        self.heard[message["address"]].append(Heard(at, message["body"]))
                        self.last_at = at
                self._more.notify_all()

    async def _events(self, after: int, wait: int) -> tuple[list[dict[str, Any]], int]:
        path = f"/simulator/api/events?after={after}&wait={wait}"
        request = f"GET {path} HTTP/1.1\r\nHost: {self._host}\r\n\r\n"
        answer = json.loads((await self._wire.exchange(request.encode()))[1])
        return answer["events"], answer["cursor"]


async def post(wire: Wire, posts: Posts, phone: str, body: str, sid: str) -> bool:
    """Post one webhook; whether it was acknowledged."""
    try:
        status, _ = await wire.exchange(posts.message(phone, body, sid))
    except OSError:
        return False
    return 200 <= status < 300
