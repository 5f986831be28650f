"""Doses as messages: what is said, which menu and template go with it, and where it goes."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime

from bot import outbox, people, sending
from bot.quizzes.bank import FALLBACK, Item, rendered
from bot.quizzes.forecast import way
from bot.quizzes.plan import Plan
from bot.texts import text
from channels.quiz import letters_menu, question_template, question_variables
from store.people import Address


@dataclass(frozen=True)
class Message:
    """One message of a dose. ``kind`` is the outbox's."""

    kind: str
    body: str
    menu: str | None
    template: outbox.Template


@dataclass(frozen=True)
class Ways:
    """How a mentee can be reached: the addresses that may be used, one per channel."""

    sms: sending.Address | None
    whatsapp: sending.Address | None

    @property
    def any(self) -> bool:
        """Whether there is one at all."""
        return self.sms is not None or self.whatsapp is not None

    @property
    def whatsapp_id(self) -> int | None:
        """The id of the WhatsApp address."""
        return self.whatsapp.id if self.whatsapp is not None else None

    def choose(self, plan: Plan, now: datetime) -> int | None:
        """The address that a campaign uses now."""
        is_open = self.whatsapp is not None and self.whatsapp.window_open(now)
        chosen = way(plan, self.sms is not None, self.whatsapp is not None, is_open)
        if chosen is None:
            return None
        address = self.sms if chosen == "sms" else self.whatsapp
        return address.id if address is not None else None


def ways(addresses: Iterable[Address]) -> Ways:
    """The ways that may be used: neither opted out nor found unreachable."""
    found: dict[str, sending.Address] = {}
    for address in people.as_sent_to(addresses):
        if address.stopped or address.bad:
            continue
        known = found.get(address.channel)
        # Of several WhatsApp addresses, the one whose window was opened last.
        if known is None or _later(address, known):
            found[address.channel] = address
    return Ways(found.get("sms"), found.get("whatsapp"))


def _later(one: sending.Address, other: sending.Address) -> bool:
    if one.last_inbound_at is None:
        return False
    return other.last_inbound_at is None or one.last_inbound_at > other.last_inbound_at


def question(item: Item, language: str, *, is_first: bool = False, again: bool = False) -> Message:
    """A question as it is asked.

    Args:
        is_first: the mentee's first one ever, which says what to do with it.
        again: the reminder.
    """
    where = item.language(language)
    options = item.options[where]
    body, stem = rendered(item, language), item.stem[where]
    if is_first:
        # The template says so in its own words.
        body = f"{text('quiz_intro', where)}\n{body}"
    elif again:
        said = text("quiz_reminder", where)
        body, stem = f"{said}\n{body}", f"{said} {stem}"
    return Message(
        "campaign",
        body,
        letters_menu(len(options)),
        outbox.Template(
            question_template(len(options)), question_variables(stem, options), is_enough=True
        ),
    )


def tip(texts: Mapping[str, str], language: str) -> Message:
    """A learning tip in the mentee's language, in English where it is not written in it."""
    said = texts.get(language) or texts[FALLBACK]
    flat = " ".join(said.split())
    return Message("tip", said, None, outbox.Template("tip", {"1": flat}, is_enough=True))


def summary(said: str) -> Message:
    """The weekly summary."""
    flat = " ".join(said.split())
    return Message("notice", said, None, outbox.Template("quiz_week", {"1": flat}, is_enough=True))
