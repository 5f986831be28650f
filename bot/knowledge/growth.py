"""What a training takes in, and what follows from it: cards go live, or are kept back.

The order is: the model is published, the cards go live, the dialogue servers take the model, and
then whoever asked is told. Each step may be repeated after a crash.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from bot import knowledge
from bot.knowledge import drafts, rules, telling
from bot.texts import languages, text
from store.cases import Case, CaseEvent
from store.knowledge import Card, CardDraft, CardVersion, ModelTraining, Question
from store.people import Person

# Whoever asked longer ago than this has forgotten the question.
ASKED_SINCE = timedelta(days=60)
MOST_ASKED = 3000


@dataclass(frozen=True)
class Batch:
    """What one training takes in.

    Attributes:
        training: id of its row.
        topics: the library with the approved drafts in it, as ``knowledge.training_topics``.
        drafts: draft id → fingerprint, for what is in it and not live yet.
    """

    training: int
    topics: list[dict[str, Any]]
    drafts: dict[int, str]


@dataclass(frozen=True)
class Asked:
    """A question that went to a mentor: whose, in which words and language."""

    person_id: int
    text: str
    language: str


def begin(session: Session, now: datetime, *, with_drafts: bool = True) -> Batch:
    """Write down that a training begins; what is approved by now is in it."""
    waiting = _approved(session) if with_drafts else []
    contents = {str(draft.card_id): card_of(session, draft) for draft in waiting}
    row = ModelTraining(started_at=now, drafts=[draft.id for draft in waiting])
    session.add(row)
    session.flush()
    return Batch(
        training=row.id,
        topics=_with(knowledge.training_topics(session), list(contents.values())),
        drafts={draft.id: drafts.fingerprint(draft) for draft in waiting},
    )


def _approved(session: Session) -> list[CardDraft]:
    """Approved and not held back; the newest of several for one card."""
    found = session.scalars(
        select(CardDraft)
        .join(Card, Card.id == CardDraft.card_id)
        .where(
            CardDraft.state == rules.APPROVED,
            CardDraft.held_back.is_(None),
            Card.withdrawn_at.is_(None),
        )
        .order_by(CardDraft.approved_at, CardDraft.id)
    )
    return sorted({draft.card_id: draft for draft in found}.values(), key=lambda one: one.id)


def waits(session: Session) -> bool:
    """Whether an approved draft waits for a training."""
    return bool(_approved(session))


def _title_of(topic: str) -> dict[str, str]:
    """The title of a topic that no card has yet."""
    if topic != rules.OTHER_TOPIC:
        return {"en": topic}
    key = rules.OTHER_TITLE
    return {language: text(key, language) for language in sorted(languages(key))}


def card_of(session: Session, draft: CardDraft) -> dict[str, Any]:
    """A draft as a card for ``knowledge.save`` and for the training data."""
    content = draft.content
    topic_title = session.scalar(
        select(CardVersion.topic_title)
        .join(Card, (Card.id == CardVersion.card_id) & (Card.live_version == CardVersion.version))
        .where(Card.topic == content["topic"])
        .limit(1)
    )
    day = (draft.approved_at or draft.proposed_at).date().isoformat()
    return {
        **{key: content.get(key) for key in knowledge.CONTENT_KEYS},
        "id": draft.card_id,
        "topic": content["topic"],
        "topic_title": topic_title or _title_of(content["topic"]),
        # What was only merged into a card does not make it reviewed.
        "review": content.get("review") or f"reviewed {day}",
        "follow_ups": content.get("follow_ups") or {},
    }


def _with(
    topics: Sequence[Mapping[str, Any]], cards: Sequence[Mapping[str, Any]]
) -> list[dict[str, Any]]:
    """Topics with these cards in the place of those with the same ids; in a fixed order."""
    ids = {card["id"] for card in cards}
    merged = {
        topic["topic"]: {**topic, "cards": [one for one in topic["cards"] if one["id"] not in ids]}
        for topic in topics
    }
    for card in cards:
        new = {"topic": card["topic"], "title": card["topic_title"], "review": card["review"]}
        topic = merged.setdefault(card["topic"], {**new, "cards": []})
        topic["cards"].append({key: card.get(key) for key in (*knowledge.CONTENT_KEYS, "review")})
        topic["cards"][-1]["id"] = card["id"]
    return [
        {**merged[name], "cards": sorted(merged[name]["cards"], key=lambda one: str(one["id"]))}
        for name in sorted(merged)
        if merged[name]["cards"]
    ]


def go_live(session: Session, batch: Batch, model: str | None, now: datetime) -> list[str]:
    """The model is published: what was trained goes live; returns the cards.

    A draft that somebody has changed in the meantime is left for the next training.
    """
    cards = []
    for draft_id, before in batch.drafts.items():
        draft = drafts.locked(session, draft_id)
        if draft is None or drafts.fingerprint(draft) != before:
            continue
        card = session.get_one(Card, draft.card_id, with_for_update=True)
        if card.withdrawn_at is not None:
            continue
        knowledge.save(session, [card_of(session, draft)])
        content = draft.content
        card.guideline = content.get("guideline") or card.guideline
        card.owner_id = content.get("owner_id") or card.owner_id or draft.reviewer_id
        if content.get("expires_on"):
            card.expires_on, card.expired_at = date.fromisoformat(content["expires_on"]), None
        version = session.scalar(
            select(CardVersion).where(
                CardVersion.card_id == card.id, CardVersion.version == card.live_version
            )
        )
        assert version is not None
        version.draft_id = draft.id
        drafts.move(draft, "go_live")
        draft.live_at = now
        drafts.record(session, "went_live", now, draft=draft, data={"version": version.version})
        cards.append(card.id)
    row = session.get_one(ModelTraining, batch.training)
    row.outcome, row.model, row.finished_at = "published", model, now
    return cards


def keep_back(
    session: Session, batch: Batch, outcome: str, findings: Sequence[str], now: datetime
) -> None:
    """The model was not published: what was approved waits, with the reason, for a person.

    Args:
        outcome: ``kept_back`` by the gate, or ``failed``.
    """
    row = session.get_one(ModelTraining, batch.training)
    row.outcome, row.findings, row.finished_at = outcome, list(findings), now
    for draft_id, before in batch.drafts.items():
        draft = drafts.locked(session, draft_id)
        if draft is None or drafts.fingerprint(draft) != before:
            continue
        draft.held_back = " ".join(findings)[:1000] or outcome
        drafts.record(session, "held_back", now, draft=draft, text=draft.held_back)
        telling.held_back(session, draft, drafts.shown_title(draft), batch.training, now)


def is_loaded(session: Session, model: str) -> bool:
    """Whether every dialogue server has this model."""
    loaded = select(ModelTraining.id).where(
        ModelTraining.model == model, ModelTraining.loaded_at.is_not(None)
    )
    return session.scalar(loaded.limit(1)) is not None


def loaded(session: Session, batch: Batch, now: datetime) -> None:
    """Every dialogue server has the model of this training."""
    session.get_one(ModelTraining, batch.training).loaded_at = now


def untold(session: Session) -> list[int]:
    """The drafts that are live and of which nobody has heard yet."""
    return list(
        session.scalars(
            select(CardDraft.id)
            .where(CardDraft.state == rules.LIVE, CardDraft.told_at.is_(None))
            .order_by(CardDraft.id)
        )
    )


def cards_of(session: Session, draft_ids: Sequence[int]) -> dict[int, str]:
    """Draft id → the card that it became."""
    rows = session.execute(
        select(CardDraft.id, CardDraft.card_id).where(CardDraft.id.in_(draft_ids))
    )
    return {draft: card for draft, card in rows if card is not None}


def examples_of(session: Session, draft_ids: Sequence[int]) -> dict[int, list[tuple[str, str]]]:
    """Draft id → the questions that it should answer, each with its language."""
    return {
        draft.id: [
            (language, text)
            for language, texts in draft.content["examples"].items()
            for text in texts
        ]
        for draft in session.scalars(select(CardDraft).where(CardDraft.id.in_(draft_ids)))
    }


def asked_lately(session: Session, now: datetime) -> list[Asked]:
    """What went to a mentor lately, the newest first.

    Nobody is told while a case of theirs is open: a mentor has the conversation.
    """
    busy = select(Case.mentee_id).where(Case.state == "open")
    told = select(CaseEvent.text, Case.mentee_id, Person.language, CaseEvent.id)
    rows = session.execute(
        told.join(Case, Case.id == CaseEvent.case_id)
        .join(Person, Person.id == Case.mentee_id)
        .where(
            CaseEvent.kind == "opened",
            Case.opened_at > now - ASKED_SINCE,
            Case.mentee_id.not_in(busy),
        )
        .order_by(CaseEvent.id.desc())
        .limit(MOST_ASKED)
    ).all()
    asked = {Asked(person, text, language): None for text, person, language, _ in rows if text}
    unhelped = session.execute(
        select(Question.text, Question.person_id, Question.language)
        .where(
            Question.asked_at > now - ASKED_SINCE,
            Question.helpful.is_(False) | (Question.decision == "ask"),
            Question.case_id.is_(None),
            Question.person_id.not_in(busy),
        )
        .order_by(Question.id.desc())
        .limit(MOST_ASKED)
    ).all()
    asked |= {Asked(person, text, language): None for text, person, language in unhelped}
    return list(asked)


def tell(
    session: Session,
    draft_id: int,
    matched: Sequence[int],
    sure: Mapping[str, int] | None,
    now: datetime,
) -> int:
    """Tell whoever asked, thank the mentor, and say to the reviewer how the card does.

    Args:
        matched: people whose question the model now answers with this card.
        sure: of its own examples: how many there are (``of``), and how many it answers (``sure``).

    Returns:
        How many people who asked were told.
    """
    draft = drafts.locked(session, draft_id)
    if draft is None or draft.told_at is not None or draft.state != rules.LIVE:
        return 0
    assert draft.card_id is not None
    card = knowledge.live_cards(session, [draft.card_id]).get(draft.card_id)
    told: list[int] = []
    if card is not None:
        own = session.get(Case, draft.case_id) if draft.case_id else None
        wanted = [*([own.mentee_id] if own else []), *matched]
        busy = set(session.scalars(select(Case.mentee_id).where(Case.state == "open")))
        everybody = [
            one for one in dict.fromkeys(wanted) if one != draft.proposer_id and one not in busy
        ]
        told = [one for one in everybody if telling.news(session, card, one, now)]
        title = card.in_language("en")[0]
        telling.thanks(session, draft, title, now)
        if sure is not None:
            telling.checked(session, draft, title, sure["sure"], sure["of"], now)
    draft.told_at = now
    data = {"people": len(told), **(sure or {})}
    drafts.record(session, "told", now, draft=draft, data=data)
    return len(told)
