"""Sending through Twilio's REST API with its own client."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from urllib.parse import urlsplit, urlunsplit

import requests
from requests.adapters import HTTPAdapter
from twilio.base.exceptions import TwilioException, TwilioRestException
from twilio.http.http_client import TwilioHttpClient
from twilio.http.response import Response
from twilio.rest import Client

from bot.settings import Settings
from channels.render import Payload

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


class _HttpClient(TwilioHttpClient):
    """Twilio's HTTP client with a larger pool, and another address where one is configured."""

    def __init__(self, base: str | None) -> None:
        super().__init__(pool_connections=True, timeout=TIMEOUT)
        self._base = urlsplit(base) if base else None
        if self.session is not None:
            adapter = HTTPAdapter(pool_connections=4, pool_maxsize=32)
            self.session.mount("https://", adapter)
            self.session.mount("http://", adapter)
            # The environment's proxies and netrc are looked up on every request otherwise.
            self.session.trust_env = base is None

    def request(
        self,
        method: str,
        url: str,
        params: dict[str, object] | None = None,
        data: dict[str, object] | None = None,
        headers: dict[str, str] | None = None,
        auth: tuple[str, str] | None = None,
        timeout: float | None = None,
        allow_redirects: bool = False,
    ) -> Response:
        """Send a request, to the stand-in where there is one."""
        if self._base is not None:
            parts = urlsplit(url)
            prefix = self._base.path.rstrip("/")
            url = urlunsplit(
                (
                    self._base.scheme,
                    self._base.netloc,
                    prefix + parts.path,
                    parts.query,
                    "",
                )
            )
        return super().request(method, url, params, data, headers, auth, timeout, allow_redirects)


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
        except requests.exceptions.ConnectionError as error:
            if _never_sent(error):
                return Refused(None, 503, "the provider cannot be reached")
            return Doubt(type(error).__name__)
        except (
            requests.exceptions.RequestException,
            TwilioException,
            ValueError,
        ) as error:
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
            requests.exceptions.RequestException: likewise.
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


def _never_sent(error: requests.exceptions.ConnectionError) -> bool:
    """Whether the connection failed before anything was sent."""
    if isinstance(error, requests.exceptions.ConnectTimeout):
        return True
    text = str(error)
    return "NewConnectionError" in text or "Connection refused" in text or "NameResolution" in text
