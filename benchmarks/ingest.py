"""``python -m benchmarks.ingest``: signed webhooks accepted per second. ``--help`` lists options.

Side by side in one run: our web process alone and within the whole product, Rasa's stock Twilio
connector, and an empty Flask route under the same gunicorn settings.
"""

from __future__ import annotations

import functools
import json
import os
import subprocess
import sys
from collections.abc import Sequence
from typing import Any

from benchmarks import systems
from benchmarks.common import OTHERS, arguments, finish, memory_table, prepared
from benchmarks.figures import machine, table
from benchmarks.people import sure_questions
from benchmarks.posts import phones
from benchmarks.rig import ACCOUNT, Failed, Rig, say
from benchmarks.systems import System
from cli.common import child_environment, module

SENDERS = (1, 8, 32)
# A turn of Rasa gets slower as a conversation gets longer, so a sender's phones take turns.
PHONES_EACH = 20
# More than anything here accepts; requests are made before the clock starts.
MOST_PER_SECOND = {systems.STOCK: 400, systems.FLOOR: 8000}
MOST = 3000
AIM = 10.0


def point(rig: Rig, system: System, senders: int, bodies: list[str], quick: bool) -> dict[str, Any]:
    """Measure one number of senders, in a process of its own."""
    seconds, warmup = (1.5, 0.5) if quick else (6.0, 1.0)
    first = sum(n * PHONES_EACH for n in SENDERS if n < senders)
    own = phones(first, senders * PHONES_EACH)
    most = MOST_PER_SECOND.get(system.name, MOST)
    plan = {
        "url": system.webhook,
        "account": vars(ACCOUNT),
        "phones": [own[n::senders] for n in range(senders)],
        "bodies": bodies,
        "warmup": warmup,
        "seconds": seconds,
        "requests": int(most * (seconds + warmup) / senders),
    }
    with rig.watched() as busy:
        done = subprocess.run(
            module("benchmarks.load"),
            env=os.environ | child_environment(rig.home),
            input=json.dumps(plan),
            capture_output=True,
            text=True,
        )
    if done.returncode:
        raise Failed(f"The load generator failed: {done.stderr.strip()[-400:]}")
    found: dict[str, Any] = json.loads(done.stdout)
    found |= busy
    say(
        f"  {system.name}, {senders} senders: {found['per_second']}/s, "
        f"p50 {found['p50_ms']} ms, p99 {found['p99_ms']} ms, "
        f"others took {busy['others']} cores"
    )
    return found


def run(rig: Rig, bodies: list[str], quick: bool, senders: Sequence[int]) -> list[dict[str, Any]]:
    """Each system, started fresh and alone in turn."""
    measured: list[dict[str, Any]] = []
    for start in (
        systems.floor,
        functools.partial(systems.ours, whole=False),
        systems.ours,
        systems.stock,
    ):
        with start(rig) as system:
            points = [point(rig, system, each, bodies, quick) for each in senders]
            measured.append({"name": system.name, "points": points, "memory": rig.memory()})
    return measured


def aims(measured: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """What was aimed at, and what came of it."""
    rate = {one["name"]: one["points"][-1]["per_second"] for one in measured}
    found = []
    for name in (systems.WEB_ALONE, systems.OURS):
        times = rate[name] / max(rate[systems.STOCK], 0.1)
        found.append(
            {
                "aim": f"{name}: accepts at least {AIM:.0f} times what {systems.STOCK} accepts, "
                f"{measured[0]['points'][-1]['senders']} senders",
                "found": f"{times:.1f} times",
                "met": times >= AIM,
            }
        )
    return found


def shown(result: dict[str, Any]) -> str:
    """The figures as tables."""
    heading = (
        "system",
        "senders",
        "accepted/s",
        "p50 ms",
        "p99 ms",
        "refused",
        "generator CPU",
        OTHERS,
    )
    rows: list[Sequence[object]] = [
        (
            one["name"],
            point["senders"],
            point["per_second"],
            point["p50_ms"],
            point["p99_ms"],
            point["refused"] + point["broken"],
            f"{point['generator_cpu']:.0%}",
            point["others"],
        )
        for one in result["systems"]
        for point in one["points"]
    ]
    return "\n\n".join([table(heading, rows), memory_table(result["systems"])])


def main() -> int:
    """Run the benchmark and print its figures."""
    chosen = arguments("ingest", SENDERS)

    def work(rig: Rig) -> dict[str, Any]:
        bodies = [asked.text for asked in sure_questions(rig.home / "models")]
        where = machine(rig.home)
        measured = run(rig, bodies, chosen.quick, chosen.senders)
        return {
            "benchmark": "ingest",
            "machine": where,
            "quick": chosen.quick,
            "systems": measured,
            "aims": aims(measured),
        }

    return finish(chosen, prepared(work), shown)


if __name__ == "__main__":
    sys.exit(main())
