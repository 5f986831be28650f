"""`./mentorline cascade …`: who mentors whom, and where it is not as the rule has it."""

from typing import Annotated

import typer

cascade = typer.Typer(no_args_is_help=True, help="The cascade: mentors, level by level.")
District = Annotated[str | None, typer.Option("--district", help="Only mentors who work there.")]


@cascade.command("show")
def show(district: District = None) -> None:
    """Mentors by level, with the places of their mentees."""
    from bot.mentoring import cascade as rules
    from bot.mentoring import mentor_tree
    from cli.campaign_desk import opened

    with opened() as desk:
        lines = rules.tree(mentor_tree.mentors(desk.session, district=district))
    print("\n".join(lines) or "No mentors.")


@cascade.command("check")
def check(district: District = None) -> None:
    """Mentors with more places than the cascade gives one; exit 1 if there are any."""
    from bot.mentoring import cascade as rules
    from bot.mentoring import mentor_tree
    from cli.campaign_desk import opened

    with opened() as desk:
        everybody = mentor_tree.mentors(desk.session, district=district)
    found = [sentence for mentor in everybody for sentence in rules.check(mentor)]
    print("\n".join(found) or f"{len(everybody)} mentors: all as the cascade has it.")
    if found:
        raise typer.Exit(1)
