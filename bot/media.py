"""Signed addresses of ours: for what people sent, so that the provider's stay private, and for
certificates."""

from __future__ import annotations

from datetime import datetime, timedelta

from itsdangerous import BadSignature, URLSafeSerializer

from bot.settings import Settings

# As long as a message is kept for sending (``bot.outbox.KEPT_FOR``): one that leaves late must
# not bring a dead address.
LASTS_SECONDS = 72 * 3600


def _serializer(settings: Settings) -> URLSafeSerializer:
    return URLSafeSerializer(settings.secret_key or "", salt="media")


def link(settings: Settings, inbound_id: int, number: int, now: datetime) -> str:
    """The public address of one attachment of an inbound message.

    Args:
        number: which attachment, from 0.
        now: aware; the address works for 72 h from then, as long as messages are kept.
    """
    token = _serializer(settings).dumps([inbound_id, number, int(now.timestamp())])
    return f"{settings.public_url}/media/{token}"


def read(settings: Settings, token: str, now: datetime) -> tuple[int, int] | None:
    """(inbound id, attachment number) of a token, or ``None`` if it is forged or too old."""
    try:
        inbound_id, number, made = _serializer(settings).loads(token)
    except (BadSignature, ValueError, TypeError):
        return None
    if now.timestamp() - made > LASTS_SECONDS:
        return None
    return int(inbound_id), int(number)


# Somebody with a feature phone opens it elsewhere, on another day.
CERTIFICATE_LASTS = timedelta(days=30)


def _certificates(settings: Settings) -> URLSafeSerializer:
    return URLSafeSerializer(settings.secret_key or "", salt="certificate")


def certificate_link(settings: Settings, certificate_id: int, now: datetime) -> str:
    """The public address of a certificate.

    Args:
        now: aware; the address works for 30 days from then.
    """
    token = _certificates(settings).dumps([certificate_id, int(now.timestamp())])
    return f"{settings.public_url}/certificate/{token}"


def read_certificate(settings: Settings, token: str, now: datetime) -> int | None:
    """The certificate's id of a token, or ``None`` if it is forged or too old."""
    try:
        certificate_id, made = _certificates(settings).loads(token)
    except (BadSignature, ValueError, TypeError):
        return None
    if now.timestamp() - made > CERTIFICATE_LASTS.total_seconds():
        return None
    return int(certificate_id)
