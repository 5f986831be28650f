"""What people decide about drafts and cards, each with all that follows from it.

The command line and the console call these; the words on the phone are ``proposing``'s.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from bot import knowledge
from bot.knowledge import drafts, keeping, rules, telling
from bot.knowledge.drafts import By, Refused
from bot.knowledge.rules import Objection
from bot.people import called, display_name
from bot.texts import text
from store.accounts import Account
from store.cases import Case
from store.knowledge import Card, CardDraft
from store.people import Person


@dataclass(frozen=True)
class Proposed:
    """A draft that was handed to review: who is asked, and the cards that it is close to."""

    draft: CardDraft
    asked: Sequence[Person]
    near: Mapping[str, str]


def by_person(person: Person) -> By:
    """Somebody whom the programme knows."""
    return By(display_name(person, f"person {person.id}"), person.id)


def by_account(session: Session, account: Account) -> By:
    """Whoever has signed in: a mentor is the person that they are, others are their address."""
    person = session.get(Person, account.person_id) if account.person_id else None
    return by_person(person) if person is not None else By(account.email, known_as=account.name)


def sentences(objections: Iterable[Objection], language: str) -> str:
    """Objections as sentences."""
    said = [text(one.key, language, **dict(one.values)) for one in objections]
    return " ".join(one[:1].upper() + one[1:] for one in said)


def propose(session: Session, case: Case, by: By, now: datetime) -> Proposed:
    """Make a draft of an answered case and hand it to review.

    Raises:
        Refused: the case cannot become a card.
    """
    draft = drafts.propose(session, case, by, now)
    drafts.submit(session, draft, now)
    return _for_review(session, draft, now)


def change(
    session: Session, draft: CardDraft, content: Mapping[str, Any], by: By, now: datetime
) -> list[str]:
    """Change what a draft says; returns the fields that are other than before.

    Raises:
        Refused: it is decided on.
    """
    # Not a field of files: whether a merged card was reviewed does not change with its words.
    kept = {"review": draft.content["review"]} if "review" in draft.content else {}
    return drafts.edit(session, draft, {**content, **kept}, by, now)


def change_card(
    session: Session, card_id: str, content: Mapping[str, Any], by: By, now: datetime
) -> Proposed:
    """Propose another wording of a card: a draft of its next version. Said twice, it is one."""
    session.get(Card, card_id, with_for_update=True)
    waiting = session.scalars(
        select(CardDraft)
        .where(CardDraft.card_id == card_id, CardDraft.state == rules.IN_REVIEW)
        .order_by(CardDraft.id)
    )
    for draft in waiting:
        proposer = By(draft.proposed_by, draft.proposer_id)
        if draft.content == dict(content) and proposer.key == by.key:
            return Proposed(draft, (), {})
    return _for_review(session, drafts.draft_of_card(session, card_id, content, by, now), now)


def _for_review(session: Session, draft: CardDraft, now: datetime) -> Proposed:
    asked = telling.ask_reviewers(session, draft, drafts.shown_title(draft), now)
    return Proposed(draft, asked, drafts.close_cards(session, draft))


def approve(session: Session, draft: CardDraft, by: By, now: datetime, *, distinct: bool) -> None:
    """Approve a draft.

    Args:
        distinct: its near-duplicates were looked at, and it is another card.

    Raises:
        Refused: something stands against it.
    """
    _submitted(session, draft, now)
    if distinct:
        near = drafts.close_cards(session, draft)
        drafts.acknowledge(session, draft, near, by, now)
    drafts.approve(session, draft, by, now)


def few_examples(draft: CardDraft) -> list[str]:
    """The languages in which a draft has too few example questions for the model to be sure."""
    examples = draft.content.get("examples") or {}
    return [one for one, texts in examples.items() if len(texts) < rules.FEW_EXAMPLES]


def reject(session: Session, draft: CardDraft, reason: str, by: By, now: datetime) -> None:
    """Decide against a draft; whoever proposed it is told why.

    Raises:
        Refused: it is decided on already.
    """
    drafts.reject(session, draft, reason, by, now)
    telling.rejected(session, draft, drafts.shown_title(draft), reason, now)


def merge(session: Session, draft: CardDraft, card_id: str, by: By, now: datetime) -> None:
    """Add a draft's questions to a card instead of making a new one.

    Raises:
        Refused: the card is not in the library, or something stands against it.
    """
    _submitted(session, draft, now)
    drafts.merge(session, draft, card_id, by, now)


def _submitted(session: Session, draft: CardDraft, now: datetime) -> None:
    if draft.state == rules.DRAFT:
        drafts.submit(session, draft, now)


def withdraw(
    session: Session, ids: Sequence[str], reason: str, by: By, now: datetime
) -> list[Card]:
    """Take cards out of the library; their owners are told. Returns those that were in it.

    Raises:
        Refused: there is no such card.
    """
    titles = knowledge.titles(session, ids)
    taken = keeping.withdraw(session, ids, reason, by, now)
    telling.withdrawn(session, taken, titles, reason, now)
    return taken


def keep(
    session: Session,
    card_id: str,
    by: By,
    now: datetime,
    *,
    today: date,
    region: str,
    until: date | None = None,
    owner: str | None = None,
    guideline: str | None = None,
) -> Card:
    """Say until when a card is good, who answers for it, or what it rests on; None: as it is.

    Args:
        today: in the programme's own time zone.
        region: two-letter country, for a phone in national form.
        owner: an external id or a phone.

    Raises:
        Refused: there is no such card or person, or the day has come already.
    """
    person = next(iter(called(session, owner, region)), None) if owner else None
    if owner and person is None:
        raise Refused(Objection("card_owner_unknown", (("owner", owner),)))
    if until is not None and until <= today:
        raise Refused(Objection("card_until_past", (("day", until.isoformat()),)))
    return keeping.keep(
        session,
        card_id,
        by,
        now,
        expires_on=until,
        owner_id=person.id if person is not None else None,
        guideline=guideline,
    )
