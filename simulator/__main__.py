"""`python -m simulator`: the simulator as a process of its own, under gunicorn.

One worker, because the network lives in its memory; many threads, because pages wait in them.
"""

from __future__ import annotations

import argparse
import socket
import sys
from pathlib import Path
from typing import Any

from flask import Flask
from gunicorn.app.base import BaseApplication

from simulator import server
from simulator.state import Account

THREADS = 48


class _Process(BaseApplication):  # type: ignore[misc]
    """gunicorn with settings from here only: no files, no environment."""

    def __init__(self, options: dict[str, Any], account: Account, args: argparse.Namespace) -> None:
        self._options = options
        self._account = account
        self._args = args
        self._network: server.Network | None = None
        super().__init__()

    def load_config(self) -> None:
        for name, value in self._options.items():
            self.cfg.set(name, value)
        self.cfg.set("worker_exit", self._close)

    def load(self) -> Flask:
        args = self._args
        self._network = server.build(self._account, args.journal, args.seed, args.clock)
        return self._network.app

    def _close(self, _server: Any, _worker: Any) -> None:
        if self._network:
            self._network.close()


def parse(arguments: list[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m simulator", description=__doc__)
    parser.add_argument("--host", default="127.0.0.1")
    parser.add_argument("--port", type=int, default=8900)
    parser.add_argument("--app-url", default="http://127.0.0.1:8000", help="where to post webhooks")
    parser.add_argument("--public-url", help="the address that signatures are made for")
    parser.add_argument("--account-sid", default=server.ACCOUNT_SID)
    parser.add_argument("--auth-token", default=server.AUTH_TOKEN)
    parser.add_argument("--sms-from", default=server.SMS_FROM)
    parser.add_argument("--whatsapp-from", default=server.WHATSAPP_FROM)
    parser.add_argument("--service-sid", help="a Messaging Service; any is accepted without it")
    parser.add_argument("--journal", type=Path, help="keep the chats in this file")
    parser.add_argument("--clock", type=Path, help="write the clock's offset to this file")
    parser.add_argument("--seed", type=int, help="make the delays repeatable")
    return parser.parse_args(arguments)


def main(arguments: list[str]) -> int:
    args = parse(arguments)
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((args.host, args.port))
        except OSError as problem:
            print(f"Port {args.port} cannot be used: {problem.strerror}.", file=sys.stderr)
            return 1
    account = Account(
        args.account_sid,
        args.auth_token,
        args.sms_from,
        server.with_prefix(args.whatsapp_from),
        args.app_url.rstrip("/"),
        (args.public_url or args.app_url).rstrip("/"),
        args.service_sid,
    )
    options = {
        "bind": f"{args.host}:{args.port}",
        "workers": 1,
        "worker_class": "gthread",
        "threads": THREADS,
        "keepalive": 5,
        "graceful_timeout": 1,
        "loglevel": "warning",
        "proc_name": "simulator",
    }
    print(f"Phones: http://{args.host}:{args.port}/simulator", flush=True)
    _Process(options, account, args).run()
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
