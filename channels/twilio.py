"""Sending through Twilio's REST API with its own client."""

from __future__ import annotations

import json
import logging
import ssl
from base64 import b64encode
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import cache
from typing import Any
from urllib.parse import urlencode, urlsplit, urlunsplit
from urllib.request import getproxies, proxy_bypass

import certifi
import urllib3
from twilio.base.exceptions import TwilioException, TwilioRestException
from twilio.http import HttpClient
from twilio.http.response import Response
from twilio.rest import Client

from bot.settings import Settings
from channels.render import Payload

log = logging.getLogger(__name__)

# Twilio answers within a second or two; beyond this the attempt is in doubt.
TIMEOUT = 10.0


@dataclass(frozen=True)
class Accepted:
    """The provider has the message."""

    sid: str


@dataclass(frozen=True)
class Refused:
    """The provider does not have the message, and says why."""

    code: int | None
    http_status: int | None
    detail: str


@dataclass(frozen=True)
class Doubt:
    """Nobody knows whether the provider has the message. Never blindly repeated."""

    detail: str


Result = Accepted | Refused | Doubt

# The connection failed before anything was sent.
NEVER_SENT = (
    urllib3.exceptions.NewConnectionError,
    urllib3.exceptions.ConnectTimeoutError,
    urllib3.exceptions.ProxyError,
)


class _HttpClient(HttpClient):
    """Twilio's HTTP interface on urllib3: half the processor time of a call through requests.

    Where another address is configured, what is asked of Twilio is asked there.
    """

    def __init__(self, base: str | None) -> None:
        super().__init__(log, is_async=False, timeout=TIMEOUT)
        self._base = urlsplit(base) if base else None
        # The stand-in is on this machine, or beside it: nothing leads there but the address itself.
        proxy = None if base else getproxies().get("https")
        if proxy is not None and proxy_bypass("api.twilio.com"):
            proxy = None
        pool: dict[str, Any] = {
            "num_pools": 4,
            "maxsize": 32,
            # An attempt is made once: whether it may be repeated is decided by its message.
            "retries": False,
            "ssl_context": _trusted(),
        }
        self._pool: urllib3.PoolManager
        if proxy is not None:
            self._pool = urllib3.ProxyManager(proxy, **pool)
        else:
            self._pool = urllib3.PoolManager(**pool)

    def request(
        self,
        method: str,
        uri: str,
        params: dict[str, object] | None = None,
        data: dict[str, object] | None = None,
        headers: dict[str, str] | None = None,
        auth: tuple[str, str] | None = None,
        timeout: float | None = None,
        allow_redirects: bool = False,
    ) -> Response:
        """Send a request, to the stand-in where there is one.

        Raises:
            urllib3.exceptions.HTTPError: there is no answer.
        """
        url = self._led_to_base(uri)
        asked = _pairs(params)
        if asked:
            url = f"{url}?{urlencode(asked, doseq=True)}"
        sent = dict(headers or {})
        if auth is not None:
            sent["Authorization"] = _basic(*auth)
        body = None
        if data is not None:
            is_json = "json" in sent.get("Content-Type", "")
            body = json.dumps(data) if is_json else urlencode(_pairs(data), doseq=True)
        answer = self._pool.request(
            method,
            url,
            body=body,
            headers=sent,
            redirect=allow_redirects,
            timeout=self.timeout if timeout is None else timeout,
        )
        return Response(answer.status, answer.data.decode("utf-8", "replace"), answer.headers)

    def _led_to_base(self, uri: str) -> str:
        if self._base is None:
            return uri
        parts = urlsplit(uri)
        path = self._base.path.rstrip("/") + parts.path
        return urlunsplit((self._base.scheme, self._base.netloc, path, parts.query, ""))


@cache
def _trusted() -> ssl.SSLContext:
    """The authorities of the certifi package, and those of this machine."""
    context = ssl.create_default_context(cafile=certifi.where())
    context.load_default_certs()
    return context


def _pairs(values: dict[str, object] | None) -> dict[str, object]:
    return {name: value for name, value in (values or {}).items() if value is not None}


def _basic(name: str, password: str) -> str:
    return "Basic " + b64encode(f"{name}:{password}".encode()).decode("ascii")


class Twilio:
    """The provider, as the sender sees it. Safe to share between threads."""

    def __init__(self, settings: Settings) -> None:
        """Prepare the client; nothing is called yet.

        Raises:
            bot.settings.SettingsError: credentials are missing.
        """
        settings.require("TWILIO_ACCOUNT_SID", "TWILIO_AUTH_TOKEN")
        self._settings = settings
        self.client = Client(
            settings.twilio_account_sid,
            settings.twilio_auth_token,
            http_client=_HttpClient(settings.twilio_api_base),
        )

    @property
    def channels(self) -> frozenset[str]:
        """The channels that a sender is configured for."""
        settings = self._settings
        sms = settings.twilio_messaging_service_sid or settings.twilio_sms_from
        senders = {"sms": sms, "whatsapp": settings.twilio_whatsapp_from}
        return frozenset(channel for channel, sender in senders.items() if sender)

    def send(self, channel: str, to: str, payload: Payload, outbox_id: int) -> Result:
        """Hand one message to the provider.

        Args:
            to: E.164, or a WhatsApp user id on ``whatsapp``.
            outbox_id: comes back in the address of the status callbacks.
        """
        fields: dict[str, object] = {
            "to": f"whatsapp:{to}" if channel == "whatsapp" else to,
            "status_callback": f"{self._settings.public_url}/webhooks/twilio/status?m={outbox_id}",
            **self._sender(channel),
        }
        if payload.content_sid:
            fields["content_sid"] = payload.content_sid
            fields["content_variables"] = payload.content_variables
        else:
            fields["body"] = payload.body
        if payload.media_url:
            fields["media_url"] = [payload.media_url]
        try:
            message = self.client.messages.create(**fields)  # type: ignore[arg-type]
        except TwilioRestException as error:
            return Refused(error.code or None, error.status, str(error.msg))
        except NEVER_SENT:
            return Refused(None, 503, "the provider cannot be reached")
        except (urllib3.exceptions.HTTPError, TwilioException, ValueError) as error:
            return Doubt(type(error).__name__)
        return Accepted(str(message.sid)) if message.sid else Doubt("an answer without a sid")

    def _sender(self, channel: str) -> dict[str, object]:
        settings = self._settings
        if channel == "whatsapp":
            return {"from_": f"whatsapp:{settings.twilio_whatsapp_from}"}
        if settings.twilio_messaging_service_sid:
            return {"messaging_service_sid": settings.twilio_messaging_service_sid}
        return {"from_": settings.twilio_sms_from}

    def sent_since(self, channel: str, to: str, since: datetime) -> Iterable[Listed]:
        """What the provider has for a recipient since a moment (aware), for reconciling.

        Raises:
            twilio.base.exceptions.TwilioException: the provider cannot say.
            urllib3.exceptions.HTTPError: likewise.
        """
        address = f"whatsapp:{to}" if channel == "whatsapp" else to
        # Not filtered by DateSent: what still waits in Twilio's queue has none, and would look
        # absent. Newest come first; a minute of margin, because Twilio has its own clock.
        rows = self.client.messages.list(to=address, limit=200)
        earliest = since.astimezone(UTC) - timedelta(minutes=1)
        return [
            Listed(str(row.sid), str(row.status), row.body or "", row.error_code or None)
            for row in rows
            if row.date_created is None or row.date_created >= earliest
        ]


@dataclass(frozen=True)
class Listed:
    """A message as the provider lists it."""

    sid: str
    status: str
    body: str
    error_code: int | None = None
