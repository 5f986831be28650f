"""Inbound messages: check the signature, store, defer, 204. No Rasa and no Twilio call here.

Status callbacks are answered in ``statuses``.
"""

from __future__ import annotations

import json

from flask import Blueprint, Response, request

from bot import words
from bot.people import parse_sender
from bot.text.fold import clean
from bot.turn import payload
from store import queue
from webhooks.house import house
from webhooks.ingest import Arrived, store_inbound
from webhooks.signed import LARGEST_FORM, LONGEST_ID, Pairs, form_pairs, is_signed

blueprint = Blueprint("twilio", __name__, url_prefix="/webhooks/twilio")


def _checked_form() -> Pairs | Response:
    request.max_content_length = LARGEST_FORM  # holds for bodies of unknown length too: 413
    body = request.get_data(cache=False)
    try:
        pairs = form_pairs(body)
    except ValueError:
        return Response("not a form", 400)
    settings = house().settings
    query = request.query_string.decode("ascii", "replace")
    url = settings.public_url + request.path + (f"?{query}" if query else "")
    signature = request.headers.get("X-Twilio-Signature", "")
    if not is_signed(url, pairs, signature, settings.auth_tokens):
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
    said = payload(form) or body
    word = by_provider if by_provider in ("stop", "start") else words.consent_word(said)
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
