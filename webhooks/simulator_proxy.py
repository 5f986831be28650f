"""``/simulator``: hands requests on to the simulator's own process, where the simulator is on."""

from __future__ import annotations

from functools import cache

import httpx
from flask import Blueprint, Response, request

from webhooks.house import house

blueprint = Blueprint("simulator", __name__)

# Headers about the connection itself are not handed on (RFC 9110, section 7.6.1).
HOP_BY_HOP = frozenset(
    {
        "connection",
        "keep-alive",
        "transfer-encoding",
        "te",
        "trailer",
        "upgrade",
        "host",
        "content-length",
        "content-encoding",
    }
)


@cache
def _client(base: str) -> httpx.Client:
    return httpx.Client(base_url=base, timeout=40.0, limits=httpx.Limits(max_connections=32))


@blueprint.route("/simulator", defaults={"rest": ""}, methods=["GET", "POST", "PUT", "DELETE"])
@blueprint.route("/simulator/<path:rest>", methods=["GET", "POST", "PUT", "DELETE"])
def proxy(rest: str) -> Response:
    """Hand one request on."""
    base = house().settings.mentorline_simulator_url
    assert base is not None
    headers = [(k, v) for k, v in request.headers if k.lower() not in HOP_BY_HOP]
    try:
        answer = _client(base).request(
            request.method,
            request.full_path.rstrip("?"),
            content=request.get_data(),
            headers=headers,
        )
    except httpx.HTTPError:
        return Response("The simulator does not answer.\n", 502, content_type="text/plain")
    kept = [(k, v) for k, v in answer.headers.items() if k.lower() not in HOP_BY_HOP]
    return Response(answer.content, answer.status_code, kept)
