"""A report in another language than English: titles, headings, explanations, words in cells.

The words are data, in ``languages``. What varies within a sentence is ``{}`` there. Names of
people, places and questions stay as they are.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path
from typing import Any, Final

from bot.mentoring import cadence, stock_list
from bot.mentoring.competencies import Catalogue
from bot.reports.table import Column, Report
from bot.text.yaml_file import read_yaml

FOLDER: Final = Path(__file__).with_name("languages")
# Columns of names that people gave: a facility called "All" keeps its name.
_NAMES: Final = frozenset({"mentee", "mentor", "facility"})


@dataclass(frozen=True)
class Phrases:
    """``exact``: a whole text; ``patterns``: with ``{}``, as they stand and what they become."""

    exact: Mapping[str, str]
    patterns: tuple[tuple[re.Pattern[str], str], ...]

    @classmethod
    def of(cls, texts: Mapping[str, str]) -> Phrases:
        """From English to another language."""
        varying = {english: other for english, other in texts.items() if "{}" in english}
        return cls(
            {english: other for english, other in texts.items() if english not in varying},
            tuple(
                (re.compile("(.+)".join(map(re.escape, english.split("{}")))), other)
                for english, other in varying.items()
            ),
        )

    def find(self, text: str) -> str | None:
        """A text in the other language; None where it is not known."""
        if text in self.exact:
            return self.exact[text]
        for pattern, other in self.patterns:
            if found := pattern.fullmatch(text):
                return other.format(*found.groups())
        return None


@dataclass(frozen=True)
class Words:
    """A language: ``headings`` of titles and columns, ``explanations`` below, ``cells`` within."""

    headings: Phrases
    explanations: Phrases
    cells: Phrases


@cache
def words(language: str) -> Words | None:
    """The words of a language; None for English, in which reports are made, and for an unknown."""
    path = FOLDER / f"{language}.yml"
    if not path.is_file():
        return None
    read = read_yaml(path)
    return Words(*(Phrases.of(read[part]) for part in ("headings", "explanations", "cells")))


def translated(report: Report, language: str, catalogue: Catalogue) -> Report:
    """A report in a language; as it is where we do not speak it.

    Keys of columns stay, so CSV and JSON are read by programs as before.
    """
    known = words(language)
    if known is None:
        return report
    titles = _titles(language, catalogue)

    def heading(text: str) -> str:
        return known.headings.find(text) or titles.get(text, text)

    def note(text: str) -> str:
        named, colon, title = text.partition(": ")
        if colon and title in titles:  # what a column's id stands for
            return f"{named}: {titles[title]}"
        return known.explanations.find(text) or text

    def cells(row: Mapping[str, Any], columns: Iterable[Column]) -> dict[str, Any]:
        shown = dict(row)
        for column in columns:
            value = row.get(column.key)
            if column.kind == "text" and column.key not in _NAMES and isinstance(value, str):
                shown[column.key] = known.cells.find(value) or titles.get(value, value)
        return shown

    return replace(
        report,
        title=heading(report.title),
        period=heading(report.period),
        columns=tuple(replace(column, title=heading(column.title)) for column in report.columns),
        rows=[cells(row, report.columns) for row in report.rows],
        definition=note(report.definition),
        notes=tuple(note(text) for text in report.notes),
        total=None if report.total is None else cells(report.total, report.columns),
        empty=note(report.empty),
    )


def heading(text: str, language: str) -> str:
    """A heading that stands above several reports."""
    known = words(language)
    return (known and known.headings.find(text)) or text


def _titles(language: str, catalogue: Catalogue) -> dict[str, str]:
    """What data calls things, from English: areas, competencies, things in stock, rules."""
    given = [
        *(area.title for area in catalogue.areas),
        *(one.title for one in catalogue.competencies.values()),
        *stock_list.load().titles.values(),
        *(rule.title for rule in cadence.rules()),
    ]
    return {title["en"]: title[language] for title in given if language in title}
