"""Campaigns: the list, how one goes, what a coordinator does with it, and one mentee in it."""

from __future__ import annotations

from datetime import timedelta

from flask import abort, flash, redirect, request, url_for
from flask_babel import format_date
from flask_babel import gettext as _
from werkzeug.wrappers import Response

from bot.overviews import campaigns as overview
from bot.overviews import people
from bot.quizzes import background, campaigns, itemstats, outcome, why
from bot.quizzes.campaigns import CampaignError
from bot.quizzes.plan import Plan, PlanError
from console import asked
from console.blueprint import blueprint
from console.office import caller, desk, note, office
from console.pages.planning import campaign_of, preview_page
from console.plots import Bar, bars
from console.sentences import told, without_field
from console.showing import going_on, page, today
from store.quizzes import Answer as Answered
from store.quizzes import Campaign

SHOWN_ITEMS = 100
LOOK_AGAIN = 4  # seconds
Answer = str | Response | tuple[str, int]


@blueprint.get("/campaigns", endpoint="campaigns")
def list_() -> str:
    """All campaigns, the newest first."""
    state, number = asked.word("state", overview.STATES), asked.number()
    lines, total = overview.found(desk(), caller().scope, state, number, office().now())
    return page(
        "campaigns.html",
        lines=lines,
        total=total,
        state=state,
        states=overview.STATES,
        number=number,
        size=overview.PAGE,
    )


@blueprint.get("/campaigns/<number:campaign_id>")
def campaign(campaign_id: int) -> str | Response:
    """How one goes. While it is being launched or changed, the page looks again by itself."""
    found, plan, may_act = campaign_of(campaign_id)
    under_way = background.under_way(desk(), found.id)
    shown = _page(found, plan, may_act, under_way)
    return shown if under_way is None else going_on(shown, LOOK_AGAIN)


def _again(found: Campaign, plan: Plan, sentence: str) -> Answer:
    """The page once more, for somebody who may act, with why nothing was done."""
    under_way = background.under_way(desk(), found.id)
    return _page(found, plan, True, under_way, sentence), 422


def _page(
    found: Campaign,
    plan: Plan,
    may_act: bool,
    under_way: background.UnderWay | None,
    sentence: str = "",
) -> str:
    scope, now = caller().scope, office().now()
    weeks = overview.weeks(desk(), scope, found, today())
    plot = bars(
        _("Sent in each week"),
        [
            Bar(
                format_date(week.monday, "d MMM", rebase=False),
                (week.answered, week.sent - week.answered),
            )
            for week in weeks
        ],
    )
    return page(
        "campaign.html",
        campaign=found,
        plan=plan,
        may_act=may_act,
        sentence=sentence,
        under_way=under_way,
        standing=overview.standing(desk(), scope, found, plan, now),
        weeks=weeks,
        plot=plot,
        all_of_it=scope.sees_all,
        tomorrow=today() + timedelta(days=1),
    )


@blueprint.get("/campaigns/<number:campaign_id>/results")
def campaign_results(campaign_id: int) -> str:
    """Who answers, how right, what it cost; by groups; and the analysis of its questions."""
    found, plan, _may_act = campaign_of(campaign_id)
    scope = caller().scope
    by = asked.word("by", outcome.BY)
    figures = outcome.outcome(
        desk(), found, by or None, office().now(), scope.about, of_items=False
    )
    ours = (Answered.campaign_id == found.id) & scope.about(Answered.person_id)
    items = itemstats.of_answers(desk(), ours)
    return page(
        "campaign_results.html",
        campaign=found,
        plan=plan,
        by=by,
        ways=outcome.BY,
        figures=figures,
        items=items[:SHOWN_ITEMS],
        more=max(0, len(items) - SHOWN_ITEMS),
        all_of_it=scope.sees_all,
    )


