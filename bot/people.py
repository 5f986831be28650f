"""People and their addresses: who wrote, and what they allowed."""

from __future__ import annotations

import re
from collections.abc import Iterable
from datetime import datetime, timedelta

import phonenumbers
from sqlalchemy import or_, select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from bot import sending
from bot.settings import Settings
from bot.texts import keys, text
from store.moves import FormerPerson
from store.people import Address, Person

UI_LANGUAGES = ("en", "fr")
_NUMBER = re.compile(r"\+\d{6,15}\Z")


def e164(number: str, region: str) -> str | None:
    """A phone number in any national or international form as E.164, or ``None``.

    Args:
        region: two-letter country for national forms.
    """
    try:
        parsed = phonenumbers.parse(number, region)
    except phonenumbers.NumberParseException:
        return None
    if not phonenumbers.is_possible_number(parsed):
        return None
    return phonenumbers.format_number(parsed, phonenumbers.PhoneNumberFormat.E164)


def parse_sender(value: str) -> tuple[str, str]:
    """Twilio's ``From`` as (channel, address); a WhatsApp address may be an id without number."""
    if value.startswith("whatsapp:"):
        return "whatsapp", value.removeprefix("whatsapp:").strip()
    return "sms", value.strip()


def resolve(
    session: Session,
    *,
    channel: str,
    value: str,
    also: str | None,
    profile_name: str | None,
    now: datetime,
    settings: Settings,
) -> tuple[Person, Address]:
    """The person behind an address; an unknown address becomes a new person.

    A number known from the other channel is the same person. ``also`` is a second WhatsApp
    address of the sender (a user id beside the number, or the number beside the id): both are
    kept, so that a person who hides the number later stays the same person.

    Args:
        now: aware; the moment the message arrived. It opens WhatsApp's window.
    """
    known = session.execute(
        select(Address, Person)
        .join(Person, Person.id == Address.person_id)
        .where(Address.channel == channel, Address.value == value)
        .with_for_update(of=[Address, Person], key_share=True)
    ).first()
    second = also if channel == "whatsapp" else None
    new_id = False
    if known is None or (second is not None and _find(session, channel, second) is None):
        new_id = known is not None and second is not None and _has_other_id(session, known[1].id)
        person_id = known[1].id if known else _other_address(session, channel, value, also)
        if person_id is None:
            person_id = _newcomer(session, profile_name, now, settings)
        for missing in filter(None, (value, second)):
            session.execute(
                insert(Address)
                .values(person_id=person_id, channel=channel, value=missing, created_at=now)
                .on_conflict_do_nothing(index_elements=["channel", "value"])
            )
        # Somebody else may have registered the address in the same moment: what is stored counts.
        address = _find(session, channel, value)
        assert address is not None
        person = session.get_one(
            Person,
            address.person_id,
            with_for_update={"of": Person, "key_share": True},
            populate_existing=True,
        )
    else:
        address, person = known
    _doubt(session, person, address, second, new_id, now, settings)
    if address.last_inbound_at is None or address.last_inbound_at < now:
        address.last_inbound_at = now
    address.bad_at = None  # whoever writes can be reached
    if profile_name and not address.profile_name:
        address.profile_name = profile_name.strip()[:80]
    return person, address


def _has_other_id(session: Session, person_id: int) -> bool:
    """Whether a WhatsApp user id of this person is known; another one is another account."""
    ids = select(Address.id).where(
        Address.person_id == person_id,
        Address.channel == "whatsapp",
        Address.value.not_like("+%"),
    )
    return session.scalar(ids.limit(1)) is not None


def _doubt(
    session: Session,
    person: Person,
    address: Address,
    second: str | None,
    new_id: bool,
    now: datetime,
    settings: Settings,
) -> None:
    """Mark a number of which it is not certain any more whose it is.

    It was silent for long, or another WhatsApp account writes from it. Numbers are given to
    others when they are not used; what was said with one person is not for the next.
    """
    longest = timedelta(days=settings.silent_number_days)
    quiet = now - (address.last_inbound_at or address.created_at) > longest
    if address.doubted_at is not None or not (quiet or new_id):
        return
    # The number on the other channel, and the account behind it, are the same phone.
    together = [one for one in person.addresses if one.value in {address.value, second}]
    heard = max(one.last_inbound_at or one.created_at for one in [address, *together])
    if not new_id and now - heard <= longest:
        return
    # What was being talked about is not for whoever this is.
    person.dialogue_number, person.dialogue_turns = person.dialogue_number + 1, 0
    person.topic = person.topic_card = person.topic_at = None
    for one in {*together, address}:
        one.doubted_at, one.doubt = now, "new_id" if new_id else "silent"


