"""The quiz bank: items as they are written, and what may be wrong with one.

``bot/quizzes/bank/<topic>.yml`` holds a topic's items; an import builds the same `Item`s, so that
one set of rules (`problems`) holds for both.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any, Final, Literal

import yaml

from bot.text.gsm7 import to_gsm7
from bot.text.segments import count, is_gsm7
from bot.text.yaml_file import read_yaml
from bot.words import affirmation

FOLDER: Final = Path(__file__).parent / "bank"
FALLBACK: Final = "en"
LETTERS: Final = "ABCD"
MOST_SEGMENTS: Final = 3
LONGEST_WHY: Final = 110  # characters: the feedback around it then fits two segments
_FACT: Final = re.compile(r"[a-z]+(?:_[a-z]+)*-\d{2}")
_ID: Final = re.compile(r"[A-Za-z0-9]+(?:[-_.][A-Za-z0-9]+)*")
_REQUIRED: Final = frozenset({"id", "version", "competency", "stem", "options", "answer", "why"})

Form = Literal["A", "B"]


class BankError(Exception):
    """The bank cannot be read. The message names the file and the item and says why."""


@dataclass(frozen=True, slots=True)
class Item:
    """One version of a single-best-answer question.

    `stem`, `why` and `options` are per language (ISO 639-1), options in the same order in each.
    `answer` is the place of the right option, from 0. `form` and `twin` are set together: the twin
    tests the same fact in other words, as the other form. `critical`: getting it wrong can kill.
    No `cadres` means every cadre.
    """

    id: str
    topic: str
    version: int
    competency: str
    stem: Mapping[str, str]
    options: Mapping[str, tuple[str, ...]]
    answer: int
    why: Mapping[str, str]
    source: str
    cadres: frozenset[str] = frozenset()
    facts: tuple[str, ...] = ()
    card: str | None = None
    critical: bool = False
    form: Form | None = None
    twin: str | None = None
    review: str = ""

    @property
    def letter(self) -> str:
        """The letter of the right option, as the mentee sees it."""
        return LETTERS[self.answer]

    @property
    def languages(self) -> tuple[str, ...]:
        """The languages it can be asked in: those with stem, options and why."""
        return tuple(key for key in self.stem if key in self.options and key in self.why)

    @property
    def is_sample(self) -> bool:
        """Whether a clinician of the programme has yet to review it."""
        return self.review.startswith("sample")

    def language(self, wanted: str) -> str:
        """`wanted` where the item is written in it, else English, else the first it has."""
        languages = self.languages
        return next((key for key in (wanted, FALLBACK) if key in languages), languages[0])


@dataclass(frozen=True, slots=True)
class Competency:
    """What a mentee can do; `title` is per language."""

    id: str
    topic: str
    title: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Topic:
    """A topic file's head."""

    id: str
    title: Mapping[str, str]
    review: str


@dataclass(frozen=True)
class Bank:
    """Everything of a folder, in the order of the files and of the items in them."""

    topics: tuple[Topic, ...]
    competencies: tuple[Competency, ...]
    items: tuple[Item, ...]

    @cached_property
    def by_id(self) -> Mapping[str, Item]:
        """Items by id; of a doubled id, the last (see `bank_problems`)."""
        return {item.id: item for item in self.items}


def rendered(item: Item, language: str) -> str:
    """The question as it is sent: the stem, then a line "A option" for each option."""
    where = item.language(language)
    lines = zip(LETTERS, item.options[where], strict=False)
    return "\n".join([item.stem[where], *(f"{letter} {option}" for letter, option in lines)])


def problems(item: Item) -> list[str]:
    """What is wrong with one item, each sentence beginning with its id; empty when it is sound."""
    if not item.languages:
        return [f"{item.id}: has no language with stem, options and why"]
    found = [*_shape_problems(item), *_wording_problems(item)]
    for language in item.languages:
        size = count(to_gsm7(rendered(item, language), language))
        if size.segments > MOST_SEGMENTS:
            found.append(
                f"stem and options ({language}) take {size.segments} segments"
                f" ({size.units} {size.encoding} units), at most {MOST_SEGMENTS} are allowed"
            )
    return [f"{item.id}: {problem}" for problem in found]


