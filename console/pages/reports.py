"""Reports: every one of ``bot.reports`` on screen, and as CSV, XLSX or PDF; packs as files."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta

from flask import Response, abort, request
from flask_babel import gettext as _

from bot.mentoring.competencies import kept
from bot.overviews import handouts
from bot.reports import fiscal, packs, writing
from bot.reports.choosing import Chosen, NotUsable, compute, groups
from bot.reports.language import translated
from bot.reports.pdf import as_pdf
from bot.reports.table import Report
from console import asked
from console.blueprint import blueprint
from console.office import caller, desk, note, office
from console.report_form import FORMS, PACK_FORMS, chosen, offered, quarters_before
from console.showing import language, page, today, zone


@blueprint.get("/reports", endpoint="reports")
def list_() -> str:
    """All of them, by name, and the packs that this caller may take."""
    return _list("")


def _list(sentence: str) -> str:
    scope, present = caller().scope, today()
    return page(
        "reports.html",
        reports=offered(scope) if caller().may("console.report") else {},
        mentors=handouts.mentors(desk(), scope),
        districts=handouts.districts(desk(), scope),
        month=f"{present.replace(day=1) - timedelta(days=1):%Y-%m}",
        quarters=quarters_before(present),
        forms=PACK_FORMS,
        sentence=sentence,
    )


@blueprint.get("/reports/pack")
def pack() -> Response | tuple[str, int]:
    """A mentor's month, or a district's quarter, as a workbook or pages."""
    scope, form = caller().scope, asked.word("as", PACK_FORMS) or "pdf"
    settings, now, here = office().settings, office().now(), zone()
    catalogue, spoken = kept(settings.competencies_dir), language()
    month = fiscal.month(asked.word("month"), here)
    quarter = fiscal.quarter(asked.word("quarter"), here)
    if month is not None:
        mentor = next(
            (one for one in handouts.mentors(desk(), scope) if str(one.id) == asked.word("mentor")),
            None,
        )
        if mentor is None:
            return _list(_("Please choose a mentor.")), 422
        made = packs.mentors_month(desk(), mentor, month, now, catalogue, spoken)
        note("report_taken", person=mentor.id, report="pack", form=form, period=month.label)
        return _download(f"pack-{mentor.id}-{month.label}", form, made.reports, made.heading)
    if quarter is not None:
        district = asked.word("district")
        if district not in handouts.districts(desk(), scope):
            return _list(_("Please choose a district.")), 422
        made = packs.districts_quarter(desk(), district, quarter, now, catalogue, spoken)
        note("report_taken", report="pack", form=form, period=f"{district} {quarter.label}")
        return _download(f"pack-{district}-{quarter.label}", form, made.reports, made.heading)
    return _list(_("Please choose a month, such as 2026-02.")), 422


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
    catalogue = kept(settings.competencies_dir)
    found = compute(desk(), name, wanted, catalogue, now)
    found = translated(found, language(), catalogue)
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
    name = f"{found.name}-{wanted.period.label}"
    return _download(name, form, (found,), office().settings.programme_name)


def _download(name: str, form: str, reports: Sequence[Report], heading: str) -> Response:
    match form:
        case "csv":
            # The mark at the front tells spreadsheets that it is UTF-8.
            content = ("\ufeff" + writing.as_csv(reports[0])).encode()
            kind = "text/csv; charset=utf-8"
        case "xlsx":
            content = writing.as_xlsx(reports)
            kind = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
        case _:
            content = as_pdf(reports, heading)
            kind = "application/pdf"
    answer = Response(content, content_type=kind)
    plain = "".join(sign if sign.isalnum() else "-" for sign in name)
    answer.headers.set("Content-Disposition", "attachment", filename=f"{plain}.{form}".lower())
    return answer
