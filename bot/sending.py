"""What to do with a queued message at the moment it could be sent. Plain rules.

Decided at send time, not when it was written: in between the person may have said STOP, the
window may have closed, the message may have become stale.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, time, timedelta
from zoneinfo import ZoneInfo

from bot.quizzes.calendar import Quiet, next_allowed

# WhatsApp: free-form text only within 24 h of the person's last message. A margin, because our
# clock and the provider's differ and the call takes a moment.
WINDOW = timedelta(hours=24) - timedelta(minutes=2)

QUIET_FROM = time(20, 0)
QUIET_UNTIL = time(7, 0)

# What we start ourselves; everything else answers somebody and goes at any hour.
PROACTIVE = frozenset({"campaign", "campaign_reminder", "tip", "notice"})
# What others say in a discussion: not by night, but neither a case nor a talk puts it off.
BY_DAY = frozenset({"discussion"})
# Said even to somebody who has just stopped, once: the confirmation of STOP itself.
ALWAYS = frozenset({"stop_confirmation"})
# What somebody waits for in earnest: late in a loop, but never lost to it.
NEVER_LOST = frozenset({"case", "answer", "danger", "walk"})
LOOP_REST = timedelta(minutes=10)
# The channel that is tried first; it costs less and has buttons.
PREFERRED = "whatsapp"
# Whoever wrote less than this ago is not interrupted by what we start.
CONVERSATION = timedelta(minutes=5)
CASE_LOOK = timedelta(minutes=30)
EXPIRED = "expired before it could be sent"
# More than this to one person within ten minutes is two machines talking to each other.
LOOP_LIMIT = 40


@dataclass(frozen=True)
class Address:
    """One way to reach the person. Moments are aware."""

    id: int
    channel: str
    value: str
    last_inbound_at: datetime | None
    stopped: bool
    bad: bool
    # It is not certain whose it is: nothing goes there that we start ourselves.
    doubted: bool = False

    def window_open(self, now: datetime) -> bool:
        """Whether free-form text may go there now (always, on SMS)."""
        if self.channel != "whatsapp":
            return True
        return self.last_inbound_at is not None and now - self.last_inbound_at < WINDOW


@dataclass(frozen=True)
class Hours:
    """Within which a campaign's message may go: local hours that are quiet, and weekends or not."""

    quiet: Quiet
    weekends: bool
    timezone: str


@dataclass(frozen=True)
class Facts:
    """All that the decision needs to know of a message and its person."""

    kind: str
    wanted_address: int | None
    has_template: bool
    template_is_enough: bool
    expires_at: datetime | None
    person_stopped: bool
    timezone: str
    addresses: Sequence[Address]
    sent_lately: int
    sender_stopped_until: datetime | None = None
    queued_at: datetime | None = None
    hours: Hours | None = None
    in_case: bool = False


@dataclass(frozen=True)
class Send:
    """Send it there; ``form`` is ``free`` or ``template``."""

    address: Address
    form: str


@dataclass(frozen=True)
class Knock:
    """Send the template there and hold the message until the person opens the window."""

    address: Address


@dataclass(frozen=True)
class Later:
    """Not now."""

    until: datetime
    reason: str


@dataclass(frozen=True)
class Drop:
    """Never; the reason is kept with the message."""

    reason: str


Decision = Send | Knock | Later | Drop


def decide(facts: Facts, now: datetime) -> Decision:
    """Decide what happens to one message now.

    Args:
        now: aware.

    Returns:
        One of ``Send``, ``Knock``, ``Later``, ``Drop``.
    """
    if facts.kind not in ALWAYS and facts.person_stopped:
        return Drop("stopped: the person texted STOP")
    if facts.expires_at is not None and facts.expires_at <= now:
        return Drop(EXPIRED)
    if facts.kind not in ALWAYS and facts.sent_lately >= LOOP_LIMIT:
        reason = f"loop: {LOOP_LIMIT} messages in ten minutes"
        return Later(now + LOOP_REST, reason) if facts.kind in NEVER_LOST else Drop(reason)
    if facts.sender_stopped_until is not None and facts.sender_stopped_until > now:
        return Later(facts.sender_stopped_until, "sender stopped: credentials refused")
    if facts.kind in BY_DAY and (until := quiet_until(now, facts.timezone)) is not None:
        return Later(until, "quiet hours")
    if facts.kind in PROACTIVE:
        allowed = _allowed(facts, now)
        if allowed > now:
            return Later(allowed, "quiet hours")
        if facts.in_case:
            return Later(now + CASE_LOOK, "in an open case")
        if _has_written(facts, now):
            return Later(now + CONVERSATION, "in a conversation")
    return _choose(facts, now)


def _allowed(facts: Facts, now: datetime) -> datetime:
    """``now``, or the next moment at which something that we start ourselves may go."""
    if facts.hours is None:
        return quiet_until(now, facts.timezone) or now
    hours = facts.hours
    return next_allowed(now, hours.timezone, hours.quiet, hours.weekends)


def _has_written(facts: Facts, now: datetime) -> bool:
    """Whether the person wrote after the message was queued, and just now."""
    since = max(facts.queued_at or now, now - CONVERSATION)
    return any(a.last_inbound_at is not None and a.last_inbound_at > since for a in facts.addresses)


def _choose(facts: Facts, now: datetime) -> Decision:
    if not facts.addresses:
        return Drop("no address")
    usable = [
        address
        for address in facts.addresses
        if not address.bad and (not address.stopped or facts.kind in ALWAYS)
    ]
    if facts.kind in PROACTIVE | BY_DAY and usable:
        usable = [address for address in usable if not address.doubted]
        if not usable:
            return Drop("it is not certain whose the number is")
    if not usable:
        if any(address.stopped for address in facts.addresses):
            return Drop("stopped: the address opted out")
        return Drop("no address that can be reached")
    usable.sort(
        key=lambda address: (
            address.id != facts.wanted_address,
            address.channel != PREFERRED,
            address.id,
        )
    )
    first = usable[0]
    if first.window_open(now):
        return Send(first, "free")
    if facts.has_template:
        return Send(first, "template") if facts.template_is_enough else Knock(first)
    for other in usable[1:]:
        if other.window_open(now):
            return Send(other, "free")
    return Drop("window closed and no template")


def other_way(addresses: Sequence[Address], refused: Address, now: datetime) -> Address | None:
    """Another address of the person that free-form text may go to now."""
    for other in addresses:
        usable = not other.bad and not other.stopped and other.window_open(now)
        if usable and other.id != refused.id:
            return other
    return None


def quiet_until(now: datetime, timezone: str) -> datetime | None:
    """When quiet hours end (20:00–07:00 in the person's own time zone), if it is quiet now."""
    local = now.astimezone(ZoneInfo(timezone))
    if QUIET_UNTIL <= local.time() < QUIET_FROM:
        return None
    day = local.date() if local.time() < QUIET_UNTIL else local.date() + timedelta(days=1)
    return datetime.combine(day, QUIET_UNTIL, ZoneInfo(timezone)).astimezone(now.tzinfo)
