"""The classifier itself: which card answers a text, or which small talk it is. No Rasa here.

Two heads share the features. `questions` is trained on the cards' examples and the small talk and
judges every text. `follow_ups` is trained on the cards' follow-up examples as well and judges,
among the cards of one topic and the small talk, a text that leans on the conversation.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
from scipy.sparse import csr_matrix

from nlu.components import confidence, linear
from nlu.components.confidence import Confidence, Vocabulary
from nlu.components.features import LENGTH_SQUARED, Features, normal
from nlu.components.follow_up import is_follow_up, learn_topic_words
from nlu.components.minilm import WIDTH, MiniLM

QUESTION = "question"
OUT_OF_SCOPE = "out_of_scope"
CARDS_RANKED = 10
# A text as sure as this of a card in another topic is a new question, however it opens.
SURE_OF_ANOTHER_TOPIC = 0.5
# An out-of-scope example this close (cosine) to a card's example says the opposite of the card:
# the card wins. So a card approved on, say, snake bites is not drowned by the list of small talk.
TOO_CLOSE = 0.6

_CARD, _INTENT = "card:", "intent:"


@dataclass(frozen=True)
class Example:
    """One training text. `card` and `topic` are set exactly when `intent` is "question"."""

    text: str
    intent: str
    card: str | None = None
    topic: str | None = None
    follow_up: bool = False

    @property
    def label(self) -> str:
        """The class of this example inside the heads."""
        return _CARD + self.card if self.card else _INTENT + self.intent


@dataclass(frozen=True)
class Ranking:
    """What a text was taken for, best first.

    Attributes:
        intents: "question" (the sum over all cards) and the small-talk intents, with probabilities.
        cards: at most ten cards, each with the confidence (0 to 1) that it answers the text; they
            do not sum to 1.
        follow_up: whether the text was judged within the topic of the conversation.
    """

    intents: list[tuple[str, float]]
    cards: list[tuple[str, float]]
    follow_up: bool = False


@dataclass(frozen=True)
class CardModel:
    """A trained classifier. `topics` maps card → topic, `topic_words` maps word → topic."""

    features: Features
    questions: linear.Head
    follow_ups: linear.Head
    confidence: Confidence
    vocabulary: Vocabulary
    topics: dict[str, str]
    topic_words: dict[str, str]

    @classmethod
    def fit(
        cls,
        examples: Iterable[Example],
        tell: Callable[[str], None] = lambda _: None,
        embedder: MiniLM | None = None,
    ) -> CardModel:
        """Train; `tell` is called with one line per step.

        Raises:
            ValueError: there are fewer than two classes to tell apart.
        """
        unique = list({(e.text, e.label, e.follow_up): e for e in examples}.values())
        tell(f"reading {len(unique)} examples")
        features = Features(embedder)
        matrix = features.fit([example.text for example in unique])
        groups = features.letter_groups(matrix)
        labels = [example.label for example in unique]
        kept = _without_contradictions(unique, matrix)
        alone = kept & np.asarray([not example.follow_up for example in unique])
        trainer = linear.Trainer(matrix, WIDTH)
        tell("learning how sure to be")
        sure = _fit_confidence(unique, matrix, groups, alone, trainer)
        tell(f"learning questions from {int(alone.sum())} examples")
        questions = trainer.fit(labels, alone)
        tell(f"learning follow-ups from {int(kept.sum())} examples")
        follow_ups = trainer.fit(labels, kept)
        cards = [e for e in unique if e.card and e.topic]
        return cls(
            features,
            questions,
            follow_ups,
            sure,
            Vocabulary.learn(groups, [example.card for example in unique]),
            topics={str(e.card): str(e.topic) for e in cards},
            topic_words=learn_topic_words((normal(e.text), str(e.topic)) for e in cards),
        )

    def rank(self, texts: Sequence[str], topics: Sequence[str | None] = ()) -> list[Ranking]:
        """Judge each text; `topics` gives the topic of each one's conversation, if there is one."""
        if not texts:
            return []
        matrix = self.features.transform(texts)
        groups = self.features.letter_groups(matrix)
        alone = linear.softmax(self.questions.scores(matrix))
        rankings = []
        for row, text in enumerate(texts):
            ranking = self._ranking(self.questions.classes, alone[row], groups[row])
            topic = topics[row] if row < len(topics) else None
            if topic and self._leans_on(topic, text, ranking):
                within = self._within(topic, self.follow_ups.scores(matrix[row])[0])
                ranking = self._ranking(self.follow_ups.classes, within, groups[row], True)
            rankings.append(ranking)
        return rankings

    def _leans_on(self, topic: str, text: str, alone: Ranking) -> bool:
        if topic not in self.topics.values():
            return False
        if alone.cards:
            card, sure = alone.cards[0]
            if self.topics[card] != topic and sure >= SURE_OF_ANOTHER_TOPIC:
                return False
        return is_follow_up(normal(text), topic, self.topic_words)

    def _within(self, topic: str, scores: np.ndarray) -> np.ndarray:
        allowed = [
            not name.startswith(_CARD) or self.topics.get(name.removeprefix(_CARD)) == topic
            for name in self.follow_ups.classes
        ]
        return linear.softmax(np.where(allowed, scores, -np.inf))

    def _ranking(
        self,
        classes: Sequence[str],
        shares: np.ndarray,
        groups: csr_matrix,
        follow_up: bool = False,
    ) -> Ranking:
        cards: list[tuple[str, float]] = []
        intents: dict[str, float] = {}
        for name, share in zip(classes, shares.tolist(), strict=True):
            if share <= 0.0:
                continue
            if name.startswith(_CARD):
                cards.append((name.removeprefix(_CARD), share))
                intents[QUESTION] = intents.get(QUESTION, 0.0) + share
            else:
                intents[name.removeprefix(_INTENT)] = share
        best = sorted(cards, key=lambda pair: -pair[1])[:CARDS_RANKED]
        sure = [
            (card, self.confidence(share, self.vocabulary.coverage(card, groups)))
            for card, share in best
        ]
        return Ranking(
            intents=sorted(intents.items(), key=lambda pair: -pair[1]),
            cards=sorted(sure, key=lambda pair: -pair[1]),
            follow_up=follow_up,
        )

    def save(self, folder: Path) -> None:
        """Write `model.npz` and `model.json`; nothing in them is executable."""
        state = self.features.state()
        heads = {"questions": self.questions, "follow_ups": self.follow_ups}
        cards = sorted(self.vocabulary.used)
        arrays = {f"idf_{name}": block["idf"] for name, block in state.items()}
        used = np.asarray([self.vocabulary.used[card] for card in cards], dtype=bool)
        arrays["used"] = np.packbits(used.reshape(len(cards), len(state["char"]["terms"])), axis=1)
        for name, head in heads.items():
            arrays[f"{name}_weights"], arrays[f"{name}_bias"] = head.weights, head.bias
        np.savez(folder / "model.npz", **arrays)  # type: ignore[arg-type,unused-ignore]
        described: dict[str, Any] = {
            "terms": {name: block["terms"] for name, block in state.items()},
            "classes": {name: head.classes for name, head in heads.items()},
            "cards": cards,
            "confidence": asdict(self.confidence),
            "topics": self.topics,
            "topic_words": self.topic_words,
        }
        text = json.dumps(described, ensure_ascii=False)
        (folder / "model.json").write_text(text, encoding="utf-8")

    @classmethod
    def load(cls, folder: Path, embedder: MiniLM | None = None) -> CardModel:
        """Read what ``save`` wrote.

        Raises:
            FileNotFoundError: there is no model in `folder`.
        """
        described = json.loads((folder / "model.json").read_text(encoding="utf-8"))
        terms = described["terms"]
        with np.load(folder / "model.npz", allow_pickle=False) as arrays:
            state = {name: {"terms": terms[name], "idf": arrays[f"idf_{name}"]} for name in terms}
            heads = {
                name: linear.Head(classes, arrays[f"{name}_weights"], arrays[f"{name}_bias"])
                for name, classes in described["classes"].items()
            }
            used = np.unpackbits(arrays["used"], axis=1, count=len(terms["char"])).astype(bool)
        return cls(
            Features.from_state(state, embedder),
            heads["questions"],
            heads["follow_ups"],
            Confidence(**described["confidence"]),
            Vocabulary(dict(zip(described["cards"], used, strict=True))),
            topics=described["topics"],
            topic_words=described["topic_words"],
        )


