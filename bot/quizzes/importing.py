"""Bringing quiz questions in from CSV, XLSX and YAML. All rows or none; every bad row is listed.

A row of a table is one item in one language; rows with the same id make one item. A YAML file has
the shape of the bank's own files. What an item must be is the bank's to say, see
`bot.quizzes.bank.problems`.
"""

from __future__ import annotations

import re
import zlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from difflib import SequenceMatcher
from functools import lru_cache
from pathlib import Path
from typing import Any, Final

import yaml
from openpyxl import load_workbook
from sqlalchemy import select
from sqlalchemy.orm import Session, sessionmaker

from bot.importing import LANGUAGES, Outcome, read_rows
from bot.quizzes import bank, catalogue
from bot.quizzes.matching import leading_or_only_number
from bot.settings import Settings
from bot.text.fold import fold
from bot.words import clear_answer, language_name
from store.quizzes import Item

OPTIONS: Final = ("option_a", "option_b", "option_c", "option_d")
COLUMNS: Final = (
    "id", "technical_area", "competency", "stem", *OPTIONS, "answer", "explanation", "source",
    "language", "critical", "form",
)  # fmt: skip
MORE_COLUMNS: Final = ("card", "cadres", "twin", "facts", "review")
LONGEST_ID: Final = 60
LONGEST_COMPETENCY: Final = 120
NEAR: Final = 0.85  # two names as alike as this are taken for one name and a slip
_FILLED: Final = ("id", "technical_area", "competency", "stem", "answer", "explanation", "source")
_NEEDED: Final = (*_FILLED, "option_a", "option_b")
_ANSWER: Final = re.compile(r"\W*(?:option\s+)?([a-d1-4])(?:\.0)?\W*", re.IGNORECASE)
_YES_NO: Final = {"": False, "true": True, "1": True, "vrai": True} | dict.fromkeys(
    ("false", "0", "faux"), False
)
_MONTH: Final = (
    r"(?:jan|janv|feb|f[ée]vr?|mar|mars|apr|avr|may|mai|june?|juin|july?|juil|aug|ao[uû]t|sept?|oct"
    r"|nov|d[eé]c)\.?"
)
# What a spreadsheet makes of "1/2", "3-4" or "1:1000", as it stands in XLSX and in CSV.
_DATE: Final = re.compile(
    r"\d{4}-\d\d-\d\d(?: \d\d:\d\d:\d\d(?:\.\d+)?)?|(?:\d+ days?, )?\d{1,2}:\d\d:\d\d(?:\.\d+)?"
    rf"|\d{{1,2}}([/.])\d{{1,2}}\1(?:\d\d){{1,2}}"
    rf"|\d{{1,2}}[- ]{_MONTH}(?:[- ]\d{{2,4}})?|{_MONTH}[- ]\d{{2,4}}",
    re.IGNORECASE,
)
_ERROR: Final = re.compile(r"#(?:[A-ZÉ0/]{2,8}[?!]|N/A)")
_WHOLE: Final = re.compile(r"-?\d+\.0")
_DECIMAL: Final = re.compile(r"-?\d+\.\d+")
# What openpyxl lets through of a workbook that was damaged on its way.
_DAMAGED: Final = (zlib.error, EOFError, NotImplementedError, LookupError, SyntaxError)
_LANGUAGE: Final = re.compile(r"\((\w\w)\)")

Names = Mapping[str, Iterable[str]]


@dataclass(frozen=True)
class Known:
    """What the database has. ``items``: what was asked last, also of items withdrawn since."""

    topics: Mapping[str, Mapping[str, str]]  # id: title per language
    competencies: Mapping[str, bank.Competency]
    owners: Mapping[str, str]  # item: topic
    items: Mapping[str, bank.Item]
    withdrawn: frozenset[str] = frozenset()


@dataclass
class Found:
    """What a file holds, and what is wrong with it: (line, sentence), line 0 for the whole file.

    ``lines``: item → language → line; in YAML the language is "".
    """

    topics: tuple[bank.Topic, ...] = ()
    competencies: list[bank.Competency] = field(default_factory=list)
    items: list[bank.Item] = field(default_factory=list)
    lines: dict[str, dict[str, int]] = field(default_factory=dict)
    problems: list[tuple[int, str]] = field(default_factory=list)


