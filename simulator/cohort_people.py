"""Made-up people: names, places and numbers that belong to nobody."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from simulator.cohort_traits import (
    OPERATOR_WEIGHTS,
    OPERATORS,
    Traits,
    between,
    draw_habits,
    draw_median,
    draw_reply,
    draw_routine,
    draw_typing,
)
from simulator.cohort_types import stream

# 100000 numbers from +250700100000: no operator there has this prefix.
FIRST_NUMBER: Final = 700_100_000
MOST: Final = 100_000
_GIVEN_TEXT: Final = """
Abelina Balimo Celandi Dorevu Elimara Faruno Gelisa Hamiro Ilvani Jolande Kelora Lumina Marezi
Nolika Olvera Pelino Quilora Resani Solimo Tamira Ulmeno Velisa Wandiro Xelani Yoreva Zalimo Amelko
Brivana Cosimba Delaro Evinka
"""
_FAMILY_TEXT: Final = """
Akelumba Bandoriva Cimurela Dakomire Ekalundo Fumarela Gorimba Hakulena Imarondo Jakumbeli Kelumiro
Lomarisa Mukelando Narumbila Okelimba Pamurero Rakolimbe Sakomira Tumerela Ukarimbo Vamolera
Wakelundi Yamurisa Zakolimba Belumaro Combarile Dumarike Farolimbe Galumera Holumbari Kimolera
Lakurimbe Melokaru Nakolumba Pirumela Silumbaro Tarokimbe
"""
_GIVEN: Final = tuple(_GIVEN_TEXT.split())
_FAMILY: Final = tuple(_FAMILY_TEXT.split())
_DISTRICTS: Final = ("Eastvale", "Hillmark", "Lakeside", "Northmere", "Rivermouth", "Stonefield")
_TOWNS_TEXT: Final = """
Alderwell Birchford Cedarbank Dovehill Elmbridge Fernley Gullcross Hazelmoor Ivybrook Juniper
Kestrelford Larkmead Millbrow Nettlehill Oakhaven Pinewater Quarrybank Rowanfield Saltmere Thornlea
Umberton Violetmead Willowby Yarrowgate
"""
_TOWNS: Final = tuple(_TOWNS_TEXT.split())
_CADRES: Final = ("nurse", "midwife", "chw")
_CADRE_WEIGHTS: Final = (5, 3, 2)
_LEVELS: Final = {
    "nurse": ("health centre", "district hospital"),
    "midwife": ("health centre", "district hospital"),
    "chw": ("health post",),
}


def cohort(
    n: int,
    seed: int | str,
    languages: Sequence[str] = ("en", "en", "fr"),
    channels: Sequence[str] = ("sms", "sms", "whatsapp"),
    timezone: str = "Africa/Kigali",
) -> list[Traits]:
    """`n` mentees. The same seed gives the same people, however many are wanted.

    Args:
        languages: ISO 639-1 codes ("en", "fr"), drawn evenly: one named twice is twice as likely.
        channels: "sms" and "whatsapp", drawn likewise.
        timezone: everybody's, an IANA name.

    Raises:
        ValueError: more than `MOST` people are wanted or less than none, or a list is empty.
    """
    if not 0 <= n <= MOST:
        raise ValueError(f"a cohort has 0 to {MOST} people, not {n}")
    if not languages or not channels:
        raise ValueError("a cohort needs at least one language and one channel")
    return [_mentee(index, seed, languages, channels, timezone) for index in range(n)]


def name_of(index: int) -> str:
    """An invented name, another one for every index."""
    # The lists' lengths have no common factor, so every pair comes once before a number is needed.
    name = f"{_GIVEN[index % len(_GIVEN)]} {_FAMILY[index % len(_FAMILY)]}"
    turn = index // (len(_GIVEN) * len(_FAMILY))
    return f"{name} {turn + 1}" if turn else name


def _mentee(
    index: int, seed: int | str, languages: Sequence[str], channels: Sequence[str], timezone: str
) -> Traits:
    name = name_of(index)
    who = f"{seed}:{name}"
    rng = stream(who, "traits")
    operator = rng.choices(OPERATORS, OPERATOR_WEIGHTS)[0]
    cadre = rng.choices(_CADRES, _CADRE_WEIGHTS)[0]
    level = rng.choice(_LEVELS[cadre])
    town = rng.randrange(len(_TOWNS))
    return Traits(
        stream=who,
        name=name,
        number=f"+250{FIRST_NUMBER + index}",
        channel=rng.choice(channels),
        language=rng.choice(languages),
        operator=operator.name,
        district=_DISTRICTS[town % len(_DISTRICTS)],
        facility=f"{_TOWNS[town]} {level.title()}",
        facility_level=level,
        cadre=cadre,
        routine=draw_routine(rng, timezone, operator.outages),
        skill=between(rng.gauss(0.47 if cadre == "chw" else 0.53, 0.13), 0.2, 0.85),
        learning=rng.uniform(0.6, 1.6),
        half_life=between(rng.gauss(12.0, 3.0), 6.0, 20.0),
        slip=rng.uniform(0.02, 0.08),
        guess=rng.uniform(0.2, 0.32),
        attention=rng.uniform(0.65, 0.95),
        reply=draw_reply(rng, operator),
        median_minutes=draw_median(rng),
        spread=rng.uniform(1.2, 1.7),
        presses=rng.uniform(0.7, 0.98),
        typing=draw_typing(rng),
        habits=draw_habits(rng),
    )
