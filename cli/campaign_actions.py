"""What `./mentorline campaign …` does: plans are written and read here, and sent by the clock."""

import shlex
import sys
from collections.abc import Mapping
from datetime import timedelta
from typing import Any

import typer
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from bot.quizzes import campaigns, spending
from bot.quizzes import preview as previews
from bot.quizzes.campaigns import CampaignError
from cli import campaign_pages as pages
from cli import campaign_plans as plans
from cli.campaign_desk import Desk, opened
from cli.errors import Refusal
from store.quizzes import Answer, Campaign, CampaignVersion, Dose, Enrolment


def create(name: str, kind: str, given: Mapping[str, Any]) -> None:
    """Writes a draft and prints the short preview.

    Raises:
        Refusal: it cannot be; nothing was written.
    """
    with opened(name) as desk:
        plan = plans.new(kind, given, desk.today, desk.settings.default_region)
        campaign = campaigns.create(desk.session, name, plan, desk.now)
        found = previews.build(desk.session, plan, desk.now, campaign=campaign)
        said = f"#{campaign.id} {campaign.name!r} is a draft."
    print(said)
    pages.short(found)
    print(f"Nothing is sent before: ./mentorline campaign launch {shlex.quote(campaign.name)}")


def every(as_json: bool) -> None:
    """Prints a line for each campaign."""
    with opened() as desk:
        rows = [_row(desk, campaign) for campaign in _newest(desk.session)]
    pages.every(rows, as_json)


def _newest(session: Session) -> list[Campaign]:
    return list(session.scalars(select(Campaign).order_by(Campaign.id.desc())))


def _row(desk: Desk, campaign: Campaign) -> dict[str, Any]:
    session = desk.session
    plan = campaigns.plan_of(session, campaign)
    enrolled = Enrolment.campaign_id == campaign.id
    return {
        "number": campaign.id,
        "name": campaign.name,
        "kind": plan.kind,
        "state": campaign.state,
        "reason": campaign.reason,
        "start": plan.start,
        "end": plan.end,
        "enrolled": _count(session, enrolled, Enrolment.left_at.is_(None)),
        "doses": _count(session, Dose.campaign_id == campaign.id, Dose.kind != "summary"),
        "answers": _count(session, Answer.campaign_id == campaign.id),
    }


def _count(session: Session, *conditions: Any) -> int:
    return session.scalar(select(func.count()).where(*conditions)) or 0


def show(name: str, as_json: bool) -> None:
    """Prints the plan, its versions, and what has come of it so far.

    Raises:
        Refusal: there is no such campaign.
    """
    with opened(name) as desk:
        session = desk.session
        campaign = _named(session, name)
        plan = campaigns.plan_of(session, campaign)
        versions = select(CampaignVersion).where(CampaignVersion.campaign_id == campaign.id)
        doses = (
            select(Dose.kind, Dose.state, Dose.reason, func.count())
            .where(Dose.campaign_id == campaign.id)
            .group_by(Dose.kind, Dose.state, Dose.reason)
            .order_by(Dose.kind, Dose.state, func.count().desc(), Dose.reason)
        )
        right = _count(session, Answer.campaign_id == campaign.id, Answer.right)
        row = _row(desk, campaign)
        so_far = spending.spent(session, campaign.id)
        page = {
            **row,
            "launched_at": campaign.launched_at,
            "ended_at": campaign.ended_at,
            "plan": plan.model_dump(mode="json"),
            "versions": [
                {"version": one.version, "since": one.created_at}
                for one in session.scalars(versions.order_by(CampaignVersion.version))
            ],
            "doses_by_state": [
                {"kind": kind, "state": state, "reason": reason, "count": count}
                for kind, state, reason, count in session.execute(doses)
            ],
            "right": right,
            "right_share": round(right / row["answers"], 3) if row["answers"] else None,
            "messages": so_far.messages,
            "segments": so_far.segments,
            "templates": so_far.templates,
            "free": so_far.free,
            "cost": round(so_far.cost(plan.budget), 2) if plan.budget is not None else None,
        }
    pages.show(page, as_json)


def _named(session: Session, name: str) -> Campaign:
    found = campaigns.by_name(session, name)
    if found is None:
        raise CampaignError(f"There is no campaign called {name!r}.")
    return found


