"""The planner: a new campaign, another plan for one, and what would come of it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import timedelta

from flask import abort, flash, redirect, request, url_for
from flask_babel import format_date
from flask_babel import gettext as _
from sqlalchemy.exc import IntegrityError
from werkzeug.wrappers import Response

from bot.importing import LANGUAGES
from bot.overviews import campaigns as overview
from bot.overviews import cohorts as choices
from bot.quizzes import background, campaigns, catalogue, cohorts, districts, drafting
from bot.quizzes import preview as previews
from bot.quizzes.campaigns import CampaignError
from bot.quizzes.plan import DAYS, Plan, PlanError
from bot.quizzes.preview import Preview
from console import asked
from console import campaign_form as form
from console.blueprint import blueprint
from console.office import caller, desk, note, office
from console.plots import Bar, bars
from console.sentences import told, without_field
from console.showing import page, today
from store.quizzes import Campaign

KINDS = ("quiz", "tips")
LEFT_OUT_PAGE = 100
# Mentees whose every dose is counted for a page: about a second. The command counts 5,000.
EXACT = 500
Answer = str | Response | tuple[str, int]


@dataclass
class Planned:
    """A form as it stands: what is typed, what it comes to, what is wrong with it by field."""

    kind: str
    fields: Mapping[str, Sequence[str]]
    campaign: Campaign | None = None
    plan: Plan | None = None
    problems: dict[str, str] = field(default_factory=dict)

    @property
    def name(self) -> str:
        """As typed, or of the campaign that is changed."""
        return self.campaign.name if self.campaign else next(iter(self.fields.get("name", ())), "")

    def wrong(self, where: str, sentence: str) -> None:
        """Note what is wrong, beside its field."""
        before = self.problems.get(where)
        self.problems[where] = f"{before} {sentence}" if before else sentence


def campaign_of(campaign_id: int) -> tuple[Campaign, Plan, bool]:
    """A campaign, its plan, and whether the caller may act on it."""
    found = desk().get(Campaign, campaign_id)
    if found is None:
        abort(404)
    plan = campaigns.plan_of(desk(), found)
    return found, plan, overview.may_act(desk(), caller().scope, plan)


@blueprint.get("/campaigns/new")
def campaign_new() -> str:
    """An empty form with the defaults."""
    kind = asked.word("kind", KINDS) or "quiz"
    fields = form.blank(kind, today() + timedelta(days=1))
    return _shown(Planned(kind, fields))


@blueprint.post("/campaigns/new")
def campaign_make() -> Answer:
    """Look at what the form would come to, or keep it as a draft. Nothing is sent by it."""
    kind = next((one for one in KINDS if one == request.form.get("kind")), "quiz")
    planned = Planned(kind, form.tidy(asked.sent()))
    if _wants_rows():
        return _shown(planned)
    _compose(planned)
    if planned.plan is None or request.form.get("do") != "save":
        return _looked_at(planned)
    now = office().now()
    try:
        made = campaigns.create(desk(), planned.name, planned.plan, now)
    except CampaignError as error:
        planned.wrong("name", told(str(error)))
        return _looked_at(planned)
    except IntegrityError:
        desk().rollback()
        planned.wrong("name", _("Somebody saved a campaign of this name just now."))
        return _looked_at(planned)
    note("campaign_drafted", campaign=made.id, name=made.name)
    flash(_("The draft is saved. Nothing is sent before it is launched."))
    return redirect(url_for("console.campaign_preview", campaign_id=made.id))


@blueprint.route("/campaigns/<number:campaign_id>/plan", methods=["GET", "POST"])
def campaign_plan(campaign_id: int) -> Answer:
    """Another plan for a campaign; while it runs, what was planned and not sent becomes void."""
    found, plan, may_act = campaign_of(campaign_id)
    if not may_act or found.state == "ended":
        abort(403)
    if request.method == "GET":
        return _shown(Planned(plan.kind, form.of(plan), found))
    planned = Planned(plan.kind, form.tidy(asked.sent()), found)
    if _wants_rows():
        return _shown(planned)
    _compose(planned)
    if planned.plan is None or request.form.get("do") != "save":
        return _looked_at(planned)
    if planned.plan == plan:
        flash(_("The campaign has this plan already; nothing was changed."))
        return redirect(url_for("console.campaign", campaign_id=found.id))
    if found.state != "draft" and request.form.get("sure") != "1":
        planned.wrong("sure", _("Please tick that what was planned becomes void."))
        return _looked_at(planned)
    try:
        _change(campaigns.locked(desk(), f"#{found.id}"), planned.plan)
    except CampaignError as error:
        planned.wrong("", told(str(error)))
        return _looked_at(planned)
    note("campaign_changed", campaign=found.id, name=found.name)
    if found.state == "draft":
        flash(_("The draft is saved. Nothing is sent before it is launched."))
        return redirect(url_for("console.campaign_preview", campaign_id=found.id))
    flash(_("The plan is being changed: what was planned and not sent becomes void."))
    return redirect(url_for("console.campaign", campaign_id=found.id))


def _change(campaign: Campaign, plan: Plan) -> None:
    """A draft has no doses and is changed at once; a running one in the background."""
    if campaign.state == "draft":
        if background.under_way(desk(), campaign.id) is not None:
            raise CampaignError(f"{campaign.name!r} is being changed just now: wait a moment.")
        campaigns.change(desk(), campaign, plan, office().now())
    else:
        background.ask(desk(), campaign, background.CHANGE, plan)


def _wants_rows() -> bool:
    return request.form.get("do") == "rows"


def _compose(planned: Planned) -> None:
    """The plan of a form, if it can be one that the caller may make."""
    read, scope = form.read(planned.kind, planned.fields), caller().scope
    for where, sentence in read.problems.items():
        planned.wrong(where, _(sentence))
    if not planned.name:
        planned.wrong("name", _("A campaign needs a name."))
    try:
        plan = drafting.compose(read.data, read.wishes, today(), office().settings.default_region)
        plan = districts.bound(plan, scope)
        campaigns.check(desk(), plan)
    except PlanError as error:
        for problem in error.problems:
            where = form.beside(problem)
            if where not in read.problems:
                planned.wrong(where, told(without_field(problem)))
        return
    if districts.reaches_beyond(desk(), plan, scope):
        sentence = _("You may plan for mentees in %(district)s only.", district=scope.district)
        planned.wrong("district", sentence)
    if not planned.problems:
        planned.plan = plan


def _looked_at(planned: Planned) -> Answer:
    """The form with its preview, or with what is wrong."""
    if planned.problems or planned.plan is None:
        return _shown(planned), 422
    found = _preview(planned.plan, planned.campaign)
    return _shown(planned, found)


def _shown(planned: Planned, found: Preview | None = None) -> str:
    scope = caller().scope
    return page(
        "campaign_form.html",
        planned=planned,
        campaign=planned.campaign,
        kind=planned.kind,
        fields=planned.fields,
        problems=planned.problems,
        sentence=planned.problems.get("")
        or (_("Please mend what is marked below.") if planned.problems else ""),
        choices=choices.choices(desk(), scope),
        topics=choices.topics(desk()) if planned.kind == "quiz" else (),
        district=None if scope.sees_all else scope.district,
        days=DAYS,
        tip_rows=max((len(planned.fields.get(f"tip_{one}", ())) for one in LANGUAGES), default=0)
        + (form.SPARE_TIPS if found is None else 0),
        tip_languages=[
            one
            for one in LANGUAGES
            if one in ("en", "fr") or any(planned.fields.get(f"tip_{one}", ()))
        ],
        plan=planned.plan,
        found=found,
        calendar=calendar(found) if found else None,
    )


def _preview(plan: Plan, campaign: Campaign | None) -> Preview:
    """The command's preview; of very many mentees fewer are counted, so that a page is there."""
    return previews.build(desk(), plan, office().now(), campaign=campaign, exact=EXACT)


