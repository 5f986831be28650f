"""Ctrl-C and its relatives, counted instead of raised."""

import signal
from types import FrameType
from typing import Self

ASKING = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


class Stops:
    """Counts how often we were asked to stop: once is a request, twice is impatience.

    A context manager; only the main thread may enter it. Puts the previous handlers back.
    """

    def __init__(self) -> None:
        self.count = 0
        self._before: dict[int, object] = {}

    def __bool__(self) -> bool:
        return self.count > 0

    @property
    def at_once(self) -> bool:
        """Whether we were asked again while stopping."""
        return self.count > 1

    def ask(self) -> None:
        """Ask to stop, as a signal would."""
        self.count += 1

    def __enter__(self) -> Self:
        self._before = {number: signal.signal(number, self._heard) for number in ASKING}
        return self

    def __exit__(self, *_: object) -> None:
        for number, handler in self._before.items():
            signal.signal(number, handler)  # type: ignore[arg-type]

    def _heard(self, number: int, frame: FrameType | None) -> None:
        self.count += 1
