"""Lives by seed: planned, lived, judged, and cut down when they fail."""

from __future__ import annotations

import traceback
from collections import Counter
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field

from tests.interleaving import (
    afterwards,
    beliefs,  # noqa: F401 - registers its judge
    gatherings,  # noqa: F401 - registers its deeds
)
from tests.interleaving.cast import BY_KEY, CAST
from tests.interleaving.doing import MENTEE, MENTOR
from tests.interleaving.judges import Court, Violation
from tests.interleaving.life import Life, fresh
from tests.interleaving.towns import Towns
from tests.interleaving.world import WORLD


@dataclass(frozen=True)
class Step:
    """Either something of the world, or what some people do at the same moment."""

    seed: int
    acts: tuple[tuple[str, str], ...]


@dataclass
class Outcome:
    """What one life came to. ``failed_at`` counts steps from 1."""

    steps: int = 0
    violations: list[Violation] = field(default_factory=list)
    checks: Counter[str] = field(default_factory=Counter)
    actions: Counter[str] = field(default_factory=Counter)
    messages: int = 0
    cases: int = 0
    failed_at: int | None = None
    phones: str = ""


def plan(seed: int, length: int) -> list[Step]:
    """The steps of a seed."""
    rng = fresh(seed, "plan")
    steps = []
    for number in range(length):
        if rng.random() < 0.28:
            acts: list[tuple[str, str]] = [("", _weighted(rng.random(), WORLD))]
        else:
            acts = []
            for _ in range(rng.choice((1, 1, 1, 2, 2, 3, 5))):
                actor = rng.choice(CAST)
                table = MENTOR if actor.is_mentor else MENTEE
                if actor.is_mentor and actor.is_mentee and rng.random() < 0.4:
                    table = MENTEE
                acts.append((actor.key, _weighted(rng.random(), table)))
        steps.append(Step(seed * 100_000 + number, tuple(acts)))
    return steps


def _weighted(chance: float, table: dict[str, tuple[int, Callable[..., None]]]) -> str:
    total = sum(weight for weight, _ in table.values())
    left = chance * total
    for name, (weight, _) in table.items():
        left -= weight
        if left < 0:
            return name
    return next(iter(table))


def live(towns: Towns, steps: Iterable[Step], *, silent: frozenset[str] = frozenset()) -> Outcome:
    """Live through steps in a fresh town, judging after each; stops at the first violation.

    ``silent``: judges who count and say nothing, while what they find is being mended.
    """
    outcome = Outcome()
    with towns() as town, afterwards.captured_logs() as (log, why):
        life = Life.begin(town)
        court = Court(life)
        try:
            for number, step in enumerate(steps, 1):
                outcome.steps = number
                _one(life, step, number)
                outcome.violations = [v for v in court.sit() if v.judge not in silent]
                if outcome.violations:
                    break
            else:
                life.step += 1
                life.began, life.ticked = town.time.now(), True
                afterwards.calm(life)
                life.look()
                found = [*court.sit(), *afterwards.judged(court, log.getvalue())]
                outcome.violations = [v for v in found if v.judge not in silent]
        except Exception as error:
            seen = f"{error}\n{_where(error)}\n{log.getvalue()[-2000:]}\n{why.getvalue()[-4000:]}"
            outcome.violations = [Violation("broke", seen)]
        outcome.failed_at = outcome.steps if outcome.violations else None
        outcome.checks, outcome.actions = court.checks, life.counts
        outcome.messages = len(town.simulator.state.messages)
        outcome.cases = len(life.seen[-1].cases)
        phones = {phone for violation in outcome.violations for phone in violation.phones if phone}
        outcome.phones = "\n".join(f"{phone}\n{life.transcript(phone)}" for phone in sorted(phones))
    return outcome


def _one(life: Life, step: Step, number: int) -> None:
    life.step, life.began = number, life.town.time.now()
    [(first, name), *_] = step.acts
    life.ticked = not first and name in ("minutes", "hours", "days", "hour_by_hour", "ticks")
    if not first:
        life.counts[f"world {name}"] += 1
        WORLD[name][1](life, fresh(step.seed, name))
    else:
        for place, (key, name) in enumerate(step.acts):
            table = MENTOR if name in MENTOR else MENTEE
            table[name][1](life, BY_KEY[key], fresh(step.seed, place, key, name))
    life.rest()
    life.look()


def _where(error: BaseException) -> str:
    return "".join(traceback.format_exception(error)[-6:])


def shorten(
    towns: Towns, steps: list[Step], failed: Outcome, tries: int = 40
) -> tuple[list[Step], Outcome]:
    """Fewer steps that still show a violation of the same judge, as far as ``tries`` lives go."""
    wanted = {violation.judge for violation in failed.violations}
    best, outcome = steps[: failed.failed_at], failed
    size = max(1, len(best) // 2)
    while tries > 0 and size >= 1:
        start, cut = 0, False
        while start < len(best) and tries > 0:
            shorter = best[:start] + best[start + size :]
            tries -= 1
            again = live(towns, shorter)
            if wanted & {violation.judge for violation in again.violations}:
                best, outcome, cut = shorter[: again.failed_at], again, True
            else:
                start += size
        if size == 1 and not cut:
            break
        size = max(1, size // 2) if size > 1 else (1 if cut else 0)
    return best, outcome


def report(seed: int, steps: list[Step], outcome: Outcome) -> str:
    """A failure as a person reads it."""
    lines = [f"seed {seed}, {len(steps)} steps:"]
    for number, step in enumerate(steps, 1):
        did = ", ".join(f"{who or 'the world'} {name}" for who, name in step.acts)
        lines.append(f"  {number} [{step.seed}] {did}")
    lines += [f"{violation.judge}: {violation.what}" for violation in outcome.violations[:6]]
    return "\n".join([*lines, outcome.phones])
