"""What the pages share: settings, database, the two clocks, and who is at the desk."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property
from typing import Any, cast

from flask import abort, current_app, g
from flask_babel import gettext
from flask_login import UserMixin, current_user
from sqlalchemy.orm import Session, sessionmaker

from bot.accounts import audit
from bot.accounts.scope import Scope
from bot.settings import Settings
from bot.text.sentences import SentenceError
from console.roles import may
from store.accounts import Account


@dataclass(frozen=True)
class Office:
    """The composition of the console.

    ``now``: the programme's time, which a demo moves. ``real_now``: the time by which people sign
    in, for a demo's clock that is moved by a week must not sign everybody out. Both aware.
    """

    settings: Settings
    sessions: sessionmaker[Session]
    now: Callable[[], datetime]
    real_now: Callable[[], datetime]


class Caller(UserMixin):  # type: ignore[misc]  # Flask-Login carries no annotations
    """Whoever is signed in, as Flask-Login knows them: by the token of the sign-in."""

    def __init__(self, account: Account, token: str) -> None:
        self.account = account
        self.token = token

    def get_id(self) -> str:
        """What the cookie holds."""
        return self.token

    @cached_property
    def scope(self) -> Scope:
        """Whom they may see."""
        return Scope.of(self.account)

    def may(self, endpoint: str) -> bool:
        """Whether they may open a page."""
        return may(self.account.role, endpoint)


def office() -> Office:
    """The office of the current request."""
    return cast(Office, current_app.extensions["mentorline.console"])


def desk() -> Session:
    """The transaction of the current request. It is committed with the answer."""
    if "desk" not in g:
        g.desk = office().sessions()
    return cast(Session, g.desk)


def caller() -> Caller:
    """Whoever is signed in; where nobody is, the page is refused."""
    found: Any = current_user._get_current_object()
    if not isinstance(found, Caller):
        abort(403)
    return found


def told(error: SentenceError) -> str:
    """A sentence of the product's own, in the language of the page."""
    return str(gettext(error.sentence, **error.values))


def note(what: str, **about: Any) -> None:
    """Write an entry of the audit in the caller's name; see ``bot.accounts.audit.note``."""
    audit.note(desk(), what, office().real_now(), by=caller().account.id, **about)
