"""What an import says about a row, in the language of the page.

``bot.importing`` speaks English, for the command line; what it says is recognised here by its form.
A sentence that is not recognised is shown as it is.
"""

from __future__ import annotations

import re
from typing import Final

from flask_babel import gettext

from bot.accounts.keeping import N_

_LINE = r"Line (?P<line>\d+): "
_GIVEN = r"(?P<column>\w+) (?P<given>'.*'|\".*\"|\S+)"

_KNOWN: Final[tuple[tuple[str, str], ...]] = (
    (
        rf"{_LINE}{_GIVEN} is not a phone number\.",
        N_("Line %(line)s: %(column)s %(given)s is not a phone number."),
    ),
    (
        rf"{_LINE}{_GIVEN} is not one of (?P<choices>.*)\.",
        N_("Line %(line)s: %(column)s %(given)s is not one of %(choices)s."),
    ),
    (
        rf"{_LINE}{_GIVEN} is not a name such as Africa/Kigali\.",
        N_("Line %(line)s: %(column)s %(given)s is not a name such as Africa/Kigali."),
    ),
    (
        rf"{_LINE}{_GIVEN} is not a number from 1 to (?P<most>\d+)\.",
        N_("Line %(line)s: %(column)s %(given)s is not a number from 1 to %(most)s."),
    ),
    (
        rf"{_LINE}{_GIVEN} belongs to nobody we know\.",
        N_("Line %(line)s: %(column)s %(given)s belongs to nobody we know."),
    ),
    (
        rf"{_LINE}it has more cells than the heading\.",
        N_("Line %(line)s: it has more cells than the heading."),
    ),
    (
        rf"{_LINE}it has neither phone nor whatsapp nor external_id\.",
        N_("Line %(line)s: it has neither phone nor whatsapp nor external_id."),
    ),
    (
        rf"{_LINE}duty_hours: (?P<why>.*)\.",
        N_("Line %(line)s: duty_hours cannot be read: %(why)s."),
    ),
    (
        rf"{_LINE}(?P<given>.*) is also on line (?P<other>\d+)\.",
        N_("Line %(line)s: %(given)s is also on line %(other)s."),
    ),
    (
        rf"{_LINE}its district is not (?P<district>.*), which is yours\.",
        N_("Line %(line)s: its district is not %(district)s, which is yours."),
    ),
    (
        rf"{_LINE}it needs a facility in (?P<district>.*), which is yours\.",
        N_("Line %(line)s: it needs a facility in %(district)s, which is yours."),
    ),
    (
        rf"{_LINE}this person is recorded outside (?P<district>.*)\.",
        N_("Line %(line)s: this person is recorded outside %(district)s."),
    ),
    (
        r"The heading has a column (?P<column>.*) that is not known\.",
        N_("The heading has a column %(column)s that is not known."),
    ),
    (
        r"(?P<name>.*) cannot be read as (?P<kind>CSV|XLSX)\.",
        N_("%(name)s cannot be read as %(kind)s."),
    ),
    (r"(?P<name>.*) is empty\.", N_("%(name)s is empty.")),
    (
        r"(?P<name>.*) holds a character that cannot be stored\.",
        N_("%(name)s holds a character that cannot be stored."),
    ),
)


def in_words(problem: str) -> str:
    """One problem of an import, as it is said on this page."""
    for form, sentence in _KNOWN:
        found = re.fullmatch(form, problem, re.DOTALL)
        if found is not None:
            return str(gettext(sentence, **found.groupdict()))
    return problem
