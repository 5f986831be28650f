"""A card as the phone shows it, on each way."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from bot import knowledge
from bot.quizzes.examples import Example, example
from channels.render import Outgoing


def of_card(content: Mapping[str, Any], review: str) -> list[Example]:
    """The answer in each of its languages, first by SMS and then on WhatsApp.

    Args:
        content: of a version or a draft; a draft may lack anything.
        review: as the version has it; a sample says so under its answer.
    """
    answers = {one: said for one, said in (content.get("answer") or {}).items() if said}
    card = knowledge.LiveCard(
        id="",
        topic=str(content.get("topic") or ""),
        version=0,
        title=content.get("title") or {},
        answer=answers,
        source=str(content.get("source") or "?"),
        emergency=content.get("emergency"),
        review=review,
    )
    menu = "emergency" if card.emergency else "helpful"
    return [
        example(
            "answer",
            Outgoing(knowledge.rendered(card, language), language, menu, None, None, {}),
            channel,
            "free",
        )
        for language in answers
        for channel in ("sms", "whatsapp")
    ]