@dataclass(frozen=True)
class QuestionRow:
    """One row, checked. ``common`` is what the rows of one item must agree in, by column.

    A column that the file has not is not in ``common``: the item keeps what it has.
    """

    line: int
    id: str
    language: str
    stem: str
    options: tuple[str, ...]
    why: str
    common: Mapping[str, Any]


def questions(
    sessions: sessionmaker[Session], path: Path, settings: Settings, *, check: bool = False
) -> Outcome:
    """Import questions from CSV, XLSX or YAML (columns: the contract's, and ``MORE_COLUMNS``).

    An item that differs from what is asked now becomes a new version; the old ones stay. The file
    has the whole of an item: a language that it leaves out is left out from now on, and the
    summary says so.

    Args:
        check: only look, write nothing.
    """
    with sessions() as session:
        known = look_up(session)
        try:
            found = _read(path, known)
        except ValueError as error:
            return Outcome([str(error)])
        if not found.problems:
            found.problems = together(found, known)
        if found.problems:
            ordered = sorted(found.problems, key=lambda problem: problem[0])
            return Outcome([f"Line {n}: {said}." if n else f"{said}." for n, said in ordered])
        content = bank.Bank(found.topics, tuple(found.competencies), tuple(found.items))
        stored, same = catalogue.save(session, content)
        if check:
            session.rollback()
        else:
            session.commit()
    return Outcome(summary=_summary(found, known, stored, same))


def look_up(session: Session) -> Known:
    """What the database has now."""
    rows = session.execute(select(Item.id, Item.topic, Item.live_version, Item.withdrawn_at)).all()
    live = [(row.id, row.live_version) for row in rows if row.live_version is not None]
    return Known(
        topics=catalogue.topics(session),
        competencies={
            row.id: bank.Competency(row.id, row.topic, dict(row.title))
            for row in catalogue.competencies(session).values()
        },
        owners={row.id: row.topic for row in rows},
        items={key[0]: item for key, item in catalogue.versions(session, live).items()},
        withdrawn=frozenset(row.id for row in rows if row.withdrawn_at is not None),
    )


def _read(path: Path, known: Known) -> Found:
    suffix = path.suffix.lower()
    if suffix in (".yml", ".yaml"):
        found = _read_yaml(path)
    elif suffix in (".csv", ".xlsx"):
        try:
            rows = list(read_rows(path))
            percentages = _percentages(path) if suffix == ".xlsx" else []
        except _DAMAGED as error:
            raise ValueError(f"{path.name} cannot be read as {suffix[1:].upper()}.") from error
        found = read_table(rows, known)
        found.problems += percentages
    else:
        raise ValueError(f"{path.name} is neither CSV nor XLSX nor YAML.")
    for item in found.items:
        found.problems += [
            (_line(found, item.id, said), f"{item.id}: {said}") for said in alone(item, known)
        ]
    return found


def _read_yaml(path: Path) -> Found:
    try:
        content = bank.read_file(path)
        root: Any = yaml.compose(path.read_text(encoding="utf-8"), Loader=yaml.SafeLoader)
    except FileNotFoundError as error:
        raise ValueError(f"There is no file {path}.") from error
    except OSError as error:
        raise ValueError(f"{path.name} cannot be read as YAML.") from error
    except bank.BankError as error:
        raise ValueError(f"{error}.") from error
    found = Found(content.topics, list(content.competencies), list(content.items))
    entries = {key.value: value.value for key, value in root.value}.get("items", ())
    for item, entry in zip(content.items, entries, strict=False):
        found.lines.setdefault(item.id, {"": entry.start_mark.line + 1})
    return found


def read_table(rows: Iterable[tuple[int, dict[str, str]]], known: Known) -> Found:
    """The items of a table, without the bank's own rules (see ``alone``, ``together``).

    Args:
        rows: (line, {column: text}), as `bot.importing.read_rows` gives them.

    Raises:
        ValueError: one sentence: a column is missing or not known, or the file cannot be read.
    """
    found, competencies = Found(), dict(known.competencies)
    items: dict[str, list[QuestionRow]] = {}
    unsound: set[str] = set()
    spelling = {name.casefold(): name for name in known.owners}
    for line, cells in rows:
        if not items:
            _check_heading(cells)
        row, wrong = check_row(line, cells, known.topics, competencies)
        spelled = spelling.setdefault(row.id.casefold(), row.id)
        if row.id != spelled and row.id not in known.owners:
            wrong.append(f"id {row.id!r} is written {spelled!r} elsewhere: write it alike")
        of_item = items.setdefault(row.id, [])
        wrong += _disagreements(row, of_item) if row.id else []
        of_item.append(row)
        found.problems += [(line, reason) for reason in wrong]
        unsound |= {row.id} if wrong else set()
        found.lines.setdefault(row.id, {}).setdefault(row.language, line)
    found.competencies = [c for name, c in competencies.items() if name not in known.competencies]
    for name, of_item in items.items():
        if name not in unsound:
            found.items.append(_item(of_item, known.items.get(name)))
    return found


