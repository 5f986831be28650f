"""What must never happen, each judged by itself from phones, tables, logs and exports.

A judge is handed the life after every step (``look`` has been called) and says what is wrong; it
counts how often it looked. Nothing of the product's own reasoning is used.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

from tests.interleaving.cast import BY_ADDRESS, CAST, Actor
from tests.interleaving.life import Life, Said, Seen
from tests.interleaving.speech import MARKER
from tests.interleaving.whose import Whose

# What left before STOP was read in the other thread is no message after STOP.
RACE = timedelta(milliseconds=600)
# What we start ourselves.
OURS = frozenset({"campaign", "campaign_reminder", "tip"})
# For this long after an answer a human still has the conversation.
THREAD = timedelta(minutes=30)
# The clock ticks every few seconds; in a town it ticks when time is moved.
STOPS, STARTS = frozenset({"stop", "arret", "stop please"}), frozenset({"start", "yes"})
_CLOSE = re.compile(r"[ .()\-\u00a0]+")


@dataclass(frozen=True)
class Violation:
    """What happened that must not, where to look, and whose phones show it."""

    judge: str
    what: str
    phones: tuple[str, ...] = ()


@dataclass
class Court:
    """All judges of one life, with what each has read already."""

    life: Life
    checks: Counter[str] = field(default_factory=Counter)
    read: dict[str, int] = field(default_factory=dict)
    whose: Whose = field(init=False)
    told: set[tuple[str, object]] = field(default_factory=set)

    def __post_init__(self) -> None:
        self.whose = Whose(self.life)

    def sit(self) -> list[Violation]:
        """Judge what the last step did."""
        found: list[Violation] = []
        fresh = self._fresh_messages()
        for judge in JUDGES:
            found += list(judge(self, fresh))
        return found

    def once(self, judge: str, what: object) -> bool:
        """Whether this has not been said before."""
        new = (judge, what) not in self.told
        self.told.add((judge, what))
        return new

    def _fresh_messages(self) -> list[tuple[Actor, Any]]:
        """What has been handed to the network since the last sitting."""
        fresh = []
        for address, actor in BY_ADDRESS.items():
            thread = self.life.thread(address)
            for message in thread[self.read.get(address, 0) :]:
                if not message.inbound and not message.automatic:
                    fresh.append((actor, message))
            self.read[address] = len(thread)
        return fresh

    def row_of(self, message: Any) -> dict[str, Any] | None:
        """The outbox row behind a message on a phone."""
        outbox_id = self.life.attempts.get(message.sid)
        if outbox_id is None:
            for row in self.life.outbox.values():
                if row["provider_sid"] == message.sid:
                    return row
            return None
        return self.life.outbox.get(outbox_id)


Judge = Callable[[Court, list[tuple[Actor, Any]]], Iterator[Violation]]
JUDGES: list[Judge] = []


def judge(function: Judge) -> Judge:
    """Register a judge."""
    JUDGES.append(function)
    return function


@judge
def words_at_the_wrong_person(court: Court, fresh: list[tuple[Actor, Any]]) -> Iterator[Violation]:
    """Whatever somebody wrote arrives only where it was meant to."""
    for reader, message in fresh:
        for word in set(MARKER.findall(message.body.lower())):
            said = court.life.by_marker.get(word)
            if said is None or said.actor is reader:
                continue
            name = "answer_at_wrong_mentee" if said.actor.is_mentor else "question_at_wrong_person"
            court.checks[name] += 1
            why = court.whose.forbids(said, reader, court.row_of(message))
            if why:
                yield Violation(
                    name,
                    f"{said.actor.key} wrote ({said.kind}, step {said.step}) {said.body!r}; "
                    f"{reader.key} got {message.body!r}: {why}",
                    (said.address, message.address),
                )


@judge
def numbers_and_identifiers(court: Court, fresh: list[tuple[Actor, Any]]) -> Iterator[Violation]:
    """No number of anybody and no identifier reaches somebody else's phone."""
    secrets = [(said, secret) for said in court.life.said for secret in said.secrets]
    known = {
        (reader.key, part)
        for reader, _ in fresh
        for said, secret in secrets
        if said.actor is reader
        for part in secret.hidden
    }
    for reader, message in fresh:
        court.checks["private_number_shown"] += 1
        close = _CLOSE.sub("", message.body)
        for actor in CAST:
            if actor.number[4:] in close:
                yield Violation(
                    "private_number_shown",
                    f"{actor.key}'s number at {reader.key}: {message.body!r}",
                    (message.address,),
                )
        court.checks["identifier_relayed"] += 1
        for said, secret in secrets:
            # What the reader wrote as well, a common name, may be their own words shown again.
            theirs = any((reader.key, part) in known for part in secret.hidden)
            if said.actor is not reader and not theirs and secret.leaks(message.body):
                yield Violation(
                    "identifier_relayed",
                    f"{secret.kind} of {said.body!r} at {reader.key}: {message.body!r}",
                    (said.address, message.address),
                )


