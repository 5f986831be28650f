"""PROPOSE and REVIEW on the phone: from an answered case to a card that a second person approves.

A case or a draft that cannot be told apart is never guessed: whoever writes is asked.
"""

from __future__ import annotations

from datetime import timedelta
from typing import Any, Final

from sqlalchemy import or_, select

from bot import knowledge, words
from bot.knowledge import drafts, rules, telling
from bot.knowledge.deciding import sentences
from bot.knowledge.drafts import By, Refused
from bot.knowledge.rules import Objection
from bot.mentoring import record
from bot.texts import text
from bot.turn import Turn
from store.cases import Case, CaseEvent
from store.knowledge import CardDraft

# Without a code, only a case answered this lately can be meant.
LATELY: Final = timedelta(days=14)
MOST_CODES = 5
MOST_QUESTIONS = 3
PENDING: Final = frozenset({"card_source", "review_card", "near_card", "reject_card", "card_topic"})
# What a reviewer is asked for when a draft is approved without it.
ASKED_FOR: Final = frozenset({"card_no_topic", "card_no_source"})


def command(turn: Turn, asked: words.Command) -> None:
    """Carry out PROPOSE or REVIEW."""
    if asked.name == "review":
        _show_next(turn)
        return
    case = _case_meant(turn, asked.argument)
    if case is None:
        return
    try:
        draft = drafts.propose(turn.session, case, by(turn), turn.now)
    except Refused as refused:
        turn.reply_text(sentences(refused.objections, turn.person.language), label="refused")
        return
    _proposed(turn, draft, case)


def by(turn: Turn) -> By:
    """Whoever writes."""
    return By(turn.person.name or f"person {turn.person.id}", turn.person.id)


def _case_meant(turn: Turn, code: str) -> Case | None:
    """The case that a PROPOSE is about; otherwise whoever writes is asked."""
    session, person = turn.session, turn.person
    if code:
        case = session.scalar(
            select(Case).where(Case.code == code).order_by(Case.id.desc()).limit(1)
        )
        if case is None or not _may_propose(turn, case):
            turn.reply("mentor_no_such_case", code=code)
            return None
        return case
    if turn.quoted_sid is not None and not turn.pressed:
        quoted = record.by_quoted(session, person, turn.quoted_sid)
        if quoted is not None and _may_propose(turn, quoted):
            return quoted
    answered = select(CaseEvent.case_id).where(
        CaseEvent.kind == "answered", CaseEvent.person_id == person.id
    )
    drafted = select(CardDraft.case_id).where(CardDraft.case_id.is_not(None))
    meant = session.scalars(
        select(Case)
        .where(
            Case.id.in_(answered),
            Case.id.not_in(drafted),
            Case.answered_at > turn.now - LATELY,
        )
        .order_by(Case.answered_at.desc())
        .limit(MOST_CODES)
    ).all()
    if len(meant) == 1:
        return meant[0]
    if meant:
        turn.reply("card_which_case", codes=", ".join(f"#{case.code}" for case in meant))
    else:
        turn.reply("card_no_case")
    return None


def _may_propose(turn: Turn, case: Case) -> bool:
    """A mentor may propose what they answered, a coordinator anything."""
    if telling.COORDINATOR in turn.person.roles or case.mentor_id == turn.person.id:
        return True
    answered = select(CaseEvent.id).where(
        CaseEvent.case_id == case.id,
        CaseEvent.kind == "answered",
        CaseEvent.person_id == turn.person.id,
    )
    return turn.session.scalar(answered.limit(1)) is not None


def _proposed(turn: Turn, draft: CardDraft, case: Case) -> None:
    language = turn.person.language
    question = next(iter(draft.content["title"].values()))
    answer = next(iter(draft.content["answer"].values()))
    values = {"id": draft.id, "code": case.code, "question": question, "answer": answer}
    lines = [text("card_proposed", language, **values)]
    near = drafts.close_cards(turn.session, draft)
    if near:
        lines.append(text("card_near_note", language, titles="; ".join(near.values())))
    lines.append(text("card_source_ask", language))
    turn.person.pending = {"kind": "card_source", "draft": draft.id}
    turn.reply_text("\n".join(lines), label="proposed")


def pending(turn: Turn, asked: dict[str, Any]) -> str | None:
    """Take the answer to what was asked about a draft; a text to give back is a question."""
    turn.person.pending = None
    draft = drafts.locked(turn.session, asked["draft"])
    by_proposer = asked["kind"] == "card_source" and not asked.get("review")
    waits_for = rules.DRAFT if by_proposer else rules.IN_REVIEW
    if draft is None or draft.state != waits_for:
        turn.reply("card_decided", id=asked["draft"])
        return None
    if asked["kind"] == "card_source":
        return _source(turn, draft, asked)
    number = words.number(turn.text)
    match asked["kind"], number:
        case ("review_card", 1):
            _approve(turn, draft)
        case ("review_card", 2):
            turn.person.pending = {**asked, "kind": "reject_card"}
            turn.reply("card_reject_why", menu="pick3")
        case ("near_card", 1):
            drafts.acknowledge(turn.session, draft, [asked["card"]], by(turn), turn.now)
            _approve(turn, draft)
        case ("near_card", 2):
            _merge(turn, draft, asked["card"])
        case ("reject_card", 1 | 2 | 3):
            _reject(turn, draft, f"card_reason_{number}")
        case ("card_topic", int()) if 1 <= number <= len(asked["topics"]):
            drafts.set_topic(turn.session, draft, asked["topics"][number - 1], by(turn), turn.now)
            _approve(turn, draft)
        case ("review_card" | "near_card", 3):
            turn.reply("card_review_later")
        case _:
            turn.person.pending = asked
            turn.reply("choose_again")
    return None


