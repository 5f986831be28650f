"""The words mentees text, and the answers to what the product asked last."""

from __future__ import annotations

from typing import Any

from sqlalchemy import select

from bot import emergencies, knowledge, media, walks, words
from bot.knowledge import proposing
from bot.mentoring import (
    asker,
    asking,
    cases,
    certificates,
    discussing,
    following,
    goal_words,
    plan_words,
    record_words,
    selfassess,
    stock,
    stock_desk,
    visiting,
    who,
)
from bot.mentoring.competencies import kept
from bot.people import UI_LANGUAGES
from bot.quizzes import reviewing, testing, turns, wishes
from bot.texts import text
from bot.turn import Turn
from store.cases import Case
from store.knowledge import Question

MENU_TOPICS = 4


def command(turn: Turn, asked: words.Command) -> str | None:
    """Carry out a mentee's word; a text to give back is a question for the dialogue."""
    match asked.name:
        case "menu":
            show_menu(turn)
        case "language":
            _language(turn, asked.argument)
        case "ask" | "mentor":
            ask_mentor(turn)
        case "call":
            asker.call(turn)
        case "withdraw":
            turn.reply("nothing_to_withdraw")
        case "quiz":
            turns.quiz(turn)
        case "more":
            if not reviewing.more(turn):
                turns.more(turn)
        case "assess":
            return selfassess.called(turn, asked.argument)
        case "test":
            testing.word(turn, asked.argument)
        case "progress":
            turns.show_progress(turn)
            _show_record(turn)
        case name if name in visiting.WORDS:
            return visiting.command(turn, asked)
        case "plan":
            plan_words.command(turn, asked)
        case "goal":
            goal_words.command(turn, asked)
        case "join" | "leave":
            discussing.member_word(turn, asked)
        case "stock" | "stock_code":
            stock_desk.command(turn, asked)
        case name if name in wishes.NAMES:
            wishes.command(turn, asked)
        case _:
            return turn.text
    return None


def quiz_answer(turn: Turn) -> str | None:
    """Take an answer to the quiz; a text to give back is the question behind it."""
    rest = turns.answer(turn)
    behind = words.command(rest) if rest else None
    if behind is not None and behind.name in words.MENTEE_COMMANDS:
        return command(turn, behind)
    return rest


def show_menu(turn: Turn) -> None:
    """What can be texted, and some topics of the library: all would cost a fourth segment.

    A mentor's words come in a message of their own.
    """
    topics = knowledge.topic_titles(turn.session, turn.person.language)
    some = sorted(topics, key=len)[:MENU_TOPICS]
    turn.reply("menu", count=len(topics), topics=", ".join(some))
    if turn.person.is_mentor:
        turn.reply("menu_mentor")


def _show_record(turn: Turn) -> None:
    """PROGRESS, second part: where one stands with tests and observed skills; the certificate."""
    catalogue = kept(turn.settings.competencies_dir)
    said = record_words.shown(turn.session, turn.person, catalogue)
    if said is not None:
        turn.reply_text(said, label="record")
    certificate = certificates.of(turn.session, turn.person)
    if certificate is not None:
        turn.reply_text(
            text("certificate_link", turn.person.language),
            label="certificate",
            media_url=media.certificate_link(turn.settings, certificate.id, turn.now),
        )


def _language(turn: Turn, argument: str) -> None:
    wanted = words.language_name(argument) if argument else None
    if wanted in UI_LANGUAGES:
        set_language(turn, wanted)
        return
    turn.person.pending = {"kind": "language"}
    turn.reply("language_unknown" if argument else "language_ask", menu="pick2")


def set_language(turn: Turn, language: str) -> None:
    """Speak another language from now on."""
    turn.person.language = language
    turn.person.pending = None
    turn.reply("language_set")


def ask_mentor(turn: Turn) -> None:
    """To a human: with the question just asked, or with the next text."""
    dose = turns.asks_about(turn)
    if dose is not None:
        turn.person.pending = {"kind": "ask_mentor", "dose": dose.id}
        turn.reply("quiz_ask")
        return
    question = turn.session.scalar(
        select(Question)
        .where(Question.person_id == turn.person.id)
        .order_by(Question.id.desc())
        .limit(1)
    )
    recent = question is not None and (turn.now - question.asked_at).total_seconds() < 3600
    unsolved = question is not None and question.case_id is None and question.helpful is not True
    if question is not None and recent and unsolved:
        case = turn.open_case(question.text, cause="asked", asked=True, topic=turn.person.topic)
        question.case_id = case.id
        return
    turn.person.pending = {"kind": "ask_mentor"}
    turn.reply("ask_mentor")


def pending(turn: Turn, asked: dict[str, Any]) -> str | None:
    """Take the answer to what was asked last; a text to give back is for the dialogue.

    Args:
        asked: what waits for an answer (``asker.awaited``).
    """
    number, yes = words.number(turn.text), words.affirmation(turn.text)
    match asked.get("kind"):
        case "language":
            named = words.language_name(turn.text)
            choice = UI_LANGUAGES[number - 1] if number in (1, 2) else named
            if choice in UI_LANGUAGES:
                set_language(turn, choice)
            else:
                turn.reply("language_unknown", menu="pick2")
        case "rate_case" | "follow_up":
            case = turn.session.get(Case, asked["case"])
            helped = yes if yes is not None else {1: True, 2: False}.get(number or 0)
            if case is None or case.state == "closed":
                turn.person.pending = None
                return turn.text
            if helped is None and number is None:
                following.remark(
                    turn.session,
                    case,
                    turn.person,
                    turn.described(turn.person.language),
                    now=turn.now,
                    key=turn.key,
                    inbound_id=turn.inbound.id,
                )
                return None
            if helped is None:
                turn.reply("choose_again", menu="rate_case")
                return None
            turn.person.pending = None
            cases.rate(
                turn.session,
                case,
                turn.person,
                helped,
                now=turn.now,
                key=turn.key,
                inbound_id=turn.inbound.id,
            )
        case "happening_now":
            happening = yes if yes is not None else {1: True, 2: False}.get(number or 0)
            if happening is None:
                turn.reply("choose_again", menu="yes_no")
                return None
            turn.person.pending = None
            if happening:
                case = turn.session.get(Case, asked["case"])
                emergencies.live(turn, asked["emergency"], turn.text, case)
            else:
                turn.reply("not_urgent")
        case "walk_or":
            walks.chosen(turn, asked)
        case "visit":
            visiting.answered(turn, asked, number, yes)
        case "visit_cancel" | "visit_change":
            visiting.confirmed(turn, asked, number, yes)
        case "discuss" | "discussion_or":
            return discussing.pending(turn, asked, number, yes)
        case kind if kind in proposing.PENDING:
            return proposing.pending(turn, asked)
        case kind if kind in goal_words.PENDING:
            return goal_words.pending(turn, asked, number, yes)
        case "which_case":
            return asking.chosen(turn, asked, number, yes)
        case stock.PENDING:
            return stock_desk.there(turn, asked, number, yes)
        case "who":
            return who.answer(turn, asked)
        case "withdraw":
            asker.withdraw_chosen(turn, asked, number)
        case "ask_mentor":
            turn.person.pending = None
            said, topic, about = turn.described(turn.person.language), None, None
            if "dose" in asked:
                said, topic, about = turns.about(turn, asked["dose"], said)
            cause = "quiz" if "dose" in asked else "asked"
            turn.open_case(said, cause=cause, asked=True, topic=topic, about=about)
        case _:
            turn.person.pending = None
            return turn.text
    return None
