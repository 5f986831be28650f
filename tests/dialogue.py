"""The real Rasa for tests: one server per run, whose action calls reach the town of the test."""

from __future__ import annotations

import os
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx
from werkzeug.serving import WSGIRequestHandler, make_server

from tests.town import Town, wait_for

ROOT = Path(__file__).resolve().parent.parent
MODELS = Path(os.environ.get("MENTORLINE_MODELS", ROOT / "var" / "models"))


class _Quiet(WSGIRequestHandler):
    def log_request(self, code: int | str = "-", size: int | str = "-") -> None:
        """Say nothing."""


class Switchboard:
    """Rasa knows one address for its actions; whichever town is playing answers there."""

    def __init__(self) -> None:
        self.town: Town | None = None
        self._server = make_server("127.0.0.1", 0, self._answer, True, request_handler=_Quiet)
        self.url = f"http://127.0.0.1:{self._server.server_port}/rasa/actions"
        threading.Thread(target=self._server.serve_forever, args=(0.05,), daemon=True).start()

    def _answer(self, environ: Any, start_response: Any) -> Any:
        assert self.town is not None
        return self.town.web.app(environ, start_response)  # type: ignore[attr-defined]

    def close(self) -> None:
        """Stop answering."""
        self._server.shutdown()
        self._server.server_close()


@contextmanager
def running_rasa(database_url: str, home: Path, actions_url: str) -> Iterator[str]:
    """A Rasa server on the published model, with its conversations in a database."""
    port = _free_port()
    log = (home / "rasa.log").open("wb")
    process = subprocess.Popen(
        [
            *(sys.executable, "-m", "nlu.serve"),
            *("--port", str(port), "--model", str(MODELS / "current.tar.gz")),
        ],
        cwd=ROOT,
        env={
            **os.environ,
            "MENTORLINE_HOME": str(home),
            "DATABASE_URL": database_url,
            "RASA_ACTIONS_URL": actions_url,
            "ACTIONS_TOKEN": "test-actions",
        },
        stdout=log,
        stderr=log,
    )
    url = f"http://127.0.0.1:{port}"

    def ready() -> bool:
        assert process.poll() is None, (home / "rasa.log").read_text()[-2000:]
        try:
            return httpx.get(f"{url}/status", timeout=1.0).status_code == 200
        except httpx.HTTPError:
            return False

    try:
        wait_for(ready, "Rasa", seconds=90)
        yield url
    finally:
        end(process)
        log.close()


def end(process: subprocess.Popen[bytes]) -> None:
    """Ask a process to stop, and see to it."""
    process.terminate()
    try:
        process.wait(10)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()


def _free_port() -> int:
    import socket

    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
