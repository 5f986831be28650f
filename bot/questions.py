"""Answering a question from the library, asking which one was meant, or handing it over."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from sqlalchemy import select

from bot import answering, emergencies, knowledge, walks
from bot.answering import Answer, Ask, Escalate, Ranked, Thresholds
from bot.quizzes import turns
from bot.texts import text
from bot.turn import Turn
from store.cases import Case
from store.knowledge import Question


@dataclass(frozen=True)
class Outcome:
    """What was done with a question, for the dialogue's slots."""

    decision: str  # answer, ask, case
    pending: str | None  # helpful, emergency, choose


def ask(
    turn: Turn, ranking: Sequence[Ranked], thresholds: Thresholds, study_of: str | None
) -> Outcome:
    """Answer a question, ask back, or open a case.

    Args:
        ranking: what the model made of it, best first. Cards that are not live are passed over;
            but when the model is sure of one that was withdrawn or has expired, a neighbour is no
            answer, and a mentor is asked.
        study_of: the emergency that the words could also be about.
    """
    live = knowledge.live_cards(turn.session, [ranked.card for ranked in ranking])
    usable = [ranked for ranked in ranking if ranked.card in live]
    gone = bool(ranking) and ranking[0].card not in live
    withdrawn = gone and ranking[0].confidence >= thresholds.answer
    decision = Escalate() if withdrawn else answering.decide(usable, thresholds)
    if _is_unread_answer(turn, decision, study_of or _likely_emergency(usable, live)):
        turns.ask_again(turn)
        return Outcome("quiz", None)
    question = Question(
        inbound_id=turn.inbound.id,
        person_id=turn.person.id,
        text=turn.question_text,
        language=turn.person.language,
        ranking=[{"card": r.card, "confidence": round(r.confidence, 4)} for r in usable[:10]],
        decision="case",
        offered=[],
        asked_at=turn.now,
    )
    turn.session.add(question)
    # Rasa asks from here on: an older question of ours no longer waits for "1" or "2".
    turn.person.pending = None
    match decision:
        case Answer(card):
            return answer_with(turn, question, live[card], study_of)
        case Ask(cards):
            question.decision, question.offered = "ask", list(cards)
            _did_you_mean(turn, [live[card] for card in cards])
            return Outcome("ask", "choose")
        case _:
            cause = "card_withdrawn" if withdrawn else "low_confidence"
            case = hand_over(turn, question, cause=cause)
            emergency = study_of or _likely_emergency(usable, live)
            if emergency is not None:
                emergencies.ask_whether_now(turn, case, emergency)
            return Outcome("case", None)


def _is_unread_answer(turn: Turn, decision: answering.Decision, emergency: str | None) -> bool:
    """Whether a text is rather an answer to the open quiz question than a question of its own.

    What may be about an emergency never is.
    """
    unread = bool((turn.inbound.dialogue or {}).get("unread_answer"))
    return unread and emergency is None and not isinstance(decision, Answer)


# "It did not help" belongs to a question for this long.
ASKED_LATELY = timedelta(hours=12)
# A card that leads the ranking by this much says what the words are about, not what to answer.
LIKELY = 0.15


def _likely_emergency(
    usable: Sequence[Ranked], live: Mapping[str, knowledge.LiveCard]
) -> str | None:
    """The emergency that the words may be about, should the danger words have missed it."""
    if not usable or usable[0].confidence < LIKELY:
        return None
    return live[usable[0].card].emergency


def answer_with(
    turn: Turn, question: Question, card: knowledge.LiveCard, study_of: str | None
) -> Outcome:
    """Send a card word for word, and ask whether it helped or whether it is happening now.

    Whether it helped is not asked while a walk is going on.
    """
    question.decision = "answer"
    question.card_id, question.card_version = card.id, card.version
    question.answered_at = turn.now
    turn.person.topic, turn.person.topic_card = card.topic, card.id
    turn.person.topic_at = turn.now
    pending: str | None = "emergency" if study_of or card.emergency else "helpful"
    if pending == "helpful" and walks.open_of(turn.session, turn.person.id) is not None:
        pending = None  # the next number is the walk's
    turn.reply_text(
        knowledge.rendered(card, turn.person.language), label="answer", menu=pending, kind="reply"
    )
    return Outcome("answer", pending)


def _did_you_mean(turn: Turn, cards: Sequence[knowledge.LiveCard]) -> None:
    language = turn.person.language
    lines = [text("did_you_mean", language)]
    lines += [f"{n} {card.in_language(language)[0]}" for n, card in enumerate(cards, 1)]
    lines.append(f"{len(cards) + 1} {text('something_else', language)}")
    turn.reply_text("\n".join(lines), label="choose", menu=f"pick{len(cards) + 1}")


def choose(turn: Turn, number: int) -> Outcome:
    """The mentee picked one of "did you mean", or "something else" (a case)."""
    question = latest(turn)
    if question is None or question.decision != "ask":
        turn.reply("unclear")
        return Outcome("unclear", None)
    if not 1 <= number <= len(question.offered):
        hand_over(turn, question, cause="something_else")
        return Outcome("case", None)
    chosen = question.offered[number - 1]
    card = knowledge.live_cards(turn.session, [chosen]).get(chosen)
    if card is None:  # withdrawn since it was offered
        hand_over(turn, question, cause="card_withdrawn")
        return Outcome("case", None)
    return answer_with(turn, question, card, None)


def rate(turn: Turn, helped: bool) -> None:
    """ "Did this help?": thanks, or to a mentor."""
    question = latest(turn)
    if question is None:
        turn.reply("unclear")
        return
    question.helpful = helped
    if helped:
        turn.reply("helpful_thanks")
    elif question.case_id is not None or turn.now - question.asked_at > ASKED_LATELY:
        turn.reply("complaint")
    else:
        hand_over(turn, question, cause="not_helpful", asked=True)


def hand_over(turn: Turn, question: Question, *, cause: str, asked: bool = False) -> Case:
    """The library cannot help: a case, with the question as it was asked."""
    card = question.card_id
    live = knowledge.live_cards(turn.session, [card]) if card else {}
    topic = live[card].topic if card in live else _guessed_topic(turn, question)
    case = turn.open_case(question.text, cause=cause, topic=topic, asked=asked)
    if question.decision == "ask":
        question.decision = "case"
    question.case_id = case.id
    return case


def _guessed_topic(turn: Turn, question: Question) -> str | None:
    """The topic that the ranking leans to, good enough to choose a mentor by."""
    if not question.ranking or question.ranking[0]["confidence"] < LIKELY:
        return None
    best = question.ranking[0]["card"]
    card = knowledge.live_cards(turn.session, [best]).get(best)
    return card.topic if card else None


def latest(turn: Turn) -> Question | None:
    """The question this person asked last."""
    return turn.session.scalar(
        select(Question)
        .where(Question.person_id == turn.person.id)
        .order_by(Question.id.desc())
        .limit(1)
    )


def ranked(parsed: Mapping[str, Any]) -> list[Ranked]:
    """The card ranking of a parse result."""
    return [
        Ranked(str(row["card"]), float(row["confidence"])) for row in parsed.get("card_ranking", [])
    ]