def bank_problems(bank: Bank) -> list[str]:
    """What is wrong with the items of a bank, each by itself and together."""
    found = [problem for item in bank.items for problem in problems(item)]
    known = {competency.id: competency.topic for competency in bank.competencies}
    for name, times in Counter(item.id for item in bank.items).items():
        if times > 1:
            found.append(f"{name}: the id is used {times} times")
    for name, times in Counter(competency.id for competency in bank.competencies).items():
        if times > 1:
            found.append(f"competency {name}: the id is used {times} times")
    for item in bank.items:
        if known.get(item.competency) != item.topic:
            found.append(f"{item.id}: competency {item.competency} is not one of {item.topic}")
        if item.twin is not None:
            found.extend(f"{item.id}: {problem}" for problem in _twin_problems(item, bank))
    return found


def load(folder: Path = FOLDER) -> Bank:
    """Every topic file of a folder. What the items say is judged by `bank_problems`, not here.

    Raises:
        BankError: a file is no YAML, or an item has not the shape of one.
    """
    files = [read_file(path) for path in sorted(folder.glob("*.yml"))]
    return Bank(
        tuple(topic for file in files for topic in file.topics),
        tuple(competency for file in files for competency in file.competencies),
        tuple(item for file in files for item in file.items),
    )


def read_file(path: Path) -> Bank:
    """One topic file; see `load`.

    Raises:
        BankError: it is no YAML, or an item has not the shape of one.
        OSError: it cannot be read.
    """
    try:
        data = read_yaml(path)
    # A ValueError that is no YAMLError: bytes that are not UTF-8, a date such as 2025-13-45.
    except (yaml.YAMLError, ValueError) as error:
        raise BankError(f"{path.name}: {' '.join(str(error).split())}") from error
    if not isinstance(data, dict) or not isinstance(data.get("items"), list):
        raise BankError(f"{path.name}: has no list of items")
    name = _text(data, "topic", path.name)
    review = str(data.get("review", ""))
    topic = Topic(name, _per_language(data, "title", path.name), review)
    where = f"{path.name}, a competency"
    entries = data.get("competencies") or []
    if not isinstance(entries, list):
        raise BankError(f"{path.name}: competencies are not a list")
    competencies = tuple(
        Competency(_text(entry, "id", where), name, _per_language(entry, "title", where))
        for entry in entries
    )
    items = tuple(read_item(entry, name, review, path.name) for entry in data["items"])
    return Bank((topic,), competencies, items)


def read_item(entry: Any, topic: str, review: str = "", where: str = "") -> Item:
    """An item as it stands in YAML; `review` holds where it names none, `where` for the message.

    Raises:
        BankError: a key is missing or its value has not the right type.
    """
    if not isinstance(entry, dict):
        raise BankError(f"{where}: an item is not a mapping")
    where = f"{where}, {entry.get('id', 'an item without id')}"
    missing = _REQUIRED - entry.keys()
    if missing:
        raise BankError(f"{where}: lacks {', '.join(sorted(missing))}")
    version, answer, form = entry["version"], str(entry["answer"]).strip(), entry.get("form")
    if not isinstance(version, int) or isinstance(version, bool) or version < 1:
        raise BankError(f"{where}: version is not a whole number from 1")
    if len(answer) != 1 or answer not in LETTERS:
        raise BankError(f"{where}: answer is not a letter from A to D")
    if form not in {"A", "B", None}:
        raise BankError(f"{where}: form is neither A nor B")
    if not isinstance(entry.get("critical", False), bool):
        raise BankError(f"{where}: critical is neither true nor false")
    return Item(
        id=_text(entry, "id", where),
        topic=topic,
        version=version,
        competency=_text(entry, "competency", where),
        stem=_per_language(entry, "stem", where),
        options=_options(entry["options"], where),
        answer=LETTERS.index(answer),
        why=_per_language(entry, "why", where),
        source=str(entry.get("source") or ""),
        cadres=frozenset(_texts(entry.get("cadres") or [], "cadres", where)),
        facts=tuple(_texts(entry.get("facts") or [], "facts", where)),
        card=str(entry["card"]) if entry.get("card") else None,
        critical=entry.get("critical", False),
        form=form,
        twin=str(entry["twin"]) if entry.get("twin") else None,
        review=str(entry.get("review", review)),
    )


