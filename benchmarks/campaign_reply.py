"""Replies in the middle of a campaign: one sender asks, with and without it."""

from __future__ import annotations

import asyncio
import itertools
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

from benchmarks.campaign_house import House
from benchmarks.figures import milliseconds, percentile
from benchmarks.people import Asked, plain, sure_questions
from benchmarks.posts import Posts, new_sid, phones
from benchmarks.rig import ACCOUNT, Rig, say
from benchmarks.wire import Ears, Wire, post
from bot.settings import Settings

WORKERS = (1, 2)
# A turn of Rasa gets slower as a conversation gets longer, so phones take turns; points share none.
PHONES_EACH = 20
FIRST_WARMING = 900
WARMING = 4
PATIENCE = 20.0
FASTEST = 2000.0
DEFAULT: float = Settings.model_fields["campaign_rate"].default

_GIVEN = "SELECT count(*) FROM outbox WHERE dose_id IS NOT NULL"
_LEFT_US = "SELECT count(*) FROM outbox WHERE dose_id IS NOT NULL AND provider_sid IS NOT NULL"


@dataclass(frozen=True)
class Size:
    """How much: questions of a point, seconds between them, mentees due at each rate."""

    questions: int
    every: float
    mentees: dict[float, int]


# As many mentees as are sent to while the questions are asked; at full speed by a fast machine.
WHOLE = Size(60, 1.5, {DEFAULT: 4_000, FASTEST: 25_000})
QUICK = Size(10, 0.4, {DEFAULT: 600, FASTEST: 1_500})


@dataclass
class Replies:
    """What came of the questions of one point. Latencies in seconds."""

    latencies: list[float] = field(default_factory=list)
    unanswered: int = 0
    other: int = 0


class Asking:
    """One sender, who waits for a reply before the next question. A fixed pace otherwise."""

    def __init__(self, house: House, ears: Ears, questions: Iterator[Asked]) -> None:
        self._house = house
        self._ears = ears
        self._questions = questions
        self._posts = Posts(house.webhook, ACCOUNT)

    async def run(
        self, own: list[str], count: int, every: float, *, during_campaign: bool = False
    ) -> Replies:
        """Ask ``count`` questions; ``during_campaign``: stop when nothing of it waits any more."""
        found = Replies()
        for phone in itertools.islice(itertools.cycle(own), count):
            if during_campaign and not self._house.going_on():
                break
            started = time.time()
            await self._one(found, phone, next(self._questions))
            await asyncio.sleep(max(0.0, every - (time.time() - started)))
        return found

    async def _one(self, found: Replies, phone: str, asked: Asked) -> None:
        wire = Wire(self._house.webhook)
        had = len(self._ears.heard[phone])
        started = time.time()
        await post(wire, self._posts, phone, asked.text, new_sid())
        heard = await self._ears.first(phone, had, PATIENCE)
        wire.close()
        if heard is None:
            found.unanswered += 1
            return
        # The emulator's clock is moved like everybody's.
        found.latencies.append(heard.at - self._house.offset.total_seconds() - started)
        found.other += asked.answer not in plain(heard.body)


def replied(rig: Rig, workers: Sequence[int], quick: bool) -> list[dict[str, Any]]:
    """Every point: each number of workers without the campaign, at its usual rate, and at full.

    Returns:
        Rows with ``workers``, ``rate`` (``None``: no campaign), ``answered``, ``unanswered``,
        ``other_answers``, ``p50_ms``, ``p95_ms``, of ``Rig.watched``, and per second meanwhile
        ``given_per_second`` (doses that became messages) and ``campaign_per_second`` (handed over).
    """
    size = QUICK if quick else WHOLE
    questions = sure_questions(rig.home / "models")
    with House(rig, len(workers) * sum(size.mentees.values())) as house:
        house.prepare()
        house.open(rasa=True)
        return asyncio.run(_points(rig, house, itertools.cycle(questions), size, workers))


async def _points(
    rig: Rig, house: House, questions: Iterator[Asked], size: Size, workers: Sequence[int]
) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = []
    async with Ears(house.simulator) as ears:
        asking = Asking(house, ears, questions)
        for staff in workers:
            for rate in (DEFAULT, FASTEST):
                await asyncio.to_thread(house.staff, staff, rate)
                await asking.run(phones(FIRST_WARMING, WARMING), WARMING, 0.0)
                if rate == DEFAULT:
                    own = phones(len(found) * PHONES_EACH, PHONES_EACH)
                    found.append(await _point(rig, house, asking, own, size, staff, None))
                own = phones(len(found) * PHONES_EACH, PHONES_EACH)
                found.append(await _point(rig, house, asking, own, size, staff, rate))
    return found


async def _point(
    rig: Rig,
    house: House,
    asking: Asking,
    own: list[str],
    size: Size,
    workers: int,
    rate: float | None,
) -> dict[str, Any]:
    if rate is not None:
        had = house.count(_GIVEN)
        house.due(size.mentees[rate])
        await asyncio.to_thread(
            house.wait_for, lambda: house.count(_GIVEN) > had, "the campaign has not begun"
        )
    given, left, started = house.count(_GIVEN), house.count(_LEFT_US), time.perf_counter()
    with rig.watched() as busy:
        replies = await asking.run(
            own, size.questions, size.every, during_campaign=rate is not None
        )
    took = time.perf_counter() - started
    point = {
        "workers": workers,
        "rate": rate,
        "answered": len(replies.latencies),
        "unanswered": replies.unanswered,
        "other_answers": replies.other,
        "p50_ms": milliseconds(percentile(replies.latencies, 0.5)),
        "p95_ms": milliseconds(percentile(replies.latencies, 0.95)),
        "given_per_second": round((house.count(_GIVEN) - given) / took, 1),
        "campaign_per_second": round((house.count(_LEFT_US) - left) / took, 1),
        **busy,
    }
    if rate is not None:
        await asyncio.to_thread(house.call_off)
    say(
        f"  {workers} workers, {'no campaign' if rate is None else f'rate {rate:.0f}'}: "
        f"p50 {point['p50_ms']} ms, p95 {point['p95_ms']} ms, n {point['answered']}, "
        f"{point['campaign_per_second']} campaign messages/s meanwhile"
    )
    return point
