"""The console as a browser without scripts sees it: pages, forms, links."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

import pyotp
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import event, select
from werkzeug.test import TestResponse

from bot.accounts import keeping, signing_in
from bot.settings import Settings
from console.guard import limiter
from store.accounts import Account
from store.people import Person
from tests.town import Town
from webhooks.app import create_app

PASSWORD = "three grey goats at noon"
NOW = datetime(2026, 3, 3, 9, tzinfo=UTC)


class Desk:
    """The web process on a database of its own, at a time that the test moves."""

    def __init__(self, url: str, settings: dict[str, Any] | None = None) -> None:
        self.time = NOW
        self.settings = Settings(
            _env_file=None,  # type: ignore[call-arg]
            **{
                "database_url": url,
                "secret_key": "a secret for tests",
                "twilio_auth_token": "a token for tests",
                "public_url": "http://localhost",
                **(settings or {}),
            },
        )
        self._of(create_app(self.settings, lambda: self.now))

    def _of(self, app: Flask) -> None:
        self.app = app
        self.app.testing = True
        self.house = self.app.extensions["mentorline"]
        # Its counts are the process's; every test begins without any.
        with self.app.app_context():
            limiter.reset()

    @property
    def now(self) -> datetime:
        """Aware."""
        return self.time

    def close(self) -> None:
        """Give the database back."""
        self.house.engine.dispose()

    def browser(self) -> Browser:
        """A browser without cookies."""
        return Browser(self, self.app.test_client())

    def account(self, email: str, role: str, password: str | None = PASSWORD, **more: Any) -> int:
        """An account with a password."""
        with self.house.sessions.begin() as session:
            person = more.pop("person", None)
            made = keeping.add(
                session,
                email,
                role=role,
                name=more.pop("name", ""),
                language=more.pop("language", "en"),
                district=more.pop("district", None),
                person=session.get_one(Person, person) if person else None,
                now=self.now,
                by=None,
            )
            if password is not None:
                signing_in.set_password(session, made, password, self.now)
            return made.id

    def signed_in(self, email: str) -> Browser:
        """A browser that has come in, with a code where it is asked for."""
        browser = self.browser()
        browser.enter(email)
        assert "Sign out" in browser.page or "Se déconnecter" in browser.page, browser.page
        return browser

    def row(self, email: str) -> Account:
        """An account as it is now."""
        with self.house.sessions() as session:
            return session.scalars(select(Account).where(Account.email == email)).one()

    def later(self, **delta: float) -> None:
        """Move the clock."""
        self.time += timedelta(**delta)

    @contextmanager
    def counted(self) -> Iterator[list[str]]:
        """The statements that the database is given meanwhile."""
        seen: list[str] = []

        def note(_c: Any, _cursor: Any, statement: str, *_rest: Any) -> None:
            seen.append(statement)

        event.listen(self.house.engine, "before_cursor_execute", note)
        try:
            yield seen
        finally:
            event.remove(self.house.engine, "before_cursor_execute", note)


class TownDesk(Desk):
    """The same in a town: with phones, and the town's time."""

    def __init__(self, town: Town) -> None:
        self.town, self.settings = town, town.settings
        self._of(town.web.app)  # type: ignore[attr-defined]

    @property
    def now(self) -> datetime:
        """Aware."""
        return self.town.time.now()

    def later(self, **delta: float) -> None:
        """Move the town's clock, and let nothing else happen."""
        self.town.time.offset += timedelta(**delta)


@dataclass
class Browser:
    """Follows links and sends forms with the token of the page that it shows."""

    desk: Desk
    client: FlaskClient
    page: str = ""
    status: int = 0
    at: str = ""

    def _see(self, answer: TestResponse) -> str:
        # A file is no text; then only what can be read is shown.
        self.page, self.status = answer.get_data().decode(errors="replace"), answer.status_code
        self.at = answer.request.path
        self.answer = answer
        return self.page

    def goes(self, path: str, **more: Any) -> str:
        """Open a page, and go where it leads."""
        return self._see(self.client.get(path, follow_redirects=True, **more))

    def sends(self, path: str, *, token: bool = True, **fields: str) -> str:
        """Send a form of the page that is shown."""
        found = re.search(r'name="csrf_token" value="([^"]+)"', self.page)
        if token and found:
            fields["csrf_token"] = found[1]
        once = re.search(r'name="once" value="([^"]+)"', self.page)
        if once:
            fields.setdefault("once", once[1])
        return self._see(self.client.post(path, data=fields, follow_redirects=True))

    def enter(self, email: str, password: str = PASSWORD) -> str:
        """Sign in; an app on the phone shows the codes."""
        self.goes("/console/login")
        self.sends("/console/login", email=email, password=password)
        if self.at.startswith("/console/login/code"):
            self.desk.later(seconds=60)  # each code works once
            self.sends(self.at, code=self.desk_code(email))
        return self.page

    def desk_code(self, email: str) -> str:
        """What the app shows now."""
        secret = self.desk.row(email).totp_secret
        assert secret is not None
        return pyotp.TOTP(secret).at(self.desk.now)
