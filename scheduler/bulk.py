"""Campaigns leave here: many people in one transaction, several calls at once, replies first.

A reply is one person's business and leaves in that person's job. A dose can wait a moment: doses
are claimed in batches, and before each call a lane waits while this process is answering somebody.
"""

from __future__ import annotations

import math
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from datetime import datetime

from sqlalchemy.orm import Session, sessionmaker

from bot.quizzes import giving
from channels.twilio import Result
from scheduler.sender import NotMade, Ready, Sender

# Calls at once, and messages claimed at once.
CALLS = 6
BATCH = 24
# A claimed attempt that has not been made by then is given back and decided anew: the person may
# have texted STOP since. (After 20 s it would be taken for one in doubt.)
FRESH = 2.0
# A lane ends after this long, so that it takes its turn with other jobs.
TURN = 4.0
# Nobody waits longer than this for a reply to be finished.
PATIENCE = 1.0
GIVEN_AT_ONCE = 100

_UnderWay = list[tuple[Ready, Future[Result | NotMade]]]


class Replies:
    """How many replies this process is busy with."""

    def __init__(self) -> None:
        self._busy = 0
        self._changed = threading.Condition()

    @contextmanager
    def going_on(self) -> Iterator[None]:
        """While a reply is being made."""
        with self._changed:
            self._busy += 1
        try:
            yield
        finally:
            with self._changed:
                self._busy -= 1
                self._changed.notify_all()

    def wait(self, patience: float = PATIENCE) -> None:
        """Let replies go first, for at most ``patience`` seconds."""
        with self._changed:
            self._changed.wait_for(lambda: self._busy == 0, patience)


class Bulk:
    """Gives doses and sends what is queued for campaigns. Safe to share between threads."""

    def __init__(
        self,
        sessions: sessionmaker[Session],
        sender: Sender,
        replies: Replies,
        now: Callable[[], datetime],
    ) -> None:
        self._sessions = sessions
        self._sender = sender
        self._replies = replies
        self._now = now
        self._calls = ThreadPoolExecutor(CALLS * 2, thread_name_prefix="bulk")

    def run(self, most: int) -> int:
        """Give doses and send what waits, up to ``most`` of each, for a few seconds.

        Returns:
            How many messages were handed to the provider.
        """
        ends_at = time.monotonic() + TURN
        handed = 0
        while most > 0 and time.monotonic() < ends_at:
            self._replies.wait()
            with self._sessions.begin() as session:
                looked_at = giving.give_due(session, self._now(), min(most, GIVEN_AT_ONCE))
            sent = self.flush(ends_at, min(most, GIVEN_AT_ONCE))
            if not (looked_at or sent):
                break
            handed += sent
            most -= max(looked_at, sent)
        return handed

    def flush(self, ends_at: float, most: float = math.inf) -> int:
        """Send up to ``most`` queued campaign messages, until a monotonic time.

        While the calls of one batch are made, the next batch is claimed.
        """
        sent = claimed = 0
        before: _UnderWay = []
        while True:
            under_way: _UnderWay = []
            looked_at = 0
            try:
                if claimed < most and time.monotonic() < ends_at:
                    self._replies.wait()
                    claimed_at = time.monotonic()
                    ready, looked_at = self._sender.claim(int(min(BATCH, most - claimed)))
                    under_way = [
                        (one, self._calls.submit(self._call, one, claimed_at)) for one in ready
                    ]
                    claimed += len(ready)
            finally:
                sent += self._record(before)
            if not looked_at:
                return sent
            before = under_way

    def _record(self, under_way: _UnderWay) -> int:
        """Write down what came of calls, when all have been made; how many there were."""
        results = [(ready, call.result()) for ready, call in under_way]
        self._sender.record_many(results)
        return sum(not isinstance(result, NotMade) for _, result in results)

    def _call(self, ready: Ready, claimed_at: float) -> Result | NotMade:
        self._replies.wait()
        if time.monotonic() - claimed_at > FRESH:
            return NotMade()
        return self._sender.call(ready)

    def close(self) -> None:
        """Let go of the threads."""
        self._calls.shutdown(wait=False, cancel_futures=True)
