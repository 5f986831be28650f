"""Actions for conversations that are not ours (``rasa shell``, a stock connector)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from sqlalchemy.orm import Session

from bot import answering, knowledge
from bot.answering import Answer, Ask
from bot.settings import Settings
from bot.texts import text

if TYPE_CHECKING:
    from bot.dialogues.actions.handlers import Asked

# Intent → text, for what needs no look-up.
SAYS = {
    "greet": "greet",
    "thanks": "thanks",
    "goodbye": "goodbye",
    "change_language": "language_ask",
}


def run(session: Session, name: str, asked: Asked, settings: Settings) -> dict[str, Any]:
    """Answer in Rasa's responses; nothing is stored, no case is opened, nobody is alerted."""
    if name == "action_answer_question":
        said = _answer(session, asked)
    elif name == "action_small_talk":
        said = text(SAYS.get(asked.intent, "unclear"), asked.language, comma_name="")
    else:
        said = text("unclear", asked.language)
    return {"events": [], "responses": [{"text": said}]}


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
