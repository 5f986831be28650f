"""The emulator of ``campaign``: the simulator as it is, at a chosen hour, with windows open.

The network must know what the product knows from earlier messages: whose WhatsApp window is open.
Also the numbers of the made-up mentees, so that both sides mean the same people.
"""

from __future__ import annotations

import os
from collections.abc import Iterator

from flask import Flask

from cli.common import module
from simulator.__main__ import THREADS
from simulator.server import build, with_prefix
from simulator.state import Account

# No number of Rwanda begins like this: there are more mentees than numbers kept for examples.
PREFIX = "+25000"
DIGITS = 7
# Of each four mentees, the first two have SMS, the third WhatsApp with its window open, the
# fourth WhatsApp with its window closed.
IN_WINDOW = 2
# Milliseconds from one status of a message to the next.
DELAY = 50

OFFSET = "BENCHMARK_CLOCK_OFFSET"
MENTEES = "BENCHMARK_MENTEES"


def in_window(mentees: int) -> Iterator[str]:
    """The WhatsApp numbers, of so many mentees, whose window is open."""
    for n in range(IN_WINDOW, mentees, 4):
        yield f"{PREFIX}{n:0{DIGITS}d}"


def command(port: int) -> tuple[str, ...]:
    """Command line of the emulator, served as ``python -m simulator`` is."""
    return module(
        "gunicorn",
        *("--bind", f"127.0.0.1:{port}"),
        *("--workers", "1", "--worker-class", "gthread", "--threads", str(THREADS)),
        *("--keep-alive", "5", "--graceful-timeout", "1", "--log-level", "warning"),
        "benchmarks.campaign_network:create_app()",
    )


def create_app() -> Flask:
    """The network of the account in the environment.

    Its clock is off by ``BENCHMARK_CLOCK_OFFSET`` seconds, and of ``BENCHMARK_MENTEES`` mentees a
    quarter wrote a moment ago.
    """
    env = os.environ
    account = Account(
        sid=env["TWILIO_ACCOUNT_SID"],
        auth_token=env["TWILIO_AUTH_TOKEN"],
        sms_from=env["TWILIO_SMS_FROM"],
        whatsapp_from=with_prefix(env["TWILIO_WHATSAPP_FROM"]),
        app_url=env["PUBLIC_URL"],
        public_url=env["PUBLIC_URL"],
    )
    network = build(account)
    state = network.state
    state.switches.update({"delay_ms": DELAY})
    state.set_offset(float(env[OFFSET]))
    now = state.now()
    with state.lock:
        for number in in_window(int(env[MENTEES])):
            state.last_inbound[with_prefix(number), account.whatsapp_from] = now
    return network.app
