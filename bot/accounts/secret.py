"""Passwords, tokens and one-time codes: made and checked, never kept as they are."""

from __future__ import annotations

import hashlib
import hmac
import secrets
from datetime import datetime
from functools import cache
from typing import Final

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

# OWASP's least for Argon2id. More memory for each try would let many at once use up the machine.
_HASHER: Final = PasswordHasher(time_cost=2, memory_cost=19456, parallelism=1)
STEP: Final = 30
"""Seconds for which a one-time code is shown."""


def hashed(password: str) -> str:
    """A password as it is kept."""
    return _HASHER.hash(password)


@cache
def _nobodys() -> str:
    return hashed(secrets.token_hex(16))


def matches(password: str, kept: str | None) -> bool:
    """Whether a password is the kept one. Without one the same work is done."""
    try:
        _HASHER.verify(kept or _nobodys(), password)
    except (VerificationError, InvalidHashError):
        return False
    return kept is not None


def is_dated(kept: str) -> bool:
    """Whether it was hashed with other parameters than today's."""
    return _HASHER.check_needs_rehash(kept)


def token() -> str:
    """A new token for a link or a sign-in: 256 bits that fit into an address."""
    return secrets.token_urlsafe(32)


def token_hash(token: str) -> str:
    """What is kept of a token. It is long and random, so that a plain hash is enough."""
    return hashlib.sha256(token.encode()).hexdigest()


def code_secret() -> str:
    """A new secret for an app that makes one-time codes, in base 32."""
    import pyotp  # here, for every process would load it

    return pyotp.random_base32()


def code_address(secret: str, email: str, programme: str) -> str:
    """The ``otpauth:`` address that such an app reads from a picture."""
    import pyotp

    return pyotp.TOTP(secret).provisioning_uri(name=email, issuer_name=programme)


def code_step(secret: str, code: str, now: datetime, after: int | None) -> int | None:
    """The half minute that a code belongs to; None: it is wrong, or was used before.

    The one before and the one after count too: clocks differ, and people type slowly.

    Args:
        now: aware, the real time; a demo's moved clock makes no codes.
        after: the last one that was used.
    """
    import pyotp

    plain = "".join(code.split())
    present = int(now.timestamp()) // STEP
    found = None
    for step in (present - 1, present, present + 1):
        made = pyotp.TOTP(secret).generate_otp(step)
        if hmac.compare_digest(made.encode(), plain.encode()) and (after is None or step > after):
            found = step
    return found
