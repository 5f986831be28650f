"""Rasa component: a turn that belongs to a walk gets the walk's intent, whatever its words are."""

from __future__ import annotations

from typing import Any

from rasa.engine.graph import ExecutionContext, GraphComponent
from rasa.engine.recipes.default_recipe import DefaultV1Recipe
from rasa.engine.storage.resource import Resource
from rasa.engine.storage.storage import ModelStorage
from rasa.shared.nlu.training_data.message import Message

# Kinds of walks that have a form in the domain; the intent has the kind's name.
KINDS = frozenset({"assess"})


@DefaultV1Recipe.register(DefaultV1Recipe.ComponentType.INTENT_CLASSIFIER, is_trainable=False)
class WalkTurns(GraphComponent):
    """Sets the intent that the message's metadata name (``walk``), confidence 1.

    Whether a text answers the step that waits, or asks something else in between, was decided
    before it came here: a "3" to the form and a "3" to a list are not told apart by their words.
    """

    @classmethod
    def create(
        cls,
        config: dict[str, Any],
        model_storage: ModelStorage,
        resource: Resource,
        execution_context: ExecutionContext,
    ) -> WalkTurns:
        """Create the component; it has nothing to configure."""
        return cls()

    def process(self, messages: list[Message]) -> list[Message]:
        """Name the turns of walks; leave every other message as it is."""
        for message in messages:
            metadata = message.get("metadata")
            kind = metadata.get("walk") if isinstance(metadata, dict) else None
            if kind not in KINDS:
                continue
            intent = {"name": kind, "confidence": 1.0}
            message.set("intent", intent, add_to_output=True)
            message.set("intent_ranking", [intent], add_to_output=True)
            message.set("card_ranking", [], add_to_output=True)
            message.set("entities", [], add_to_output=True)
        return messages
