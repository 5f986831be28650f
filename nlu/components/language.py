"""Rasa component: the person's language, known from the message's metadata, becomes an entity.

The domain maps the entity ``language`` to the slot ``language``, on which the fixed texts in
``responses.yml`` are chosen. So the slot follows the person's setting on every turn, at no cost.
"""

# mypy: disable-error-code="import-not-found,import-untyped,misc,untyped-decorator,unused-ignore"
from __future__ import annotations

from typing import Any

from rasa.engine.graph import ExecutionContext, GraphComponent
from rasa.engine.recipes.default_recipe import DefaultV1Recipe
from rasa.engine.storage.resource import Resource
from rasa.engine.storage.storage import ModelStorage
from rasa.shared.nlu.training_data.message import Message

LANGUAGES = ("en", "fr", "rw", "sw")


@DefaultV1Recipe.register(DefaultV1Recipe.ComponentType.ENTITY_EXTRACTOR, is_trainable=False)
class LanguageFromMetadata(GraphComponent):
    """Adds the entity ``language`` when the metadata names a language we speak."""

    @classmethod
    def create(
        cls,
        config: dict[str, Any],
        model_storage: ModelStorage,
        resource: Resource,
        execution_context: ExecutionContext,
    ) -> LanguageFromMetadata:
        """Create the component; it has nothing to configure."""
        return cls()

    def process(self, messages: list[Message]) -> list[Message]:
        """Add the entity to each message whose metadata has a language."""
        for message in messages:
            metadata = message.get("metadata")
            language = metadata.get("language") if isinstance(metadata, dict) else None
            if language not in LANGUAGES:
                continue
            entity = {
                "entity": "language",
                "value": language,
                "start": 0,
                "end": 0,
                "extractor": "LanguageFromMetadata",
            }
            message.set("entities", [*message.get("entities", []), entity], add_to_output=True)
        return messages
