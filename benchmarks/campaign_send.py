"""The sending of ``campaign``: how fast, at what cost, in how much memory, and whether all."""

from __future__ import annotations

import time
from dataclasses import dataclass, field
from typing import Any

import psutil

from benchmarks.campaign_house import House
from benchmarks.rig import Failed, Rig, say
from cli.database import postmaster

LOOK = 0.2
WEIGH = 1.0
# When nothing moves for so long it is over, whatever is missing.
STALLED = 90.0
# What is not the product.
OUTSIDE = ("simulator", "generator")

_GIVEN = "SELECT count(*) FROM outbox WHERE dose_id IS NOT NULL"
_STATES = """
    SELECT coalesce(json_object_agg(state, number), '{}') FROM (
        SELECT state || coalesce(': ' || reason, '') AS state, count(*) AS number
        FROM outbox WHERE dose_id IS NOT NULL GROUP BY 1
    ) AS counted
"""
_ARRIVED = """
    SELECT count(DISTINCT dose_id) FROM outbox
    WHERE dose_id IS NOT NULL AND state IN ('delivered', 'read')
"""

_FAILED_JOBS = "SELECT count(*) FROM procrastinate_jobs WHERE status = 'failed' OR attempts > 0"
_OPEN_ATTEMPTS = "SELECT count(*) FROM attempt WHERE finished_at IS NULL"


@dataclass
class Seen:
    """What was seen while it went on. Moments are seconds of ``time.perf_counter``."""

    # (moment, messages accepted by the emulator, status callbacks answered by web)
    counts: list[tuple[float, int, int]] = field(default_factory=list)
    # (messages accepted by then, row of Rig.memory by process)
    memory: list[tuple[int, dict[str, dict[str, Any]]]] = field(default_factory=list)
    failed_callbacks: int = 0

    def accepted(self) -> tuple[float, float, float]:
        """Seconds: of the first and the last message seen, and messages a second between them."""
        last_count = self.counts[-1][1]
        start, first, _ = next(row for row in self.counts if row[1])
        end, _, _ = next(row for row in self.counts if row[1] == last_count)
        return start, end, (last_count - first) / (end - start) if end > start else 0.0

    def last_callback(self) -> float:
        """When the last status callback had been answered, which is after it was stored."""
        return next(row for row in self.counts if row[2] == self.counts[-1][2])[0]


def sent(rig: Rig, house: House, workers: int, rate: float) -> dict[str, Any]:
    """Make one question of everybody in the house due, and watch it go.

    Args:
        rate: ``CAMPAIGN_RATE``.

    Raises:
        Failed: nothing was sent.
    """
    house.staff(workers, rate)
    before = cpu(rig)
    with rig.watched() as busy:
        wanted = house.due(house.mentees)
        due_at = time.perf_counter()
        seen = _watch(rig, house, wanted)
    after = cpu(rig)
    start, end, per_second = seen.accepted()
    accepted = seen.counts[-1][1]
    used = {name: (after[name] - before.get(name, 0.0)) / accepted * 1000 for name in after}
    arrived = house.count(_ARRIVED)
    found = {
        "mentees": house.mentees,
        "workers": workers,
        "rate": rate,
        "accepted": accepted,
        "per_second": round(per_second, 1),
        "first_after_s": round(start - due_at, 1),
        "seconds": round(end - start, 1),
        "last_callback_after_s": round(seen.last_callback() - end, 1),
        "callbacks": seen.counts[-1][2],
        "callbacks_failed": seen.failed_callbacks,
        "lost": wanted - arrived,
        "doubled": max(0, accepted - wanted),
        "failed_jobs": house.count(_FAILED_JOBS),
        "open_attempts": house.count(_OPEN_ATTEMPTS),
        "states": _states(house),
        "seconds_per_1000": round((end - start) / accepted * 1000, 2),
        "cpu_per_1000": round(sum(s for n, s in used.items() if n not in OUTSIDE), 2),
        "cpu_per_1000_of": {name: round(seconds, 2) for name, seconds in used.items()},
        "memory": _peaks(seen.memory, house.mentees),
        **busy,
    }
    say(
        f"  {house.mentees} mentees, {workers} workers: {found['per_second']} messages/s, "
        f"{found['cpu_per_1000']} CPU s per 1,000; {found['lost']} lost, {found['doubled']} "
        f"doubled; others took {busy['others']} cores"
    )
    return found


def _watch(rig: Rig, house: House, wanted: int) -> Seen:
    """Look until everything has been accepted and every callback answered, or nothing moves."""
    seen = Seen()
    weigh_at = moved_at = told_at = time.perf_counter()
    given = 0
    while True:
        stats = house.stats()
        now = time.perf_counter()
        accepted = stats.get("outbound", 0)
        seen.failed_callbacks = stats.get("callbacks_failed", 0)
        callbacks = stats.get("callbacks_ok", 0)
        if not seen.counts or (accepted, callbacks) != seen.counts[-1][1:]:
            moved_at = now
        seen.counts.append((now, accepted, callbacks))
        is_over = accepted >= wanted and bool(stats["idle"])
        if now >= weigh_at or is_over:
            seen.memory.append((accepted, {row["process"]: row for row in rig.memory()}))
            weigh_at = now + WEIGH
        if is_over:
            return seen
        if now - told_at > 30:
            say(f"    {accepted} of {wanted} …")
            told_at = now
        if now - moved_at > STALLED:
            # Nothing leaves while everything is being given, which takes long for many.
            before, given = given, house.count(_GIVEN)
            if given == before:
                if not accepted:
                    raise Failed("The campaign does not send anything.")
                return seen
            moved_at = now
        time.sleep(LOOK)


def cpu(rig: Rig) -> dict[str, float]:
    """Processor seconds so far by process, those of PostgreSQL's ended processes included."""
    used = rig.cpu()
    times = psutil.Process(postmaster(rig.home)).cpu_times()
    used["postgres"] += times.children_user + times.children_system
    return used


def _states(house: House) -> dict[str, int]:
    row = house.connection.execute(_STATES).fetchone()
    found: dict[str, int] = row[0] if row else {}
    return found


def _peaks(
    samples: list[tuple[int, dict[str, dict[str, Any]]]], mentees: int
) -> list[dict[str, Any]]:
    """Per process: the peaks, and RSS after the first quarter of the messages and at the end."""
    end = samples[-1][1]
    quarter = next((rows for accepted, rows in samples if accepted >= mentees / 4), end)
    return [
        {
            "process": name,
            "processes": max(rows[name]["processes"] for _, rows in samples if name in rows),
            "pss_mb": max(rows[name]["pss_mb"] for _, rows in samples if name in rows),
            "rss_mb": max(rows[name]["rss_mb"] for _, rows in samples if name in rows),
            "rss_quarter_mb": quarter[name]["rss_mb"],
            "rss_end_mb": row["rss_mb"],
            "growth": round(row["rss_mb"] / max(quarter[name]["rss_mb"], 0.1) - 1, 3),
        }
        for name, row in end.items()
    ]
