"""Sentences that the services write in English, in the language of the page.

Reasons, problems and cautions come as text with names and numbers in it. Each is found by its shape
and said with the same names and numbers; what has no shape here is shown as it was written.
"""

from __future__ import annotations

import re
from typing import Final

from flask_babel import gettext

from bot.accounts.keeping import N_

# Why a dose waits, was left out or taken back; why somebody left, or is left out.
_REASONS: Final = (
    (r"another question is open", N_("another question is not answered yet")),
    (r"in an open case", N_("the mentee has an open case with a mentor")),
    (r"in a walk", N_("the mentee was in the middle of a test or self-assessment")),
    (r"in a conversation", N_("the mentee was texting just then")),
    (r"quiet hours or a weekend", N_("quiet hours or a weekend")),
    (r"too late: the clock stood", N_("too late: Mentorline did not run")),
    (r"too late: (?P<why>.+)", N_("too late, for this reason: %(why)s")),
    (r"the mentee texted STOP|texted STOP", N_("texted STOP")),
    (r"no consent|did not consent", N_("did not consent")),
    (
        r"has not been asked for consent yet, or has not answered",
        N_("has not been asked for consent yet, or has not answered"),
    ),
    (
        r"no address|no address that can be reached",
        N_("no number that can be reached"),
    ),
    (r"the language is (?P<language>.+)", N_("their language (%(language)s) is not in the plan")),
    (r"no question for the cadre (?P<cadre>.+)", N_("no question is for the cadre %(cadre)s")),
    (r"has left it: (?P<why>.+)", N_("has left it: %(why)s")),
    (r"no reason given", N_("no reason given")),
    (r"paused by the mentee", N_("the mentee texted PAUSE")),
    (
        r"the mentee asked for another time",
        N_("planned anew, at the time that the mentee asked for"),
    ),
    (r"nothing due yet", N_("all questions rest, by the rule of spacing")),
    (
        r"only twins of recent items",
        N_("only other wordings of recent questions were left"),
    ),
    (r"all retired|all items are retired", N_("the mentee has learnt all questions")),
    (r"enough for today", N_("there were two that day already, from all campaigns together")),
    (r"no question", N_("all questions of the plan are withdrawn")),
    (r"none for this cadre", N_("no question of the plan is for this cadre")),
    (r"nothing was answered that week", N_("nothing was answered that week")),
    (r"all tips were given", N_("all tips were given")),
    (r"the plan changed", N_("the plan changed")),
    (r"the campaign was paused", N_("the campaign was paused")),
    (r"the campaign ended", N_("the campaign ended")),
    (r"left the campaign", N_("left the campaign")),
    (r"its time is over", N_("its time is over")),
    (r"the budget is used up", N_("the budget is used up")),
    (r"could not be done: (?P<why>.+)", N_("could not be done: %(why)s")),
    (r"not answered in time", N_("not answered in time")),
)

# Why a campaign or a question cannot be what was asked for.
_REFUSALS: Final = (
    (r"A campaign needs a name\.", N_("A campaign needs a name.")),
    (
        r"A campaign's name cannot begin with #, which stands for its number\.",
        N_("A campaign's name cannot begin with #, which stands for its number."),
    ),
    (
        r"There is a campaign called '(?P<name>.*)' already\.",
        N_("There is a campaign called “%(name)s” already."),
    ),
    (
        r"'(?P<name>.*)' is (?P<state>\w+), only a draft is launched\.",
        N_("Only a draft is launched, and this is none."),
    ),
    (
        r"'(?P<name>.*)' would have ended on (?P<day>[\d-]+); change its dates\.",
        N_("It would have ended on %(day)s: change its dates."),
    ),
    (
        r"'(?P<name>.*)' would reach nobody; the preview says why\.",
        N_("It would reach nobody; the preview says why."),
    ),
    (r"'(?P<name>.*)' is (?P<state>\w+), not running\.", N_("It is not running.")),
    (r"'(?P<name>.*)' is (?P<state>\w+), not paused\.", N_("It is not paused.")),
    (r"'(?P<name>.*)' has ended; copy it instead\.", N_("It has ended: copy it instead.")),
    (r"'(?P<name>.*)' has ended already\.", N_("It has ended already.")),
    (
        r"'(?P<name>.*)' is being changed just now: wait a moment\.",
        N_("It is being changed just now: wait a moment."),
    ),
    (r"Say why in 1 to (?P<most>\d+) characters\.", N_("Say why, in 1 to %(most)s characters.")),
    (
        r"The item '(?P<item>.*)' has been withdrawn since (?P<day>[\d-]+)\.",
        N_("It has been withdrawn since %(day)s."),
    ),
    (r"The item '(?P<item>.*)' is not withdrawn\.", N_("It is not withdrawn.")),
)

