"""Shows how the processes come up: a live table on a terminal, plain lines elsewhere."""

import sys
from collections.abc import Iterable
from typing import Protocol


class Row(Protocol):
    """What the board shows of one process."""

    @property
    def name(self) -> str: ...
    @property
    def state(self) -> str: ...
    @property
    def seconds(self) -> float: ...
    @property
    def detail(self) -> str: ...


STYLES = {
    "waiting": "dim",
    "starting": "yellow",
    "running": "yellow",
    "ready": "green",
    "done": "green",
    "died": "red",
    "stopping": "yellow",
    "stopped": "dim",
}


class Board:
    """Writes on standard output. `live` defaults to whether that is a terminal."""

    def __init__(self, live: bool | None = None) -> None:
        self.live = sys.stdout.isatty() if live is None else live
        self._said: dict[str, str] = {}
        self._table: object | None = None

    def show(self, rows: Iterable[Row]) -> None:
        """Brings what is seen up to date; cheap when nothing has changed."""
        if self.live:
            self._draw(list(rows))
            return
        for row in rows:
            if self._said.get(row.name) == row.state:
                continue
            self._said[row.name] = row.state
            if row.state != "waiting":
                print(f"{row.name:<10} {row.state:<9} {row.seconds:6.1f} s  {row.detail}".rstrip())
        sys.stdout.flush()

    def settle(self) -> None:
        """Leaves the table as it stands: what comes next is written below it."""
        if self._table is not None:
            self._table.stop()  # type: ignore[attr-defined]
            self._table = None

    def say(self, text: str) -> None:
        """One line below the table."""
        self.settle()
        print(text, flush=True)

    def _draw(self, rows: list[Row]) -> None:
        from rich.live import Live
        from rich.table import Table

        table = Table.grid(padding=(0, 2))
        for row in rows:
            style = STYLES.get(row.state, "")
            seconds = "" if row.state == "waiting" else f"{row.seconds:.1f} s"
            table.add_row(row.name, f"[{style}]{row.state}[/]", seconds, f"[dim]{row.detail}[/]")
        # No refresh thread of rich's: the supervisor forks, and a fork wants a single thread.
        if self._table is None:
            self._table = Live(table, auto_refresh=False)
            self._table.start()
        self._table.update(table, refresh=True)  # type: ignore[attr-defined]
