"""What the `./mentorline cards` commands show."""

import difflib
import json

from sqlalchemy import select

from bot import knowledge
from bot.knowledge import draft_file, drafts, rules, wording
from bot.knowledge.drafts import By
from bot.texts import text
from cli.campaign_desk import Desk
from cli.card_desk import opened, which
from cli.errors import Refusal
from store.knowledge import Card, CardDraft, CardEvent, ModelTraining


def listed(state: str | None, live: bool, as_json: bool) -> None:
    """Prints drafts, or the library.

    Raises:
        Refusal: there is no such state.
    """
    if state is not None and state not in rules.STATES:
        raise Refusal(f"{state} is not one of {', '.join(rules.STATES)}.")
    with opened() as desk:
        rows = _library(desk) if live else _drafts(desk, state)
        if as_json:
            print(json.dumps(rows, ensure_ascii=False, indent=1))
            return
        for row in rows:
            print("  ".join(str(value) for value in row.values() if value not in (None, "")))
        if not rows:
            print("There is none." if live or state else "There is no draft card.")
        if not live:
            _last_training(desk)


def _drafts(desk: Desk, state: str | None) -> list[dict[str, object]]:
    query = select(CardDraft).order_by(CardDraft.id)
    if state is not None:
        query = query.where(CardDraft.state == state)
    return [
        {
            "id": draft.id,
            "state": draft.state + (" (held back)" if draft.held_back else ""),
            "title": drafts.shown_title(draft),
            "topic": draft.content.get("topic") or "no topic",
            "proposed_by": draft.proposed_by,
            "card": draft.card_id,
        }
        for draft in desk.session.scalars(query)
    ]


def _library(desk: Desk) -> list[dict[str, object]]:
    query = select(Card).where(Card.live_version.is_not(None)).order_by(Card.topic, Card.id)
    found = desk.session.scalars(query).all()
    titles = knowledge.titles(desk.session, [card.id for card in found])
    return [
        {
            "id": card.id,
            "version": card.live_version,
            "title": titles.get(card.id),
            "state": "withdrawn" if card.withdrawn_at else "expired" if card.expired_at else "live",
            "expires_on": str(card.expires_on) if card.expires_on else None,
            "guideline": card.guideline,
        }
        for card in found
    ]


def _last_training(desk: Desk) -> None:
    last = desk.session.scalar(select(ModelTraining).order_by(ModelTraining.id.desc()).limit(1))
    if last is not None:
        when = last.started_at.isoformat(timespec="minutes")
        print(f"Last training: {when}, {last.outcome or 'going on'}. {' '.join(last.findings)}")


def show(given: str, as_yaml: bool) -> None:
    """Prints a draft or a card.

    Raises:
        Refusal: there is no such thing.
    """
    with opened() as desk:
        found = which(desk, given)
        if isinstance(found, Card):
            version = wording.versions(desk.session, found.id)[-1]
            content = wording.of_version(desk.session, version, found)
        else:
            content = found.content
        print(draft_file.write(wording.as_file(desk.session, content)), end="")
        if as_yaml or isinstance(found, Card):
            return
        print(f"--- draft card {found.id}: {found.state}, proposed by {found.proposed_by}")
        if found.held_back:
            print(f"Approved but not live: {found.held_back}")
        if found.state in (rules.DRAFT, rules.IN_REVIEW):
            # Nobody is at the desk yet: whoever proposed it is asked about separately.
            for one in drafts.objections(desk.session, found, By("")):
                print(f"- {text(one.key, 'en', **dict(one.values))}")


def history(given: str, as_json: bool) -> None:
    """Prints what happened to a draft or a card.

    Raises:
        Refusal: there is no such thing.
    """
    with opened() as desk:
        found = which(desk, given)
        if isinstance(found, Card):
            events = drafts.history(desk.session, card_id=found.id)
        else:
            events = drafts.history(desk.session, draft_id=found.id)
        if as_json:
            print(json.dumps([_event(one) for one in events], ensure_ascii=False, indent=1))
            return
        for one in events:
            who = f" by {one.by}" if one.by else ""
            about = f" (draft {one.draft_id})" if one.draft_id else ""
            said = f": {one.text}" if one.text else ""
            print(f"{one.at.isoformat(timespec='minutes')}  {one.kind}{who}{about}{said}")
        for version in wording.versions(desk.session, found.id) if isinstance(found, Card) else []:
            made = f" from draft {version.draft_id}" if version.draft_id else ""
            when = version.created_at.isoformat(timespec="minutes")
            print(f"{when}  version {version.version}{made}, {version.review}")


def _event(one: CardEvent) -> dict[str, object]:
    return {
        "at": one.at.isoformat(),
        "kind": one.kind,
        "card": one.card_id,
        "draft": one.draft_id,
        "by": one.by,
        "text": one.text,
        "data": one.data,
    }


def diff(given: str, old: int | None, new: int | None) -> None:
    """Prints how a draft differs from its card, or a version from an earlier one.

    Raises:
        Refusal: there is nothing to compare with.
    """
    with opened() as desk:
        found = which(desk, given)
        if isinstance(found, Card):
            every = {one.version: one for one in wording.versions(desk.session, found.id)}
            last = new or max(every)
            first = old or last - 1
            if first not in every or last not in every:
                raise Refusal(f"{found.id} has the versions {', '.join(map(str, every))}.")
            names = (f"version {first}", f"version {last}")
            sides = [
                wording.of_version(desk.session, every[number], found) for number in (first, last)
            ]
        else:
            present = wording.present(desk.session, found)
            if present is None:
                raise Refusal(f"Draft card {found.id} is a new card: cards show {found.id}.")
            card, newest = present
            names = (f"{card.id} version {newest.version}", f"draft {found.id}")
            sides = [wording.of_version(desk.session, newest, card), found.content]
        before, after = (
            draft_file.write(wording.as_file(desk.session, side)).splitlines() for side in sides
        )
        lines = list(difflib.unified_diff(before, after, *names, lineterm="", n=1))
        print("\n".join(lines) if lines else "Nothing differs.")