# What is wrong with a plan, after the name of its field.
_PLAN: Final = (
    (r"nobody has '(?P<word>.*)'\.", N_("Nobody has “%(word)s”.")),
    (
        r"'(?P<word>.*)' is neither a phone nor an external id we know\.",
        N_("“%(word)s” is neither a phone nor an external id that we know."),
    ),
    (
        r"'(?P<word>.*)' has no question that can be asked\.",
        N_("“%(word)s” has no question that can be asked."),
    ),
    (
        r"There is no question in the bank: import some first\.",
        N_("There is no question in the bank yet. Import some first."),
    ),
    (r"(?P<word>'.*'|[\d.-]+) is not a whole number\.", N_("Please write a whole number.")),
    (r"(?P<word>'.*'|[\w.-]+) is not a number\.", N_("Please write a number.")),
    (r"'?(?P<word>.*?)'? is not a date such as [\d-]+\.", N_("Please write a day.")),
    (
        r"'(?P<word>.*)' is not two times such as .*\.",
        N_("Please write two times, such as 17:00 and 19:00."),
    ),
    (
        r"weeks: .* is not a number from 1 to 104\.|.* is not a number from 1 to 104\.",
        N_("Please write a number from 1 to 104."),
    ),
    (
        r"Input should be greater than or equal to (?P<least>[\d.]+)\.",
        N_("At least %(least)s, please."),
    ),
    (r"Input should be greater than (?P<least>[\d.]+)\.", N_("More than %(least)s, please.")),
    (
        r"Input should be less than or equal to (?P<most>[\d.]+)\.",
        N_("At most %(most)s, please."),
    ),
    (r"at least one weekday is needed\.", N_("Choose at least one day.")),
    (r"no such time zone: (?P<name>.*)\.", N_("There is no time zone %(name)s.")),
    (
        r"tip (?P<number>\d+) needs a text in English \(en\), and no empty one\.",
        N_("Tip %(number)s needs a text in English."),
    ),
    (
        r"tip (?P<number>\d+) is longer than (?P<most>\d+) characters\.",
        N_("Tip %(number)s is longer than %(most)s characters."),
    ),
    (r"The end is before the start\.", N_("The last day is before the first one.")),
    (
        r"A campaign lasts at most (?P<days>\d+) days; copy it to go on\.",
        N_("A campaign lasts at most %(days)s days; copy it to go on."),
    ),
    (
        r"A campaign of tips needs at least one tip\.",
        N_("Please write at least one tip."),
    ),
    (
        r"The hour of doses must end after it starts, on the same day\.",
        N_("The hour must end after it begins, on the same day."),
    ),
    (
        r"The hour of doses begins in quiet hours\.",
        N_("The hour begins in the quiet hours."),
    ),
    (
        r"Weekend days need weekends: true\.",
        N_("For Saturdays and Sundays alone, tick the weekends too."),
    ),
    (
        r"The reminder, in hours before the expiry, must be shorter than it\.",
        N_("The reminder must come before the question closes."),
    ),
    (
        r"a budget in money needs per_segment or per_template, its prices\.",
        N_("A budget in money needs the price of a segment or of a template."),
    ),
    (
        r"the years must be from (?P<first>\d+) to (?P<last>\d+)\.",
        N_("The years must be from %(first)s to %(last)s."),
    ),
    (
        r"holds a character (?:or number )?that cannot be (?:kept|stored)\.",
        N_("This holds a sign that cannot be kept."),
    ),
)

