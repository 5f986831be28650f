"""The processes of the product: how each is started, when it is ready, what it waits for."""

from collections.abc import Callable, Mapping
from pathlib import Path

from cli.common import module
from cli.network import answers, status
from cli.places import ROOT
from cli.supervise import Process

TRAINING = "the first time, and after a card has changed, two or three minutes"


def web_command(host: str, port: int) -> tuple[str, ...]:
    bind = f"[{host}]:{port}" if ":" in host else f"{host}:{port}"
    configuration = str(ROOT / "webhooks" / "gunicorn_conf.py")
    return module("gunicorn", "-c", configuration, "--bind", bind, "webhooks.app:create_app()")


def rasa_command(port: int, host: str = "127.0.0.1") -> tuple[str, ...]:
    return module("nlu.serve", "--port", str(port), "--host", host)


def rasa_ready(port: int, token: str | None) -> Callable[[], bool]:
    """Ready once a model is loaded: `/status` says 200 only then."""
    query = f"?token={token}" if token else ""
    return lambda: status(f"http://127.0.0.1:{port}/status{query}") == 200


def train_command() -> tuple[str, ...]:
    return module("cli.training")


def simulator_command(port: int, app_port: int, journal: Path, env: Mapping[str, str]) -> list[str]:
    """Command line of the simulator; account and senders as in `env`."""
    return [
        *module("simulator"),
        *("--port", str(port)),
        *("--app-url", f"http://127.0.0.1:{app_port}"),
        *("--public-url", env["PUBLIC_URL"]),
        *("--account-sid", env["TWILIO_ACCOUNT_SID"]),
        *("--auth-token", env["TWILIO_AUTH_TOKEN"]),
        *("--sms-from", env["TWILIO_SMS_FROM"]),
        *("--whatsapp-from", env["TWILIO_WHATSAPP_FROM"]),
        *("--journal", str(journal)),
        *("--clock", env["MENTORLINE_CLOCK"]),
    ]


def product(
    env: Mapping[str, str],
    host: str,
    port: int,
    rasa_port: int | None,
    before: tuple[str, ...] = (),
) -> list[Process]:
    """Web, worker, clock, and Rasa with its training unless `rasa_port` is None.

    `before`: names of further processes that web, worker and clock wait for.
    """
    everywhere = host in ("0.0.0.0", "::")  # noqa: S104
    local = "127.0.0.1" if everywhere else host
    address = f"[{local}]:{port}" if ":" in local else f"{local}:{port}"
    after = ("migrate", *before)
    processes = [
        Process("migrate", module("cli", "migrate"), env, once=True),
        Process(
            "web",
            web_command(host, port),
            env,
            ready=answers(f"http://{address}/healthz"),
            after=after,
        ),
        Process("worker", module("scheduler.worker"), env, after=after, stage=1),
        Process("clock", module("scheduler.clock"), env, after=after, stage=1),
    ]
    if rasa_port is not None:
        processes += [
            Process(
                "train",
                (*train_command(), "--or-keep"),
                env,
                once=True,
                after=after,
                detail=TRAINING,
            ),
            Process(
                "rasa",
                rasa_command(rasa_port),
                env,
                ready=rasa_ready(rasa_port, env.get("RASA_TOKEN")),
                after=("train", "migrate"),
                patience=180.0,
            ),
        ]
    return processes