@judge
def identifiers_in_events(court: Court, _: object) -> Iterator[Violation]:
    """The record of a case carries no identifier."""
    life = court.life
    secrets = [(said, secret) for said in life.said for secret in said.secrets]
    start = court.read.get("events", 0)
    for event in life.events[start:]:
        court.checks["identifier_in_events"] += 1
        body = f"{event['text']} {event['data']}"
        for said, secret in secrets:
            if secret.leaks(body):
                yield Violation(
                    "identifier_in_events", f"{secret.kind} of {said.body!r} in {body!r}"
                )
        close = _CLOSE.sub("", body)
        for actor in CAST:
            if actor.number[4:] in close:
                yield Violation("identifier_in_events", f"{actor.key}'s number in {body!r}")
    court.read["events"] = len(life.events)


@judge
def bot_over_mentor(court: Court, _: object) -> Iterator[Violation]:
    """While a human has the conversation, neither the library nor a campaign speaks."""
    life = court.life
    if len(life.seen) < 2:
        return
    before, after = life.seen[-2], life.seen[-1]
    busy: dict[int, dict[str, Any]] = {}
    for case_id, case in before.cases.items():
        later = after.cases[case_id]
        if case["state"] == "open" and later["state"] == "open":
            busy[case["mentee_id"]] = case
    for row in life.outbox.values():
        if row["attempted_at"] is None or not before.ended < row["attempted_at"] <= after.ended:
            continue
        if row["person_id"] not in busy:
            continue
        court.checks["bot_over_mentor"] += 1
        if row["kind"] in OURS:
            yield Violation(
                "bot_over_mentor",
                f"{row['kind']} to person {row['person_id']} in case "
                f"#{busy[row['person_id']]['code']}: {row['body']!r}",
            )
    for row in life.inbound.values():
        if row["done_at"] is None or not before.ended < row["done_at"] <= after.ended:
            continue
        said = life.by_sid.get(row["sid"])
        if said is None or row["person_id"] not in busy or said.marker is None:
            continue
        if said.step < life.step:
            continue  # it may have waited for the library before the case was opened
        court.checks["bot_over_mentor"] += 1
        if row["handled_as"] == "dialogue" and said.kind not in ("new", "plain"):
            yield Violation(
                "bot_over_mentor",
                f"{said.body!r} went to the library in case #{busy[row['person_id']]['code']}",
                (said.address,),
            )


@judge
def nothing_after_stop(court: Court, _: object) -> Iterator[Violation]:
    """Who texted STOP has stopped, and hears nothing but its confirmation until START."""
    life, now = court.life, court.life.seen[-1]
    before = life.seen[-2] if len(life.seen) > 1 else now
    wished = wishes(life)
    for person_id, words in wished.items():
        court.checks["after_stop"] += 1
        if words[-1][1] == "stop" and now.people[person_id]["stopped_at"] is None:
            yield Violation(
                "after_stop",
                f"{words[-1][2].actor.key} texted STOP and has not stopped",
                (words[-1][2].address,),
            )
    for row in life.outbox.values():
        at = row["attempted_at"]
        if at is None or at <= before.ended or at > now.ended or row["kind"] == "stop_confirmation":
            continue
        words = wished.get(row["person_id"], [])
        earlier = [word for word in words if word[0] <= at]
        stopped = bool(earlier) and earlier[-1][1] == "stop" and at - earlier[-1][0] > RACE
        table = before.people.get(row["person_id"], {}).get("stopped_at") is not None
        came_back = any(word[0] > before.ended and word[1] == "start" for word in words)
        court.checks["after_stop"] += 1
        if stopped or (table and not came_back):
            actor = life.actor_of(row["person_id"])
            yield Violation(
                "after_stop",
                f"{row['kind']} to {actor.key if actor else '?'} after STOP: {row['body']!r}",
                actor.addresses if actor else (),
            )


