"""What both benchmarks share: arguments, preparation, and how the figures are printed."""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
from collections.abc import Callable, Sequence
from typing import Any

from benchmarks.figures import table
from benchmarks.rig import Failed, Rig, say
from bot.settings import SettingsError, load
from cli.common import child_environment, module
from cli.errors import Refusal

OTHERS = "others' cores"
"""Heading: how many cores the rest of the machine took meanwhile."""


def arguments(name: str, senders: Sequence[int]) -> argparse.Namespace:
    """``--json``, ``--quick``, and ``--senders``, which are ``senders`` unless told."""
    parser = argparse.ArgumentParser(prog=f"./mentorline bench {name}")
    parser.add_argument("--json", action="store_true", help="one JSON object instead of tables")
    parser.add_argument("--quick", action="store_true", help="fewer seconds per point")
    parser.add_argument(
        "--senders", type=numbers, default=tuple(senders), help="how many at once, such as 1,8"
    )
    return parser.parse_args()


def numbers(given: str) -> tuple[int, ...]:
    """Numbers from 1, separated by commas, in ascending order and once each.

    Raises:
        argparse.ArgumentTypeError: it is no such list.
    """
    try:
        found = sorted({int(number) for number in given.split(",")})
    except ValueError:
        raise argparse.ArgumentTypeError(f"{given!r} is no list such as 1,8") from None
    if found[0] < 1:
        raise argparse.ArgumentTypeError("numbers begin with 1")
    return tuple(found)


def prepared(work: Callable[[Rig], dict[str, Any]]) -> Callable[[], dict[str, Any]]:
    """Work that has a model and a rig when it is called."""

    def go() -> dict[str, Any]:
        settings = load()
        home = settings.mentorline_home.resolve()
        home.mkdir(parents=True, exist_ok=True)
        # A published model is measured as it is: training here could publish another one.
        if not (settings.models_dir / "current.tar.gz").exists():
            say("Training a model first; this takes about two minutes …")
            env = os.environ | child_environment(home)
            if subprocess.run(module("nlu.train"), env=env, stdout=sys.stderr).returncode:
                raise Failed("No model could be trained; see above.")
        with Rig(home, settings.models_dir.resolve()) as rig:
            return work(rig)

    return go


def finish(
    chosen: argparse.Namespace,
    go: Callable[[], dict[str, Any]],
    shown: Callable[[dict[str, Any]], str],
) -> int:
    """Do it and print what came of it; the exit status."""
    try:
        result = go()
    except (Failed, SettingsError, Refusal) as error:
        print(error, file=sys.stderr)
        return 1
    if chosen.json:
        print(json.dumps(result, ensure_ascii=False))
        return 0
    where = result["machine"]
    print(
        f"\n{where['cores']} cores, {where['memory_gb']} GB, Python {where['python']}, "
        f"{where['system']}; a durable write of 8 kB takes {where['fsync_ms']} ms, "
        f"a million additions in Python {where['additions_ms']} ms.\n"
    )
    print(shown(result))
    print()
    for aim in result["aims"]:
        print(f"{'met    ' if aim['met'] else 'NOT MET'}  {aim['aim']}: {aim['found']}")
    return 0


def memory_table(systems: list[dict[str, Any]]) -> str:
    """Memory of every process after its load."""
    rows: list[tuple[object, ...]] = []
    for one in systems:
        for row in one["memory"]:
            rows.append(
                (one["name"], row["process"], row["processes"], row["pss_mb"], row["rss_mb"])
            )
        total = [sum(row[key] for row in one["memory"]) for key in ("pss_mb", "rss_mb")]
        rows.append((one["name"], "all", None, *total))
    return table(("system", "process", "processes", "PSS MB", "RSS MB"), rows)
