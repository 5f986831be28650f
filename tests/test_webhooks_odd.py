"""What nobody should send to a webhook: stored or refused, never an error of ours."""

from __future__ import annotations

import itertools
import json
from collections.abc import Iterator
from urllib.parse import urlencode

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.door import FORM, MESSAGE, REPORT, STATUS, Door, opened


@pytest.fixture
def door(database_url: str) -> Iterator[Door]:
    with opened(database_url) as door:
        yield door


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
            assert size > 0, "read without end"
            assert self.served < 10_000_000, "read without end"
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
