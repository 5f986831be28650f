"""The floor: a Flask route that does nothing, under the product's own gunicorn settings."""

from __future__ import annotations

from flask import Flask, Response


def create_app() -> Flask:
    """An application whose only work is to answer 204."""
    app = Flask(__name__)

    @app.post("/webhooks/twilio/message")
    def message() -> Response:
        return Response(status=204)

    @app.get("/healthz")
    def healthz() -> Response:
        return Response("ok")

    return app
