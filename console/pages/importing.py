"""Importing people: hand a file in, look at what is wrong or new, then import all rows or none."""

from __future__ import annotations

from flask import abort, flash, redirect, request, url_for
from flask_babel import gettext as _
from werkzeug.wrappers import Response

from bot.importing import PEOPLE_COLUMNS
from bot.uploads import people as uploads
from console.blueprint import blueprint
from console.office import caller, desk, office, told
from console.row_words import in_words
from console.showing import going_on, page
from store.imports import FileImport

Answer = str | Response | tuple[str, int]
NUMBER = "<number:import_id>"
LOOK_AGAIN = 3  # seconds
GOING_ON = ("checking", "importing")


def _form(sentence: str = "") -> str:
    account = caller().account
    return page(
        "import.html",
        lately=uploads.lately(desk(), account.id),
        columns=PEOPLE_COLUMNS,
        district=caller().scope.district,
        largest=uploads.LARGEST // 1024 // 1024,
        sentence=sentence,
    )


@blueprint.route("/import", methods=["GET", "POST"])
def import_people() -> Answer:
    """How a file looks and the last few imports; or a file, which is checked and not written."""
    if request.method == "GET":
        return _form()
    file = request.files.get("file")
    if file is None or not file.filename:
        return _form(_("Please choose a CSV or XLSX file.")), 422
    account, scope = caller().account, caller().scope
    try:
        number = uploads.begin(
            office().sessions,
            office().settings,
            name=file.filename,
            content=file.read(),
            whose=uploads.Whose(account.id, district=scope.district),
            now=office().now(),
            real_now=office().real_now(),
        )
    except uploads.FileImportError as error:
        return _form(told(error)), 422
    return redirect(url_for("console.import_shown", import_id=number))


def _import(import_id: int) -> FileImport:
    account = caller().account
    mine = None if account.role == "admin" else account.id
    found = uploads.of(desk(), import_id, account=mine)
    if found is None:
        abort(404)
    return found


@blueprint.get(f"/import/{NUMBER}")
def import_shown(import_id: int) -> str | Response:
    """How far it is, what is wrong, or what would be imported."""
    found = _import(import_id)
    columns = [name for name in PEOPLE_COLUMNS if any(row.get(name) for row in found.sample)]
    shown = page(
        "import_shown.html",
        found=found,
        problems=[in_words(problem) for problem in found.problems],
        columns=columns,
        going_on=found.state in GOING_ON,
        most=uploads.MOST_PROBLEMS,
    )
    return going_on(shown, LOOK_AGAIN) if found.state in GOING_ON else shown


@blueprint.post(f"/import/{NUMBER}")
def import_decide(import_id: int) -> Response:
    """Import it, or forget it. Pressed twice, it is done once."""
    found = _import(import_id)
    if request.form.get("do") == "import":
        now, real_now = office().now(), office().real_now()
        uploads.confirm(office().sessions, office().settings, found.id, now, real_now)
        return redirect(url_for("console.import_shown", import_id=found.id))
    uploads.drop(desk(), found.id, office().now())
    flash(_("Nothing was imported, and the file is deleted."))
    return redirect(url_for("console.import_people"))
