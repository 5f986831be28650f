"""The demo's sample programme: cards, quiz bank, people, the phones' address book. All made up."""

from __future__ import annotations

import hashlib
import hmac
from pathlib import Path

import httpx
from sqlalchemy import select
from sqlalchemy.orm import Session

from bot import importing, knowledge
from bot.accounts import keeping, signing_in
from bot.quizzes import bank, catalogue
from bot.settings import Settings
from channels import content
from channels.twilio import Twilio
from store import clock
from store.accounts import Account
from store.base import make_engine, make_sessions
from store.people import Person

EMAIL = "grace@example.org"
PEOPLE = Path(__file__).with_name("sample_people.csv")
DEMO_URL_TIMEOUT = 10.0


def seed(settings: Settings) -> list[str]:
    """Put the sample programme in place; may be repeated.

    Returns:
        Lines to show to whoever started the demo.

    Raises:
        bot.settings.SettingsError: a needed setting is missing.
        channels.content.ContentError: the simulator does not take the templates.
    """
    settings.require("DATABASE_URL")
    assert settings.database_url is not None
    engine = make_engine(settings.database_url, pool_size=1)
    sessions = make_sessions(engine)
    try:
        importing.people(sessions, PEOPLE, settings)
        with sessions.begin() as session:
            knowledge.save(session, knowledge.read_files())
            catalogue.save(session, bank.load())
        provider = Twilio(settings)
        content.push(provider)
        with sessions.begin() as session:
            content.sync(session, provider, clock.of(settings.mentorline_clock)())
            book = address_book(session)
            password = console_login(session, settings)
    finally:
        engine.dispose()
    if settings.mentorline_simulator_url:
        httpx.put(
            f"{settings.mentorline_simulator_url}/simulator/api/phonebook",
            json=book,
            timeout=DEMO_URL_TIMEOUT,
        ).raise_for_status()
    return [
        f"Console  {settings.public_url}/console/",
        f"         sign in as {EMAIL} with the password {password}",
    ]


def console_login(session: Session, settings: Settings) -> str:
    """The demo's one account, an admin's; made anew if it is not there.

    Returns:
        Its password. It follows from the home's secret, so that it is the same at every start and
        is written down nowhere.
    """
    settings.require("SECRET_KEY")
    assert settings.secret_key is not None
    made = hmac.new(settings.secret_key.encode(), b"console login of the demo", hashlib.sha256)
    password = made.hexdigest()[:16]
    known = session.scalar(select(Account).where(Account.email == EMAIL))
    if known is None:
        now = clock.utc_now()
        known = keeping.add(
            session, EMAIL, role="admin", name="Grace Mutesi", language=settings.default_language,
            district=None, person=None, now=now, by=None,
        )  # fmt: skip
        signing_in.set_password(session, known, password, now)
    return password


def _office(person: Person) -> str | None:
    return next(
        (role for role in ("coordinator", "focal", "leader") if role in person.roles), person.cadre
    )


def address_book(session: Session) -> list[dict[str, str | None]]:
    """The people of the programme as the simulator's phones list them."""
    book: list[dict[str, str | None]] = []
    for person in session.scalars(select(Person).order_by(Person.id)):
        numbers = {address.channel: address.value for address in person.addresses}
        place = person.facility.name if person.facility else ""
        book.append(
            {
                "name": person.name,
                # The simulator lists two sides: those who ask, and those who are asked.
                "role": "mentee" if person.roles == ["mentee"] else "mentor",
                "sms": numbers.get("sms"),
                "whatsapp": f"whatsapp:{numbers['whatsapp']}" if "whatsapp" in numbers else None,
                "note": ", ".join(filter(None, (_office(person), place))),
            }
        )
    return book
