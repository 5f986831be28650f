"""Writing another version of a question, and what each version changed."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from bot.quizzes import catalogue, importing
from bot.quizzes.bank import FALLBACK, LETTERS, Item
from bot.quizzes.stock import BankError, entry
from bot.text import difference
from store.quizzes import Answer, ItemVersion


class Unsound(BankError):
    """An item cannot be as it was written. ``problems``: a sentence each, without its id."""

    def __init__(self, item_id: str, problems: Sequence[str]) -> None:
        super().__init__(f"{item_id}: {'; '.join(problems)}.")
        self.problems = tuple(problems)


class Overtaken(BankError):
    """Somebody wrote another version in between."""


@dataclass(frozen=True, slots=True)
class Change:
    """What one version changed in one part of an item. ``language``: empty where it has none."""

    part: str
    language: str
    parts: Sequence[difference.Piece]


@dataclass(frozen=True, slots=True)
class Version:
    """One version, what it changed against the one before, and which options were chosen.

    ``chosen``: how often each option was, of its own ``answers``.
    """

    item: Item
    since: datetime
    answers: int
    chosen: tuple[int, ...]
    changes: Sequence[Change]


def revise(session: Session, item: Item, before: int) -> Item:
    """Ask an item in these words from now on, as a new version; the old ones stay.

    A withdrawn one is asked again by it. Nothing is written where nothing differs.

    Args:
        item: the whole of it; its version does not matter.
        before: the version that was changed.

    Returns:
        The item as it is asked now.

    Raises:
        Unsound: it breaks a rule of the bank, for itself or together with others.
        Overtaken: there is a newer version than ``before``.
        BankError: the bank has no such item.
    """
    if entry(session, item.id).item.version != before:
        raise Overtaken(f"{item.id} has been changed meanwhile.")
    known = importing.look_up(session)
    problems = importing.alone(item, known)
    if not problems:
        found = importing.Found(items=[item], lines={item.id: {"": 0}})
        problems = [
            said.removeprefix(f"{item.id}: ") for _, said in importing.together(found, known)
        ]
    if problems:
        raise Unsound(item.id, problems)
    catalogue.save_items(session, [item])
    return entry(session, item.id).item


def written(item: Item, **changed: object) -> Item:
    """An item with other words; texts are trimmed, and languages without any text left out."""
    made = replace(item, **changed)  # type: ignore[arg-type]
    languages = [
        one
        for one in made.stem
        if made.stem[one] or made.why.get(one) or any(made.options.get(one, ()))
    ]
    return replace(
        made,
        stem={one: made.stem[one] for one in languages},
        why={one: made.why.get(one, "") for one in languages},
        options={one: made.options.get(one, ()) for one in languages},
    )


def versions(session: Session, item_id: str) -> list[Version]:
    """Every version of an item, the newest first."""
    rows = session.execute(
        select(ItemVersion.version, ItemVersion.created_at)
        .where(ItemVersion.item_id == item_id)
        .order_by(ItemVersion.version)
    ).all()
    options: dict[int, dict[int, int]] = {}
    for version, option, count in session.execute(
        select(Answer.item_version, Answer.option, func.count())
        .where(Answer.item_id == item_id)
        .group_by(Answer.item_version, Answer.option)
    ):
        options.setdefault(version, {})[option] = count
    items = catalogue.versions(session, [(item_id, row.version) for row in rows])
    found: list[Version] = []
    before: Item | None = None
    for row in rows:
        item = items[item_id, row.version]
        chosen = options.get(row.version, {})
        places = range(len(item.options[item.language(FALLBACK)]))
        found.append(
            Version(
                item,
                row.created_at,
                sum(chosen.values()),
                tuple(chosen.get(place, 0) for place in places),
                list(changes(before, item)) if before is not None else (),
            )
        )
        before = item
    return found[::-1]


def changes(before: Item, after: Item) -> Iterator[Change]:
    """What differs between two versions, part by part."""
    languages = dict.fromkeys((*before.stem, *after.stem))
    for language in languages:
        for part in ("stem", "options", "why"):
            texts = [_text(item, part, language) for item in (before, after)]
            if texts[0] != texts[1]:
                yield Change(part, language, difference.words(*texts))
    for part in ("answer", "competency", "source", "cadres", "critical", "card", "twin", "review"):
        texts = [_text(item, part, "") for item in (before, after)]
        if texts[0] != texts[1]:
            yield Change(part, "", difference.words(*texts))


def _text(item: Item, part: str, language: str) -> str:
    if part == "options":
        lines = zip(LETTERS, item.options.get(language, ()), strict=False)
        return "\n".join(f"{letter} {option}" for letter, option in lines)
    if language:
        texts: dict[str, str] = dict(item.stem if part == "stem" else item.why)
        return texts.get(language, "")
    match part:
        case "answer":
            return item.letter
        case "cadres":
            return ", ".join(sorted(item.cadres))
        case "critical":
            return "✓" if item.critical else ""
        case _:
            return str(getattr(item, part) or "")
