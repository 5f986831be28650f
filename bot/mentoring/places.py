"""Finding a facility by what people call it."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from rapidfuzz import fuzz, process
from sqlalchemy import select
from sqlalchemy.orm import Session

from bot.text.fold import fold
from bot.text.sentences import SentenceError
from store.people import Facility

# Of 100. "kabarando" is 89 of "kabarondo"; "gahini" is 43 of "gitwe".
CLOSE: Final = 80
_SHORT: Final = {"health centre": "hc", "health center": "hc", "centre de sante": "cs",
                 "health post": "hp", "poste de sante": "hp", "district hospital": "dh",
                 "hopital de district": "dh"}  # fmt: skip
_KINDS: Final = frozenset({"hc", "cs", "hp", "dh", "hospital", "hopital"})


class PlaceError(SentenceError):
    """No facility, or more than one, has this name. One sentence."""


@dataclass(frozen=True)
class Found:
    """``facilities``: those with exactly this name. ``near``: one in nearly these words."""

    facilities: Sequence[Facility]
    near: str | None = None


def shown(facility: Facility) -> str:
    """``Kabarondo HC (Kayonza)``."""
    return f"{facility.name} ({facility.district})" if facility.district else facility.name


def key(name: str) -> str:
    """A name as it is compared: "Health Centre" and "HC" are the same."""
    plain = fold(name)
    for long, short in _SHORT.items():
        plain = plain.replace(long, short)
    return plain


def bare(name: str) -> str:
    """A name without the kind of facility; all of it where nothing else is left."""
    words = [word for word in key(name).split() if word not in _KINDS]
    return " ".join(words) or key(name)


def named(session: Session, name: str) -> Found:
    """The facilities that a name, with or without the district, means."""
    everything = session.scalars(select(Facility).order_by(Facility.name, Facility.district)).all()
    ways: tuple[tuple[str, Callable[[Facility], str]], ...] = (
        (key(name), lambda one: key(shown(one))),
        (key(name), lambda one: key(one.name)),
        (bare(name), lambda one: bare(shown(one))),
        (bare(name), lambda one: bare(one.name)),
    )
    for wanted, way in ways:
        exact = [one for one in everything if way(one) == wanted]
        if exact:
            return Found(exact)
    return Found((), nearest(name, {shown(one): one.name for one in everything}))


def one(session: Session, name: str) -> Facility:
    """The only facility that a name means.

    Raises:
        PlaceError: there is none, or there are several.
    """
    found = named(session, name)
    if len(found.facilities) == 1:
        return found.facilities[0]
    if found.facilities:
        choices = ", ".join(shown(each) for each in found.facilities)
        raise PlaceError(
            "%(name)s may be one of: %(choices)s. Give the district too.",
            name=name,
            choices=choices,
        )
    if found.near:
        raise PlaceError(
            "There is no facility “%(name)s”. Did you mean %(near)s?", name=name, near=found.near
        )
    raise PlaceError("There is no facility “%(name)s”.", name=name)


def nearest(name: str, names: Mapping[str, str]) -> str | None:
    """The key of whichever name is nearest to what was typed, if any is near."""
    best = process.extractOne(
        bare(name), {one: bare(of) for one, of in names.items()}, scorer=fuzz.ratio,
        score_cutoff=CLOSE,
    )  # fmt: skip
    return None if best is None else str(best[2])
