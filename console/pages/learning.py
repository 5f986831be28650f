"""Learning: how mentees stand in each competency, what tests say, coaching plans and visits."""

from __future__ import annotations

from collections.abc import Sequence

from flask_babel import format_date
from flask_babel import gettext as _
from markupsafe import Markup

from bot.mentoring.competencies import kept
from bot.overviews import coaching, learning, people
from bot.overviews.shown import Figure
from console import asked
from console.blueprint import blueprint
from console.office import caller, desk, office
from console.plots import Bar, bars
from console.showing import language, page, zone


@blueprint.get("/learning", endpoint="learning")
def overview() -> str:
    """One technical area at a time. A viewer sees figures only, and no district by itself."""
    scope, settings, now = caller().scope, office().settings, office().now()
    catalogue, today = kept(settings.competencies_dir), now.astimezone(zone()).date()
    area = catalogue.area(asked.word("area")) or catalogue.areas[0]
    wanted = people.Wanted(
        words=asked.word("q"),
        role="mentee",
        district=asked.word("district"),
        cadre=asked.word("cadre"),
        page=asked.number(),
    )
    district = "" if scope.aggregates_only else wanted.district
    months = learning.months(desk(), scope, district, area, today, settings.default_timezone)
    gains = learning.gains(desk(), scope, district, catalogue)
    districts, cadres = people.choices(desk(), scope)
    return page(
        "learning.html",
        area=area,
        areas=[(one.id, catalogue.title(one.id, language())) for one in catalogue.areas],
        titles={
            name: catalogue.title(name, language())
            for name in (*catalogue.competencies, *(one.id for one in catalogue.areas))
        },
        wanted=wanted,
        districts=districts,
        cadres=cadres,
        numbers=scope.numbers,
        heat=None
        if scope.aggregates_only
        else learning.heat(desk(), scope, wanted, settings.default_region, catalogue, area),
        size=people.PAGE,
        progress=learning.progress(desk(), scope, district, area),
        months=months,
        months_plot=bars(
            _("Mentees validated for the first time, by month"),
            [
                Bar(format_date(one.first, "MMM", rebase=False), (_known(one.mentees),))
                for one in months
            ],
        ),
        gains=gains,
        gains_plot=_gains(gains),
        plans=coaching.plans(desk(), scope, district, now, today),
        visits=coaching.visits(desk(), scope, district, now, settings.default_timezone),
        named=not scope.aggregates_only,
        alone=scope.role == "mentor",
    )


def _known(figure: Figure) -> float | None:
    return float(figure) if isinstance(figure, int | float) else None


def _gains(gains: Sequence[learning.Gain]) -> Markup:
    columns = [Bar(one.area, (_known(one.pre), _known(one.post))) for one in gains]
    return bars(_("Pre-tests and post-tests, in percent"), columns, top=100, unit=" %", beside=True)