# What to know before a launch.
_CAUTIONS: Final = (
    (r"Nobody would get anything\.", N_("Nobody would get anything.")),
    (
        r"It would have ended on (?P<day>[\d-]+): nothing would be sent\.",
        N_("It would have ended on %(day)s: nothing would be sent."),
    ),
    (
        r"The start, (?P<day>[\d-]+), has passed: (?P<days>\d+) days? are lost\.",
        N_("The first day, %(day)s, has passed; days lost: %(days)s."),
    ),
    (
        r"It is shorter than (?P<days>\d+) days: no question is learnt for good, which takes two"
        r" right answers that far apart\.",
        N_(
            "It is shorter than %(days)s days: no question is learnt for good, which takes two"
            " right answers that far apart."
        ),
    ),
    (
        r"A mentee gets (?P<doses>\d+) doses and there are (?P<items>\d+) questions for them, so"
        r" questions come back, and about (?P<idle>\d+) doses find nothing to ask\.",
        N_(
            "A mentee gets %(doses)s doses and there are %(items)s questions for them, so questions"
            " come back, and about %(idle)s doses find nothing to ask."
        ),
    ),
    (
        r"A mentee gets (?P<doses>\d+) doses and there are (?P<items>\d+) questions for them, so"
        r" questions come back\.",
        N_(
            "A mentee gets %(doses)s doses and there are %(items)s questions for them, so questions"
            " come back."
        ),
    ),
    (
        r"(?P<count>\d+) mentees? with the language (?P<language>\w+): (?P<lacking>\d+) of"
        r" (?P<all>\d+) questions are not written in it and go out in English\.",
        N_(
            "Mentees with the language %(language)s: %(count)s. Of %(all)s questions, %(lacking)s"
            " are not written in it and go out in English."
        ),
    ),
    (
        r"(?P<count>\d+) mentees? with the language (?P<language>\w+): (?P<lacking>\d+) of"
        r" (?P<all>\d+) tips are not written in it and go out in English\.",
        N_(
            "Mentees with the language %(language)s: %(count)s. Of %(all)s tips, %(lacking)s are"
            " not written in it and go out in English."
        ),
    ),
    (
        r"WhatsApp has not approved (?P<names>.+), as far as we know: who is outside the 24 hour"
        r" window cannot be reached there\.",
        N_(
            "WhatsApp has not approved these templates, as far as we know: %(names)s. Whoever has"
            " not written for 24 hours cannot be reached there."
        ),
    ),
    (
        r"(?P<count>\d+) mentees? in '(?P<name>.*)' as well: they get one question at a time, at"
        r" most two a day from all campaigns\.",
        N_(
            "Mentees who are in “%(name)s” as well: %(count)s. They get one question at a time, at"
            " most two a day from all campaigns."
        ),
    ),
    (
        r"A part of (?P<hour>[\d:-]+) is quiet \((?P<quiet>[\d:-]+)\): what falls there waits until"
        r" morning\.",
        N_("A part of %(hour)s is quiet (%(quiet)s): what falls there waits until morning."),
    ),
    (
        r"(?P<long>\d+) of (?P<all>\d+) questions \((?P<share>\d+)%\) are longer than one SMS"
        r" segment in (?P<language>\w+): .*\.",
        N_(
            "Questions that are longer than one SMS segment in %(language)s: %(long)s of %(all)s"
            " (%(share)s %%)."
        ),
    ),
    (
        r"(?P<long>\d+) of (?P<all>\d+) tips \((?P<share>\d+)%\) are longer than one SMS"
        r" segment in (?P<language>\w+): .*\.",
        N_(
            "Tips that are longer than one SMS segment in %(language)s: %(long)s of %(all)s"
            " (%(share)s %%)."
        ),
    ),
)

# What is wrong with a question, after its id.
_ITEMS: Final = (
    (
        r"stem and options \((?P<language>\w+)\) take (?P<segments>\d+) segments \(.*\), at most"
        r" (?P<most>\d+) are allowed",
        N_(
            "Question and options (%(language)s) take %(segments)s SMS segments; at most %(most)s"
            " are allowed."
        ),
    ),
    (
        r"why \((?P<language>\w+)\) has (?P<long>\d+) characters, at most (?P<most>\d+)",
        N_("The explanation (%(language)s) has %(long)s characters; at most %(most)s are allowed."),
    ),
    (
        r"(?P<count>\d+) options \((?P<language>\w+)\), 3 or 4 are wanted",
        N_("There are %(count)s options (%(language)s); 3 or 4 are wanted, or yes and no."),
    ),
    (r"an empty text \((?P<language>\w+)\)", N_("A text is empty (%(language)s).")),
    (
        r"two options are the same \((?P<language>\w+)\)",
        N_("Two options are the same (%(language)s)."),
    ),
    (
        r"a line break inside a text \((?P<language>\w+)\)",
        N_("There is a line break inside a text (%(language)s)."),
    ),
    (
        r"English with characters that SMS makes dear: (?P<signs>.+)",
        N_("Signs that make an SMS in English twice as dear: %(signs)s"),
    ),
    (
        r"stem, options and why must be there in English|has no language with stem, options and"
        r" why",
        N_("Question, options and explanation must be there in English."),
    ),
    (
        r"stem, options and why are not all written in (?P<language>\w+)",
        N_("Question, options and explanation are not all written in %(language)s."),
    ),
    (
        r"the languages differ in the number of options",
        N_("The languages differ in the number of options."),
    ),
    (
        r"the answer (?P<letter>\w) is not among the options",
        N_("The right answer, %(letter)s, is not among the options."),
    ),
    (r"names no source", N_("Please name the source.")),
    (
        r"competency (?P<name>\S+) is not one of (?P<topic>\S+)",
        N_("The competency %(name)s is not one of this topic."),
    ),
)

_SHAPES: Final = tuple(
    (re.compile(shape, re.DOTALL), sentence)
    for shape, sentence in (*_REASONS, *_REFUSALS, *_PLAN, *_CAUTIONS, *_ITEMS)
)
_NAME: Final = r"[a-z_]+(?:\.[a-z_0-9]+)*"
_FIELD: Final = re.compile(rf"{_NAME}(?:, {_NAME})*: ")


def known(sentence: str) -> str | None:
    """A service's sentence in the language of the page; None: it has no shape here."""
    for shape, said in _SHAPES:
        found = shape.fullmatch(sentence)
        if found is not None:
            parts = {
                name: told(part) if name == "why" else part
                for name, part in found.groupdict().items()
            }
            return str(gettext(said, **parts))
    return None


def told(sentence: str | None) -> str:
    """The same, or as it was written; a dash where there is none."""
    return known(sentence) or sentence if sentence else "–"


def without_field(problem: str) -> str:
    """A problem of a plan without the name of its field in front."""
    field = _FIELD.match(problem)
    return problem[field.end() :] if field else problem
