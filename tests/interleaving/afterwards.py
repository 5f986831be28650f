"""What is judged when a life has come to rest: nobody left alone, logs, exports."""

from __future__ import annotations

import importlib
import importlib.util
import io
import logging
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import timedelta
from typing import Any

import structlog

from bot import words
from tests.interleaving.cast import CAST
from tests.interleaving.judges import Court, Violation
from tests.interleaving.life import Life
from tests.interleaving.speech import MARKER


@contextmanager
def captured_logs() -> Iterator[tuple[io.StringIO, io.StringIO]]:
    """All that the product writes to its log, as it writes it; and why jobs failed."""
    out, why = io.StringIO(), io.StringIO()
    handler, failures = logging.StreamHandler(out), logging.StreamHandler(why)
    handler.setLevel(logging.WARNING)
    failures.addFilter(lambda record: bool(record.exc_info))
    root, jobs = logging.getLogger(), logging.getLogger("procrastinate")
    root.addHandler(handler)
    jobs.addHandler(failures)
    level = jobs.level
    jobs.setLevel(logging.INFO)
    structlog.configure(
        processors=[
            structlog.processors.add_log_level,
            structlog.processors.format_exc_info,
            structlog.processors.LogfmtRenderer(key_order=["level", "event"]),
        ],
        logger_factory=structlog.PrintLoggerFactory(out),
        wrapper_class=structlog.make_filtering_bound_logger(logging.INFO),
    )
    try:
        yield out, why
    finally:
        jobs.setLevel(level)
        jobs.removeHandler(failures)
        root.removeHandler(handler)
        structlog.reset_defaults()


def calm(life: Life) -> None:
    """Everything works again and everybody is there; then time passes until all is done."""
    network = life.town.simulator.network
    network.state.switches.update(
        {
            "network_down": [],
            "window_closed": [],
            "callbacks": "normal",
            "webhooks_twice": False,
            "api_failure": "none",
        }
    )
    network.inbound.network_changed()
    network.delivery.network_changed()
    for actor in CAST:
        person = life.seen[-1].people.get(life.ids.get(actor.key, 0))
        if not actor.is_mentor or person is None:
            continue
        if person["stopped_at"] is not None:
            for address in actor.addresses:
                life.send(actor, address, "start", {"text": "START"})
        life.send(actor, actor.addresses[0], "mentor BACK", {"text": "BACK"})
    life.rest()
    # A working morning in Kigali, when somebody is on duty.
    tomorrow = life.town.time.now() + timedelta(days=1)
    life.town.until(tomorrow.replace(hour=8, minute=30))
    for _ in range(4):
        life.town.later(minutes=5)


def judged(court: Court, log: str) -> list[Violation]:
    """All that can only be said at the end."""
    return [
        *_left_without_a_word(court),
        *_answers_lost(court),
        *_unheld(court),
        *_out_of_the_house(court, "identifier_in_logs", log, words_too=True),
        *_exports(court),
    ]


def _left_without_a_word(court: Court) -> Iterator[Violation]:
    life = court.life
    told: set[int] = {row["inbound_id"] for row in life.outbox.values() if row["inbound_id"]}
    told |= {event["inbound_id"] for event in life.events if event["inbound_id"]}
    told |= life.posted
    keyed = [row["dedupe_key"] for row in life.outbox.values()]
    told |= {int(part) for key in keyed if key.startswith("in:") and (part := key.split(":")[1])}
    records = " ".join(event["text"].lower() for event in life.events)
    for row in life.inbound.values():
        said = life.by_sid.get(row["sid"])
        if said is None or said.marker is None or row["handled_as"] == "silent":
            continue  # a person who stopped is kept and not answered
        court.checks["left_without_word"] += 1
        heard = row["id"] in told or said.marker in records or _waits(life, row["id"])
        if not heard and not _started_again(life, row):
            yield Violation(
                "left_without_word",
                f"nothing came of {said.body!r} by {said.actor.key} ({row['handled_as']})",
                (said.address,),
            )


