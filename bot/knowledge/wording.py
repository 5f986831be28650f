"""The wordings of a card and of its drafts: every version, as a file has them, and what differs."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from bot.knowledge import draft_file, drafts
from bot.people import called
from bot.text import difference
from bot.text.difference import Piece
from store.knowledge import Card, CardDraft, CardVersion
from store.people import Person


@dataclass(frozen=True, slots=True)
class Change:
    """One field that differs, in one language where it has several: a line, or a list's entries."""

    field: str
    language: str
    lines: tuple[tuple[Piece, ...], ...]


def versions(session: Session, card_id: str) -> list[CardVersion]:
    """Every version of a card, the oldest first."""
    query = select(CardVersion).where(CardVersion.card_id == card_id).order_by(CardVersion.version)
    return list(session.scalars(query))


def of_version(session: Session, version: CardVersion, card: Card) -> dict[str, Any]:
    """A version of a card as the content of a draft: the owner by id."""
    return {
        "topic": card.topic,
        **{name: getattr(version, name) for name in drafts.VERSIONED},
        "guideline": card.guideline,
        "owner_id": card.owner_id,
        "expires_on": card.expires_on.isoformat() if card.expires_on else None,
    }


def as_file(session: Session, content: Mapping[str, Any]) -> dict[str, Any]:
    """The content of a draft as a file has it: the owner by external id, else by phone."""
    owner = session.get(Person, content["owner_id"]) if content.get("owner_id") else None
    named = None
    if owner is not None:
        named = owner.external_id or next((one.value for one in owner.addresses), None)
    return {**{name: value for name, value in content.items() if name != "owner_id"},
            "owner": named}  # fmt: skip


def from_file(session: Session, content: Mapping[str, Any], region: str) -> dict[str, Any]:
    """The content of a file as it is stored: the owner by id.

    Args:
        region: two-letter country, for a phone in national form.

    Raises:
        BadFile: the owner is nobody we know.
    """
    stored = dict(content)
    named = stored.pop("owner", None)
    if named:
        owner = next(iter(called(session, named, region)), None)
        if owner is None:
            raise draft_file.BadFile(
                f"The owner {named} is nobody we know: a phone or an external id."
            )
        stored["owner_id"] = owner.id
    return stored


def present(session: Session, draft: CardDraft) -> tuple[Card, CardVersion] | None:
    """The card that a draft changes, and its wording before; None: the draft is a new card."""
    card = session.get(Card, draft.card_id) if draft.card_id else None
    before = []
    for version in versions(session, card.id) if card is not None else []:
        if version.draft_id == draft.id:
            break
        before.append(version)
    return (card, before[-1]) if card is not None and before else None


def changes(before: Mapping[str, Any], after: Mapping[str, Any]) -> list[Change]:
    """What differs between two contents as files have them, in the order of a file's fields."""
    found = []
    for field in draft_file.FIELDS:
        old, new = before.get(field), after.get(field)
        if field in draft_file.TEXTS + draft_file.LISTS:
            languages = {**(old or {}), **(new or {})}
            pairs = [(one, (old or {}).get(one), (new or {}).get(one)) for one in languages]
        else:
            pairs = [("", old, new)]
        found += [Change(field, one, _lines(*pair)) for one, *pair in pairs if _differ(*pair)]
    return found


def _differ(old: Any, new: Any) -> bool:
    return (old or None) != (new or None)


def _lines(old: Any, new: Any) -> tuple[tuple[Piece, ...], ...]:
    if isinstance(old, list) or isinstance(new, list):
        return tuple((piece,) for piece in difference.entries(old or [], new or []))
    return (difference.words(str(old or ""), str(new or "")),)
