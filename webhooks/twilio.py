"""Twilio's webhooks: check the signature, store, defer, 204. No Rasa and no Twilio call here."""

from __future__ import annotations

import json
from typing import Any
from urllib.parse import parse_qsl

from flask import Blueprint, Response, request
from twilio.request_validator import RequestValidator
from werkzeug.datastructures import MultiDict

from bot import words
from bot.people import parse_sender
from bot.text.fold import clean
from store import queue
from webhooks.house import House, house
from webhooks.ingest import Arrived, store_inbound
from webhooks.receipts import move_forward, store_status

blueprint = Blueprint("twilio", __name__, url_prefix="/webhooks/twilio")

# Twilio's largest form is a few kB; anything near this is not Twilio.
LARGEST_FORM = 64 * 1024
MOST_FIELDS = 200
# Sids have 34 characters, addresses fewer; a longer one would not fit PostgreSQL's indexes.
LONGEST_ID = 200


def form_pairs(body: bytes) -> list[tuple[str, str]]:
    """The form's pairs in order, as sent, with blank values; odd bytes become U+FFFD."""
    return parse_qsl(
        body.decode("utf-8", "replace"),
        keep_blank_values=True,
        encoding="utf-8",
        errors="replace",
        max_num_fields=MOST_FIELDS,
    )


def is_signed(this: House, pairs: list[tuple[str, str]]) -> bool:
    """Whether one of our tokens signed this request for our public address.

    The address is the configured one, never what the request claims. Twilio's validator tries it
    with and without the explicit port. A missing header is simply not signed.
    """
    signature = request.headers.get("X-Twilio-Signature", "")
    if not signature:
        return False
    query = request.query_string.decode("ascii", "replace")
    url = this.settings.public_url + request.path + (f"?{query}" if query else "")
    params = MultiDict(pairs)
    return any(bool(validator.validate(url, params, signature)) for validator in _validators(this))


def _validators(this: House) -> list[RequestValidator]:
    return [RequestValidator(token) for token in this.settings.auth_tokens]


def _checked_form() -> list[tuple[str, str]] | Response:
    request.max_content_length = LARGEST_FORM  # holds for bodies of unknown length too: 413
    body = request.get_data(cache=False)
    try:
        pairs = form_pairs(body)
    except ValueError:
        return Response("not a form", 400)
    if not is_signed(house(), pairs):
        return Response("bad signature", 403)
    return [(clean(name), clean(value)) for name, value in pairs]


@blueprint.post("/message")
def message() -> Response:
    """An inbound SMS or WhatsApp message: stored before it is acknowledged."""
    pairs = _checked_form()
    if isinstance(pairs, Response):
        return pairs
    form = dict(pairs)
    sid = form.get("MessageSid") or form.get("SmsMessageSid") or form.get("SmsSid")
    channel, sender = parse_sender(form.get("From", ""))
    if not sid or not sender or len(sid) > LONGEST_ID or len(sender) > LONGEST_ID:
        return Response("MessageSid and From are needed", 400)
    body = form.get("Body", "")
    by_provider = form.get("OptOutType", "").lower()
    word = by_provider if by_provider in ("stop", "start") else words.consent_word(body)
    this = house()
    store_inbound(
        this.engine,
        Arrived(
            sid=sid,
            channel=channel,
            sender=sender,
            body=body,
            form=json.dumps(pairs),
            received_at=this.now(),
            priority=queue.PRIORITY_CONSENT if word in ("stop", "start") else queue.PRIORITY_REPLY,
            is_stop=word == "stop",
        ),
    )
    this.counters.inbound.labels(channel).inc()
    return Response(status=204)


@blueprint.post("/status")
def status() -> Response:
    """A status callback: kept, and moves its message forward."""
    pairs = _checked_form()
    if isinstance(pairs, Response):
        return pairs
    form = dict(pairs)
    sid = form.get("MessageSid") or form.get("SmsSid")
    word = form.get("MessageStatus") or form.get("SmsStatus")
    if not sid or not word or len(sid) > LONGEST_ID or len(word) > LONGEST_ID:
        return Response("MessageSid and MessageStatus are needed", 400)
    code = form.get("ErrorCode", "")
    error_code = int(code) if code.isascii() and code.isdigit() and len(code) < 10 else None
    ours = request.args.get("m", "")
    outbox_id = int(ours) if ours.isascii() and ours.isdigit() and len(ours) < 18 else None
    this = house()
    kept: dict[str, Any] = {
        "sid": sid,
        "status": word.lower(),
        "outbox_id": outbox_id,
        "form": [list(pair) for pair in pairs],
        "now": this.now(),
    }
    simple = outbox_id is not None and error_code is None
    if simple and move_forward(this.engine, **kept):
        return Response(status=204)
    with this.sessions.begin() as session:
        store_status(session, **kept, error_code=error_code)
    return Response(status=204)