def _source(turn: Turn, draft: CardDraft, asked: dict[str, Any]) -> str | None:
    source = words.source(turn.text, alone=True)
    if asked.get("review"):
        if words.is_later(turn.text):
            turn.reply("card_review_later")
        elif source is None:
            return turn.text
        else:
            drafts.set_source(turn.session, draft, source, by(turn), turn.now)
            _approve(turn, draft)
        return None
    if words.is_later(turn.text):
        turn.reply("card_source_later", id=draft.id)
    elif source is None:
        return turn.text
    else:
        drafts.set_source(turn.session, draft, source, by(turn), turn.now)
        turn.reply("card_source_taken", id=draft.id, source=source)
    drafts.submit(turn.session, draft, turn.now)
    telling.ask_reviewers(turn.session, draft, drafts.shown_title(draft), turn.now)
    return None


def _show_next(turn: Turn) -> None:
    """The oldest draft that this person may decide on, with what stands against it."""
    draft = turn.session.scalar(
        select(CardDraft)
        .where(
            CardDraft.state == rules.IN_REVIEW,
            or_(CardDraft.proposer_id.is_(None), CardDraft.proposer_id != turn.person.id),
        )
        .order_by(CardDraft.id)
        .limit(1)
    )
    language = turn.person.language
    if draft is None:
        turn.reply("card_review_none")
        return
    content = draft.content
    wanted = language if language in (content.get("answer") or {}) else None
    shown = wanted or next(iter(content.get("answer") or {"en": ""}))
    questions = (content.get("examples") or {}).get(shown) or []
    lines = [
        text(
            "card_review_show",
            language,
            id=draft.id,
            topic=content.get("topic") or text("card_topic_none", language),
            title=drafts.shown_title(draft),
            questions="; ".join(questions[:MOST_QUESTIONS]),
            answer=(content.get("answer") or {}).get(shown, ""),
            source=content.get("source") or "?",
        )
    ]
    against = [one for one in _missing(turn, draft) if one.key not in ASKED_FOR]
    if against:
        reasons = sentences(against, language)
        lines.append(text("card_review_missing", language, reasons=reasons))
    turn.person.pending = {"kind": "review_card", "draft": draft.id}
    turn.reply_text("\n".join(lines), label="review", menu="review_card")


def _missing(turn: Turn, draft: CardDraft) -> list[Objection]:
    """What stands against approving, but for near-duplicates, which are asked about."""
    against = drafts.objections(turn.session, draft, by(turn))
    return [one for one in against if one.key != "card_near_unseen"]


def _approve(turn: Turn, draft: CardDraft) -> None:
    language = turn.person.language
    missing = _missing(turn, draft)
    beyond = [one for one in missing if one.key not in ASKED_FOR]
    if beyond:
        turn.reply("card_cannot_approve", id=draft.id, reasons=sentences(beyond, language))
        return
    if missing:
        _ask_for(turn, draft, missing[0].key)
        return
    near = drafts.close_cards(turn.session, draft)
    unseen = [card for card in near if card not in draft.acknowledged]
    if unseen:
        # One after the other: each can be the card to which the questions belong.
        card, title = unseen[0], near[unseen[0]]
        turn.person.pending = {"kind": "near_card", "draft": draft.id, "card": card}
        said = text("card_near_ask", language, id=draft.id, title=title)
        turn.reply_text(said, label=f"near:{card}", menu="pick3")
        return
    try:
        drafts.approve(turn.session, draft, by(turn), turn.now)
    except Refused as refused:
        reasons = sentences(refused.objections, language)
        turn.reply("card_cannot_approve", id=draft.id, reasons=reasons)
        return
    turn.reply("card_approved", id=draft.id)


def _ask_for(turn: Turn, draft: CardDraft, key: str) -> None:
    """What is missing and can be said in a word: the topic, or the source."""
    if key == "card_no_source":
        turn.person.pending = {"kind": "card_source", "draft": draft.id, "review": True}
        turn.reply("card_source_wanted", id=draft.id)
        return
    titles = drafts.topics(turn.session, turn.person.language)
    turn.person.pending = {"kind": "card_topic", "draft": draft.id, "topics": list(titles)}
    lines = [text("card_topic_ask", turn.person.language, id=draft.id)]
    lines += [f"{number} {title}" for number, title in enumerate(titles.values(), 1)]
    turn.reply_text("\n".join(lines), label="topic")


def _merge(turn: Turn, draft: CardDraft, card_id: str) -> None:
    try:
        drafts.merge(turn.session, draft, card_id, by(turn), turn.now)
    except Refused as refused:
        turn.reply_text(sentences(refused.objections, turn.person.language), label="refused")
        return
    card = knowledge.live_cards(turn.session, [card_id])
    title = card[card_id].in_language(turn.person.language)[0] if card else card_id
    turn.reply("card_merged", id=draft.id, title=title)


def _reject(turn: Turn, draft: CardDraft, reason: str) -> None:
    title = drafts.shown_title(draft)
    drafts.reject(turn.session, draft, text(reason, "en"), by(turn), turn.now)
    telling.rejected(turn.session, draft, title, reason, turn.now)
    turn.reply("card_rejected_done", id=draft.id)
