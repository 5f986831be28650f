"""Where a webhook may point: not into our own network, unless the settings allow it."""

from __future__ import annotations

import ipaddress
import socket
from dataclasses import dataclass
from typing import Final
from urllib.parse import urlsplit

from bot.text.sentences import SentenceError

LONGEST_URL: Final = 500


class HookError(SentenceError):
    """The webhook cannot be as it was said. One sentence."""


class UnknownName(HookError):
    """Nobody knows where the name leads, at least not now."""


@dataclass(frozen=True, slots=True)
class Target:
    """An address that may be called: ``host`` as it was written, ``ip`` as it was found."""

    url: str
    host: str
    port: int
    ip: str


def check(url: str, *, private: bool) -> str:
    """An address as it is kept.

    Args:
        private: addresses within our own network, and plain http to them, are allowed.

    Raises:
        HookError: it cannot be used.
    """
    url = url.strip()
    try:
        parts = urlsplit(url)
        host, port = parts.hostname, parts.port
    except ValueError:
        raise HookError("This is not a web address.") from None
    if len(url) > LONGEST_URL or not url.isascii() or not url.isprintable() or " " in url:
        raise HookError("This is not a web address.")
    if parts.scheme != "https" and not (private and parts.scheme == "http"):
        raise HookError("The address must begin with https://.")
    if not host or port == 0:
        raise HookError("This is not a web address.")
    if parts.username is not None or parts.password is not None:
        raise HookError("Please leave names and passwords out of the address.")
    if not private and not _could_be_public(host):
        raise HookError("This address is within a private network.")
    return url


def _could_be_public(host: str) -> bool:
    """Whether a name is not plainly one of our own; the address behind it is looked at later."""
    try:
        return _public(host)
    except ValueError:
        last = host.rstrip(".").rpartition(".")[2].lower()
        return "." in host.rstrip(".") and last not in ("local", "localhost", "internal")


def _public(ip: str) -> bool:
    address = ipaddress.ip_address(ip.partition("%")[0])
    mapped = getattr(address, "ipv4_mapped", None)
    if mapped is not None:
        address = mapped
    return address.is_global and not address.is_multicast


def resolve(url: str, *, private: bool) -> Target:
    """Find the address behind a name. It is called by what was found here, so that nothing
    else can be behind the name a moment later.

    Raises:
        HookError: the name is not known, or leads into a private network.
    """
    parts = urlsplit(check(url, private=private))
    assert parts.hostname is not None
    port = parts.port or (443 if parts.scheme == "https" else 80)
    try:
        found = socket.getaddrinfo(parts.hostname, port, type=socket.SOCK_STREAM)
    except (OSError, UnicodeError):
        raise UnknownName("This name is not known.") from None
    ips = [str(one[4][0]) for one in found]
    if not ips:
        raise UnknownName("This name is not known.")
    if not private and not all(_public(ip) for ip in ips):
        raise HookError("This address is within a private network.")
    return Target(url, parts.hostname, port, ips[0])