def _without_contradictions(examples: Sequence[Example], features: csr_matrix) -> np.ndarray:
    """Tell which examples to learn from (bools): all but contradicted out-of-scope ones."""
    kept = np.ones(len(examples), dtype=bool)
    cards = [index for index, example in enumerate(examples) if example.card]
    outside = [index for index, e in enumerate(examples) if e.intent == OUT_OF_SCOPE]
    if cards and outside:
        products = features[outside] @ features[cards].T
        closest = products.max(axis=1).toarray().ravel() / LENGTH_SQUARED
        kept[outside] = closest < TOO_CLOSE
    return kept


def _fit_confidence(
    examples: Sequence[Example],
    features: csr_matrix,
    groups: csr_matrix,
    used: np.ndarray,
    trainer: linear.Trainer,
) -> Confidence:
    """Train without some cards and texts, and see how far the result may be believed on them."""
    out = used & np.asarray([any(confidence.left_out(e.card, e.text)) for e in examples])
    rest = used & ~out
    labels = [example.label for example in examples]
    if not out.any() or len({label for label, use in zip(labels, rest, strict=True) if use}) < 2:
        return Confidence()
    head = trainer.fit(labels, rest)
    known = [e.card if use else None for e, use in zip(examples, rest, strict=True)]
    vocabulary = Vocabulary.learn(groups, known)
    columns = [index for index, name in enumerate(head.classes) if name.startswith(_CARD)]
    probabilities, coverages, right = [], [], []
    chosen = np.flatnonzero(out)
    shares = linear.softmax(head.scores(features[chosen]))[:, columns]
    for row, index in enumerate(chosen if columns else ()):
        best = int(shares[row].argmax())
        card = head.classes[columns[best]].removeprefix(_CARD)
        probabilities.append(float(shares[row, best]))
        coverages.append(vocabulary.coverage(card, groups[index]))
        right.append(card == examples[index].card)
    return confidence.fit(probabilities, coverages, right)
