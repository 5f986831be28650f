"""The catalogue of competencies: what a mentee can be validated in, as data.

A folder of YAML, one file per technical area, and ``associations.yml``. The shipped one lies in
``bot/mentoring/competencies``; a programme has its own by the setting ``COMPETENCIES_DIR``.
Records name areas and competencies by their ids, so an id is never given to something else.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cache, cached_property
from pathlib import Path
from typing import Any, Final, Literal, get_args

import yaml

from bot.text.fold import fold
from bot.text.yaml_file import read_yaml

FOLDER: Final = Path(__file__).parent / "competencies"
ASSOCIATIONS: Final = "associations.yml"
LANGUAGES: Final = ("en", "fr")
_ID: Final = re.compile(r"[A-Za-z0-9]+(?:[-_][A-Za-z0-9]+)*")

Level = Literal["know", "perform"]
"""What a cadre must reach: ``know`` is the knowledge alone, ``perform`` to be validated."""


class CatalogueError(Exception):
    """The catalogue cannot be used; ``problems`` are sentences that name the file and the entry."""

    def __init__(self, problems: list[str]) -> None:
        super().__init__(" ".join(problems))
        self.problems = problems


@dataclass(frozen=True, slots=True)
class Step:
    """One step of an observation checklist. ``critical``: not done, the skill is failed."""

    id: str
    text: Mapping[str, str]
    critical: bool
    source: str
    review: str
    facts: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Competency:
    """What a mentee can be validated in.

    ``bank``: the bank's own, finer competencies that it gathers. ``required``: level per cadre;
    a cadre that is not named need not have it.
    """

    id: str
    area: str
    title: Mapping[str, str]
    topics: tuple[str, ...]
    bank: tuple[str, ...]
    required: Mapping[str, Level]
    checklist: tuple[Step, ...]

    @property
    def critical(self) -> frozenset[str]:
        """The ids of the steps that must be done."""
        return frozenset(step.id for step in self.checklist if step.critical)


@dataclass(frozen=True, slots=True)
class Area:
    """A technical area. ``aliases``: what else lists call it."""

    id: str
    title: Mapping[str, str]
    aliases: tuple[str, ...]
    review: str
    competencies: tuple[Competency, ...]


@dataclass(frozen=True, slots=True)
class Association:
    """Whose mentors teach which topics."""

    id: str
    title: Mapping[str, str]
    topics: tuple[str, ...]


@dataclass(frozen=True)
class Catalogue:
    """Everything of a folder, areas by the names of their files."""

    areas: tuple[Area, ...]
    associations: tuple[Association, ...] = ()

    @cached_property
    def competencies(self) -> Mapping[str, Competency]:
        """Competencies by id, in the catalogue's order."""
        return {one.id: one for area in self.areas for one in area.competencies}

    @cached_property
    def _areas_by_name(self) -> Mapping[str, Area]:
        return {
            fold(name): area
            for area in self.areas
            for name in (*area.aliases, *area.title.values(), area.id)
        }

    @property
    def area_names(self) -> frozenset[str]:
        """Ids, titles and aliases of the technical areas, folded."""
        return frozenset(self._areas_by_name)

    def area(self, name: str) -> Area | None:
        """The technical area of this id, title or alias, however it is written."""
        return self._areas_by_name.get(fold(name))

    def competency(self, name: str, area: Area) -> Competency | None:
        """The competency of an area by id or title, or by a topic or a bank competency of it.

        ``None``: it has none of that name, or a topic leaves more than one.
        """
        wanted = fold(name)
        for one in area.competencies:
            if wanted in {fold(one.id), *map(fold, one.title.values()), *map(fold, one.bank)}:
                return one
        taught = [one for one in area.competencies if wanted in map(fold, one.topics)]
        return taught[0] if len(taught) == 1 else None

    def title(self, name: str, language: str = "en") -> str:
        """The title of an area or a competency; the id where the catalogue has it no more."""
        found: Mapping[str, str] = {}
        if name in self.competencies:
            found = self.competencies[name].title
        for area in self.areas:
            if area.id == name:
                found = area.title
        return found.get(language) or found.get("en") or name

    def required(self, cadre: str | None) -> Mapping[str, Level]:
        """Competency → the level that this cadre must reach; empty for a cadre nobody names."""
        wanted = fold(cadre or "")
        return {
            one.id: level
            for one in self.competencies.values()
            for name, level in one.required.items()
            if fold(name) == wanted
        }


def load(folder: Path | None = None) -> Catalogue:
    """The catalogue of a folder; without one, the shipped one.

    Raises:
        CatalogueError: a file cannot be read, or an entry is not as it must be.
    """
    folder = folder or FOLDER
    paths = sorted(path for path in folder.glob("*.yml") if path.name != ASSOCIATIONS)
    if not paths:
        raise CatalogueError([f"{folder} holds no competencies (*.yml)."])
    problems: list[str] = []
    areas = tuple(filter(None, (_area(path, problems) for path in paths)))
    associations = _associations(folder / ASSOCIATIONS, problems)
    problems += _doubles("technical area", (area.id for area in areas))
    problems += _doubles("competency", (one.id for area in areas for one in area.competencies))
    names = [{fold(n) for n in (area.id, *area.aliases, *area.title.values())} for area in areas]
    problems += _doubles("name of a technical area", (name for some in names for name in some))
    if problems:
        raise CatalogueError(problems)
    return Catalogue(areas, associations)


