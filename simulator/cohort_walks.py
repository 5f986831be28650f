"""What a question of a walk wants of whoever reads it, told by its words in English and French.

A walk is asked step by step: a test, a self-assessment, a checklist, a visit, a debrief. Mentees
and mentors read the same words differently, so each has a list of signs.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from simulator.cohort_reading import plain
from simulator.cohort_types import Seen

__all__ = ["MENTEE", "MENTOR", "Signs", "Step", "plain", "read"]

_GO_ON: Final = r"\A(?:let us go on\. |continuons\. )?"
_PLACE: Final = re.compile(_GO_ON + r"(\d+)/(\d+) ")
_NUMBERED: Final = re.compile(r"^(\d{1,2}) (\S.*)$", re.MULTILINE)
_MARKS: Final = ("done well", "bien fait")

Signs = Sequence[tuple[str, str]]

# Both. Groups: the word that brings the walk back.
_COMMON: Final[Signs] = (
    ("begun", r"^(?:you had begun|vous aviez commence)"),
    (
        "waiting",
        r"(?:waits meanwhile|is kept where you left it|suite en attente"
        r"|garde la ou vous l'avez laisse).*?(?:text|envoyez) ([a-z]+)",
    ),
)
MENTEE: Final[Signs] = (
    *_COMMON,
    # Groups: the word.
    (
        "invited",
        r"(?:text|envoyez) (assess|evaluer|test) (?:to begin|when you would like to begin"
        r"|pour commencer|quand vous voulez commencer)",
    ),
    # Groups: the areas, with commas.
    ("areas", r"^in which area\? text test and one of: ([^.]+)\."),
    ("areas", r"^dans quel domaine \? envoyez test et l'un de : ([^.]+)\."),
    # Groups: the stage, the area.
    ("result", r"^thank you\. your (pre-test|post-test) \(([\w-]+)\): \d+ of \d+ right"),
    ("result", r"^merci\. votre (pre-test|post-test) \(([\w-]+)\) : \d+ sur \d+ justes"),
    # Groups: whether more follow.
    ("review", r"^\d+/\d+ .*(more for the next|that was all)[^\n]*\Z"),
    ("review", r"^\d+/\d+ .*(plus pour la suivante|c'est tout)[^\n]*\Z"),
    ("sure", r"how sure are you\?$|quelle assurance avez-vous \?$"),
    ("goal", _GO_ON + r"(?:shall your next goal be|votre prochain objectif)"),
    ("assessed", r"^(?:your strengths:|thank you for looking at yourself)"),
    ("assessed", r"^(?:vos points forts :|merci de vous etre regarde)"),
    ("visit", r"(?:will you be there|serez-vous la) ?\?"),
)
MENTOR: Final[Signs] = (
    *_COMMON,
    # VISIT.
    ("facility", r"which facility will you visit\?|quelle structure allez-vous visiter"),
    ("hour", r"at what time\? such as 9|a quelle heure \? par exemple 9"),
    ("day", r"which day, and at what time\?|quel jour, et a quelle heure \?"),
    ("topics", r"what will it be about\?|quels sujets \? par exemple : .*passer"),
    ("confirm", r"1 send 2 choose who 3 drop|1 envoyer 2 choisir qui 3 abandonner"),
    # DEBRIEF.
    ("tell", r"^how was your visit to|^comment s'est passee votre visite"),
    ("tell", r"is not told of yet\. text debrief|n'a pas encore ete racontee"),
    ("held", r"did it take place\?|a-t-elle eu lieu"),
    ("reason", r"what came in between\?|qu'est-ce qui l'a empechee"),
    ("seen", r"whom did you see\?|qui avez-vous vu"),
    ("about", r"what was it about\?|quels sujets \? (?:1 comme prevu|quelques mots)"),
    ("form", r"how did you work\?|comment avez-vous travaille"),
    ("minutes", r"how long was it in all\?|combien de temps en tout"),
    ("watched", r"did you watch somebody do a skill|avez-vous observe un geste"),
    ("gap_more", r"another one, or no\?|un autre point, ou non"),
    ("gaps", r"is there something that one of them should|quelqu'un doit-il travailler"),
    ("gap", r"is there something that [^?]{1,80} should work on\?|y a-t-il quelque chose que "),
    ("problems", r"what stood in the way of good care|qu'est-ce qui empeche de bons soins"),
    ("stock", r"was anything out of stock|y avait-il une rupture de stock"),
    ("debriefed", r"^thank you\. logged:|^merci\. note :"),
    # SKILL.
    ("whom", r"whom did you observe\?|qui avez-vous observe \?"),
    ("area", _GO_ON + r"(?:in which area\?|dans quel domaine \?)$"),
    ("skill", _GO_ON + r"(?:which skill\?|quel geste \?)$"),
    ("consent", r"did she or he agree that you watch|accepte que vous observiez"),
    # Groups: empty where it is passed.
    ("sign", r"^result: (not )?passed"),
    ("sign", r"^resultat : (pas encore )?reussi"),
    ("signed", r"^signed, thank you|^signe, merci"),
    ("refused", r"nothing is recorded of this obs|rien n'est enregistre de cette obs"),
)
_COMPILED: Final = {
    signs: tuple((wants, re.compile(sign, re.M | re.S)) for wants, sign in signs)
    for signs in (MENTEE, MENTOR)
}


@dataclass(frozen=True, slots=True)
class Step:
    """What is asked. ``place`` and ``of``: of "3/8", else 0; ``options``: the numbered lines."""

    wants: str
    words: tuple[str, ...] = ()
    place: int = 0
    of: int = 0
    options: tuple[str, ...] = ()


def read(message: Seen, signs: Signs) -> Step:
    """What a message asks, as mentees (`MENTEE`) or mentors (`MENTOR`) read it.

    ``wants`` is "mark" for a step of a checklist, "item" for a question of a test or of the
    self-assessment, and "nothing" for what belongs to no walk.
    """
    said = plain(message.text)
    found = _PLACE.match(said)
    place, of = (int(found[1]), int(found[2])) if found else (0, 0)
    options = tuple(name for _, name in _NUMBERED.findall(message.text))
    if place and _is_mark(message, said):
        return Step("mark", (), place, of)
    for wants, sign in _COMPILED[signs]:
        if match := sign.search(said):
            return Step(wants, tuple(one or "" for one in match.groups()), place, of, options)
    if place and message.known is not None:
        return Step("item", (), place, of, options)
    return Step("nothing")


def _is_mark(message: Seen, said: str) -> bool:
    """Whether it can be answered by "done well", with a button or by number."""
    titles = [plain(button["title"]) for button in message.buttons]
    return any(mark in titles or f"1 {mark}" in said for mark in _MARKS)
