"""What simulated mentees say beside their answers: thanks, yes and no, MORE, ASK, seldom STOP."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta
from typing import Final

from simulator.cohort_hearing import Hearing
from simulator.cohort_reading import Wants
from simulator.cohort_traits import Habits, Traits

# Danger words stand in study questions far more often than in emergencies.
HAPPENING_NOW: Final = 0.03
HELPED: Final = 0.85
FIRST_WAS_MEANT: Final = 0.7
MORE_WHEN_WRONG: Final = 1.4
MORE_WHEN_RIGHT: Final = 0.5
RATES_MENTOR: Final = 0.65
THANKS_MENTOR: Final = 0.5  # of those who do not rate the answer
# Less than always, or two machines could go on for ever.
CHOOSES_AGAIN: Final = 0.5
RETURNS: Final = 0.3
DAYS_AWAY: Final = (2, 21)
HOURS: Final = (6, 7, 12, 13, 17, 18, 19)
LANGUAGES: Final = ("en", "fr")
_THANKS: Final = {
    "en": ("thank you", "Thanks", "thank you very much"),
    "fr": ("merci", "Merci", "merci beaucoup"),
}
_YES: Final = {"en": "yes", "fr": "oui"}
_AGREE: Final = {"en": "I agree", "fr": "J'accepte"}
READ: Final = {"en": "Read", "fr": "Lire"}
# Buttons have the English word as their id in every language.
_TYPED: Final = {
    "en": {},
    "fr": {"HOUR": "HEURE", "FEWER": "MOINS", "PROGRESS": "PROGRES"},
}


def seldom(traits: Traits, hearing: Hearing) -> None:
    """A word that a question may bring about: HOUR, FEWER, PAUSE or STOP; at most one."""
    rng = hearing.rng
    word = _drawn(rng.random(), ("hour", "fewer", "pause", "stop"), traits.habits)
    if word == "hour":
        hearing.say(f"{_typed('HOUR', traits)} {rng.choice(HOURS)}")
    elif word == "stop":
        at = hearing.soon()
        hearing.plan(at, "STOP", "stop")
        if rng.random() < RETURNS:
            back = at + timedelta(days=round(rng.uniform(*DAYS_AWAY), 4))
            hearing.plan(traits.free(back, rng), "START", "start")
    elif word is not None:
        hearing.say(_typed(word.upper(), traits))


def follow_up(traits: Traits, right: bool, hearing: Hearing) -> None:
    """What feedback leads to, most often nothing: MORE, ASK, QUIZ or thanks."""
    draw = hearing.rng.random()
    more = traits.habits.more * (MORE_WHEN_RIGHT if right else MORE_WHEN_WRONG)
    if draw < more:
        _say_word("MORE", traits, hearing)
        return
    word = _drawn(draw - more, ("ask", "quiz", "thanks"), traits.habits)
    if word == "thanks":
        hearing.say(_thanks(traits, hearing))
    elif word is not None:
        _say_word(word.upper(), traits, hearing)


def reply(traits: Traits, questions: Sequence[str], wants: Wants, hearing: Hearing) -> None:
    """What a message that is neither question nor feedback leads to."""
    language = _language(traits)
    draw = hearing.rng.random()
    match wants:
        case "consent":
            hearing.choose(_AGREE[language], _YES[language])
        case "language":
            _choose_number(LANGUAGES.index(language) + 1, hearing)
        case "emergency":
            _choose_number(1 if draw < HAPPENING_NOW else 2, hearing)
        case "which_meant":
            _choose_number(1 if draw < FIRST_WAS_MEANT else 2, hearing)
        case "number" if draw < CHOOSES_AGAIN:
            _choose_number(1, hearing)
        case "helpful" if draw < traits.habits.helped:
            _choose_number(1 if hearing.rng.random() < HELPED else 2, hearing)
        case "answer_of_mentor" if draw < RATES_MENTOR:
            _choose_number(1 if hearing.rng.random() < HELPED else 2, hearing)
        case "answer_of_mentor" if hearing.rng.random() < THANKS_MENTOR:
            hearing.say(_thanks(traits, hearing))
        case "anything":
            hearing.choose(READ[language], "ok")
        case "question" if questions:
            hearing.say(hearing.rng.choice(questions))
        case "week" if draw < traits.habits.progress:
            _say_word("PROGRESS", traits, hearing)
        case "week" if hearing.rng.random() < traits.habits.quiz:
            _say_word("QUIZ", traits, hearing)


def _choose_number(place: int, hearing: Hearing) -> None:
    hearing.choose(str(place), str(place))


def _say_word(word: str, traits: Traits, hearing: Hearing) -> None:
    typed = _typed(word, traits)
    hearing.choose(word, typed if hearing.rng.random() < 0.5 else typed.lower())


def _typed(word: str, traits: Traits) -> str:
    return _TYPED[_language(traits)].get(word, word)


def _thanks(traits: Traits, hearing: Hearing) -> str:
    return hearing.rng.choice(_THANKS[_language(traits)])


def _language(traits: Traits) -> str:
    return traits.language if traits.language in LANGUAGES else LANGUAGES[0]


def _drawn(draw: float, names: Sequence[str], habits: Habits) -> str | None:
    """The habit that a number from 0 to 1 falls upon, each as wide as its chance."""
    for name in names:
        chance = float(getattr(habits, name))
        if draw < chance:
            return name
        draw -= chance
    return None
