"""What must never happen with cases: long random lives, judged, with counts. Zero is the aim.

Lives are by seed (``tests/interleaving``): the same seed plans the same deeds. Chance remains in
which of two simultaneous jobs is first, so a seed that failed may pass; run it some times.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
import time
from collections import Counter
from typing import Any

from benchmarks.figures import table
from benchmarks.rig import say

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


def main() -> int:
    """Live, judge, print; 1 if anything happened that must not."""
    parser = argparse.ArgumentParser(prog="./mentorline bench cases")
    parser.add_argument("--json", action="store_true")
    parser.add_argument("--quick", action="store_true", help="300 steps")
    parser.add_argument("--steps", type=int, default=20_000)
    parser.add_argument("--seed", type=int, default=1)
    chosen = parser.parse_args()
    try:
        # Not part of an installation that only serves.
        from tests.interleaving import runs
        from tests.interleaving.towns import street
    except ImportError:
        print("This benchmark needs the folder tests/ of the sources.", file=sys.stderr)
        return 1
    wanted = 300 if chosen.quick else chosen.steps
    began, seed = time.perf_counter(), chosen.seed
    found: dict[str, Any] = {"steps": 0, "interleavings": 0, "messages": 0, "cases": 0}
    checks: Counter[str] = Counter()
    violations: Counter[str] = Counter()
    actions: Counter[str] = Counter()
    failures: list[str] = []
    with street() as towns:
        while found["steps"] < wanted:
            steps = runs.plan(seed, min(LENGTH, wanted - found["steps"]))
            outcome = runs.live(towns, steps)
            found["steps"] += outcome.steps
            found["interleavings"] += 1
            found["messages"] += outcome.messages
            found["cases"] += outcome.cases
            checks += outcome.checks
            actions += outcome.actions
            if outcome.violations:
                violations.update(violation.judge for violation in outcome.violations)
                say(f"seed {seed} fails at step {outcome.failed_at}; shortening it …")
                failures.append(runs.report(seed, *runs.shorten(towns, steps, outcome)))
                print(failures[-1], file=sys.stderr, flush=True)
            elif found["interleavings"] % 10 == 0:
                say(f"  {found['steps']} steps, {found['messages']} messages, nothing wrong")
            seed += 1
    found |= {
        "seconds": round(time.perf_counter() - began, 1),
        "actions": dict(actions.most_common()),
        "judges": {name: {"checks": checks[name], "violations": violations[name]} for name in AIMS},
        "failures": failures,
    }
    print(json.dumps(found, ensure_ascii=False) if chosen.json else _shown(found))
    return 1 if failures else 0


def _shown(found: dict[str, Any]) -> str:
    kinds: Counter[str] = Counter()
    for kind, count in found["actions"].items():
        first, _, rest = kind.partition(" ")
        kinds[kind if first == "world" else {"word": "short words"}.get(first, first)] += count
        del rest
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
