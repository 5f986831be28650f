"""What the `./mentorline cards` commands do."""

from collections.abc import Sequence
from datetime import date
from pathlib import Path

from sqlalchemy import select

from bot import knowledge
from bot.knowledge import draft_file, drafts, keeping, rules, telling
from cli.card_desk import (
    draft_of,
    opened,
    person_of,
    reviewer,
    somebody,
    stored_content,
    which,
)
from cli.errors import Refusal
from store.cases import Case
from store.knowledge import CardDraft


def propose(code: str, by: str) -> None:
    """Makes a draft of an answered case and hands it to review.

    Raises:
        Refusal: there is no such case, or it cannot become a card.
    """
    with opened() as desk:
        wanted = code.removeprefix("#").upper()
        query = select(Case).where(Case.code == wanted).order_by(Case.id.desc()).limit(1)
        case = desk.session.scalar(query)
        if case is None:
            raise Refusal(f"There is no case #{wanted}.")
        draft = drafts.propose(desk.session, case, somebody(desk, by), desk.now)
        drafts.submit(desk.session, draft, desk.now)
        title = drafts.shown_title(draft)
        asked = telling.ask_reviewers(desk.session, draft, title, desk.now)
        near = drafts.close_cards(desk.session, draft)
        told = ", ".join(telling.names(asked)) or "nobody could be asked to review it"
        print(f"Draft card {draft.id} from case #{case.code}: {title}. For review: {told}.")
        for card, name in near.items():
            print(f"It is close to {card}: {name}.")


def edit(given: str, file: Path, by: str) -> None:
    """Changes a draft, or makes a draft of a card's next version.

    Raises:
        Refusal: the file is not usable, or the draft is decided on.
    """
    with opened() as desk:
        found, who = which(desk, given), somebody(desk, by)
        try:
            content = draft_file.read(file.read_text("utf-8"))
        except UnicodeDecodeError:
            raise Refusal(f"{file.name} is not a text in UTF-8.") from None
        stored = stored_content(desk, content)
        if not isinstance(found, CardDraft):
            draft = drafts.draft_of_card(desk.session, found.id, stored, who, desk.now)
            asked = telling.ask_reviewers(desk.session, draft, drafts.shown_title(draft), desk.now)
            told = ", ".join(telling.names(asked)) or "nobody could be asked to review it"
            print(f"Draft card {draft.id} changes {found.id}. For review: {told}.")
            return
        kept = {"review": found.content["review"]} if "review" in found.content else {}
        changed = drafts.edit(desk.session, found, {**stored, **kept}, who, desk.now)
        print(f"Draft card {found.id}: changed {', '.join(changed) or 'nothing'}.")


def approve(number: int, by: str, distinct: bool) -> None:
    """Approves a draft; all that stands against it is listed.

    Raises:
        Refusal: something does.
    """
    with opened() as desk:
        draft, who = draft_of(desk, number), reviewer(desk, by)
        if draft.state == rules.DRAFT:
            drafts.submit(desk.session, draft, desk.now)
        if distinct:
            near = drafts.close_cards(desk.session, draft)
            drafts.acknowledge(desk.session, draft, near, who, desk.now)
        drafts.approve(desk.session, draft, who, desk.now)
        few = [
            language
            for language, texts in draft.content["examples"].items()
            if len(texts) < rules.FEW_EXAMPLES
        ]
        print(
            f"Draft card {number} is approved as {draft.card_id}. It is trained in the background "
            "and goes live when the model has passed the gate."
        )
        if few:
            print(
                f"It has few example questions in {', '.join(few)}: with {rules.FEW_EXAMPLES} or "
                "more the library knows it better."
            )


def reject(number: int, by: str, reason: str) -> None:
    """Decides against a draft and tells the proposer.

    Raises:
        Refusal: it is decided on already, or no reason was given.
    """
    if not reason.strip():
        raise Refusal("A reason is needed: the person who proposed it is told.")
    with opened() as desk:
        draft = draft_of(desk, number)
        drafts.reject(desk.session, draft, reason, reviewer(desk, by), desk.now)
        telling.rejected(desk.session, draft, drafts.shown_title(draft), reason, desk.now)
        print(f"Draft card {number} is rejected.")


def merge(number: int, card_id: str, by: str) -> None:
    """Adds the questions of a draft to a card.

    Raises:
        Refusal: the card is not in the library, or something stands against it.
    """
    with opened() as desk:
        draft, who = draft_of(desk, number), reviewer(desk, by)
        if draft.state == rules.DRAFT:
            drafts.submit(desk.session, draft, desk.now)
        drafts.merge(desk.session, draft, card_id, who, desk.now)
        print(
            f"The questions of draft card {number} become examples of {card_id} when the model "
            "has passed the gate."
        )


def withdraw(
    cards: Sequence[str],
    guideline: str | None,
    source: str | None,
    reason: str,
    by: str,
    check: bool,
) -> None:
    """Withdraws cards by name, by guideline or by source.

    Raises:
        Refusal: there is none.
    """
    with opened() as desk:
        session, who = desk.session, somebody(desk, by)
        found = keeping.of_guideline(session, guideline=guideline, source=source)
        wanted = sorted({*cards, *found})
        if not wanted:
            raise Refusal("No card in the library rests on that.")
        titles = knowledge.titles(session, wanted)
        if unknown := [card for card in wanted if card not in titles]:
            raise Refusal(f"There is no card {unknown[0]}: ./mentorline cards list --live.")
        for card in wanted:
            print(f"{card}: {titles[card]}")
        if check:
            print(f"{len(wanted)} cards would be withdrawn.")
            return
        taken = keeping.withdraw(session, wanted, reason, who, desk.now)
        telling.withdrawn(session, taken, titles, reason, desk.now)
        print(f"{len(taken)} cards are withdrawn and not sent any more.")


def restore(card: str, by: str) -> None:
    """Brings a withdrawn card back.

    Raises:
        Refusal: there is no such card.
    """
    with opened() as desk:
        back = keeping.restore(desk.session, card, somebody(desk, by), desk.now)
        print(f"{card} is back in the library." if back else f"{card} was not withdrawn.")


def keep(card: str, by: str, until: date | None, owner: str | None, guideline: str | None) -> None:
    """Sets expiry, owner and guideline of a card.

    Raises:
        Refusal: there is no such card or person, or nothing was said.
    """
    if until is None and owner is None and guideline is None:
        raise Refusal("Say --until, --owner or --guideline.")
    with opened() as desk:
        person = person_of(desk, owner) if owner else None
        if owner and person is None:
            raise Refusal(f"{owner} is nobody we know: a phone or an external id.")
        if until is not None and until <= desk.today:
            raise Refusal(f"{until} is not in the future: ./mentorline cards withdraw ends a card.")
        who = somebody(desk, by)
        found = keeping.keep(
            desk.session,
            card,
            who,
            desk.now,
            expires_on=until,
            owner_id=person.id if person else None,
            guideline=guideline,
        )
        print(f"{card}: expires {found.expires_on or 'never'}, guideline {found.guideline or '-'}.")
