"""The database of a `./mentorline cards` command: one transaction, and sentences for errors."""

import contextlib
import re
from collections.abc import Iterator
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from bot.knowledge import draft_file, drafts
from bot.knowledge.drafts import By, Refused
from bot.people import called, display_name
from bot.texts import text
from cli.campaign_desk import Desk
from cli.campaign_desk import opened as database_opened
from cli.errors import Refusal
from store.knowledge import Card, CardDraft, CardVersion
from store.people import Person

EMAIL = re.compile(r"[^@\s]+@[^@\s]+\.[^@\s]+")


@contextlib.contextmanager
def opened() -> Iterator[Desk]:
    """The database in one transaction: all of a command is done, or nothing.

    Raises:
        Refusal: the database does not answer, or what was asked for cannot be done.
    """
    with database_opened() as desk:
        try:
            yield desk
        except Refused as refused:
            raise Refusal(sentences(refused)) from None
        except draft_file.BadFile as error:
            raise Refusal(str(error)) from None


def sentences(refused: Refused) -> str:
    """Why something was refused, in English."""
    said = [text(one.key, "en", **dict(one.values)) for one in refused.objections]
    return " ".join(one[:1].upper() + one[1:] for one in said)


def somebody(desk: Desk, given: str) -> By:
    """Whoever does this: a person by phone, or an e-mail address as it is.

    Raises:
        Refusal: it is neither.
    """
    if EMAIL.fullmatch(given):
        return By(given.casefold())
    person = person_of(desk, given)
    if person is None:
        raise Refusal(f"{given} is neither an e-mail address nor the phone of somebody we know.")
    return By(display_name(person, f"person {person.id}"), person.id)


def reviewer(desk: Desk, given: str) -> By:
    """Whoever decides on a draft: a mentor or a coordinator whom we know.

    Raises:
        Refusal: it is anybody else.
    """
    person = person_of(desk, given)
    if person is None or not {"mentor", "coordinator"} & set(person.roles):
        raise Refusal(
            f"{given} is not the phone or external id of a mentor or coordinator: nobody else "
            "decides on cards."
        )
    return By(display_name(person, f"person {person.id}"), person.id)


def person_of(desk: Desk, given: str) -> Person | None:
    """A person by phone number or external id."""
    return next(iter(called(desk.session, given, desk.settings.default_region)), None)


def draft_of(desk: Desk, number: int) -> CardDraft:
    """A draft, held for this command.

    Raises:
        Refusal: there is none with this number.
    """
    found = drafts.locked(desk.session, number) if number < 2**63 else None
    if found is None:
        raise Refusal(f"There is no draft card {number}.")
    return found


def which(desk: Desk, given: str) -> CardDraft | Card:
    """A draft by its number, or a card by its id.

    Raises:
        Refusal: there is neither.
    """
    if given.isascii() and given.isdigit():
        return draft_of(desk, int(given))
    card = desk.session.get(Card, given)
    if card is None or not versions(desk.session, card.id):
        raise Refusal(f"There is no card {given}: ./mentorline cards list --live names them.")
    return card


def versions(session: Session, card_id: str) -> list[CardVersion]:
    """Every version of a card, the oldest first."""
    query = select(CardVersion).where(CardVersion.card_id == card_id).order_by(CardVersion.version)
    return list(session.scalars(query))


def content_of(desk: Desk, version: CardVersion, card: Card) -> dict[str, Any]:
    """A version of a card as the content of a draft."""
    owner = desk.session.get(Person, card.owner_id) if card.owner_id else None
    return {
        "topic": card.topic,
        **{name: getattr(version, name) for name in drafts.VERSIONED},
        "guideline": card.guideline,
        "owner": shown_owner(owner),
        "expires_on": card.expires_on.isoformat() if card.expires_on else None,
    }


def shown_owner(person: Person | None) -> str | None:
    """A person as a file names them: by external id, else by phone."""
    if person is None:
        return None
    return person.external_id or next((address.value for address in person.addresses), None)


def shown_content(desk: Desk, draft: CardDraft) -> dict[str, Any]:
    """The content of a draft as a file has it."""
    owner_id = draft.content.get("owner_id")
    owner = desk.session.get(Person, owner_id) if owner_id else None
    return {**draft.content, "owner": shown_owner(owner)}


def stored_content(desk: Desk, content: dict[str, Any]) -> dict[str, Any]:
    """The content of a file as it is stored: the owner by id.

    Raises:
        Refusal: the owner is nobody we know.
    """
    stored = dict(content)
    named = stored.pop("owner", None)
    if named:
        owner = person_of(desk, named)
        if owner is None:
            raise Refusal(f"The owner {named} is nobody we know: a phone or an external id.")
        stored["owner_id"] = owner.id
    return stored
