"""What a mentee's texts about the quiz lead to: answers, QUIZ, MORE, ASK, PROGRESS."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Literal

from sqlalchemy import select
from sqlalchemy.orm import Session

from bot import knowledge
from bot.conversation import Quiz, is_letter
from bot.quizzes import answers, campaigns, catalogue, closing, giving, progress
from bot.quizzes.bank import LETTERS, Item, rendered
from bot.quizzes.calendar import zone
from bot.quizzes.feedback import ask_again as again_text
from bot.quizzes.feedback import feedback
from bot.quizzes.grading import Graded, grade
from bot.quizzes.messages import question
from bot.quizzes.plan import Plan
from bot.quizzes.plans import load_plans
from bot.text.fold import fold
from bot.texts import text
from bot.turn import Turn
from store.knowledge import Question
from store.people import Person
from store.quizzes import Campaign, Dose, Enrolment, Preference

# MORE and ASK belong to an answer given this lately.
MORE_FOR = timedelta(days=7)
ASK_FOR = timedelta(hours=1)
# A question to the library that waits for "did this help" owns numbers and yes or no this long.
DIALOGUE_WAITS = timedelta(hours=1)


@dataclass(frozen=True)
class Found:
    """The question that a text may be about, and how the text reads as its answer."""

    dose: Dose
    item: Item
    graded: Graded
    addressed: bool
    # It waits for an answer, or did when the message arrived.
    is_open: bool


def find(turn: Turn) -> Found | None:
    """The question that was quoted or whose button was pressed, else the open one.

    A letter alone may also be meant for the last one, though it is not open any more.
    """
    dose, addressed = None, False
    if turn.quoted_sid is not None:
        dose = answers.by_message(turn.session, turn.person.id, turn.quoted_sid)
        addressed = dose is not None
    if dose is None:
        dose = answers.last_asked(turn.session, turn.person.id)
        if dose is None or not _may_be_meant(turn, dose):
            return None
    item = answers.item_of(turn.session, dose)
    graded = grade(turn.text, item, dose.language or turn.person.language)
    return Found(dose, item, graded, addressed, dose.state == "open" or _in_time(turn, dose))


def _may_be_meant(turn: Turn, dose: Dose) -> bool:
    """Whether a text that addresses nothing may answer the question that was asked last."""
    if dose.state == "open" or _in_time(turn, dose):
        return True
    lately = dose.sent_at is not None and turn.now - dose.sent_at < answers.LATE_FOR
    return lately and is_letter(turn.text)


def _in_time(turn: Turn, dose: Dose) -> bool:
    return answers.came_in_time(dose, turn.inbound.received_at)


def situation(turn: Turn) -> Quiz | None:
    """What the conversation's order needs to know of ``find``."""
    found = find(turn)
    if found is None:
        return None
    said = fold(turn.text)
    return Quiz(
        reads=found.graded.kind,
        addressed=found.addressed,
        is_open=found.is_open,
        asked_last=_asked_last(turn, found.dose),
        is_option=any(said == fold(o) for own in found.item.options.values() for o in own),
    )


def _asked_last(turn: Turn, dose: Dose) -> bool:
    """Whether nothing else of ours waits for a number or a yes."""
    newest = turn.session.scalar(
        select(Question)
        .where(
            Question.person_id == turn.person.id,
            Question.asked_at > (dose.asked_at or turn.now),
            Question.asked_at > turn.now - DIALOGUE_WAITS,
        )
        .order_by(Question.id.desc())
        .limit(1)
    )
    if newest is None:
        return True
    rated = newest.helpful is not None or newest.case_id is not None
    chosen = newest.decision != "ask" or newest.card_id is not None
    return rated or (chosen and newest.decision not in ("answer", "emergency"))


def open_since(turn: Turn) -> datetime | None:
    """When the open question was asked last; None: there is none."""
    dose = answers.open_dose(turn.session, turn.person.id)
    return dose.asked_at or dose.sent_at if dose is not None else None


def just_asked(turn: Turn) -> bool:
    """Whether this turn has asked the open question, for the first time or once more."""
    asked_at = open_since(turn)
    return asked_at is not None and asked_at >= turn.now


