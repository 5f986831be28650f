"""Where one inbound message goes. The order is the product's promise; plain rules.

consent words → BACK, SKIP and LATER of a walk → a mentor's addressed answer → danger signs →
consent itself → a quoted message of a discussion → a walk's step → an answer to the open quiz
question → what we asked last → commands → a discussion that is going on → open case → the dialogue
(Rasa).
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import Enum

from bot import danger, walking, words
from bot.text.fold import fold


class Route(Enum):
    """What an inbound message is."""

    STOP = "stop"
    START = "start"
    HELP = "help"
    SILENT = "silent"  # a person who stopped: kept, never answered
    MENTOR_QUOTE = "mentor_quote"
    MENTOR_COMMAND = "mentor_command"
    ALERT_QUOTE = "alert_quote"  # a coordinator's words under a message about a case
    CASE_PRESS = "case_press"  # a button or row under a message about a mentor's case
    KNOCK = "knock"  # only says: I am here, show me what waits
    DANGER = "danger"
    CONSENT = "consent"
    WALK = "walk"  # for the step that is being asked
    QUIZ = "quiz"
    PENDING = "pending"
    COMMAND = "command"
    MEDIA = "media"
    CASE = "case"
    NEW = "new"  # NEW and a question, while a case is open
    MENTOR_TEXT = "mentor_text"  # a mentor's plain text that may be meant for a case
    WITHDRAW = "withdraw"  # the mentee takes the case back
    CALL = "call"  # a mentee in a case asks to be rung
    INVITATION = "invitation"  # yes or no to a discussion, right after we asked
    DISCUSSION = "discussion"
    DISCUSSION_OR = "discussion_or"  # for the discussion or not: asked, never guessed
    EMPTY = "empty"
    UNCLEAR = "unclear"
    DIALOGUE = "dialogue"
    WHO = "who"  # what was is shown once they have said who they are


@dataclass(frozen=True)
class Quiz:
    """How a text reads as the answer to a quiz question (``bot.quizzes.grading``).

    ``addressed``: the question was quoted, or its button pressed. ``asked_last``: nothing that we
    asked since waits for a number or a yes.
    """

    reads: str  # answer, several, unclear, question
    addressed: bool
    is_open: bool
    asked_last: bool
    is_option: bool = False  # word for word one of its options


@dataclass(frozen=True)
class Talk:
    """The discussion of somebody who takes part in one, or is invited.

    ``quoted``: a message of it was quoted. ``within_hour``: it has begun lately, so that plain
    texts go there. ``invited_last``: nothing was said to them since the invitation.
    """

    live: bool
    within_hour: bool
    quoted: bool
    hosts: bool
    invited_last: bool


@dataclass(frozen=True)
class Situation:
    """What is known when a message arrives."""

    text: str
    has_media: bool = False
    quotes_something: bool = False
    pressed: bool = False  # a button, so the text is its payload
    released: bool = False  # something was held until this person wrote
    opt_out_type: str | None = None
    stopped: bool = False
    # It is not certain that this is still the person whom we know by this number.
    doubted: bool = False
    consented: bool = True
    pending: str | None = None
    # By quoting, by its code, or by the button under it.
    addresses_own_case: bool = False
    presses_case: bool = False
    stale_press: bool = False  # a button under an earlier question
    quiz: Quiz | None = None
    talk: Talk | None = None
    walk: walking.Asked | None = None
    # Names of technical areas, folded: "TEST MNH" is a command, "test positive" is none.
    areas: frozenset[str] = frozenset()
    is_mentor: bool = False
    # PLAN and the name of one of the mentor's mentees.
    plans_for_mentee: bool = False
    is_away: bool = False
    is_coordinator: bool = False
    quotes_alert: bool = False  # a coordinator quotes a message about somebody else's case
    open_cases_as_mentor: int = 0
    # These, and what was answered, closed, passed or lost lately.
    cases_as_mentor: int = 0
    open_case_as_mentee: bool = False
    open_case_is_urgent: bool = False


@dataclass(frozen=True)
class Routed:
    """The route and what was understood on the way."""

    route: Route
    command: words.Command | None = None
    danger: danger.Danger | None = None


# No word of its own: what PLAN is where a mentee's name follows.
MENTEE_PLAN = "mentee_plan"
# A coordinator's words: what waits, and answer cards.
OVERSEES = words.CARD_COMMANDS | {"cases"}
# Only while a case is open: "new born" must not lose its first word otherwise.
_NEW = re.compile(r"\s*(?:new|nouvelle|nouveau)\b[\s:,.-]+(\S.*)", re.IGNORECASE | re.DOTALL)


# What tells of the past, or acts in somebody's name.
_OF_THE_PAST = frozenset(
    {Route.MENTOR_QUOTE, Route.MENTOR_COMMAND, Route.CASE_PRESS, Route.MENTOR_TEXT, Route.QUIZ}
    | {Route.INVITATION, Route.DISCUSSION, Route.DISCUSSION_OR}
)
# Words that need no past.
FREE_WORDS = frozenset({"menu", "language", "ask", "mentor", "call", "withdraw"})
# What we may have asked somebody of whom it is not certain who they are.
FREE_QUESTIONS = frozenset({"who", "consent", "language", "ask_mentor", "happening_now"})


def route(situation: Situation) -> Routed:
    """Decide where a message goes."""
    found = _route(situation)
    if not situation.doubted:
        return found
    tells = found.route in _OF_THE_PAST or (
        found.route is Route.COMMAND
        and found.command is not None
        and found.command.name not in FREE_WORDS
    )
    return Routed(Route.WHO, found.command, found.danger) if tells else found


def _route(situation: Situation) -> Routed:
    consent = _consent(situation)
    if consent is not None:
        return Routed(consent)
    if situation.stopped:
        return Routed(Route.SILENT)
    if _moves_walk(situation):
        return Routed(Route.WALK)
    command = words.command(situation.text)
    talk = situation.talk
    hosts = talk is not None and talk.hosts
    if command is not None and command.name == "sum" and not hosts:
        # A mentor's summary may come after the discussion has ended: it is no answer to a case.
        command = command if situation.is_mentor and not situation.quotes_something else None
    if command is not None and command.name in _OF_AREA and not _knows_area(situation, command):
        command = None
    if command is not None and situation.is_coordinator and command.name in OVERSEES:
        return Routed(Route.MENTOR_COMMAND, command=command)
    if situation.quotes_alert and not situation.is_mentor:
        return Routed(Route.ALERT_QUOTE)
    if situation.is_mentor:
        code = words.only_code(situation.text)
        if situation.presses_case:
            return Routed(Route.CASE_PRESS)
        if command is None and code is not None and situation.has_media:
            command = words.Command("answer", code)  # a photo or voice note with the code under it
        if command is not None and command.name in words.MENTOR_COMMANDS | words.SHARED_COMMANDS:
            return Routed(Route.MENTOR_COMMAND, command=command)
        if command is None and situation.plans_for_mentee and not situation.quotes_something:
            return Routed(Route.MENTOR_COMMAND, command=words.Command(MENTEE_PLAN))
        answers_quiz = situation.quiz is not None and situation.quiz.addressed
        if situation.quotes_something and not answers_quiz and not (talk and talk.quoted):
            return Routed(Route.MENTOR_QUOTE)
    if situation.stale_press:
        return Routed(Route.UNCLEAR)
    if situation.released and _only_knocks(situation):
        return Routed(Route.KNOCK)
    assessed = danger.assess(situation.text)
    if assessed.kind == "live" and not _writes_of_others(situation):
        return Routed(Route.DANGER, danger=assessed)
    if not situation.consented:
        if situation.open_case_is_urgent and not _short(situation.text):
            return Routed(Route.CASE)  # what belongs to an emergency does not wait for consent
        return Routed(Route.CONSENT, danger=assessed)
    if talk is not None and talk.quoted and command is None and _says_something(situation):
        return Routed(Route.DISCUSSION, danger=assessed)
    invited = talk is not None and talk.invited_last and situation.pending is None
    if invited and _short(situation.text) and not is_letter(situation.text):
        return Routed(Route.INVITATION, danger=assessed)
    if situation.walk is not None and _is_for_walk(situation, situation.walk, command):
        return Routed(Route.WALK, danger=assessed)
    if situation.quiz is not None and _is_for_quiz(situation, situation.quiz, command):
        return Routed(Route.QUIZ, danger=assessed)
    if situation.pending is not None and _answers(situation):
        return Routed(Route.PENDING, danger=assessed)
    in_case = situation.open_case_as_mentee or situation.addresses_own_case
    if command is not None and in_case and command.name in ("withdraw", "call"):
        return Routed(Route.WITHDRAW if command.name == "withdraw" else Route.CALL)
    if command is not None and command.name not in words.MENTOR_COMMANDS:
        return Routed(Route.COMMAND, command=command, danger=assessed)
    if _has_no_walk(situation):
        return Routed(Route.UNCLEAR)
    in_talk = _for_discussion(situation, assessed)
    if in_talk is not None:
        return Routed(in_talk, danger=assessed)
    if situation.cases_as_mentor and (situation.text.strip() or situation.has_media):
        return Routed(Route.MENTOR_TEXT, danger=assessed)
    if in_case:
        if situation.pressed or words.is_courtesy(situation.text):
            return Routed(Route.SILENT)  # nothing that a mentor should be woken for
        new = _NEW.fullmatch(situation.text)
        if new is not None:
            return Routed(Route.NEW, command=words.Command("new", new[1].strip()))
        return Routed(Route.CASE, danger=assessed)
    if situation.has_media:
        return Routed(Route.MEDIA, danger=assessed)
    if not situation.text.strip() or (situation.pressed and situation.text == READ):
        return Routed(Route.SILENT if situation.pressed else Route.EMPTY)
    if assessed.emergency is None and _misses_quiz(situation):
        return Routed(Route.QUIZ, danger=assessed)
    return Routed(Route.DIALOGUE, danger=assessed)


_OF_AREA = ("assess", "test")


def _knows_area(situation: Situation, command: words.Command) -> bool:
    return not command.argument or fold(command.argument) in situation.areas


def _says_something(situation: Situation) -> bool:
    return not situation.pressed and (bool(situation.text.strip()) or situation.has_media)


def _writes_of_others(situation: Situation) -> bool:
    """Whether a mentor's words about a danger may be an answer, or a case that is discussed."""
    hosts = situation.talk is not None and situation.talk.hosts
    busy = situation.open_cases_as_mentor > 0 or hosts or situation.pending == "discuss"
    tells = situation.walk is not None and situation.walk.takes == "text"
    return situation.is_mentor and (busy or tells)


