"""Accepting a message from the product: Twilio's checks, in Twilio's order."""

from __future__ import annotations

from urllib.parse import urlsplit

from werkzeug.datastructures import MultiDict

from simulator import text
from simulator.content import Filled, fill, parse_variables
from simulator.delivery import Delivery, is_ours
from simulator.errors import ApiError
from simulator.model import Media, Message, new_sid
from simulator.state import State

LONGEST = 1600
_TYPES = {"png": "image/png", "jpg": "image/jpeg", "jpeg": "image/jpeg", "pdf": "application/pdf"}


class Outbound:
    """The way in for messages of the product."""

    def __init__(self, state: State, delivery: Delivery) -> None:
        self._state = state
        self._delivery = delivery

    def accept(self, params: MultiDict[str, str]) -> Message:
        """Check, store and start delivering. Raises ApiError as Twilio would refuse.

        What Twilio notices only later (63016, a template without its values) is accepted here
        and fails afterwards, through the callback.
        """
        message, filled = self._build(params)
        with self._state.lock:
            if self._state.opted_out(message.address):
                raise ApiError(400, 21610)
            # In session Twilio looks at the values at once (error 21656); for a template WhatsApp
            # does so later.
            if message.whatsapp and filled and filled.unruly and self._window(message):
                raise ApiError(400, 21656)
            message.doomed = self._fate(message, filled)
            self._state.add(message)
        self._delivery.start(message)
        return message

    def say(self, address: str, body: str) -> None:
        """A stock answer of the network itself, like the one to STOP."""
        now = self._state.now()
        message = Message(
            new_sid("SM"),
            address,
            self._state.account.ours(address),
            False,
            body,
            "queued",
            now,
            now,
            segments=text.segments(body),
            automatic=True,
        )
        self._state.add(message)
        self._delivery.start(message)

    def _build(self, params: MultiDict[str, str]) -> tuple[Message, Filled | None]:
        to = text.normal(params.get("To", ""))
        if not to:
            raise ApiError(400, 21604)
        if not text.valid(to):
            raise ApiError(400, 21211, params.get("To", ""))
        ours, service = self._sender(params, to)
        media = [Media(new_sid("ME"), _guess(url), url) for url in params.getlist("MediaUrl")]
        body, filled, content_sid = params.get("Body", ""), None, params.get("ContentSid")
        if content_sid:
            content = self._state.contents.get(content_sid)
            if content is None:
                raise ApiError(400, 21655)
            given = parse_variables(params.get("ContentVariables"))
            filled = fill(content, given, text.is_whatsapp(to))
            body = filled.body
        if not body and not media:
            raise ApiError(400, 21602)
        if len(body) > LONGEST:
            raise ApiError(400, 21617)
        callback = params.get("StatusCallback") or None
        if callback and not is_ours(callback):
            raise ApiError(400, 21609)
        now = self._state.now()
        message = Message(
            new_sid("MM" if media or (text.is_whatsapp(to) and content_sid) else "SM"),
            to,
            ours,
            False,
            body,
            "accepted" if service else "queued",
            now,
            now,
            segments=1 if text.is_whatsapp(to) else text.segments(body),
            media=media,
            buttons=filled.buttons if filled else [],
            picker=filled.picker if filled else None,
            status_callback=callback,
            service_sid=service,
            content_sid=content_sid,
        )
        if content_sid:
            message.template = self._state.contents[content_sid].friendly_name
        return message, filled

    def _sender(self, params: MultiDict[str, str], to: str) -> tuple[str, str | None]:
        account = self._state.account
        service = params.get("MessagingServiceSid")
        sender = params.get("From")
        if service and (len(service) != 34 or account.service_sid not in (None, service)):
            raise ApiError(400, 21705)
        if not sender:
            if not service:
                raise ApiError(400, 21603)
            return account.ours(to), service
        sender = text.normal(sender)
        if text.is_whatsapp(sender) != text.is_whatsapp(to):
            raise ApiError(400, 21606)
        if sender != account.ours(to):
            raise ApiError(400, 63007 if text.is_whatsapp(sender) else 21659, sender)
        return sender, service

    def _window(self, message: Message) -> bool:
        return bool(self._state.window_until(message.address))

    def _fate(self, message: Message, filled: Filled | None) -> int | None:
        if not message.whatsapp:
            return None
        if filled and filled.missing:
            return 63028
        if self._window(message):
            return None
        if filled is None or filled.kind == "twilio/list-picker":
            return 63016
        content = self._state.contents.get(message.content_sid or "")
        if content is None or content.approval != "approved":
            return 63016
        return 63005 if filled.unruly else None


def _guess(url: str) -> str:
    ending = urlsplit(url).path.rpartition(".")[2].lower()
    return _TYPES.get(ending, "application/octet-stream")
