"""Danger in a message: an emergency that is happening now, or a question about one.

A live emergency gets its referral card at once and wakes a mentor; a study question must not, or
mentors stop answering. Live is a sign with somebody it is happening to, unless it is supposed
("if a woman fits"), denied ("no convulsions"), ended ("has stopped") or past ("last pregnancy"). A
reported patient in the present beats the shape of a question ("she is bleeding a lot what dose
txa"). What is in doubt is study: the app then asks whether it is happening now. The patterns are
data: knowledge/danger.yml.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cache, lru_cache
from pathlib import Path
from typing import Any, Final, Literal

from bot.text.fold import fold
from bot.text.yaml_file import read_yaml

_KNOWLEDGE: Final = Path(__file__).with_name("knowledge")

Kind = Literal["live", "study"]

# In the order in which one is chosen when a message speaks of several.
EMERGENCIES: Final = (
    "newborn_not_breathing",
    "choking_airway",
    "anaphylaxis_shock",
    "severe_malaria",
    "dehydration_shock",
    "obstructed_labour",
    "antepartum_bleeding",
    "pph",
    "eclampsia",
    "newborn_danger",
    "child_danger",
    "severe_preeclampsia",
    "adult_unconscious",
)


@dataclass(frozen=True, slots=True)
class Danger:
    """`kind` and `emergency` are both None when no danger is spoken of.

    `cues` names what was recognised, signs first ("sign:bleeding", "person", "since"), for the log
    and for whoever reviews an alarm.
    """

    kind: Kind | None
    emergency: str | None
    cues: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Referral:
    """The card sent at once for an emergency: language -> two short lines, and its source."""

    id: str
    title: Mapping[str, str]
    text: Mapping[str, str]
    source: str
    review: str


@dataclass(frozen=True, slots=True)
class _Sign:
    name: str
    strength: Literal["said", "state", "term"]
    doubtful: bool  # supposed, of another time, or settled since


NO_DANGER: Final = Danger(None, None, ())
_LONGEST: Final = 1600  # characters looked at: one message; more is not texted in an emergency
_CLAUSE_END: Final = re.compile(r"[,;:!?\n()]+|\.+(?=\s|$)|\.{2,}|\s-\s|\bbut\b|\bmais\b")
_POSITIVE: Final = re.compile(r"\b(rdt|tdr|malaria|protein\w*|albumin\w*)\s*\+{1,4}", re.IGNORECASE)
_HEAVY: Final = re.compile(r"(bleeding|saignement|h[ée]morragie)\s*\+{1,4}", re.IGNORECASE)
_CONTRACTED: Final = re.compile(r"n[’']t\b", re.IGNORECASE)
_PRESSURE: Final = re.compile(
    r"\b(?:bp|ta|pressure)[^\d\n]{0,12}(\d{2,3})\s*[/ ]\s*(\d{2,3})\b", re.I
)
_SEVERE_SYSTOLIC, _SEVERE_DIASTOLIC = 160, 110  # mmHg; WHO SMART ANC (ANCDT17)


def assess(text: str) -> Danger:
    """Whether `text` reports an emergency happening now, asks about one, or neither."""
    rules = _rules()
    text = _HEAVY.sub(r"\1 heavily ", _POSITIVE.sub(r"\1 positive ", text[:_LONGEST]))
    text = _CONTRACTED.sub(" not", text)
    clauses = [clause for part in _CLAUSE_END.split(text) if (clause := _spelled_out(part))]
    whole = " | ".join(clauses)
    context = frozenset(name for name, found in rules.context.items() if found.search(whole))
    signs = _signs(clauses, rules)
    if _severe_pressure(text) and context & {"pregnant", "severe_symptom"}:
        signs.append(_Sign("severe_preeclampsia", "state", _is_doubtful(whole, whole, rules)))
    if rules.cues["other_bleeding"].search(whole):
        signs = [sign for sign in signs if sign.name != "bleeding"]
    placed = [(sign, emergency) for sign in signs if (emergency := _emergency(sign.name, context))]
    if not placed:
        return NO_DANGER
    cues = {name for name, found in rules.cues.items() if found.search(whole)}
    live = [pair for pair in placed if _is_live(pair[0], cues)]
    if not live and cues & {"past", "settled"} and "study" not in cues:
        return NO_DANGER
    first = min(live or placed, key=lambda pair: EMERGENCIES.index(pair[1]))
    names = sorted({f"sign:{sign.name}" for sign, _ in placed}) + sorted(cues)
    return Danger("live" if live else "study", first[1], tuple(names))


def _is_live(sign: _Sign, cues: set[str]) -> bool:
    evidence = cues & {"since", "vitals", "action"}
    if sign.doubtful:
        return bool({"now", "person"} <= cues and not cues & {"study", "past", "settled"})
    if sign.strength == "said":
        return True
    if sign.strength == "state":
        if "person" in cues:
            return True
        if "study" in cues:
            return bool(evidence and "somebody" in cues)
        return bool("somebody" in cues or evidence or cues & {"now", "asking"})
    if "study" in cues:
        return False
    return "now" in cues or len(evidence) > 1 or bool(evidence and cues & {"person", "somebody"})


def _signs(clauses: list[str], rules: _Rules) -> list[_Sign]:
    signs: list[_Sign] = []
    for index, clause in enumerate(clauses):
        # What is denied or has ended goes first, so that it cannot hide another, live sign.
        left = rules.cues["denied"].sub(" ", rules.cues["ended"].sub(" ", clause))
        after = " | ".join(clauses[index:])
        for name, by_strength in rules.signs.items():
            for strength, pattern in by_strength:
                match = pattern.search(left)
                if match:
                    doubtful = _is_doubtful(left[: match.end()], after, rules)
                    doubtful = doubtful or bool(rules.cues["past"].search(clause))
                    signs.append(_Sign(name, strength, doubtful))
                    break
    return signs


def _is_doubtful(before: str, after: str, rules: _Rules) -> bool:
    supposed = rules.supposed.search(before) and not rules.cues["really"].search(before)
    return bool(supposed or rules.cues["settled"].search(after))


def _severe_pressure(text: str) -> bool:
    """Whether a severe pressure is written: mmHg, or cmHg as is usual in French ("TA 18/12")."""
    for match in _PRESSURE.finditer(text):
        systolic, diastolic = int(match[1]), int(match[2])
        if systolic <= 30:
            systolic, diastolic = systolic * 10, diastolic * 10
        if systolic >= _SEVERE_SYSTOLIC or diastolic >= _SEVERE_DIASTOLIC:
            return True
    return False


def _emergency(sign: str, context: frozenset[str]) -> str | None:
    """The emergency a sign stands for in this context; None where the sign alone says little."""
    newborn = "newborn" in context or ("baby" in context and "child" not in context)
    child = "child" in context and not newborn
    woman = bool(context & {"pregnant", "delivered"})
    match sign:
        case "bleeding":
            early = "pregnant" in context and "delivered" not in context
            return "antepartum_bleeding" if early else "pph"
        case "newborn_ill":
            return "newborn_danger" if newborn else None
        case "convulsion" | "unconscious" | "cannot_drink":
            return _of_the_ill(sign, context, newborn, child)
        case "not_breathing" | "breathing_trouble":
            if "injection" in context:
                return "anaphylaxis_shock"
            if sign == "breathing_trouble" and newborn:
                return "newborn_danger"
            if newborn or "baby" in context:
                return "newborn_not_breathing"
            return "child_danger" if child else "adult_unconscious"
        case "dehydration":
            return "dehydration_shock"
        case "shock":
            return "pph" if woman and "injection" not in context else "anaphylaxis_shock"
    return {"obstructed": "obstructed_labour", "choking": "choking_airway"}.get(sign, sign)


def _of_the_ill(sign: str, context: frozenset[str], newborn: bool, child: bool) -> str | None:
    if "malaria" in context:
        return "severe_malaria"
    if "diarrhoea" in context and sign != "convulsion":
        return "dehydration_shock"
    if "injection" in context and sign == "unconscious":
        return "anaphylaxis_shock"
    if newborn and not (sign == "convulsion" and "pregnant" in context):
        return "newborn_danger"
    if child:
        return "child_danger"
    if sign == "convulsion":
        return (
            "adult_unconscious" if "man" in context and "pregnant" not in context else "eclampsia"
        )
    return "adult_unconscious" if sign == "unconscious" else None


@dataclass(frozen=True, slots=True)
class _Rules:
    signs: Mapping[str, tuple[tuple[Literal["said", "state", "term"], re.Pattern[str]], ...]]
    supposed: re.Pattern[str]
    cues: Mapping[str, re.Pattern[str]]
    context: Mapping[str, re.Pattern[str]]
    abbreviations: Mapping[str, str]
    spelling: frozenset[str]
    not_misspelt: frozenset[str]


@cache
def _rules() -> _Rules:
    data: dict[str, Any] = read_yaml(_KNOWLEDGE / "danger.yml")

    def any_of(patterns: Iterable[str]) -> re.Pattern[str]:
        whole = "|".join(patterns).replace("<PP>", data["plurals"]).replace("<P>", data["persons"])
        return re.compile(rf"\b(?:{whole})(?!\w)")

    cues = {name: any_of(patterns) for name, patterns in data["cues"].items()}
    strengths: tuple[Literal["said", "state", "term"], ...] = ("said", "state", "term")
    signs = {
        name: tuple((s, any_of(by_strength[s])) for s in strengths if s in by_strength)
        for name, by_strength in data["signs"].items()
    }
    return _Rules(
        signs=signs,
        supposed=cues.pop("supposed"),
        cues=cues,
        context={name: any_of(patterns) for name, patterns in data["context"].items()},
        abbreviations=data["abbreviations"],
        spelling=frozenset(data["spelling"]),
        # A word that a pattern itself uses is spelt as it should be.
        not_misspelt=frozenset(data["not_misspelt"]).union(
            *(re.findall(r"[a-z]{6,}", p.pattern) for p in cues.values()),
            *(re.findall(r"[a-z]{6,}", p.pattern) for by in signs.values() for _, p in by),
        ),
    )


def _spelled_out(clause: str) -> str:
    return " ".join(_word(word) for word in fold(clause).split())


@lru_cache(maxsize=8192)
def _word(word: str) -> str:
    """`word` with its abbreviation undone, or the key word it is a misspelling of."""
    rules = _rules()
    if word in rules.abbreviations:
        return rules.abbreviations[word]
    if len(word) < 6 or word in rules.spelling or word in rules.not_misspelt:
        return word
    allowed = 1 if len(word) < 8 else 2
    near = (k for k in rules.spelling if k[0] == word[0] and abs(len(k) - len(word)) <= allowed)
    best = min(((_distance(word, k), k) for k in near), default=(9, word))
    return best[1] if best[0] <= allowed else word


def _distance(left: str, right: str) -> int:
    """Edits between two words, two neighbours swapped counting as one."""
    before: list[int] = []
    row = list(range(len(right) + 1))
    for i, a in enumerate(left, 1):
        previous, row = row, [i]
        for j, b in enumerate(right, 1):
            cost = min(previous[j] + 1, row[j - 1] + 1, previous[j - 1] + (a != b))
            if before and j > 1 and a == right[j - 2] and left[i - 2] == b:
                cost = min(cost, before[j - 2] + 1)
            row.append(cost)
        before = previous
    return row[-1]


@cache
def referrals() -> dict[str, Referral]:
    """The referral card of every emergency, from knowledge/referrals.yml."""
    path = _KNOWLEDGE / "referrals.yml"
    cards = [Referral(**card) for card in read_yaml(path)]
    return {card.id: card for card in cards}


def referral_text(emergency: str, language: str) -> str:
    """The two lines for `emergency` in `language`, else in English. KeyError if unknown."""
    text = referrals()[emergency].text
    return text.get(language, text["en"])
