"""Which case a mentor's message belongs to. Plain rules; nothing is ever guessed.

Addressed is what quotes a message about a case, presses its button, or begins with its code. All
else is delivered only where one case alone can be meant, and where it reads as an answer.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from bot import words
from bot.text.fold import fold

Standing = Literal["holder", "offered", "mentee", "none"]
State = Literal["open", "answered", "closed"]


@dataclass(frozen=True, slots=True)
class Meant:
    """A case that a mentor's words could be about.

    ``standing``: the mentor holds it, is offered it, asked it as a mentee, or has nothing to do
    with it any more (passed, lost to another). ``warm``: an answer to it went out a moment ago.
    """

    case: int
    code: str
    standing: Standing
    state: State
    warm: bool = False

    @property
    def takes_words(self) -> bool:
        """Whether a mentor's words may go straight into it."""
        mine = self.standing in ("holder", "offered")
        return mine and (self.state == "open" or (self.state == "answered" and self.warm))


@dataclass(frozen=True, slots=True)
class Said:
    """A mentor's message.

    ``quoted``: the case of the message that was quoted or whose button was pressed; ``coded``: the
    case whose code the text begins with. ``quotes_other``: something was quoted that is about no
    case. ``expecting``: something else that we asked still waits for an answer. ``alarming``: it
    reads as an emergency of the mentor's own.
    """

    text: str
    has_media: bool = False
    quoted: Meant | None = None
    coded: Meant | None = None
    quotes_other: bool = False
    expecting: bool = False
    alarming: bool = False


@dataclass(frozen=True, slots=True)
class Deliver:
    """It belongs to this case."""

    case: int


@dataclass(frozen=True, slots=True)
class Ask:
    """It may belong to one of these, or to none: ask, and send nothing before."""

    cases: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Reopen:
    """It belongs to this case, which is closed: offer to open it again."""

    case: int


@dataclass(frozen=True, slots=True)
class NotForACase:
    """It goes into no case.

    ``why``: ``nothing`` could be meant; a ``courtesy``; a ``greeting``; a ``word`` of ours, alone
    or typed wrong; ``not_theirs``: of ``case``, which somebody else has or nobody gave them.
    """

    why: Literal["nothing", "courtesy", "greeting", "word", "not_theirs"]
    case: int | None = None


Decision = Deliver | Ask | Reopen | NotForACase


def match(said: Said, meant: Sequence[Meant]) -> Decision:
    """Where a mentor's message goes.

    Args:
        meant: every case that can be meant, each once: held or offered; answered and not closed;
            all that we wrote to the mentor about in the last hours, closed, passed or lost; and
            the mentor's own as a mentee. The order is kept in what is asked.
    """
    addressed = [case for case in (said.quoted, said.coded) if case is not None]
    if len({case.case for case in addressed}) == 2:
        return Ask(tuple(case.case for case in addressed))
    if addressed:
        return _into(addressed[0])
    if not (said.text.strip() or said.has_media):
        return NotForACase("nothing")
    if all(case.standing == "mentee" for case in meant):
        return NotForACase("nothing")
    if not said.has_media:
        no_answer = _no_answer(said.text)
        if no_answer is not None:
            return no_answer
    only = meant[0] if len(meant) == 1 else None
    if only is None or _is_doubtful(said, only):
        return Ask(tuple(case.case for case in meant))
    if only.state == "closed":
        return Reopen(only.case)
    return Deliver(only.case) if only.takes_words else Ask((only.case,))


def _into(case: Meant) -> Decision:
    """Where a message goes that says itself which case it is for."""
    if case.standing == "none":
        return NotForACase("not_theirs", case.case)
    if case.state == "closed":
        return Reopen(case.case)
    return Deliver(case.case)


def _no_answer(text: str) -> NotForACase | None:
    """What is no answer to anybody, whatever is open."""
    if words.is_courtesy(text):
        return NotForACase("courtesy")
    if words.is_greeting(text):
        return NotForACase("greeting")
    return NotForACase("word") if is_word(text) else None


_CODE_LIKE = re.compile(r"[#＃]\s?\w{2,6}|(?=\w*\d)\w{3,6}")


def is_word(text: str) -> bool:
    """Whether a text is a mentor's word without its code, or mistyped: "PASS", "TAEK #K7XM"."""
    parts = text.split(maxsplit=1)
    if not parts or words.near_mentor_word(parts[0]) is None:
        return False
    rest = parts[1].strip() if len(parts) == 2 else ""
    return not fold(rest) or _CODE_LIKE.fullmatch(rest.rstrip(" .,:;!)")) is not None


_QUESTION_TEXT = """
how what when where why who which is are was were do does did can could should would may
comment quoi que quel quelle quels quelles quand ou pourquoi qui combien est puis peut faut
iki ryari nigute gute kuki ni nde hehe ese nini lini vipi kwa je nani wapi ngapi
"""
_QUESTION_WORDS = frozenset(_QUESTION_TEXT.split())


def _is_doubtful(said: Said, only: Meant) -> bool:
    """Whether a text may be something else than words into the only case there is.

    A question may be the mentor's own, to the library; a number, a yes or one letter may answer
    something that we asked; a code that is not the case's names another.
    """
    text = said.text
    if said.quotes_other or said.expecting or said.alarming or not text.strip():
        return True
    folded = fold(text).split()
    if "?" in text or "？" in text or not folded or folded[0] in _QUESTION_WORDS:
        return True
    if words.number(text) is not None or words.affirmation(text) is not None:
        return True
    if len("".join(folded)) < 2:
        return True
    return any(code != only.code for code in words.codes_named(text))
