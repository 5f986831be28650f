"""Twilio's REST API for messages: api.twilio.com/2010-04-01 as far as the product uses it."""

from __future__ import annotations

import hmac
from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from email.utils import format_datetime
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

from flask import Blueprint, Response, jsonify, request, send_file
from flask.typing import ResponseReturnValue

from simulator.errors import ApiError, words
from simulator.model import Message
from simulator.outbound import Outbound
from simulator.state import State

VERSION = "2010-04-01"
STATIC = Path(__file__).parent / "static"


def authenticate(state: State) -> None:
    """Basic auth with the account's sid and token. Raises ApiError 20003."""
    given = request.authorization
    known = (
        given is not None
        and hmac.compare_digest((given.username or "").encode(), state.account.sid.encode())
        and hmac.compare_digest((given.password or "").encode(), state.account.auth_token.encode())
    )
    if not known:
        raise ApiError(401, 20003)


def on_error(error: ApiError) -> ResponseReturnValue:
    response = jsonify(error.to_json())
    response.status_code = error.status
    if error.status == 401:
        response.headers["WWW-Authenticate"] = 'Basic realm="Twilio API"'
    if error.status == 429:
        response.headers["Retry-After"] = "1"
    return response


def with_failures(state: State, work: Callable[[], Response]) -> Response:
    """Do the API call under the failure that is switched on, if any."""
    with state.lock:
        state.counts["api_calls"] += 1
        failure = state.switches.api_call_fails()
        seconds = state.switches.api_failure_seconds
    if failure == "500":
        raise ApiError(500, 20500)
    if failure == "429":
        raise ApiError(429, 20429)
    if failure == "timeout_before_accept":
        state.closing.wait(seconds)
        raise ApiError(503, 20500)
    response = work()
    if failure == "timeout_after_accept":
        state.closing.wait(seconds)
    return response


def blueprint(state: State, outbound: Outbound) -> Blueprint:
    api = Blueprint("twilio_api", __name__, url_prefix=f"/{VERSION}/Accounts/<account>")
    api.register_error_handler(ApiError, on_error)

    @api.url_value_preprocessor
    def _account(endpoint: str | None, values: dict[str, Any] | None) -> None:
        authenticate(state)
        if values is not None and values.pop("account", "") != state.account.sid:
            raise ApiError(404, 20404)

    @api.post("/Messages.json")
    def create() -> Response:
        def work() -> Response:
            message = outbound.accept(request.form)
            response = jsonify(resource(message, state.account.sid, message_status="queued"))
            response.status_code = 201
            return response

        return with_failures(state, work)

    @api.get("/Messages.json")
    def listing() -> Response:
        return with_failures(state, lambda: jsonify(_page(state)))

    @api.get("/Messages/<sid>.json")
    def fetch(sid: str) -> Response:
        return with_failures(state, lambda: jsonify(resource(_find(state, sid), state.account.sid)))

    @api.delete("/Messages/<sid>.json")
    def remove(sid: str) -> ResponseReturnValue:
        with state.lock:
            message = _find(state, sid)
            del state.messages[sid]
            state.threads[message.address].remove(message)
        return "", 204

    @api.get("/Messages/<sid>/Media.json")
    def media_list(sid: str) -> Response:
        base = f"/{VERSION}/Accounts/{state.account.sid}/Messages/{sid}/Media/"
        found = [
            {"sid": m.sid, "content_type": m.content_type, "uri": f"{base}{m.sid}.json"}
            for m in _find(state, sid).media
        ]
        return jsonify({"media_list": found, "page": 0, "page_size": 50, "next_page_uri": None})

    @api.get("/Messages/<sid>/Media/<media>")
    def media(sid: str, media: str) -> Response:
        item = next((item for item in _find(state, sid).media if item.sid == media), None)
        if item is None or item.path is None:
            raise ApiError(404, 20404)
        return send_file(STATIC / item.path, mimetype=item.content_type)

    return api


def account_blueprint(state: State) -> Blueprint:
    """`GET /2010-04-01/Accounts/{sid}.json`, by which credentials are checked."""
    api = Blueprint("twilio_account", __name__)
    api.register_error_handler(ApiError, on_error)

    @api.get(f"/{VERSION}/Accounts/<account>.json")
    def account(account: str) -> Response:
        authenticate(state)
        if account != state.account.sid:
            raise ApiError(404, 20404)
        return jsonify(
            sid=account,
            owner_account_sid=account,
            friendly_name="Simulated account",
            status="active",
            type="Full",
            date_created=format_datetime(state.now()),
            date_updated=format_datetime(state.now()),
            uri=f"/{VERSION}/Accounts/{account}.json",
            subresource_uris={},
        )

    return api