def answer(turn: Turn) -> str | None:
    """Take a text as an answer; a text to give back is a question or a word behind it."""
    found = find(turn)
    assert found is not None
    dose, graded = found.dose, found.graded
    if dose.state == "answered":
        letter = LETTERS[dose.option] if dose.option is not None else "?"
        turn.reply("quiz_already", letter=letter, menu="quiz_next", dose_id=dose.id)
        return None
    if not found.is_open and not answers.still_counts(turn.session, dose, turn.now):
        turn.reply("quiz_gone", menu="quiz_next", dose_id=dose.id)
        return None
    if graded.kind != "answer" or graded.option is None:
        ask_again(turn, found)
        return None
    typed = turn.inbound.body.strip() or turn.text
    taken = answers.take(turn.session, dose, graded.option, turn.inbound, typed)
    language = dose.language or turn.person.language
    said = feedback(
        taken.item,
        taken.right,
        language,
        f"{turn.person.id}:{dose.id}",
        again=taken.again,
    )
    turn.reply_text(said, label="feedback", menu=_after(taken.item), dose_id=dose.id)
    return graded.rest or None


def _after(item: Item) -> str:
    return "after_answer" if item.card else "after_answer_no_card"


def ask_again(turn: Turn, found: Found | None = None) -> None:
    """One helpful line about how to answer; the question stays open."""
    found = found or find(turn)
    if found is None:
        turn.reply("unclear")
        return
    found.dose.unreadable += 1
    found.dose.asked_at = turn.now
    kind: Literal["several", "unclear"] = "several" if found.graded.kind == "several" else "unclear"
    language = found.dose.language or turn.person.language
    turn.reply_text(
        again_text(kind, found.item, language), label="quiz_again", dose_id=found.dose.id
    )


def quiz(turn: Turn) -> None:
    """QUIZ: the open question once more, or the next one at once."""
    waiting = answers.open_dose(turn.session, turn.person.id)
    if waiting is not None:
        item = answers.item_of(turn.session, waiting)
        closing.drop_waiting(turn.session, waiting, "brought by QUIZ")
        _put(turn, waiting, item)
        waiting.asked_at = turn.now
        return
    wishes = turn.session.get(Preference, turn.person.id)
    memory = giving.memories(turn.session, [turn.person.id])[turn.person.id]
    weak = progress.weak_competencies(turn.session, [turn.person.id]).get(
        turn.person.id, frozenset()
    )
    live = catalogue.live(turn.session)
    reasons: list[tuple[str, datetime | None]] = []
    for campaign, plan in plans_of(turn.session, turn.person, turn.now):
        items = campaigns.chosen_items(plan, live)
        base = giving.candidates(items)
        choice = giving.choice_for(base, memory, turn.person, plan, weak, turn.now)
        if choice.item is None:
            reasons.append((choice.reason, choice.next_due))
            continue
        item = next(item for item in items if item.id == choice.item)
        dose = Dose(
            campaign_id=campaign.id if campaign else None,
            campaign_version=campaign.version if campaign else None,
            person_id=turn.person.id,
            kind="question",
            slot=f"quiz:{turn.inbound.id}",
            planned_at=turn.now,
            due_at=turn.now,
            **giving.opening(item, choice, plan, turn.person, wishes, turn.now),
        )
        turn.session.add(dose)
        turn.session.flush()
        giving.remember_asked(turn.session, [giving.asked(turn.person.id, item.id, plan, turn.now)])
        _put(turn, dose, item)
        return
    _no_question(turn, reasons)


def _put(turn: Turn, dose: Dose, item: Item) -> None:
    message = question(item, dose.language or turn.person.language)
    turn.reply_text(
        message.body, label="quiz", menu=message.menu, kind=giving.WANTED, dose_id=dose.id
    )
    turn.person.pending = None


def _no_question(turn: Turn, reasons: list[tuple[str, datetime | None]]) -> None:
    names = {reason for reason, _ in reasons}
    if "enough for today" in names or "only twins of recent items" in names:
        turn.reply("quiz_rest")
    elif "nothing due yet" in names:
        soonest = min(at for _, at in reasons if at is not None)
        turn.reply("quiz_nothing_due", date=day_of(soonest, turn.person))
    elif "all retired" in names:
        turn.reply("quiz_all_done")
    else:
        turn.reply("quiz_none")