def preview(name: str, given: Mapping[str, Any], as_json: bool, show_all: bool) -> None:
    """Prints all that is known before the launch, or before a change.

    Raises:
        Refusal: there is no such campaign, or it cannot be changed to that.
    """
    with opened(name) as desk:
        campaign = _named(desk.session, name)
        plan = campaigns.plan_of(desk.session, campaign)
        if given:
            plan = plans.changed(plan, given, desk.today, desk.settings.default_region)
            campaigns.check(desk.session, plan)
        found = previews.build(desk.session, plan, desk.now, campaign=campaign)
    if as_json:
        pages.as_json(found)
    else:
        pages.full(campaign.name, plan, found, show_all)


def launch(name: str, yes: bool) -> None:
    """Starts a draft; without ``yes`` a person at a terminal is asked.

    Raises:
        Refusal: it is no draft, or nobody said yes.
    """
    if not yes:
        with opened(name) as desk:
            campaign = _named(desk.session, name)
            plan = campaigns.plan_of(desk.session, campaign)
            found = previews.build(desk.session, plan, desk.now, campaign=campaign)
        pages.short(found)
        _ask(f"Launch {campaign.name!r}?", f"launch {shlex.quote(campaign.name)}")
    with opened(name) as desk:
        campaign = campaigns.locked(desk.session, name)
        enrolled = campaigns.launch(desk.session, campaign, desk.now)
    print(f"{campaign.name!r} is running: {pages.counted(enrolled, 'mentee')} enrolled.")


def _ask(question: str, command: str) -> None:
    """Whoever is at a terminal is asked; nobody else can say yes by accident."""
    if not sys.stdin.isatty():
        raise Refusal(f"Nothing was done: to go on, run ./mentorline campaign {command} --yes")
    if not typer.confirm(question):
        raise Refusal("Nothing was done.")


def pause(name: str) -> None:
    """Pauses a running campaign.

    Raises:
        Refusal: it is not running.
    """
    with opened(name) as desk:
        campaign = campaigns.locked(desk.session, name)
        campaigns.pause(desk.session, campaign, desk.now)
    print(f"{campaign.name!r} is paused; questions that are open may still be answered.")


def resume(name: str) -> None:
    """Goes on after a pause.

    Raises:
        Refusal: it is not paused.
    """
    with opened(name) as desk:
        campaign = campaigns.locked(desk.session, name)
        campaigns.resume(desk.session, campaign, desk.now)
    print(f"{campaign.name!r} is running again.")


def change(name: str, given: Mapping[str, Any]) -> None:
    """Gives a campaign another plan.

    Raises:
        Refusal: it cannot be changed to that; nothing was.
    """
    if not given:
        raise typer.BadParameter("say what to change: a --file or another option")
    with opened(name) as desk:
        campaign = campaigns.locked(desk.session, name)
        before = campaigns.plan_of(desk.session, campaign)
        plan = plans.changed(before, given, desk.today, desk.settings.default_region)
        same = plan == before
        voided = 0
        if not same:
            voided = campaigns.change(desk.session, campaign, plan, desk.now)
        found = previews.build(desk.session, plan, desk.now, campaign=campaign)
    if same:
        print(f"{campaign.name!r} has that plan already; nothing was changed.")
        return
    void = pages.counted(voided, "planned dose")
    print(f"{campaign.name!r} is at version {campaign.version}; {void} became void.")
    pages.short(found)


def end(name: str, yes: bool) -> None:
    """Ends a campaign; without ``yes`` a person at a terminal is asked.

    Raises:
        Refusal: it has ended before, or nobody said yes.
    """
    if not yes:
        with opened(name) as desk:
            campaign = _named(desk.session, name)
        _ask(f"End {campaign.name!r} for good?", f"end {shlex.quote(campaign.name)}")
    with opened(name) as desk:
        campaign = campaigns.locked(desk.session, name)
        voided = campaigns.end(desk.session, campaign, desk.now)
    print(f"{campaign.name!r} has ended; {pages.counted(voided, 'planned dose')} became void.")


def copy(name: str, new: str, given: Mapping[str, Any]) -> None:
    """Writes a draft with the same plan.

    Raises:
        Refusal: the new name is taken, or the plan names what is no longer there.
    """
    with opened(name, new) as desk:
        source = _named(desk.session, name)
        start = given["start"].date() if given else desk.today + timedelta(days=1)
        campaign = campaigns.copy(desk.session, source, new, desk.now, start)
        plan = campaigns.plan_of(desk.session, campaign)
        found = previews.build(desk.session, plan, desk.now, campaign=campaign)
    print(f"#{campaign.id} {campaign.name!r} is a draft, from {plan.start} to {plan.end}.")
    pages.short(found)
    print(f"Nothing is sent before: ./mentorline campaign launch {shlex.quote(campaign.name)}")
