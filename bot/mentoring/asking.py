"""Asking a mentor which case a text is for, and bringing it where it was meant for."""

from __future__ import annotations

from typing import Any

from sqlalchemy import select

from bot import danger, emergencies
from bot.mentoring import assigning, cases, record
from bot.texts import text
from bot.turn import Turn
from store.cases import Case
from store.messages import Inbound, OutboxMessage
from store.people import Person

# A list on WhatsApp has ten rows, the last for "none of these".
MOST_CHOICES = 8
EXCERPT = 40
SHOWN = 60
# The rows of a list repeat the lines of the body.
LONGEST_LINE = 72
PENDING = "which_case"


def with_media(turn: Turn, written: str) -> str:
    """Words without their code, and a word for each attachment."""
    whole = turn.described(turn.person.language)
    return (written + whole[len(turn.text) :]).strip()


def excerpt(turn: Turn, case: Case) -> str:
    """A case in a line: who asks, and how the question begins."""
    mentee = turn.session.get_one(Person, case.mentee_id)
    name = record.short_name(mentee, turn.person)
    return f"{name}: {record.shortened(record.asked_so_far(turn.session, case), EXCERPT)}"


def was_told_of(turn: Turn, case: Case) -> bool:
    """Whether a case was ever put to this mentor: nobody else hears who has it."""
    told = select(OutboxMessage.id).where(
        OutboxMessage.case_id == case.id, OutboxMessage.person_id == turn.person.id
    )
    return turn.session.scalar(told.limit(1)) is not None


def deliver(turn: Turn, case: Case, originals: list[Turn], body: str) -> None:
    """Bring words into a case: a mentor's answer, or a detail of one's own case."""
    if case.mentee_id == turn.person.id:
        for original in originals:
            original.add_detail(case)
        return
    if not body.strip():
        turn.reply("mentor_empty_answer", code=case.code)
        return
    last = originals[-1]
    taken = cases.answer(
        turn.session,
        case,
        turn.person,
        body,
        now=turn.now,
        key=last.key,
        inbound_id=last.inbound.id,
        media_url=last.media_link,
    )
    match taken.outcome:
        case "somebody_elses" if taken.holder and was_told_of(turn, case):
            turn.reply("mentor_somebody_elses", code=case.code, holder=taken.holder)
        case "somebody_elses":
            turn.reply("mentor_no_such_case", code=case.code)
        case "closed":
            which(turn, [case.id], addressed=True)
        case _:
            turn.ask_for_no_identifiers(body)
            for earlier in originals[:-1]:
                _bring_media(earlier, case)
            mentee = turn.session.get_one(Person, case.mentee_id)
            for original in originals:
                original.bring_other_media(case, [mentee])


def _bring_media(original: Turn, case: Case) -> None:
    """A photo of an earlier text of several that were sent as one."""
    if original.media_link is None:
        return
    mentee = original.session.get_one(Person, case.mentee_id)
    whole = original.described(original.person.language)
    record.tell_mentee(
        original.session,
        case,
        mentee,
        "case_answer",
        key=f"{original.key}:media",
        now=original.now,
        kind="answer",
        media_url=original.media_link,
        # Its words went with the others.
        text=whole[len(original.text) :].strip(),
    )


def which(turn: Turn, case_ids: list[int], *, addressed: bool) -> None:
    """Ask which case a text is for, and send nothing.

    Several texts in a row belong together: they are shown, and sent, as one.

    Args:
        addressed: the text named its case, so it is no question of the mentor's own.
    """
    before = turn.person.pending or {}
    texts, choices = [turn.inbound.id], list(case_ids)
    waiting = list(before["cases"]) if before.get("kind") == PENDING else []
    # Words that name their case are not sent with others, nor others with them.
    named = addressed or before.get("addressed")
    if waiting and (waiting == choices or not named):
        texts = [*before["inbounds"], *texts]
        # A number goes on meaning the case that it meant in the list before.
        choices = [*waiting, *(each for each in choices if each not in waiting)]
    _ask(turn, texts[-MOST_CHOICES:], choices[:MOST_CHOICES], addressed=addressed)


