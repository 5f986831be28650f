"""What a mentee's text says about an open quiz question.

People answer with a letter, a digit, the option's words, yes or no, in any of our languages, with
courtesies around and reasons or questions behind. Nothing is guessed: what may mean two options is
asked again, and an "a" that is an article is no answer. Danger words and STOP come before this.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from itertools import pairwise
from typing import Final, Literal

from bot.quizzes.bank import LETTERS, Item
from bot.quizzes.matching import leading_or_only_number, matches, vocabulary
from bot.quizzes.tokens import Token, tidied, tokens
from bot.text.fold import fold
from bot.words import affirmation, command, number

Kind = Literal["answer", "unclear", "several", "question"]

LONGEST: Final = 1600  # characters looked at: one message
_STRONG: Final = re.compile(r"[,;:)\]!?\n=]|\.(?=\s|\.|$)|\s[-–—]\s|[-–—](?=\s|$)")
_STOP: Final = re.compile(r"[.!\n](?=\s|$)|\n")
_GLUED: Final = re.compile(r"(?:opt|option|ans|answer|reponse|rep|choice|choix|no)([a-d1-4])")
_NUMBERED: Final = re.compile(r"q\d{1,2}")


@dataclass(frozen=True, slots=True)
class Graded:
    """What was read.

    answer: `option` (its place, from 0) and `right` are set; `rest` is a question or command that
    stood behind the answer, as typed, or "". several: more than one option may be meant, ask again.
    question: the text asks something instead; `rest` is all of it. unclear: anything else.
    """

    kind: Kind
    option: int | None = None
    right: bool | None = None
    rest: str = ""


_SEVERAL: Final = Graded("several")
_UNCLEAR: Final = Graded("unclear")


def grade(text: str, item: Item, language: str) -> Graded:
    """Reads `text` as an answer to `item`, asked in `language` (ISO 639-1). Never raises.

    The options' own words are accepted in every language that the item has.
    """
    return _Reading(text, item, language).read()


class _Reading:
    """One text against one item."""

    def __init__(self, text: str, item: Item, language: str) -> None:
        self.text = tidied(text[:LONGEST])
        self.item = item
        asked = item.language(language)
        self.options = item.options[asked]
        self.wordings = (
            self.options,
            *(item.options[other] for other in item.languages if other != asked),
        )
        self.tokens = tokens(self.text)
        self.lists = vocabulary()
        self.said_by_yes = self._said_by(True)
        self.said_by_no = self._said_by(False)
        self.is_yes_no = bool(self.said_by_yes and self.said_by_no)

    def read(self) -> Graded:
        if not self.tokens:
            return self._yes_or_no(self.text) or _UNCLEAR
        if fold(self.text) in self.lists["doubts"]:
            return _UNCLEAR
        copied = self._copied()
        if copied is not None:
            return self._answer(copied)
        chosen = self._only_designators(self.tokens)
        if chosen is not None:
            return self._one_of(chosen)
        return (
            self._yes_or_no(self.text)
            or self._own_words()
            or self._every()
            or self._headed()
            or self._question()
            or _UNCLEAR
        )

    def _answer(self, place: int, rest: str = "") -> Graded:
        return Graded("answer", place, place == self.item.answer, rest)

    def _one_of(self, places: set[int]) -> Graded:
        return self._answer(next(iter(places))) if len(places) == 1 else _SEVERAL

    def _said_by(self, yes: bool) -> list[int]:
        """The options that begin with yes, or with no."""
        first = [(fold(option).split() or [""])[0] for option in self.options]
        return [place for place, word in enumerate(first) if affirmation(word) is yes]

    def _yes_or_no(self, text: str) -> Graded | None:
        said = affirmation(text) if self.is_yes_no else None
        if said is None:
            return None
        return self._one_of(set(self.said_by_yes if said else self.said_by_no))

    def _copied(self) -> int | None:
        """The option that is repeated in full, alone or behind its own letter or digit."""
        head, whole = self.tokens[0], fold(self.text)
        tail = fold(self.text[head.end :])
        place = self._place(head)
        for options in self.wordings:
            folded = [fold(option) for option in options]
            if place is not None and tail and tail == folded[place]:
                return place
            # One word alone may be a digit or a letter that names a place.
            if len(self.tokens) > 1 and folded.count(whole) == 1:
                return folded.index(whole)
        return None

    def _every(self) -> Graded | None:
        return _SEVERAL if fold(self.text) in self.lists["all_of_them"] else None

    # Letters, digits, ordinals.

    def _place(self, token: Token) -> int | None:
        """The option that a word names by letter, digit, number word or ordinal."""
        word = token.word
        glued = _GLUED.fullmatch(word)
        word = glued[1] if glued else word
        if len(word) == 1 and word.upper() in LETTERS:
            place = LETTERS.index(word.upper())
        elif word in self.lists["ordinals"]:
            place = (int(self.lists["ordinals"][word]) or len(self.options)) - 1
        else:
            place = (number(word) or 0) - 1
        return place if 0 <= place < len(self.options) else None

    def _only_designators(self, tokens: list[Token]) -> set[int] | None:
        """The options named by a text that holds nothing else but fillers; None for other texts."""
        places: set[int] = set()
        bare: list[int] = []
        named = False
        for at, token in enumerate(tokens):
            word = token.word
            following = tokens[at + 1].word if at + 1 < len(tokens) else ""
            if self._is_filler(tokens, at, following):
                named = named or word in self.lists["naming"]
                continue
            place = self._place(token)
            if place is not None:
                places.add(place)
                if number(word) is not None and not self._is_marked(token):
                    bare.append(place)
            elif letters := self._letters(word):
                places.update(letters)
            elif self.is_yes_no and (answer := self._yes_or_no(word)):
                if answer.option is not None:
                    places.add(answer.option)
            else:
                return None
        if len(places) == 1 and bare and not named:
            return self._or_number(bare[0])
        return places or None

    def _is_filler(self, tokens: list[Token], at: int, following: str) -> bool:
        word, before = tokens[at].word, tokens[at - 1].word if at else ""
        if self.is_yes_no and affirmation(word) is not None:
            return False
        if word in self.lists["filler"] or word in self.lists["joining"]:
            return True
        if _NUMBERED.fullmatch(word) or (word in {"q", "question"} and following.isdigit()):
            return len(tokens) > 1
        if before in {"q", "question"} and word.isdigit():
            return True
        if word in {"no", "n", "nº"}:
            return following.isdigit()
        if word == "good":
            return following in {"morning", "evening", "afternoon"}
        # French "c la B"; English "the second one".
        is_last = at + 1 == len(tokens)
        return (word == "c" and not is_last and following in {"est", "la", "le"}) or (
            word == "one" and (before in self.lists["ordinals"] or before == "the")
        )

    def _letters(self, word: str) -> set[int] | None:
        """The options of "BB" or "AC", letters run together in their order."""
        letters = LETTERS[: len(self.options)]
        if not 2 <= len(word) <= 8 or not set(word.upper()) <= set(letters):
            return None
        is_ordered = all(a < b for a, b in pairwise(word))
        return (
            {letters.index(c) for c in word.upper()} if is_ordered or len(set(word)) == 1 else None
        )

    def _is_marked(self, token: Token) -> bool:
        """Whether a bracket shows that a digit is a place in the list: "(2)", "2)"."""
        return self.text[token.end : token.end + 1] in {")", "]"}

    def _or_number(self, place: int) -> set[int]:
        """A bare "3" is the third option, unless another option is "3 minutes"."""
        if leading_or_only_number(self.options[place], place + 1):
            return {place}
        others = {
            other
            for other, option in enumerate(self.options)
            if leading_or_only_number(option, place + 1)
        }
        return {place} | others

    # The option's own words.

    def _own_words(self) -> Graded | None:
        first = self.tokens[0]
        found = self._matching(self.text)
        # "and massage?" and "do I massage?" ask about an option; they do not choose it.
        if not found or first.word in self.lists["joining"] | self.lists["asking_first"]:
            return None
        if first.word == "a" and found != {0} and len(self.tokens) > 1:
            return _SEVERAL if first.typed == "A" else self._one_of(set(found))
        return self._one_of(set(found))

    def _matching(self, text: str) -> frozenset[int]:
        for options in self.wordings:
            if found := matches(text, options):
                return found
        joined = [part for part in re.split(self._joints(), text) if fold(part)]
        if len(joined) < 2 or len(joined) > len(self.options):
            return frozenset()
        parts = [matches(part, self.options) for part in joined]
        return frozenset().union(*parts) if all(parts) else frozenset()

    def _joints(self) -> str:
        return rf"(?i)[,/&+]|\b(?:{'|'.join(sorted(self.lists['joining']))})\b"

    # An answer with something behind it.

    def _headed(self) -> Graded | None:
        at = 0
        while at < len(self.tokens) - 1 and self._is_lead(at):
            at += 1
        head = self.tokens[at]
        places = self._head_places(head)
        named = any(token.word in self.lists["naming"] for token in self.tokens[:at])
        if places and at + 1 < len(self.tokens):
            return self._behind(places, head, at + 1, named)
        return self._own_words_headed()

    def _is_lead(self, at: int) -> bool:
        following = self.tokens[at + 1].word
        return self._is_filler(self.tokens, at, following)

    def _head_places(self, head: Token) -> set[int]:
        place = self._place(head)
        if place is not None:
            return {place}
        answer = self._yes_or_no(head.word)
        return set() if answer is None or answer.option is None else {answer.option}

    def _behind(self, places: set[int], head: Token, at: int, named: bool) -> Graded | None:
        """The answer `head` when what follows it shows that it is one, else None."""
        tail = self.text[head.end :]
        is_sign = len(head.word) == 1 or _GLUED.fullmatch(head.word) is not None
        own = self._matching(tail) if is_sign else None
        if own:
            return self._one_of(places | own)
        while at < len(self.tokens) - 1 and self._is_filler(
            self.tokens, at, self.tokens[at + 1].word
        ):
            at += 1
        following = self.tokens[at]
        if following.word in self.lists["negation"]:
            return None
        between = self.text[head.end : following.start]
        if not self._is_end(head, between, following, at, named):
            return None
        rest = self._asked(at)
        others = self._only_designators(self.tokens[at:])
        if others is None and not rest:
            others = self._stray_letters(self.tokens[at:])
        if others and others != places and "?" not in tail:
            return _SEVERAL
        place = next(iter(places))
        return self._answer(place, rest)

    def _is_end(self, head: Token, between: str, following: Token, at: int, named: bool) -> bool:
        """Whether the answer ends before `following`, so that "a woman" is none."""
        word, lists = following.word, self.lists
        if head.typed.isdigit() and following.typed.isdigit() and between in {".", ",", "/", ":"}:
            return False
        asks = word in lists["asking"] or word in lists["asking_first"]
        if _STRONG.search(between + following.typed[0]):
            return True
        if word in lists["turning"] | lists["reasoning"] or self._joins_question(at):
            return True
        if named:
            return head.word != "a" or asks
        is_command = command(self.text[following.start :]) is not None
        if head.word in {"a", "c"}:
            return head.typed.isupper() and (is_command or word in lists["asking_english"])
        if is_command:
            return True
        is_sign = len(head.word) == 1 or _GLUED.fullmatch(head.word) is not None
        return is_sign and word in lists["asking"]

    def _joins_question(self, at: int) -> bool:
        """ "and what about ..." """
        following = self.tokens[at + 1].word if at + 1 < len(self.tokens) else ""
        return self.tokens[at].word in self.lists["joining"] and following in self.lists["asking"]

    def _stray_letters(self, tokens: list[Token]) -> set[int] | None:
        """Other letters in a short tail: "A, not B"."""
        if len(tokens) > 4:
            return None
        typed = [token for token in tokens if len(token.word) == 1 and token.typed != "a"]
        return {place for token in typed if (place := self._place(token)) is not None}

    def _own_words_headed(self) -> Graded | None:
        """ "Oxytocin, but what if there is no fridge?" """
        for at, token in enumerate(self.tokens[1:], start=1):
            before = self.text[self.tokens[at - 1].end : token.start]
            if not (_STOP.search(before + token.typed[0]) or self._turns(at)):
                continue
            found = self._matching(self.text[: token.start])
            if len(found) == 1:
                return self._answer(next(iter(found)), self._asked(at))
        return None

    def _turns(self, at: int) -> bool:
        """ "because ..." and "but what ...", not "chest indrawing but no danger sign" """
        if self.tokens[at].word in self.lists["turning"] and at + 1 < len(self.tokens):
            return self.tokens[at + 1].word in self.lists["asking"] | self.lists["asking_first"]
        return self.tokens[at].word in self.lists["reasoning"]

    # Questions.

    def _asked(self, at: int) -> str:
        """What is asked, or commanded, from the token at `at` on, as typed; "" for anything else.

        A leading "but" or "and" is left out.
        """
        behind = self.text[self.tokens[at].start :].strip()
        if command(behind) is not None:
            return behind
        dropped = self.lists["joining"] | self.lists["turning"] | self.lists["reasoning"]
        while at < len(self.tokens) - 1 and self.tokens[at].word in dropped:
            at += 1
        first = [token.word for token in self.tokens[at : at + 3]]
        rest = self.text[self.tokens[at].start :].strip()
        if command(rest) is not None:
            return rest
        asks = first[0] in self.lists["asking_first"] or not self.lists["asking"].isdisjoint(first)
        return rest if ("?" in rest or asks) and len(self.tokens) - at >= 2 else ""

    def _question(self) -> Graded | None:
        said = [token.word for token in self.tokens]
        while len(said) > 1 and said[0] in self.lists["filler"] and said[0] not in {"is", "est"}:
            said = said[1:]
        if len(self.tokens) < 2:
            return None
        asking, first = self.lists["asking"], self.lists["asking_first"]
        asks = (
            "?" in self.text
            or said[0] in first | {"is", "est", "would", "will"}
            or not asking.isdisjoint(said[:3])
            or (len(said) >= 4 and not asking.isdisjoint(said))
        )
        return Graded("question", rest=self.text.strip()) if asks and len(said) >= 2 else None
