"""Speaks with the dialogue servers over HTTP. Imports no Rasa.

A Rasa process is one event loop on one core: more than about two requests in flight only make each
other wait. So each server gets at most two of ours at a time, and servers take turns.
"""

from __future__ import annotations

import ssl
import threading
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any

import httpx

IN_FLIGHT = 2
COOLING = 2.0  # seconds that a server which could not be reached is tried last
LOADING = 120.0  # seconds to load a model


@cache
def _trusted() -> ssl.SSLContext:
    """The authorities of httpx, read once: for each client it would read them anew."""
    return httpx.create_ssl_context()


class RasaUnavailable(Exception):
    """No dialogue server could carry this out. Root of the tree below; one sentence each."""


class RasaUnreachable(RasaUnavailable):
    """No connection, or it broke: the turn has probably had no effect."""


class RasaTimeout(RasaUnavailable):
    """No answer in time: the turn may or may not have had its effect."""


class RasaBusy(RasaTimeout):
    """Every server had its hands full for the whole time: the turn was not sent."""


class RasaFailed(RasaUnavailable):
    """The server answered with an error, or with something that is no answer."""


@dataclass(frozen=True)
class Parse:
    """What a text was taken for.

    Attributes:
        intent: name of the intent.
        confidence: 0 to 1.
        cards: pairs (card id, confidence), best first.
        raw: Rasa's whole answer.
    """

    intent: str
    confidence: float
    cards: list[tuple[str, float]]
    raw: dict[str, Any] = field(repr=False)


class _Server:
    def __init__(self, url: str) -> None:
        self.url = url
        self.busy = 0
        self.failed_at = float("-inf")


class RasaClient:
    """Thread-safe client of one or several equal dialogue servers."""

    def __init__(self, urls: Sequence[str], timeout: float = 8.0, token: str | None = None) -> None:
        """Args:
        urls: addresses, used in turn.
        timeout: seconds for one call, the wait for a free server included.
        token: what the servers were started with as ``--auth-token``.

        Raises:
            ValueError: there is no address.
        """
        if not urls:
            raise ValueError("There is no address of a dialogue server.")
        self._servers = [_Server(url.rstrip("/")) for url in urls]
        self._timeout = timeout
        self._params = {"token": token} if token else {}
        self._http = httpx.Client(timeout=timeout, trust_env=False, verify=_trusted())
        self._free = threading.Condition()
        self._turns = 0

    def close(self) -> None:
        """Close all connections."""
        self._http.close()

    def turn(self, sender: str, text: str, metadata: Mapping[str, Any]) -> list[dict[str, Any]]:
        """Carry out one turn of a conversation.

        A leading slash would be read as a command to Rasa and is taken off.

        Returns:
            What Rasa itself says: dicts with ``text`` or ``custom``. An empty list also comes when
            the custom action or the tracker store failed: Rasa logs that and answers 200 all the
            same, so whoever has to know looks whether the action arrived.

        Raises:
            RasaUnavailable: see its subclasses.
        """
        said = self._call(
            "POST",
            "/webhooks/rest/webhook",
            {"sender": sender, "message": harmless(text), "metadata": dict(metadata)},
        )
        if not isinstance(said, list) or not all(isinstance(one, dict) for one in said):
            raise RasaFailed("The dialogue server's answer to a turn is not a list.")
        return said

    def parse(self, text: str) -> Parse:
        """Judge a text without a turn. There is no conversation, so no follow-up is recognised.

        Raises:
            RasaUnavailable: see its subclasses.
        """
        raw = self._call("POST", "/model/parse", {"text": harmless(text)})
        try:
            return Parse(
                intent=str(raw["intent"]["name"]),
                confidence=float(raw["intent"]["confidence"]),
                cards=[(row["card"], row["confidence"]) for row in raw.get("card_ranking", [])],
                raw=raw,
            )
        except (KeyError, TypeError, ValueError) as error:
            raise RasaFailed("The dialogue server's answer is no parse result.") from error

    def ready(self) -> bool:
        """Tell whether every server has a model loaded."""
        return all(self._is_ready(server) for server in self._servers)

    def load_model(self, path: Path) -> None:
        """Have every server load the model at `path`, which it must be able to read.

        One after the other, so that the others answer meanwhile.

        Raises:
            RasaUnavailable: one of them could not; it goes on with the model that it has, and the
                others have the new one.
        """
        failed: RasaUnavailable | None = None
        for server in self._servers:
            try:
                self._send(server, "PUT", "/model", {"model_file": str(path)}, LOADING)
            except RasaUnavailable as error:
                failed = error
        if failed is not None:
            raise failed

    def _is_ready(self, server: _Server) -> bool:
        try:
            self._send(server, "GET", "/status", None, min(self._timeout, 3.0))
        except RasaUnavailable:
            return False
        return True

    def _call(self, method: str, path: str, body: dict[str, Any]) -> Any:
        deadline = time.monotonic() + self._timeout
        tried: set[str] = set()
        while True:
            with self._taken(deadline, tried) as server:
                left = max(deadline - time.monotonic(), 0.05)
                try:
                    return self._send(server, method, path, body, left)
                except RasaTimeout:
                    raise
                except RasaUnavailable:
                    server.failed_at = time.monotonic()
                    tried.add(server.url)
                    if len(tried) == len(self._servers) or time.monotonic() >= deadline:
                        raise

    @contextmanager
    def _taken(self, deadline: float, tried: set[str]) -> Iterator[_Server]:
        with self._free:
            while not (
                free := [s for s in self._servers if s.busy < IN_FLIGHT and s.url not in tried]
            ):
                if not self._free.wait(deadline - time.monotonic()):
                    raise RasaBusy("Every dialogue server is busy.")
            self._turns += 1
            now = time.monotonic()
            server = min(
                free,
                key=lambda s: (
                    now - s.failed_at < COOLING,
                    s.busy,
                    (self._servers.index(s) - self._turns) % len(self._servers),
                ),
            )
            server.busy += 1
        try:
            yield server
        finally:
            with self._free:
                server.busy -= 1
                self._free.notify()

    def _send(
        self, server: _Server, method: str, path: str, body: dict[str, Any] | None, timeout: float
    ) -> Any:
        address = f"{server.url}{path}"
        try:
            answer = self._http.request(
                method, address, params=self._params, json=body, timeout=timeout
            )
        except httpx.TimeoutException as error:
            raise RasaTimeout(
                f"The dialogue server at {server.url} did not answer in time."
            ) from error
        except httpx.HTTPError as error:
            raise RasaUnreachable(
                f"The dialogue server at {server.url} cannot be reached."
            ) from error
        if answer.status_code >= 400:
            raise RasaFailed(f"The dialogue server at {server.url} answered {answer.status_code}.")
        if not answer.content:
            return None
        try:
            return answer.json()
        except ValueError as error:
            raise RasaFailed(f"The dialogue server at {server.url} did not answer JSON.") from error


def harmless(text: str) -> str:
    """Return a person's text such that Rasa does not take it for a command."""
    return text.strip().lstrip("/").strip() or "?"
