"""Why a message was not sent, or waits, in plain words."""

from __future__ import annotations

from typing import Final

from flask_babel import gettext as _

from bot.accounts.keeping import N_
from bot.sending import EXPIRED
from console.words import WORDS, said

# What the provider's codes mean for whoever looks after the programme; see channels.errors.
CODES: Final[dict[int, str]] = {
    20003: N_("The provider refuses our credentials"),
    20429: N_("More was sent at once than the provider takes"),
    21211: N_("This is not a phone number"),
    21610: N_("The person has opted out at the provider"),
    21614: N_("This number cannot receive text messages"),
    21655: N_("The provider does not have this template"),
    21656: N_("The provider cannot fill in this template"),
    30003: N_("The phone is off or out of reach"),
    30005: N_("The operator does not know this number"),
    30006: N_("This number cannot receive text messages"),
    30007: N_("The operator took it for spam"),
    30008: N_("The operator did not say why"),
    63003: N_("This number is not on WhatsApp"),
    63013: N_("WhatsApp does not take a message of this form"),
    63016: N_("The person has not written on WhatsApp for a day"),
    63018: N_("More was sent at once than WhatsApp takes"),
    131056: N_("This person got too many messages at once"),
}
# What a reason begins with, where more stands behind it.
BEGINNINGS: Final[dict[str, str]] = {
    "in doubt": N_("The provider did not say whether it has it"),
    "loop: ": N_("Too many messages to this person within ten minutes"),
    "discussion: ": N_("The discussion went on"),
    "template ": N_("WhatsApp has not approved its template"),
}


def why(reason: str | None, code: int | None) -> str:
    """A reason in the language of the page, with the code behind it; empty where there is none."""
    if not reason and code is None:
        return ""
    sentence = _said(reason or "", code)
    return f"{sentence} ({code})" if code is not None else sentence


def _said(reason: str, code: int | None) -> str:
    if reason.startswith(f"{EXPIRED}: "):
        return f"{said('reason', EXPIRED)}: {_said(reason.removeprefix(f'{EXPIRED}: '), None)}"
    if reason in WORDS["reason"]:
        return said("reason", reason)
    for beginning, sentence in BEGINNINGS.items():
        if reason.startswith(beginning):
            return str(_(sentence))
    if code in CODES:
        return str(_(CODES[code]))
    return reason
