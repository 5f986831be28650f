"""Words that can be traced: a marker in each message, and identifiers that must not get out."""

from __future__ import annotations

import re
from dataclasses import dataclass
from random import Random

MARKER = re.compile(r"zq(?:[bdfgklmnprtv][aeiou]){3}")


def marker(rng: Random) -> str:
    """A word that nobody says by chance and that means nothing."""
    return "zq" + "".join(rng.choice("bdfgklmnprtv") + rng.choice("aeiou") for _ in range(3))


@dataclass(frozen=True)
class Secret:
    """An identifier as it is written, and what of it must not be seen by anybody else.

    ``digits``: compared without the signs between digits; otherwise as a whole word.
    """

    kind: str
    said: str
    hidden: tuple[str, ...]
    digits: bool = False

    def leaks(self, body: str) -> bool:
        """Whether a text shows any of it."""
        if self.digits:
            close = _BETWEEN.sub("", body)
            return any(part in close for part in self.hidden)
        return any(
            re.search(rf"(?<!\w){re.escape(part)}(?!\w)", body, re.IGNORECASE)
            for part in self.hidden
        )


_BETWEEN = re.compile(r"(?<=\d)[ .()\-\u00a0]+(?=\d)")

_BEGINS = ("Nyira", "Muke", "Uwi", "Muja", "Kaya", "Bizi", "Ntawu", "Haba")


def _name(rng: Random) -> tuple[str, str]:
    """A first name and a family name that nobody of the cast has."""
    first = rng.choice(("Espérance", "Vestine", "Odette", "Immaculée", "Josiane", "Denyse"))
    return first, rng.choice(_BEGINS) + "".join(
        rng.choice("bgkmnrtz") + rng.choice("aeiou") for _ in range(3)
    )


_INTRODUCED = {
    "en": ("her name is {name}", "patient name: {name}", "a woman called {name}", "Mrs {name}"),
    "fr": ("elle s'appelle {name}", "nom : {name}", "Mme {name}", "une femme nommée {name}"),
}
_PHONES = (
    "+25078{a}{b}{c}",
    "078{a} {b} {c}",
    "078{a}{b}{c}",
    "+250 78{a} {b} {c}",
    "25078{a}{b}{c}",
    "078{a}-{b}-{c}",
    "0025078{a}{b}{c}",
)
_CALL = {"en": ("call her on {n}", "tel {n}", "her husband {n}"), "fr": ("tél. {n}", "appelez {n}")}
_IDS = {"en": ("ID {n}", "national id {n}", "{n}"), "fr": ("CNI {n}", "carte d'identité {n}")}
_BIRTHS = {
    "en": ("born {d}", "DOB {d}", "date of birth: {d}", "d.o.b. {d}"),
    "fr": ("née le {d}", "date de naissance {d}", "DDN {d}"),
}
_DATES = ("{d:02}/{m:02}/{y}", "{d}.{m}.{y}", "{y}-{m:02}-{d:02}", "{d}-{m}-{y}")


def secret(rng: Random, language: str) -> Secret:
    """One identifier, introduced as people introduce it."""
    kind = rng.choice(("name", "phone", "id", "birth"))
    if kind == "name":
        first, last = _name(rng)
        said = rng.choice(_INTRODUCED[language]).format(name=f"{first} {last}")
        return Secret(kind, said, (first, last))
    if kind == "phone":
        # Not of the numbers that the cast has.
        a, b, c = rng.randint(1, 7), f"{rng.randint(111, 999)}", f"{rng.randint(111, 999)}"
        number = rng.choice(_PHONES).format(a=a, b=b, c=c)
        return Secret(
            kind, rng.choice(_CALL[language]).format(n=number), (f"78{a}{b}{c}",), digits=True
        )
    if kind == "id":
        year, serial = rng.randint(1960, 2004), f"{rng.randint(0, 9_999_999):07}"
        parts = ("1", str(year), rng.choice("78"), serial, "0", f"{rng.randint(0, 99):02}")
        number = rng.choice(("", " ")).join(parts)
        return Secret(
            kind, rng.choice(_IDS[language]).format(n=number), ("".join(parts),), digits=True
        )
    date = rng.choice(_DATES).format(
        d=rng.randint(1, 28), m=rng.randint(1, 12), y=rng.randint(1965, 2005)
    )
    return Secret("date of birth", rng.choice(_BIRTHS[language]).format(d=date), (date,))


_QUESTIONS = {
    "en": (
        "Which drops for {m} of the eye",
        "How long to keep {m} in the fridge",
        "{m} what would you do with that",
        "The {m} is swollen since 2 days, BP 120/80",
        "Can I give {m} 250 mg with food",
    ),
    "fr": (
        "Quelles gouttes pour {m} de l'oeil",
        "Combien de temps garder {m} au frigo",
        "{m} que faire dans ce cas",
        "Le {m} gonfle depuis 2 jours, TA 120/80",
    ),
}
_ANSWERS = {
    "en": ("Keep {m} dry and look again tomorrow", "Give {m} 250 mg twice a day", "Refer for {m}"),
    "fr": ("Gardez {m} au sec et revoyez demain", "Donnez {m} 250 mg deux fois", "Référez, {m}"),
}
_EMERGENCIES = {
    "en": ("mother bleeding too much after delivery {m} help now", "she is fitting now {m}"),
    "fr": ("elle saigne beaucoup après l'accouchement {m}", "elle convulse maintenant {m}"),
}


def question(rng: Random, language: str, word: str) -> str:
    """Something outside the cards."""
    return rng.choice(_QUESTIONS[language]).format(m=word)


def answer(rng: Random, language: str, word: str) -> str:
    """What a mentor may write."""
    return rng.choice(_ANSWERS[language]).format(m=word)


def emergency(rng: Random, language: str, word: str) -> str:
    """A danger that is happening now."""
    return rng.choice(_EMERGENCIES[language]).format(m=word)
