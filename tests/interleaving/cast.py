"""Who lives in the interleavings: mentees, mentors and a coordinator with their phones."""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy import select

from store.people import Address, Facility, Person
from tests.town import Town


@dataclass(frozen=True)
class Actor:
    """A person with one number. ``channels``: sms, whatsapp, or both."""

    key: str
    name: str
    number: str
    channels: tuple[str, ...]
    roles: tuple[str, ...] = ("mentee",)
    language: str = "en"
    facility: str | None = None
    own_mentor: str | None = None
    areas: tuple[str, ...] = ()
    known: bool = True

    @property
    def addresses(self) -> tuple[str, ...]:
        """As the network writes them."""
        return tuple(
            f"whatsapp:{self.number}" if channel == "whatsapp" else self.number
            for channel in self.channels
        )

    @property
    def is_mentor(self) -> bool:
        """Whether this one answers cases."""
        return "mentor" in self.roles

    @property
    def is_mentee(self) -> bool:
        """Whether this one asks."""
        return "mentee" in self.roles


CAST: tuple[Actor, ...] = (
    # Two of the same first name at one facility.
    Actor(
        "mukamana",
        "Claudine Mukamana",
        "+250788000301",
        ("sms",),
        facility="Gahini",
        own_mentor="alice",
    ),
    Actor(
        "uwera",
        "Claudine Uwera",
        "+250788000302",
        ("whatsapp",),
        facility="Gahini",
        own_mentor="alice",
    ),
    Actor(
        "jeanne",
        "Jeanne Niyonsaba",
        "+250788000303",
        ("sms", "whatsapp"),
        language="fr",
        facility="Rukara",
        own_mentor="beata",
    ),
    Actor("eric", "Eric Habimana", "+250788000304", ("sms",), language="fr", facility="Kiramuruzi"),
    # Nobody has heard of this one: consent comes first.
    Actor("stranger", "", "+250788000305", ("whatsapp",), known=False),
    Actor(
        "alice", "Alice Ingabire", "+250788000401", ("whatsapp",), ("mentor",), areas=("pph", "anc")
    ),
    # A mentor who is a mentee elsewhere.
    Actor(
        "beata",
        "Beata Uwase",
        "+250788000402",
        ("whatsapp",),
        ("mentor", "mentee"),
        own_mentor="alice",
    ),
    Actor("patrick", "Patrick Nkusi", "+250788000403", ("sms",), ("mentor",), areas=("pph",)),
    Actor(
        "diane", "Diane Mutesi", "+250788000404", ("sms", "whatsapp"), ("mentor",), language="fr"
    ),
    Actor("ange", "Ange Kayitesi", "+250788000501", ("whatsapp",), ("coordinator",)),
)
BY_KEY = {actor.key: actor for actor in CAST}
BY_ADDRESS = {address: actor for actor in CAST for address in actor.addresses}


def settle(town: Town) -> dict[str, int]:
    """Write the cast into a town's tables; the person of each key who is known."""
    ids: dict[str, int] = {}
    with town.works.sessions.begin() as session:
        facilities: dict[str, Facility] = {}
        for actor in CAST:
            if not actor.known:
                continue
            person = Person(
                name=actor.name,
                language=actor.language,
                timezone="Africa/Kigali",
                technical_areas=list(actor.areas),
                consent="yes",
                roles=list(actor.roles),
                cadre="nurse" if actor.is_mentee else "doctor",
            )
            if actor.facility:
                place = facilities.setdefault(
                    actor.facility, Facility(name=actor.facility, district="Kayonza")
                )
                person.facility = place
            session.add(person)
            session.flush()
            ids[actor.key] = person.id
            for channel in actor.channels:
                session.add(Address(person_id=person.id, channel=channel, value=actor.number))
        for actor in CAST:
            if actor.own_mentor:
                session.get_one(Person, ids[actor.key]).mentor_id = ids[actor.own_mentor]
    return ids


def find(town: Town, ids: dict[str, int]) -> None:
    """Add to ``ids`` whoever has become known since."""
    for actor in CAST:
        if actor.key not in ids:
            with town.works.sessions() as session:
                found = session.scalar(
                    select(Address.person_id).where(Address.value == actor.number).limit(1)
                )
            if found is not None:
                ids[actor.key] = found
