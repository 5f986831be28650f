"""What holds for accounts, as plain functions: roles, passwords, lock-out, how long things last."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final, Literal

Role = Literal["admin", "coordinator", "mentor", "viewer"]
ROLES: Final[tuple[Role, ...]] = ("admin", "coordinator", "mentor", "viewer")
# Whoever can see everybody's words shows a one-time code as well.
WITH_CODE: Final = frozenset({"admin", "coordinator"})
SEES_NUMBERS: Final = frozenset({"admin", "coordinator"})

LINK_LASTS: Final = timedelta(hours=72)
# Without a click, and at most: a day's work.
SIGN_IN_RESTS: Final = timedelta(hours=4)
SIGN_IN_LASTS: Final = timedelta(hours=14)
# Between the password and the code.
HALF_LASTS: Final = timedelta(minutes=10)

TRIES: Final = 5
LOCKED_FOR: Final = timedelta(minutes=15)

LEAST_PASSWORD: Final = 12
LONGEST_PASSWORD: Final = 200
_EMAIL: Final = re.compile(r"[^@\s\x00-\x1f]{1,64}@[^@\s\x00-\x1f.]+(\.[^@\s\x00-\x1f.]+)*")
LONGEST_EMAIL: Final = 254
LONGEST_NAME: Final = 80

Problem = Literal["short", "long", "repeats", "email"]


@dataclass(frozen=True, slots=True)
class Tries:
    """Wrong passwords or codes in a row, and until when no more are taken (aware)."""

    failures: int = 0
    locked_until: datetime | None = None

    def is_locked(self, now: datetime) -> bool:
        """Whether nothing is taken at the moment, not even what is right."""
        return self.locked_until is not None and now < self.locked_until

    def failed(self, now: datetime) -> Tries:
        """After one more wrong one. While it is locked nothing counts."""
        if self.is_locked(now):
            return self
        failures = self.failures + 1
        if failures >= TRIES:
            return Tries(0, now + LOCKED_FOR)
        return Tries(failures)


def role(text: str) -> Role | None:
    """A role by its name."""
    return next((known for known in ROLES if known == text), None)


def email(text: str) -> str | None:
    """An address as it is kept: lower case, no spaces around; None: it is none."""
    plain = text.strip().lower()
    return plain if len(plain) <= LONGEST_EMAIL and _EMAIL.fullmatch(plain) else None


def password_problem(password: str, address: str) -> Problem | None:
    """What is wrong with a new password. Length counts, not signs: a sentence is good.

    Args:
        address: the account's e-mail address.
    """
    if len(password) < LEAST_PASSWORD:
        return "short"
    if len(password) > LONGEST_PASSWORD:
        return "long"
    if len(set(password)) < 5:
        return "repeats"
    name = address.partition("@")[0]
    if address in password.lower() or (len(name) > 3 and name in password.lower()):
        return "email"
    return None


def link_works(used_at: datetime | None, expires_at: datetime, now: datetime) -> bool:
    """Whether a one-time link may still be used."""
    return used_at is None and now < expires_at


def sign_in_lasts(
    *, complete: bool, begun_at: datetime, seen_at: datetime, ended_at: datetime | None,
    now: datetime,
) -> bool:  # fmt: skip
    """Whether a browser that signed in is still let in. All moments are aware."""
    if ended_at is not None:
        return False
    if not complete:
        return now - begun_at < HALF_LASTS
    return now - seen_at < SIGN_IN_RESTS and now - begun_at < SIGN_IN_LASTS