def wishes(life: Life) -> dict[int, list[tuple[Any, str, Said]]]:
    """The consent words of each person in the order in which they arrived."""
    found: dict[int, list[tuple[Any, str, Said]]] = {}
    for row in life.inbound.values():
        said = life.by_sid.get(row["sid"])
        if said is None or row["person_id"] is None or row["state"] != "done":
            continue
        word = said.body.strip().lower()
        wish = "stop" if word in STOPS else "start" if word in STARTS else None
        so_far = found.get(row["person_id"], [])
        if wish == "start" and word == "yes" and (not so_far or so_far[-1][1] != "stop"):
            continue
        if wish:
            found.setdefault(row["person_id"], []).append((row["received_at"], wish, said))
    return found


@judge
def every_case_has_a_future(court: Court, _: object) -> Iterator[Violation]:
    """A case that is not closed is held, or offered, or waits for a row that will move it."""
    life, now = court.life, court.life.seen[-1]
    for case in now.cases.values():
        if case["state"] == "closed":
            continue
        court.checks["case_left_alone"] += 1
        due = _due(case, now)
        if not due:
            yield Violation("case_left_alone", f"#{case['code']} ({case['state']}): no due row")
            continue
        if not now.standing[case["id"]] and case["state"] == "open" and now.due:
            kinds = {row["kind"] for row in now.due.get(case["id"], [])}
            if "route" not in kinds:
                yield Violation(
                    "case_left_alone", f"#{case['code']}: nobody has it and nothing routes it"
                )
        # What was due before the last tick has been looked at.
        late = min(due) < now.began - timedelta(minutes=1) and life.ticked
        if late:
            yield Violation(
                "case_left_alone", f"#{case['code']}: due at {min(due)}, and it is {now.ended}"
            )


def _due(case: dict[str, Any], now: Seen) -> list[Any]:
    rows = [row["due_at"] for row in now.due.get(case["id"], [])]
    if "due_at" in case and case["due_at"] is not None:
        rows.append(case["due_at"])
    return rows


@judge
def nothing_left_undone(court: Court, _: object) -> Iterator[Violation]:
    """Every message that was taken is done with, or waits for the library with a time to it."""
    life = court.life
    for row in life.inbound.values():
        court.checks["inbound_undone"] += 1
        if row["state"] == "done" or (row["state"] == "dialogue" and row["retry_at"]):
            continue
        if court.once("inbound_undone", row["id"]):
            yield Violation(
                "inbound_undone", f"inbound {row['id']} {row['body']!r}: {row['state']}"
            )


@judge
def nothing_twice(court: Court, fresh: list[tuple[Actor, Any]]) -> Iterator[Violation]:
    """One cause, one message: at the provider, and of the same words."""
    life = court.life
    given: dict[int, list[Any]] = {}
    for reader, message in fresh:
        court.checks["said_twice"] += 1
        row = court.row_of(message)
        if row is None:
            yield Violation(
                "said_twice", f"no outbox row is behind {message.body!r} at {reader.key}"
            )
            continue
        given.setdefault(row["id"], []).append(message)
    for outbox_id, messages in given.items():
        alive = [m for m in messages if m.status not in ("failed", "undelivered")]
        if len(alive) > 1:
            yield Violation(
                "said_twice",
                f"outbox {outbox_id} left twice: {alive[0].body!r}",
                (alive[0].address,),
            )
    answers: dict[tuple[int, str], set[int]] = {}
    for row in life.outbox.values():
        if row["kind"] == "answer" and row["state"] not in ("dropped", "failed"):
            for word in set(MARKER.findall(row["body"].lower())):
                answers.setdefault((row["person_id"], word), set()).add(row["id"])
    for (person_id, word), rows in answers.items():
        if len(rows) > 1 and court.once("said_twice", (person_id, word)):
            yield Violation(
                "said_twice", f"{life.by_marker[word].body!r} answers person {person_id} twice"
            )
