"""The database of a `./mentorline cards` command: one transaction, and sentences for errors."""

import contextlib
import re
from collections.abc import Iterator

from bot.knowledge import draft_file, drafts, wording
from bot.knowledge.deciding import by_person, sentences
from bot.knowledge.drafts import By, Refused
from bot.people import called
from cli.campaign_desk import Desk
from cli.campaign_desk import opened as database_opened
from cli.errors import Refusal
from store.knowledge import Card, CardDraft
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
            raise Refusal(sentences(refused.objections, "en")) from None
        except draft_file.BadFile as error:
            raise Refusal(str(error)) from None


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
    return by_person(person)


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
    return by_person(person)


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
    if card is None or not wording.versions(desk.session, card.id):
        raise Refusal(f"There is no card {given}: ./mentorline cards list --live names them.")
    return card
