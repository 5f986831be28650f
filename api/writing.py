"""Routes that change something: answer a case, import people."""

from __future__ import annotations

from api import asking, models
from api.routes import NOT_FOUND, Call, Refused, get, post
from bot.mentoring import programme
from bot.overviews import cases as case_overview
from bot.uploads import people as uploads

NAMES = {
    "text/csv": "people.csv",
    "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet": "people.xlsx",
}


@post("/cases/{case_id}/answer", models.Done, takes=asking.AnswerText)
def case_answer(call: Call, given: asking.AnswerText) -> models.Answer:
    """Answer a case in the programme's name; the mentee hears it where they asked."""
    found = case_overview.one(call.session, call.scope, call.path["case_id"])
    if found is None:
        raise Refused(404, "not_found", NOT_FOUND)
    text = given.text.strip()
    if not text or "\0" in text:
        raise Refused(422, "not_usable", "text: there is no answer yet.")
    answered = programme.answer_once(
        call.session,
        found,
        text,
        programme=call.settings.programme_name,
        now=call.now,
        key=f"api:{call.token.id}:{found.id}:{given.key}",
    )
    if not answered:
        raise Refused(409, "closed", "This case is closed. Nothing was sent.")
    call.note(person=found.mentee_id, case=found.id)
    return models.Done(done=True)


@post("/imports", models.Import, asks=asking.Upload, takes=tuple(NAMES))
def import_people(call: Call, asked: asking.Upload) -> models.Answer:
    """Hand in people as CSV or XLSX. The file is checked, and nothing of it is written yet."""
    whose = uploads.Whose(call.token.account_id, call.token.id, call.scope.district)
    try:
        number = uploads.begin(
            call.sessions,
            call.settings,
            name=asked.name or NAMES[call.media],
            content=call.content,
            whose=whose,
            now=call.now,
            real_now=call.real_now,
        )
    except uploads.FileImportError as error:
        raise Refused(422, "not_usable", str(error)) from None
    return _shown(call, number)


@get("/imports/{import_id}", models.Import)
def import_status(call: Call, _asked: asking.Nothing) -> models.Answer:
    """How far an import of this token is, and what is wrong with the file."""
    return _shown(call, call.path["import_id"])


@post("/imports/{import_id}/confirm", models.Import)
def import_confirm(call: Call, _asked: asking.Nothing) -> models.Answer:
    """Import a file that is ready: all rows, or none where something changed meanwhile."""
    number = call.path["import_id"]
    if uploads.of(call.session, number, token=call.token.id) is None:
        raise Refused(404, "not_found", NOT_FOUND)
    if not uploads.confirm(call.sessions, call.settings, number, call.now, call.real_now):
        raise Refused(409, "not_ready", "This file is not ready to be imported.")
    return _shown(call, number)


def _shown(call: Call, number: int) -> models.Import:
    call.session.expire_all()
    found = uploads.of(call.session, number, token=call.token.id)
    if found is None:
        raise Refused(404, "not_found", NOT_FOUND)
    return models.Import.model_validate(found)
