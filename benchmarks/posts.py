"""Signed webhooks as Twilio posts them, as bytes ready for the wire."""

from __future__ import annotations

import uuid
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode, urlsplit

from twilio.request_validator import RequestValidator


@dataclass(frozen=True)
class Account:
    """Who Twilio's emulator takes us for. All of it is made up."""

    sid: str
    token: str
    number: str


def new_sid() -> str:
    """A message sid that nobody has used."""
    return "SM" + uuid.uuid4().hex


class Posts:
    """Makes requests for one address.

    ``url``: where to post, and, as without a proxy in between, what is signed.
    """

    def __init__(self, url: str, account: Account) -> None:
        parts = urlsplit(url)
        maker: Any = RequestValidator
        self._validator = maker(account.token)
        self._account = account
        self._url = url
        self._path = parts.path
        self._host = parts.netloc

    def message(self, phone: str, body: str, sid: str) -> bytes:
        """An inbound SMS (Twilio, "Twilio's request to your incoming message webhook")."""
        account = self._account
        form = {
            "AccountSid": account.sid,
            "ApiVersion": "2010-04-01",
            "Body": body,
            "From": phone,
            "FromCity": "",
            "FromCountry": "RW",
            "FromState": "",
            "FromZip": "",
            "MessageSid": sid,
            "NumMedia": "0",
            "NumSegments": "1",
            "SmsMessageSid": sid,
            "SmsSid": sid,
            "SmsStatus": "received",
            "To": account.number,
            "ToCity": "",
            "ToCountry": "",
            "ToState": "",
            "ToZip": "",
        }
        content = urlencode(form).encode()
        head = (
            f"POST {self._path} HTTP/1.1\r\n"
            f"Host: {self._host}\r\n"
            "User-Agent: TwilioProxy/1.1\r\n"
            "Accept: */*\r\n"
            "Content-Type: application/x-www-form-urlencoded; charset=UTF-8\r\n"
            f"X-Twilio-Signature: {self._validator.compute_signature(self._url, form)}\r\n"
            f"Content-Length: {len(content)}\r\n\r\n"
        )
        return head.encode() + content


def phones(first: int, count: int) -> list[str]:
    """Made-up numbers ``+250788000xxx``, ``count`` of them from ``first`` on (0 to 999)."""
    assert first >= 0, first
    assert first + count <= 1000, (first, count)
    return [f"+250788000{n:03d}" for n in range(first, first + count)]
