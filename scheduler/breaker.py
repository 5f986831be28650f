"""A rest after failures, so that a hanging dialogue server does not hold every thread."""

from __future__ import annotations

import threading
from collections.abc import Callable

REST = 5.0


class Breaker:
    """Closed: calls go. After a failure it rests; then one call at a time probes.

    Args:
        clock: seconds, monotonic.
    """

    def __init__(self, clock: Callable[[], float], rest: float = REST) -> None:
        self._clock = clock
        self._rest = rest
        self._lock = threading.Lock()
        self._resting_until: float | None = None
        self._probing = False

    def allows(self) -> bool:
        """Whether a call may be made now; a probe must be followed by ``succeeded``/``failed``."""
        with self._lock:
            if self._resting_until is None:
                return True
            if self._probing or self._clock() < self._resting_until:
                return False
            self._probing = True
            return True

    def succeeded(self) -> None:
        """A call went well: all go again."""
        with self._lock:
            self._resting_until, self._probing = None, False

    def failed(self) -> None:
        """A call failed: rest."""
        with self._lock:
            self._resting_until, self._probing = self._clock() + self._rest, False
