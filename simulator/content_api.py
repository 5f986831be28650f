"""Twilio's Content API: content.twilio.com/v1/Content as far as the product uses it."""

from __future__ import annotations

from typing import Any

from flask import Blueprint, Response, jsonify, request
from flask.typing import ResponseReturnValue

from simulator.content import check_types
from simulator.errors import ApiError
from simulator.model import Content, new_sid
from simulator.state import State
from simulator.twilio_api import authenticate, on_error, with_failures


def blueprint(state: State) -> Blueprint:
    api = Blueprint("content_api", __name__, url_prefix="/v1")
    api.register_error_handler(ApiError, on_error)

    @api.before_request
    def _known() -> None:
        authenticate(state)

    @api.post("/Content")
    def create() -> Response:
        def work() -> Response:
            content = _parse(state, request.get_json(silent=True))
            with state.lock:
                state.contents[content.sid] = content
                state.event("template", sid=content.sid, name=content.friendly_name)
            response = jsonify(resource(content, state.account.sid))
            response.status_code = 201
            return response

        return with_failures(state, work)

    @api.get("/Content")
    def listing() -> Response:
        return with_failures(state, lambda: jsonify(_page(state, "contents", resource)))

    @api.get("/ContentAndApprovals")
    def listing_with_approvals() -> Response:
        def both(content: Content, account_sid: str) -> dict[str, Any]:
            return {**resource(content, account_sid), "approval_requests": approval(content)}

        return with_failures(state, lambda: jsonify(_page(state, "contents", both)))

    @api.get("/Content/<sid>")
    def fetch(sid: str) -> Response:
        return with_failures(state, lambda: jsonify(resource(_find(state, sid), state.account.sid)))

    @api.delete("/Content/<sid>")
    def remove(sid: str) -> ResponseReturnValue:
        with state.lock:
            del state.contents[_find(state, sid).sid]
            state.event("template", sid=sid, name=None)
        return "", 204

    @api.get("/Content/<sid>/ApprovalRequests")
    def approvals(sid: str) -> Response:
        content = _find(state, sid)
        return jsonify(
            sid=sid,
            account_sid=state.account.sid,
            whatsapp=approval(content),
            url=f"https://content.twilio.com/v1/Content/{sid}/ApprovalRequests",
        )

    @api.post("/Content/<sid>/ApprovalRequests/whatsapp")
    def ask(sid: str) -> Response:
        content = _find(state, sid)
        wanted = request.get_json(silent=True) or request.form
        if not wanted.get("name") or not wanted.get("category"):
            raise ApiError(400, 20001, "name and category are required")
        with state.lock:
            content.category = str(wanted["category"])
            content.approval = "rejected" if _list_only(content) else "approved"
            state.event("template", sid=sid, name=content.friendly_name)
        response = jsonify({**approval(content), "name": str(wanted["name"])})
        response.status_code = 201
        return response

    return api


def resource(content: Content, account_sid: str) -> dict[str, Any]:
    """The Content resource as Twilio returns it."""
    url = f"https://content.twilio.com/v1/Content/{content.sid}"
    return {
        "sid": content.sid,
        "account_sid": account_sid,
        "friendly_name": content.friendly_name,
        "language": content.language,
        "variables": content.variables,
        "types": content.types,
        "date_created": content.created.strftime("%Y-%m-%dT%H:%M:%SZ"),
        "date_updated": content.created.strftime("%Y-%m-%dT%H:%M:%SZ"),
        "url": url,
        "links": {
            "approval_create": f"{url}/ApprovalRequests/whatsapp",
            "approval_fetch": f"{url}/ApprovalRequests",
        },
    }


def approval(content: Content) -> dict[str, Any]:
    return {
        "name": content.friendly_name,
        "category": content.category,
        "content_type": next(iter(content.types)),
        "status": content.approval,
        "rejection_reason": "A list picker cannot be approved."
        if content.approval == "rejected"
        else "",
        "allow_category_change": True,
    }


def _list_only(content: Content) -> bool:
    return set(content.types) == {"twilio/list-picker"}


def _parse(state: State, plain: Any) -> Content:
    if not isinstance(plain, dict) or not plain.get("language"):
        raise ApiError(400, 20001, "language is required")
    variables = plain.get("variables") or {}
    if not isinstance(variables, dict):
        raise ApiError(400, 20001, "variables")
    return Content(
        new_sid("HX"),
        str(plain.get("friendly_name") or ""),
        str(plain["language"]),
        {str(name): str(value) for name, value in variables.items()},
        check_types(plain.get("types")),
        state.now(),
        # Outside the window only what WhatsApp has approved; here it approves at once, when asked.
        approval="unsubmitted",
    )


def _find(state: State, sid: str) -> Content:
    with state.lock:
        content = state.contents.get(sid)
    if content is None:
        raise ApiError(404, 20404)
    return content


def _page(state: State, key: str, view: Any) -> dict[str, Any]:
    size = max(1, min(500, request.args.get("PageSize", 50, int)))
    page = max(0, request.args.get("Page", 0, int))
    with state.lock:
        contents = list(state.contents.values())
    base = request.path
    full = f"https://content.twilio.com{base}?PageSize={size}&Page="
    more = len(contents) > (page + 1) * size
    return {
        key: [
            view(content, state.account.sid)
            for content in contents[page * size : (page + 1) * size]
        ],
        "meta": {
            "key": key,
            "page": page,
            "page_size": size,
            "first_page_url": f"{full}0",
            "previous_page_url": f"{full}{page - 1}" if page else None,
            "next_page_url": f"{full}{page + 1}" if more else None,
            "url": f"{full}{page}",
        },
    }
