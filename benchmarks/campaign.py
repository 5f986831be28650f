"""``python -m benchmarks.campaign``: a national programme's questions, all due in the same hour.

How fast they are planned and handed over, what that costs in processor time and memory, and what
it does to somebody who asks a question meanwhile. ``--help`` lists the options.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable, Sequence
from typing import Any

from benchmarks.campaign_house import House
from benchmarks.campaign_reply import DEFAULT, FASTEST, WORKERS, replied
from benchmarks.campaign_send import OUTSIDE, sent
from benchmarks.common import OTHERS, finish, numbers, prepared
from benchmarks.figures import machine, table
from benchmarks.rig import Rig
from bot.settings import load

PARTS = ("plan", "send", "reply")
SIZES = (10_000, 20_000, 100_000)
QUICK_SIZES = (600, 1_200)
# Mentees; there are made-up numbers for more.
MOST = 999_999

PER_SECOND = 300.0
SLOWER = 2.0
DEARER = 1.2
GROWTH = 0.10


def parsed(given: Sequence[str] | None = None) -> argparse.Namespace:
    """The options; ``sizes`` in ascending order, ``parts`` as chosen."""
    parser = argparse.ArgumentParser(prog="./mentorline bench campaign")
    parser.add_argument("--json", action="store_true", help="one JSON object instead of tables")
    parser.add_argument("--quick", action="store_true", help="small sizes, few questions")
    parser.add_argument("--part", choices=PARTS, help="only this part")
    parser.add_argument("--sizes", type=_sizes, help="numbers of mentees, such as 10000,20000")
    parser.add_argument("--workers", type=numbers, default=WORKERS, help="how many, such as 1,2")
    parser.add_argument("--profile", action="store_true", help="also the processors by process")
    chosen = parser.parse_args(given)
    chosen.sizes = chosen.sizes or (QUICK_SIZES if chosen.quick else SIZES)
    chosen.parts = (chosen.part,) if chosen.part else PARTS
    return chosen


def _sizes(given: str) -> tuple[int, ...]:
    found = numbers(given)
    if found[-1] > MOST:
        raise argparse.ArgumentTypeError(f"sizes are between 1 and {MOST}")
    return found


def measured(rig: Rig, chosen: argparse.Namespace) -> dict[str, Any]:
    """Carry out the chosen parts. Planning is measured while the sending is prepared."""
    where = machine(rig.home)
    plans: list[dict[str, Any]] = []
    sends: list[dict[str, Any]] = []
    sending = "send" in chosen.parts
    for size in chosen.sizes if sending or "plan" in chosen.parts else ():
        for workers in chosen.workers if sending else (0,):
            with House(rig, size) as house:
                plans.append(house.prepare())
                if sending:
                    house.open()
                    sends.append(sent(rig, house, workers, FASTEST))
    replies = replied(rig, chosen.workers, chosen.quick) if "reply" in chosen.parts else []
    return {
        "benchmark": "campaign",
        "machine": where,
        "quick": chosen.quick,
        "plan": plans,
        "send": sends,
        "reply": replies,
        "aims": aims(sends, replies),
    }


def aims(sends: list[dict[str, Any]], replies: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """What was aimed at, and what came of it."""
    found = [*_speed(sends), *_costs(sends)] if sends else []
    for name, rate in (("the usual rate", DEFAULT), ("full speed", FASTEST)):
        if replies:
            found.append(_not_slower(replies, name, rate))
    return found


def _speed(sends: list[dict[str, Any]]) -> list[dict[str, Any]]:
    best = max(sends, key=lambda one: float(one["per_second"]))
    lost, doubled = (sum(one[key] for one in sends) for key in ("lost", "doubled"))
    failed, unclosed = (sum(one[key] for one in sends) for key in ("failed_jobs", "open_attempts"))
    messages = sum(one["accepted"] for one in sends)
    grown = max(
        (row["growth"], row["process"], one["mentees"])
        for one in sends
        for row in one["memory"]
        if row["process"].startswith("worker")
    )
    return [
        {
            "aim": f"at least {PER_SECOND:.0f} messages handed over per second",
            "found": f"{best['per_second']} with {best['workers']} workers, "
            f"{best['mentees']} mentees",
            "met": best["per_second"] >= PER_SECOND,
        },
        {"aim": "nothing lost", "found": f"{lost} of {messages}", "met": not lost},
        {"aim": "nothing doubled", "found": f"{doubled} of {messages}", "met": not doubled},
        {
            "aim": "no job fails, and what came of every call is written down",
            "found": f"{failed} jobs failed, {unclosed} of {messages} calls left open",
            "met": not failed and not unclosed,
        },
        {
            "aim": f"memory flat: no worker's RSS grows by more than {GROWTH:.0%} after the first "
            "quarter",
            "found": f"{grown[0]:+.0%} ({grown[1]}, {grown[2]} mentees)",
            "met": grown[0] <= GROWTH,
        },
    ]


def _costs(sends: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """The largest size beside the smallest, with as many workers."""
    most = sends[-1]
    least = next(one for one in sends if one["workers"] == most["workers"])
    if least is most:
        return []
    found = []
    for key, name in (("cpu_per_1000", "processor time"), ("seconds_per_1000", "time")):
        ratio = most[key] / max(least[key], 0.001)
        found.append(
            {
                "aim": f"{name} per message at {most['mentees']} mentees at most {DEARER} times "
                f"that at {least['mentees']}",
                "found": f"{ratio:.2f} times",
                "met": ratio <= DEARER,
            }
        )
    return found


def _not_slower(replies: list[dict[str, Any]], name: str, rate: float) -> dict[str, Any]:
    p95 = {(one["workers"], one["rate"]): one["p95_ms"] for one in replies}
    pairs = [
        (workers, p95[workers, None], p95[workers, rate])
        for workers in sorted({one["workers"] for one in replies})
    ]
    return {
        "aim": f"p95 of a reply not doubled by a campaign at {name} ({rate:.0f}/s)",
        "found": "; ".join(
            f"{beside} ms against {alone} ms ({workers} workers)"
            for workers, alone, beside in pairs
        ),
        "met": all(
            alone is not None and beside is not None and beside <= alone * SLOWER
            for _, alone, beside in pairs
        ),
    }


def shown(result: dict[str, Any], profile: bool) -> str:
    """The figures as tables."""
    sends = result["send"]
    parts = [_plan_table(result["plan"])] if result["plan"] else []
    if sends:
        parts += [_send_table(sends), _cost_table(sends), _memory_table(sends)]
    if sends and profile:
        parts.append("Cores kept busy during the sending:\n" + _profile_table(sends))
    if result["reply"]:
        parts.append(_reply_table(result["reply"]))
    return "\n\n".join(parts)


def _plan_table(plans: list[dict[str, Any]]) -> str:
    keys = ("mentees", "launch_s", "plan_s", "enrolments_per_second", "doses", "doses_per_second")
    heading = ("mentees", "launch s", "plan s", "enrolments/s", "doses", "doses/s")
    return table(heading, [tuple(one[key] for key in keys) for one in plans])


def _send_table(sends: list[dict[str, Any]]) -> str:
    columns = {
        "mentees": "mentees",
        "workers": "workers",
        "per_second": "messages/s",
        "first_after_s": "first after s",
        "seconds": "seconds",
        "last_callback_after_s": "last callback after s",
        "callbacks": "callbacks",
        "callbacks_failed": "failed",
        "lost": "lost",
        "doubled": "doubled",
        "failed_jobs": "failed jobs",
        "others": OTHERS,
    }
    return table(tuple(columns.values()), [tuple(one[key] for key in columns) for one in sends])


def _cost_table(sends: list[dict[str, Any]]) -> str:
    """Per 1,000 messages."""
    names = _processes(sends, "cpu_per_1000_of")
    heading = ("mentees", "workers", "s/1,000", "CPU s/1,000", *names)
    return table(
        heading,
        [
            (
                one["mentees"],
                one["workers"],
                one["seconds_per_1000"],
                one["cpu_per_1000"],
                *(one["cpu_per_1000_of"].get(name) for name in names),
            )
            for one in sends
        ],
    )


def _memory_table(sends: list[dict[str, Any]]) -> str:
    rows: list[Sequence[object]] = [
        (
            row["process"],
            one["mentees"],
            one["workers"],
            row["pss_mb"],
            row["rss_mb"],
            row["rss_quarter_mb"],
            row["rss_end_mb"],
            f"{row['growth']:+.0%}",
        )
        for one in sends
        for row in one["memory"]
    ]
    peaks = ("peak PSS MB", "peak RSS MB", "RSS after a quarter", "RSS at the end", "growth")
    return table(("process", "mentees", "workers", *peaks), rows)


def _profile_table(sends: list[dict[str, Any]]) -> str:
    names = [*_processes(sends, "cores"), *OUTSIDE]
    rows = [
        (one["mentees"], one["workers"], *(one["cores"].get(name) for name in names))
        for one in sends
    ]
    return table(("mentees", "workers", *names), rows)


def _processes(sends: list[dict[str, Any]], key: str) -> list[str]:
    return sorted({name for one in sends for name in one[key]} - set(OUTSIDE))


def _reply_table(replies: list[dict[str, Any]]) -> str:
    keys = ("p50_ms", "p95_ms", "answered", "unanswered", "other_answers", "others")
    heading = ("workers", "campaign rate", "given/s", "sent/s", "p50 ms", "p95 ms", "answered")
    return table(
        (*heading, "unanswered", "other answers", OTHERS),
        [
            (
                one["workers"],
                None if one["rate"] is None else round(one["rate"]),
                one["given_per_second"],
                one["campaign_per_second"],
                *(one[key] for key in keys),
            )
            for one in replies
        ],
    )


def _without_model(work: Callable[[Rig], dict[str, Any]]) -> Callable[[], dict[str, Any]]:
    def go() -> dict[str, Any]:
        settings = load()
        home = settings.mentorline_home.resolve()
        home.mkdir(parents=True, exist_ok=True)
        with Rig(home, settings.models_dir.resolve()) as rig:
            return work(rig)

    return go


def main() -> int:
    """Run the benchmark and print its figures."""
    chosen = parsed()

    def work(rig: Rig) -> dict[str, Any]:
        return measured(rig, chosen)

    # Only the dialogue needs a model.
    go = prepared(work) if "reply" in chosen.parts else _without_model(work)
    return finish(chosen, go, lambda result: shown(result, chosen.profile))


if __name__ == "__main__":
    sys.exit(main())
