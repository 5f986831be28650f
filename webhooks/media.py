"""What a person sent, for the provider to fetch and show to the other side of a case."""

from __future__ import annotations

from flask import Blueprint, Response

from bot import media
from channels.fetch import FetchError, fetch
from store.messages import Inbound
from webhooks.house import house

blueprint = Blueprint("media", __name__)


@blueprint.get("/media/<token>")
def show(token: str) -> Response:
    """One attachment, by a signed address that works for three days."""
    this = house()
    found = media.read(this.settings, token, this.now())
    if found is None:
        return Response("not found", 404)
    inbound_id, number = found
    with this.sessions() as session:
        inbound = session.get(Inbound, inbound_id)
        url = dict(map(tuple, inbound.form)).get(f"MediaUrl{number}") if inbound else None
    if not url:
        return Response("not found", 404)
    try:
        content, kind = fetch(this.settings, url)
    except FetchError as error:
        return Response(str(error), 502)
    return Response(
        content,
        content_type=kind,
        headers={"X-Content-Type-Options": "nosniff", "Content-Disposition": "attachment"},
    )
