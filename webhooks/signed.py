"""Whether a request comes from Twilio: the form's pairs, and the signature over them."""

from __future__ import annotations

import base64
import hmac
from collections.abc import Sequence
from typing import Any
from urllib.parse import parse_qsl

from twilio.request_validator import RequestValidator
from werkzeug.datastructures import MultiDict

# Twilio's largest form is a few kB; anything near this is not Twilio.
LARGEST_FORM = 64 * 1024
MOST_FIELDS = 200
# Sids have 34 characters, addresses fewer; a longer one would not fit PostgreSQL's indexes.
LONGEST_ID = 200

Pairs = list[tuple[str, str]]


def form_pairs(body: bytes) -> Pairs:
    """The form's pairs in order, as sent, with blank values; odd bytes become U+FFFD.

    Raises:
        ValueError: more fields than any form of Twilio has.
    """
    return parse_qsl(
        body.decode("utf-8", "replace"),
        keep_blank_values=True,
        encoding="utf-8",
        errors="replace",
        max_num_fields=MOST_FIELDS,
    )


def is_signed(url: str, pairs: Pairs, signature: str, tokens: Sequence[str]) -> bool:
    """Whether one of our tokens signed this form for this address.

    Args:
        url: of ours, never what the request claims. Twilio's validator tries it with and without
            the explicit port.
        signature: the header; missing is simply not signed.
    """
    if not signature:
        return False
    if any(_as_usual(url, pairs, signature, token) for token in tokens):
        return True
    params = MultiDict(pairs)
    maker: Any = RequestValidator
    return any(bool(maker(token).validate(url, params, signature)) for token in tokens)


def _as_usual(url: str, pairs: Pairs, signature: str, token: str) -> bool:
    """Twilio's rule for an address as it is and names that occur once: at a tenth of the cost.

    ``False`` says nothing: the validator decides about everything else.
    """
    if len(dict(pairs)) != len(pairs) or not signature.isascii():
        return False
    signed = url + "".join(name + value for name, value in sorted(pairs))
    made = hmac.digest(token.encode(), signed.encode("utf-8", "replace"), "sha1")
    return hmac.compare_digest(base64.b64encode(made), signature.encode())
