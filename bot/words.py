"""What a whole message means when it is a word we know: consent, yes or no, a choice, a command.

Only whole messages count. A sentence that begins with such a word ("help she is bleeding", "stop
bleeding how?") is a sentence, and is left to danger signs and to the question dialogue. The words
are data, in words.yml; every comparison ignores case, accents and punctuation.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from functools import cache
from pathlib import Path
from typing import Any, Final, Literal, cast

from bot.mentoring import plan_asks, until
from bot.text import dates
from bot.text.fold import clean, fold
from bot.text.yaml_file import read_yaml

# Twelve symbols that stay apart when read aloud in English or French, typed on a keypad or written
# by hand. Out go look-alikes (0/O/Q, 1/I/L, 2/Z, 5/S, 6/G, 8/B, U/V) and, where letters or digits
# rhyme, all but one: B C D E G P T V Z with 3; M of M/N; X of F/S/X; K of A/J/K; 9 of 5/9; 7 of
# 6/7 (six, sept); 8 with H. No vowel is left, so that no code is a word: "TAKE CARE" has none.
CODE_ALPHABET: Final = "HKMRWXY23479"
CODE_LENGTH: Final = 4

# About answer cards: for mentors and coordinators.
CARD_COMMANDS: Final = frozenset({"propose", "review"})
MENTOR_COMMANDS: Final = CARD_COMMANDS | frozenset(
    {"cases", "take", "pass", "done", "away", "back", "answer", "thread", "photos", "hurry"}
    | {"debrief"}
    | {"discuss", "sum", "skill"}
)
# From a mentor one thing, from whoever is visited another.
SHARED_COMMANDS: Final = frozenset({"visit", "visits"})
MENTEE_COMMANDS: Final = frozenset(
    {"menu", "language", "ask", "mentor", "call", "withdraw", "stock_code"}
    | {"quiz", "more", "assess", "test", "progress", "plan", "goal", "stock"}
    | {"hour", "week", "fewer", "oftener", "weekends", "no_weekends", "pause", "resume"}
    | {"join", "leave"}
    | SHARED_COMMANDS
)

ConsentWord = Literal["stop", "start", "help"]
StockStatus = Literal["sent", "arrived", "no"]
WalkWord = Literal["back", "skip", "later"]


@dataclass(frozen=True, slots=True)
class Command:
    """A command: `argument` is a language code, a stock item, a case code, a number, or "".

    `text` is what was written after the code of an "answer" or a "stock_code" (a report of missing
    stock), after "discuss", "sum", "visit" or "debrief", or as a goal in own words, as typed; ""
    for all others.
    """

    name: str
    argument: str = ""
    text: str = ""


_CODE: Final = rf"[{CODE_ALPHABET}{CODE_ALPHABET.lower()}]{{{CODE_LENGTH}}}"
_BARE_CODE: Final = re.compile(rf"\s*#?\s*({_CODE})[\s.,:;!)]*")
_MARKED_CODE: Final = re.compile(rf"#\s?({_CODE})(?!\w)")
# A sign is dropped after the code only where no number leans on it: "#K7XM .5 mg" keeps its point.
_ANSWER: Final = re.compile(
    rf"\s*#\s?({_CODE})(?!\w)\s*(?:[:,;)](?!\d)|[.\-–—](?=\s))?\s*(.*)", re.DOTALL
)
# "STOCK #K7XM SENT", and what else may be called so.
_ABOUT_STOCK: Final = re.compile(
    rf"\s*([^\W\d_][^#]{{1,30}}?)\s*#\s?({_CODE})(?!\w)\s*[:,;.\-–—]?\s*(.*)", re.DOTALL
)
_CHOICE: Final = re.compile(r"\s*[(\[]?\s*([0-9]{1,2})\s*[)\].,:;!]*\s*")
_KEYCAP: Final = str.maketrans("", "", "\ufe0f\ufe0e\u20e3\u200b\u200e\u200f\ufeff")
_THUMBS: Final = {
    "👍": True,
    "✅": True,
    "✔": True,
    "👎": False,
    "❌": False,
    "✖": False,
}
_SKIN: Final = str.maketrans("", "", "🏻🏼🏽🏾🏿\ufe0f\u200b")
# Words that make "stock ..." a question or a remark rather than the name of an item.
_SENTENCE_TEXT: Final = """
how what when where why who which is are was were do does did can could should would will if i we
you me my our they he she it has have had not for to
comment quoi que quand ou pourquoi qui est sont il elle je nous vous si pas pour
gute iki ryari ni niba nini lini vipi kama je
"""
_SENTENCE_WORDS: Final = frozenset(_SENTENCE_TEXT.split())
_ITEM_WORDS: Final = 5


def consent_word(text: str) -> ConsentWord | None:
    """Whether the whole message is a word that stops, starts or asks for help.

    YES and its like are no start words here: a quiz also has yes (see `affirmation`).
    "STOP please" stops, but "help please" is somebody asking for help, not for HELP.
    """
    words = _words()
    exact = words.consent.get(fold(text))
    if exact is not None:
        return exact
    polite = words.consent.get(_uncourteous(text))
    return None if polite == "help" else polite


def affirmation(text: str) -> bool | None:
    """True for a whole message that says yes, False for no, None for anything else."""
    bare = text.translate(_SKIN).strip()
    if bare in _THUMBS:
        return _THUMBS[bare]
    answer = _uncourteous(text)
    known = _words().affirmations
    if answer in known:
        return known[answer]
    return known.get(re.sub(r"(\w)\1{2,}", r"\1", answer))


# Said as often for "I see" or "thank you" as for "yes": no answer to act upon.
_COURTESY_TEXT: Final = """
ok okay okey sure correct d accord daccord bien sur sawa noted
thanks thank you thx very much so doctor dr merci beaucoup asante sana murakoze cyane
"""
_COURTESY: Final = frozenset(_COURTESY_TEXT.split())


def clear_answer(text: str) -> bool | None:
    """Like `affirmation`, without "ok" and its like: a yes that may be acted upon."""
    return None if is_courtesy(text) else affirmation(text)


def is_courtesy(text: str) -> bool:
    """Whether a message only says "ok" or "thank you"."""
    said = fold(text).split()
    thumbs = text.translate(_SKIN).strip() in _THUMBS
    return thumbs or (bool(said) and all(word in _COURTESY for word in said))


_GREETING_TEXT: Final = """
hi hello hey good morning afternoon evening bonjour bonsoir salut muraho mwaramutse mwiriwe jambo
habari
"""
_GREETING: Final = frozenset(_GREETING_TEXT.split())


def is_greeting(text: str) -> bool:
    """Whether a message only says hello."""
    said = fold(text).split()
    return bool(said) and all(word in _GREETING for word in said)


def is_later(text: str) -> bool:
    """Whether a whole message says "not now"."""
    return _uncourteous(text) in _words().later


def walk_word(text: str) -> WalkWord | None:
    """What a whole message asks for where several things are asked one after the other."""
    return _words().walk.get(_uncourteous(text))


def stock_status(text: str) -> StockStatus | None:
    """What a whole message says became of a stock-out."""
    return _words().stock_status.get(_uncourteous(text))


def is_newcomer(text: str) -> bool:
    """Whether a whole message says "I am somebody else"."""
    return _uncourteous(text) in _words().newcomer


_SOURCE: Final = re.compile(r"\s*(?:the\s+|la\s+)?source\b\s*(?:is|est|[:=-])?\s*(.*)", re.I | re.S)
_ASKS: Final = re.compile(
    # Not "who": most sources begin with it.
    r"\s*(?:how|what|when|where|why|which|is|are|can|should|does|do|comment|quoi|que|quel\w*|"
    r"quand|pourquoi|qui|est|peut|faut|combien)\b",
    re.IGNORECASE,
)
_SHORTEST_SOURCE: Final = 3


def source(text: str, *, alone: bool) -> str | None:
    """The source of an answer that a message names, or None.

    Args:
        alone: nothing else that was asked waits for a text, so "Source:" need not stand before it.
            Even then, what reads like a question is none.
    """
    marked = _SOURCE.fullmatch(text)
    named = " ".join((marked[1] if marked else text).split())
    if len(named) < _SHORTEST_SOURCE or not any(letter.isalpha() for letter in named):
        return None
    if marked is None and (not alone or "?" in text or _ASKS.match(text)):
        return None
    return named


def number(text: str) -> int | None:
    """The choice a whole message makes: "2", "(2)", "2.", "2️⃣", "two", "deux"; 0 to 99."""
    choice = _CHOICE.fullmatch(unicodedata.normalize("NFKC", text.translate(_KEYCAP)))
    if choice:
        return int(choice[1])
    return _words().numbers.get(_uncourteous(text))


def language_name(text: str) -> str | None:
    """The ISO 639-1 code of the language a whole message names, in any of our languages."""
    return _words().languages.get(_uncourteous(text))


def parse_code(text: str) -> str | None:
    """The case code in `text`, in capitals and without "#".

    Either the whole message is one code, with or without "#", or exactly one "#CODE" stands in it.
    Two different codes are none: nothing is guessed. A bare code inside a sentence does not count,
    because "24hr" and "37wk" have the shape of one.
    """
    plain = unicodedata.normalize("NFKC", text)
    bare = _BARE_CODE.fullmatch(plain)
    if bare:
        return bare[1].upper()
    marked = {match.upper() for match in _MARKED_CODE.findall(plain)}
    return marked.pop() if len(marked) == 1 else None


_LEADING_CODE: Final = re.compile(rf"\s*({_CODE})(?!\w)")
_LIKE_A_CODE: Final = re.compile(r"#\s?(\w{3,6})(?!\w)")


def only_code(text: str) -> str | None:
    """The case code that a whole message is, with or without "#", and nothing else."""
    bare = _BARE_CODE.fullmatch(unicodedata.normalize("NFKC", text))
    return bare[1].upper() if bare else None


def codes_named(text: str) -> frozenset[str]:
    """Everything in `text` that may name a case: "#K7XM" anywhere, or a bare code in front.

    In capitals and without "#". What has the mark counts even if it is no code of ours: whoever
    mistypes one means a case all the same.
    """
    plain = unicodedata.normalize("NFKC", text)
    found = {match.upper() for match in _LIKE_A_CODE.findall(plain)}
    leading = _LEADING_CODE.match(plain)
    if leading:
        found.add(leading[1].upper())
    return frozenset(found)


_SHORTEST_NEAR: Final = 4


def near_mentor_word(word: str) -> str | None:
    """The mentor's command that a single word is, or is with one slip of the finger."""
    said = fold(word)
    known = _words().mentor_words
    if said in known:
        return known[said]
    if len(said) < _SHORTEST_NEAR:
        return None
    near = {name for phrase, name in known.items() if _one_slip(said, phrase)}
    return min(near) if near else None


