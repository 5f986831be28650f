"""The systems that are compared: how each is started, and where its webhook is."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from benchmarks.people import seed
from benchmarks.rig import ACCOUNT, WHATSAPP, Child, Rig, say
from cli import processes
from cli.common import module
from cli.network import answers, free_port
from nlu import rasa_env, serve

FOLDER = Path(__file__).resolve().parent
# Rasa's own connector, and the address that Rasa gives it.
STOCK_PATH = "/webhooks/twilio/webhook"
OURS_PATH = "/webhooks/twilio/message"

OURS = "Mentorline"
WEB_ALONE = "Mentorline, web alone"
STOCK = "Rasa's Twilio connector"
TUNED = "the connector, our start of Rasa"
FLOOR = "empty Flask route"


@dataclass(frozen=True)
class System:
    """A system that runs. ``webhook``: where to post; ``simulator``: its emulator, if any."""

    name: str
    webhook: str
    simulator: str
    rasa: str = ""


@contextlib.contextmanager
def ours(rig: Rig, *, whole: bool = True) -> Iterator[System]:
    """Our path: web, and with ``whole`` also worker, clock and Rasa, as ``up`` starts them."""
    web, rasa, simulator = free_port(), free_port(), free_port()
    env = rig.environment(rig.fresh_database(), web, rasa, simulator)
    say(f"Starting {OURS if whole else WEB_ALONE} …")
    seed(env)
    waiting = [_simulator(rig, env, simulator, web), _web(rig, env, web)]
    if whole:
        waiting.append(
            rig.start(
                "rasa",
                processes.rasa_command(rasa),
                env,
                processes.rasa_ready(rasa, env["RASA_TOKEN"]),
            )
        )
        for child in waiting:
            rig.wait(child)
        waiting = [
            rig.start("worker", module("scheduler.worker"), env),
            rig.start("clock", module("scheduler.clock"), env),
        ]
    for child in waiting:
        rig.wait(child)
    try:
        yield System(
            OURS if whole else WEB_ALONE,
            f"http://127.0.0.1:{web}{OURS_PATH}",
            f"http://127.0.0.1:{simulator}",
            "rasa",
        )
    finally:
        rig.stop_all()


def stock(rig: Rig) -> contextlib.AbstractContextManager[System]:
    """``rasa run`` as Rasa ships it with its own Twilio connector, on the same model.

    The tracker store is the same, and the same actions answer it: our web process, which keeps
    nothing for messages that are not ours. Its Twilio client is led to the emulator by
    ``stock/sitecustomize.py``.
    """
    return _connector(rig, STOCK, "rasa")


def tuned(rig: Rig) -> contextlib.AbstractContextManager[System]:
    """The stock connector with our start of Rasa, which checks action answers faster."""
    return _connector(rig, TUNED, "nlu.run_rasa")


@contextlib.contextmanager
def _connector(rig: Rig, name: str, entry: str) -> Iterator[System]:
    web, rasa, simulator = free_port(), free_port(), free_port()
    env = rig.environment(rig.fresh_database(), web, rasa, simulator)
    say(f"Starting {name} …")
    seed(env)
    line = stock_command(rig.home, rasa, entry)
    waiting = [
        _simulator(rig, env, simulator, rasa),
        _web(rig, env, web),
        rig.start(
            "rasa",
            tuple(line),
            stock_environment(rig.home, env),
            processes.rasa_ready(rasa, env["RASA_TOKEN"]),
        ),
    ]
    for child in waiting:
        rig.wait(child)
    try:
        yield System(
            name,
            f"http://127.0.0.1:{rasa}{STOCK_PATH}",
            f"http://127.0.0.1:{simulator}",
            "rasa",
        )
    finally:
        rig.stop_all()


def stock_command(home: Path, port: int, entry: str) -> list[str]:
    """Our own command line of Rasa with Twilio's credentials instead of ours.

    Args:
        entry: the module to start: Rasa itself, or our start of it.
    """
    credentials = home / "twilio-credentials.yml"
    credentials.write_text(
        "twilio:\n"
        f'  account_sid: "{ACCOUNT.sid}"\n'
        f'  auth_token: "{ACCOUNT.token}"\n'
        f'  twilio_number: "{ACCOUNT.number}"\n'
    )
    model = home / "models" / "current.tar.gz"
    line = serve.command(model, "127.0.0.1", port, rasa_env.python())
    line[line.index("--credentials") + 1] = str(credentials)
    line[line.index("-m") + 1] = entry
    return line


def stock_environment(home: Path, env: dict[str, str]) -> dict[str, str]:
    """Our own environment of Rasa, and the way to the emulator for Twilio's client."""
    made = serve.environment(env, home)
    return {
        **made,
        "PYTHONPATH": os.pathsep.join([str(FOLDER / "stock"), made["PYTHONPATH"]]),
        "BENCHMARK_TWILIO_API_BASE": env["TWILIO_API_BASE"],
    }


@contextlib.contextmanager
def floor(rig: Rig) -> Iterator[System]:
    """An empty route under the product's gunicorn settings."""
    port = free_port()
    env = rig.environment("postgresql+psycopg://nowhere/", port, port, port)
    say(f"Starting {FLOOR} …")
    command = list(processes.web_command("127.0.0.1", port))
    command[-1] = "benchmarks.floor:create_app()"
    rig.wait(rig.start("floor", tuple(command), env, answers(f"http://127.0.0.1:{port}/healthz")))
    try:
        yield System(FLOOR, f"http://127.0.0.1:{port}{OURS_PATH}", "")
    finally:
        rig.stop_all()


def _web(rig: Rig, env: dict[str, str], port: int) -> Child:
    ready = answers(f"http://127.0.0.1:{port}/healthz")
    return rig.start("web", processes.web_command("127.0.0.1", port), env, ready)


def _simulator(rig: Rig, env: dict[str, str], port: int, app_port: int) -> Child:
    """Twilio's emulator, which keeps its chats in memory here."""
    command = (
        *module("simulator"),
        *("--port", str(port)),
        *("--app-url", f"http://127.0.0.1:{app_port}"),
        *("--account-sid", ACCOUNT.sid),
        *("--auth-token", ACCOUNT.token),
        *("--sms-from", ACCOUNT.number),
        *("--whatsapp-from", WHATSAPP),
    )
    ready = answers(f"http://127.0.0.1:{port}/simulator/api/stats")
    return rig.start("simulator", command, env, ready)
