"""The phones in the browser, at /simulator. Every address on the page starts there."""

from __future__ import annotations

from flask import Blueprint, Response, make_response, render_template, send_file

from simulator.model import Media
from simulator.state import State
from simulator.twilio_api import STATIC

POLICY = "default-src 'self'; base-uri 'none'; form-action 'self'; frame-ancestors 'self'"


def blueprint(state: State) -> Blueprint:
    pages = Blueprint(
        "pages",
        __name__,
        url_prefix="/simulator",
        static_folder="static",
        template_folder="templates",
    )

    @pages.after_request
    def _guarded(response: Response) -> Response:
        response.headers["Content-Security-Policy"] = POLICY
        response.headers["X-Content-Type-Options"] = "nosniff"
        response.headers["Referrer-Policy"] = "no-referrer"
        return response

    @pages.get("")
    @pages.get("/")
    def phones() -> Response:
        response = make_response(render_template("phones.html", account=state.account))
        response.headers["Cache-Control"] = "no-store"
        return response

    @pages.get("/media/<sid>/<media>")
    def media(sid: str, media: str) -> Response:
        with state.lock:
            message = state.messages.get(sid)
        item = _item(message.media, media) if message else None
        if item is None or item.path is None:
            return Response("Not found", 404)
        return send_file(STATIC / item.path, mimetype=item.content_type, max_age=3600)

    return pages


def _item(items: list[Media], sid: str) -> Media | None:
    return next((item for item in items if item.sid == sid), None)