def is_mentor_word(text: str) -> bool:
    """Whether a whole message is a mentor's command as it is spelt, without its code."""
    return _uncourteous(text) in _words().mentor_words


def shown(name: str) -> str:
    """How a command is written in what we say: its first English word, in capitals."""
    return next(word for word, of in _words().commands.items() if of == name).upper()


def _one_slip(typed: str, meant: str) -> bool:
    """Whether one letter is missing, too many or wrong, or two neighbours are swapped."""
    if len(meant) < _SHORTEST_NEAR or abs(len(typed) - len(meant)) > 1:
        return False
    start = 0
    while start < min(len(typed), len(meant)) and typed[start] == meant[start]:
        start += 1
    a, b = typed[start:], meant[start:]
    swapped = len(a) >= 2 and a[1::-1] == b[:2] and a[2:] == b[2:]
    return swapped or a[1:] == b or a == b[1:] or a[1:] == b[1:]


def command(text: str) -> Command | None:
    """The command a whole message is, or None.

    `#CODE answer` gives `Command("answer", code, answer)`, the answer as typed; `#CODE done` (take,
    pass) gives that command, and a code alone gives None. A command without an argument is the
    whole message, courtesies aside; `language` takes a language's name or nothing, `stock` a short
    item or nothing, `take`, `pass` and `done` a code.
    """
    answered = _ANSWER.fullmatch(text.replace("＃", "#"))
    if answered:
        return _after_code(answered[1].upper(), clean(answered[2]).strip())
    words = _words()
    about = _ABOUT_STOCK.fullmatch(text.replace("＃", "#"))
    if about and words.commands.get(fold(about[1])) == "stock":
        return Command("stock_code", about[2].upper(), clean(about[3]).strip())
    plain = _uncourteous(text)
    name = words.commands.get(plain)
    if name is not None and words.arguments[name] != "code":
        return Command(name)
    weekly = _A_WEEK.fullmatch(plain)
    if weekly is not None:
        return Command("week", weekly[1])
    for phrase, name in words.leading:
        if plain.startswith(phrase + " "):
            if words.arguments[name] in ("said", "visit"):
                rest = plain[len(phrase) + 1 :]
                if words.arguments[name] == "visit" and not _of_visit(text, rest):
                    continue
                return Command(name, text=_after_words(text, len(phrase.split())))
            argument = _argument(text, words.arguments[name], plain[len(phrase) + 1 :])
            if argument is not None:
                own = argument == "words" and words.arguments[name] == "goal"
                return Command(
                    name, argument, _after_words(text, len(phrase.split())) if own else ""
                )
    return None