def _moves_walk(situation: Situation) -> bool:
    """Whether a text is BACK, SKIP or LATER while a walk is being asked.

    A mentor's BACK from leave stays that, and what quotes a message is about the message.
    """
    if situation.walk is None or not situation.consented or situation.quotes_something:
        return False
    word = words.walk_word(situation.text)
    return word is not None and not (word == "back" and situation.is_away)


def _has_no_walk(situation: Situation) -> bool:
    """Whether a text is BACK, SKIP or LATER though nothing is being asked.

    It is then no answer to a colleague's case and no detail of one's own: nobody gets it.
    """
    meant = situation.addresses_own_case or situation.quotes_something or situation.has_media
    with_people = situation.open_case_as_mentee or situation.cases_as_mentor > 0
    return with_people and not meant and words.walk_word(situation.text) is not None


def _is_for_walk(situation: Situation, walk: walking.Asked, command: words.Command | None) -> bool:
    """Whether a text is for the step that is being asked.

    Not where a message of a case has come since: a mentee's next text answers that, and a mentor's
    may. Their numbers stay the walk's, for no clinical answer is a bare number.
    """
    if situation.has_media or situation.addresses_own_case:
        return False
    if situation.quiz is not None and situation.quiz.addressed:
        return False
    if command is not None and fold(situation.text) not in walk.also:
        return False
    if not walk.is_newest and not situation.pressed:
        if situation.open_case_as_mentee:
            return False
        number = words.number(situation.text)
        wordy = walk.takes == "text" or (walk.takes == "marks" and number is None)
        if wordy and situation.open_cases_as_mentor:
            return False
    return walking.reads(walk, situation.text, pressed=situation.pressed)


