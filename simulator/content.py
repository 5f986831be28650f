"""Content templates: checking, filling in, and what a phone shows of them. Plain rules."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass, field
from typing import Any

from simulator.errors import ApiError
from simulator.model import Content

_PLACE = re.compile(r"\{\{\s*([A-Za-z0-9_]+)\s*\}\}")
TYPES = ("twilio/text", "twilio/quick-reply", "twilio/list-picker")
_UNWELCOME = re.compile(r"[\n\r\t]| {5,}")


@dataclass(frozen=True, slots=True)
class Filled:
    """A template made into a message. `missing`: a placeholder had no value.

    `unruly`: a value has a line break, a tab or more than four blanks in a row, which WhatsApp
    refuses in a template's parameters (Meta, "Message templates", error 132018).
    """

    body: str
    kind: str
    buttons: list[dict[str, str]] = field(default_factory=list)
    picker: dict[str, Any] | None = None
    missing: bool = False
    unruly: bool = False


def parse_variables(raw: str | None) -> dict[str, str]:
    """The ContentVariables parameter. ApiError 21656 unless a JSON object of plain values."""
    if not raw:
        return {}
    try:
        plain = json.loads(raw)
    except ValueError:
        raise ApiError(400, 21656) from None
    if not isinstance(plain, dict) or any(isinstance(v, dict | list) for v in plain.values()):
        raise ApiError(400, 21656)
    return {str(name): "" if value is None else str(value) for name, value in plain.items()}


def check_types(types: Any) -> dict[str, dict[str, Any]]:
    """The `types` of a new template, by the limits of Twilio's "Content types overview"."""
    if not isinstance(types, dict) or not types:
        raise ApiError(400, 20001, "types is required")
    for name, parts in types.items():
        if name not in TYPES or not isinstance(parts, dict) or not parts.get("body"):
            raise ApiError(400, 20001, f"{name} is not a usable content type")
        if name == "twilio/quick-reply":
            _check_rows(name, parts.get("actions"), "title", 10, 25)
        if name == "twilio/list-picker":
            if not parts.get("button"):
                raise ApiError(400, 20001, "button is required")
            _check_rows(name, parts.get("items"), "item", 10, 24)
    return types


def _check_rows(name: str, rows: Any, label: str, most: int, longest: int) -> None:
    if not isinstance(rows, list) or not 1 <= len(rows) <= most:
        raise ApiError(400, 20001, f"{name} takes 1 to {most} rows")
    for row in rows:
        text = row.get(label) if isinstance(row, dict) else None
        if not text or (len(str(text)) > longest and "{{" not in str(text)):
            raise ApiError(400, 20001, f"{name}: {label} takes 1 to {longest} characters")


def fill(content: Content, given: dict[str, str], whatsapp: bool) -> Filled:
    """Render for a channel: SMS gets the plain text, WhatsApp the richest type there is."""
    values = {**content.variables, **given}
    gaps: list[str] = []

    def put(text: Any) -> str:
        def one(match: re.Match[str]) -> str:
            if match[1] not in values:
                gaps.append(match[1])
            return values.get(match[1], "")

        return _PLACE.sub(one, str(text))

    order = reversed(TYPES) if whatsapp else TYPES
    kind = next(name for name in order if name in content.types)
    parts = content.types[kind]
    body = put(parts["body"])
    buttons: list[dict[str, str]] = []
    picker: dict[str, Any] | None = None
    if whatsapp and kind == "twilio/quick-reply":
        buttons = [
            {"title": put(row["title"]), "id": put(row.get("id") or row["title"])}
            for row in parts["actions"]
        ]
    if whatsapp and kind == "twilio/list-picker":
        rows = [
            {
                "item": put(row["item"]),
                "id": put(row.get("id") or row["item"]),
                "description": put(row.get("description") or ""),
            }
            for row in parts["items"]
        ]
        picker = {"button": put(parts["button"]), "items": rows}
    used = set(_PLACE.findall(json.dumps(content.types, ensure_ascii=False)))
    unruly = any(_UNWELCOME.search(values[name]) for name in used if name in values)
    return Filled(body, kind, buttons, picker, bool(gaps), unruly)
