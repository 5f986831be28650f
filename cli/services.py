"""`up`, and the single processes `web`, `worker`, `clock`, `rasa`; `train` and `migrate`."""

import os
import signal
import subprocess
from collections.abc import Mapping
from pathlib import Path
from urllib.parse import urlsplit

from cli import processes, secrets, stage
from cli.common import child_environment, home_of, module, require, settings
from cli.database import database
from cli.errors import Refusal
from cli.keeper import Keeper
from cli.network import require_free
from cli.signals import Stops
from cli.supervise import Process

NEEDED = ("SECRET_KEY", "PUBLIC_URL", "TWILIO_ACCOUNT_SID", "TWILIO_AUTH_TOKEN")
LOCAL = ("127.0.0.1", "localhost", "::1")


def up(host: str, port: int) -> None:
    """Runs every process with the real configuration until asked to stop.

    Rasa is started here only where `RASA_URL` is one address of this machine.

    Raises:
        Refusal: a setting is missing, a port is taken, or something does not come up.
    """
    current = settings()
    require(current, *NEEDED)
    if not (current.twilio_sms_from or current.twilio_whatsapp_from):
        raise Refusal("The setting TWILIO_SMS_FROM or TWILIO_WHATSAPP_FROM is missing.")
    home = home_of(current)
    require_free(host, port)
    rasa = urlsplit(current.rasa_url)
    rasa_port = None
    if len(current.rasa_urls) == 1 and rasa.hostname in LOCAL:
        rasa_port = rasa.port or 80
        require_free("127.0.0.1", rasa_port)

    def everything(database_url: str) -> list[Process]:
        env = dialogue_environment(home, port) | {"DATABASE_URL": database_url}
        return processes.product(env, host, port, rasa_port)

    def farewell() -> list[str]:
        return [
            f"Listening on {host}, port {port}; Twilio calls {current.public_url}.",
            f"Logs: {home / 'logs'}. Ctrl-C stops everything.",
        ]

    stage.run(home, current.database_url, everything, f"port {port}", farewell)


def dialogue_environment(home: Path, port: int) -> dict[str, str]:
    """Environment of processes of one machine; tokens that nobody has set are made here."""
    current = settings()
    own = secrets.local(home)
    given = {"DATABASE_URL": current.database_url} if current.database_url else {}
    return child_environment(home) | {
        **given,
        "RASA_TOKEN": current.rasa_token or own["RASA_TOKEN"],
        "ACTIONS_TOKEN": current.actions_token or own["ACTIONS_TOKEN"],
        "RASA_ACTIONS_URL": current.rasa_actions_url or f"http://127.0.0.1:{port}/rasa/actions",
    }


def web(host: str, port: int) -> None:
    """Runs the web process until it ends."""
    require(settings(), *NEEDED)
    require_free(host, port)
    one(processes.web_command(host, port), port)


def worker() -> None:
    """Runs a worker until it ends."""
    require(settings(), *NEEDED)
    one(module("scheduler.worker"))


def clock() -> None:
    """Runs a clock until it ends."""
    one(module("scheduler.clock"))


def rasa(host: str, port: int, app_port: int) -> None:
    """Runs a dialogue server until it ends; trains first if there is no model for these cards."""
    require_free(host, port)
    train(())
    one(processes.rasa_command(port, host), app_port)


def one(command: tuple[str, ...], app_port: int = 8000) -> None:
    """Becomes `command`, or waits for it where the embedded database must be stopped after it.

    Raises:
        Refusal: it failed.
    """
    current = settings()
    home = home_of(current)
    env = os.environ | dialogue_environment(home, app_port)
    if current.database_url is not None:
        os.execve(command[0], command, env)  # noqa: S606
    with database(None, home) as found:
        raise SystemExit(wait_for(command, env | {"DATABASE_URL": found.url}))


def wait_for(command: tuple[str, ...], env: Mapping[str, str]) -> int:
    """Runs a command to its end, with our output; gives its exit status.

    It has a session of its own, so that it hears once of what asks us to stop; asked again, it is
    killed. It does not outlive us.
    """
    with Stops() as stops:
        keeper = Keeper()
        process = subprocess.Popen(
            command, env=env, stdin=subprocess.DEVNULL, start_new_session=True
        )
        keeper.started(process.pid)
        heard = 0
        try:
            while True:
                try:
                    return process.wait(timeout=0.1)
                except subprocess.TimeoutExpired:
                    if stops.count > heard:
                        heard = stops.count
                        os.killpg(process.pid, signal.SIGKILL if heard > 1 else signal.SIGTERM)
        finally:
            keeper.close()


def train(arguments: tuple[str, ...]) -> None:
    """Trains a model if the inputs have changed, and publishes it if it passes the gate.

    Raises:
        Refusal: it failed or did not pass; what was published before stays.
    """
    current = settings()
    home = home_of(current)
    env = os.environ | child_environment(home)
    with database(current.database_url, home) as found:
        line = processes.train_command() + arguments
        failed = wait_for(line, env | {"DATABASE_URL": found.url})
    if failed:
        raise Refusal("No new model was published; the one before, if any, stays in use.")


def migrate() -> None:
    """Brings the database to the newest schema.

    Raises:
        Refusal: the database does not answer.
    """
    from sqlalchemy.exc import OperationalError

    from store.migrate import upgrade

    current = settings()
    with database(current.database_url, home_of(current)) as found:
        try:
            upgrade(found.url)
        except OperationalError as error:
            raise Refusal(f"The database does not answer: {first_line(error)}") from None


def first_line(error: Exception) -> str:
    """The part of a database error that a person can use; never the password."""
    return str(getattr(error, "orig", error)).strip().split("\n", 1)[0]
