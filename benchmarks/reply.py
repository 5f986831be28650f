"""``python -m benchmarks.reply``: from a text in to the reply out. ``--help`` lists options.

Side by side in one run: our path and Rasa's stock Twilio connector on the same model. Then each
webhook is sent twice while Rasa is killed and started again.
"""

from __future__ import annotations

import asyncio
import itertools
import sys
import time
from collections.abc import Sequence
from typing import Any

from benchmarks import systems
from benchmarks.common import OTHERS, arguments, finish, memory_table, prepared
from benchmarks.drill import drill
from benchmarks.figures import machine, milliseconds, percentile, table
from benchmarks.people import Asked, plain, sure_questions
from benchmarks.posts import Posts, new_sid, phones
from benchmarks.rig import ACCOUNT, Rig, say
from benchmarks.systems import System
from benchmarks.wire import Ears, Wire, post

SENDERS = (1, 8, 32)
# A turn of Rasa gets slower as a conversation gets longer, so a sender's phones take turns.
PHONES_EACH = 20
PATIENCE = 20.0
AIM = 1.0


class Loops:
    """The closed loops of one point: each asks, waits for the reply, and asks again."""

    def __init__(self, system: System, ears: Ears, questions: Sequence[Asked]) -> None:
        self._system = system
        self._ears = ears
        self._posts = Posts(system.webhook, ACCOUNT)
        self._questions = itertools.cycle(questions)
        self.latencies: list[float] = []
        self.unanswered = 0
        self.other = 0
        self.seconds = 0.0

    async def run(self, senders: int, warmup: float, seconds: float) -> None:
        """Ask for ``warmup`` and ``seconds``; only what is asked after the warming up counts.

        Each sender counts one question at least, however slow the machine is; ``self.seconds`` is
        the time in which questions were asked.
        """
        first = sum(n * PHONES_EACH for n in SENDERS if n < senders)
        own = phones(first, senders * PHONES_EACH)
        warm_at = time.time() + warmup
        self.seconds = seconds
        await asyncio.gather(
            *(self._loop(own[n::senders], warm_at, warm_at + seconds) for n in range(senders))
        )

    async def _loop(self, own: list[str], warm_at: float, end_at: float) -> None:
        wire = Wire(self._system.webhook)
        counted = False
        for phone in itertools.cycle(own):
            asked = next(self._questions)
            had = len(self._ears.heard[phone])
            started = time.time()
            if started >= end_at and counted:
                break
            # The stock connector answers the webhook only after its reply has gone out.
            posting = asyncio.create_task(post(wire, self._posts, phone, asked.text, new_sid()))
            heard = await self._ears.first(phone, had, PATIENCE)
            await posting
            if started < warm_at:
                continue
            counted = True
            self.seconds = max(self.seconds, started - warm_at)
            if heard is None:
                self.unanswered += 1
                continue
            self.latencies.append(heard.at - started)
            self.other += asked.answer not in plain(heard.body)
        wire.close()


async def point(
    rig: Rig, system: System, ears: Ears, senders: int, questions: Sequence[Asked], quick: bool
) -> dict[str, Any]:
    """Measure one number of senders."""
    warmup, seconds = (1.0, 3.0) if quick else (2.0, 12.0)
    loops = Loops(system, ears, questions)
    with rig.watched() as busy:
        await loops.run(senders, warmup, seconds)
    found = {
        "senders": senders,
        "answered": len(loops.latencies),
        "unanswered": loops.unanswered,
        "other_answers": loops.other,
        "per_second": round(len(loops.latencies) / loops.seconds, 1),
        "p50_ms": milliseconds(percentile(loops.latencies, 0.5)),
        "p95_ms": milliseconds(percentile(loops.latencies, 0.95)),
        **busy,
    }
    say(
        f"  {system.name}, {senders} senders: p50 {found['p50_ms']} ms, p95 {found['p95_ms']} ms, "
        f"{found['per_second']}/s, others took {busy['others']} cores"
    )
    return found


async def measured(
    rig: Rig, system: System, questions: Sequence[Asked], quick: bool, senders: Sequence[int]
) -> dict[str, Any]:
    """All figures of one running system; the drill is not repeated for the tuned connector."""
    async with Ears(system.simulator) as ears:
        points = [await point(rig, system, ears, n, questions, quick) for n in senders]
        memory = rig.memory()
        drilled = system.name != systems.TUNED
        lost = await drill(rig, system, ears, questions, quick) if drilled else None
    return {"name": system.name, "points": points, "drill": lost, "memory": memory}


def aims(found: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """What was aimed at, and what came of it."""
    ours, stock = found[:2]
    fast = ours["points"][0]["p50_ms"], stock["points"][0]["p50_ms"]
    lost, doubled = ours["drill"]["lost"], ours["drill"]["doubled"]
    return [
        {
            "aim": "p50 of text to reply no worse than "
            f"{systems.STOCK}, senders: {ours['points'][0]['senders']}",
            "found": f"{fast[0]} ms against {fast[1]} ms",
            "met": None not in fast and fast[0] <= fast[1],
        },
        {"aim": "nothing lost", "found": f"{lost} of {ours['drill']['messages']}", "met": not lost},
        {
            "aim": "nothing doubled",
            "found": f"{doubled} of {ours['drill']['messages']}",
            "met": not doubled,
        },
    ]


def shown(result: dict[str, Any]) -> str:
    """The figures as tables."""
    figures = ("senders", "p50_ms", "p95_ms", "per_second", "answered", "unanswered", "others")
    rows: list[Sequence[object]] = [
        (one["name"], *(point[key] for key in figures))
        for one in result["systems"]
        for point in one["points"]
    ]
    titles = ("senders", "p50 ms", "p95 ms", "replies/s", "answered", "unanswered", OTHERS)
    heading = ("system", *titles)
    keys = ("messages", "acknowledged", "answered", "lost", "doubled", "rasa_away_s")
    drills: list[Sequence[object]] = [
        (one["name"], *(one["drill"][key] for key in keys))
        for one in result["systems"]
        if one["drill"] is not None
    ]
    counted = ("system", "messages", "acknowledged", "answered", "lost", "doubled", "Rasa away s")
    return "\n\n".join(
        [
            table(heading, rows),
            "Each webhook sent twice, Rasa killed and started again in the middle:",
            table(counted, drills),
            memory_table(result["systems"]),
        ]
    )


def main() -> int:
    """Run the benchmark and print its figures."""
    chosen = arguments("reply", SENDERS)

    def work(rig: Rig) -> dict[str, Any]:
        questions = sure_questions(rig.home / "models")
        where = machine(rig.home)
        found = []
        for start in (systems.ours, systems.stock, systems.tuned):
            with start(rig) as system:
                made = measured(rig, system, questions, chosen.quick, chosen.senders)
                found.append(asyncio.run(made))
        return {
            "benchmark": "reply",
            "machine": where,
            "quick": chosen.quick,
            "questions": len(questions),
            "systems": found,
            "aims": aims(found),
        }

    return finish(chosen, prepared(work), shown)


if __name__ == "__main__":
    sys.exit(main())
