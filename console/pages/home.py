"""Home: what needs me now, then the programme at a glance."""

from __future__ import annotations

from collections.abc import Sequence

from flask_babel import format_date
from flask_babel import gettext as _
from markupsafe import Markup

from bot.overviews import glance, needs
from console.blueprint import blueprint
from console.office import caller, desk, office
from console.plots import Bar, bars
from console.reasons import why
from console.showing import page, today


@blueprint.get("/")
def home() -> str:
    """The first page."""
    now, scope = office().now(), caller().scope
    found = glance.of(desk(), scope, now, office().settings.default_timezone)
    return page(
        "home.html",
        needs=None if scope.aggregates_only else needs.of(desk(), scope, now, today()),
        glance=found,
        own=scope.role == "mentor",
        why=why,
        questions=_plot(_("Questions in each week"), found.questions, both=True),
        quiz=_plot(_("Right answers in each week, in percent"), found.quiz, both=False),
    )


def _plot(name: str, weeks: Sequence[glance.Week], *, both: bool) -> Markup:
    """Two figures on each other, or the second alone, which is a share."""
    columns = [
        Bar(
            format_date(week.monday, "d MMM", rebase=False),
            tuple(
                float(figure) if isinstance(figure, int | float) else None
                for figure in ((week.first, week.second) if both else (week.second,))
            ),
        )
        for week in weeks
    ]
    return bars(name, columns, top=None if both else 100, unit="" if both else " %")
