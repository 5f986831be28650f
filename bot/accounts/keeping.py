"""Accounts made, changed and closed: by the command line, and by an admin in the console."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from bot.accounts import rules, secret, signing_in
from bot.accounts.audit import note
from store.accounts import Account, AccountLink
from store.people import Facility, Person


def N_(sentence: str) -> str:
    """Marks a sentence for the catalogue; the console translates it when it is shown."""
    return sentence


class AccountError(Exception):
    """What was asked for cannot be done. The message is one English sentence, translatable."""


def listed(session: Session) -> Sequence[Account]:
    """Every account, by its address."""
    return session.scalars(select(Account).order_by(Account.email)).all()


def called(session: Session, email: str) -> Account:
    """The account with this address, under its row lock.

    Raises:
        AccountError: there is none.
    """
    found = session.scalar(
        select(Account).where(Account.email == (rules.email(email) or "")).with_for_update()
    )
    if found is None:
        raise AccountError(N_("There is no account with this e-mail address."))
    return found


def add(
    session: Session,
    email: str,
    *,
    role: str,
    name: str,
    language: str,
    district: str | None,
    person: Person | None,
    now: datetime,
    by: int | None,
) -> Account:
    """Make an account. It has no password until its link is used.

    Args:
        name: empty: the first part of the address.
        district: of a coordinator who sees that one only.
        person: who a mentor is.
        by: the admin's account; None: the command line.

    Raises:
        AccountError: something does not fit.
    """
    address = rules.email(email)
    if address is None:
        raise AccountError(N_("This is not an e-mail address."))
    session.flush()
    made = session.execute(
        insert(Account)
        .values(
            email=address,
            name=" ".join(name.split())[: rules.LONGEST_NAME] or address.partition("@")[0],
            language=language,
            created_at=now,
            **fitting(session, role, district, person),
        )
        .on_conflict_do_nothing(index_elements=["email"])
        .returning(Account.id)
    ).scalar()
    if made is None:
        raise AccountError(N_("There is an account with this e-mail address already."))
    note(session, "account_added", now, by=by, account=made, role=role)
    return session.get_one(Account, made)


def fitting(
    session: Session, role: str, district: str | None, person: Person | None
) -> dict[str, object]:
    """Role, district and person, if they go together.

    Raises:
        AccountError: they do not.
    """
    if rules.role(role) is None:
        raise AccountError(N_("A role is admin, coordinator, mentor or viewer."))
    district = " ".join((district or "").split()) or None
    if district is not None:
        if role != "coordinator":
            raise AccountError(N_("Only a coordinator can be bound to a district."))
        known = select(Facility.id).where(Facility.district == district).limit(1)
        if session.scalar(known) is None:
            raise AccountError(N_("No facility is in this district."))
    if role == "mentor":
        if person is None or not person.is_mentor:
            raise AccountError(N_("A mentor's account needs the phone number of a mentor."))
    elif person is not None:
        raise AccountError(N_("Only a mentor's account belongs to a phone number."))
    return {"role": role, "district": district, "person_id": person.id if person else None}


def link(session: Session, account: Account, now: datetime, *, by: int | None) -> str:
    """A new one-time link that sets the password; earlier ones work no more.

    Returns:
        The token in it.

    Raises:
        AccountError: the account is disabled.
    """
    if account.disabled_at is not None:
        raise AccountError(N_("This account is disabled: enable it first."))
    signing_in.use_up_links(session, account, now)
    token = secret.token()
    session.add(
        AccountLink(
            account_id=account.id,
            token_hash=secret.token_hash(token),
            made_at=now,
            expires_at=now + rules.LINK_LASTS,
        )
    )
    note(session, "link_made", now, by=by, account=account.id)
    return token


def disable(session: Session, account: Account, now: datetime, *, by: int | None) -> None:
    """Let an account in no more; whoever is signed in with it is out at once.

    Raises:
        AccountError: it is the last admin, or the admin's own.
    """
    if account.disabled_at is not None:
        return
    if account.id == by:
        raise AccountError(N_("You cannot disable your own account."))
    _leave_an_admin(session, account)
    account.disabled_at = now
    signing_in.use_up_links(session, account, now)
    signing_in.end_all(session, account, now)
    note(session, "account_disabled", now, by=by, account=account.id)


def enable(session: Session, account: Account, now: datetime, *, by: int | None) -> None:
    """Let an account in again, with the password it had."""
    if account.disabled_at is None and account.locked_until is None:
        return
    account.disabled_at, account.failures, account.locked_until = None, 0, None
    note(session, "account_enabled", now, by=by, account=account.id)


def change_role(
    session: Session,
    account: Account,
    *,
    role: str,
    district: str | None,
    person: Person | None,
    now: datetime,
    by: int | None,
) -> None:
    """Give an account another role. Whoever is signed in with it must sign in again.

    Raises:
        AccountError: something does not fit, it is the last admin, or the admin's own.
    """
    if account.id == by:
        raise AccountError(N_("You cannot change your own role."))
    if role != "admin":
        _leave_an_admin(session, account)
    before = account.role
    for name, value in fitting(session, role, district, person).items():
        setattr(account, name, value)
    signing_in.end_all(session, account, now)
    note(session, "role_changed", now, by=by, account=account.id, before=before, after=role)


def reset_code(session: Session, account: Account, now: datetime, *, by: int | None) -> None:
    """Forget the app that makes one-time codes: another is set up at the next sign-in."""
    account.totp_secret, account.totp_since, account.totp_step = None, None, None
    signing_in.end_all(session, account, now)
    note(session, "code_reset", now, by=by, account=account.id)


def _leave_an_admin(session: Session, account: Account) -> None:
    if account.role != "admin" or account.disabled_at is not None:
        return
    # In order and locked, so that two admins do not close each other's account at once.
    admins = session.scalars(
        select(Account.id)
        .where(Account.role == "admin", Account.disabled_at.is_(None))
        .order_by(Account.id)
        .with_for_update()
    ).all()
    if admins == [account.id]:
        raise AccountError(N_("This is the last admin: make another one first."))
