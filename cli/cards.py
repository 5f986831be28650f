"""`./mentorline cards …`: its commands and their options."""

from datetime import datetime
from pathlib import Path
from typing import Annotated

import typer

cards = typer.Typer(no_args_is_help=True, help="Answer cards and drafts of them.")

By = Annotated[str, typer.Option("--by", metavar="EMAIL|PHONE", help="Who does this.")]
DraftId = Annotated[int, typer.Argument(metavar="DRAFT", min=1, help="A draft's number.")]
CardId = Annotated[str, typer.Argument(metavar="CARD", help="A card's id.")]
Either = Annotated[str, typer.Argument(metavar="DRAFT|CARD", help="A draft's number or a card.")]
AsJson = Annotated[bool, typer.Option("--json", help="One JSON object instead of text.")]


@cards.command("list")
def list_all(
    state: Annotated[
        str | None, typer.Option("--state", help="Only drafts in this state, such as in_review.")
    ] = None,
    live: Annotated[bool, typer.Option("--live", help="The library instead of drafts.")] = False,
    as_json: AsJson = False,
) -> None:
    """The drafts, or with --live the library."""
    from cli.card_pages import listed

    listed(state, live, as_json)


@cards.command("show")
def show(
    which: Either,
    as_yaml: Annotated[bool, typer.Option("--yaml", help="As a file to edit.")] = False,
) -> None:
    """One draft or card, and what stands against approving it."""
    from cli.card_pages import show as run

    run(which, as_yaml)


@cards.command("propose")
def propose(
    code: Annotated[str, typer.Argument(metavar="CODE", help="The code of an answered case.")],
    by: By,
) -> None:
    """Make a draft of an answered case."""
    from cli.card_actions import propose as run

    run(code, by)


@cards.command("edit")
def edit(
    which: Either,
    file: Annotated[Path, typer.Argument(exists=True, dir_okay=False, readable=True)],
    by: By,
) -> None:
    """Change a draft by a file that show --yaml printed; of a card it makes a draft."""
    from cli.card_actions import edit as run

    run(which, file, by)


@cards.command("approve")
def approve(
    draft: DraftId,
    by: By,
    distinct: Annotated[
        bool,
        typer.Option("--distinct", help="The near-duplicates were looked at: it is another card."),
    ] = False,
) -> None:
    """Approve a draft: it is trained in the background and goes live."""
    from cli.card_actions import approve as run

    run(draft, by, distinct)


@cards.command("reject")
def reject(
    draft: DraftId,
    by: By,
    reason: Annotated[str, typer.Option("--reason", help="Why; the proposer is told.")],
) -> None:
    """Decide against a draft."""
    from cli.card_actions import reject as run

    run(draft, by, reason)


@cards.command("merge")
def merge(draft: DraftId, card: CardId, by: By) -> None:
    """Add the questions of a draft to a card of the library instead of making a new one."""
    from cli.card_actions import merge as run

    run(draft, card, by)


@cards.command("withdraw")
def withdraw(
    by: By,
    reason: Annotated[str, typer.Option("--reason", help="Why; owners are told.")],
    card: Annotated[list[str] | None, typer.Argument(metavar="CARD...")] = None,
    guideline: Annotated[
        str | None, typer.Option("--guideline", help="Every card that rests on it.")
    ] = None,
    source: Annotated[
        str | None, typer.Option("--source", help="Every card with exactly this source.")
    ] = None,
    check: Annotated[bool, typer.Option("--check", help="Only say which they are.")] = False,
) -> None:
    """Take cards out of the library; they are not sent from this moment on."""
    from cli.card_actions import withdraw as run

    run(card or [], guideline, source, reason, by, check)


@cards.command("restore")
def restore(card: CardId, by: By) -> None:
    """Bring a withdrawn card back."""
    from cli.card_actions import restore as run

    run(card, by)


@cards.command("keep")
def keep(
    card: CardId,
    by: By,
    until: Annotated[
        datetime | None,
        typer.Option("--until", formats=["%Y-%m-%d"], help="The day on which it expires."),
    ] = None,
    owner: Annotated[
        str | None, typer.Option("--owner", metavar="PHONE|EXTERNAL_ID", help="Who answers for it.")
    ] = None,
    guideline: Annotated[
        str | None, typer.Option("--guideline", help="The id of the guideline it rests on.")
    ] = None,
) -> None:
    """Say until when a card is good, who answers for it, and on which guideline it rests."""
    from cli.card_actions import keep as run

    run(card, by, until.date() if until else None, owner, guideline)


@cards.command("history")
def history(which: Either, as_json: AsJson = False) -> None:
    """What happened to a draft or a card, with who and when."""
    from cli.card_pages import history as run

    run(which, as_json)


@cards.command("diff")
def diff(
    which: Either,
    old: Annotated[int | None, typer.Argument(min=1, help="A version of the card.")] = None,
    new: Annotated[int | None, typer.Argument(min=1, help="A later one.")] = None,
) -> None:
    """What a draft changes in its card, or how versions of a card differ."""
    from cli.card_pages import diff as run

    run(which, old, new)
