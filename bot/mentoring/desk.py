"""A mentor's side of the phone: quoting a case, ``#CODE answer``, and the mentor's words.

A text that cannot be matched to exactly one case is never guessed: the mentor is asked.
"""

from __future__ import annotations

from typing import Any

from sqlalchemy import select

from bot import danger, emergencies, words
from bot.mentoring import assigning, cases, leave, record
from bot.texts import text
from bot.turn import Turn
from store.cases import Case
from store.messages import Inbound
from store.people import Person

MOST_LISTED = 8
EXCERPT = 40
SHOWN = 60


def command(turn: Turn, asked: words.Command) -> None:
    """Carry out a mentor's word."""
    match asked.name:
        case "cases":
            _list(turn)
        case "away":
            leave.go(turn, asked.argument)
        case "back":
            leave.come_back(turn)
        case "take":
            _take(turn, asked.argument)
        case _:
            case = record.by_code(turn.session, turn.person, asked.argument)
            if case is None:
                turn.reply("mentor_no_such_case", code=asked.argument)
            elif case.state == "closed":
                turn.reply("mentor_case_closed", code=case.code)
            elif asked.name == "answer":
                _answer(turn, case, _with_media(turn, asked.text))
            elif asked.name == "pass":
                next_one = assigning.pass_on(
                    turn.session, case, turn.person, now=turn.now, key=turn.key
                )
                said = "mentor_passed" if next_one.mentors else "mentor_passed_nobody"
                turn.reply(said, code=case.code)
            elif asked.name == "done":
                _done(turn, case)


def _with_media(turn: Turn, written: str) -> str:
    whole = turn.described(turn.person.language)
    return (written + whole[len(turn.text) :]).strip()


def _answer(turn: Turn, case: Case, body: str) -> None:
    if not body.strip():
        turn.reply("mentor_empty_answer", code=case.code)
        return
    cases.answer(
        turn.session,
        case,
        turn.person,
        body,
        now=turn.now,
        key=turn.key,
        inbound_id=turn.inbound.id,
        media_url=turn.media_link,
    )


def _done(turn: Turn, case: Case) -> None:
    mentee = turn.session.get_one(Person, case.mentee_id)
    cases.close(turn.session, case, now=turn.now, person=turn.person)
    turn.reply("mentor_done", code=case.code)
    record.tell_mentee(
        turn.session, case, mentee, "mentee_case_done", key=f"{turn.key}:done", now=turn.now
    )


def _take(turn: Turn, code: str) -> None:
    case = turn.session.scalar(select(Case).where(Case.code == code, Case.state != "closed"))
    if case is None:
        turn.reply("mentor_no_such_case", code=code)
        return
    taken = assigning.take(turn.session, case, turn.person, now=turn.now, key=turn.key)
    if taken.outcome == "somebody_elses":
        turn.reply("mentor_somebody_elses", code=code, holder=taken.holder)
    elif taken.outcome == "closed":
        turn.reply("mentor_case_closed", code=code)
    else:
        turn.reply("mentor_took", code=code)


def _list(turn: Turn) -> None:
    mine = assigning.open_of(turn.session, turn.person)
    if not mine:
        turn.reply("mentor_no_cases")
        return
    lines = [text("mentor_cases", turn.person.language)]
    lines += [f"#{case.code} {_excerpt(turn, case)}" for case in mine[:MOST_LISTED]]
    if len(mine) > MOST_LISTED:
        lines.append(f"+{len(mine) - MOST_LISTED}")
    turn.reply_text("\n".join(lines), label="cases")


def _excerpt(turn: Turn, case: Case) -> str:
    mentee = turn.session.get_one(Person, case.mentee_id)
    name = record.shown_name(mentee, turn.person)
    asked = " ".join(record.asked_so_far(turn.session, case).split())
    short = asked if len(asked) <= EXCERPT else asked[: EXCERPT - 3].rstrip() + "..."
    return f"{name}: {short}"


