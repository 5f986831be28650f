"""Twilio's status callbacks, answered before Flask: there are two or three to every message.

What a campaign costs is mostly this. So nothing is built here that a callback does not need, and
callbacks that come at the same time are stored together (``receipts``). Everything else goes on
to the application behind.
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from http import HTTPStatus
from typing import TYPE_CHECKING, Any

import psycopg
import structlog
from sqlalchemy.exc import SQLAlchemyError

from bot.text.fold import clean
from webhooks.house import House
from webhooks.receipts import Receipt, Receipts, store_status
from webhooks.signed import LARGEST_FORM, LONGEST_ID, form_pairs, is_signed

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIApplication, WSGIEnvironment

log = structlog.get_logger(__name__)

PATH = "/webhooks/twilio/status"
_LINES = {
    status: f"{status.value} {status.phrase}"
    for status in (
        HTTPStatus.NO_CONTENT,
        HTTPStatus.BAD_REQUEST,
        HTTPStatus.FORBIDDEN,
        HTTPStatus.METHOD_NOT_ALLOWED,
        HTTPStatus.REQUEST_ENTITY_TOO_LARGE,
        HTTPStatus.SERVICE_UNAVAILABLE,
    )
}


class StatusDoor:
    """WSGI: takes status callbacks, and hands every other request to ``behind``."""

    def __init__(self, behind: WSGIApplication, house: House, receipts: Receipts) -> None:
        self._behind = behind
        self._house = house
        self._receipts = receipts

    def __call__(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        """Answer one request. A callback is answered 2xx after it has been stored."""
        if environ.get("PATH_INFO") != PATH:
            return self._behind(environ, start_response)
        try:
            status = self._taken(environ)
        except (psycopg.Error, SQLAlchemyError) as error:
            # Not the error's words: they may hold what was sent.
            log.error("status callback not stored", error=type(error).__name__)
            status = HTTPStatus.SERVICE_UNAVAILABLE
        headers = [("Allow", "POST")] if status == HTTPStatus.METHOD_NOT_ALLOWED else []
        if status != HTTPStatus.NO_CONTENT:
            headers.append(("Content-Length", "0"))
        start_response(_LINES[status], headers)
        return ()

    def _taken(self, environ: WSGIEnvironment) -> HTTPStatus:
        if environ["REQUEST_METHOD"] != "POST":
            return HTTPStatus.METHOD_NOT_ALLOWED
        body = _body(environ)
        if body is None:
            return HTTPStatus.REQUEST_ENTITY_TOO_LARGE
        try:
            pairs = form_pairs(body)
        except ValueError:
            return HTTPStatus.BAD_REQUEST
        settings = self._house.settings
        query = environ.get("QUERY_STRING", "")
        url = settings.public_url + PATH + (f"?{query}" if query else "")
        signature = environ.get("HTTP_X_TWILIO_SIGNATURE", "")
        if not is_signed(url, pairs, signature, settings.auth_tokens):
            return HTTPStatus.FORBIDDEN
        return self._stored([(clean(name), clean(value)) for name, value in pairs], query)

    def _stored(self, pairs: list[tuple[str, str]], query: str) -> HTTPStatus:
        form = dict(pairs)
        sid = form.get("MessageSid") or form.get("SmsSid")
        word = form.get("MessageStatus") or form.get("SmsStatus")
        if not sid or not word or len(sid) > LONGEST_ID or len(word) > LONGEST_ID:
            return HTTPStatus.BAD_REQUEST
        code = form.get("ErrorCode", "")
        error_code = int(code) if code.isascii() and code.isdigit() and len(code) < 10 else None
        outbox_id = _ours(query)
        word, now = word.lower(), self._house.now()
        if outbox_id is not None and error_code is None:
            receipt = Receipt(outbox_id, sid, word, json.dumps(pairs), now)
            if self._receipts.move_forward(receipt):
                return HTTPStatus.NO_CONTENT
        with self._house.sessions.begin() as session:
            store_status(
                session,
                sid=sid,
                status=word,
                error_code=error_code,
                outbox_id=outbox_id,
                form=[list(pair) for pair in pairs],
                now=now,
            )
        return HTTPStatus.NO_CONTENT


def _body(environ: WSGIEnvironment) -> bytes | None:
    """The request's body; none where it is larger than any form of Twilio's."""
    given = environ.get("CONTENT_LENGTH") or ""
    stream: Any = environ["wsgi.input"]
    if given.isascii() and given.isdigit():
        length = int(given)
        return None if length > LARGEST_FORM else stream.read(length)
    if not environ.get("wsgi.input_terminated"):
        return b""  # without an end it cannot be read
    body = b""
    while len(body) <= LARGEST_FORM:
        part = stream.read(LARGEST_FORM + 1 - len(body))
        if not part:
            return body
        body += part
    return None


def _ours(query: str) -> int | None:
    """Our own id of the message, which we put into the callback's address."""
    for part in query.split("&"):
        name, _, value = part.partition("=")
        if name == "m":
            return int(value) if value.isascii() and value.isdigit() and len(value) < 18 else None
    return None
