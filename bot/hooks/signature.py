"""How a delivery is signed, so that the other side knows that it came from here, and lately."""

from __future__ import annotations

import hashlib
import hmac
import json
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any, Final

HEADER: Final = "Mentorline-Signature"


def body(number: int, event: str, happened_at: datetime, data: Mapping[str, Any]) -> bytes:
    """What is sent: the same bytes at every attempt.

    Args:
        number: of the delivery; the other side tells repeats by it.
        happened_at: aware.
    """
    told = {
        "id": f"evt_{number}",
        "event": event,
        "at": happened_at.astimezone(UTC).isoformat(timespec="seconds"),
        "data": dict(data),
    }
    return json.dumps(told, sort_keys=True, separators=(",", ":"), ensure_ascii=False).encode()


def signature(secret: str, content: bytes, at: datetime) -> str:
    """The header's value: ``t=<seconds since 1970>,v1=<HMAC-SHA256 of "t.content" in hex>``."""
    second = int(at.timestamp())
    signed = f"{second}.".encode() + content
    return f"t={second},v1={hmac.new(secret.encode(), signed, hashlib.sha256).hexdigest()}"
