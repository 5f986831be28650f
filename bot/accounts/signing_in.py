"""Signing in and out. What comes back says yes or no, and never why."""

from __future__ import annotations

from datetime import datetime, timedelta

from sqlalchemy import delete, select, update
from sqlalchemy.orm import Session

from bot.accounts import rules, secret
from bot.accounts.audit import note
from store.accounts import Account, AccountLink, SignIn

# A sign-in's last moment is written down this often.
SEEN_EVERY = timedelta(minutes=5)
# Ended sign-ins are kept this long.
KEPT = timedelta(days=30)


def by_password(session: Session, email: str, password: str, now: datetime) -> Account | None:
    """The account whose password this is, if it may sign in now.

    An unknown address, a wrong password, a disabled and a locked account take the same work. Tries
    of one account are taken one after the other, so that many at once do not count as one.

    Args:
        now: aware, the real time.
    """
    account = _locked(session, Account.email == (rules.email(email) or ""))
    kept = account.password if account is not None else None
    right = secret.matches(password[: rules.LONGEST_PASSWORD + 1], kept)
    if account is None or not _taken(session, account, right, now):
        # One row in any case, so that an unknown address does not answer sooner.
        note(session, "refused", now, by=None, account=account.id if account else None)
        return None
    assert account.password is not None
    if secret.is_dated(account.password):
        account.password = secret.hashed(password)
    return account


def by_code(session: Session, account_id: int, code: str, now: datetime) -> bool:
    """Whether a one-time code is right for an account; each works once.

    The first right one begins the use of the secret.
    """
    account = _locked(session, Account.id == account_id)
    if account is None or account.totp_secret is None:
        return False
    step = secret.code_step(account.totp_secret, code, now, account.totp_step)
    if not _taken(session, account, step is not None, now):
        return False
    account.totp_step = step
    if account.totp_since is None:
        account.totp_since = now
        note(session, "code_set_up", now, by=account.id, account=account.id)
    return True


def _locked(session: Session, which: object) -> Account | None:
    return session.scalar(
        select(Account).where(which).with_for_update().execution_options(populate_existing=True)  # type: ignore[arg-type]
    )


def _taken(session: Session, account: Account, right: bool, now: datetime) -> bool:
    """Counts a try; whether it lets in."""
    tries = rules.Tries(account.failures, account.locked_until)
    if tries.is_locked(now) or account.disabled_at is not None:
        return False
    after = rules.Tries() if right else tries.failed(now)
    account.failures, account.locked_until = after.failures, after.locked_until
    if after.is_locked(now):
        note(session, "locked", now, by=account.id, account=account.id)
    return right


def begin(session: Session, account: Account, now: datetime, *, complete: bool) -> str:
    """Begin a sign-in.

    Args:
        complete: nothing else is asked for; otherwise the code is.

    Returns:
        Its token, for the cookie.
    """
    token = secret.token()
    session.add(
        SignIn(
            account_id=account.id,
            token_hash=secret.token_hash(token),
            complete=complete,
            begun_at=now,
            seen_at=now,
        )
    )
    if complete:
        account.signed_in_at = now
        note(session, "signed_in", now, by=account.id, account=account.id)
        session.execute(
            delete(SignIn).where(SignIn.account_id == account.id, SignIn.seen_at < now - KEPT)
        )
    session.flush()
    return token


def whose(session: Session, token: str, now: datetime, *, complete: bool) -> Account | None:
    """Whose sign-in this is, while it lasts and the account is not disabled."""
    found = session.execute(
        select(SignIn, Account)
        .join(Account, Account.id == SignIn.account_id)
        .where(
            SignIn.token_hash == secret.token_hash(token),
            SignIn.complete.is_(complete),
            Account.disabled_at.is_(None),
        )
    ).first()
    if found is None:
        return None
    sign_in, account = found
    if not rules.sign_in_lasts(
        complete=sign_in.complete,
        begun_at=sign_in.begun_at,
        seen_at=sign_in.seen_at,
        ended_at=sign_in.ended_at,
        now=now,
    ):
        return None
    if now - sign_in.seen_at > SEEN_EVERY:
        sign_in.seen_at = now
    return account


def end(session: Session, token: str, now: datetime) -> None:
    """End one sign-in: its cookie lets nobody in any more."""
    session.execute(
        update(SignIn)
        .where(SignIn.token_hash == secret.token_hash(token), SignIn.ended_at.is_(None))
        .values(ended_at=now)
    )


def end_all(session: Session, account: Account, now: datetime) -> None:
    """End every sign-in of an account."""
    session.execute(
        update(SignIn)
        .where(SignIn.account_id == account.id, SignIn.ended_at.is_(None))
        .values(ended_at=now)
    )


def by_link(session: Session, token: str, now: datetime, *, lock: bool = False) -> Account | None:
    """Whose password a link sets, while it works.

    Args:
        lock: it is going to be used; two at once are not both let in.
    """
    query = select(AccountLink).where(AccountLink.token_hash == secret.token_hash(token))
    link = session.scalar(query.with_for_update() if lock else query)
    if link is None or not rules.link_works(link.used_at, link.expires_at, now):
        return None
    account = session.get_one(Account, link.account_id)
    return account if account.disabled_at is None else None


def set_password(session: Session, account: Account, password: str, now: datetime) -> None:
    """Set a password that has been found good. Every sign-in and every link ends."""
    account.password = secret.hashed(password)
    account.failures, account.locked_until = 0, None
    use_up_links(session, account, now)
    end_all(session, account, now)
    note(session, "password_set", now, by=account.id, account=account.id)


def use_up_links(session: Session, account: Account, now: datetime) -> None:
    """None of the links that were made so far works any more."""
    session.execute(
        update(AccountLink)
        .where(AccountLink.account_id == account.id, AccountLink.used_at.is_(None))
        .values(used_at=now)
    )
