"""`./mentorline token …`: tokens by which programs use the API."""

from typing import Annotated, Literal

import typer

from cli.users import District, Phone, Role, person_called, sentences

token = typer.Typer(no_args_is_help=True, help="Tokens of the API: what a program may see and do.")


@token.command("add")
def add(
    name: Annotated[str, typer.Argument(metavar="NAME", help="What it is for.")],
    role: Role,
    district: District = None,
    phone: Phone = None,
    write: Annotated[
        bool, typer.Option("--write", help="It may also import people and answer cases.")
    ] = False,
    days: Annotated[
        Literal["30", "90", "365", "730"], typer.Option("--days", help="How long it is good.")
    ] = "365",
) -> None:
    """Make a token and print it, once: only a hash of it is kept."""
    from bot.accounts import tokens
    from cli.campaign_desk import opened
    from store.clock import utc_now

    with opened() as desk, sentences():
        made, shown = tokens.add(
            desk.session,
            name,
            role=role,
            district=district,
            person=person_called(desk, phone),
            may_write=write,
            days=int(days),
            now=utc_now(),
            by=None,
        )
        print(f"{shown}\nNumber {made.id}, until {made.expires_at:%Y-%m-%d}.")


@token.command("list")
def list_() -> None:
    """Every token that is not revoked, and when it was used last."""
    from bot.accounts import tokens
    from cli.campaign_desk import opened
    from store.clock import utc_now

    with opened() as desk:
        found = tokens.listed(desk.session)
        if not found:
            print("No tokens.")
        for one in found:
            of = f" of {one.district}" if one.district else ""
            used = f"used last on {one.used_at:%Y-%m-%d}" if one.used_at else "not used yet"
            until = "expired" if one.expires_at <= utc_now() else "until"
            marks = [
                f"{one.role}{of}",
                "reads and writes" if one.may_write else "reads",
                f"{until} {one.expires_at:%Y-%m-%d}",
                used,
            ]
            print(f"{one.id}  {one.begins}…  {one.name}  {', '.join(marks)}")


@token.command("revoke")
def revoke(number: Annotated[int, typer.Argument(metavar="NUMBER", min=1)]) -> None:
    """Let a token in no more."""
    from bot.accounts import tokens
    from cli.campaign_desk import opened
    from store.clock import utc_now

    with opened() as desk, sentences():
        found = tokens.called(desk.session, number)
        tokens.revoke(desk.session, found, utc_now(), by=None)
        print(f"{found.name} is revoked.")
