"""What a coordinator does for a person: transfer, number, merge of two records, consent."""

from __future__ import annotations

from collections.abc import Callable

from flask import abort, flash, redirect, request, url_for
from flask_babel import gettext as _
from werkzeug.wrappers import Response

from bot import consent, people
from bot.mentoring import merge_preview, merging, numbers, places, stays
from bot.overviews import people as overview
from bot.reports.choosing import EARLIEST, LATEST
from bot.text.sentences import SentenceError
from console import asked
from console.blueprint import blueprint
from console.office import caller, desk, note, office, told
from console.pages.people import show
from console.showing import day, page, zone
from store.people import Person

Answer = str | Response | tuple[str, int]
NUMBER = "<number:person_id>"


def _person(person_id: int) -> Person:
    found = overview.one(desk(), caller().scope, person_id)
    if found is None:
        abort(404)
    return found


def _again(person_id: int, sentence: str) -> Answer:
    """The page once more, with what hindered it; nothing was done."""
    desk().rollback()
    return show(_person(person_id), sentence), 422


def _done(person_id: int, sentence: str) -> Response:
    """The page of the person; the list where the person is beyond the caller's scope now."""
    desk().flush()
    flash(sentence)
    if overview.one(desk(), caller().scope, person_id) is None:
        return redirect(url_for("console.people"))
    return redirect(url_for("console.person", person_id=person_id))


def _name(person: Person) -> str:
    return person.name or _("no name")


def _sure() -> bool:
    return request.form.get("sure") == "1"


def _tick() -> str:
    return str(_("Please tick that you are sure."))


@blueprint.post(f"/people/{NUMBER}/transfer")
def person_transfer(person_id: int) -> Answer:
    """Another facility, from now or from a day on; what was stays where it was made."""
    person, now = _person(person_id), office().now()
    wanted = asked.typed("facility", 120)
    if not wanted:
        return _again(person_id, _("Please say which facility."))
    on = asked.typed_day("on")
    if on is not None and not EARLIEST <= on <= LATEST:
        return _again(person_id, _("This day is too far from today."))
    try:
        place = places.one(desk(), wanted)
        moment = stays.begins(person, on, now)
        holds = stays.transfer(desk(), person, place, moment, now)
    except SentenceError as error:
        return _again(person_id, told(error))
    note("person_moved", person=person_id, facility=place.id)
    said = {"name": _name(person), "place": place.name, "day": day(moment.astimezone(zone()))}
    if holds:
        return _done(person_id, _("%(name)s works at %(place)s since %(day)s.", **said))
    sentence = _("%(name)s works at %(place)s from %(day)s on; until then as before.", **said)
    return _done(person_id, sentence)


@blueprint.post(f"/people/{NUMBER}/number")
def person_number(person_id: int) -> Answer:
    """Another number, one more, or whose a doubted one is: the pressed button says which."""
    person = _person(person_id)
    deeds: dict[str, Callable[[Person], Answer]] = {
        "change": _change,
        "add": _add,
        "vouch": _vouch,
        "release": _release,
    }
    deed = deeds.get(request.form.get("do", ""))
    if deed is None:
        return redirect(url_for("console.person", person_id=person_id))
    try:
        return deed(person)
    except numbers.TakenError as error:
        return _taken(person_id, error)
    except SentenceError as error:
        return _again(person_id, told(error))


def _typed_number() -> str | None:
    return people.e164(asked.typed("new", 40), office().settings.default_region)


def _taken(person_id: int, error: numbers.TakenError) -> Answer:
    """The number is somebody's: if it is the same person, the two records are merged."""
    desk().rollback()
    if overview.one(desk(), caller().scope, error.owner) is None:
        return _again(person_id, _("This number is somebody's already."))
    flash(told(error))
    return redirect(url_for("console.person_merge", person_id=person_id, other=error.owner))


def _change(person: Person) -> Answer:
    new = _typed_number()
    if new is None:
        return _again(person.id, _("This is not a phone number."))
    if not _sure():
        return _again(person.id, _tick())
    numbers.change(desk(), person, asked.typed("old", 40), new, office().now())
    note("number_changed", person=person.id)
    return _done(person.id, _("The number is changed. What was under way goes on there."))


def _add(person: Person) -> Answer:
    new, channel = _typed_number(), asked.typed("channel")
    if new is None:
        return _again(person.id, _("This is not a phone number."))
    if channel not in ("sms", "whatsapp"):
        return _again(person.id, _("Please choose SMS or WhatsApp."))
    numbers.add(desk(), person, new, channel, office().now())
    note("number_added", person=person.id)
    return _done(person.id, _("The number is added."))


def _vouch(person: Person) -> Answer:
    numbers.vouch_for(desk(), person)
    note("number_vouched", person=person.id)
    return _done(person.id, _("Noted: it is the same person. What was may be shown there again."))


def _release(person: Person) -> Answer:
    if not _sure():
        return _again(person.id, _tick())
    number, now = asked.typed("old", 40), office().now()
    numbers.release(desk(), person, number, now, office().settings)
    note("number_released", person=person.id)
    sentence = _("Noted: the number is somebody else's now. All that was stays with this person.")
    return _done(person.id, sentence)


@blueprint.post(f"/people/{NUMBER}/consent")
def person_consent(person_id: int) -> Answer:
    """Record that somebody said no. Only they can take it back, by texting START."""
    person = _person(person_id)
    if not _sure():
        return _again(person_id, _tick())
    if not consent.withdraw(desk(), person, office().now()):
        return _again(person_id, _("They had said no already."))
    note("consent_withdrawn", person=person_id)
    return _done(person_id, _("Noted: nothing more is sent to them, until they text START."))


@blueprint.route(f"/people/{NUMBER}/merge", methods=["GET", "POST"])
def person_merge(person_id: int) -> Answer:
    """Two records of one person become one: first what would be joined, then the merge."""
    kept = _person(person_id)
    other = _other(kept)
    if isinstance(other, str):
        return _again(person_id, other)
    try:
        if request.method == "GET":
            return _preview(kept, other)
        if not _sure():
            return _preview(kept, other, _tick()), 422
        gone = other.id
        work = merging.merge(desk(), kept, other, office().now())
    except merging.MergeError as error:
        return _again(person_id, told(error))
    note("people_merged", person=person_id, number=gone, rows=sum(work.moved.values()))
    return _done(person_id, _("The two records are one now."))


def _other(kept: Person) -> Person | str:
    """The second record, within the caller's scope; or why there is none."""
    scope = caller().scope
    given = request.values.get("other", "")
    if given.isascii() and given.isdecimal() and len(given) <= 15 and given != str(kept.id):
        found = overview.one(desk(), scope, int(given))
        if found is not None:
            return found
    who = asked.plain(request.values.get("who", ""))[:80]
    if not who:
        return str(_("Please give the number or the external id of the other record."))
    several = people.called(desk(), who, office().settings.default_region)
    seen = [overview.one(desk(), scope, one.id) for one in several if one.id != kept.id]
    others = [one for one in seen if one is not None]
    if len(others) == 1:
        return others[0]
    if others:
        return str(_("Several people have this number. Please give the external id."))
    return str(_("No other record has this number or external id."))


def _preview(kept: Person, other: Person, sentence: str = "") -> str:
    parts = merge_preview.preview(office().sessions, kept.id, other.id, office().now())
    note("person_seen", person=other.id)
    return page(
        "merge.html",
        kept=kept,
        other=other,
        parts=parts,
        numbers=caller().scope.numbers,
        sentence=sentence,
    )
