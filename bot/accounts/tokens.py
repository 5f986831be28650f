"""Tokens of the API: made by an admin, shown once, and good until they expire or are revoked."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Final

from sqlalchemy import select, update
from sqlalchemy.orm import Session

from bot.accounts import rules, secret
from bot.accounts.audit import note
from bot.accounts.keeping import N_, AccountError, fitting
from bot.accounts.scope import Scope
from store.people import Person
from store.tokens import ApiToken

PREFIX: Final = "ml_"
SHOWN: Final = 9
LASTS: Final = (30, 90, 365, 730)
"""Days for which a token can be good."""
# The last use is written down this often.
USED_EVERY: Final = timedelta(minutes=5)


def add(
    session: Session,
    name: str,
    *,
    role: str,
    district: str | None,
    person: Person | None,
    may_write: bool,
    days: int,
    now: datetime,
    by: int | None,
) -> tuple[ApiToken, str]:
    """Make a token.

    Args:
        role, district, person: whom it sees, as of an account.
        days: for how long it is good, of ``LASTS``.
        now: aware, the real time.
        by: the admin's account; None: the command line.

    Returns:
        Its row, and the token itself, which is not kept.

    Raises:
        AccountError: something does not fit.
    """
    plain = " ".join(name.split())[: rules.LONGEST_NAME]
    if not plain:
        raise AccountError(N_("Please give the token a name that says what it is for."))
    if days not in LASTS:
        raise AccountError(N_("A token lasts 30, 90, 365 or 730 days."))
    token = PREFIX + secret.token()
    made = ApiToken(
        name=plain,
        token_hash=secret.token_hash(token),
        begins=token[:SHOWN],
        may_write=may_write,
        account_id=by,
        made_at=now,
        expires_at=now + timedelta(days=days),
        **fitting(session, role, district, person),
    )
    session.add(made)
    session.flush()
    note(session, "token_added", now, by=by, token=made.id, name=plain, role=role)
    return made, token


def listed(session: Session) -> Sequence[ApiToken]:
    """Every token that is not revoked, the newest first."""
    return session.scalars(
        select(ApiToken).where(ApiToken.revoked_at.is_(None)).order_by(ApiToken.id.desc())
    ).all()


def called(session: Session, token_id: int) -> ApiToken:
    """A token that is not revoked, by its number.

    Raises:
        AccountError: there is none.
    """
    found = session.scalar(
        select(ApiToken)
        .where(ApiToken.id == token_id, ApiToken.revoked_at.is_(None))
        .with_for_update()
    )
    if found is None:
        raise AccountError(N_("There is no token with this number."))
    return found


def revoke(session: Session, token: ApiToken, now: datetime, *, by: int | None) -> None:
    """Let a token in no more."""
    token.revoked_at = now
    note(session, "token_revoked", now, by=by, token=token.id, name=token.name)


def whose(session: Session, token: str, now: datetime) -> ApiToken | None:
    """The row of a token that is good now; its use is written down.

    Args:
        now: aware, the real time.
    """
    found = session.scalar(select(ApiToken).where(ApiToken.token_hash == secret.token_hash(token)))
    if found is None or found.revoked_at is not None or found.expires_at <= now:
        return None
    if found.used_at is None or now - found.used_at > USED_EVERY:
        session.execute(update(ApiToken).where(ApiToken.id == found.id).values(used_at=now))
    return found


def scope_of(token: ApiToken) -> Scope:
    """Whom a token sees."""
    return Scope(token.role, token.district, token.person_id)
