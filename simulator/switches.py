"""The switches of the simulated network: what goes wrong, and for whom."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import Any

EVERYBODY = "*"
CALLBACK_MODES = ("normal", "late", "out_of_order", "twice", "none")
API_FAILURES = ("none", "500", "429", "timeout_after_accept", "timeout_before_accept")
_PER_PHONE = ("network_down", "window_closed", "opted_out")
_YES_NO = ("webhooks_twice", "advanced_opt_out", "keyword_replies", "read_receipts")
_AMOUNTS = {
    "delay_ms": 60_000,
    "late_ms": 600_000,
    "api_failure_count": 1_000_000,
    "api_failure_seconds": 600,
}


class BadSwitch(ValueError):
    """A switch that does not exist or a value it cannot take; one sentence."""


@dataclass(slots=True)
class Switches:
    """Per-phone switches hold addresses; `*` stands for every phone.

    `api_failure_count` is how many calls still fail, 0 for "until switched off".
    `keyword_replies`: the network answers STOP, START and HELP with a stock text even without
    Advanced Opt-Out. `delivery_error` maps an address to the error code its messages end in.
    """

    network_down: set[str] = field(default_factory=set)
    window_closed: set[str] = field(default_factory=set)
    opted_out: set[str] = field(default_factory=set)
    delivery_error: dict[str, int] = field(default_factory=dict)
    callbacks: str = "normal"
    api_failure: str = "none"
    api_failure_count: int = 0
    api_failure_seconds: int = 20
    webhooks_twice: bool = False
    advanced_opt_out: bool = False
    keyword_replies: bool = False
    read_receipts: bool = True
    delay_ms: int = 250
    late_ms: int = 5000

    def down(self, address: str) -> bool:
        return EVERYBODY in self.network_down or address in self.network_down

    def api_call_fails(self) -> str:
        """The failure for the call at hand, and one less to come when they are counted."""
        failure = self.api_failure
        if failure != "none" and self.api_failure_count:
            self.api_failure_count -= 1
            if not self.api_failure_count:
                self.api_failure = "none"
        return failure

    def to_json(self) -> dict[str, Any]:
        plain = asdict(self)
        for name in _PER_PHONE:
            plain[name] = sorted(plain[name])
        return plain

    def update(self, changes: Mapping[str, Any]) -> None:
        """Apply a partial change, all of it or nothing.

        Per-phone switches take `true`/`false` (every phone), a list of addresses (exactly
        these), or `{address: true|false}` (these, the others as they were).
        """
        fresh = {name: _checked(name, value, self) for name, value in changes.items()}
        for name, value in fresh.items():
            setattr(self, name, value)


def _checked(name: str, value: Any, now: Switches) -> Any:
    if name in _PER_PHONE:
        return _addresses(name, value, getattr(now, name))
    if name == "delivery_error":
        return _errors(value)
    if name in _YES_NO:
        if not isinstance(value, bool):
            raise BadSwitch(f"{name} is either true or false.")
        return value
    if name in _AMOUNTS:
        if isinstance(value, bool) or not isinstance(value, int | float):
            raise BadSwitch(f"{name} is a number.")
        if not 0 <= value <= _AMOUNTS[name]:
            raise BadSwitch(f"{name} is between 0 and {_AMOUNTS[name]}.")
        return int(value)
    choices = {"callbacks": CALLBACK_MODES, "api_failure": API_FAILURES}.get(name)
    if choices is None:
        raise BadSwitch(f"There is no switch called {name}.")
    if str(value) not in choices:
        raise BadSwitch(f"{name} is one of {', '.join(choices)}.")
    return str(value)


def _addresses(name: str, value: Any, now: set[str]) -> set[str]:
    if isinstance(value, bool):
        return {EVERYBODY} if value else set()
    if isinstance(value, list) and all(isinstance(item, str) for item in value):
        return set(value)
    if isinstance(value, dict):
        on = {address for address, state in value.items() if state}
        return (now | on) - (set(value) - on)
    raise BadSwitch(f"{name} takes true, false, a list of addresses, or address: true|false.")


def _errors(value: Any) -> dict[str, int]:
    if not isinstance(value, dict):
        raise BadSwitch("delivery_error maps an address to an error code.")
    try:
        return {str(address): int(code) for address, code in value.items() if code}
    except (TypeError, ValueError):
        raise BadSwitch("delivery_error maps an address to an error code.") from None
