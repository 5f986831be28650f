"""Actions for conversations that are not ours (``rasa shell``, a stock connector)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from sqlalchemy.orm import Session

from bot import answering, knowledge
from bot.answering import Answer, Ask
from bot.texts import text

if TYPE_CHECKING:
    from bot.dialogues.actions.handlers import Asked


def run(session: Session, name: str, asked: Asked) -> dict[str, Any]:
    """Answer in Rasa's responses; nothing is stored, no case is opened, nobody is alerted."""
    said = _answer(session, asked) if name == "action_answer_question" else ""
    return {"events": [], "responses": [{"text": said or text("unclear", asked.language)}]}


def _answer(session: Session, asked: Asked) -> str:
    live = knowledge.live_cards(session, [ranked.card for ranked in asked.ranking])
    usable = [ranked for ranked in asked.ranking if ranked.card in live]
    match answering.decide(usable, asked.thresholds):
        case Answer(card):
            return knowledge.rendered(live[card], asked.language)
        case Ask(cards):
            titles = [live[card].in_language(asked.language)[0] for card in cards]
            return "\n".join([text("did_you_mean", asked.language), *titles])
        case _:
            return text("ask_mentor", asked.language)
