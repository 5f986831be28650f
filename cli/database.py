"""The database of a command: the configured one, or the embedded one of this home, shared."""

import contextlib
import fcntl
import warnings
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from cli.errors import Refusal


@dataclass(frozen=True)
class Database:
    """Where it is. `pid` is that of the embedded server, 0 when it is somebody else's."""

    url: str
    pid: int = 0


@contextlib.contextmanager
def database(url: str | None, home: Path) -> Iterator[Database]:
    """The database at `url`, or without one the embedded server under `home`.

    Several commands may use the embedded server at once: the last one to leave stops it.

    Raises:
        Refusal: the embedded server does not start.
    """
    if url is not None:
        yield Database(url)
        return
    with warnings.catch_warnings():
        # It would rather have a folder that servers without a login session do not have.
        warnings.simplefilter("ignore")
        from store import embedded

    with open(home / "postgres.users", "w") as users:
        with _alone(home):
            fcntl.flock(users, fcntl.LOCK_SH)
            try:
                server = embedded.start(home)
                pid = postmaster(home)
            except Exception as error:
                raise Refusal(
                    f"The embedded PostgreSQL did not start ({error}); its log is "
                    f"{home / 'postgres' / 'log'}."
                ) from error
        try:
            yield Database(server.url, pid)
        finally:
            with _alone(home):
                try:
                    fcntl.flock(users, fcntl.LOCK_EX | fcntl.LOCK_NB)
                except BlockingIOError:
                    pass
                else:
                    server.stop()


def postmaster(home: Path) -> int:
    """Process id of the embedded server under `home`, 0 when it does not run."""
    try:
        return int((home / "postgres" / "postmaster.pid").read_text().split("\n", 1)[0])
    except (OSError, ValueError):
        return 0


@contextlib.contextmanager
def _alone(home: Path) -> Iterator[None]:
    """Starting and stopping are done by one command at a time."""
    with open(home / "postgres.lock", "w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield
