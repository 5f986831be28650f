"""`./mentorline demo`: the whole product on this machine, with phones in the browser for Twilio."""

import contextlib
import json
import shutil
from dataclasses import asdict, dataclass
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Self

from cli import processes, secrets, stage
from cli.common import CLOCK, child_environment, home_of, module, settings
from cli.errors import Refusal
from cli.network import answers, free_port, require_free
from cli.places import ROOT
from cli.supervise import Process
from store import clock

if TYPE_CHECKING:
    from bot.settings import Settings

ACCOUNT = "AC" + "0" * 31 + "1"
SMS_FROM = "+15005550006"
WHATSAPP_FROM = "+15005550009"
RUNNING = "demo.json"
"""Under MENTORLINE_HOME while the demo runs: where its parts are, for `simulate`."""
DATA = (
    *("postgres", "simulator.journal", "simulator.journal-wal", "simulator.journal-shm"),
    *(CLOCK, RUNNING),
)
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
    stage_of = Stage.on_free_ports(port)

    def farewell() -> list[str]:
        note = home / NOTE
        return [
            f"Phones   {stage_of.address}/simulator",
            *(note.read_text("utf-8").splitlines() if note.exists() else []),
            f"Logs     {shown(home / 'logs')}",
            "Ctrl-C stops everything.",
        ]

    try:
        stage.run(
            home,
            None,
            lambda url: parts(home, url, stage_of),
            stage_of.address,
            farewell,
            first=lambda: prepare(home, stage_of, fresh),
        )
    finally:
        gone(home, stage_of)


@dataclass(frozen=True)
class Stage:
    """The ports of a demo's parts."""

    web: int
    rasa: int
    simulator: int

    @classmethod
    def on_free_ports(cls, web: int | None = None) -> Self:
        """With the web process where it is wanted."""
        return cls(web or free_port(), free_port(), free_port())

    @property
    def address(self) -> str:
        """Where the product is."""
        return f"http://127.0.0.1:{self.web}"

    @property
    def network(self) -> str:
        """Where the simulator is."""
        return f"http://127.0.0.1:{self.simulator}"


def prepare(home: Path, where: Stage, fresh: bool) -> None:
    """Makes what the processes expect under `home`, once nobody else runs there."""
    if fresh:
        wipe(home)
    clock.make(home / CLOCK)
    (home / RUNNING).write_text(json.dumps(asdict(where)), "utf-8")


def gone(home: Path, where: Stage) -> None:
    """Forgets where a demo was, unless another has started there since."""
    with contextlib.suppress(OSError, ValueError):
        if json.loads((home / RUNNING).read_text("utf-8")) == asdict(where):
            (home / RUNNING).unlink()


def running(home: Path) -> Stage | None:
    """The demo that runs on `home`, if one does."""
    try:
        found = Stage(**json.loads((home / RUNNING).read_text("utf-8")))
    except (OSError, ValueError, TypeError):
        return None
    # Something else may have taken one of its ports since.
    both = answers(f"{found.address}/healthz"), answers(f"{found.network}/simulator/api/stats")
    return found if all(there() for there in both) else None


def now(current: "Settings") -> datetime:
    """The time (aware) as the product of this home has it: a running demo's may be moved."""
    home = home_of(current)
    moved = home / CLOCK if running(home) is not None else None
    return clock.of(current.mentorline_clock or moved)()


def environment(home: Path, database_url: str, where: Stage) -> dict[str, str]:
    """Environment of every process of a demo.

    Raises:
        Refusal: the secrets of this home are damaged.
    """
    return {
        **child_environment(home),
        **secrets.local(home),
        "DATABASE_URL": database_url,
        "PUBLIC_URL": where.address,
        "TWILIO_ACCOUNT_SID": ACCOUNT,
        "TWILIO_SMS_FROM": SMS_FROM,
        "TWILIO_WHATSAPP_FROM": WHATSAPP_FROM,
        "TWILIO_API_BASE": where.network,
        # A real account in `.env` must not leak into the demo.
        "TWILIO_AUTH_TOKEN_NEXT": "",
        "TWILIO_MESSAGING_SERVICE_SID": "",
        "RASA_URL": f"http://127.0.0.1:{where.rasa}",
        "RASA_ACTIONS_URL": f"{where.address}/rasa/actions",
        "MENTORLINE_SIMULATOR_URL": where.network,
        "MENTORLINE_CLOCK": str(home / CLOCK),
        # Its one login is printed, so a code on a phone would only be in the way.
        "CONSOLE_CODES": "false",
    }


def parts(home: Path, database_url: str, where: Stage, rasa: bool = True) -> list[Process]:
    """The processes of a demo: simulator, product, sample data."""
    env = environment(home, database_url, where)
    journal = home / "simulator.journal"
    simulator = processes.simulator_command(where.simulator, where.web, journal, env)
    return [
        Process(
            "simulator",
            tuple(simulator),
            env,
            ready=answers(f"{where.network}/simulator/api/stats"),
        ),
        *processes.product(
            env, "127.0.0.1", where.web, where.rasa if rasa else None, before=("sample",)
        ),
        Process("sample", module("cli.sample"), env, once=True, after=("migrate", "simulator")),
    ]


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
