"""The finite catalogue of what a provider can answer, and what happens next.

Codes and meanings: Twilio's error reference; the rule per code is the table of
"errors that decide what happens next" in the project's messaging notes.
"""

from __future__ import annotations

from enum import Enum


class Next(Enum):
    """What happens to the message after an error."""

    STOP_ADDRESS = "stop_address"  # the person opted out at the provider
    BAD_ADDRESS = "bad_address"  # nobody can be reached there
    RETRY = "retry"  # later, or on another channel
    BACK_OFF = "back_off"  # we are too fast, or the provider is in trouble
    TEMPLATE = "template"  # WhatsApp's window is closed
    PLAIN = "plain"  # buttons or template not usable: say it as plain text
    STOP_SENDER = "stop_sender"  # credentials: nothing can be sent at all
    FAIL = "fail"  # final, shown


CATALOGUE: dict[int, Next] = {
    21610: Next.STOP_ADDRESS,
    21211: Next.BAD_ADDRESS,
    21614: Next.BAD_ADDRESS,
    63003: Next.BAD_ADDRESS,
    30003: Next.RETRY,
    30005: Next.RETRY,
    30006: Next.RETRY,
    30008: Next.RETRY,
    30007: Next.FAIL,
    63016: Next.TEMPLATE,
    63018: Next.BACK_OFF,
    20429: Next.BACK_OFF,
    131056: Next.BACK_OFF,
    20003: Next.STOP_SENDER,
    21655: Next.PLAIN,  # ContentSid not found
    21656: Next.PLAIN,  # ContentVariables not usable
    63013: Next.PLAIN,  # the channel refused the rich content
}


def what_next(code: int | None, http_status: int | None = None) -> Next:
    """What an error means for the message.

    Args:
        code: the provider's error code, if it gave one.
        http_status: status of the HTTP answer; ``None`` for a code that came in a callback.
    """
    if code is not None and code in CATALOGUE:
        return CATALOGUE[code]
    if http_status == 429 or (http_status is not None and http_status >= 500):
        return Next.BACK_OFF
    if http_status == 401:
        return Next.STOP_SENDER
    return Next.FAIL


# Seconds to wait before attempt 2, 3, … ; the last one is repeated until the message expires.
BACK_OFF_SECONDS = (2, 5, 15, 60, 300, 900, 3600)
# A handset that is off (30003 …) is tried less eagerly, and not for ever.
RETRY_SECONDS = (300, 1800, 7200)


def delay(action: Next, attempts: int, jitter: float) -> float | None:
    """Seconds until the next attempt, or ``None`` when the message has failed for good.

    Args:
        attempts: attempts made so far, at least 1.
        jitter: 0.0 to 1.0; spreads the retries of many messages by up to a half.
    """
    steps = BACK_OFF_SECONDS if action is Next.BACK_OFF else RETRY_SECONDS
    if attempts > len(steps) and action is not Next.BACK_OFF:
        return None
    return steps[min(attempts, len(steps)) - 1] * (1 + jitter / 2)
