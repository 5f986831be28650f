"""What is said after an answer: right or not yet, why, the source, and where to go on.

A bare quiz teaches nothing (mCME v1, Vietnam, n=638); with the reason and a source to read it does
(mCME v2), so the reason and the source are never left out. Clinical words come from the item alone.
"""

from __future__ import annotations

from functools import cache
from hashlib import sha256
from pathlib import Path
from typing import Any, Final, Literal

from bot.quizzes.bank import FALLBACK, LETTERS, Item
from bot.text.yaml_file import read_yaml

_LANGUAGES: Final = ("en", "fr")


def feedback(item: Item, right: bool, language: str, key: str, *, again: bool = False) -> str:
    """The text after an answer to `item`, in `language`, in English where it is not written in it.

    `key` names mentee and question: the same key always gives the same words, others vary.
    `again`: the mentee had it right the last time, too. The caller brings it to GSM-7.
    """
    asked, where = item.language(language), _language(item, language)
    if right:
        opening = _variant("right_again" if again else "right", where, key)
    else:
        option = item.options[asked][item.answer].rstrip(".")
        answer = _text("answer", where).format(letter=item.letter, option=option)
        opening = f"{_variant('not_yet', where, key)} {answer}"
    source = _text("source", where).format(source=item.source.rstrip("."))
    if item.is_sample:
        source = f"{source} {_text('sample', where)}"
    last = _text("next" if item.card else "next_without_card", where)
    return f"{opening} {item.why[asked]}\n{source}\n{last}"


def ask_again(kind: Literal["unclear", "several"], item: Item, language: str) -> str:
    """The one helpful line when an answer could not be read, or named more than one option."""
    where = _language(item, language)
    letters = LETTERS[: len(item.options[item.language(language)])]
    listed = f"{', '.join(letters[:-1])} {_text('or', where)} {letters[-1]}"
    return _text(kind, where).format(letters=listed)


def _language(item: Item, language: str) -> str:
    where = item.language(language)
    return where if where in _LANGUAGES else FALLBACK


def _text(name: str, language: str) -> str:
    return str(_texts()[name][language])


def _variant(name: str, language: str, key: str) -> str:
    variants = _texts()[name][language]
    # Python's own hash differs from process to process.
    number = int.from_bytes(sha256(key.encode("utf-8", "surrogatepass")).digest()[:8], "big")
    return str(variants[number % len(variants)])


@cache
def _texts() -> dict[str, Any]:
    path = Path(__file__).with_suffix(".yml")
    return dict(read_yaml(path))