def plans_of(session: Session, person: Person, now: datetime) -> list[tuple[Campaign | None, Plan]]:
    """The running campaigns of a mentee, newest first; without any, the whole bank."""
    rows = session.scalars(
        select(Campaign)
        .join(Enrolment, Enrolment.campaign_id == Campaign.id)
        .where(
            Enrolment.person_id == person.id,
            Campaign.state == "running",
            Enrolment.left_at.is_(None),
        )
        .order_by(Campaign.id.desc())
    ).all()
    plans = load_plans(session, {(row.id, row.version) for row in rows})
    found: list[tuple[Campaign | None, Plan]] = [
        (row, plans[row.id, row.version])
        for row in rows
        if plans[row.id, row.version].kind == "quiz"
    ]
    today = now.date()
    return found or [(None, Plan(start=today, end=today, reminder=0))]


def more(turn: Turn) -> None:
    """MORE: the card behind the last answer, or behind the one whose button was pressed."""
    dose = None
    if turn.quoted_sid is not None:
        dose = answers.by_message(turn.session, turn.person.id, turn.quoted_sid)
    dose = dose or answers.last_answered(turn.session, turn.person.id)
    if dose is None or dose.closed_at is None or turn.now - dose.closed_at > MORE_FOR:
        waiting = answers.open_dose(turn.session, turn.person.id)
        turn.reply("more_nothing" if waiting is None else "more_answer_first")
        return
    if dose.state == "open":
        turn.reply("more_answer_first")
        return
    item = answers.item_of(turn.session, dose)
    live = knowledge.live_cards(turn.session, [item.card] if item.card else [])
    card = live.get(item.card or "")
    if card is None:
        turn.reply("more_no_card")
        return
    person = turn.person
    person.topic, person.topic_card, person.topic_at = card.topic, card.id, turn.now
    turn.reply_text(knowledge.rendered(card, person.language), label="more", dose_id=dose.id)


def asks_about(turn: Turn) -> Dose | None:
    """The question that ASK is about: answered lately, and nothing asked of the library since."""
    if turn.quoted_sid is not None:
        pressed = answers.by_message(turn.session, turn.person.id, turn.quoted_sid)
        if pressed is not None:
            return pressed
    dose = answers.last_answered(turn.session, turn.person.id)
    if dose is None or dose.closed_at is None or turn.now - dose.closed_at > ASK_FOR:
        return None
    since = turn.session.scalar(
        select(Question.id)
        .where(Question.person_id == turn.person.id, Question.asked_at > dose.closed_at)
        .limit(1)
    )
    return None if since is not None else dose


def about(turn: Turn, dose_id: int, said: str) -> tuple[str, str, dict[str, object]]:
    """A mentee's words about a quiz question with the question, its topic, and what was asked.

    Returns:
        The last as ``{"item", "version", "option"}``, for the case's record.
    """
    dose = turn.session.get_one(Dose, dose_id)
    item = answers.item_of(turn.session, dose)
    language = dose.language or turn.person.language
    where = item.language(language)
    options = item.options[where]
    given = options[dose.option] if dose.option is not None else "-"
    body = text(
        "quiz_about", where, text=said, stem=rendered(item, where).replace("\n", " "), answer=given
    )
    letter = LETTERS[dose.option] if dose.option is not None else None
    return body, item.topic, {"item": item.id, "version": item.version, "option": letter}


def show_progress(turn: Turn) -> None:
    """PROGRESS: what was answered and learnt so far."""
    turn.reply_text(
        progress.shown(turn.session, turn.person, turn.now), label="progress", menu="quiz_next"
    )


def day_of(moment: datetime, person: Person) -> str:
    """A day as the person reads it: "Tue 3 Mar"."""
    return short_date(moment.astimezone(zone(person.timezone)).date(), person.language)


_DAYS = {
    "en": ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun"),
    "fr": ("lun.", "mar.", "mer.", "jeu.", "ven.", "sam.", "dim."),
}
_MONTHS = {
    "en": ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"),
    "fr": (
        "janv.", "févr.", "mars", "avril", "mai", "juin",
        "juil.", "août", "sept.", "oct.", "nov.", "déc.",
    ),
}  # fmt: skip


def short_date(day: date, language: str) -> str:
    """A date without its year, in English where the language has no names here."""
    where = language if language in _DAYS else "en"
    return f"{_DAYS[where][day.weekday()]} {day.day} {_MONTHS[where][day.month - 1]}"
