"""What must never happen in a discussion, over long random interleavings on the real database."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import Phase, event, given, settings
from hypothesis import strategies as st
from sqlalchemy import Engine, select
from sqlalchemy.orm import Session

from bot.mentoring import discussions, membership, moderation, posting, relaying
from bot.settings import Settings
from store import embedded
from store.base import make_engine
from store.discussions import Discussion
from store.messages import Inbound, OutboxMessage
from store.people import Address, Person
from tests.databases import copied

MORNING = datetime(2026, 3, 3, 9, 0, tzinfo=UTC)
SETTINGS = Settings(_env_file=None, secret_key="not-a-secret")
MEMBERS = 5
WORDS = [
    "check protein",
    "call 0788123456",
    "her name is Marie Uwimana",
    "ID 1 1990 8 0012345 1 23",
]


@pytest.fixture(scope="module")
def engine(postgres: embedded.EmbeddedServer) -> Iterator[Engine]:
    made = make_engine(copied(postgres, "discussed"))
    yield made
    made.dispose()


class Room:
    """One discussion with five members, played within a transaction that is never committed."""

    def __init__(self, session: Session) -> None:
        self.session, self.now = session, MORNING
        self.host = self._person("Alice Ingabire", "whatsapp", ["mentor"])
        self.people = [
            self._person(f"Member{chr(65 + n)} X", "sms" if n % 2 else "whatsapp", ["mentee"])
            for n in range(MEMBERS)
        ]
        self.discussion = discussions.draft(session, self.host, "What first?", self.now)
        membership.launch(
            session,
            self.discussion,
            self.people,
            address_id=self.host.addresses[0].id,
            starts_at=None,
            now=self.now,
        )
        self.joined: set[int] = {self.host.id}
        self.seen, self.author, self.texts = 0, dict[int, int](), 0
        self.inbounds: list[tuple[Person, int]] = []
        self.heard: dict[int, list[int]] = {}
        self.relayed: dict[int, list[datetime]] = {}
        self.check()

    def _person(self, name: str, channel: str, roles: list[str]) -> Person:
        person = Person(
            name=name, roles=roles, language="en", timezone="Africa/Kigali", consent="yes"
        )
        self.session.add(person)
        self.session.flush()
        number = f"+2507880006{person.id % 100:02d}"
        self.session.add(Address(person_id=person.id, channel=channel, value=number))
        self.session.flush()
        self.session.refresh(person)
        return person

    @property
    def is_over(self) -> bool:
        return self.discussion.state not in relaying.OPEN

    def does(self, what: str, who: int) -> None:
        """One thing that somebody does; ``who``: 0 is the host."""
        person = self.people[who - 1] if who else self.host
        session, room, now = self.session, self.discussion, self.now
        match what:
            case "join" if who and person.stopped_at is None:
                if membership.join(session, room, person, person.addresses[0].id, now) == "joined":
                    self.joined.add(person.id)
            case "leave" if who:
                membership.leave(session, room, person, now)
                self.joined.discard(person.id)
            case "remove" if who:
                membership.leave(session, room, person, now, "removed")
                self.joined.discard(person.id)
            case "stop" if who:
                person.stopped_at = now
                membership.leave(session, room, person, now)
                self.joined.discard(person.id)
            case "start":
                person.stopped_at = None
            case "say" if person.stopped_at is None:
                self._says(person)
            case "again" if self.inbounds:
                self._post(*self.inbounds[who % len(self.inbounds)])
            case "pause" | "resume":
                if not self.is_over:
                    posting.pause(session, room, what == "pause", now, SETTINGS)
            case "moderated" | "open":
                if not self.is_over:
                    posting.set_mode(session, room, what, now, SETTINGS)
            case "approve" | "drop":
                if not self.is_over:
                    posting.judge(session, room, None, what == "approve", now, SETTINGS)
            case "nudge" if not self.is_over:
                posting.nudge(session, room, now)
            case "wait":
                self.now += timedelta(minutes=[1, 4, 20, 70, 400, 5][who])
                if room.due_at is not None and room.due_at <= self.now:
                    discussions.look(session, room, self.now, SETTINGS)
        self.check()

    def _says(self, person: Person) -> None:
        self.texts += 1
        inbound = Inbound(
            sid=f"SM{self.texts}",
            channel="sms",
            sender="+250788000699",
            body=f"p{self.texts} {WORDS[self.texts % len(WORDS)]}",
            form=[],
            received_at=self.now,
            person_id=person.id,
        )
        self.session.add(inbound)
        self.session.flush()
        self.author[self.texts] = person.id
        self.inbounds.append((person, inbound.id))
        self._post(person, inbound.id)

    def _post(self, person: Person, inbound_id: int) -> None:
        posting.post(
            self.session,
            self.discussion,
            person,
            self.session.get_one(Inbound, inbound_id).body,
            inbound_id=inbound_id,
            has_media=False,
            now=self.now,
            settings=SETTINGS,
        )

    def ends(self) -> None:
        discussions.end(
            self.session, self.discussion, self.now, summary="Protein.", settings=SETTINGS
        )
        self.check()

    def check(self) -> None:
        """Nothing that was said just now breaks a promise."""
        self.session.flush()
        fresh = self.session.scalars(
            select(OutboxMessage).where(OutboxMessage.id > self.seen).order_by(OutboxMessage.id)
        ).all()
        for message in fresh:
            self.seen = message.id
            reader = message.person_id
            assert not re.search(r"\d{5}|Marie|Uwimana", message.body), message.body
            if ":post:" not in message.dedupe_key:
                continue
            assert reader in self.joined, "said to somebody who stopped, left or never joined"
            numbers = [int(found) for found in re.findall(r"\bp(\d+) ", message.body)]
            assert numbers, message.body
            assert all(self.author[number] != reader for number in numbers), "their own reply"
            before = self.heard.setdefault(reader, [])
            assert not set(before) & set(numbers), "relayed twice"
            before += numbers
            self._within_caps(reader)

    def _within_caps(self, reader: int) -> None:
        person = self.session.get_one(Person, reader)
        who = "host" if reader == self.host.id else person.addresses[0].channel
        cap = moderation.rules().caps[who]
        moments = self.relayed.setdefault(reader, [])
        moments.append(self.now)
        assert sum(self.now - moment < moderation.HOUR for moment in moments) <= cap.hour
        assert sum(self.now - moment < moderation.DAY for moment in moments) <= cap.day


WHAT = [
    *["say"] * 8,
    *["join"] * 5,
    *["wait"] * 4,
    *["leave", "stop", "start", "again", "again", "pause", "resume", "resume"],
    *["moderated", "open", "approve", "approve", "drop", "nudge", "remove"],
]
ACTIONS = st.tuples(st.sampled_from(WHAT), st.integers(0, MEMBERS))


@pytest.mark.slow
# Without shrinking: each example plays a whole discussion on the database.
@settings(max_examples=8, deadline=None, phases=[Phase.explicit, Phase.generate])
@given(st.lists(ACTIONS, min_size=15, max_size=40))
def test_no_promise_is_broken(engine: Engine, actions: list[tuple[str, int]]) -> None:
    with engine.connect() as connection, Session(connection) as session:
        room = Room(session)
        for who in range(1, MEMBERS):
            room.does("join", who)
        for what, who in actions:
            room.does(what, who)
        room.ends()
        for _, heard in room.heard.items():
            if "moderated" not in dict(actions):  # else the order is the host's
                assert heard == sorted(heard)
        kept = session.get_one(Discussion, room.discussion.id)
        assert kept.due_at is None
        everything = Counter(len(heard) for heard in room.heard.values())
        event(f"relayed: {min(sum(k * v for k, v in everything.items()) // 20 * 20, 200)}+")
        session.rollback()
