"""Reports: every one of ``bot.reports`` on screen, and as CSV, XLSX or PDF."""

from __future__ import annotations

from functools import cache

from flask import Response, abort, request
from flask_babel import gettext as _

from bot.mentoring.competencies import load
from bot.reports import writing
from bot.reports.choosing import Chosen, NotUsable, compute, groups
from bot.reports.pdf import as_pdf
from bot.reports.table import Report
from console import asked
from console.blueprint import blueprint
from console.office import caller, desk, note, office
from console.report_form import FORMS, chosen, offered
from console.showing import page

_catalogue = cache(load)


@blueprint.get("/reports", endpoint="reports")
def list_() -> str:
    """All of them, by name."""
    return page("reports.html", reports=offered(caller().scope))


@blueprint.get("/reports/<name>")
def report(name: str) -> str | Response | tuple[str, int]:
    """One report. What is about fewer than five people is hidden, as in every file."""
    if name not in offered(caller().scope):
        abort(404)
    settings, now = office().settings, office().now()
    shown = {
        "name": name,
        "groups": groups(name),
        "years": (*range(now.year - 3, now.year + 2),),
    }
    try:
        wanted = chosen(name, settings, now)
    except NotUsable as error:
        sentence = _(str(error))
        answer = page("report.html", report=None, wanted=None, sentence=sentence, forms=(), **shown)
        return answer, 422
    found = compute(desk(), name, wanted, _catalogue(settings.competencies_dir), now)
    form = asked.word("as", FORMS)
    if form:
        note("report_taken", report=name, form=form, period=wanted.period.label)
        return _file(found, form, wanted)
    return page(
        "report.html",
        report=found,
        wanted=wanted,
        rows=writing.rows_of(found),
        cell=writing.shown,
        forms=FORMS,
        given=request.args.to_dict(),
        **shown,
    )


def _file(found: Report, form: str, wanted: Chosen) -> Response:
    match form:
        case "csv":
            # The mark at the front tells spreadsheets that it is UTF-8.
            content = ("\ufeff" + writing.as_csv(found)).encode()
            kind = "text/csv; charset=utf-8"
        case "xlsx":
            content = writing.as_xlsx([found])
            kind = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
        case _:
            content = as_pdf([found], office().settings.programme_name)
            kind = "application/pdf"
    answer = Response(content, content_type=kind)
    plain = "".join(sign if sign.isalnum() else "-" for sign in wanted.period.label)
    answer.headers.set(
        "Content-Disposition", "attachment", filename=f"{found.name}-{plain}.{form}".lower()
    )
    return answer
