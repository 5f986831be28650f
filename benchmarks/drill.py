"""Lost or doubled: each webhook is sent twice, and Rasa is killed and started in the middle."""

from __future__ import annotations

import asyncio
import time
from collections import Counter
from collections.abc import Sequence
from typing import Any

from benchmarks.people import Asked, plain
from benchmarks.posts import Posts, new_sid, phones
from benchmarks.rig import ACCOUNT, Rig, say
from benchmarks.systems import System
from benchmarks.wire import Ears, Heard, Wire, post

PER_SECOND = 6.0
# Numbers that no closed loop has used: what comes to one of them answers its one message.
FIRST_PHONE = 820
QUIET = (30.0, 15.0)
"""Seconds without any reply after which what is missing counts as lost; the second: quick."""
LONGEST = 150.0


async def drill(
    rig: Rig, system: System, ears: Ears, questions: Sequence[Asked], quick: bool
) -> dict[str, Any]:
    """Send one message from each of many phones at a steady pace, twice, and count the answers.

    Rasa is killed after a third of them and started again at once.

    Returns:
        ``messages``; ``acknowledged`` (at least one 2xx); ``answered``; ``lost`` (no answer);
        ``doubled`` (the answer more than once); ``lost_acknowledged`` (lost though a 2xx promised
        otherwise); ``other_replies`` (text → how often; such as "I am working on it");
        ``rasa_away_s`` (seconds from the kill until it was ready).
    """
    count, quiet = (60, QUIET[1]) if quick else (180, QUIET[0])
    own = phones(FIRST_PHONE, count)
    asked = [questions[n % len(questions)] for n in range(count)]
    say(f"  {system.name}: {count} messages, each sent twice, Rasa killed in the middle …")
    posts = Posts(system.webhook, ACCOUNT)
    tasks = []
    away: asyncio.Task[float] | None = None
    for number, (phone, question) in enumerate(zip(own, asked, strict=True)):
        if number == count // 3:
            away = asyncio.create_task(asyncio.to_thread(_restart, rig, system.rasa))
        tasks.append(asyncio.create_task(_twice(posts, system, phone, question.text)))
        await asyncio.sleep(1 / PER_SECOND)
    assert away is not None
    rasa_away = await away
    acknowledged = await asyncio.gather(*tasks)
    until = time.time() + LONGEST
    since = time.time()
    while time.time() < until and time.time() - max(since, ears.last_at) < quiet:
        if all(_answers(ears.heard[p], q) for p, q in zip(own, asked, strict=True)):
            await asyncio.sleep(5)  # a second answer may still be under way
            break
        await asyncio.sleep(0.5)
    answers = [_answers(ears.heard[p], q) for p, q in zip(own, asked, strict=True)]
    found = {
        "messages": count,
        "acknowledged": sum(acknowledged),
        "answered": sum(n > 0 for n in answers),
        "lost": sum(n == 0 for n in answers),
        "lost_acknowledged": sum(
            n == 0 and ok for n, ok in zip(answers, acknowledged, strict=True)
        ),
        "doubled": sum(n > 1 for n in answers),
        "other_replies": dict(
            Counter(
                heard.body[:60]
                for phone, question in zip(own, asked, strict=True)
                for heard in ears.heard[phone]
                if question.answer not in plain(heard.body)
            ).most_common(5)
        ),
        "rasa_away_s": round(rasa_away, 1),
    }
    say(f"  {system.name}: {found['lost']} lost, {found['doubled']} doubled of {count}")
    return found


def _answers(heard: Sequence[Heard], asked: Asked) -> int:
    """How often the answer to a question has come."""
    return sum(asked.answer in plain(one.body) for one in heard)


async def _twice(posts: Posts, system: System, phone: str, text: str) -> bool:
    """Post a webhook and, as soon as it is answered, post it again; whether one was taken."""
    wire = Wire(system.webhook)
    sid = new_sid()
    taken = [await post(wire, posts, phone, text, sid) for _ in range(2)]
    wire.close()
    return any(taken)


def _restart(rig: Rig, name: str) -> float:
    """Kill a process and start it again at once; seconds until it is ready."""
    started = time.monotonic()
    rig.wait(rig.again(rig.kill(name)))
    return time.monotonic() - started