def _waits(life: Life, inbound_id: int) -> bool:
    """Kept until consent is given, or until a mentor says which case it is for."""
    for person in life.seen[-1].people.values():
        pending = person["pending"] or {}
        if inbound_id in [*pending.get("held", []), *pending.get("inbounds", [])]:
            return True
    return bool(life.inbound[inbound_id]["state"] == "dialogue")


def _started_again(life: Life, row: dict[str, Any]) -> bool:
    """Texted STOP afterwards, so that nothing more was said about it."""
    for other in life.inbound.values():
        same = other["person_id"] == row["person_id"] and other["id"] > row["id"]
        if same and words.consent_word(other["body"]) == "stop":
            return True
    return bool(row["handled_as"] == "knock")


def _answers_lost(court: Court) -> Iterator[Violation]:
    """A mentor who was told that it was sent can rely on it."""
    life = court.life
    for row in life.outbox.values():
        key = row["dedupe_key"]
        if not key.endswith(":delivered"):
            continue
        court.checks["answer_lost"] += 1
        case = life.seen[-1].cases[row["case_id"]]
        inbound_id = int(key.split(":")[1])
        said = life.by_sid.get(life.inbound[inbound_id]["sid"])
        answers = [
            other
            for other in life.outbox.values()
            if other["person_id"] == case["mentee_id"]
            and other["kind"] == "answer"
            and other["dedupe_key"].startswith(f"in:{inbound_id}:")
        ]
        if not answers:
            who = said.address if said else ""
            yield Violation("answer_lost", f"told {row['body']!r}, but nothing went out", (who,))
        for answer in answers:
            stopped = "stopped" in (answer["reason"] or "") or "expired" in (answer["reason"] or "")
            if answer["state"] in ("dropped", "failed") and not stopped:
                yield Violation(
                    "answer_lost", f"{answer['state']} ({answer['reason']}): {answer['body']!r}"
                )


def _unheld(court: Court) -> Iterator[Violation]:
    """With every mentor back and reachable, no open case is without one."""
    now = court.life.seen[-1]
    for case in now.cases.values():
        if case["state"] != "open":
            continue
        court.checks["case_left_alone"] += 1
        if not now.standing[case["id"]]:
            yield Violation(
                "case_left_alone",
                f"#{case['code']} has nobody, though mentors are there; "
                f"due {now.due.get(case['id']) or case.get('due_at')}, now {now.ended}",
            )


def _exports(court: Court) -> Iterator[Violation]:
    """Every export there is, as a file would hold it. A column of numbers is for numbers."""
    if importlib.util.find_spec("cli.exporting") is None:
        return
    exporting = importlib.import_module("cli.exporting")
    town = court.life.town
    span = (town.time.now() - timedelta(days=400), town.time.now() + timedelta(days=1))
    for name, export in sorted(exporting.EXPORTS.items()):
        with town.works.sessions() as session:
            file = exporting.written("csv", export.columns, export.rows(session, *span)).decode()
        numbers_too = not any(column in _NUMBERS for column in export.columns)
        found = _out_of_the_house(court, "identifier_in_exports", file, numbers_too=numbers_too)
        yield from (replace(violation, what=f"{name}: {violation.what}") for violation in found)


_NUMBERS = frozenset({"phone", "whatsapp", "to", "from", "address", "sender", "sent_to"})


def _out_of_the_house(
    court: Court, name: str, body: str, *, words_too: bool = False, numbers_too: bool = True
) -> Iterator[Violation]:
    """Nothing of what people wrote, and nothing that names them, stands in a file."""
    for line in body.splitlines():
        court.checks[name] += 1
        close = line.replace(" ", "")
        for actor in CAST if numbers_too else ():
            if actor.number[4:] in close:
                yield Violation(name, f"{actor.key}'s number: {line[:300]!r}")
        for said in court.life.said:
            for secret in said.secrets:
                if secret.leaks(line):
                    yield Violation(name, f"{secret.kind} of {said.body!r}: {line[:300]!r}")
        if words_too and MARKER.search(line.lower()):
            yield Violation(name, f"what somebody wrote: {line[:300]!r}")
