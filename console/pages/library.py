"""The library: every card, one card with its versions, and how long it is kept."""

from __future__ import annotations

from flask import abort, flash, redirect, request, url_for
from flask_babel import gettext as _
from werkzeug.wrappers import Response

from bot.knowledge import deciding, drafts, keeping, rules, wording
from bot.knowledge.drafts import Refused
from bot.overviews import cards, phones
from console import asked, card_form
from console.blueprint import blueprint
from console.card_form import by, form, is_stale, no_day, stale
from console.office import caller, desk, note, office
from console.showing import language, page, today
from store.knowledge import Card, CardVersion

Answer = str | Response | tuple[str, int]
LONGEST_REASON = 300


@blueprint.get("/cards/library", endpoint="card_library")
def list_() -> str:
    """Search and filters, by pages."""
    wanted = cards.Wanted(
        words=asked.word("q"),
        topic=asked.word("topic"),
        language=asked.word("lang", rules.LANGUAGES),
        state=asked.word("state", cards.STATES),
        order=asked.word("order", cards.ORDERS) or "topic",
        page=asked.number(),
    )
    lines, total = cards.library(desk(), wanted, office().now(), today())
    return page(
        "card_library.html",
        wanted=wanted,
        lines=lines,
        total=total,
        size=cards.PAGE,
        topics=drafts.topics(desk(), language()),
        all_languages=rules.LANGUAGES,
        states=cards.STATES,
        orders=cards.ORDERS,
        days=cards.COUNTED.days,
    )


def _card(card_id: str) -> tuple[Card, list[CardVersion]]:
    found = desk().get(Card, card_id) if card_id.isprintable() else None
    every = wording.versions(desk(), card_id) if found is not None else []
    if found is None or not every:
        abort(404)
    return found, every


@blueprint.get("/cards/library/<card_id>")
def card(card_id: str) -> str:
    """One card: as the phone shows it, its versions, what became of it."""
    return _shown(card_id)


def _shown(card_id: str, sentence: str = "") -> str:
    found, every = _card(card_id)
    line = cards.one(desk(), card_id, office().now(), today())
    live = next((one for one in every if one.version == found.live_version), every[-1])
    content = wording.of_version(desk(), live, found)
    old, new = _compared(every)
    sides = [cards.with_owner(desk(), wording.of_version(desk(), one, found)) for one in (old, new)]
    return page(
        "card.html",
        card=found,
        title=str(live.title.get(language()) or live.title.get("en") or found.id),
        line=line,
        live=live,
        versions=every,
        content=cards.with_owner(desk(), content),
        examples=phones.of_card(content, live.review),
        old=old.version,
        new=new.version,
        changes=wording.changes(*sides),
        waiting=cards.waiting_for(desk(), card_id),
        events=drafts.history(desk(), card_id=card_id),
        may_keep=caller().may("console.card_keep"),
        days=cards.COUNTED.days,
        longest=LONGEST_REASON,
        form=request.form,
        sentence=sentence,
    )


def _compared(every: list[CardVersion]) -> tuple[CardVersion, CardVersion]:
    """The two versions that are compared: those asked for, otherwise the last two."""
    by_number = {one.version: one for one in every}
    new = by_number.get(asked.number("new"), every[-1]) if "new" in request.args else every[-1]
    before = [one for one in every if one.version < new.version]
    fallback = before[-1] if before else new
    old = by_number.get(asked.number("old"), fallback) if "old" in request.args else fallback
    return old, new


@blueprint.route("/cards/library/<card_id>/edit", methods=["GET", "POST"])
def card_edit(card_id: str) -> Answer:
    """Propose another wording: a draft of the next version, which a second person approves."""
    found, every = _card(card_id)
    before = wording.of_version(desk(), every[-1], found)
    title = str(every[-1].title.get(language()) or every[-1].title.get("en") or card_id)
    back, seen = url_for("console.card", card_id=card_id), str(every[-1].version)
    if request.method == "GET":
        return form(title, before, back, seen=seen)
    content, readable = card_form.read(before)
    if not readable or is_stale(seen):
        said = stale() if readable else no_day()
        return form(title, content, back, seen=seen, sentence=said), 422
    if not wording.changes(before, content):
        flash(_("Nothing was changed."))
        return redirect(back)
    made = deciding.change_card(desk(), card_id, content, by(), office().now())
    note("card_edited", card=card_id, draft=made.draft.id)
    flash(_("Your wording waits for a second person, who approves it or turns it down."))
    return redirect(url_for("console.draft", draft_id=made.draft.id))


def _refused(card_id: str, sentence: str) -> Answer:
    desk().rollback()
    return _shown(card_id, sentence), 422


def _done(card_id: str, sentence: str) -> Response:
    flash(sentence)
    return redirect(url_for("console.card", card_id=card_id))


@blueprint.post("/cards/library/<card_id>/keep")
def card_keep(card_id: str) -> Answer:
    """Until when it is good, who answers for it, and on which guideline it rests."""
    _card(card_id)
    typed = asked.typed("until")
    until = asked.typed_day("until")
    owner, guideline = asked.typed("owner") or None, asked.typed("guideline") or None
    if typed and until is None:
        return _refused(card_id, no_day())
    if not (until or owner or guideline):
        return _refused(card_id, _("Please fill in what is to be changed."))
    try:
        deciding.keep(
            desk(),
            card_id,
            by(),
            office().now(),
            today=today(),
            region=office().settings.default_region,
            until=until,
            owner=owner,
            guideline=guideline,
        )
    except Refused as refused:
        return _refused(card_id, deciding.sentences(refused.objections, language()))
    note("card_kept", card=card_id)
    return _done(card_id, _("This is kept with the card."))


@blueprint.post("/cards/library/<card_id>/withdraw")
def card_withdraw(card_id: str) -> Answer:
    """Take it out of the library at once; it needs a reason, and the tick that says so."""
    _card(card_id)
    reason = " ".join(asked.typed("reason", LONGEST_REASON).split())
    if not reason or request.form.get("sure") != "1":
        return _refused(card_id, _("Please say why, and tick that it is not to be sent any more."))
    try:
        deciding.withdraw(desk(), [card_id], reason, by(), office().now())
    except Refused as refused:
        return _refused(card_id, deciding.sentences(refused.objections, language()))
    note("card_withdrawn", card=card_id)
    return _done(card_id, _("The card is not sent any more; its questions go to mentors."))


@blueprint.post("/cards/library/<card_id>/restore")
def card_restore(card_id: str) -> Answer:
    """Bring it back."""
    _card(card_id)
    try:
        keeping.restore(desk(), card_id, by(), office().now())
    except Refused as refused:
        return _refused(card_id, deciding.sentences(refused.objections, language()))
    note("card_restored", card=card_id)
    return _done(card_id, _("The card is back in the library."))