def _for_discussion(situation: Situation, found: danger.Danger) -> Route | None:
    """Whether a plain text goes to the discussion, is asked about, or is for something else."""
    talk = situation.talk
    if talk is None or not talk.live or not _says_something(situation):
        return None
    if situation.addresses_own_case or situation.open_case_is_urgent:
        return None
    if situation.quotes_something and not talk.quoted:
        return None  # a message of ours about something else was quoted
    others = situation.open_case_as_mentee or situation.open_cases_as_mentor > 0
    if words.is_courtesy(situation.text) and not situation.has_media:
        return None if others else Route.SILENT
    if others or not talk.within_hour or found.kind == "live":
        return Route.DISCUSSION_OR
    return Route.DISCUSSION


_LETTER = re.compile(
    r"\W*(?:(?:option|answer|ans|reponse|réponse|rep|choix|choice)\W*)?[a-d]\W*", re.IGNORECASE
)


def is_letter(text: str) -> bool:
    """Whether a whole message is one letter from A to D, as only a quiz asks for."""
    return _LETTER.fullmatch(text) is not None


def _is_for_quiz(situation: Situation, quiz: Quiz, command: words.Command | None) -> bool:
    """Whether a text answers a quiz question.

    A letter does, and what quotes the question; a number, a yes or an option's words only where
    nobody else waits for them.
    """
    if quiz.addressed:
        return command is None and quiz.reads != "question"
    with_people = situation.open_case_as_mentee or situation.open_cases_as_mentor > 0
    if is_letter(situation.text):
        return quiz.is_open or not with_people
    if not quiz.is_open or quiz.reads not in ("answer", "several"):
        return False
    if command is not None and not quiz.is_option:
        return False
    if with_people or (situation.pending is not None and _answers(situation)):
        return False
    return quiz.asked_last or not _short(situation.text)


