"""For tests: a product that only listens, and Twilio's real client pointed at the simulator."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from flask import Flask, request
from flask.typing import ResponseReturnValue
from twilio.http.http_client import TwilioHttpClient
from twilio.request_validator import RequestValidator
from twilio.rest import Client
from werkzeug.serving import BaseWSGIServer, WSGIRequestHandler, make_server

from simulator.server import Handle


class _Quiet(WSGIRequestHandler):
    def log_request(self, code: int | str = "-", size: int | str = "-") -> None:
        """Say nothing."""


@dataclass(frozen=True, slots=True)
class Call:
    """One webhook that arrived. `genuine`: its signature fits the public address."""

    path: str
    form: dict[str, str]
    genuine: bool
    token: str


@dataclass(slots=True)
class Receiver:
    """Answers `status` after `delay` seconds to every webhook and remembers it."""

    public_url: str
    auth_token: str
    status: int = 204
    delay: float = 0.0
    calls: list[Call] = field(default_factory=list)
    _server: BaseWSGIServer | None = None

    @property
    def url(self) -> str:
        assert self._server is not None
        return f"http://127.0.0.1:{self._server.server_port}"

    def start(self) -> Receiver:
        app = Flask("receiver")
        maker: Any = RequestValidator
        validator = maker(self.auth_token)

        @app.post("/<path:path>")
        def take(path: str) -> ResponseReturnValue:
            form = request.form.to_dict()
            query = f"?{request.query_string.decode()}" if request.query_string else ""
            address = f"{self.public_url}/{path}{query}"
            signature = request.headers.get("X-Twilio-Signature", "")
            token = request.headers.get("I-Twilio-Idempotency-Token", "")
            genuine = bool(validator.validate(address, request.form, signature))
            self.calls.append(Call(f"/{path}", form, genuine, token))
            time.sleep(self.delay)
            return "", self.status

        self._server = make_server("127.0.0.1", 0, app, threaded=True, request_handler=_Quiet)
        threading.Thread(target=self._server.serve_forever, args=(0.05,), daemon=True).start()
        return self

    def close(self) -> None:
        if self._server:
            self._server.shutdown()
            self._server.server_close()

    def at(self, path: str) -> list[dict[str, str]]:
        return [call.form for call in self.calls if call.path == path]


class _Redirected:
    """Twilio's HTTP client, sending what is meant for Twilio to the simulator."""

    def __init__(self, base: str, timeout: float) -> None:
        maker: Any = TwilioHttpClient
        self._inner = maker(timeout=timeout)
        self._base = base

    def request(self, method: str, url: str, *args: Any, **more: Any) -> Any:
        path = url.partition("//")[2].partition("/")[2]
        return self._inner.request(method, f"{self._base}/{path}", *args, **more)


def client(simulator: Handle, auth_token: str | None = None, timeout: float = 5.0) -> Client:
    """Twilio's own client, with the right credentials unless others are given."""
    account = simulator.account
    http = _Redirected(simulator.url, timeout)
    maker: Any = Client
    made: Client = maker(account.sid, auth_token or account.auth_token, http_client=http)
    return made


def eventually(check: Callable[[], Any], seconds: float = 5.0) -> Any:
    """Wait until `check` is true and return what it returned. AssertionError after `seconds`."""
    end = time.monotonic() + seconds
    while not (result := check()):
        assert time.monotonic() < end, "It did not happen in time."
        time.sleep(0.01)
    return result
