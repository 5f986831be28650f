"""Menus and templates as data (``channels/templates.yml``)."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from bot.text.yaml_file import read_yaml

FALLBACK = "en"
# WhatsApp quick replies: 3 in session, 20 characters each.
LONGEST_BUTTON = 20
# A list's rows carry at most this in small letters (Twilio, "list picker").
LONGEST_DESCRIPTION = 72
# A variable cannot hold a line break (Twilio's error 21656), so there is one content per menu
# and number of lines: these, unless the menu names others.
USUAL_LINES = (1, 4)


@dataclass(frozen=True)
class Menu:
    """Choices under a message: buttons on WhatsApp, a line of numbers on SMS.

    ``ids`` is what a press of each option tells us. ``picker`` is the label of the button that
    opens the options as a list, where WhatsApp's three buttons do not do; the last lines of the
    body then say what each option means. ``lines``: under bodies of how many lines it can stand.
    """

    name: str
    language: str
    ask: str
    options: tuple[str, ...]
    in_body: bool
    ids: tuple[str, ...]
    picker: str | None
    lines: range

    def content_name(self, lines: int) -> str:
        """Name of the content whose body has this many lines (one of ``lines``)."""
        return f"{self.name}_{lines}"

    def content_body(self, lines: int) -> str:
        """The body as the provider has it: one variable per line, then what is asked."""
        parts = [f"{{{{{number}}}}}" for number in range(1, lines + 1)]
        return "\n".join([*parts, self.ask] if self.ask else parts)

    def explained_by(self, lines: int) -> range:
        """The numbers of the lines, of this many, that say what the options of a list mean."""
        return range(lines - len(self.options) + 1, lines + 1)

    def suits(self, lines: Sequence[str]) -> bool:
        """Whether it can stand under a body of these lines.

        A list repeats the last lines beside its rows, so each must begin with the option that it
        stands beside, and fit.
        """
        if len(lines) not in self.lines:
            return False
        if self.picker is None:
            return True
        beside = (lines[number - 1] for number in self.explained_by(len(lines)))
        return all(
            line.startswith(f"{option} ") and len(line) <= LONGEST_DESCRIPTION
            for option, line in zip(self.options, beside, strict=True)
        )

    def as_text(self) -> str:
        """The line for a channel without buttons; empty where the body lists the choices."""
        if self.in_body:
            return ""
        numbered = " ".join(f"{n} {option}" for n, option in enumerate(self.options, 1))
        return f"{self.ask} {numbered}".strip()


@dataclass(frozen=True)
class ApprovedTemplate:
    """A text that WhatsApp has approved for people outside the 24 h window.

    ``ids`` is what a press of each option tells us; empty where that is only "I am here".
    """

    name: str
    language: str
    body: str
    options: tuple[str, ...]
    ids: tuple[str, ...]
    example: dict[str, str]

    def filled(self, variables: dict[str, Any]) -> str:
        """The body as the person sees it."""
        return re.sub(r"\{\{(\w+)\}\}", lambda m: str(variables.get(m.group(1), "")), self.body)


@cache
def _data() -> dict[str, Any]:
    path = Path(__file__).with_name("templates.yml")
    return dict(read_yaml(path))


def menu(name: str, language: str) -> Menu:
    """A menu in a language, in English where it is not written in it."""
    per_language = _data()["menus"][name]
    where = language if language in per_language else FALLBACK
    row = per_language[where]
    options = tuple(row["options"])
    numbers = [str(number) for number in range(1, len(options) + 1)]
    fewest, most = row.get("lines", USUAL_LINES)
    return Menu(
        name=name,
        language=where,
        ask=row["ask"],
        options=options,
        in_body=bool(row.get("in_body")),
        ids=tuple(row.get("ids", numbers)),
        picker=row.get("picker"),
        lines=range(fewest, most + 1),
    )


def template(name: str, language: str) -> ApprovedTemplate:
    """A template in a language, in English where it is not written in it."""
    per_language = _data()["templates"][name]
    where = language if language in per_language else FALLBACK
    row = per_language[where]
    return ApprovedTemplate(
        name=name,
        language=where,
        body=row["body"],
        options=tuple(row.get("options", ())),
        ids=tuple(row.get("ids", ())),
        example=row["example"],
    )


def every_menu() -> list[Menu]:
    """All menus in all their languages."""
    return [menu(name, lang) for name, rows in _data()["menus"].items() for lang in rows]


def every_template() -> list[ApprovedTemplate]:
    """All templates in all their languages."""
    return [template(name, lang) for name, rows in _data()["templates"].items() for lang in rows]


def friendly_name(name: str, language: str) -> str:
    """The name by which the provider's content is found again."""
    return f"mentorline_{name}_{language}"
