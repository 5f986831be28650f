"""`./mentorline user …`: who may sign in to the console."""

import contextlib
from collections.abc import Iterator
from typing import TYPE_CHECKING, Annotated, Literal

import typer

if TYPE_CHECKING:
    from cli.campaign_desk import Desk
    from store.accounts import Account
    from store.people import Person

user = typer.Typer(no_args_is_help=True, help="Accounts of the console: who may sign in, as what.")
Email = Annotated[str, typer.Argument(metavar="EMAIL")]
Role = Annotated[
    Literal["admin", "coordinator", "mentor", "viewer"], typer.Option("--role", help="As what.")
]
District = Annotated[
    str | None, typer.Option("--district", help="A coordinator of this district only.")
]
Phone = Annotated[
    str | None,
    typer.Option("--phone", metavar="PHONE|EXTERNAL_ID", help="The mentor whose account it is."),
]


@contextlib.contextmanager
def sentences() -> Iterator[None]:
    """What cannot be done, as a Refusal: one sentence, and nothing was done."""
    from bot.accounts.keeping import AccountError
    from cli.errors import Refusal

    try:
        yield
    except AccountError as error:
        raise Refusal(str(error)) from None


@user.command("add")
def add(
    email: Email,
    role: Role,
    name: Annotated[str, typer.Option("--name", help="As it is shown.")] = "",
    district: District = None,
    phone: Phone = None,
    language: Annotated[Literal["en", "fr"] | None, typer.Option("--language")] = None,
) -> None:
    """Make an account, and print the link that sets its password: once, within 72 hours."""
    from bot.accounts import keeping
    from cli.campaign_desk import opened
    from store.clock import utc_now

    with opened() as desk, sentences():
        made = keeping.add(
            desk.session,
            email,
            role=role,
            name=name,
            language=language or _ours(desk),
            district=district,
            person=person_called(desk, phone),
            now=utc_now(),
            by=None,
        )
        _print_link(desk, made)


def _ours(desk: "Desk") -> str:
    from bot.people import UI_LANGUAGES

    default = desk.settings.default_language
    return default if default in UI_LANGUAGES else "en"


def person_called(desk: "Desk", phone: str | None) -> "Person | None":
    """The person with this number or external id, if one is given."""
    from cli.reports import find

    return None if phone is None else find(desk, phone)


def _print_link(desk: "Desk", account: "Account") -> None:
    from bot.accounts import keeping
    from store.clock import utc_now

    token = keeping.link(desk.session, account, utc_now(), by=None)
    print(f"{desk.settings.public_url}/console/password/{token}")


@user.command("list")
def list_() -> None:
    """Every account, what it may do, and whether it is in use."""
    from bot.accounts import keeping
    from cli.campaign_desk import opened

    with opened() as desk:
        accounts = keeping.listed(desk.session)
        if not accounts:
            print("No accounts.")
        for one in accounts:
            of = f" of {one.district}" if one.district else ""
            last = f"signed in last on {one.signed_in_at:%Y-%m-%d}" if one.signed_in_at else "new"
            marks = [f"{one.role}{of}", one.name, *(["disabled"] if one.disabled_at else []), last]
            print(f"{one.email}  {', '.join(marks)}")


@user.command("link")
def link(email: Email) -> None:
    """A new link that sets the password; earlier ones work no more."""
    from bot.accounts import keeping
    from cli.campaign_desk import opened

    with opened() as desk, sentences():
        _print_link(desk, keeping.called(desk.session, email))


@user.command("disable")
def disable(email: Email) -> None:
    """Let an account in no more; whoever is signed in with it is out at once."""
    from bot.accounts import keeping
    from cli.campaign_desk import opened
    from store.clock import utc_now

    with opened() as desk, sentences():
        account = keeping.called(desk.session, email)
        keeping.disable(desk.session, account, utc_now(), by=None)
        print(f"{account.email} is disabled.")


@user.command("enable")
def enable(email: Email) -> None:
    """Let an account in again, also one that waits after wrong tries."""
    from bot.accounts import keeping
    from cli.campaign_desk import opened
    from store.clock import utc_now

    with opened() as desk, sentences():
        account = keeping.called(desk.session, email)
        keeping.enable(desk.session, account, utc_now(), by=None)
        print(f"{account.email} may sign in.")


@user.command("role")
def change_role(email: Email, role: Role, district: District = None, phone: Phone = None) -> None:
    """Give an account another role; whoever is signed in with it signs in again."""
    from bot.accounts import keeping
    from cli.campaign_desk import opened
    from store.clock import utc_now

    with opened() as desk, sentences():
        account = keeping.called(desk.session, email)
        keeping.change_role(
            desk.session,
            account,
            role=role,
            district=district,
            person=person_called(desk, phone),
            now=utc_now(),
            by=None,
        )
        print(f"{account.email} is {role}.")


@user.command("reset-totp")
def reset_totp(email: Email) -> None:
    """A lost phone: another app for one-time codes is set up at the next sign-in."""
    from bot.accounts import keeping
    from cli.campaign_desk import opened
    from store.clock import utc_now

    with opened() as desk, sentences():
        account = keeping.called(desk.session, email)
        keeping.reset_code(desk.session, account, utc_now(), by=None)
        print(f"{account.email} sets up codes anew.")
