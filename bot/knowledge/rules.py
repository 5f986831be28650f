"""What may happen to a draft card, and what stands against approving it. Plain rules."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from bot.text.redact import redact

DRAFT: Final = "draft"
IN_REVIEW: Final = "in_review"
APPROVED: Final = "approved"
LIVE: Final = "live"
WITHDRAWN: Final = "withdrawn"
REJECTED: Final = "rejected"
STATES: Final = (DRAFT, IN_REVIEW, APPROVED, LIVE, WITHDRAWN, REJECTED)

# (state, move) → state. What is not here is refused.
MOVES: Final[Mapping[tuple[str, str], str]] = {
    (DRAFT, "edit"): DRAFT,
    (DRAFT, "submit"): IN_REVIEW,
    (DRAFT, "reject"): REJECTED,
    (IN_REVIEW, "edit"): IN_REVIEW,
    (IN_REVIEW, "approve"): APPROVED,
    (IN_REVIEW, "reject"): REJECTED,
    # Before it is live, what was approved can be looked at again.
    (APPROVED, "edit"): IN_REVIEW,
    (APPROVED, "approve"): APPROVED,
    (APPROVED, "reject"): REJECTED,
    (APPROVED, "go_live"): LIVE,
    (LIVE, "withdraw"): WITHDRAWN,
    (WITHDRAWN, "restore"): LIVE,
}

# The topic of a card that fits none of the library's, and the text that is its title.
OTHER_TOPIC: Final = "other"
OTHER_TITLE: Final = "card_topic_other"
LANGUAGES: Final = ("en", "fr", "rw", "sw")
NEEDED_LANGUAGE: Final = "en"
# Characters. An answer with its source then fits four SMS segments, a title a line of a list.
LONGEST_ANSWER: Final = 480
LONGEST_TITLE: Final = 60
LONGEST_EXAMPLE: Final = 300
# With fewer, the model may know the card too little to be sure of it.
FEW_EXAMPLES: Final = 5

# What bot.text.redact leaves in the place of an identifier.
PLACEHOLDER: Final = re.compile(r"\[(?:email|phone|id|date of birth|name)\]")
_SHORTEST_NAME: Final = 3


class NotAllowed(Exception):
    """The state of a draft does not allow this. ``state`` and ``move`` say which."""

    def __init__(self, state: str, move: str) -> None:
        super().__init__(f"{move} is not possible: the draft is {state}.")
        self.state = state
        self.move = move


@dataclass(frozen=True)
class Objection:
    """One thing that stands against approving; ``key`` is a text of ``texts.yml``."""

    key: str
    values: tuple[tuple[str, str], ...] = ()


def after(state: str, move: str) -> str:
    """The state after a move.

    Raises:
        NotAllowed: the state does not allow it.
    """
    try:
        return MOVES[state, move]
    except KeyError:
        raise NotAllowed(state, move) from None


def objections(
    content: Mapping[str, Any],
    *,
    is_own: bool,
    near: Mapping[str, str],
    acknowledged: Collection[str],
    topics: Collection[str],
    names: Iterable[str] = (),
) -> list[Objection]:
    """Everything that stands against approving a draft, in the order of its fields.

    Args:
        content: of the draft, see ``store.knowledge.CardDraft``.
        is_own: whether whoever approves it proposed it.
        near: cards that it is close to, id → title.
        acknowledged: those of them that somebody has looked at.
        topics: of the library.
        names: of the people of its case.
    """
    found: list[Objection] = []
    if is_own:
        found.append(_of("card_no_same_person"))
    if content.get("topic") not in topics:
        found.append(_of("card_no_topic", topics=", ".join(sorted(topics))))
    if not str(content.get("source") or "").strip():
        found.append(_of("card_no_source"))
    title, answer = content.get("title") or {}, content.get("answer") or {}
    examples = content.get("examples") or {}
    if not answer.get(NEEDED_LANGUAGE) or not title.get(NEEDED_LANGUAGE):
        found.append(_of("card_no_english"))
    for language in answer:
        if not examples.get(language):
            found.append(_of("card_no_examples", lang=language))
        if language != NEEDED_LANGUAGE and not title.get(language):
            found.append(_of("card_no_title", lang=language))
    for language, text in answer.items():
        if len(text) > LONGEST_ANSWER:
            values = {"lang": language, "length": len(text), "most": LONGEST_ANSWER}
            found.append(_of("card_answer_long", **values))
    for language, text in title.items():
        if len(text) > LONGEST_TITLE:
            values = {"lang": language, "length": len(text), "most": LONGEST_TITLE}
            found.append(_of("card_title_long", **values))
    found += _identifiers(content, list(names))
    for card, shown in near.items():
        if card not in acknowledged:
            found.append(_of("card_near_unseen", card=card, title=shown))
    return found


def _of(key: str, **values: object) -> Objection:
    return Objection(key, tuple((name, str(value)) for name, value in values.items()))


def _identifiers(content: Mapping[str, Any], names: Sequence[str]) -> list[Objection]:
    found = []
    for field in ("title", "answer", "examples", "follow_ups"):
        for language, texts in (content.get(field) or {}).items():
            for text in [texts] if isinstance(texts, str) else texts:
                kind = identifier(text, names)
                if kind is not None:
                    found.append(_of("card_identifier", field=field, lang=language, kind=kind))
    return list(dict.fromkeys(found))


def identifier(text: str, names: Iterable[str] = ()) -> str | None:
    """The kind of identifier that the rules find in a text, or the mark of one taken out.

    Args:
        names: of people who must not be named in it.
    """
    kinds = redact(text).found
    if kinds:
        return kinds[0]
    marked = PLACEHOLDER.search(text)
    if marked is not None:
        return marked[0].strip("[]")
    for name in names:
        for part in name.split():
            if len(part) >= _SHORTEST_NAME and re.search(
                rf"(?<!\w){re.escape(part)}(?!\w)", text, re.IGNORECASE
            ):
                return "name"
    return None


_GREETING = (
    r"(?:(?:hello|hi|hey|dear|good (?:morning|afternoon|evening)|bonjour|bonsoir|salut|ch[èe]re?|"
    r"muraho|mwaramutse|mwiriwe|habari|jambo)\s+)?(?:(?:sister|nurse|dr|docteur|doctor)\.?\s+)?"
)


def without_greeting(text: str, names: Iterable[str]) -> str:
    """An answer without "Hello Claudine," before it."""
    parts = {re.escape(part) for name in names for part in name.split()}
    if not parts:
        return text
    name = f"(?:{'|'.join(sorted(parts))})"
    greeting = re.match(rf"\s*{_GREETING}{name}(?:\s+{name})*\s*[,.!:;-]+\s*", text, re.IGNORECASE)
    left = text[greeting.end() :] if greeting else text
    return left[:1].upper() + left[1:] if greeting else left


def variants(texts: Iterable[str], names: Iterable[str] = ()) -> list[str]:
    """Question variants from what people wrote: cleaned, each once, none with an identifier.

    Marks of what was redacted are taken out; a text that is left with an identifier, or with
    hardly a word, is left out.
    """
    people = list(names)
    kept: dict[str, str] = {}
    for text in texts:
        plain = " ".join(PLACEHOLDER.sub(" ", redact(text).text).split()).strip(" ,.;:-/")
        plain = plain[:LONGEST_EXAMPLE].rstrip()
        if len(plain.split()) < 2 or identifier(plain, people) is not None:
            continue
        kept.setdefault(plain.casefold(), plain)
    return list(kept.values())


def slug(title: str) -> str:
    """A card's id as it is made from its title: small letters, digits and hyphens."""
    words = re.findall(r"[a-z0-9]+", title.casefold())
    return "-".join(words[:6])[:48].strip("-") or "card"