def after_plan(text: str) -> str | None:
    """What stands behind PLAN, as typed; None: the text does not begin with it."""
    words = _words()
    plain = fold(text)
    for phrase, name in words.leading:
        if name == "plan" and plain.startswith(phrase + " "):
            return _after_words(text, len(phrase.split()))
    return None


_LONGEST_VISIT: Final = 25
_SOME_DAY: Final = date(2026, 3, 1)


def _of_visit(text: str, rest: str) -> bool:
    """Whether what follows VISIT is about one: "the first visit, when?" is a question."""
    words = rest.split()
    if "?" in text or len(words) > _LONGEST_VISIT or words[0] in _SENTENCE_WORDS:
        return False
    if dates.read(text, _SOME_DAY).day is not None:
        return True
    return len(words) <= _ITEM_WORDS and not _SENTENCE_WORDS.intersection(words)


def _after_words(text: str, number: int) -> str:
    """What stands after so many words, as typed."""
    plain = unicodedata.normalize("NFKC", clean(text))
    return re.sub(rf"\A\W*(?:\w+[^\w#+\-]*){{{number}}}", "", plain).strip()


def _after_code(code: str, said: str) -> Command | None:
    name = _words().commands.get(_uncourteous(said))
    if name is not None and _words().arguments[name] in ("code", "maybe_code"):
        return Command(name, code)
    return Command("answer", code, said) if fold(said) else None


