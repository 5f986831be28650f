"""Puts the parts together, and runs them in a thread for tests."""

from __future__ import annotations

import threading
from dataclasses import dataclass
from pathlib import Path

from flask import Flask, Response, jsonify
from werkzeug.serving import BaseWSGIServer, WSGIRequestHandler, make_server

from simulator import content_api, control, pages, twilio_api
from simulator.delivery import Delivery
from simulator.inbound import Inbound
from simulator.journal import Journal
from simulator.model import FINAL
from simulator.outbound import Outbound
from simulator.state import Account, State
from simulator.webhook import Poster

ACCOUNT_SID = "AC" + "0" * 31 + "1"
AUTH_TOKEN = "simulated-auth-token"  # noqa: S105 - opens nothing but this simulator
SMS_FROM = "+15005550006"
WHATSAPP_FROM = "whatsapp:+15005550006"


@dataclass(slots=True)
class Network:
    """The running parts behind the Flask app."""

    app: Flask
    state: State
    inbound: Inbound
    delivery: Delivery
    journal: Journal | None

    def close(self) -> None:
        self.state.close()
        self.inbound.lanes.close()
        self.delivery.close()
        if self.journal:
            self.journal.close()


def build(
    account: Account,
    journal: Path | None = None,
    seed: int | None = None,
    clock: Path | None = None,
) -> Network:
    """The network with its threads running; messages under way in the journal are taken up.

    `clock`: a file that others read the network's time from; see `State.clock`.
    """
    state = State(account, seed, clock)
    keeper = Journal(journal, state) if journal else None
    poster = Poster(state)
    delivery = Delivery(state, poster)
    outbound = Outbound(state, delivery)
    inbound = Inbound(state, poster, outbound)
    app = Flask(__name__, static_folder=None)
    app.json.sort_keys = False  # type: ignore[attr-defined]
    app.register_blueprint(twilio_api.account_blueprint(state))
    app.register_blueprint(twilio_api.blueprint(state, outbound))
    app.register_blueprint(content_api.blueprint(state))
    app.register_blueprint(control.blueprint(state, inbound, delivery))
    app.register_blueprint(pages.blueprint(state))

    @app.get("/healthz")
    def healthz() -> Response:
        return jsonify(status="ok")

    network = Network(app, state, inbound, delivery, keeper)
    _take_up(network)
    return network


def _take_up(network: Network) -> None:
    for message in list(network.state.messages.values()):
        if message.inbound and message.status == "sent":
            network.inbound.reach(message)
        elif not message.inbound and message.status not in FINAL and not message.note:
            network.delivery.start(message)


class _Quiet(WSGIRequestHandler):
    def log_request(self, code: int | str = "-", size: int | str = "-") -> None:
        """Say nothing: the events tell more."""


@dataclass(slots=True)
class Handle:
    """A simulator in a thread. `url` has no slash at the end."""

    url: str
    network: Network
    _server: BaseWSGIServer
    _thread: threading.Thread

    @property
    def state(self) -> State:
        return self.network.state

    @property
    def account(self) -> Account:
        return self.network.state.account

    def close(self) -> None:
        self.network.close()
        self._server.shutdown()
        self._server.server_close()
        self._thread.join(5)


def start(
    app_url: str,
    *,
    public_url: str | None = None,
    account_sid: str = ACCOUNT_SID,
    auth_token: str = AUTH_TOKEN,
    sms_from: str = SMS_FROM,
    whatsapp_from: str = WHATSAPP_FROM,
    service_sid: str | None = None,
    journal: Path | None = None,
    seed: int | None = None,
    host: str = "127.0.0.1",
    port: int = 0,
) -> Handle:
    """Start in a thread, on a free port unless one is given. Raises OSError if it is taken."""
    account = Account(
        account_sid,
        auth_token,
        sms_from,
        with_prefix(whatsapp_from),
        app_url.rstrip("/"),
        (public_url or app_url).rstrip("/"),
        service_sid,
    )
    network = build(account, journal, seed)
    server = make_server(host, port, network.app, threaded=True, request_handler=_Quiet)
    thread = threading.Thread(
        target=server.serve_forever, args=(0.05,), name="simulator", daemon=True
    )
    thread.start()
    return Handle(f"http://{host}:{server.server_port}", network, server, thread)


def with_prefix(number: str) -> str:
    return number if number.startswith("whatsapp:") else f"whatsapp:{number}"
