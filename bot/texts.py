"""Everything the product says by itself, per language (``bot/texts.yml``)."""

from __future__ import annotations

from functools import cache
from pathlib import Path

from bot.text.yaml_file import read_yaml

FALLBACK = "en"


@cache
def _texts() -> dict[str, dict[str, str]]:
    loaded = read_yaml(Path(__file__).with_suffix(".yml"))
    return dict(loaded)


def text(key: str, language: str, **values: object) -> str:
    """A text in a language, with its ``{names}`` filled in.

    Args:
        key: a key of ``texts.yml``.
        language: falls back to English where the text is not written in it.

    Raises:
        KeyError: no such text, or a name without a value.
    """
    per_language = _texts()[key]
    # Not format(): what people wrote must not be read as a format string twice.
    template = per_language.get(language, per_language[FALLBACK])
    return template.format_map({name: str(value) for name, value in values.items()})


def keys() -> frozenset[str]:
    """Every key."""
    return frozenset(_texts())


def languages(key: str) -> frozenset[str]:
    """The languages a text is written in."""
    return frozenset(_texts()[key])