def _check_heading(cells: Mapping[str, str]) -> None:
    columns = [column for column in cells if column and column != "_extra"]
    for column in columns:
        if column not in (*COLUMNS, *MORE_COLUMNS):
            raise ValueError(f"The heading has a column {column!r} that is not known.")
    if missing := [column for column in _NEEDED if column not in columns]:
        raise ValueError(f"The heading lacks {', '.join(missing)}.")


def check_row(
    line: int,
    cells: Mapping[str, str],
    topics: Mapping[str, Mapping[str, str]],
    competencies: dict[str, bank.Competency],
) -> tuple[QuestionRow, list[str]]:
    """A row as we keep it, and what is wrong with it (one reason each, without the line).

    A competency that is new is added to ``competencies``.
    """
    wrong = [f"{column} is empty" for column in _FILLED if not cells.get(column)]
    if cells.get("_extra"):
        wrong.append("it has more cells than the heading")
    if cells.get(""):
        wrong.append("it has text in a column without a heading")
    wrong += _mishaps(cells)
    common: dict[str, Any] = {
        column: cells[column] for column in ("source", "card", "twin", "review") if column in cells
    }
    common |= {column: _list(cells[column]) for column in ("cadres", "facts") if column in cells}
    options = _options(cells)
    if "" in options:
        wrong.append(f"{OPTIONS[options.index('')]} is empty, but one after it is not")
    language = cells.get("language", "") or bank.FALLBACK
    code = language.lower() if language.lower() in LANGUAGES else language_name(language)
    if code is None:
        wrong.append(f"language {language!r} is not one of {', '.join(LANGUAGES)}")
    if answer := cells.get("answer", ""):
        place, reason = _answer(answer, options)
        common |= {"answer": place} if place is not None else {}
        wrong += [reason] if reason else []
    if "critical" in cells:
        given = cells["critical"]
        critical = _YES_NO.get(given.lower(), clear_answer(given))
        common["critical"] = critical
        if critical is None:
            wrong.append(f"critical {given!r} is neither yes nor no")
    if "form" in cells:
        common["form"] = cells["form"].upper() or None
        if common["form"] not in ("A", "B", None):
            wrong.append(f"form {cells['form']!r} is neither A nor B nor blank")
    if area := cells.get("technical_area", ""):
        topic, reason = _topic(area, topics)
        wrong += [reason] if reason else []
        if topic is not None and (name := cells.get("competency", "")):
            competency, reason = _competency(name, topic, competencies)
            common |= {"technical_area": topic, "competency": competency}
            wrong += [reason] if reason else []
    row = QuestionRow(
        line=line,
        id=cells.get("id", ""),
        language=code or language,
        stem=cells.get("stem", ""),
        options=options,
        why=cells.get("explanation", ""),
        common=common,
    )
    return row, wrong


def _list(cell: str) -> tuple[str, ...]:
    return tuple(filter(None, (part.strip().lower() for part in cell.split(";"))))


def _options(cells: Mapping[str, str]) -> tuple[str, ...]:
    options = [cells.get(column, "") for column in OPTIONS]
    while options and not options[-1]:
        options.pop()
    decimals = [option for option in options if _DECIMAL.fullmatch(option)]
    if all(_WHOLE.fullmatch(option) for option in decimals):
        # "38.0" beside "37.5" was typed; "5.0" beside "10.0" is a spreadsheet's way with numbers.
        return tuple(o.removesuffix(".0") if o in decimals else o for o in options)
    return tuple(options)


def _answer(given: str, options: tuple[str, ...]) -> tuple[int | None, str | None]:
    match = _ANSWER.fullmatch(given)
    if match is None:
        return None, f"answer {given!r} is not a letter from A to D"
    sign = match[1].upper()
    if sign in bank.LETTERS:
        return bank.LETTERS.index(sign), None
    place = int(sign) - 1
    for other, option in enumerate(options):
        if other != place and leading_or_only_number(option, int(sign)):
            return None, f"answer {given!r} may also mean {option!r}: write its letter"
    return place, None