def _ask(turn: Turn, texts: list[int], case_ids: list[int], *, addressed: bool) -> None:
    language = turn.person.language
    choices = [turn.session.get_one(Case, case_id) for case_id in case_ids]
    written = " / ".join(described(turn, inbound_id) for inbound_id in texts)
    shown = record.shortened(written, SHOWN)
    turn.person.pending = {
        "kind": PENDING,
        "inbounds": texts,
        "cases": case_ids,
        "addressed": addressed,
        "asked_in": turn.inbound.id,
    }
    only = choices[0]
    if len(choices) == 1 and only.state == "closed" and only.mentee_id != turn.person.id:
        name = record.short_name(turn.session.get_one(Person, only.mentee_id), turn.person)
        turn.reply("mentor_reopen", menu="reopen", code=only.code, mentee=name, text=shown)
        return
    lines = [text("mentor_which", language, text=shown)]
    for number, case in enumerate(choices, 1):
        mark = _mark(turn, case)
        line = f"{number} #{case.code} {mark}{excerpt(turn, case)}"
        lines.append(record.shortened(line, LONGEST_LINE))
    none = "mentor_none_of_them" if addressed else "mentor_none_of_these"
    lines.append(f"{len(choices) + 1} {text(none, language)}")
    turn.reply_text("\n".join(lines), label="which", menu=f"pick{len(choices) + 1}")


def _mark(turn: Turn, case: Case) -> str:
    """What tells a case of a list apart from those that words can go straight into."""
    if case.state == "closed":
        return text("mentor_which_closed", turn.person.language)
    theirs = case.mentee_id == turn.person.id or assigning.standing(turn.session, case, turn.person)
    return "" if theirs else text("mentor_which_gone", turn.person.language)


def _of(turn: Turn, inbound_id: int) -> Turn:
    written = turn.session.get_one(Inbound, inbound_id)
    if written.id == turn.inbound.id:
        return turn
    return Turn.of(turn.session, turn.person, written, turn.now, turn.settings)


def described(turn: Turn, inbound_id: int) -> str:
    """What a message said, without a code in front, with a word for each attachment."""
    original = _of(turn, inbound_id)
    return original.without_code(original.person.language)


def chosen(turn: Turn, asked: dict[str, Any], number: int | None, yes: bool | None) -> str | None:
    """The mentor said which case; a text to give back is the mentor's own question."""
    if not turn.was_shown(asked, "which", "mentor_reopen"):
        _ask(turn, asked["inbounds"], asked["cases"], addressed=bool(asked.get("addressed")))
        return None
    offered = [turn.session.get(Case, case_id) for case_id in asked["cases"]]
    if number is None and yes is not None and len(offered) == 1:
        number = 1 if yes else 2
    if number is None or not 1 <= number <= len(offered) + 1:
        turn.reply("choose_again")
        return None
    turn.person.pending = None
    originals = [_of(turn, inbound_id) for inbound_id in asked["inbounds"]]
    written = "\n".join(described(turn, inbound_id) for inbound_id in asked["inbounds"])
    if number == len(offered) + 1:
        return _own_question(turn, asked, written)
    case = offered[number - 1]
    assert case is not None
    if case.mentee_id != turn.person.id and case.state == "closed":
        if not cases.reopen(turn.session, case, turn.person, now=turn.now):
            turn.reply("mentor_no_such_case", code=case.code)
            return None
    elif (
        case.mentee_id != turn.person.id
        and assigning.standing(turn.session, case, turn.person) is None
    ):
        holder = record.mentor_of(turn.session, case)
        if holder is None:
            turn.reply("mentor_no_such_case", code=case.code)
        else:
            name = record.shown_name(holder, turn.person)
            turn.reply("mentor_somebody_elses", code=case.code, holder=name)
        return None
    deliver(turn, case, originals, written)
    return None


def _own_question(turn: Turn, asked: dict[str, Any], written: str) -> str | None:
    """None of these cases was meant."""
    if asked.get("addressed"):
        turn.reply("mentor_nothing_sent")
        return None
    found = danger.assess(written)
    if found.kind == "live":
        emergencies.live(turn, found.emergency or "adult_unconscious", written)
        return None
    return written or None
