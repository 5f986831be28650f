"""A mentor's side of the phone: answers, the buttons under a case, and the mentor's words.

Where a message goes is decided by ``bot.mentoring.matching``; what is not certain is asked
(``bot.mentoring.asking``), and nothing is sent before.
"""

from __future__ import annotations

from bot import danger, emergencies, words
from bot.knowledge import proposing
from bot.mentoring import (
    around,
    asking,
    assigning,
    cases,
    leave,
    matching,
    record,
    skill_walk,
    thread,
)
from bot.mentoring.matching import Ask, Deliver, NotForACase, Reopen
from bot.texts import text
from bot.turn import Turn
from store.cases import Case
from store.people import Person

MOST_LISTED = 8
# Payloads of the buttons and rows under a case: this, and a word.
PRESS = "case:"
# Words of the More list that other parts of the product carry out.
ELSEWHERE = frozenset({"discuss"})


def command(turn: Turn, asked: words.Command, *, expecting: bool = False) -> str | None:
    """Carry out a mentor's word; a text to give back is the mentor's own question.

    Args:
        expecting: something else that we asked still waits for an answer.
    """
    match asked.name:
        case "cases":
            show_cases(turn)
        case "away":
            leave.go(turn, asked.argument)
        case "back":
            leave.come_back(turn)
        case "skill":
            skill_walk.command(turn, asked.argument)
        case "propose" | "review":
            proposing.command(turn, asked)
        case "answer":
            if record.by_code(turn.session, asked.argument) is None:
                turn.reply("mentor_no_such_case", code=asked.argument)
                return None
            written = asking.with_media(turn, asked.text)
            return message(turn, expecting=expecting, written=written)
        case name if name in ELSEWHERE:
            turn.reply("not_yet", word=name.upper())
        case _:
            case = record.by_code(turn.session, asked.argument)
            if case is None:
                turn.reply("mentor_no_such_case", code=asked.argument)
            else:
                _word(turn, asked.name, case)
    return None


def _word(turn: Turn, name: str, case: Case) -> None:
    """Carry out a word about a case."""
    if name == "take":
        _take(turn, case)
        return
    case = record.locked(turn.session, case.id)
    if not _has(turn, case):
        return
    match name:
        case "thread":
            thread.show(turn, case)
            return
        case "photos":
            thread.show_media(turn, case)
            return
        case "more":
            thread.show_more(turn, case)
            return
    if case.state == "closed":
        turn.reply("mentor_case_closed", code=case.code)
        return
    match name:
        case "pass":
            following = assigning.pass_on(
                turn.session, case, turn.person, now=turn.now, key=turn.key
            )
            said = "mentor_passed" if following.mentors else "mentor_passed_nobody"
            turn.reply(said, code=case.code)
        case "done":
            _done(turn, case)
        case "hurry":
            mentee = turn.session.get_one(Person, case.mentee_id)
            cases.make_urgent(
                turn.session, case, mentee, None, now=turn.now, key=turn.key, by=turn.person
            )
            turn.reply("mentor_hurry", code=case.code)


def _has(turn: Turn, case: Case) -> bool:
    """Whether the mentor has a case or had it; if not, says so."""
    if assigning.standing(turn.session, case, turn.person) is not None:
        return True
    holder = record.mentor_of(turn.session, case)
    if holder is not None and asking.was_told_of(turn, case):
        name = record.shown_name(holder, turn.person)
        turn.reply("mentor_somebody_elses", code=case.code, holder=name)
    else:
        turn.reply("mentor_no_such_case", code=case.code)
    return False


def _take(turn: Turn, case: Case) -> None:
    taken = assigning.take(turn.session, case, turn.person, now=turn.now, key=turn.key)
    match taken.outcome:
        case "somebody_elses":
            turn.reply("mentor_somebody_elses", code=case.code, holder=taken.holder)
        case "closed":
            turn.reply("mentor_case_closed", code=case.code)
        case _:
            turn.reply("mentor_took", code=case.code)


def _done(turn: Turn, case: Case) -> None:
    mentee = turn.session.get_one(Person, case.mentee_id)
    cases.close(turn.session, case, now=turn.now, person=turn.person)
    turn.reply("mentor_done", code=case.code)
    record.tell_mentee(
        turn.session, case, mentee, "mentee_case_done", key=f"{turn.key}:done", now=turn.now
    )


def show_cases(turn: Turn) -> None:
    """CASES: what is open, and the words that go with a code."""
    mine = assigning.open_of(turn.session, turn.person)
    if not mine:
        turn.reply("mentor_no_cases")
        return
    lines = [text("mentor_cases", turn.person.language)]
    lines += [f"#{case.code} {asking.excerpt(turn, case)}" for case in mine[:MOST_LISTED]]
    if len(mine) > MOST_LISTED:
        lines.append(f"+{len(mine) - MOST_LISTED}")
    lines.append(text("mentor_cases_how", turn.person.language, code=mine[0].code))
    turn.reply_text("\n".join(lines), label="cases")


def pressed(turn: Turn) -> words.Command | None:
    """A button or row under a message about a case.

    Returns:
        A word with the case's code that is carried out as if it had been texted.
    """
    assert turn.quoted_sid is not None
    case = record.by_quoted(turn.session, turn.person, turn.quoted_sid)
    if case is None:
        turn.reply("mentor_quote_unknown")
        return None
    name = turn.text.removeprefix(PRESS)
    if name in ELSEWHERE or name in words.CARD_COMMANDS:
        return words.Command(name, case.code)
    _word(turn, name, case)
    return None


def message(turn: Turn, *, expecting: bool, written: str | None = None) -> str | None:
    """A mentor's words; a text to give back is the mentor's own question.

    Args:
        expecting: something else that we asked still waits for an answer.
        written: without the code that they began with.
    """
    alarm = danger.assess(turn.text)
    alarming = alarm.kind == "live"
    said = around.said(turn, expecting=expecting, alarming=alarming)
    decision = matching.match(said, around.all_meant(turn))
    body = turn.described(turn.person.language) if written is None else written
    addressed = said.quoted is not None or said.coded is not None
    match decision:
        case Deliver(case_id):
            asking.deliver(turn, turn.session.get_one(Case, case_id), [turn], body)
        case Reopen(case_id):
            case = turn.session.get_one(Case, case_id)
            if case.mentee_id == turn.person.id:
                turn.add_detail(case)
            else:
                asking.which(turn, [case_id], addressed=addressed)
        case Ask(case_ids):
            if alarming and alarm.emergency and not addressed:
                emergencies.send_referral(turn, alarm.emergency)
            asking.which(turn, list(case_ids), addressed=addressed)
        case NotForACase("not_theirs", case_id):
            assert case_id is not None
            _has(turn, turn.session.get_one(Case, case_id))
        case NotForACase("word"):
            _bare_word(turn)
        case NotForACase("greeting"):
            show_cases(turn)
        case NotForACase("courtesy"):
            pass
        case NotForACase(_):
            return turn.text or None
    return None


def _bare_word(turn: Turn) -> None:
    """PASS without its code: what it is for is certain only where there is one case."""
    typed = turn.text.split()[0]
    name = words.near_mentor_word(typed)
    mine = assigning.open_of(turn.session, turn.person)
    exact = words.is_mentor_word(turn.text)
    if name is not None and exact and len(mine) == 1:
        _word(turn, name, mine[0])
        return
    code = mine[0].code if mine else "K7XM"
    turn.reply("mentor_word_how", word=words.shown(name or "pass"), code=code)