def _shape_problems(item: Item) -> list[str]:
    found = []
    if not _ID.fullmatch(item.id):
        found.append("the id may hold letters, digits and single - _ . only")
    if FALLBACK not in item.languages:
        found.append("stem, options and why must be there in English")
    written = {*item.stem, *item.options, *item.why}
    for language in sorted(written - set(item.languages)):
        found.append(f"stem, options and why are not all written in {language}")
    if len({len(options) for options in item.options.values()}) > 1:
        found.append("the languages differ in the number of options")
    if any(item.answer >= len(options) for options in item.options.values()):
        found.append(f"the answer {item.letter} is not among the options")
    if (item.form is None) != (item.twin is None):
        found.append("form and twin go together")
    if item.twin == item.id:
        found.append("is its own twin")
    if not item.source.strip():
        found.append("names no source")
    found.extend(f"{fact!r} is no fact id" for fact in item.facts if not _FACT.fullmatch(fact))
    return found


def _wording_problems(item: Item) -> list[str]:
    found = []
    for language in item.languages:
        stem, why, options = item.stem[language], item.why[language], item.options[language]
        least = 2 if all(affirmation(option) is not None for option in options) else 3
        if not least <= len(options) <= len(LETTERS):
            found.append(f"{len(options)} options ({language}), 3 or 4 are wanted")
        if not all(part.strip() for part in (stem, why, *options)):
            found.append(f"an empty text ({language})")
        if len({" ".join(option.casefold().split()) for option in options}) < len(options):
            found.append(f"two options are the same ({language})")
        if any("\n" in part for part in (stem, why, *options)):
            found.append(f"a line break inside a text ({language})")
        if len(why) > LONGEST_WHY:
            found.append(f"why ({language}) has {len(why)} characters, at most {LONGEST_WHY}")
        if language == "en" and not is_gsm7("".join((stem, why, *options))):
            odd = sorted({c for c in "".join((stem, why, *options)) if not is_gsm7(c)})
            found.append(f"English with characters that SMS makes dear: {' '.join(odd)}")
    return found


def _twin_problems(item: Item, bank: Bank) -> list[str]:
    twin = bank.by_id.get(item.twin or "")
    if twin is None:
        return [f"its twin {item.twin} is not in the bank"]
    found = []
    if twin.twin != item.id:
        found.append(f"its twin {twin.id} does not name it")
    if twin.form == item.form:
        found.append(f"it and its twin {twin.id} are the same form")
    if twin.topic != item.topic:
        found.append(f"its twin {twin.id} is of another topic")
    return found


def _text(entry: Mapping[str, Any], key: str, where: str) -> str:
    value = entry.get(key) if isinstance(entry, dict) else None
    if not isinstance(value, str) or not value.strip():
        raise BankError(f"{where}: {key} is not a text")
    return value.strip()


def _texts(value: Any, key: str, where: str) -> list[str]:
    # YAML reads a bare No or 500 as something else than what was meant.
    if not isinstance(value, list) or not all(isinstance(part, str) for part in value):
        raise BankError(f"{where}: {key} is not a list of texts; put quotes around each")
    return [part.strip() for part in value]


def _per_language(entry: Mapping[str, Any], key: str, where: str) -> Mapping[str, str]:
    value = entry.get(key) if isinstance(entry, dict) else None
    if not isinstance(value, dict):
        raise BankError(f"{where}: {key} is not a text per language")
    return {str(language): _text(value, language, f"{where}, {key}") for language in value}


def _options(value: Any, where: str) -> Mapping[str, tuple[str, ...]]:
    if not isinstance(value, dict):
        raise BankError(f"{where}: options are not lists per language")
    return {
        str(language): tuple(_texts(options, f"options ({language})", where))
        for language, options in value.items()
    }
