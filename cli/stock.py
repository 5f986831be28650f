"""`./mentorline stock …`: what is missing where, and what became of it."""

from datetime import datetime
from typing import TYPE_CHECKING, Annotated
from zoneinfo import ZoneInfo

import typer

if TYPE_CHECKING:
    from cli.campaign_desk import Desk
    from store.stock import StockReport

stock = typer.Typer(no_args_is_help=True, help="Stock-outs that were reported by text.")
Code = Annotated[str, typer.Argument(metavar="#CODE", help="The report's code, # or not.")]


@stock.command("list")
def list_(
    everything: Annotated[bool, typer.Option("--all", help="Closed ones too.")] = False,
    district: Annotated[str | None, typer.Option("--district")] = None,
) -> None:
    """Open stock-outs, the oldest first."""
    from sqlalchemy import select

    from bot.mentoring.stock_list import load
    from cli.campaign_desk import opened
    from store.people import Facility
    from store.stock import StockReport

    with opened() as desk:
        found = select(StockReport, Facility).join(Facility).order_by(StockReport.opened_at)
        if not everything:
            found = found.where(StockReport.state != "closed")
        if district is not None:
            found = found.where(Facility.district == district)
        known, rows = load(desk.settings.stock_items), desk.session.execute(found).all()
        if not rows:
            print("No stock-outs." if everything else "No open stock-outs.")
        for report, place in rows:
            where = f"{place.name} ({place.district})" if place.district else place.name
            left = "none left" if report.urgency == "none" else "a few days left"
            print(
                f"#{report.code}  {known.title(report.item, 'en')} at {where}: {report.state},"
                f" {left}, {_days(report, desk.now)} days, since"
                f" {_local(report.opened_at, desk)}"
            )


@stock.command("show")
def show(code: Code) -> None:
    """All that happened with one stock-out, and when it is looked at next."""
    from sqlalchemy import select

    from bot.mentoring.stock_list import load
    from bot.people import display_name
    from cli.campaign_desk import opened
    from store.people import Facility, Person
    from store.stock import StockDue, StockEvent

    with opened() as desk:
        report = _report(desk, code)
        place = desk.session.get_one(Facility, report.facility_id)
        title = load(desk.settings.stock_items).title(report.item, "en")
        print(f"#{report.code}  {title} at {place.name}: {report.state}")
        print(f"  {_days(report, desk.now)} days open")
        events = desk.session.execute(
            select(StockEvent, Person)
            .outerjoin(Person, Person.id == StockEvent.person_id)
            .where(StockEvent.report_id == report.id)
            .order_by(StockEvent.id)
        ).unique()
        for event, person in events:
            who = f" {display_name(person, 'somebody')}" if event.person_id else ""
            print(f"  {_local(event.at, desk)} {event.kind.replace('_', ' ')}{who}")
        waiting = select(StockDue).where(
            StockDue.report_id == report.id, StockDue.done_at.is_(None)
        )
        for due in desk.session.scalars(waiting.order_by(StockDue.due_at)):
            print(f"  {_local(due.due_at, desk)} due: {due.kind}")


@stock.command("close")
def close(code: Code) -> None:
    """Close a stock-out; whoever reported it is told."""
    from uuid import uuid4

    from bot.mentoring import stock as services
    from bot.mentoring.stock_list import load
    from cli.campaign_desk import opened
    from cli.errors import Refusal

    with opened() as desk:
        report = services.locked(desk.session, _report(desk, code).id)
        if report.state == "closed":
            raise Refusal(f"#{report.code} is closed already.")
        services.close(desk.session, report, "office", desk.now)
        services.tell_reporters(
            desk.session,
            report,
            load(desk.settings.stock_items),
            desk.now,
            "stock_closed_by_programme",
            f"office:{uuid4()}",
        )
        print(f"#{report.code} is closed.")


def _report(desk: "Desk", code: str) -> "StockReport":
    from bot.mentoring import stock as services
    from bot.words import parse_code
    from cli.errors import Refusal

    parsed = parse_code(code)
    found = services.by_code(desk.session, parsed) if parsed else None
    if found is None:
        raise Refusal(f"There is no stock-out {code}.")
    return found


def _days(report: "StockReport", now: datetime) -> int:
    return ((report.closed_at or now) - report.opened_at).days


def _local(moment: datetime, desk: "Desk") -> str:
    return f"{moment.astimezone(ZoneInfo(desk.settings.default_timezone)):%Y-%m-%d %H:%M}"
