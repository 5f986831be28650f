"""A draft card as a YAML file that people edit. Plain rules.

The file has the fields of a card file (``bot/knowledge/cards``) and ``guideline`` (the id of the
guideline that a withdrawal names), ``owner`` (a phone number or an external id) and ``expires_on``
(YYYY-MM-DD).
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from typing import Any, Final

import yaml

from bot.knowledge.rules import LANGUAGES

# In the order in which they are shown.
TEXTS: Final = ("title", "answer")
LISTS: Final = ("examples", "follow_ups")
PLAIN: Final = ("source", "guideline", "owner", "emergency")
FIELDS: Final = ("topic", *TEXTS, *LISTS, *PLAIN, "expires_on", "facts", "cadres")


class BadFile(Exception):
    """A file is no draft card. The message is one sentence."""


class _Dumper(yaml.SafeDumper):
    """Lists are indented below their field, as in the card files."""

    def increase_indent(self, flow: bool = False, indentless: bool = False) -> None:
        super().increase_indent(flow, False)


def write(content: Mapping[str, Any]) -> str:
    """The file of a draft's content; ``read`` gives the content back."""
    shown = {field: content.get(field) for field in FIELDS if field in content}
    for field in FIELDS:
        empty: Any = {} if field in TEXTS + LISTS else [] if field in ("facts", "cadres") else None
        shown.setdefault(field, empty)
    ordered = {field: shown[field] for field in FIELDS}
    return yaml.dump(ordered, Dumper=_Dumper, allow_unicode=True, sort_keys=False, width=88)


def read(text: str) -> dict[str, Any]:
    """The content of a draft from its file.

    Raises:
        BadFile: it is not YAML, or a field is not of its kind.
    """
    try:
        loaded = yaml.safe_load(text)
    except yaml.YAMLError as error:
        where = getattr(error, "problem_mark", None)
        at = f" (line {where.line + 1})" if where is not None else ""
        raise BadFile(f"The file is not YAML{at}.") from None
    if not isinstance(loaded, dict):
        raise BadFile("The file is not a mapping of fields.")
    if unknown := [str(field) for field in loaded if field not in FIELDS]:
        raise BadFile(f"The file has a field {unknown[0]!r} that is not known.")
    content: dict[str, Any] = {"topic": _plain("topic", loaded.get("topic"))}
    for field in TEXTS + LISTS:
        content[field] = _by_language(field, loaded.get(field))
    for field in PLAIN:
        content[field] = _plain(field, loaded.get(field))
    content["expires_on"] = _day(loaded.get("expires_on"))
    for field in ("facts", "cadres"):
        content[field] = _list(field, loaded.get(field))
    return content


def _by_language(field: str, value: Any) -> dict[str, Any]:
    if value is None:
        return {}
    if not isinstance(value, dict):
        raise BadFile(f"The field {field} has no language such as en in it.")
    found: dict[str, Any] = {}
    for language, texts in value.items():
        if language not in LANGUAGES:
            raise BadFile(f"The field {field} has {language!r}, not one of {', '.join(LANGUAGES)}.")
        if field in LISTS:
            texts = _list(f"{field} in {language}", texts)
        elif texts is not None:
            texts = " ".join(str(_plain(f"{field} in {language}", texts) or "").split())
        if texts:
            found[language] = texts
    return found


def _plain(field: str, value: Any) -> str | None:
    if value is None:
        return None
    if isinstance(value, dict | list):
        raise BadFile(f"The field {field} is not a text.")
    return str(value).strip() or None


def _list(field: str, value: Any) -> list[str]:
    if value is None:
        return []
    if not isinstance(value, list) or any(isinstance(one, dict | list) for one in value):
        raise BadFile(f"The field {field} is not a list of texts.")
    return [" ".join(str(one).split()) for one in value if one is not None and str(one).strip()]


def _day(value: Any) -> str | None:
    if value is None:
        return None
    try:
        return date.fromisoformat(str(value)).isoformat()
    except ValueError:
        raise BadFile(
            f"The field expires_on has {value!r}, not a day such as 2027-01-31."
        ) from None