def _mishaps(cells: Mapping[str, str]) -> list[str]:
    """What the spreadsheet, and not the author, has put into a cell."""
    found = [
        f"{column} {cell!r} is a spreadsheet's error, not a text"
        for column, cell in cells.items()
        if _ERROR.fullmatch(cell)
    ]
    for column in ("id", *OPTIONS):
        cell = cells.get(column, "")
        if _DATE.fullmatch(cell):
            found.append(
                f"{column} {cell!r} is a date or a time, which the spreadsheet has made of what"
                " was typed: format the column as text and type it again"
            )
    return found


def _percentages(path: Path) -> list[tuple[int, str]]:
    """The cells of a workbook that show "10%" and hold 0.1."""
    with path.open("rb") as file:
        book = load_workbook(file, read_only=True, data_only=True)
        return [
            (
                int(cell.row or 0),
                f"cell {cell.coordinate} is a percentage to the spreadsheet, which keeps 10% as"
                " 0.1: format the column as text and type it again",
            )
            for cells in book.worksheets[0].iter_rows()
            for cell in cells
            if isinstance(cell.value, int | float) and "%" in (cell.number_format or "")
        ]


def _topic(name: str, topics: Mapping[str, Mapping[str, str]]) -> tuple[str | None, str | None]:
    names = {topic: (*title.values(), topic) for topic, title in topics.items()}
    matching = _matching(name, names)
    if len(matching) == 1:
        return matching[0], None
    if matching:
        return None, f"technical_area {name!r} may be {' or '.join(matching)}: write that"
    if not names:
        return None, f"technical_area {name!r} is not known: there are no technical areas yet"
    closest = [topic for _, topic, _ in _by_likeness(name, names)]
    return None, f"technical_area {name!r} is not one of {', '.join(closest)}"


def _competency(
    name: str, topic: str, competencies: dict[str, bank.Competency]
) -> tuple[str | None, str | None]:
    names = {c.id: (*c.title.values(), c.id) for c in competencies.values() if c.topic == topic}
    matching = _matching(name, names)
    if len(matching) == 1:
        return matching[0], None
    if matching:
        return None, f"competency {name!r} may be {' or '.join(matching)}: write that"
    if not fold(name) or len(name) > LONGEST_COMPETENCY:
        return None, f"competency {name[:40]!r} is no name of at most {LONGEST_COMPETENCY} letters"
    likeness, _, nearest = next(iter(_by_likeness(name, names)), (0.0, "", ""))
    slug = fold(name).replace(" ", "-")
    elsewhere = competencies.get(slug)
    if elsewhere is not None and fold(name) in map(_folded, elsewhere.title.values()):
        slug = f"{topic}-{slug}"  # two topics may each have their "Counselling"
    elif elsewhere is not None:
        return None, f"competency {name!r} is one of {elsewhere.topic}, not of {topic}"
    if likeness >= NEAR or slug in competencies:
        return None, (
            f"competency {name!r} is not known in {topic}: did you mean {nearest!r}?"
            " If not, choose a name that is less like it"
        )
    competencies[slug] = bank.Competency(slug, topic, {bank.FALLBACK: name})
    return slug, None


def _matching(name: str, names: Names) -> list[str]:
    wanted = fold(name)
    by_id = [one for one in names if _folded(one) == wanted]
    return by_id or sorted(one for one, also in names.items() if wanted in map(_folded, also))


def _by_likeness(name: str, names: Names) -> list[tuple[float, str, str]]:
    """(likeness from 0 to 1, id, the name of it that is most alike), the most alike first."""
    wanted = fold(name)
    found = []
    for one, also in sorted(names.items()):
        alike = [(SequenceMatcher(None, wanted, _folded(other)).ratio(), other) for other in also]
        likeness, nearest = max(alike, key=lambda pair: pair[0])
        found.append((likeness, one, nearest))
    return sorted(found, key=lambda best: -best[0])


# The names that we know are compared with every row.
_folded = lru_cache(maxsize=4096)(fold)


