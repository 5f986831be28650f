"""Numbers and people: another number, a number in other hands, and who it is that writes.

A number is never a person. Who changes the number keeps all that was; who gets a number that was
somebody's gets nothing of it.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import select, update
from sqlalchemy.orm import Session

from bot.settings import Settings
from bot.text.sentences import SentenceError
from store.base import Base
from store.moves import FormerNumber
from store.people import Address, Person


class NumberError(SentenceError):
    """The number cannot be changed like that. One sentence."""


class TakenError(NumberError):
    """The number is somebody's. ``owner``: the id of that person."""

    def __init__(self, sentence: str, owner: int, **values: object) -> None:
        super().__init__(sentence, **values)
        self.owner = owner


def phones(person: Person) -> list[str]:
    """The phone numbers of a person, each once."""
    return list(dict.fromkeys(a.value for a in person.addresses if a.value.startswith("+")))


def locked(session: Session, person: Person) -> Person:
    """A person and their addresses as they are now, held until the transaction ends."""
    session.flush()
    found = session.get_one(
        Person, person.id, with_for_update={"of": Person, "key_share": True}, populate_existing=True
    )
    session.refresh(found, ["addresses"])
    return found


def change(session: Session, person: Person, old: str, new: str, now: datetime) -> int:
    """Let a person have another number from now on: cases, doses and discussions go on there.

    The old number is nobody's after that. A STOP that the old number sent holds for the person.

    Args:
        old, new: E.164.
        now: aware.

    Returns:
        On how many channels it was changed.

    Raises:
        NumberError: the old number is not theirs, or the new one is somebody's.
    """
    person = locked(session, person)
    theirs = [one for one in person.addresses if one.value == old]
    if not theirs:
        raise NumberError("%(number)s is not a number of this person.", number=old)
    if _is_theirs(session, person, new):
        raise NumberError("%(number)s is a number of this person already.", number=new)
    for address in theirs:
        if address.stopped_at is not None and person.stopped_at is None:
            person.stopped_at = address.stopped_at
        session.add(
            FormerNumber(
                person_id=person.id, channel=address.channel, value=old, until=now, reason="changed"
            )
        )
        address.value = new
        address.last_inbound_at = None  # the window was the other phone's
        address.profile_name = None
        address.stopped_at = address.bad_at = address.bad_code = None
        address.doubted_at = address.doubt = None
    session.flush()
    _forget_ids(session, person, theirs, now)
    return len(theirs)


def add(session: Session, person: Person, new: str, channel: str, now: datetime) -> None:
    """Let a person have one number more on a channel. A STOP holds for it too.

    Args:
        new: E.164.
        channel: sms or whatsapp.
        now: aware.

    Raises:
        NumberError: it is theirs already, or somebody's.
    """
    person = locked(session, person)
    known = _is_theirs(session, person, new)
    if known and any(one.channel == channel and one.value == new for one in person.addresses):
        raise NumberError("%(number)s is a number of this person already.", number=new)
    session.add(Address(person_id=person.id, channel=channel, value=new, created_at=now))
    session.flush()
    session.refresh(person, ["addresses"])


def _is_theirs(session: Session, person: Person, number: str) -> bool:
    """Whether a number is this person's already, on any channel.

    Raises:
        TakenError: it is somebody else's.
    """
    owner = session.scalar(select(Address.person_id).where(Address.value == number).limit(1))
    if owner is not None and owner != person.id:
        raise TakenError(
            "%(number)s is somebody's already; if that is the same person, merge the two.",
            owner,
            number=number,
        )
    return owner is not None


def _forget_ids(session: Session, person: Person, kept: Sequence[Address], now: datetime) -> None:
    """WhatsApp's ids of the old account: what pointed to one points to the number."""
    number = next((one for one in kept if one.channel == "whatsapp"), None)
    ids = [
        one
        for one in person.addresses
        if one.channel == "whatsapp" and not one.value.startswith("+")
    ]
    if number is None:
        return
    for one in ids:
        session.add(
            FormerNumber(
                person_id=person.id,
                channel="whatsapp",
                value=one.value,
                until=now,
                reason="changed",
            )
        )
        _repoint(session, one.id, number.id)
        person.addresses.remove(one)
        session.delete(one)
    session.flush()


def _repoint(session: Session, before: int, after: int) -> None:
    """Whatever refers to an address refers to another, in every table that does."""
    address = Base.metadata.tables["address"]
    for table in Base.metadata.sorted_tables:
        for column in table.columns:
            if any(key.column is address.c.id for key in column.foreign_keys):
                session.execute(
                    update(table)
                    .where(column == before)
                    .values({column.name: after})
                    .execution_options(synchronize_session=False)
                )


def give_up(
    session: Session,
    person: Person,
    addresses: Sequence[Address],
    now: datetime,
    settings: Settings,
) -> Person:
    """A number is somebody else's: it becomes a person of its own, of whom nothing is known.

    The person before keeps the history. What waited to be said there is not said.

    Returns:
        The new person.
    """
    new = Person(
        name="",
        roles=["mentee"],
        language=person.language,
        timezone=settings.default_timezone,
        technical_areas=[],
        created_at=now,
    )
    session.add(new)
    session.flush()
    for one in addresses:
        session.add(
            FormerNumber(
                person_id=person.id,
                channel=one.channel,
                value=one.value,
                until=now,
                reason="given_up",
            )
        )
        one.person_id = new.id
        one.doubted_at = one.doubt = None
    session.flush()
    session.refresh(person, ["addresses"])
    session.refresh(new, ["addresses"])
    return new


def together(person: Person, address: Address) -> list[Address]:
    """The addresses that are the same phone as this one: its other channel, and its account."""
    same = [
        one
        for one in person.addresses
        if one.value == address.value
        or (one.doubted_at is not None and one.doubted_at == address.doubted_at)
    ]
    return same or [address]


def vouch(session: Session, addresses: Sequence[Address]) -> None:
    """It is the same person: what was may be shown again."""
    for one in addresses:
        one.doubted_at = one.doubt = None
    session.flush()


def vouch_for(session: Session, person: Person) -> int:
    """It is the same person at every number of theirs; how many were in doubt."""
    person = locked(session, person)
    doubted = [one for one in person.addresses if one.doubted_at is not None]
    vouch(session, doubted)
    return len(doubted)


def release(
    session: Session, person: Person, number: str, now: datetime, settings: Settings
) -> Person:
    """A number, with all that is the same phone, is somebody else's; see ``give_up``.

    Returns:
        The new person.

    Raises:
        NumberError: it is not a number of this person.
    """
    person = locked(session, person)
    theirs = [one for one in person.addresses if one.value == number]
    if not theirs:
        raise NumberError("%(number)s is not a number of this person.", number=number)
    same = {one.id: one for address in theirs for one in together(person, address)}
    return give_up(session, person, list(same.values()), now, settings)