def _misses_quiz(situation: Situation) -> bool:
    """Whether a text is an answer that cannot be read and nothing else: "ok", "??", "7".

    One word may be a question to the library ("eclampsia"): it is looked up there first.
    """
    quiz, text = situation.quiz, situation.text
    if quiz is None or not quiz.is_open or quiz.reads != "unclear" or not quiz.asked_last:
        return False
    return words.is_courtesy(text) or re.search(r"[^\W\d_]{2}", text) is None


def _consent(situation: Situation) -> Route | None:
    by_provider = (situation.opt_out_type or "").lower()
    word = by_provider if by_provider in ("stop", "start", "help") else None
    word = word or words.consent_word(situation.text)
    if word == "stop":
        return Route.STOP
    if word == "start":
        return Route.START
    if word == "help":
        return Route.SILENT if situation.stopped else Route.HELP
    # YES brings back somebody who stopped (Twilio's default words); a quiz also has yes.
    if situation.stopped and situation.text.strip().casefold() == "yes":
        return Route.START
    return None


# Payload of the button under a template that says that something waits.
READ = "read"


def _only_knocks(situation: Situation) -> bool:
    """Whether a text after a knocking template is no message of its own.

    "ok" then means "show me", and must not be taken as the answer to what has not been read.
    """
    text = situation.text
    return _short(text) or not text.strip() or text.strip().casefold() in (READ, "lire")


def _short(text: str) -> bool:
    return words.affirmation(text) is not None or words.number(text) is not None


# What we asked and is acted upon: "ok" is no answer to it.
NEEDS_CLEAR_ANSWER = frozenset(
    {"rate_case", "follow_up", "happening_now", "language", "which_case", "withdraw"}
    | {"review_card", "near_card", "reject_card", "card_topic"}
    | {"visit_cancel", "visit_change", "stock_there"}
)
# What we asked and takes any text, not only a number or yes and no.
TAKES_TEXT = frozenset({"ask_mentor", "discuss", "who"})


# A text that begins so is a question of its own, not how it went.
_ASKING_TEXT = """
how what when where which who why can could should may is are do does if dose
comment quoi que quel quelle quels quelles quand combien pourquoi qui est peut puis dois doit faut
si gute iki ryari kuki je vipi nini lini
"""
_ASKING = frozenset(_ASKING_TEXT.split())


def _tells(text: str) -> bool:
    """Whether a text says how it went: some words that are no command and no question."""
    said = fold(text).split()
    return (
        len(said) > 1
        and "?" not in text
        and said[0] not in _ASKING
        and words.command(text) is None
        and not words.is_courtesy(text)
        and _NEW.fullmatch(text) is None
    )


def _answers(situation: Situation) -> bool:
    if situation.pending == "walk":
        return False  # see _is_for_walk
    if situation.pending in TAKES_TEXT:
        return words.command(situation.text) is None and (
            bool(situation.text.strip()) or situation.has_media
        )
    text = situation.text
    if situation.pending == "card_source":
        if words.is_later(text):
            return True
        alone = situation.open_cases_as_mentor == 0 and not situation.open_case_as_mentee
        return words.command(text) is None and words.source(text, alone=alone) is not None
    if situation.pending == "language" and words.language_name(text) is not None:
        return True
    if situation.pending == "follow_up" and _tells(text):
        return True
    if situation.pending in NEEDS_CLEAR_ANSWER:
        return words.number(text) is not None or words.clear_answer(text) is not None
    return _short(text)