def resource(
    message: Message, account_sid: str, message_status: str | None = None
) -> dict[str, Any]:
    """The Message resource. `message_status` overrides what became of it in the meantime."""
    uri = f"/{VERSION}/Accounts/{account_sid}/Messages/{message.sid}"
    inbound = message.inbound
    code = message.error_code
    fresh = message_status == "queued"
    return {
        "account_sid": account_sid,
        "api_version": VERSION,
        "body": message.body,
        "date_created": format_datetime(message.created),
        "date_sent": None if fresh else _rfc(message.created if inbound else message.sent),
        "date_updated": format_datetime(message.created if fresh else message.updated),
        "direction": "inbound" if inbound else "outbound-api",
        "error_code": None if fresh or inbound else code,
        "error_message": words(code) if code and not fresh and not inbound else None,
        "from": message.address if inbound else message.ours,
        "messaging_service_sid": message.service_sid,
        "num_media": str(len(message.media)),
        "num_segments": str(message.segments),
        "price": None,
        "price_unit": "USD",
        "sid": message.sid,
        "status": "received"
        if inbound
        else ("accepted" if fresh and message.service_sid else message_status or message.status),
        "subresource_uris": {"media": f"{uri}/Media.json"},
        "tags": None,
        "to": message.ours if inbound else message.address,
        "uri": f"{uri}.json",
    }


def _rfc(when: datetime | None) -> str | None:
    return format_datetime(when) if when else None


def _find(state: State, sid: str) -> Message:
    with state.lock:
        message = state.messages.get(sid)
    if message is None:
        raise ApiError(404, 20404)
    return message


def _page(state: State) -> dict[str, Any]:
    """A page of messages, newest first, filtered like Twilio's list."""
    to, sender = request.args.get("To"), request.args.get("From")
    # Twilio's exact DateSent stands for a day even when the client adds a time.
    low, high = _span((request.args.get("DateSent") or "")[:10])
    after, _ = _span(request.args.get("DateSent>"))
    _, before = _span(request.args.get("DateSent<"))
    size = max(1, min(1000, request.args.get("PageSize", 50, int)))
    page = max(0, request.args.get("Page", 0, int))
    with state.lock:
        pool = state.threads.get(to or sender or "") or state.messages.values()
        found = [
            message
            for message in pool
            if to in (None, message.ours if message.inbound else message.address)
            and sender in (None, message.address if message.inbound else message.ours)
            and max(low, after) <= (message.sent or message.created) < min(high, before)
        ]
    found.sort(key=lambda message: message.created, reverse=True)
    more = len(found) > (page + 1) * size
    base = f"/{VERSION}/Accounts/{state.account.sid}/Messages.json"
    query = request.args.copy()
    query["Page"] = str(page + 1)
    return {
        "messages": [
            resource(message, state.account.sid)
            for message in found[page * size : (page + 1) * size]
        ],
        "page": page,
        "page_size": size,
        "start": page * size,
        "end": min(len(found), (page + 1) * size) - 1,
        "first_page_uri": f"{base}?PageSize={size}&Page=0",
        "next_page_uri": f"{base}?{urlencode(list(query.items(multi=True)))}" if more else None,
        "previous_page_uri": f"{base}?PageSize={size}&Page={page - 1}" if page else None,
        "uri": base,
    }


def _span(raw: str | None) -> tuple[datetime, datetime]:
    """The half-open span that a DateSent parameter stands for: a UTC day, or a second."""
    if not raw:
        return datetime.min.replace(tzinfo=UTC), datetime.max.replace(tzinfo=UTC)
    try:
        if len(raw) <= 10:
            day = datetime.combine(date.fromisoformat(raw), datetime.min.time(), UTC)
            return day, day + timedelta(days=1)
        moment = datetime.fromisoformat(raw)
    except ValueError:
        raise ApiError(400, 20001, "DateSent") from None
    moment = moment.replace(tzinfo=moment.tzinfo or UTC, microsecond=0)
    return moment, moment + timedelta(seconds=1)
