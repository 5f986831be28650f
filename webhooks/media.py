"""What the provider, or a phone, fetches by a signed address: what people sent, certificates."""

from __future__ import annotations

from flask import Blueprint, Response

from bot import media
from channels.fetch import FetchError, fetch
from store.messages import Inbound
from store.people import Person
from store.plans import Certificate
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


@blueprint.get("/certificate/<token>")
def certificate(token: str) -> Response:
    """A certificate as PDF, by a signed address."""
    # Only here are pages made, and not every process of web ever makes one.
    from bot.reports.certificate import page, spelt

    this = house()
    found = media.read_certificate(this.settings, token, this.now())
    if found is None:
        return Response("not found", 404)
    with this.sessions() as session:
        row = session.get(Certificate, found)
        if row is None:
            return Response("not found", 404)
        person = session.get_one(Person, row.person_id)
        made = page(
            row,
            programme=this.settings.programme_name,
            language=person.language,
            timezone=person.timezone,
        )
    name = f"certificate-{spelt(row.number)}.pdf"
    return Response(
        made,
        content_type="application/pdf",
        headers={
            "X-Content-Type-Options": "nosniff",
            "Content-Disposition": f'inline; filename="{name}"',
            "Cache-Control": "private, no-store",
        },
    )
