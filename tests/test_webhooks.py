"""Twilio's two webhooks: who is let in, what is kept, and that nothing odd breaks them."""

from __future__ import annotations

import itertools
import json
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any
from urllib.parse import parse_qsl, urlencode

import pytest
from flask.testing import FlaskClient
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
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


@pytest.fixture
def door(database_url: str) -> Iterator[Door]:
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


# Who is let in


@pytest.mark.parametrize(("path", "form"), ROUTES)
def test_a_signed_form_is_taken(door: Door, path: str, form: dict[str, str]) -> None:
    assert door.post(form, path) == 204


@pytest.mark.parametrize("path", [MESSAGE, STATUS])
@pytest.mark.parametrize(
    "signature", [None, "", "wrong", "é€".encode().decode("latin-1"), "=" * 28]
)
def test_without_a_signature_nobody_is_let_in(door: Door, path: str, signature: str | None) -> None:
    headers = {} if signature is None else {"X-Twilio-Signature": signature}
    assert door.client.post(path, data=FORM | REPORT, headers=headers).status_code == 403
    assert door.rows("SELECT 1 FROM inbound UNION ALL SELECT 1 FROM status_callback") == []


@pytest.mark.parametrize(("path", "form"), ROUTES)
def test_whose_token_and_which_address_was_signed(
    door: Door, path: str, form: dict[str, str]
) -> None:
    assert door.post(form, path, token=OTHER) == 403
    assert door.post(form, path, token=NEXT) == 204
    assert door.post(form, path, signed_for="https://mentor.example.org:443") == 204
    assert door.post(form, path, signed_for="https://mentor.example.org:8443") == 403
    assert door.post(form, path, signed_for="https://evil.example.org") == 403
    assert door.post(form, path, signed_for="http://mentor.example.org") == 403


@pytest.mark.parametrize(("path", "form"), ROUTES)
def test_one_parameter_more_or_changed_than_was_signed(
    door: Door, path: str, form: dict[str, str]
) -> None:
    signature = RequestValidator(TOKEN).compute_signature(PUBLIC + path, form)
    for changed in ({**form, "Extra": "1"}, {**form, "MessageSid": "SM2"}, {}):
        answer = door.client.post(path, data=changed, headers={"X-Twilio-Signature": signature})
        assert answer.status_code == 403
    answer = door.client.post(f"{path}?x=1", data=form, headers={"X-Twilio-Signature": signature})
    assert answer.status_code == 403


def test_the_address_is_the_configured_one_whatever_the_request_claims(door: Door) -> None:
    lies = {"Host": "evil.example.org", "X-Forwarded-Host": "evil.example.org"}
    lies |= {"X-Forwarded-Proto": "http", "X-Forwarded-Port": "1", "Forwarded": "host=evil"}
    assert door.post(FORM, headers=lies) == 204
    assert door.post(FORM, headers=lies, signed_for="https://evil.example.org") == 403


@pytest.mark.parametrize("path", [MESSAGE, STATUS])
@pytest.mark.parametrize("method", ["GET", "PUT", "DELETE", "PATCH"])
def test_other_methods(door: Door, path: str, method: str) -> None:
    assert door.client.open(path, method=method).status_code == 405


# What is kept


def test_a_repeat_is_accepted_and_does_nothing(door: Door) -> None:
    assert [door.post(FORM) for _ in range(3)] == [204, 204, 204]
    assert door.post({**FORM, "Body": "another text under the same sid"}) == 204
    assert len(door.rows("SELECT 1 FROM inbound")) == 1
    assert len(door.rows("SELECT 1 FROM procrastinate_jobs")) == 1
    assert door.stored().body == "MENU"


def test_the_raw_form_is_kept_with_unknown_fields_and_order(door: Door) -> None:
    pairs = [("Zebra", "1"), *FORM.items(), ("NewIn2031", "é € 😀"), ("Blank", ""), ("Zebra", "2")]
    assert door.post(pairs) == 204
    assert [tuple(pair) for pair in door.stored().form] == pairs


