"""Where a provider's status moves a message. Plain rules.

Order of callbacks is not guaranteed and repeats are normal (Twilio's documentation of status
callbacks), so a message never moves backwards.
"""

from __future__ import annotations

# Twilio's words → ours.
TRANSLATION = {
    "queued": "sent",
    "accepted": "sent",
    "scheduled": "sent",
    "sending": "sent",
    "sent": "sent",
    "partially_delivered": "sent",
    "delivered": "delivered",
    "read": "read",
    "undelivered": "failed",
    "failed": "failed",
    "canceled": "failed",
}

RANK = {
    "queued": 0,
    "held": 0,
    "sending": 1,
    "unknown": 1,
    "sent": 2,
    "delivered": 3,
    "read": 4,
    "failed": 5,
    "dropped": 5,
}


def advance(current: str, incoming: str) -> str:
    """The state after a callback.

    Args:
        current: our state of the message.
        incoming: the provider's status word; an unknown word changes nothing.

    Returns:
        ``current`` or a later state. ``failed`` is final, and a message that was delivered can
        no longer fail.
    """
    target = TRANSLATION.get(incoming)
    if target is None or current in ("failed", "dropped"):
        return current
    if target == "failed":
        return current if current in ("delivered", "read") else "failed"
    return target if RANK[target] > RANK[current] else current
