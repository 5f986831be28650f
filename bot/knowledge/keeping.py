"""Cards in the library: withdrawn, restored, renewed, and expired when their day has come."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime

from sqlalchemy import func, or_, select
from sqlalchemy.orm import Session

from bot.knowledge import drafts, rules
from bot.knowledge.drafts import By, Refused
from bot.knowledge.rules import Objection
from store import queue
from store.knowledge import Card, CardDraft, CardVersion


def of_guideline(
    session: Session, *, guideline: str | None = None, source: str | None = None
) -> list[str]:
    """The ids of the cards in the library that rest on a guideline, or name a source.

    Args:
        guideline: the id of a guideline, in any case.
        source: the whole source as it stands on the card, in any case.
    """
    query = (
        select(Card.id)
        .join(
            CardVersion,
            (CardVersion.card_id == Card.id) & (CardVersion.version == Card.live_version),
        )
        .where(Card.withdrawn_at.is_(None))
        .order_by(Card.id)
    )
    wanted = []
    if guideline is not None:
        wanted.append(func.lower(Card.guideline) == guideline.strip().lower())
    if source is not None:
        wanted.append(func.lower(CardVersion.source) == source.strip().lower())
    return list(session.scalars(query.where(or_(*wanted)))) if wanted else []


def withdraw(
    session: Session, ids: Sequence[str], reason: str, by: By, now: datetime
) -> list[Card]:
    """Take cards out of the library: not sent from the moment this is committed.

    Returns:
        Those that were in it.

    Raises:
        Refused: there is no such card.
    """
    taken = []
    for card_id in sorted(ids):
        card = _card(session, card_id)
        if card.withdrawn_at is not None:
            continue
        card.withdrawn_at = now
        _move_drafts(session, card_id, rules.LIVE, "withdraw")
        drafts.record(session, "withdrawn", now, card_id=card_id, by=by, text=reason)
        taken.append(card)
    if taken:
        queue.defer_training(session)
    return taken


def restore(session: Session, card_id: str, by: By, now: datetime) -> bool:
    """Bring a withdrawn card back; ``False``: it was not withdrawn.

    Raises:
        Refused: there is no such card.
    """
    card = _card(session, card_id)
    if card.withdrawn_at is None:
        return False
    card.withdrawn_at = None
    _move_drafts(session, card_id, rules.WITHDRAWN, "restore")
    drafts.record(session, "restored", now, card_id=card_id, by=by)
    queue.defer_training(session)
    return True


def _move_drafts(session: Session, card_id: str, state: str, move: str) -> None:
    of_card = session.scalars(
        select(CardDraft)
        .where(CardDraft.card_id == card_id, CardDraft.state == state)
        .with_for_update()
    )
    for draft in of_card:
        drafts.move(draft, move)


def keep(
    session: Session,
    card_id: str,
    by: By,
    now: datetime,
    *,
    expires_on: date | None = None,
    owner_id: int | None = None,
    guideline: str | None = None,
) -> Card:
    """Say until when a card is good, who answers for it, or what it rests on; ``None``: as it is.

    Raises:
        Refused: there is no such card.
    """
    card = _card(session, card_id)
    if expires_on is not None:
        card.expires_on, card.expired_at = expires_on, None
    if owner_id is not None:
        card.owner_id = owner_id
    if guideline is not None:
        card.guideline = guideline
    changed = {"expires_on": expires_on, "owner_id": owner_id, "guideline": guideline}
    said = {name: str(value) for name, value in changed.items() if value is not None}
    drafts.record(session, "kept", now, card_id=card_id, by=by, data=said)
    return card


def expire(session: Session, today: date, now: datetime) -> list[Card]:
    """Mark the cards whose day has come; they are not sent from then on.

    Args:
        today: in the programme's own time zone.
    """
    due = session.scalars(
        select(Card)
        .where(Card.expires_on <= today, Card.expired_at.is_(None), Card.withdrawn_at.is_(None))
        .order_by(Card.id)
        .with_for_update(skip_locked=True)
    ).all()
    for card in due:
        card.expired_at = now
        drafts.record(session, "expired", now, card_id=card.id)
    return list(due)


def _card(session: Session, card_id: str) -> Card:
    card = session.get(Card, card_id, with_for_update=True)
    if card is None or (card.live_version is None and card.withdrawn_at is None):
        raise Refused(Objection("card_unknown", (("card", card_id),)))
    return card
