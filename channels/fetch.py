"""Fetching what people sent: only from the provider, never elsewhere with our credentials."""

from __future__ import annotations

from urllib.parse import SplitResult, urlsplit

import httpx

from bot.settings import Settings

# Twilio's hosts for media. Credentials go to no other host, and no redirect is followed with them.
HOSTS = ("api.twilio.com", "mcs.us1.twilio.com", "media.twiliocdn.com")
LARGEST = 16 * 1024 * 1024
KINDS = ("image/", "audio/", "video/", "application/pdf", "text/plain")


class FetchError(Exception):
    """The media was not fetched; the message says why in one sentence."""


def fetch(settings: Settings, url: str) -> tuple[bytes, str]:
    """The content of a media address and its type.

    Raises:
        FetchError: not an address of the provider, too large, or not answered.
    """
    parts = _parts(url)
    if parts.scheme != "https" or parts.netloc not in HOSTS:
        raise FetchError("This is not an address of the provider.")
    if settings.twilio_api_base:
        url = settings.twilio_api_base + parts.path
    credentials = (settings.twilio_account_sid or "", settings.twilio_auth_token or "")
    try:
        with httpx.Client(timeout=15.0, follow_redirects=False) as client:
            with client.stream("GET", url, auth=credentials) as answer:
                if not answer.is_redirect:
                    return _content(answer)
                location = answer.headers.get("location", "")
            # The provider's own content network; the credentials stay behind.
            with client.stream("GET", _elsewhere(location)) as answer:
                return _content(answer)
    except (httpx.HTTPError, httpx.InvalidURL) as error:
        raise FetchError("The provider did not hand out the media.") from error


def _content(answer: httpx.Response) -> tuple[bytes, str]:
    answer.raise_for_status()
    kind = answer.headers.get("content-type", "application/octet-stream")
    if not kind.startswith(KINDS):
        raise FetchError("The media is of a kind that is not passed on.")
    content = bytearray()
    for chunk in answer.iter_bytes():
        content += chunk
        if len(content) > LARGEST:
            raise FetchError("The media is larger than 16 MB.")
    return bytes(content), kind


def _parts(url: str) -> SplitResult:
    try:
        return urlsplit(url)
    except ValueError as error:
        raise FetchError("This is not an address.") from error


def _elsewhere(location: str) -> str:
    parts = _parts(location)
    allowed = parts.netloc in HOSTS or parts.netloc.endswith((".twiliocdn.com", ".amazonaws.com"))
    if parts.scheme != "https" or not allowed:
        raise FetchError("The provider redirected to an address that is not its own.")
    return location
