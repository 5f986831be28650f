"""What comes due about cards: drafts that wait for a source, and cards whose day comes near."""

from __future__ import annotations

from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from sqlalchemy import select
from sqlalchemy.orm import Session

from bot import knowledge
from bot.knowledge import drafts, growth, keeping, rules, telling
from bot.settings import Settings
from store import queue
from store.knowledge import Card, CardDraft

# A draft whose source nobody named goes to review without it after this.
SOURCE_PATIENCE = timedelta(hours=2)
WARNED_BEFORE = timedelta(days=30)


def look(session: Session, now: datetime, settings: Settings) -> None:
    """One look at what has come due; each thing is said once.

    Args:
        now: aware. A card's day begins in the programme's own time zone.
    """
    _submit(session, now)
    today = now.astimezone(ZoneInfo(settings.default_timezone)).date()
    withheld = settings.expired_cards == "withhold"
    if withheld:
        keeping.expire(session, today, now)
    near = session.scalars(
        select(Card)
        .where(Card.expires_on <= today + WARNED_BEFORE, Card.withdrawn_at.is_(None))
        .order_by(Card.id)
    ).all()
    titles = knowledge.titles(session, [card.id for card in near])
    for card in near:
        assert card.expires_on is not None
        over = card.expires_on <= today
        title = titles.get(card.id, card.id)
        telling.expiry(session, card, title, now, over=over, withheld=withheld)
    if growth.waits(session) or growth.untold(session):
        queue.defer_training(session)


def _submit(session: Session, now: datetime) -> None:
    waiting = session.scalars(
        select(CardDraft)
        .where(CardDraft.state == rules.DRAFT, CardDraft.proposed_at <= now - SOURCE_PATIENCE)
        .order_by(CardDraft.id)
        .with_for_update(skip_locked=True)
    ).all()
    for draft in waiting:
        drafts.submit(session, draft, now)
        telling.ask_reviewers(session, draft, drafts.shown_title(draft), now)
