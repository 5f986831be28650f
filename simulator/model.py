"""What the simulated network keeps: messages, media, content templates, people."""

from __future__ import annotations

import uuid
from dataclasses import asdict, dataclass, field
from datetime import datetime
from typing import Any

FINAL = frozenset({"delivered", "read", "failed", "undelivered", "received", "canceled"})


def new_sid(prefix: str) -> str:
    """A Twilio-like id. Never seeded: the product keeps them as unique for ever."""
    return prefix + uuid.uuid4().hex


@dataclass(slots=True)
class Media:
    """One attachment. `url` is where it came from (outbound), else `path` of a local file."""

    sid: str
    content_type: str
    url: str | None = None
    path: str | None = None


@dataclass(slots=True)
class Message:
    """One message between a person's `address` and `ours`. Times are aware UTC.

    Outbound `status` is Twilio's. Inbound: `waiting` (the phone has no network), `sent` (the
    network has it), `delivered` (the product answered 2xx), `failed` (it did not; see `note`).
    `doomed` is the error code an accepted message will end in.
    """

    sid: str
    address: str
    ours: str
    inbound: bool
    body: str
    status: str
    created: datetime
    updated: datetime
    sent: datetime | None = None
    error_code: int | None = None
    note: str | None = None
    segments: int = 1
    media: list[Media] = field(default_factory=list)
    buttons: list[dict[str, str]] = field(default_factory=list)
    picker: dict[str, Any] | None = None
    status_callback: str | None = None
    service_sid: str | None = None
    content_sid: str | None = None
    template: str | None = None
    quoted: str | None = None
    location: dict[str, Any] | None = None
    doomed: int | None = None
    automatic: bool = False
    form: dict[str, str] = field(default_factory=dict)

    @property
    def whatsapp(self) -> bool:
        return self.address.startswith("whatsapp:")

    def view(self) -> dict[str, Any]:
        """The message as the control API and the pages see it."""
        return {
            "sid": self.sid,
            "address": self.address,
            "ours": self.ours,
            "channel": "whatsapp" if self.whatsapp else "sms",
            "direction": "in" if self.inbound else "out",
            "body": self.body,
            "status": self.status,
            "error_code": self.error_code,
            "note": self.note,
            "at": self.created.isoformat(),
            "segments": self.segments,
            "media": [{"sid": item.sid, "content_type": item.content_type} for item in self.media],
            "buttons": self.buttons,
            "picker": self.picker,
            "template": self.template,
            "quoted": self.quoted,
            "location": self.location,
            "automatic": self.automatic,
        }

    def to_json(self) -> dict[str, Any]:
        plain = asdict(self)
        for name in ("created", "updated", "sent"):
            plain[name] = plain[name].isoformat() if plain[name] else None
        return plain

    @classmethod
    def from_json(cls, plain: dict[str, Any]) -> Message:
        for name in ("created", "updated", "sent"):
            plain[name] = datetime.fromisoformat(plain[name]) if plain[name] else None
        plain["media"] = [Media(**item) for item in plain["media"]]
        return cls(**plain)


@dataclass(slots=True)
class Content:
    """A content template. `types` is Twilio's object, `approval` WhatsApp's verdict."""

    sid: str
    friendly_name: str
    language: str
    variables: dict[str, str]
    types: dict[str, dict[str, Any]]
    created: datetime
    approval: str = "approved"
    category: str = "UTILITY"

    def to_json(self) -> dict[str, Any]:
        return {**asdict(self), "created": self.created.isoformat()}

    @classmethod
    def from_json(cls, plain: dict[str, Any]) -> Content:
        return cls(**{**plain, "created": datetime.fromisoformat(plain["created"])})


@dataclass(frozen=True, slots=True)
class Person:
    """An entry of the phone book. `sms` and `whatsapp` are addresses, empty if there is none."""

    name: str
    role: str = "mentee"
    sms: str = ""
    whatsapp: str = ""
    note: str = ""

    def to_json(self) -> dict[str, str]:
        return asdict(self)
