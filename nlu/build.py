"""Turns answer cards and small talk into Rasa's training data. Pure, apart from reading files.

Every card's examples are of the one intent ``question``; which card they ask for stands in the
metadata of the block, where our classifier reads it. So the dialogue knows nothing of single cards,
and approving a card changes no rule and no domain.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

import yaml

from bot.text.yaml_file import read_yaml

ROOT = Path(__file__).resolve().parent.parent
CARDS = ROOT / "bot" / "knowledge" / "cards"
SMALL_TALK = ROOT / "nlu" / "smalltalk"

# In an example Rasa reads [text](entity) as markup, and a nurse's brackets are no markup.
_PLAIN = str.maketrans({"[": " ", "]": " ", "{": " ", "}": " ", "\n": " ", "\r": " ", "\0": " "})


class TrainingDataError(Exception):
    """A file or a card cannot be trained on. The message is one sentence that names it."""


def load_card_files(folder: Path = CARDS) -> list[dict[str, Any]]:
    """Read all ``<topic>.yml`` and return their cards, each with its file's ``topic`` added.

    Raises:
        TrainingDataError: a file is not readable or not of the form that cards have.
    """
    cards: list[dict[str, Any]] = []
    for path in sorted(folder.glob("*.yml")):
        content = _read(path)
        topic = content.get("topic")
        if not isinstance(topic, str) or not isinstance(content.get("cards"), list):
            raise TrainingDataError(f"The file {path.name} has no topic or no list of cards.")
        cards += [{**card, "topic": topic} for card in content["cards"]]
    return cards


def load_small_talk(folder: Path = SMALL_TALK) -> list[dict[str, Any]]:
    """Read all ``<language>.yml``: dicts with ``language`` and ``intents`` (name → texts).

    Raises:
        TrainingDataError: a file is not readable or not of this form.
    """
    files = [_read(path) for path in sorted(folder.glob("*.yml"))]
    for content in files:
        if not isinstance(content.get("intents"), dict) or "language" not in content:
            raise TrainingDataError("A file of small talk has no language or no intents.")
    return files


def build(
    cards: Iterable[Mapping[str, Any]], small_talk: Iterable[Mapping[str, Any]] = ()
) -> dict[str, str]:
    """Return Rasa's training data: file name → YAML text.

    The same cards give the same text in whatever order they come, from files or from a database:
    nothing is trained again for an order.

    Args:
        cards: each with ``id``, ``topic``, ``examples`` (language → texts) and, optionally,
            ``follow_ups`` (language → texts).
        small_talk: each with ``language`` and ``intents`` (name → texts).

    Raises:
        TrainingDataError: two cards have one id, or a card has no topic or no examples.
    """
    blocks: dict[str, list[dict[str, Any]]] = {}
    seen: set[str] = set()
    for card in sorted(cards, key=lambda card: str(card.get("id"))):
        name, topic = str(card.get("id") or ""), str(card.get("topic") or "")
        if not name or not topic or not card.get("examples"):
            raise TrainingDataError(f"The card {name or '?'} has no id, no topic or no examples.")
        if name in seen:
            raise TrainingDataError(f"Two cards have the id {name}.")
        seen.add(name)
        for kind in ("examples", "follow_ups"):
            for language, texts in sorted((card.get(kind) or {}).items()):
                about = {
                    "card": name,
                    "topic": topic,
                    "language": language,
                    "follow_up": kind == "follow_ups",
                }
                blocks.setdefault(f"cards_{topic}.yml", []).append(_block("question", texts, about))
    for file in small_talk:
        language = str(file["language"])
        blocks[f"smalltalk_{language}.yml"] = [
            _block(intent, texts, {"language": language})
            for intent, texts in file["intents"].items()
        ]
    return {name: _document(content) for name, content in sorted(blocks.items())}


def write(files: Mapping[str, str], folder: Path) -> None:
    """Write what ``build`` returned into `folder`, which then holds nothing else."""
    folder.mkdir(parents=True, exist_ok=True)
    for old in folder.glob("*.yml"):
        old.unlink()
    for name, text in files.items():
        (folder / name).write_text(text, encoding="utf-8")


def plain(text: str) -> str:
    """Return an example as Rasa will read it: one line, no markup, no command."""
    return " ".join(str(text).translate(_PLAIN).split()).lstrip("/-|# ")


def _block(intent: str, texts: Sequence[str], about: Mapping[str, Any]) -> dict[str, Any]:
    lines = [line for line in (plain(text) for text in texts) if line]
    return {
        "intent": intent,
        "metadata": dict(about),
        "examples": "".join(f"- {line}\n" for line in lines),
    }


def _document(blocks: Sequence[Mapping[str, Any]]) -> str:
    content = {"version": "3.1", "nlu": [block for block in blocks if block["examples"]]}
    return yaml.dump(content, allow_unicode=True, sort_keys=False, width=1000)


def _read(path: Path) -> dict[str, Any]:
    try:
        content = read_yaml(path)
    except (OSError, UnicodeDecodeError, yaml.YAMLError) as error:
        raise TrainingDataError(f"The file {path.name} cannot be read as YAML.") from error
    if not isinstance(content, dict):
        raise TrainingDataError(f"The file {path.name} is not a mapping.")
    return content
