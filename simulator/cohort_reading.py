"""What a message wants of the person who reads it, told by its words in English and French.

The people of the simulation know the product as people do: by what it says to them.
"""

from __future__ import annotations

import re
import unicodedata
from typing import Final, Literal

Wants = Literal[
    "answer_of_mentor",
    "consent",
    "language",
    "clean_letter",
    "emergency",
    "which_meant",
    "helpful",
    "anything",
    "question",
    "number",
    "feedback",
    "reminder",
    "week",
    "nothing",
]

# In this order: a mentor's words may hold any of the others.
_SIGNS: Final[tuple[tuple[Wants, str], ...]] = (
    ("answer_of_mentor", r"^.{1,80} \(mentor[^)\n]{0,80}\)(?: on case|, cas) #"),
    ("consent", r"do you agree|acceptez-vous"),
    (
        "language",
        r"^which language\?|^quelle langue ?\?|^the library speaks|^la bibliotheque parle",
    ),
    ("clean_letter", r"could not read your answer|more than one answer fits what you sent"),
    ("clean_letter", r"n'ai pas pu lire la reponse|plusieurs reponses vont avec"),
    ("emergency", r"is this happening now|est-ce en cours maintenant"),
    ("which_meant", r"^did you mean|^vouliez-vous dire"),
    ("helpful", r"did this help\?|cela vous aide ?\?"),
    ("helpful", r"did this answer your question\?|cela repond-il a votre question ?\?"),
    ("anything", r"reply with anything to read|repondez n'importe quoi pour le lire"),
    ("question", r"^text your question now|^envoyez votre question maintenant"),
    ("question", r"^what would you like to ask a mentor|^que voulez-vous demander a un mentor"),
    ("number", r"^please reply with a number|^repondez par un numero"),
    ("feedback", r"^source ?: .*\bask ?:"),
    ("reminder", r"^[^\n]{0,60}(?:still open|encore ouverte|toujours ouverte)"),
    ("week", r"\A[^\n]{0,60}\b(?:your week of|last week|semaine de questions|semaine passee)\b"),
)
_COMPILED: Final = tuple((wants, re.compile(sign, re.M | re.S)) for wants, sign in _SIGNS)
_SOURCE: Final = re.compile(r"^source ?:", re.M)
_CODE: Final = r"#([0-9a-z]{4})\b"

CaseWants = Literal["answer", "again", "still_waiting", "anything", "number", "nothing"]
_CASE_SIGNS: Final[tuple[tuple[CaseWants, str], ...]] = (
    ("number", r"^(?:which case is|pour quel cas)"),
    ("answer", rf"(?:urgent )?(?:case|cas)(?: urgent)? {_CODE} (?:from|de) "),
    ("again", rf"^{_CODE} ?: .*(?:did not help yet|n'a pas encore aide)"),
    ("again", rf"^{_CODE}, .* (?:adds|ajoute) ?:"),
    ("still_waiting", rf"^{_CODE} (?:from|de) .*(?:still waiting for you|vous attend encore)"),
    ("anything", rf"(?:news about case|du nouveau sur le cas) {_CODE}"),
)
_CASE_COMPILED: Final = tuple((wants, re.compile(sign, re.M | re.S)) for wants, sign in _CASE_SIGNS)


def wants_of(text: str) -> Wants:
    """What a mentee is asked for by a message that is not a quiz question."""
    said = plain(text)
    return next((wants for wants, sign in _COMPILED if sign.search(said)), "nothing")


def has_source(text: str) -> bool:
    """Whether a message names its source, as a card does."""
    return _SOURCE.search(plain(text)) is not None


def case_wants_of(text: str) -> tuple[CaseWants, str]:
    """What a mentor is asked for, and the code of the case in capitals, or ""."""
    said = plain(text)
    for wants, sign in _CASE_COMPILED:
        if found := sign.search(said):
            return wants, found[1].upper() if sign.groups else ""
    return "nothing", ""


def plain(text: str) -> str:
    """Small letters without accents, which SMS may have dropped, and straight apostrophes."""
    apart = unicodedata.normalize("NFKD", text.replace("’", "'"))
    return "".join(c for c in apart if not unicodedata.combining(c)).lower()