@blueprint.post("/campaigns/<number:campaign_id>/do")
def campaign_do(campaign_id: int) -> Answer:
    """Launch, pause, resume, end or copy it. A launch and an end need the tick that says so."""
    found, plan, may_act = campaign_of(campaign_id)
    if not may_act:
        abort(403)
    do = request.form.get("do", "")
    found = campaigns.locked(desk(), f"#{found.id}")
    try:
        match do:
            case "launch":
                return _launch(found, plan)
            case "pause":
                campaigns.pause(desk(), found, office().now())
                note("campaign_paused", campaign=found.id, name=found.name)
                flash(_("The campaign is paused. Open questions may still be answered."))
            case "resume":
                campaigns.resume(desk(), found, office().now())
                note("campaign_resumed", campaign=found.id, name=found.name)
                flash(_("The campaign goes on."))
            case "end":
                if request.form.get("sure") != "1":
                    return _again(found, plan, _("Please tick that it ends for good."))
                voided = campaigns.end(desk(), found, office().now())
                note("campaign_ended", campaign=found.id, name=found.name)
                flash(_("The campaign has ended. Planned doses that became void: %(count)s",
                        count=voided))  # fmt: skip
            case "copy":
                return _copy(found)
            case _:
                return _again(found, plan, _("Please choose what to do."))
    except (CampaignError, PlanError) as error:
        return _refused(found, plan, error)
    return redirect(url_for("console.campaign", campaign_id=found.id))


def _refused(found: Campaign, plan: Plan, error: CampaignError | PlanError) -> Answer:
    sentences = error.problems if isinstance(error, PlanError) else [str(error)]
    said = " ".join(told(without_field(one)) for one in sentences)
    return _again(found, plan, said)


def _launch(found: Campaign, plan: Plan) -> Answer:
    if request.form.get("sure") != "1":
        return preview_page(found, plan, _("Please tick that you have looked at the preview.")), 422
    campaigns.may_launch(desk(), found, office().now())
    background.ask(desk(), found, background.LAUNCH)
    note("campaign_launched", campaign=found.id, name=found.name)
    flash(_("The campaign is being launched."))
    return redirect(url_for("console.campaign", campaign_id=found.id))


def _copy(found: Campaign) -> Answer:
    made = campaigns.copy(
        desk(), found, asked.typed("name"), office().now(), today() + timedelta(days=1)
    )
    note("campaign_copied", campaign=made.id, name=made.name, of=found.id)
    flash(_("The copy is a draft from tomorrow on. Nothing is sent before it is launched."))
    return redirect(url_for("console.campaign_preview", campaign_id=made.id))


@blueprint.get("/campaigns/<number:campaign_id>/mentees")
def campaign_mentees(campaign_id: int) -> str | Response:
    """Look for a mentee, to see why they got a question or none."""
    found, _plan, _may_act = campaign_of(campaign_id)
    words = asked.word("q")
    scope, number = caller().scope, asked.number()
    wanted = people.Wanted(words=words, role="mentee", page=number)
    hits = people.found(desk(), scope, wanted, office().settings.default_region) if words else None
    if hits is not None and hits.total == 1:
        person_id = hits.lines[0].person.id
        return redirect(
            url_for("console.campaign_mentee", campaign_id=found.id, person_id=person_id)
        )
    return page(
        "campaign_mentees.html",
        campaign=found,
        words=words,
        found=hits,
        number=number,
        size=people.PAGE,
        numbers=scope.numbers,
    )


@blueprint.get("/campaigns/<number:campaign_id>/mentees/<number:person_id>")
def campaign_mentee(campaign_id: int, person_id: int) -> str:
    """Why one mentee got a question of it, or none. That it was looked at is noted."""
    found, plan, _may_act = campaign_of(campaign_id)
    person = people.one(desk(), caller().scope, person_id)
    if person is None:
        abort(404)
    note("person_seen", person=person.id, campaign=found.id)
    return page(
        "campaign_mentee.html",
        campaign=found,
        plan=plan,
        person=person,
        standing=why.of(desk(), found, person),
        now=office().now(),
    )
