"""Cases: the list, one thread, and what a coordinator does with it."""

from __future__ import annotations

import re
from uuid import uuid4

from flask import abort, flash, redirect, request, url_for
from flask_babel import gettext as _
from werkzeug.wrappers import Response

from bot import people as persons
from bot.knowledge import deciding
from bot.knowledge.drafts import Refused
from bot.mentoring import overview, programme
from bot.overviews import cases
from console import asked
from console.blueprint import blueprint
from console.card_form import by
from console.office import caller, desk, note, office
from console.showing import language, page
from store.cases import Case
from store.people import Person

LONGEST_ANSWER = 3000


@blueprint.get("/cases", endpoint="cases")
def list_() -> str:
    """By state and urgency; first those that wait, the urgent before the others."""
    wanted = cases.Wanted(
        state=asked.word("state", cases.STATES) or "open",
        urgent=asked.flag("urgent"),
        overdue=asked.flag("overdue"),
        page=asked.number(),
    )
    lines, total = cases.found(desk(), caller().scope, wanted, office().now())
    return page(
        "cases.html",
        wanted=wanted,
        lines=lines,
        total=total,
        states=cases.STATES,
        size=cases.PAGE,
    )


def _case(case_id: int) -> Case:
    found = cases.one(desk(), caller().scope, case_id)
    if found is None:
        abort(404)
    return found


@blueprint.get("/cases/<number:case_id>")
def case(case_id: int) -> str:
    """One case: its thread, who had it and why, what is due. That it was looked at is noted."""
    return _shown(_case(case_id), "")


def _shown(found: Case, sentence: str) -> str:
    note("case_seen", person=found.mentee_id, case=found.id, code=found.code)
    may_act = caller().may("console.case_answer")
    return page(
        "case.html",
        case=found,
        mentee=desk().get_one(Person, found.mentee_id),
        record=overview.record_of(desk(), found, office().now()),
        may_act=may_act,
        mentors=programme.may_have(desk(), found) if may_act else (),
        once=uuid4(),
        written=asked.typed("text", LONGEST_ANSWER),
        longest=LONGEST_ANSWER,
        sentence=sentence,
    )


def _key() -> str:
    """Names what is done by one form: sent twice, it is done once."""
    once = request.form.get("once", "")
    return f"console:{once if re.fullmatch(r'[0-9a-f-]{36}', once) else uuid4()}"


def _again(found: Case, sentence: str) -> tuple[str, int]:
    return _shown(found, sentence), 422


def _done(found: Case, what: str, sentence: str) -> Response:
    note(what, person=found.mentee_id, case=found.id, code=found.code)
    flash(sentence)
    return redirect(url_for("console.case", case_id=found.id))


@blueprint.post("/cases/<number:case_id>/answer")
def case_answer(case_id: int) -> Response | tuple[str, int]:
    """Answer in the programme's name; the mentee hears it where they asked."""
    found = _case(case_id)
    text = asked.typed("text", LONGEST_ANSWER + 1)
    if not text:
        return _again(found, _("There is no answer yet: please write one."))
    if len(text) > LONGEST_ANSWER:
        return _again(found, _("This answer is too long for a phone. Please shorten it."))
    answered = programme.answer_once(
        desk(),
        found,
        text,
        programme=office().settings.programme_name,
        now=office().now(),
        key=_key(),
    )
    if not answered:
        return _again(found, _("This case was closed in the meantime. Nothing was sent."))
    return _done(found, "case_answered", _("Your answer is on its way to the mentee."))


@blueprint.post("/cases/<number:case_id>/give")
def case_give(case_id: int) -> Response | tuple[str, int]:
    """Give it to a mentor, whoever has it."""
    found = _case(case_id)
    wanted = request.form.get("mentor", "")
    mentor = next((one for one in programme.may_have(desk(), found) if str(one.id) == wanted), None)
    if mentor is None:
        return _again(found, _("Please choose a mentor."))
    if not programme.give_once(desk(), found, mentor, now=office().now(), key=_key()):
        return _again(found, _("This case was closed in the meantime. Nothing was sent."))
    name = persons.display_name(mentor, _("the mentor"))
    return _done(found, "case_given", _("The case is with %(mentor)s.", mentor=name))


@blueprint.post("/cases/<number:case_id>/close")
def case_close(case_id: int) -> Response | tuple[str, int]:
    """Close it; the mentee is told. It needs the tick that says so."""
    found = _case(case_id)
    if request.form.get("sure") != "1":
        return _again(found, _("Please tick that the case is solved."))
    programme.close_once(desk(), found, now=office().now(), key=_key())
    return _done(found, "case_closed", _("The case is closed, and the mentee is told."))


@blueprint.post("/cases/<number:case_id>/propose")
def case_propose(case_id: int) -> Response | tuple[str, int]:
    """Make a draft card of its answer, and ask for a review."""
    found = _case(case_id)
    try:
        made = deciding.propose(desk(), found, by(), office().now())
    except Refused as refused:
        return _again(found, deciding.sentences(refused.objections, language()))
    note("card_proposed", case=found.id, draft=made.draft.id)
    flash(_("Proposed. Look at the draft: its source may be missing."))
    return redirect(url_for("console.draft", draft_id=made.draft.id))
