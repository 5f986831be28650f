"""Whose time it is: the real one, or the simulator's, which moves everybody's clock at once."""

from __future__ import annotations

import mmap
import struct
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

_SECONDS = struct.Struct("<d")


def utc_now() -> datetime:
    """The real time, aware and in UTC."""
    return datetime.now(UTC)


def make(path: Path) -> None:
    """Make a clock file that shows the real time, unless it is there."""
    if not path.exists():
        path.write_bytes(_SECONDS.pack(0.0))


def of(path: Path | None) -> Callable[[], datetime]:
    """The time of a clock file: one number, the seconds by which the real time is off.

    Whoever moves the clock writes the file in place, and every process sees it at once. Without a
    path, or where there is no such file, the real time.
    """
    if path is None or not path.exists():
        return utc_now
    with path.open("rb") as file:
        shared = mmap.mmap(file.fileno(), _SECONDS.size, access=mmap.ACCESS_READ)

    def now() -> datetime:
        return datetime.now(UTC) + timedelta(seconds=_SECONDS.unpack_from(shared)[0])

    return now