def quoted(turn: Turn) -> str | None:
    """A mentor quoted a message; a text to give back is the mentor's own question."""
    assert turn.quoted_sid is not None
    case = record.by_quoted(turn.session, turn.person, turn.quoted_sid)
    if case is None:
        mine = assigning.open_of(turn.session, turn.person)
        if not mine:
            return turn.text or None
        turn.reply("mentor_quote_unknown")
    elif case.mentee_id == turn.person.id:
        # A mentor can be a mentee elsewhere: quoting an answer writes into that thread.
        if case.state == "closed":
            return turn.text or None
        turn.add_detail(case)
    elif assigning.standing(turn.session, case, turn.person) is None:
        turn.reply("mentor_no_such_case", code=case.code)
    elif case.state == "closed":
        turn.reply("mentor_case_closed", code=case.code)
    else:
        _answer(turn, case, turn.described(turn.person.language))
    return None


def which_case(turn: Turn) -> None:
    """A mentor's plain text while cases are open: ask which one it is for, and send nothing.

    Several texts in a row belong together: they are shown, and sent, as one.
    """
    language = turn.person.language
    before = turn.person.pending or {}
    texts = list(before["inbounds"]) if before.get("kind") == "which_case" else []
    texts.append(turn.inbound.id)
    choices = assigning.open_of(turn.session, turn.person)[:MOST_LISTED]
    own = record.open_for_mentee(turn.session, turn.person, turn.now)
    if own is not None:
        choices.append(own)
    written = " / ".join(_described(turn, inbound_id) for inbound_id in texts)
    shown = written if len(written) <= SHOWN else written[: SHOWN - 3].rstrip() + "..."
    lines = [text("mentor_which", language, text=shown)]
    lines += [f"{n} #{case.code} {_excerpt(turn, case)}" for n, case in enumerate(choices, 1)]
    lines.append(f"{len(choices) + 1} {text('mentor_none_of_these', language)}")
    turn.person.pending = {
        "kind": "which_case",
        "inbounds": texts[-MOST_LISTED:],
        "cases": [case.id for case in choices],
    }
    menu = {2: "pick2", 3: "pick3"}.get(len(choices) + 1)
    turn.reply_text("\n".join(lines), label="which", menu=menu)


def _of(turn: Turn, inbound_id: int) -> Turn:
    written = turn.session.get_one(Inbound, inbound_id)
    if written.id == turn.inbound.id:
        return turn
    return Turn.of(turn.session, turn.person, written, turn.now, turn.settings)


def _described(turn: Turn, inbound_id: int) -> str:
    return _of(turn, inbound_id).described(turn.person.language)


def case_chosen(
    turn: Turn, asked: dict[str, Any], number: int | None, yes: bool | None
) -> str | None:
    """The mentor said which case; a text to give back is the mentor's own question."""
    offered = [turn.session.get(Case, case_id) for case_id in asked["cases"]]
    if number is None and yes is not None and len(offered) == 1:
        number = 1 if yes else 2
    if number is None or not 1 <= number <= len(offered) + 1:
        turn.reply("choose_again")
        return None
    turn.person.pending = None
    originals = [_of(turn, inbound_id) for inbound_id in asked["inbounds"]]
    written = "\n".join(original.described(turn.person.language) for original in originals)
    if number == len(offered) + 1:
        found = danger.assess(written)
        if found.kind == "live":
            emergencies.live(turn, found.emergency or "adult_unconscious", written)
            return None
        return written or None
    case = offered[number - 1]
    if case is None or (
        turn.person.id != case.mentee_id
        and assigning.standing(turn.session, case, turn.person) is None
    ):
        turn.reply("mentor_no_such_case", code=case.code if case else "?")
    elif case.state == "closed":
        turn.reply("mentor_case_closed", code=case.code)
    elif case.mentee_id == turn.person.id:
        for original in originals:
            original.add_detail(case)
    else:
        _answer(originals[-1], case, written)
    return None
