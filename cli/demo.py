"""`./mentorline demo`: the whole product on this machine, with phones in the browser for Twilio."""

import shutil
from pathlib import Path

from cli import processes, secrets, stage
from cli.common import child_environment, home_of, module, settings
from cli.errors import Refusal
from cli.network import answers, free_port, require_free
from cli.places import ROOT
from cli.supervise import Process

ACCOUNT = "AC" + "0" * 31 + "1"
SMS_FROM = "+15005550006"
WHATSAPP_FROM = "+15005550009"
DATA = ("postgres", "simulator.journal", "simulator.journal-wal", "simulator.journal-shm")
"""What `--fresh` removes: names directly under MENTORLINE_HOME, nothing else."""
NOTE = "demo.txt"
"""Under MENTORLINE_HOME: what the sample data wants the person to be told, such as a login."""


def demo(port: int, fresh: bool) -> None:
    """Runs the demo until Ctrl-C.

    Raises:
        Refusal: the port is taken, another runs on this home, or something does not come up.
    """
    require_free("127.0.0.1", port)
    home = home_of(settings())
    own = secrets.local(home)
    rasa_port, simulator_port = free_port(), free_port()
    address = f"http://127.0.0.1:{port}"

    def everything(database_url: str) -> list[Process]:
        env = {
            **child_environment(home),
            **own,
            "DATABASE_URL": database_url,
            "PUBLIC_URL": address,
            "TWILIO_ACCOUNT_SID": ACCOUNT,
            "TWILIO_SMS_FROM": SMS_FROM,
            "TWILIO_WHATSAPP_FROM": WHATSAPP_FROM,
            "TWILIO_API_BASE": f"http://127.0.0.1:{simulator_port}",
            # A real account in `.env` must not leak into the demo.
            "TWILIO_AUTH_TOKEN_NEXT": "",
            "TWILIO_MESSAGING_SERVICE_SID": "",
            "RASA_URL": f"http://127.0.0.1:{rasa_port}",
            "RASA_ACTIONS_URL": f"{address}/rasa/actions",
            "MENTORLINE_SIMULATOR_URL": f"http://127.0.0.1:{simulator_port}",
        }
        journal = home / "simulator.journal"
        simulator = processes.simulator_command(simulator_port, port, journal, env)
        return [
            Process(
                "simulator",
                tuple(simulator),
                env,
                ready=answers(f"http://127.0.0.1:{simulator_port}/simulator/api/stats"),
            ),
            *processes.product(env, "127.0.0.1", port, rasa_port, before=("sample",)),
            Process("sample", module("cli.sample"), env, once=True, after=("migrate", "simulator")),
        ]

    def farewell() -> list[str]:
        note = home / NOTE
        return [
            f"Phones   {address}/simulator",
            *(note.read_text("utf-8").splitlines() if note.exists() else []),
            f"Logs     {shown(home / 'logs')}",
            "Ctrl-C stops everything.",
        ]

    stage.run(
        home, None, everything, address, farewell, first=lambda: wipe(home) if fresh else None
    )


def wipe(home: Path) -> None:
    """Removes the demo's data under `home`; the trained models and the secrets stay.

    Raises:
        Refusal: something there is not what we put there.
    """
    for name in DATA:
        path = home / name
        if path.is_symlink():
            raise Refusal(f"{path} is a link to another place: --fresh does not follow it.")
        if path.is_dir():
            shutil.rmtree(path)
        else:
            path.unlink(missing_ok=True)


def shown(path: Path) -> str:
    """A path as people like to read it: relative to the project where it is inside."""
    return str(path.relative_to(ROOT)) if path.is_relative_to(ROOT) else str(path)