@pytest.mark.parametrize(
    "fields",
    [
        {"ButtonText": "Yes", "ButtonPayload": "1", "OriginalRepliedMessageSid": "MM9"},
        {"ListId": "3", "ListTitle": "Something else"},
        {"OriginalRepliedMessageSid": "SM9", "OriginalRepliedMessageSender": "whatsapp:+1"},
        {"Latitude": "-1.9441", "Longitude": "30.0619", "Label": "Kigali", "Address": "KN 4"},
        {
            "NumMedia": "1",
            "MediaUrl0": "https://api.twilio.com/x",
            "MediaContentType0": "image/png",
        },
        {"OptOutType": "STOP"},
    ],
)
def test_what_whatsapp_adds_is_kept(door: Door, fields: dict[str, str]) -> None:
    assert door.post({**FORM, "From": "whatsapp:+250788000301", **fields}) == 204
    stored = door.stored()
    assert (stored.channel, stored.sender) == ("whatsapp", "+250788000301")
    assert fields.items() <= dict(map(tuple, stored.form)).items()


def test_a_whatsapp_sender_without_a_number(door: Door) -> None:
    assert door.post({**FORM, "From": "whatsapp:RW.134912086553", "ProfileName": "C."}) == 204
    assert (door.stored().channel, door.stored().sender) == ("whatsapp", "RW.134912086553")


def test_stop_overtakes(door: Door) -> None:
    door.post({**FORM, "MessageSid": "SM1", "Body": "dose of oxytocin?"})
    door.post({**FORM, "MessageSid": "SM2", "Body": " Arrêt! "})
    jobs = door.rows("SELECT priority FROM procrastinate_jobs ORDER BY id")
    assert jobs[1].priority > jobs[0].priority


# What is odd


@pytest.mark.parametrize(
    "raw",
    [
        b"MessageSid=SM1&From=%2B250788000301&Body=a%00b",
        b"MessageSid=SM1&From=%2B250788000301&Body=%ff%fe%80",
        b"MessageSid=SM1&From=%2B250788000301&Body=\xff\xfe",
        b"MessageSid=SM1&From=%2B250788000301&Body=%ED%A0%BD",
        b"MessageSid=SM1&From=%2B250788000301&Body=%zz%",
        b"MessageSid=SM1&From=%2B250788000301&Body=",
        b"MessageSid=SM1&From=%2B250788000301",
        b"MessageSid=SM1&From=%2B250788000301&%00=%00&=&&&",
        b"MessageSid=SM1&From=%2B250788000301&NumMedia=-1",
        b"MessageSid=SM1&From=%2B250788000301&NumMedia=abc",
        b"MessageSid=SM1&From=%2B250788000301&NumMedia=99999",
        b"MessageSid=SM1&From=%2B250788000301&NumMedia=" + b"9" * 5000,
        b"SmsSid=SM1&From=client%3Aanybody&Body=hi",
    ],
)
def test_odd_forms_are_stored(door: Door, raw: bytes) -> None:
    assert door.post(raw) == 204
    assert door.stored().sid == "SM1"
    assert "\x00" not in json.dumps(door.stored().form, ensure_ascii=False)


@pytest.mark.parametrize(
    ("raw", "status"),
    [
        (b"", 400),
        (b"\x00", 400),
        (b"Body=hi", 400),
        (b"MessageSid=SM1", 400),
        (b"MessageSid=&From=%2B250788000301", 400),
        (b"MessageSid=SM1&From=%00", 400),
        (b"MessageSid=SM1&From=whatsapp%3A", 400),
        (b"MessageSid=SM1&From=++", 400),
        (b"MessageSid=" + b"SM" * 2000 + b"&From=%2B250788000301", 400),
        (b"MessageSid=SM1&From=%2B" + b"1" * 4000, 400),
        (b"MessageSid=SM1&From=%2B250788000301&Body=" + b"x" * 1_000_000, 413),
        (b"MessageSid=SM1&From=%2B1&" + b"&".join(b"F%d=1" % n for n in range(3000)), 400),
        (b'{"MessageSid": "SM1", "From": "+250788000301"}', 400),
    ],
)
def test_what_cannot_be_a_message_is_refused(door: Door, raw: bytes, status: int) -> None:
    assert door.post(raw) == status
    assert door.rows("SELECT 1 FROM inbound") == []


