"""Sends what Twilio's client means for Twilio to the emulator; Rasa's connector stays untouched.

Python imports this by itself when the folder is on PYTHONPATH. Runs under Rasa's Python 3.10.
"""

import os
from urllib.parse import urlsplit, urlunsplit

BASE = os.environ.get("BENCHMARK_TWILIO_API_BASE")

if BASE:
    from twilio.http.http_client import TwilioHttpClient

    _target = urlsplit(BASE)
    _request = TwilioHttpClient.request

    def _redirected(self, method, url, *args, **more):  # type: ignore[no-untyped-def]
        parts = urlsplit(url)
        url = urlunsplit((_target.scheme, _target.netloc, parts.path, parts.query, ""))
        return _request(self, method, url, *args, **more)

    TwilioHttpClient.request = _redirected  # type: ignore[method-assign]