def calendar(found: Preview) -> str:
    """The dose calendar as a plot: doses, and weekly summaries on them."""
    weeks = [
        Bar(format_date(week.monday, "d MMM", rebase=False), (week.doses, week.summaries))
        for week in found.doses.weeks
    ]
    return bars(_("Doses in each week"), weeks)


@blueprint.get("/campaigns/<number:campaign_id>/preview")
def campaign_preview(campaign_id: int) -> str:
    """Who would get what, when, and at what cost; from here a draft is launched."""
    found, plan, may_act = campaign_of(campaign_id)
    if not may_act:
        abort(403)
    return preview_page(found, plan)


def preview_page(campaign: Campaign, plan: Plan, sentence: str = "") -> str:
    """The preview of a campaign as it is."""
    found = _preview(plan, campaign)
    return page(
        "campaign_preview.html",
        campaign=campaign,
        plan=plan,
        found=found,
        calendar=calendar(found),
        sentence=sentence,
        under_way=background.under_way(desk(), campaign.id),
    )


@blueprint.get("/campaigns/<number:campaign_id>/left-out")
def campaign_left_out(campaign_id: int) -> str:
    """Who fits the cohort's lists and is left out, by reason."""
    found, plan, may_act = campaign_of(campaign_id)
    if not may_act:
        abort(403)
    items = campaigns.chosen_items(plan, catalogue.live(desk()))
    left_out = cohorts.find(desk(), plan, items)[1]
    reasons = sorted({one.reason for one in left_out})
    reason, number = asked.word("reason", tuple(reasons), longest=200), asked.number()
    lines = [one for one in left_out if reason in ("", one.reason)]
    first = (number - 1) * LEFT_OUT_PAGE
    return page(
        "campaign_left_out.html",
        campaign=found,
        reasons=reasons,
        reason=reason,
        lines=lines[first : first + LEFT_OUT_PAGE],
        total=len(lines),
        number=number,
        size=LEFT_OUT_PAGE,
    )