def _argument(text: str, kind: str, rest: str) -> str | None:
    """`rest`, folded, as the argument of a command of this kind; None if it does not fit."""
    if kind == "language":
        return language_name(re.sub(r"^(?:to|in|en|mu|kwa|ya|na)\s+", "", rest)) or language_name(
            rest
        )
    if kind in ("code", "maybe_code"):
        return parse_code(rest)
    if kind == "goal":
        return plan_asks.goal(rest, text)
    if kind in _QUANTITIES:
        return _QUANTITIES[kind](rest)
    words = rest.split()
    if "?" in text or len(words) > _ITEM_WORDS or _SENTENCE_WORDS.intersection(words):
        return None
    return rest


# "18", "18h", "18 h 00", "6 pm", "saa 18".
_HOUR: Final = re.compile(r"(?:at |a )?(\d{1,2}) ?(?:h|hrs|heures?|00|h ?00|:00)? ?(am|pm)?")
_DAYS: Final = re.compile(r"(?:for |de |pendant )?(\d{1,2}|a|une?) ?(\w*)")
_PERIODS: Final = {
    **dict.fromkeys(("", "d", "day", "days", "j", "jour", "jours", "siku", "iminsi"), 1),
    **dict.fromkeys(("w", "week", "weeks", "semaine", "semaines", "wiki", "icyumweru"), 7),
    **dict.fromkeys(("month", "months", "mois", "mwezi", "ukwezi"), 30),
}


