"""Cards: what waits for a review, one draft with what it changes, and the decision on it."""

from __future__ import annotations

from flask import abort, flash, redirect, request, url_for
from flask_babel import gettext as _
from werkzeug.wrappers import Response

from bot.knowledge import deciding, drafts, rules, wording
from bot.knowledge.drafts import Refused
from bot.overviews import cards, cases, phones, training
from console import asked, card_form
from console.blueprint import blueprint
from console.card_form import by, form, is_stale, no_day, stale
from console.office import caller, desk, note, office
from console.showing import language, page, today
from store.knowledge import CardDraft

Answer = str | Response | tuple[str, int]
LONGEST_REASON = 300


@blueprint.get("/cards", endpoint="cards")
def queue() -> str:
    """What waits for somebody, and how far the training is."""
    now = office().now()
    return page(
        "cards.html",
        queue=cards.queue(desk(), by(), now, today()),
        training=training.of(desk(), now),
        now=now,
    )


def _draft(draft_id: int) -> CardDraft:
    posted = request.method == "POST"
    found = drafts.locked(desk(), draft_id) if posted else desk().get(CardDraft, draft_id)
    if found is None:
        abort(404)
    return found


@blueprint.get("/cards/drafts/<number:draft_id>")
def draft(draft_id: int) -> str:
    """One draft: what it says, what it changes, what stands against it."""
    return _shown(_draft(draft_id))


def _shown(found: CardDraft, sentence: str = "") -> str:
    now, who = office().now(), by()
    content = cards.with_owner(desk(), found.content)
    present = wording.present(desk(), found)
    before = wording.of_version(desk(), present[1], present[0]) if present else None
    open_to_decide = found.state in (rules.DRAFT, rules.IN_REVIEW, rules.APPROVED)
    near = drafts.close_cards(desk(), found) if open_to_decide else {}
    against = drafts.objections(desk(), found, who, near) if open_to_decide else []
    case = cases.one(desk(), caller().scope, found.case_id) if found.case_id else None
    topics = drafts.topics(desk(), language())
    return page(
        "draft.html",
        draft=found,
        title=drafts.shown_title(found),
        content=content,
        topic=topics.get(content.get("topic") or "", content.get("topic")),
        changes=wording.changes(cards.with_owner(desk(), before), content) if before else None,
        card=present[0] if present else None,
        examples=phones.of_card(found.content, found.content.get("review") or ""),
        against=[
            deciding.sentences([one], language())
            for one in against
            if one.key != "card_near_unseen"
        ],
        near=near,
        own=who.proposed(found),
        may_decide=open_to_decide and not who.proposed(found),
        may_edit=open_to_decide,
        case=case,
        events=drafts.history(desk(), draft_id=found.id),
        training=training.of(desk(), now),
        now=now,
        seen=drafts.fingerprint(found),
        few=deciding.few_examples(found),
        longest=LONGEST_REASON,
        reason=asked.typed("reason", LONGEST_REASON),
        sentence=sentence,
    )


def _again(draft_id: int, sentence: str) -> Answer:
    """The page as it is, with why not; nothing of what was tried is kept."""
    desk().rollback()
    found = desk().get(CardDraft, draft_id)
    assert found is not None
    return _shown(found, sentence), 422


def _to(draft_id: int, sentence: str) -> Response:
    flash(sentence)
    return redirect(url_for("console.draft", draft_id=draft_id))


@blueprint.post("/cards/drafts/<number:draft_id>/approve")
def draft_approve(draft_id: int) -> Answer:
    """Approve what was looked at; the model is trained with it in the background."""
    found = _draft(draft_id)
    if is_stale(drafts.fingerprint(found)):
        return _again(draft_id, stale())
    distinct = request.form.get("distinct") == "1"
    try:
        deciding.approve(desk(), found, by(), office().now(), distinct=distinct)
    except Refused as refused:
        return _again(draft_id, deciding.sentences(refused.objections, language()))
    note("card_approved", draft=found.id, card=found.card_id)
    return _to(draft_id, _("Approved. It is trained in the background and then goes live."))


@blueprint.post("/cards/drafts/<number:draft_id>/reject")
def draft_reject(draft_id: int) -> Answer:
    """Turn it down; whoever proposed it is told why."""
    found = _draft(draft_id)
    reason = " ".join(asked.typed("reason", LONGEST_REASON).split())
    if not reason:
        return _again(draft_id, _("Please say why: whoever proposed it is told."))
    if is_stale(drafts.fingerprint(found)):
        return _again(draft_id, stale())
    try:
        deciding.reject(desk(), found, reason, by(), office().now())
    except Refused as refused:
        return _again(draft_id, deciding.sentences(refused.objections, language()))
    note("card_rejected", draft=found.id)
    return _to(draft_id, _("Turned down. Whoever proposed it is told why."))


@blueprint.post("/cards/drafts/<number:draft_id>/merge")
def draft_merge(draft_id: int) -> Answer:
    """Add its questions to a card of the library."""
    found = _draft(draft_id)
    if is_stale(drafts.fingerprint(found)):
        return _again(draft_id, stale())
    card = asked.typed("card", 200)
    try:
        deciding.merge(desk(), found, card, by(), office().now())
    except Refused as refused:
        return _again(draft_id, deciding.sentences(refused.objections, language()))
    note("card_merged", draft=found.id, card=card)
    return _to(draft_id, _("Its questions are added to that card once the model is trained."))


@blueprint.route("/cards/drafts/<number:draft_id>/edit", methods=["GET", "POST"])
def draft_edit(draft_id: int) -> Answer:
    """Change what a draft says, before it is decided on."""
    found = _draft(draft_id)
    back = url_for("console.draft", draft_id=found.id)
    title, seen = drafts.shown_title(found), drafts.fingerprint(found)
    if request.method == "GET":
        return form(title, found.content, back, seen=seen)
    content, readable = card_form.read(found.content)
    if not readable:
        return form(title, content, back, seen=seen, sentence=no_day()), 422
    if is_stale(seen):
        return form(title, content, back, seen=seen, sentence=stale()), 422
    try:
        changed = deciding.change(desk(), found, content, by(), office().now())
    except Refused as refused:
        said = deciding.sentences(refused.objections, language())
        return form(title, content, back, seen=seen, sentence=said), 422
    if not changed:
        return _to(draft_id, _("Nothing was changed."))
    note("card_edited", draft=found.id)
    return _to(draft_id, _("Your changes are kept. Look at them once more below."))
