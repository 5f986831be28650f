"""What can be missing, as data, and finding it by what people type. Plain rules."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from functools import cache
from pathlib import Path
from typing import Any, Final, Literal

from rapidfuzz import fuzz

from bot.text.fold import fold
from bot.text.yaml_file import read_yaml

SHIPPED: Final = Path(__file__).with_name("stock_items.yml")
Urgency = Literal["none", "days"]
# Of 100: taken without a question, and offered as "did you mean".
SURE: Final = 88
NEAR: Final = 62
# No second name may be nearly as close as what is taken without a question.
CLEAR_BY: Final = 6
MOST_OFFERED: Final = 3
# Shorter names are taken only as they are spelt: "al" is one letter off a dozen words.
SHORTEST_GUESSED: Final = 5


class StockListError(Exception):
    """The list cannot be used. One sentence."""


@dataclass(frozen=True)
class StockList:
    """``titles``: {item: {language: name}}; ``names``: folded name → item."""

    titles: Mapping[str, Mapping[str, str]]
    names: Mapping[str, str]
    remind: Mapping[str, timedelta]
    alert: Mapping[str, timedelta]
    ask: timedelta
    close: timedelta

    def title(self, item: str, language: str) -> str:
        """What an item is called; its id where the list has it no more."""
        known = self.titles.get(item, {})
        return known.get(language) or known.get("en") or item


@dataclass(frozen=True)
class Match:
    """``item``: what is surely meant. ``near``: what may be, the nearest first."""

    item: str | None = None
    near: tuple[str, ...] = ()


@cache
def load(path: Path | None = None) -> StockList:
    """The list of a programme, or the shipped one.

    Raises:
        StockListError: it cannot be read, or one name means two items.
    """
    where = path or SHIPPED
    try:
        data: dict[str, Any] = read_yaml(where)
        titles = {str(item): entry for item, entry in data["items"].items()}
        times = data["times"]
        names: dict[str, str] = {}
        for item, entry in titles.items():
            for name in (item, entry["en"], entry.get("fr", ""), *entry.get("also", ())):
                if fold(name) and names.setdefault(fold(name), item) != item:
                    raise StockListError(
                        f"{where.name}: {name!r} means {names[fold(name)]} and {item}."
                    )
        return StockList(
            titles={
                item: {language: str(entry[language]) for language in ("en", "fr")
                       if language in entry}
                for item, entry in titles.items()
            },
            names=names,
            remind=_days(times["remind"]),
            alert=_days(times["alert"]),
            ask=timedelta(days=times["ask"]),
            close=timedelta(days=times["close"]),
        )  # fmt: skip
    except StockListError:
        raise
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
        raise StockListError(f"{where.name} cannot be used as a list of stock items.") from error


def _days(spans: Mapping[str, float]) -> dict[str, timedelta]:
    return {urgency: timedelta(days=spans[urgency]) for urgency in ("none", "days")}


def match(said: str, known: StockList) -> Match:
    """The item that a text names, perhaps misspelt or with other words around it."""
    words = fold(said)
    if words in known.names:
        return Match(known.names[words])
    if len(words) < SHORTEST_GUESSED:
        return Match()
    best: dict[str, float] = {}
    for name, item in known.names.items():
        if len(name) < SHORTEST_GUESSED:
            score = 100.0 if name in words.split() else 0.0
        else:
            score = max(fuzz.ratio(words, name), 0.95 * fuzz.token_set_ratio(words, name))
        best[item] = max(best.get(item, 0.0), score)
    ranked = sorted(best, key=lambda item: (-best[item], item))
    first, second = ranked[0], ranked[1] if len(ranked) > 1 else None
    clear = second is None or best[first] - best[second] >= CLEAR_BY
    if best[first] >= SURE and clear:
        return Match(first)
    return Match(near=tuple(item for item in ranked if best[item] >= NEAR)[:MOST_OFFERED])
