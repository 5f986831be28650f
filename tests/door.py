"""Twilio's webhooks as tests knock at them: signed forms in, rows in the database after."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any
from urllib.parse import parse_qsl, urlencode

from flask.testing import FlaskClient
from sqlalchemy import Engine, text
from twilio.request_validator import RequestValidator
from werkzeug.datastructures import MultiDict

from bot.settings import Settings
from webhooks.app import create_app

PUBLIC = "https://mentor.example.org"
TOKEN, NEXT, OTHER = "current-token", "next-token", "somebody-elses-token"
MESSAGE, STATUS = "/webhooks/twilio/message", "/webhooks/twilio/status"
FORM = {"MessageSid": "SM1", "From": "+250788000301", "To": "+15005550006", "Body": "MENU"}
REPORT = {"MessageSid": "SM1", "MessageStatus": "delivered"}
ROUTES = [(MESSAGE, FORM), (STATUS, REPORT)]


@dataclass
class Door:
    """The web application, and somebody who signs like Twilio."""

    client: FlaskClient
    engine: Engine

    def post(
        self,
        form: dict[str, str] | list[tuple[str, str]] | bytes,
        path: str = MESSAGE,
        *,
        token: str = TOKEN,
        signed_for: str = PUBLIC,
        headers: dict[str, str] | None = None,
        kind: str = "application/x-www-form-urlencoded",
    ) -> int:
        """Post a form, signed with ``token`` for ``signed_for`` + ``path``; returns the status."""
        raw = form if isinstance(form, bytes) else urlencode(form).encode()
        pairs = parse_qsl(raw.decode("utf-8", "replace"), True, errors="replace")
        signature = RequestValidator(token).compute_signature(signed_for + path, MultiDict(pairs))
        given = {"X-Twilio-Signature": signature, **(headers or {})}
        answer = self.client.post(path, data=raw, headers=given, content_type=kind)
        return answer.status_code

    def rows(self, statement: str) -> list[Any]:
        with self.engine.connect() as connection:
            return list(connection.execute(text(statement)))

    def stored(self) -> Any:
        """The newest inbound row."""
        return self.rows("SELECT * FROM inbound ORDER BY id DESC LIMIT 1")[0]


@contextmanager
def opened(database_url: str) -> Iterator[Door]:
    """The web application on a migrated database, open for a while."""
    app = create_app(
        Settings(
            _env_file=None,
            database_url=database_url,
            secret_key="not-a-secret",
            public_url=PUBLIC,
            twilio_auth_token=TOKEN,
            twilio_auth_token_next=NEXT,
        )
    )
    engine = app.extensions["mentorline"].engine
    yield Door(app.test_client(), engine)
    engine.dispose()