def _hour(rest: str) -> str | None:
    found = _HOUR.fullmatch(rest)
    if found is None:
        return None
    hour = int(found[1])
    if found[2] is not None:
        if not 1 <= hour <= 12:
            return None
        hour = hour % 12 + (12 if found[2] == "pm" else 0)
    return str(hour)


def _days(rest: str) -> str | None:
    found = _DAYS.fullmatch(rest)
    if found is None or found[2] not in _PERIODS:
        return None
    return str((int(found[1]) if found[1].isdigit() else 1) * _PERIODS[found[2]])


def _count(rest: str) -> str | None:
    found = number(rest)
    return None if found is None else str(found)


def _leave(rest: str) -> str | None:
    return rest if until.is_one(rest) else None


_QUANTITIES: Final = {
    "hour": _hour,
    "days": _days,
    "count": _count,
    "leave": _leave,
    "plan": plan_asks.plan,
}
# "2 a week", "3 par semaine".
_A_WEEK: Final = re.compile(r"(\d{1,2}) (?:a|per|par|kwa|ku) (?:week|semaine|wiki|cyumweru)")


def _uncourteous(text: str) -> str:
    """`text` folded, without a courtesy at either end; a courtesy alone stays."""
    plain = fold(text)
    for courtesy in _words().courtesies:
        plain = plain.removeprefix(courtesy + " ").removesuffix(" " + courtesy)
    return plain


@dataclass(frozen=True, slots=True)
class _Words:
    consent: Mapping[str, ConsentWord]
    affirmations: Mapping[str, bool]
    numbers: Mapping[str, int]
    languages: Mapping[str, str]
    later: frozenset[str]
    walk: Mapping[str, WalkWord]
    newcomer: frozenset[str]
    stock_status: Mapping[str, StockStatus]
    courtesies: tuple[str, ...]
    commands: Mapping[str, str]  # phrase -> name
    arguments: Mapping[str, str]  # name -> kind of argument
    leading: tuple[tuple[str, str], ...]  # phrases that take an argument, longest first
    mentor_words: Mapping[str, str]  # single words of mentors' commands -> name


@cache
def _words() -> _Words:
    path = Path(__file__).with_name("words.yml")
    data: dict[str, Any] = read_yaml(path)
    arguments = {name: str(entry["argument"]) for name, entry in data["commands"].items()}
    commands = _index((name, entry["words"]) for name, entry in data["commands"].items())
    leading = ((phrase, name) for phrase, name in commands.items() if arguments[name] != "none")
    return _Words(
        consent=cast("dict[str, ConsentWord]", _index(data["consent"].items())),
        affirmations={w: v == "yes" for w, v in _index(data["affirmation"].items()).items()},
        numbers={
            fold(word): value
            for words in data["numbers"].values()
            for value, word in enumerate(words, start=1)
        },
        languages={fold(w): code for code, names in data["languages"].items() for w in names},
        later=frozenset(fold(word) for words in data["later"].values() for word in words),
        walk=cast("dict[str, WalkWord]", _index(data["walk"].items())),
        stock_status=cast("dict[str, StockStatus]", _index(data["stock_status"].items())),
        newcomer=frozenset(fold(w) for words in data["newcomer"].values() for w in words),
        courtesies=tuple(map(fold, data["courtesies"])),
        commands=commands,
        arguments=arguments,
        leading=tuple(sorted(leading, key=lambda pair: -len(pair[0]))),
        mentor_words={
            phrase: name
            for phrase, name in commands.items()
            if name in MENTOR_COMMANDS and " " not in phrase
        },
    )


def _index(meanings: Iterable[tuple[str, dict[str, list[str]]]]) -> dict[str, str]:
    """Phrase -> meaning, from meaning -> language -> phrases. Raises ValueError on a double."""
    index: dict[str, str] = {}
    for meaning, languages in meanings:
        for phrase in (fold(phrase) for phrases in languages.values() for phrase in phrases):
            if index.setdefault(phrase, meaning) != meaning:
                raise ValueError(f"words.yml: {phrase!r} means {index[phrase]} and {meaning}")
    return index