def by_external_id(session: Session, external_id: str) -> Person | None:
    """Whoever has this external id, or had it before two records of theirs became one."""
    merged = select(FormerPerson.person_id).where(FormerPerson.external_id == external_id)
    return session.scalar(
        select(Person)
        .where(or_(Person.external_id == external_id, Person.id.in_(merged)))
        .order_by((Person.external_id == external_id).desc().nulls_last(), Person.id)
        .limit(1)
    )


def called(session: Session, who: str, region: str) -> list[Person]:
    """Whoever has this external id, or else this phone in any form; several where two share one."""
    found = by_external_id(session, who)
    if found is not None:
        return [found]
    numbers = select(Address.person_id).where(Address.value.in_({who, e164(who, region) or who}))
    return list(session.scalars(select(Person).where(Person.id.in_(numbers)).order_by(Person.id)))


def _newcomer(session: Session, profile_name: str | None, now: datetime, settings: Settings) -> int:
    person = Person(
        name=(profile_name or "").strip()[:80],
        roles=["mentee"],
        language=settings.default_language,
        timezone=settings.default_timezone,
        technical_areas=[],
        created_at=now,
    )
    session.add(person)
    session.flush()
    return person.id


def _other_address(session: Session, channel: str, value: str, also: str | None) -> int | None:
    """The person who is known by a second address, or by the same number on another channel."""
    if also is not None:
        found = _find(session, channel, also)
        if found is not None:
            return found.person_id
    if not _NUMBER.match(value):
        return None
    return session.scalar(select(Address.person_id).where(Address.value == value).limit(1))


def _find(session: Session, channel: str, value: str) -> Address | None:
    return session.scalar(select(Address).where(Address.channel == channel, Address.value == value))


def stop(person: Person, now: datetime) -> None:
    """Honour STOP: nothing more goes to any address of this person."""
    if person.stopped_at is None:
        person.stopped_at = now


def start(person: Person, address: Address, now: datetime) -> None:
    """Undo STOP. An address that the provider blocks is only freed where START came from."""
    person.stopped_at = None
    address.stopped_at = None
    if person.consent == "no":
        person.consent, person.consent_at = "yes", now


def give_consent(person: Person, agreed: bool, now: datetime) -> None:
    """Record the answer to the consent question."""
    person.consent, person.consent_at = ("yes" if agreed else "no"), now


def bare_name(person: Person) -> str:
    """A name that may be shown to others; empty where what is stored looks like a number."""
    name = person.name.strip()
    return "" if re.search(r"\d{5}", re.sub(r"[\s().+-]", "", name)) else name


def cadre_name(person: Person, language: str) -> str | None:
    """A person's cadre as it is said in a language; as it was imported, where we have no word."""
    key = f"cadre_short_{(person.cadre or '').casefold()}"
    return text(key, language) if key in keys() else person.cadre


def display_name(person: Person, fallback: str, language: str = "en") -> str:
    """What the other side sees: a name, never a number, and what a mentee is and where."""
    name = bare_name(person) or fallback
    if person.is_mentor:
        return name
    about = [cadre_name(person, language), person.facility.name if person.facility else None]
    known = ", ".join(filter(None, about))
    return f"{name} ({known})" if known else name


def as_sent_to(addresses: Iterable[Address]) -> list[sending.Address]:
    """Addresses as the sending rules see them."""
    return [
        sending.Address(
            id=address.id,
            channel=address.channel,
            value=address.value,
            last_inbound_at=address.last_inbound_at,
            stopped=address.stopped_at is not None,
            bad=address.bad_at is not None,
            doubted=address.doubted_at is not None,
        )
        for address in addresses
    ]


def uses_whatsapp(person: Person) -> bool:
    """Whether this person can be written to on WhatsApp."""
    return any(
        address.channel == "whatsapp" and not address.stopped and not address.bad
        for address in as_sent_to(person.addresses)
    )


def reachable(person: Person) -> bool:
    """Whether anything may be sent to this person at all."""
    return person.stopped_at is None and any(
        not address.stopped and not address.bad for address in as_sent_to(person.addresses)
    )


def dialogue_sender(person: Person, now: datetime) -> str:
    """The Rasa conversation to use, and count a turn in it.

    A Rasa turn gets slower as its conversation gets longer (measured: 9 ms at the start, 62 ms
    after 200 turns), so a fresh one begins after a few dozen turns or half a day of silence.
    """
    idle = None if person.dialogue_at is None else now - person.dialogue_at
    too_long = person.dialogue_turns >= 30 and idle is not None and idle > timedelta(minutes=10)
    if idle is not None and (idle > timedelta(hours=12) or too_long or person.dialogue_turns >= 80):
        person.dialogue_number += 1
        person.dialogue_turns = 0
    person.dialogue_turns += 1
    person.dialogue_at = now
    return f"p{person.id}-{person.dialogue_number}"
