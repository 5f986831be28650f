"""The front door: says what this address is."""

from __future__ import annotations

from flask import Blueprint, Response, redirect
from werkzeug.wrappers import Response as BaseResponse

from webhooks.house import house

blueprint = Blueprint("root", __name__)


@blueprint.get("/")
def index() -> BaseResponse:
    """To the simulator where it is on; otherwise one line of text."""
    if house().settings.mentorline_simulator_url is not None:
        return redirect("/simulator")
    return Response("Mentorline\n", content_type="text/plain; charset=utf-8")
