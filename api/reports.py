"""Routes for reports: the same figures as on the pages and in files, small groups hidden."""

from __future__ import annotations

from api import asking, models
from api.routes import NOT_FOUND, Call, Refused, get
from bot.mentoring.competencies import kept
from bot.reports import choosing


@get("/reports", models.Reports)
def reports(call: Call, _asked: asking.Nothing) -> models.Answer:
    """The reports by name, and by what each can be grouped."""
    return models.Reports(
        items=[
            models.ReportName(name=name, groups=list(choosing.groups(name)))
            for name in choosing.offered(call.scope)
        ]
    )


@get("/reports/{name}", models.Report, asking.Report)
def report(call: Call, asked: asking.Report) -> models.Answer:
    """One report. Figures about fewer than five people are hidden."""
    name = call.path["name"]
    if name not in choosing.offered(call.scope):
        raise Refused(404, "not_found", NOT_FOUND)
    if asked.by and asked.by not in choosing.groups(name):
        raise Refused(422, "not_usable", "This report cannot be grouped by that.")
    given = choosing.Asked(by=asked.by, year=asked.fy, since=asked.since, until=asked.until)
    try:
        wanted = choosing.chosen(name, given, call.settings, call.now)
    except choosing.NotUsable as error:
        raise Refused(422, "not_usable", str(error)) from None
    catalogue = kept(call.settings.competencies_dir)
    found = choosing.compute(call.session, name, wanted, catalogue, call.now)
    call.note(report=name, period=wanted.period.label)
    return models.Report(
        name=found.name,
        title=found.title,
        period=found.period,
        columns=[models.Column.model_validate(column) for column in found.columns],
        rows=[dict(row) for row in found.rows],
        total=None if found.total is None else dict(found.total),
        definition=found.definition,
        notes=list(found.notes),
    )
