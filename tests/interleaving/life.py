"""One life of a programme: a real town, what its people said, and what the tables showed."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import datetime
from random import Random
from typing import Any

from sqlalchemy import text

from bot.words import CODE_ALPHABET
from simulator.inbound import CannotSend
from tests.interleaving import cast
from tests.interleaving.cast import BY_KEY, Actor
from tests.interleaving.speech import Secret
from tests.town import Town, wait_for

CODE = re.compile(rf"#([{CODE_ALPHABET}]{{4}})(?![A-Z0-9])")
LISTED = re.compile(rf"^\s*(\d{{1,2}})\W+#([{CODE_ALPHABET}]{{4}})", re.MULTILINE)


@dataclass
class Said:
    """What somebody sent, and what they meant by it.

    ``codes``: the cases a mentor addressed it to; empty: to none. ``picks``: the code of the case
    that a number or a button stood for on the phone when it was sent.
    """

    step: int
    actor: Actor
    address: str
    kind: str
    body: str
    sid: str
    marker: str | None = None
    secrets: tuple[Secret, ...] = ()
    codes: frozenset[str] = frozenset()
    picks: str | None = None


@dataclass(frozen=True)
class Seen:
    """The tables as they stood after a step. Rows are plain mappings by column."""

    step: int
    began: datetime
    ended: datetime
    cases: dict[int, dict[str, Any]]
    # Case → who held it or was offered it, at this moment.
    standing: dict[int, frozenset[int]]
    people: dict[int, dict[str, Any]]
    due: dict[int, list[dict[str, Any]]]


@dataclass
class Life:
    """A town with its cast, and all that happened. ``steps_done`` counts from 1."""

    town: Town
    ids: dict[str, int]
    said: list[Said] = field(default_factory=list)
    by_sid: dict[str, Said] = field(default_factory=dict)
    by_marker: dict[str, Said] = field(default_factory=dict)
    seen: list[Seen] = field(default_factory=list)
    events: list[dict[str, Any]] = field(default_factory=list)
    outbox: dict[int, dict[str, Any]] = field(default_factory=dict)
    inbound: dict[int, dict[str, Any]] = field(default_factory=dict)
    # Discussion → its host, whoever ever took part, and the case that was posed.
    talks: dict[int, tuple[frozenset[int], int | None]] = field(default_factory=dict)
    # Inbound messages that became a reply in a discussion.
    posted: frozenset[int] = frozenset()
    # Provider's sid → outbox id, of every attempt.
    attempts: dict[str, int] = field(default_factory=dict)
    counts: Counter[str] = field(default_factory=Counter)
    step: int = 0
    began: datetime | None = None
    # Whether the clock ticked in this step.
    ticked: bool = False

    @classmethod
    def begin(cls, town: Town) -> Life:
        """Put the cast into a fresh town; the mentors have written lately."""
        life = cls(town, cast.settle(town))
        town.simulator.state.switches.update({"read_receipts": False})
        life.look()
        return life

    # Phones

    def thread(self, address: str) -> list[Any]:
        """All messages of a phone, oldest first."""
        return list(self.town.simulator.state.threads.get(address, []))

    def shown(self, address: str) -> list[Any]:
        """What is to be seen on a phone of ours, oldest first."""
        return [m for m in self.thread(address) if not m.inbound and m.status in _ARRIVED]

    def send(
        self, actor: Actor, address: str, kind: str, request: Mapping[str, Any], **about: Any
    ) -> Said | None:
        """A person sends something; nothing is waited for. ``None``: the phone cannot."""
        with suppress(CannotSend):
            message = self.town.simulator.network.inbound.send(address, dict(request))
            said = Said(self.step, actor, address, kind, message.body, message.sid, **about)
            self.said.append(said)
            self.by_sid[said.sid] = said
            if said.marker:
                self.by_marker[said.marker] = said
            self.counts[kind] += 1
            return said
        return None

    # Time

    def rest(self) -> None:
        """Let everything that is due be done, with its jobs at the same time."""
        self.taken()
        self.town.rest()

    def taken(self) -> None:
        """Wait until the product has answered every webhook."""
        state = self.town.simulator.state
        wait_for(
            lambda: (
                not any(m.inbound and m.status == "sent" for m in list(state.messages.values()))
                and not self.town.simulator.network.inbound.lanes.pending
            ),
            "the webhooks",
        )

    def look(self) -> None:
        """Keep the tables as they stand now."""
        now = self.town.time.now()
        with self.town.works.engine.connect() as connection:

            def rows(query: str, **values: Any) -> list[dict[str, Any]]:
                found = connection.execute(text(query), values)
                return [dict(row) for row in found.mappings()]

            have = self._tables(rows)
            cases = {row["id"]: row for row in rows('SELECT * FROM "case" ORDER BY id')}
            standing: dict[int, set[int]] = {case: set() for case in cases}
            for case in cases.values():
                if case["mentor_id"] is not None:
                    standing[case["id"]].add(case["mentor_id"])
            if "case_offer" in have:
                for offer in rows(
                    "SELECT case_id, mentor_id FROM case_offer WHERE ended_at IS NULL"
                ):
                    standing[offer["case_id"]].add(offer["mentor_id"])
            due: dict[int, list[dict[str, Any]]] = {}
            if "case_due" in have:
                for row in rows("SELECT * FROM case_due WHERE done_at IS NULL"):
                    due.setdefault(row["case_id"], []).append(row)
            people = {row["id"]: row for row in rows("SELECT * FROM person")}
            last = self.events[-1]["id"] if self.events else 0
            self.events += rows("SELECT * FROM case_event WHERE id > :last ORDER BY id", last=last)
            self.outbox = {row["id"]: row for row in rows("SELECT * FROM outbox ORDER BY id")}
            self.inbound = {row["id"]: row for row in rows("SELECT * FROM inbound ORDER BY id")}
            posts = rows("SELECT inbound_id FROM discussion_post")
            self.posted = frozenset(row["inbound_id"] for row in posts)
            self.talks = {}
            for row in rows("SELECT id, host_id, case_id FROM discussion"):
                joined = rows(
                    "SELECT person_id FROM discussion_member "
                    "WHERE discussion_id = :id AND joined_at IS NOT NULL",
                    id=row["id"],
                )
                who = {row["host_id"], *(member["person_id"] for member in joined)}
                self.talks[row["id"]] = (frozenset(who), row["case_id"])
            self.attempts = {
                row["provider_sid"]: row["outbox_id"]
                for row in rows(
                    "SELECT provider_sid, outbox_id FROM attempt WHERE provider_sid IS NOT NULL"
                )
            }
        cast.find(self.town, self.ids)
        self.seen.append(
            Seen(
                self.step,
                self.began or now,
                now,
                cases,
                {case: frozenset(who) for case, who in standing.items()},
                people,
                due,
            )
        )

    def _tables(self, rows: Any) -> frozenset[str]:
        found = rows("SELECT tablename FROM pg_tables WHERE schemaname = 'public'")
        return frozenset(row["tablename"] for row in found)

    # Looking things up

    def actor_of(self, person_id: int) -> Actor | None:
        """Whose row this is."""
        key = next((key for key, known in self.ids.items() if known == person_id), None)
        return BY_KEY[key] if key else None

    def cases_of(self, actor: Actor, *states: str) -> list[dict[str, Any]]:
        """The cases that a mentor holds or is offered, in some states; all without states."""
        now, person = self.seen[-1], self.ids.get(actor.key)
        return [
            case
            for case in now.cases.values()
            if person in now.standing[case["id"]] and (not states or case["state"] in states)
        ]

    def own_cases(self, actor: Actor) -> list[dict[str, Any]]:
        """The cases in which somebody asked."""
        person = self.ids.get(actor.key)
        return [case for case in self.seen[-1].cases.values() if case["mentee_id"] == person]

    def by_code(self, code: str) -> list[dict[str, Any]]:
        """Every case that ever had a code."""
        return [case for case in self.seen[-1].cases.values() if case["code"] == code]

    def transcript(self, address: str) -> str:
        """A phone, read aloud."""
        return "\n".join(
            f"  {'>' if m.inbound else '<'} {m.body}{'' if m.inbound else f'   [{m.status}]'}"
            for m in self.thread(address)
        )


_ARRIVED = frozenset({"delivered", "read"})


def codes_in(body: str) -> frozenset[str]:
    """The codes of cases that a text shows."""
    return frozenset(CODE.findall(body))


def listed(body: str) -> dict[int, str]:
    """A list of cases as it stands in a message: number → code."""
    return {int(number): code for number, code in LISTED.findall(body)}


def fresh(seed: int, *parts: object) -> Random:
    """Chance of its own for one thing, so that leaving out others changes nothing here."""
    return Random(f"{seed}:{':'.join(map(str, parts))}")
