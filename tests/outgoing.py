"""What tests of the way out share: queueing, the network's switches, what became of a message."""

from __future__ import annotations

from typing import Any

from sqlalchemy import select

from bot import outbox
from store.messages import Attempt
from store.people import Address, Person
from tests.town import Town

NURSE = "+250788000301"
MENTOR = "+250788000401"
NUMBERS = iter(range(1_000_000))


def tell(town: Town, number: str, body: str, **more: Any) -> None:
    """Queue a message to whoever has this number."""
    person_id = town.person(number).id
    with town.works.sessions.begin() as session:
        person = session.get_one(Person, person_id)
        key = f"test:{next(NUMBERS)}"
        outbox.say(session, person, body, key=key, now=town.time.now(), **more)


def switch(town: Town, **switches: Any) -> None:
    town.simulator.state.switches.update(switches)


def accepted(town: Town, number: str = NURSE) -> list[str]:
    """What the provider has ever taken for this number, oldest first."""
    thread = town.simulator.state.threads.get(number, [])
    return [message.body for message in thread if not message.inbound]


def states(town: Town) -> list[str]:
    return [message.state for message in town.outbox()]


def address(town: Town, number: str = NURSE) -> Address:
    found: Address = town.one(Address, Address.value == number)
    return found


def impatient(town: Town) -> None:
    """Do not wait ten real seconds for a provider that does not answer."""
    town.works.provider.client.http_client.timeout = 0.15  # type: ignore[attr-defined]


def attempts(town: Town) -> list[Attempt]:
    with town.works.sessions() as session:
        return list(session.scalars(select(Attempt).order_by(Attempt.id)))
