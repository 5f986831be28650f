"""Towns whose worker never goes home: it listens all the time, as in life, and is quick."""

from __future__ import annotations

import asyncio
import shutil
import tempfile
import threading
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path

from sqlalchemy import text

from scheduler.worker import make_app
from store import embedded
from store.messages import OutboxMessage
from tests.databases import copied, dropped, make_template
from tests.town import Town, wait_for

# A maker of towns that nobody has lived in yet.
Towns = Callable[[], AbstractContextManager[Town]]
WORKERS = 4
_AT_WORK = text("SELECT count(*) FROM procrastinate_jobs WHERE status IN ('todo', 'doing')")


@dataclass
class Lively(Town):
    """A town with a worker in a thread, from the first ``rest`` until it is closed."""

    _loop: asyncio.AbstractEventLoop | None = field(default=None, init=False)
    _thread: threading.Thread | None = field(default=None, init=False)
    _work: asyncio.Task[None] | None = field(default=None, init=False)

    def rest(self) -> None:
        """Wait until the worker has nothing to do and the network has settled.

        Raises:
            AssertionError: a job failed, or something does not come to an end.
        """
        if self._thread is None:
            self._hire()
        wait_for(lambda: not self._at_work() or bool(self.failing_jobs()), "the jobs", 60)
        assert not self.failing_jobs(), "a job failed; see the captured log"
        wait_for(self._quiet, "the network to settle", 30)

    def _quiet(self) -> bool:
        # A callback that the network has lost is not waited for.
        delivery = self.simulator.network.delivery
        sending = self.count(OutboxMessage, OutboxMessage.state == "sending")
        return not (sending or delivery.timers.pending or delivery.lanes.pending)

    def _at_work(self) -> int:
        with self.works.engine.connect() as connection:
            return int(connection.execute(_AT_WORK).scalar_one())

    def _hire(self) -> None:
        ready = threading.Event()
        self._thread = threading.Thread(target=self._live, args=(ready,), daemon=True)
        self._thread.start()
        assert ready.wait(30), "the worker did not come"

    def _live(self, ready: threading.Event) -> None:
        async def work() -> None:
            app = make_app(self.settings, self.works)
            async with app.open_async():
                ready.set()
                with suppress(asyncio.CancelledError):
                    await app.run_worker_async(
                        concurrency=WORKERS,
                        install_signal_handlers=False,
                        fetch_job_polling_interval=0.2,
                        delete_jobs="successful",
                        shutdown_graceful_timeout=5,
                    )

        async def main() -> None:
            self._loop = asyncio.get_running_loop()
            self._work = asyncio.ensure_future(work())
            await self._work

        asyncio.run(main())

    def close(self) -> None:
        """Stop everything."""
        if self._loop is not None and self._work is not None:
            self._loop.call_soon_threadsafe(self._work.cancel)
        if self._thread is not None:
            self._thread.join(15)
        super().close()


@contextmanager
def street() -> Iterator[Towns]:
    """A PostgreSQL server and a maker of towns, for long runs outside of pytest."""
    home = Path(tempfile.mkdtemp(prefix="mlpg-"))
    server = embedded.start(home, durable=False)
    try:
        make_template(server)
        yield towns_of(server, home)
    finally:
        server.stop()
        shutil.rmtree(home, ignore_errors=True)


def towns_of(server: embedded.EmbeddedServer, home: Path) -> Towns:
    """A maker of towns on a server that has a migrated ``template_house``."""
    count = iter(range(1_000_000))

    @contextmanager
    def town() -> Iterator[Town]:
        name = f"life{next(count)}"
        url = copied(server, name)
        try:
            with Lively.build(url, home / name) as built:
                yield built
        finally:
            dropped(server, name)

    return town
