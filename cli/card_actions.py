"""What the `./mentorline cards` commands do."""

from collections.abc import Sequence
from datetime import date
from pathlib import Path

from sqlalchemy import select

from bot import knowledge
from bot.knowledge import deciding, draft_file, drafts, keeping, rules, telling, wording
from cli.card_desk import (
    draft_of,
    opened,
    reviewer,
    somebody,
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
        made = deciding.propose(desk.session, case, somebody(desk, by), desk.now)
        title = drafts.shown_title(made.draft)
        print(f"Draft card {made.draft.id} from case #{case.code}: {title}. {_asked(made)}")
        for card, name in made.near.items():
            print(f"It is close to {card}: {name}.")


def _asked(made: deciding.Proposed) -> str:
    told = ", ".join(telling.names(made.asked)) or "nobody could be asked to review it"
    return f"For review: {told}."


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
        stored = wording.from_file(desk.session, content, desk.settings.default_region)
        if not isinstance(found, CardDraft):
            made = deciding.change_card(desk.session, found.id, stored, who, desk.now)
            print(f"Draft card {made.draft.id} changes {found.id}. {_asked(made)}")
            return
        changed = deciding.change(desk.session, found, stored, who, desk.now)
        print(f"Draft card {found.id}: changed {', '.join(changed) or 'nothing'}.")


def approve(number: int, by: str, distinct: bool) -> None:
    """Approves a draft; all that stands against it is listed.

    Raises:
        Refusal: something does.
    """
    with opened() as desk:
        draft, who = draft_of(desk, number), reviewer(desk, by)
        deciding.approve(desk.session, draft, who, desk.now, distinct=distinct)
        few = deciding.few_examples(draft)
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
        deciding.reject(desk.session, draft, reason, reviewer(desk, by), desk.now)
        print(f"Draft card {number} is rejected.")


def merge(number: int, card_id: str, by: str) -> None:
    """Adds the questions of a draft to a card.

    Raises:
        Refusal: the card is not in the library, or something stands against it.
    """
    with opened() as desk:
        draft, who = draft_of(desk, number), reviewer(desk, by)
        deciding.merge(desk.session, draft, card_id, who, desk.now)
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
        taken = deciding.withdraw(session, wanted, reason, who, desk.now)
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
        found = deciding.keep(
            desk.session,
            card,
            somebody(desk, by),
            desk.now,
            today=desk.today,
            region=desk.settings.default_region,
            until=until,
            owner=owner,
            guideline=guideline,
        )
        print(f"{card}: expires {found.expires_on or 'never'}, guideline {found.guideline or '-'}.")
