"""A person writes: the message reaches the network, and the network tells the product."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from simulator import text
from simulator.model import Media, Message, new_sid
from simulator.outbound import Outbound
from simulator.state import State
from simulator.webhook import Lanes, Poster

SAMPLE = "sample-photo.jpg"
_STOCK = {
    "STOP": "You have unsubscribed and will get no more messages. Reply START to resubscribe.",
    "START": "You have resubscribed. Reply HELP for help, STOP to unsubscribe.",
    "HELP": "Reply STOP to unsubscribe.",
}


class CannotSend(ValueError):
    """A phone cannot send this; one sentence."""


class Inbound:
    """The way in for messages of people."""

    def __init__(self, state: State, poster: Poster, outbound: Outbound) -> None:
        self._state = state
        self._poster = poster
        self._outbound = outbound
        self.lanes = Lanes(16, "webhooks")

    def send(self, address: str, request: Mapping[str, Any]) -> Message:
        """Send what `request` says from `address`; see the control API for its fields."""
        if not text.valid(address):
            raise CannotSend("This is neither a phone number nor a WhatsApp user id.")
        message = self._build(address, request)
        with self._state.lock:
            down = self._state.switches.down(address)
            message.status = "waiting" if down else "sent"
            self._state.add(message)
        if not down:
            self.reach(message)
        return message

    def network_changed(self) -> None:
        """Phones may have come back: send what they kept, in the order it was written."""
        with self._state.lock:
            kept = [
                message
                for message in self._state.messages.values()
                if message.status == "waiting" and not self._state.switches.down(message.address)
            ]
            for message in kept:
                self._state.move(message, "sent")
        for message in kept:
            self.reach(message)

    def again(self, sid: str) -> Message:
        """Post a message that the product did not take once more, under the same sid."""
        message = self._state.messages.get(sid)
        if message is None or not message.inbound or message.status != "failed":
            raise CannotSend("Only a message that failed can be sent again.")
        self._state.move(message, "sent")
        self._submit(message)
        return message

    def reach(self, message: Message) -> None:
        """The network has the message: window, opt-out words, then the webhook."""
        self._state.heard_from(message)
        self._keywords(message)
        self._submit(message)

    def _keywords(self, message: Message) -> None:
        """Opt-out words by Twilio's rules: SMS always, WhatsApp only with Advanced Opt-Out."""
        switches, word = self._state.switches, text.keyword(message.body)
        if word is None or (message.whatsapp and not switches.advanced_opt_out):
            return
        out = self._state.opted_out(message.address)
        if word == "START" and not out:
            return
        if switches.advanced_opt_out:
            message.form["OptOutType"] = word
        if word == "START":
            self._state.set_opted_out(message.address, False)
        if switches.advanced_opt_out or switches.keyword_replies:
            self._outbound.say(message.address, _STOCK[word])
        if word == "STOP":
            self._state.set_opted_out(message.address, True)

    def _submit(self, message: Message) -> None:
        account = self._state.account
        url = account.public_url.rstrip("/") + account.message_path
        times = 2 if self._state.switches.webhooks_twice else 1

        def work() -> None:
            outcome = self._poster.post(url, message.form)
            with self._state.lock:
                self._state.counts["webhooks_ok" if outcome.ok else "webhooks_failed"] += 1
                if self._state.messages.get(message.sid) is not message:
                    return
                if outcome.ok:
                    self._state.move(message, "delivered")
                elif message.status != "delivered":
                    self._state.move(message, "failed", note=outcome.words)

        for _ in range(times):
            self.lanes.submit(message.address, work)

    def _build(self, address: str, request: Mapping[str, Any]) -> Message:
        state, now = self._state, self._state.now()
        body = str(request.get("text") or "").encode("utf-8", "replace").decode()
        media = [_media(item) for item in request.get("media") or []]
        location = request.get("location")
        quoted = self._of_thread(address, request["quote"]) if request.get("quote") else None
        extra: dict[str, str] = {}
        kind = "text"
        for name in ("button", "list"):
            if request.get(name):
                quoted, row = self._pressed(address, request[name], name)
                body, kind = row["title"], "button" if name == "button" else "interactive"
                extra.update(row["fields"])
        if isinstance(location, dict):
            kind = "location"
            extra.update(_location(location))
        elif media:
            kind = media[0].content_type.partition("/")[0]
        if not body and not media and not location and not request.get("extra"):
            raise CannotSend("There is nothing to send.")
        message = Message(
            new_sid("MM" if media else "SM"),
            address,
            str(request.get("to") or state.account.ours(address)),
            True,
            body,
            "sent",
            now,
            now,
            segments=1 if text.is_whatsapp(address) else text.segments(body),
            media=media,
            quoted=quoted.sid if quoted else None,
            location=location if isinstance(location, dict) else None,
        )
        message.form = self._form(message, kind, str(request.get("profile_name") or ""))
        if quoted and message.whatsapp:
            message.form["OriginalRepliedMessageSid"] = quoted.sid
            sender = quoted.address if quoted.inbound else quoted.ours
            message.form["OriginalRepliedMessageSender"] = sender
        message.form.update(extra)
        for name, value in (request.get("extra") or {}).items():
            message.form[str(name)] = str(value)
        return message

    def _of_thread(self, address: str, sid: Any) -> Message:
        message = self._state.messages.get(str(sid))
        if message is None or message.address != address:
            raise CannotSend("The quoted message is not in this chat.")
        return message

    def _pressed(self, address: str, press: Any, name: str) -> tuple[Message, dict[str, Any]]:
        if not isinstance(press, dict):
            raise CannotSend(f"{name} takes the sid of the message and the id of the row.")
        shown = self._of_thread(address, press.get("sid"))
        rows = shown.buttons if name == "button" else (shown.picker or {"items": []})["items"]
        row = next((row for row in rows if row["id"] == press.get("id")), None)
        if row is None:
            raise CannotSend("The message has no such button.")
        if name == "button":
            fields = {"ButtonText": row["title"], "ButtonPayload": row["id"]}
            return shown, {"title": row["title"], "fields": fields}
        fields = {"ListId": row["id"], "ListTitle": row["item"]}
        return shown, {"title": row["item"], "fields": fields}

    def _form(self, message: Message, kind: str, name: str) -> dict[str, str]:
        """The form Twilio posts (Twilio, "Twilio's request to your incoming message webhook")."""
        account = self._state.account
        form = {
            "AccountSid": account.sid,
            "ApiVersion": "2010-04-01",
            "Body": message.body,
            "From": message.address,
            "MessageSid": message.sid,
            "NumMedia": str(len(message.media)),
            "NumSegments": str(message.segments),
            "SmsMessageSid": message.sid,
            "SmsSid": message.sid,
            "SmsStatus": "received",
            "To": message.ours,
        }
        if account.service_sid:
            form["MessagingServiceSid"] = account.service_sid
        for n, item in enumerate(message.media):
            form[f"MediaUrl{n}"] = (
                f"https://api.twilio.com/2010-04-01/Accounts/{account.sid}"
                f"/Messages/{message.sid}/Media/{item.sid}"
            )
            form[f"MediaContentType{n}"] = item.content_type
        if message.whatsapp:
            form.update(self._whatsapp_fields(message, kind, name))
        else:
            form.update(_country_fields(message.address))
        return form

    def _whatsapp_fields(self, message: Message, kind: str, name: str) -> dict[str, str]:
        person = self._state.person_of(message.address)
        profile = name or (person.name if person else "") or "WhatsApp user"
        plain = message.address.removeprefix(text.WHATSAPP)
        who = {"ProfileName": profile}
        if text.has_number(message.address):
            who["WaId"] = plain.lstrip("+")
        else:
            who["ExternalUserId"] = plain
        context = {"type": "whatsapp", "data": {"context": who}}
        return {**who, "MessageType": kind, "ChannelMetadata": json.dumps(context)}


def _media(item: Any) -> Media:
    if item == "sample":
        return Media(new_sid("ME"), "image/jpeg", path=SAMPLE)
    if isinstance(item, dict) and item.get("content_type"):
        url = str(item["url"]) if item.get("url") else None
        return Media(new_sid("ME"), str(item["content_type"]), url, None if url else SAMPLE)
    raise CannotSend('media takes "sample" or a content_type, with a url if need be.')


def _location(place: Mapping[str, Any]) -> dict[str, str]:
    try:
        fields = {name: str(float(place[name.lower()])) for name in ("Latitude", "Longitude")}
    except (KeyError, TypeError, ValueError):
        raise CannotSend("location takes a latitude and a longitude.") from None
    return fields | {n: str(place[n.lower()]) for n in ("Label", "Address") if place.get(n.lower())}


def _country_fields(address: str) -> dict[str, str]:
    country = "RW" if address.startswith("+250") else ""
    return {
        f"{end}{part}": (country if (end, part) == ("From", "Country") else "")
        for end in ("From", "To")
        for part in ("City", "State", "Zip", "Country")
    }
