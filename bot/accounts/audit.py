"""The audit: who saw or changed what, when, and of whom."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy.orm import Session

from store.accounts import AuditEntry


def note(
    session: Session,
    what: str,
    now: datetime,
    *,
    by: int | None,
    person: int | None = None,
    case: int | None = None,
    account: int | None = None,
    **data: object,
) -> None:
    """Write one entry.

    Args:
        what: in the past tense, such as ``case_closed``.
        now: aware.
        by: the account that did it; None: the command line.
        person: whom it is about; ``account``: whose account.
        data: codes and names; never what people wrote, never a number.
    """
    session.add(
        AuditEntry(
            at=now,
            account_id=by,
            what=what,
            person_id=person,
            case_id=case,
            of_account_id=account,
            data=data,
        )
    )