def test_a_body_of_unknown_length_is_not_read_without_end(door: Door) -> None:
    class Endless:
        served = 0

        def read(self, size: int = -1) -> bytes:
            self.served += size
            assert 0 < size and self.served < 10_000_000, "read without end"
            return b"x" * size

    answer = door.client.post(
        MESSAGE,
        environ_overrides={
            "wsgi.input": Endless(),
            "wsgi.input_terminated": True,
            "HTTP_TRANSFER_ENCODING": "chunked",
        },
        headers={"X-Twilio-Signature": "x"},
    )
    assert answer.status_code in (400, 403, 413)


@pytest.mark.parametrize("kind", ["application/json", "multipart/form-data", "text/plain; x", ""])
def test_the_content_type_does_not_matter(door: Door, kind: str) -> None:
    assert door.post(FORM, kind=kind) == 204
    assert door.stored().body == "MENU"


@pytest.mark.parametrize(
    ("changes", "status"),
    [
        ({"MessageStatus": "a word of 2031"}, 204),
        ({"MessageStatus": "DELIVERED", "ErrorCode": "²"}, 204),
        ({"ErrorCode": "9" * 40}, 204),
        ({"ErrorCode": "-1"}, 204),
        ({"MessageStatus": ""}, 400),
        ({"MessageSid": ""}, 400),
        ({"MessageSid": "S" * 5000}, 400),
        ({"MessageStatus": "s" * 5000}, 400),
    ],
)
def test_odd_status_callbacks(door: Door, changes: dict[str, str], status: int) -> None:
    assert door.post({**REPORT, **changes}, STATUS) == status


@pytest.mark.parametrize(
    "mark", ["1", "0", "-1", "", "x", "9" * 17, "9" * 40, "%C2%B2", "%00", "%ff"]
)
def test_a_status_of_a_message_that_we_do_not_have(door: Door, mark: str) -> None:
    assert door.post(REPORT, f"{STATUS}?m={mark}") == 204
    assert door.post(REPORT, f"{STATUS}?m={mark}") == 204
    assert len(door.rows("SELECT 1 FROM status_callback")) == 1


NUMBERS = itertools.count()
anything = st.text(st.characters(), max_size=80)
names = st.sampled_from(
    ["MessageSid", "From", "Body", "NumMedia", "MediaUrl0", "WaId", "OptOutType"]
)


@settings(
    max_examples=60,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(
    pairs=st.lists(st.tuples(names | anything, anything), max_size=12),
    path=st.sampled_from([MESSAGE, STATUS]),
    body=anything,
)
def test_no_signed_form_breaks_it_and_text_comes_back(
    door: Door, pairs: list[tuple[str, str]], path: str, body: str
) -> None:
    def encoded(form: list[tuple[str, str]]) -> bytes:
        return urlencode(form, errors="surrogatepass").encode()

    assert door.post(encoded(pairs), path) < 500
    sid = f"SM-{next(NUMBERS)}"
    form = [*FORM.items(), ("MessageSid", sid), ("Body", body)]
    assert door.post(encoded(form)) == 204
    kept = body.encode("utf-8", "surrogatepass").decode("utf-8", "replace").replace("\x00", "")
    found = door.rows(f"SELECT body FROM inbound WHERE sid = '{sid}'")
    assert [row.body for row in found] == [kept]
