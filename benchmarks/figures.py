"""Percentiles, tables and the description of the machine. Plain functions."""

from __future__ import annotations

import math
import os
import platform
import tempfile
import time
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

import psutil


def percentile(values: Sequence[float], share: float) -> float | None:
    """The smallest value that at least ``share`` (0 to 1) of the values do not exceed.

    ``None`` without values. Nearest rank: no value is invented between two measured ones.
    """
    if not values:
        return None
    ordered = sorted(values)
    return ordered[max(0, math.ceil(share * len(ordered)) - 1)]


def milliseconds(seconds: float | None) -> float | None:
    """Seconds as milliseconds, to a hundredth."""
    return None if seconds is None else round(seconds * 1000, 2)


def table(heading: Sequence[str], rows: Iterable[Sequence[object]]) -> str:
    """A plain table; the first column is flushed left, the others right. ``None`` shows as –."""
    cells = [list(heading), *([_shown(value) for value in row] for row in rows)]
    widths = [max(len(row[n]) for row in cells) for n in range(len(heading))]
    lines = [
        "  ".join(
            cell.ljust(width) if n == 0 else cell.rjust(width)
            for n, (cell, width) in enumerate(zip(row, widths, strict=True))
        ).rstrip()
        for row in cells
    ]
    lines.insert(1, "  ".join("-" * width for width in widths))
    return "\n".join(lines)


def _shown(value: object) -> str:
    if value is None:
        return "–"
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, float):
        return f"{value:.0f}" if abs(value) >= 100 else f"{value:.1f}"
    return str(value)


def machine(folder: Path) -> dict[str, Any]:
    """What the figures were measured on; ``folder`` is where the database writes."""
    return {
        "cores": os.cpu_count(),
        "memory_gb": round(psutil.virtual_memory().total / 1e9, 1),
        "python": platform.python_version(),
        "system": f"{platform.system()} {platform.machine()}",
        "load_before": round(os.getloadavg()[0], 2),
        "fsync_ms": milliseconds(fsync_seconds(folder)),
        "additions_ms": milliseconds(additions_seconds()),
    }


def additions_seconds(times: int = 5) -> float | None:
    """Median seconds of a million additions: one and the same machine can be twice as slow."""
    took: list[float] = []
    for _ in range(times):
        total, started = 0, time.perf_counter()
        for number in range(1_000_000):
            total += number
        took.append(time.perf_counter() - started)
    return percentile(took, 0.5)


def fsync_seconds(folder: Path, times: int = 40) -> float | None:
    """Median seconds of writing 8 kB durably: the least that a committed message can cost."""
    took: list[float] = []
    with tempfile.TemporaryFile(dir=folder) as file:
        for _ in range(times):
            file.write(b"\0" * 8192)
            started = time.perf_counter()
            file.flush()
            os.fdatasync(file.fileno())
            took.append(time.perf_counter() - started)
    return percentile(took, 0.5)
