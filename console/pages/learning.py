"""Learning: how mentees stand in each competency, what tests say, coaching plans and visits."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

from flask_babel import format_date
from flask_babel import gettext as _
from markupsafe import Markup

from bot.accounts.scope import Scope
from bot.mentoring.competencies import Area, Catalogue, kept
from bot.overviews import coaching, learning, people
from bot.overviews.shown import Figure
from console import asked
from console.blueprint import blueprint
from console.office import caller, desk, office
from console.plots import Bar, bars
from console.showing import language, page, today

# What one looks at every day, and what takes longer to put together, each by itself.
PARTS: Final = ("mentees", "progress", "visits")


@blueprint.get("/learning", endpoint="learning")
def overview() -> str:
    """One technical area at a time. A viewer sees figures only, and no district by itself."""
    scope, settings, now = caller().scope, office().settings, office().now()
    catalogue = kept(settings.competencies_dir)
    area = catalogue.area(asked.word("area")) or catalogue.areas[0]
    parts = PARTS[1:] if scope.aggregates_only else PARTS
    part = asked.word("part", parts) or parts[0]
    wanted = people.Wanted(
        words=asked.word("q"),
        role="mentee",
        district=asked.word("district"),
        cadre=asked.word("cadre"),
        page=asked.number(),
    )
    district = "" if scope.aggregates_only else wanted.district
    shown: dict[str, Any] = {}
    if part == "mentees":
        shown["heat"] = learning.heat(
            desk(), scope, wanted, settings.default_region, catalogue, area
        )
    elif part == "progress":
        shown = _progress(scope, district, catalogue, area)
    else:
        shown["plans"] = coaching.plans(desk(), scope, district, now, today())
        shown["visits"] = coaching.visits(desk(), scope, district, now, settings.default_timezone)
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
        size=people.PAGE,
        part=part,
        parts=parts,
        named=not scope.aggregates_only,
        alone=scope.role == "mentor",
        **shown,
    )


def _progress(scope: Scope, district: str, catalogue: Catalogue, area: Area) -> dict[str, Any]:
    """What is validated, and what tests say."""
    progress, months = learning.progress(
        desk(), scope, district, area, today(), office().settings.default_timezone
    )
    gains = learning.gains(desk(), scope, district, catalogue)
    columns = [
        Bar(format_date(one.first, "MMM", rebase=False), (_known(one.mentees),)) for one in months
    ]
    return {
        "progress": progress,
        "months": months,
        "months_plot": bars(_("Mentees validated for the first time, by month"), columns),
        "gains": gains,
        "gains_plot": _gains(gains),
    }


def _known(figure: Figure) -> float | None:
    return float(figure) if isinstance(figure, int | float) else None


def _gains(gains: Sequence[learning.Gain]) -> Markup:
    columns = [Bar(one.area, (_known(one.pre), _known(one.post))) for one in gains]
    return bars(_("Pre-tests and post-tests, in percent"), columns, top=100, unit=" %", beside=True)
