"""What must never happen with cases: long random lives, judged, with counts. Zero is the aim.

Lives are by seed (``tests/interleaving``): the same seed plans the same deeds. Chance remains in
which of two simultaneous jobs is first, so a seed that failed may pass; run it some times.
"""

from __future__ import annotations

import argparse
import json
import os
import signal
import subprocess
import sys
import threading
import time
from collections import Counter
from typing import Any

from benchmarks.figures import table
from benchmarks.rig import say
from cli.places import ROOT

# Steps of one life: long enough for cases to be passed, answered, closed and come back.
LENGTH = 80
AIMS = {
    "answer_at_wrong_mentee": "an answer at the wrong mentee",
    "question_at_wrong_person": "a mentee's words at somebody who has not the case",
    "private_number_shown": "a private number shown to the other side",
    "identifier_relayed": "an identifier in a relayed text",
    "identifier_in_events": "an identifier in the record of a case",
    "identifier_in_logs": "an identifier or somebody's words in a log",
    "identifier_in_exports": "an identifier or a number in an export",
    "bot_over_mentor": "the bot talking over a mentor",
    "after_stop": "a message after STOP",
    "two_holders": "two mentors both believing they hold a case",
    "case_left_alone": "an open case with nobody and no due row, or overdue",
    "inbound_undone": "a message left undone",
    "said_twice": "one thing said twice",
    "left_without_word": "a text that nothing came of",
    "answer_lost": "an answer that was confirmed and did not go out",
    "broke": "something broke, or did not come to rest",
}

SHOWN_AS = {"word": "a mentee's short words", "mentor": "a mentor's words", "presses": "buttons"}


def main() -> int:
    """Live, judge, print; 1 if anything happened that must not."""
    parser = argparse.ArgumentParser(prog="./mentorline bench cases")
    parser.add_argument("--json", action="store_true")
    parser.add_argument("--quick", action="store_true", help="300 steps")
    parser.add_argument("--steps", type=int, default=20_000)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--part", help="for its own processes: FIRST:EVERY of the seeds")
    chosen = parser.parse_args()
    if not (ROOT / "tests" / "interleaving").is_dir():
        # Not part of an installation that only serves.
        print("This benchmark needs the folder tests/ of the sources.", file=sys.stderr)
        return 1
    if chosen.part:
        first, every = map(int, chosen.part.split(":"))
        return _live(first, every, chosen.steps)
    found = _together(chosen.seed, 300 if chosen.quick else chosen.steps)
    print(json.dumps(found, ensure_ascii=False) if chosen.json else _shown(found))
    return 1 if found["failures"] else 0


def _live(first: int, every: int, steps: int) -> int:
    """Live every so many-th seed from ``first``, so many steps in all; a line of JSON for each."""
    from tests.interleaving import runs
    from tests.interleaving.towns import street

    # Ended from outside, it still takes its PostgreSQL along.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))
    seed = first
    with street() as towns:
        while steps > 0:
            planned = runs.plan(seed, min(LENGTH, steps))
            outcome = runs.live(towns, planned)
            steps -= max(1, outcome.steps)
            line = {
                "steps": outcome.steps,
                "messages": outcome.messages,
                "cases": outcome.cases,
                "checks": outcome.checks,
                "actions": outcome.actions,
                "violations": Counter(violation.judge for violation in outcome.violations),
            }
            if outcome.violations:
                say(f"seed {seed} fails at step {outcome.failed_at}; shortening it …")
                line["failure"] = runs.report(seed, *runs.shorten(towns, planned, outcome))
            print(json.dumps(line, ensure_ascii=False), flush=True)
            seed += every
    return 0


def _together(seed: int, steps: int) -> dict[str, Any]:
    """As many processes as there are cores, each with lives and a PostgreSQL of its own."""
    began, cores = time.perf_counter(), min(os.cpu_count() or 1, -(-steps // LENGTH))
    command = [sys.executable, "-m", "benchmarks.cases"]
    parts = [
        subprocess.Popen(
            [*command, f"--part={seed + n}:{cores}", f"--steps={(steps + n) // cores}"],
            stdout=subprocess.PIPE,
            text=True,
        )
        for n in range(cores)
    ]
    totals: Counter[str] = Counter()
    checks: Counter[str] = Counter()
    actions: Counter[str] = Counter()
    violations: Counter[str] = Counter()
    failures: list[str] = []

    def read(part: subprocess.Popen[str]) -> None:
        assert part.stdout is not None
        for text in part.stdout:
            line = json.loads(text)
            with reading:
                totals.update({name: line[name] for name in ("steps", "messages", "cases")})
                totals["interleavings"] += 1
                checks.update(line["checks"])
                actions.update(line["actions"])
                violations.update(line["violations"])
                if "failure" in line:
                    failures.append(line["failure"])
                    print(failures[-1], file=sys.stderr, flush=True)
                elif totals["interleavings"] % 20 == 0:
                    say(f"  {totals['steps']} steps, {sum(violations.values())} violations")

    reading = threading.Lock()
    threads = [threading.Thread(target=read, args=(part,)) for part in parts]
    for thread in threads:
        thread.start()
    try:
        for thread in threads:
            thread.join()
    finally:
        for part in parts:
            part.terminate()
    for part in parts:
        if part.wait() > 0:
            violations["broke"] += 1
            failures.append(f"a process of the benchmark ended with {part.returncode}")
    return {
        **totals,
        "seconds": round(time.perf_counter() - began, 1),
        "actions": dict(actions.most_common()),
        "judges": {name: {"checks": checks[name], "violations": violations[name]} for name in AIMS},
        "failures": failures,
    }


def _shown(found: dict[str, Any]) -> str:
    kinds: Counter[str] = Counter()
    for kind, count in found["actions"].items():
        first = kind.split(" ")[0]
        kinds[kind if first == "world" else SHOWN_AS.get(first, first)] += count
    judged = [
        (words, found["judges"][name]["checks"], found["judges"][name]["violations"])
        for name, words in AIMS.items()
    ]
    return "\n\n".join(
        [
            f"{found['interleavings']} interleavings, {found['steps']} steps, "
            f"{found['messages']} messages, {found['cases']} cases in {found['seconds']} s "
            f"on {os.cpu_count()} cores.",
            table(("what was done", "times"), kinds.most_common()),
            table(("must never happen", "checks", "violations"), judged),
        ]
    )


if __name__ == "__main__":
    sys.exit(main())
