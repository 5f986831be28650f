"""What the handlers of one inbound message share: who wrote what, where, and when."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from bot import outbox, words
from bot.mentoring import assigning, cases, record
from bot.settings import Settings
from bot.text.redact import redact
from bot.texts import text
from store.cases import Case
from store.messages import Inbound, OutboxMessage
from store.people import Address, Person

# Twilio takes ten attachments in one message.
MOST_MEDIA = 10
_MEDIA_WORDS = {"image": "photo", "audio": "voice_note"}


def payload(form: Mapping[str, str]) -> str | None:
    """What a button or a row of a list stands for; none where somebody typed.

    The body is its title then: words of ours.
    """
    return form.get("ButtonPayload") or form.get("ListId") or None


@dataclass(frozen=True)
class Turn:
    """One inbound message being handled. ``now`` is aware."""

    session: Session
    person: Person
    address: Address
    inbound: Inbound
    form: dict[str, str]
    now: datetime
    settings: Settings

    @classmethod
    def of(
        cls, session: Session, person: Person, inbound: Inbound, now: datetime, settings: Settings
    ) -> Turn:
        """The turn of a message whose person and address are known already."""
        address = session.get_one(Address, inbound.address_id)
        return cls(session, person, address, inbound, dict(map(tuple, inbound.form)), now, settings)

    @property
    def key(self) -> str:
        """Prefix of what is said because of this message; once for ever."""
        return f"in:{self.inbound.id}"

    @property
    def pressed(self) -> bool:
        """Whether this is a button or a row of a list, not something typed."""
        return payload(self.form) is not None

    @property
    def text(self) -> str:
        """What was written, or the payload of the button that was pressed."""
        return (payload(self.form) or self.inbound.body).strip()

    @property
    def question_text(self) -> str:
        """The question that a retry asks again: what was held back, if anything was."""
        held = (self.inbound.dialogue or {}).get("question")
        return held if isinstance(held, str) else self.text

    @property
    def quoted_sid(self) -> str | None:
        """The provider's id of the message of ours that was quoted."""
        return self.form.get("OriginalRepliedMessageSid") or None

    def quoted_key(self) -> str | None:
        """The key under which we said what was quoted, or pressed under, if it was to them."""
        if self.quoted_sid is None:
            return None
        return self.session.scalar(
            select(OutboxMessage.dedupe_key).where(
                OutboxMessage.provider_sid == self.quoted_sid,
                OutboxMessage.person_id == self.person.id,
            )
        )

    @property
    def has_media(self) -> bool:
        """Whether a photo, voice note, document or location came with it."""
        return self._media_count > 0 or "Latitude" in self.form

    @property
    def _media_count(self) -> int:
        count = self.form.get("NumMedia", "0")
        return int(count) if count.isascii() and count.isdigit() and len(count) < 6 else 0

    @property
    def media_links(self) -> list[str]:
        """Our own short-lived addresses of the attachments, for the other side's phone."""
        from bot.media import link

        return [
            link(self.settings, self.inbound.id, number, self.now)
            for number in range(min(self._media_count, MOST_MEDIA))
            if f"MediaUrl{number}" in self.form
        ]

    @property
    def media_link(self) -> str | None:
        """The address of the first attachment, which travels with the text."""
        return next(iter(self.media_links), None)

    def bring_other_media(self, case: Case, readers: Iterable[Person]) -> None:
        """Of several attachments, all but the first: one message takes one on WhatsApp."""
        readers = list(readers)
        for number, url in enumerate(self.media_links[1:], 1):
            for reader in readers:
                key = f"{self.key}:media{number}:{reader.id}"
                record.tell_media(self.session, case, reader, url, key=key, now=self.now)

    def described(self, language: str) -> str:
        """The text with a word for each attachment."""
        attached = [
            text(
                _MEDIA_WORDS.get(
                    self.form.get(f"MediaContentType{n}", "").split("/")[0], "attachment"
                ),
                language,
            )
            for n in range(min(self._media_count, MOST_MEDIA))
        ]
        if "Latitude" in self.form:
            attached.append(text("location", language))
        return " ".join([self.text, *attached]).strip()

    def without_code(self, language: str) -> str:
        """Like ``described``, without the code of a case that the text begins with."""
        whole = self.described(language)
        asked = words.command(self.text)
        if asked is None or asked.name != "answer":
            return whole
        return (asked.text + whole[len(self.text) :]).strip()

    def was_shown(self, asked: Mapping[str, Any], *labels: str) -> bool:
        """Whether a typed choice can be about the newest question: it had left when it was typed.

        Of two lists under way, a number would otherwise be read by the one not seen yet.

        Args:
            asked: what waits for an answer; ``asked_in`` is the message that it was asked in.
            labels: under which the question was said (``reply_text``).
        """
        if self.pressed or "asked_in" not in asked:
            return True
        keys = [f"in:{asked['asked_in']}:{label}" for label in labels]
        left_at = self.session.scalar(
            select(func.min(OutboxMessage.attempted_at)).where(OutboxMessage.dedupe_key.in_(keys))
        )
        return left_at is not None and left_at < self.inbound.received_at

    def reply(
        self,
        key: str,
        *,
        menu: str | None = None,
        kind: str = "reply",
        dose_id: int | None = None,
        case_id: int | None = None,
        discussion_id: int | None = None,
        **values: object,
    ) -> None:
        """Say one of our texts back to where the message came from."""
        said = text(key, self.person.language, **values)
        self.reply_text(
            said,
            label=key,
            menu=menu,
            kind=kind,
            dose_id=dose_id,
            case_id=case_id,
            discussion_id=discussion_id,
        )

    def reply_text(
        self,
        body: str,
        *,
        label: str,
        menu: str | None = None,
        kind: str = "reply",
        dose_id: int | None = None,
        case_id: int | None = None,
        discussion_id: int | None = None,
        media_url: str | None = None,
    ) -> None:
        """Say something back to where the message came from, once per ``label``.

        Args:
            case_id: the case that it is about, so that quoting it means that case.
        """
        outbox.say(
            self.session,
            self.person,
            body,
            key=f"{self.key}:{label}",
            now=self.now,
            kind=kind,
            menu=menu,
            address_id=self.address.id,
            inbound_id=self.inbound.id,
            dose_id=dose_id,
            case_id=case_id,
            discussion_id=discussion_id,
            media_url=media_url,
            wake=False,
        )

    def ask_for_no_identifiers(self, body: str) -> None:
        """Ask kindly for no names, numbers and dates of birth, if there were any; once a day."""
        if not redact(body).found:
            return
        day = self.now.astimezone(ZoneInfo(self.person.timezone)).date()
        outbox.say(
            self.session,
            self.person,
            text("no_identifiers", self.person.language),
            key=f"identifiers:{self.person.id}:{day}",
            now=self.now,
            address_id=self.address.id,
            inbound_id=self.inbound.id,
            wake=False,
        )

    def open_case(
        self,
        body: str,
        *,
        cause: str,
        asked: bool = False,
        topic: str | None = None,
        urgent: bool = False,
        emergency: str | None = None,
        about: Mapping[str, object] | None = None,
    ) -> Case:
        """Hand this message over to a mentor."""
        case = cases.open_case(
            self.session,
            self.person,
            body,
            cause=cause,
            now=self.now,
            key=self.key,
            address_id=self.address.id,
            inbound_id=self.inbound.id,
            topic=topic,
            urgent=urgent,
            emergency=emergency,
            media_url=self.media_link,
            asked=asked,
            about=about,
        )
        if len(self.media_links) > 1:
            self.bring_other_media(case, assigning.active(self.session, case, self.now))
        if not urgent:  # in an emergency there is enough to read
            self.ask_for_no_identifiers(body)
        return case

    def add_detail(self, case: Case, body: str | None = None) -> None:
        """Pass this message, or ``body`` in its place, on to the mentor of a case of one's own."""
        said = self.without_code(self.person.language) if body is None else body
        cases.add_detail(
            self.session,
            case,
            self.person,
            said,
            now=self.now,
            key=self.key,
            inbound_id=self.inbound.id,
            media_url=self.media_link,
            address_id=self.address.id,
        )
        if len(self.media_links) > 1:
            self.bring_other_media(case, assigning.active(self.session, case, self.now))
        if not case.urgent:
            self.ask_for_no_identifiers(said)
