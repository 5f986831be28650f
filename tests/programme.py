"""A made-up programme for campaigns: mentees of every kind, and thirty questions."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from functools import cache
from typing import Any

from sqlalchemy.orm import Session

from bot.quizzes import bank, catalogue
from store.people import Address, Facility, Person

# A Sunday at eleven in Kigali.
NOW = datetime(2026, 3, 1, 9, tzinfo=UTC)
TIMEZONE = "Africa/Kigali"
TOPICS = ("pph", "preeclampsia")


@cache
def questions() -> bank.Bank:
    """Thirty questions of the shipped bank, of two topics."""
    whole = bank.load()
    return bank.Bank(
        topics=tuple(one for one in whole.topics if one.id in TOPICS),
        competencies=tuple(one for one in whole.competencies if one.topic in TOPICS),
        items=tuple(one for one in whole.items if one.topic in TOPICS),
    )


def stock_bank(session: Session) -> None:
    """Put the questions into the database."""
    catalogue.save(session, questions())


def mentee(
    session: Session,
    number: int,
    *channels: str,
    window: timedelta | None = None,
    address: Mapping[str, Any] | None = None,
    facility: Facility | None = None,
    **values: Any,
) -> int:
    """A mentee with +250788000<number> on these channels.

    Args:
        window: how long ago they wrote on WhatsApp.
        address: more values of each address.
        values: of the person.
    """
    person = Person(
        **{
            "name": f"Mentee {number}",
            "language": "en",
            "timezone": TIMEZONE,
            "cadre": "nurse",
            "consent": "yes",
            "technical_areas": [],
            **values,
        }
    )
    person.facility = facility
    session.add(person)
    session.flush()
    for channel in channels:
        last = NOW - window if window is not None and channel == "whatsapp" else None
        session.add(
            Address(
                person_id=person.id,
                channel=channel,
                value=f"+250788000{number:03}",
                last_inbound_at=last,
                **(address or {}),
            )
        )
    session.flush()
    return person.id


def town(session: Session) -> dict[str, int]:
    """Twelve mentees, five of whom cannot be reached or have not agreed, by what they are."""
    rukara = Facility(name="Rukara", district="Kayonza")
    gahini = Facility(name="Gahini", district="Gatsibo")
    session.add_all([rukara, gahini])
    hour, day = timedelta(hours=1), timedelta(days=2)
    return {
        "sms": mentee(session, 301, "sms", facility=rukara),
        "french": mentee(session, 302, "sms", facility=rukara, language="fr", cadre="midwife"),
        "open": mentee(session, 303, "whatsapp", window=hour, facility=gahini),
        "closed": mentee(session, 304, "whatsapp", window=day, facility=gahini),
        "both": mentee(
            session,
            305,
            "sms",
            "whatsapp",
            window=day,
            facility=rukara,
            external_id="RAM-5",
            groups=["Cohort 3"],
            technical_areas=["Maternal"],
        ),
        "chw": mentee(session, 306, "sms", cadre="chw", external_id="RAM-6"),
        "rwandan": mentee(session, 307, "sms", language="rw", facility=gahini),
        "stopped": mentee(session, 308, "sms", stopped_at=NOW),
        "refused": mentee(session, 309, "sms", consent="no"),
        "never asked": mentee(session, 310, "sms", consent="unknown"),
        "no address": mentee(session, 311),
        "bad address": mentee(session, 312, "sms", address={"bad_at": NOW}),
    }