@cache
def kept(folder: Path | None = None) -> Catalogue:
    """Like ``load``, read once by each process."""
    return load(folder)


def _doubles(what: str, names: Iterable[str]) -> list[str]:
    return [f"The {what} {n} is there {t} times." for n, t in Counter(names).items() if t > 1]


class _Entry:
    """A mapping of a file, and where it stands; what is wrong with it is collected."""

    def __init__(self, value: Any, where: str, problems: list[str]) -> None:
        self.value: Mapping[str, Any] = value if isinstance(value, dict) else {}
        self.where = where
        self.problems = problems
        if not isinstance(value, dict):
            self.wrong("is not a mapping")

    def wrong(self, what: str) -> None:
        self.problems.append(f"{self.where}: {what}.")

    def known(self, *keys: str) -> None:
        for key in self.value.keys() - set(keys):
            self.wrong(f"{key!r} is not known")

    def text(self, key: str) -> str:
        value = self.value.get(key)
        if not isinstance(value, str) or not value.strip():
            self.wrong(f"{key} is missing or no text")
            return ""
        return value.strip()

    def identity(self, key: str) -> str:
        value = self.text(key)
        if value and not _ID.fullmatch(value):
            self.wrong(f"{key} {value!r} may hold letters, digits and single - and _ only")
        return value

    def title(self) -> Mapping[str, str]:
        inner = _Entry(self.value.get("title"), f"{self.where}, title", self.problems)
        return {language: inner.text(language) for language in LANGUAGES}

    def texts(self, key: str) -> tuple[str, ...]:
        value = self.value.get(key, [])
        if not isinstance(value, list) or not all(isinstance(part, str) for part in value):
            self.wrong(f"{key} is not a list of texts")
            return ()
        return tuple(value)

    def entries(self, key: str, name: str) -> list[_Entry]:
        value = self.value.get(key)
        if not isinstance(value, list) or not value:
            self.wrong(f"{key} is not a list with entries")
            return []
        found = []
        for number, one in enumerate(value, 1):
            label = one.get("id", number) if isinstance(one, dict) else number
            found.append(_Entry(one, f"{self.where}, {name} {label}", self.problems))
        return found


def _read(path: Path, problems: list[str]) -> _Entry | None:
    try:
        data = read_yaml(path)
    except (OSError, yaml.YAMLError, ValueError) as error:
        problems.append(f"{path.name}: {' '.join(str(error).split())}.")
        return None
    return _Entry(data, path.name, problems)


def _area(path: Path, problems: list[str]) -> Area | None:
    entry = _read(path, problems)
    if entry is None:
        return None
    entry.known("area", "title", "aliases", "review", "competencies")
    name = entry.identity("area")
    return Area(
        id=name,
        title=entry.title(),
        aliases=entry.texts("aliases"),
        review=entry.text("review"),
        competencies=tuple(
            _competency(one, name) for one in entry.entries("competencies", "competency")
        ),
    )


def _competency(entry: _Entry, area: str) -> Competency:
    entry.known("id", "title", "topics", "bank", "required", "checklist")
    checklist = tuple(_step(step) for step in entry.entries("checklist", "step"))
    if checklist and not any(step.critical for step in checklist):
        entry.wrong("has no critical step")
    for double in _doubles("step", (step.id for step in checklist)):
        entry.wrong(double.rstrip("."))
    return Competency(
        id=entry.identity("id"),
        area=area,
        title=entry.title(),
        topics=entry.texts("topics"),
        bank=entry.texts("bank"),
        required=_required(entry),
        checklist=checklist,
    )


def _required(entry: _Entry) -> Mapping[str, Level]:
    value = entry.value.get("required")
    if not isinstance(value, dict) or not value:
        entry.wrong("required does not say a level for any cadre")
        return {}
    for cadre, level in value.items():
        if level not in get_args(Level):
            entry.wrong(f"required for {cadre}: {level!r} is neither know nor perform")
    return {str(cadre): level for cadre, level in value.items()}


def _step(entry: _Entry) -> Step:
    entry.known("id", "critical", *LANGUAGES, "facts", "source", "review")
    critical = entry.value.get("critical", False)
    if not isinstance(critical, bool):
        entry.wrong("critical is neither true nor false")
    return Step(
        id=entry.identity("id"),
        text={language: entry.text(language) for language in LANGUAGES},
        critical=critical is True,
        source=entry.text("source"),
        review=entry.text("review"),
        facts=entry.texts("facts"),
    )


def _associations(path: Path, problems: list[str]) -> tuple[Association, ...]:
    if not path.exists():
        return ()
    entry = _read(path, problems)
    if entry is None:
        return ()
    entry.known("review", "associations")
    return tuple(
        Association(one.identity("id"), one.title(), one.texts("topics"))
        for one in entry.entries("associations", "association")
    )
