"""The library: answer cards with versions. What is live is what is sent, word for word."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

import yaml
from sqlalchemy import select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from bot.text.yaml_file import read_yaml
from bot.texts import FALLBACK, text
from store.knowledge import Card, CardVersion

FOLDER = Path(__file__).parent / "cards"
CONTENT_KEYS = (
    "title",
    "answer",
    "examples",
    "follow_ups",
    "facts",
    "cadres",
    "source",
    "emergency",
)


class CardError(Exception):
    """A card file is not usable. The message says which card and what is wrong."""


@dataclass(frozen=True)
class LiveCard:
    """The live wording of a card."""

    id: str
    topic: str
    version: int
    title: Mapping[str, str]
    answer: Mapping[str, str]
    source: str
    emergency: str | None
    review: str

    def in_language(self, language: str) -> tuple[str, str]:
        """(title, answer) in a language, in English where it is not written in it."""
        where = language if language in self.answer else FALLBACK
        return self.title.get(where, self.id), self.answer[where]

    @property
    def is_sample(self) -> bool:
        """Whether a clinician of the programme has yet to review it."""
        return self.review.startswith("sample")


def read_files(folder: Path = FOLDER) -> list[dict[str, Any]]:
    """Every card of a folder of topic files, with its topic and the topic's title.

    Raises:
        CardError: a file is not YAML of the documented shape.
    """
    return [card for path in sorted(folder.glob("*.yml")) for card in read_file(path)]


def read_file(path: Path) -> list[dict[str, Any]]:
    """The cards of one topic file.

    Raises:
        CardError: as ``read_files``.
    """
    try:
        loaded = read_yaml(path)
    except (yaml.YAMLError, UnicodeDecodeError, OSError) as error:
        raise CardError(f"{path.name} cannot be read: {error}.".replace("\n", " ")) from error
    if not isinstance(loaded, dict) or not isinstance(loaded.get("cards"), list):
        raise CardError(f"{path.name} has no list of cards.")
    topic, topic_title = loaded.get("topic"), loaded.get("title")
    if not isinstance(topic, str) or not isinstance(topic_title, dict):
        raise CardError(f"{path.name} has no topic with a title.")
    for card in loaded["cards"]:
        for problem in problems(card):
            raise CardError(f"{path.name}, card {card.get('id', '?')}: {problem}.")
    return [{**card, "topic": topic, "topic_title": topic_title} for card in loaded["cards"]]


def problems(card: Any) -> list[str]:
    """What is wrong with a card, one sentence each without the full stop."""
    if not isinstance(card, dict):
        return ["is not a mapping"]
    found = [
        f"{key} is missing"
        for key in ("id", "title", "answer", "examples", "source", "review")
        if not card.get(key)
    ]
    if found:
        return found
    for key in ("title", "answer", "examples"):
        if not isinstance(card[key], dict) or FALLBACK not in card[key]:
            found.append(f"{key} has no {FALLBACK}")
    if found:
        return found
    if not isinstance(card.get("expires_on"), date | None):
        found.append("expires_on is not a day such as 2027-01-31")
    for language, answer in card["answer"].items():
        if not isinstance(answer, str) or not answer.strip():
            found.append(f"the answer in {language} is empty")
        if not card["examples"].get(language):
            found.append(f"there are no example questions in {language}")
    return found


def save(session: Session, cards: Iterable[Mapping[str, Any]]) -> tuple[int, int]:
    """Make these cards live; an unchanged card stays as it is, a changed one gets a new version.

    Returns:
        (new or changed, unchanged).
    """
    changed = same = 0
    for card in cards:
        session.execute(
            insert(Card).values(id=card["id"], topic=card["topic"]).on_conflict_do_nothing()
        )
        row = session.get_one(Card, card["id"], with_for_update=True)
        row.topic = card["topic"]
        row.guideline = card.get("guideline") or row.guideline
        if isinstance(card.get("expires_on"), date):
            row.expires_on, row.expired_at = card["expires_on"], None
        newest = session.scalar(
            select(CardVersion)
            .where(CardVersion.card_id == card["id"])
            .order_by(CardVersion.version.desc())
            .limit(1)
        )
        content = _content(card)
        if newest is not None and all(getattr(newest, key) == content[key] for key in content):
            row.live_version = row.live_version or newest.version
            same += 1
            continue
        version = CardVersion(
            card_id=card["id"], version=newest.version + 1 if newest else 1, **content
        )
        session.add(version)
        session.flush()
        row.live_version = version.version
        changed += 1
    return changed, same


def _content(card: Mapping[str, Any]) -> dict[str, Any]:
    content = {key: card.get(key) for key in CONTENT_KEYS}
    content["answer"] = {
        language: " ".join(answer.split()) for language, answer in card["answer"].items()
    }
    content["follow_ups"] = card.get("follow_ups") or {}
    content["facts"] = list(card.get("facts") or [])
    content["cadres"] = list(card.get("cadres") or [])
    content["topic_title"] = card["topic_title"]
    content["review"] = card["review"]
    return content


def live_cards(session: Session, ids: Iterable[str] | None = None) -> dict[str, LiveCard]:
    """The live cards by id, all of them or those named; none that is withdrawn or expired."""
    query = (
        select(CardVersion, Card.topic)
        .join(Card, (Card.id == CardVersion.card_id) & (Card.live_version == CardVersion.version))
        .where(Card.withdrawn_at.is_(None), Card.expired_at.is_(None))
    )
    if ids is not None:
        query = query.where(Card.id.in_(list(ids)))
    return {
        version.card_id: LiveCard(
            id=version.card_id,
            topic=topic,
            version=version.version,
            title=version.title,
            answer=version.answer,
            source=version.source,
            emergency=version.emergency,
            review=version.review,
        )
        for version, topic in session.execute(query)
    }


def training_topics(session: Session) -> list[dict[str, Any]]:
    """The cards as the training data is built from: topic by topic, as in the card files.

    Expired cards stay in it: what they answered is still recognised, and goes to a mentor.
    """
    query = (
        select(CardVersion, Card.topic)
        .join(Card, (Card.id == CardVersion.card_id) & (Card.live_version == CardVersion.version))
        .where(Card.withdrawn_at.is_(None))
        .order_by(Card.topic, Card.id)
    )
    topics: dict[str, dict[str, Any]] = {}
    for version, topic in session.execute(query):
        file = topics.setdefault(
            topic,
            {"topic": topic, "title": version.topic_title, "review": version.review, "cards": []},
        )
        card = {key: getattr(version, key) for key in CONTENT_KEYS}
        file["cards"].append({"id": version.card_id, "review": version.review, **card})
    return list(topics.values())


def titles(session: Session, ids: Iterable[str]) -> dict[str, str]:
    """The English titles of cards by id, also of those that are withdrawn or expired."""
    rows = session.execute(
        select(CardVersion.card_id, CardVersion.title)
        .join(Card, (Card.id == CardVersion.card_id) & (Card.live_version == CardVersion.version))
        .where(Card.id.in_(list(ids)))
    )
    return {card: str(title.get(FALLBACK, card)) for card, title in rows}


def topic_titles(session: Session, language: str) -> list[str]:
    """The topics of the live cards, in a language, in alphabetical order."""
    rows = session.execute(
        select(Card.topic, CardVersion.topic_title)
        .join(Card, (Card.id == CardVersion.card_id) & (Card.live_version == CardVersion.version))
        .where(Card.withdrawn_at.is_(None))
    )
    of_topic: dict[str, dict[str, str]] = {topic: title for topic, title in rows}  # noqa: C416
    return sorted(title.get(language) or title.get(FALLBACK, t) for t, title in of_topic.items())


def rendered(card: LiveCard, language: str) -> str:
    """The answer word for word with its source, and the mark of what is not reviewed yet."""
    _, answer = card.in_language(language)
    where = language if language in card.answer else FALLBACK
    source = text("source", where, source=card.source)
    mark = f" {text('sample', where)}" if card.is_sample else ""
    return f"{answer}\n{source}{mark}"