def _disagreements(row: QuestionRow, others: list[QuestionRow]) -> list[str]:
    if not others:
        return []
    doubled = [other.line for other in others if other.language == row.language]
    if doubled:
        return [f"id {row.id} ({row.language}) is also on line {doubled[0]}"]
    first = others[0]
    found = [
        f"{column} is {_shown(column, value)}, but {_shown(column, first.common[column])}"
        f" on line {first.line}"
        for column, value in row.common.items()
        if column in first.common and first.common[column] != value
    ]
    if len(row.options) != len(first.options):
        found.append(f"{len(row.options)} options, but {len(first.options)} on line {first.line}")
    return found


def _shown(column: str, value: Any) -> str:
    if column == "answer":
        return bank.LETTERS[value]
    if isinstance(value, bool):
        return "yes" if value else "no"
    return repr("; ".join(value) if isinstance(value, tuple) else value or "")


def _item(rows: list[QuestionRow], old: bank.Item | None) -> bank.Item:
    common = rows[0].common
    given: dict[str, Any] = {
        key: common[key] for key in ("critical", "form", "facts") & common.keys()
    }
    given |= {key: common[key] or None for key in ("card", "twin") & common.keys()}
    given |= {"cadres": frozenset(common["cadres"])} if "cadres" in common else {}
    texts: dict[str, Any] = {
        "topic": common["technical_area"],
        "version": 1,  # the catalogue counts for itself
        "competency": common["competency"],
        "stem": {row.language: row.stem for row in rows},
        "options": {row.language: row.options for row in rows},
        "answer": common["answer"],
        "why": {row.language: row.why for row in rows},
        "source": common["source"],
        "review": common.get("review", ""),
    }
    return replace(old, **texts, **given) if old else bank.Item(rows[0].id, **texts, **given)


def alone(item: bank.Item, known: Known) -> list[str]:
    """What is wrong with one item, whatever else is in the file; sentences without its id."""
    found = [problem.removeprefix(f"{item.id}: ") for problem in bank.problems(item)]
    if known.owners.get(item.id, item.topic) != item.topic:
        found.append(f"is a question of {known.owners[item.id]} already, not of {item.topic}")
    if len(item.id) > LONGEST_ID:
        found.append(f"the id has {len(item.id)} characters, at most {LONGEST_ID}")
    advice = "; name the question that is its other form in a column twin"
    return [said + advice if said == "form and twin go together" else said for said in found]


def together(found: Found, known: Known) -> list[tuple[int, str]]:
    """What is wrong with the items among each other and with those we have: (line, sentence)."""
    problems = [
        (0, f"competency {one.id} is one of {known.competencies[one.id].topic} already")
        for one in found.competencies
        if one.id in known.competencies and known.competencies[one.id].topic != one.topic
    ]
    here = {one.id for one in found.competencies}
    kept = [one for name, one in known.competencies.items() if name not in here]
    twins = {item.twin for item in found.items}
    beside = [
        item
        for name, item in known.items.items()
        if name not in found.lines and (name in twins or item.twin in found.lines)
    ]
    every = bank.Bank((), (*found.competencies, *kept), (*found.items, *beside))
    for said in bank.bank_problems(every):
        name = said.partition(": ")[0]
        if name in found.lines:
            problems.append((_line(found, name), said))
        elif name not in known.items:
            problems.append((0, said))
        elif (twin := known.items[name].twin) in found.lines and "its twin" in said:
            problems.append((_line(found, twin), said))
    return problems


def _line(found: Found, name: str, said: str = "") -> int:
    """The line of an item, in the language that a sentence is about."""
    lines = found.lines[name]
    about = _LANGUAGE.search(said)
    return lines.get(about[1] if about else "", min(lines.values()))


def _summary(found: Found, known: Known, stored: int, same: int) -> str:
    new = sum(item.id not in known.owners for item in found.items)
    parts = [
        f"{len(found.items)} questions: {new} new, {stored - new} changed (new versions),"
        f" {same} as they were."
    ]
    for one in found.competencies:
        if one.id not in known.competencies:
            title = one.title.get(bank.FALLBACK) or next(iter(one.title.values()), one.id)
            parts.append(f"New competency in {one.topic}: {title} ({one.id}).")
    for item in found.items:
        old = known.items.get(item.id)
        if old and (lost := sorted(set(old.languages) - set(item.languages))):
            parts.append(f"{item.id} is no longer there in {', '.join(lost)}.")
        if old and item.id in known.withdrawn:
            stays = old == replace(item, version=old.version)
            parts.append(f"{item.id} was withdrawn and {'stays so' if stays else 'is back'}.")
    return " ".join(parts)
