"""Rasa component: a whole message that is a number, a yes or a no gets its intent at once."""

from __future__ import annotations

from typing import Any

from rasa.engine.graph import ExecutionContext, GraphComponent
from rasa.engine.recipes.default_recipe import DefaultV1Recipe
from rasa.engine.storage.resource import Resource
from rasa.engine.storage.storage import ModelStorage
from rasa.shared.nlu.training_data.message import Message

from nlu.components.short_answer_words import read

CHOICE = "choice"
INTENTS = {"yes": "affirm", "no": "deny", "1": "pick_1", "2": "pick_2"}


@DefaultV1Recipe.register(DefaultV1Recipe.ComponentType.INTENT_CLASSIFIER, is_trainable=False)
class ShortAnswers(GraphComponent):
    """Sets intent ``affirm``, ``deny``, ``pick_1``, ``pick_2`` or ``pick`` (3 to 9), confidence 1.

    The entity ``choice`` carries "yes", "no" or the digit. Intents of their own for 1 and 2 let
    rules tell them apart: a rule sees that an entity is there, not what it says.
    """

    @classmethod
    def create(
        cls,
        config: dict[str, Any],
        model_storage: ModelStorage,
        resource: Resource,
        execution_context: ExecutionContext,
    ) -> ShortAnswers:
        """Create the component; it has nothing to configure."""
        return cls()

    def process(self, messages: list[Message]) -> list[Message]:
        """Recognise short answers; leave every other message as it is."""
        for message in messages:
            text = message.get("text") or ""
            answer = read(text)
            if answer is None:
                continue
            intent = {"name": INTENTS.get(answer, "pick"), "confidence": 1.0}
            entity = {
                "entity": CHOICE,
                "value": answer,
                "start": 0,
                "end": len(text),
                "extractor": "ShortAnswers",
            }
            message.set("intent", intent, add_to_output=True)
            message.set("intent_ranking", [intent], add_to_output=True)
            message.set("card_ranking", [], add_to_output=True)
            message.set("entities", [*message.get("entities", []), entity], add_to_output=True)
        return messages
