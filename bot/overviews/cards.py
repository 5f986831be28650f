"""The library and what waits to come into it, as lists. The library is the whole programme's."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any, Final

from sqlalchemy import ColumnElement, Select, Text, and_, cast, func, or_, select
from sqlalchemy.orm import Session

from bot.knowledge import drafts, rules
from bot.knowledge.drafts import By
from bot.knowledge.expiring import WARNED_BEFORE
from store.knowledge import Card, CardDraft, CardVersion, Question
from store.people import Person

PAGE: Final = 50
# How often a card was sent, and whether it helped, is counted over these days.
COUNTED: Final = timedelta(days=90)
LATELY: Final = timedelta(days=90)
STATES: Final = ("live", "sample", "expiring", "expired", "withdrawn")
ORDERS: Final = ("topic", "often", "not_helpful", "oldest")


@dataclass(frozen=True)
class Draft:
    """A draft in a list. ``own``: whoever looks proposed it, and so cannot approve it."""

    draft: CardDraft
    title: str
    own: bool


@dataclass(frozen=True)
class Queue:
    """What waits for somebody: drafts by state, and cards of the library that end.

    ``expiring``: in 30 days or sooner, ``expired`` ones among them.
    """

    review: Sequence[Draft]
    without_source: Sequence[Draft]
    approved: Sequence[Draft]
    expiring: Sequence[Line]
    withdrawn: Sequence[Line]


@dataclass(frozen=True)
class Wanted:
    """What is looked for in the library; empty: all of it. ``page`` counts from 1."""

    words: str = ""
    topic: str = ""
    language: str = ""
    state: str = ""
    order: str = "topic"
    page: int = 1


@dataclass(frozen=True)
class Line:
    """One card of the library. ``answered`` and ``not_helpful``: in the last 90 days."""

    card: Card
    version: CardVersion
    answered: int
    not_helpful: int
    state: str

    def title(self, language: str) -> str:
        """Its title in a language, in English where it has none."""
        return _in(self.version.title, language) or self.card.id

    def topic(self, language: str) -> str:
        """The title of its topic."""
        return _in(self.version.topic_title, language) or self.card.topic


def _in(texts: Mapping[str, Any], language: str) -> str:
    return str(texts.get(language) or texts.get("en") or next(iter(texts.values()), ""))


def queue(session: Session, by: By, now: datetime, today: date) -> Queue:
    """What waits.

    Args:
        by: whoever looks.
        today: in the programme's own time zone.
    """
    waiting = session.scalars(
        select(CardDraft)
        .where(CardDraft.state.in_((rules.DRAFT, rules.IN_REVIEW, rules.APPROVED)))
        .order_by(CardDraft.id)
    ).all()

    def those(state: str) -> list[Draft]:
        return [
            Draft(draft, drafts.shown_title(draft), by.proposed(draft))
            for draft in waiting
            if draft.state == state
        ]

    ending = _lines(
        session,
        _cards(now)
        .where(Card.withdrawn_at.is_(None), Card.expires_on <= today + WARNED_BEFORE)
        .order_by(Card.expires_on, Card.id),
        today,
    )
    gone = _lines(
        session,
        _cards(now).where(Card.withdrawn_at > now - LATELY).order_by(Card.withdrawn_at.desc()),
        today,
    )
    return Queue(those(rules.IN_REVIEW), those(rules.DRAFT), those(rules.APPROVED), ending, gone)


def _cards(now: datetime) -> Select[Card, CardVersion, int, int]:
    """Cards with the wording that is sent and their counts."""
    counts = (
        select(
            Question.card_id,
            func.count().label("answered"),
            func.count().filter(Question.helpful.is_(False)).label("not_helpful"),
        )
        .where(Question.card_id.is_not(None), Question.asked_at > now - COUNTED)
        .group_by(Question.card_id)
        .subquery("counts")
    )
    return (
        select(
            Card,
            CardVersion,
            func.coalesce(counts.c.answered, 0).label("answered"),
            func.coalesce(counts.c.not_helpful, 0).label("not_helpful"),
        )
        .join(
            CardVersion,
            and_(CardVersion.card_id == Card.id, CardVersion.version == Card.live_version),
        )
        .outerjoin(counts, counts.c.card_id == Card.id)
    )


def _lines(session: Session, query: Select[Card, CardVersion, int, int], today: date) -> list[Line]:
    return [
        Line(card, version, answered, unhelpful, state_of(card, version, today))
        for card, version, answered, unhelpful in session.execute(query)
    ]


def state_of(card: Card, version: CardVersion, today: date) -> str:
    """One of ``STATES``: the one that matters most."""
    if card.withdrawn_at is not None:
        return "withdrawn"
    if card.expired_at is not None:
        return "expired"
    if card.expires_on is not None and card.expires_on <= today + WARNED_BEFORE:
        return "expiring"
    return "sample" if version.review.startswith("sample") else "live"


def library(session: Session, wanted: Wanted, now: datetime, today: date) -> tuple[list[Line], int]:
    """One page of the library, and how many cards there are of that kind."""
    query = _cards(now).where(*_conditions(wanted, today))
    total = session.scalar(select(func.count()).select_from(query.subquery())) or 0
    counted = query.selected_columns
    orders: dict[str, tuple[ColumnElement[Any], ...]] = {
        "often": (counted.answered.desc(),),
        "not_helpful": (counted.not_helpful.desc(), counted.answered.desc()),
        "oldest": (CardVersion.created_at.asc(),),
    }
    shown = (
        query.order_by(*orders.get(wanted.order, ()), Card.topic, Card.id)
        .offset((wanted.page - 1) * PAGE)
        .limit(PAGE)
    )
    return _lines(session, shown, today), total


def _conditions(wanted: Wanted, today: date) -> list[ColumnElement[bool]]:
    found: list[ColumnElement[bool]] = []
    words = " ".join(wanted.words.split())
    if words:
        texts = (CardVersion.title, CardVersion.answer, CardVersion.examples)
        found.append(
            or_(
                *(cast(one, Text).icontains(words, autoescape=True) for one in texts),
                CardVersion.source.icontains(words, autoescape=True),
                Card.id.icontains(words, autoescape=True),
                Card.guideline.icontains(words, autoescape=True),
            )
        )
    if wanted.topic:
        found.append(Card.topic == wanted.topic)
    if wanted.language:
        found.append(CardVersion.answer.op("?")(wanted.language))
    stays = Card.withdrawn_at.is_(None)
    soon = Card.expires_on <= today + WARNED_BEFORE
    match wanted.state:
        case "withdrawn":
            found.append(Card.withdrawn_at.is_not(None))
        case "expired":
            found += [stays, Card.expired_at.is_not(None)]
        case "expiring":
            found += [stays, Card.expired_at.is_(None), soon]
        case "sample":
            found += [stays, CardVersion.review.startswith("sample")]
        case "live":
            found += [stays, Card.expired_at.is_(None)]
    return found


def one(session: Session, card_id: str, now: datetime, today: date) -> Line | None:
    """A card that is or was in the library."""
    found = _lines(session, _cards(now).where(Card.id == card_id), today)
    return found[0] if found else None


def waiting_for(session: Session, card_id: str) -> Sequence[CardDraft]:
    """The drafts that would change a card."""
    return session.scalars(
        select(CardDraft)
        .where(
            CardDraft.card_id == card_id,
            CardDraft.state.in_((rules.DRAFT, rules.IN_REVIEW, rules.APPROVED)),
        )
        .order_by(CardDraft.id)
    ).all()


def with_owner(session: Session, content: Mapping[str, Any]) -> dict[str, Any]:
    """A content for reading: the owner by name, never by number."""
    owner = session.get(Person, content["owner_id"]) if content.get("owner_id") else None
    return {**content, "owner": (owner.name or f"#{owner.id}") if owner is not None else None}
