"""Rasa's custom action calls. Authenticated, not public."""

from __future__ import annotations

import hmac

from flask import Blueprint, Response, jsonify, request

from bot.dialogues.actions import UnknownAction, run
from webhooks.house import house

blueprint = Blueprint("rasa", __name__, url_prefix="/rasa")

# A tracker of a few dozen turns; far more than one call ever carries.
LARGEST_CALL = 8 * 1024 * 1024


@blueprint.post("/actions")
def actions() -> Response | tuple[Response, int]:
    """One call of Rasa's action protocol: ``{next_action, tracker, …}`` in, events out.

    Rasa sends the shared token as ``Authorization: Bearer`` or ``?token=``.
    """
    this = house()
    wanted = this.settings.actions_token or ""
    given = request.headers.get("Authorization", "").removeprefix("Bearer ")
    given = given or request.args.get("token", "")
    if not wanted or not hmac.compare_digest(given.encode(), wanted.encode()):
        return jsonify(error="not allowed"), 403
    if (request.content_length or 0) > LARGEST_CALL:
        return jsonify(error="too large"), 413
    call = request.get_json(silent=True)
    if not isinstance(call, dict):
        return jsonify(error="a JSON object is needed"), 400
    try:
        with this.sessions.begin() as session:
            result = run(session, call, this.now(), this.settings, this.thresholds)
    except UnknownAction as error:
        # The protocol's own answer to an action that is not there.
        return jsonify(error=f"no action {error}", action_name=str(error)), 404
    this.counters.actions.labels(str(call.get("next_action"))).inc()
    return jsonify(result)
