"""Plays simulated people on a product that runs on the simulator, from moment to moment.

The clock jumps to the next thing that happens: a person's act, a dose, a reminder, a retry. Then
everything due is done, the network comes to rest, and people hear what has reached their phones.
"""

import re
import time
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from typing import Any, Final, Protocol

import httpx
from sqlalchemy import text

from bot.quizzes import bank
from bot.text.fold import fold
from scheduler import ticks
from scheduler.jobs import Works
from simulator.cohort import Act, Known, Seen, Spell

# Whatever is decided anew now and then is decided.
LONGEST: Final = timedelta(hours=3)
# Everything that happens within this happens together.
SHORTEST: Final = timedelta(seconds=30)
# While somebody answers one question after the other, nothing else need be looked at.
TICKS_EVERY: Final = timedelta(minutes=5)
LONG_AGO: Final = datetime(2000, 1, 1, tzinfo=UTC)
PATIENCE: Final = 120.0
TICKS: Final = (
    ticks.outbox,
    ticks.waiting_questions,
    ticks.mentor_news,
    ticks.due_cases,
    ticks.due_visits,
    ticks.due_stock,
    ticks.coaching_plans,
    ticks.resting_walks,
    ticks.newcomers,
    ticks.plan_campaigns,
    ticks.close_questions,
    ticks.unsent_questions,
    ticks.give_campaigns,
)
_NEXT = text(
    "SELECT least("
    " (SELECT min(due_at) FROM dose JOIN campaign ON campaign.id = dose.campaign_id"
    "   WHERE dose.state = 'planned' AND campaign.state = 'running'),"
    " (SELECT min(look_at) FROM dose WHERE state = 'open'),"
    " (SELECT min(next_attempt_at) FROM outbox WHERE state = 'queued'),"
    " (SELECT min(due_at) FROM case_due WHERE done_at IS NULL),"
    " (SELECT min(due_at) FROM mentor_due WHERE done_at IS NULL),"
    " (SELECT min(due_at) FROM visit_due WHERE done_at IS NULL),"
    " (SELECT min(due_at) FROM plan_due WHERE done_at IS NULL),"
    " (SELECT min(retry_at) FROM inbound WHERE state <> 'done'))"
)
# Options with letters, or with numbers in a self-assessment; or one of several: "3/20 ".
_ASKS: Final = re.compile(r"\nA\.? |\n1 |\b\d{1,2}/\d{1,2} ")
_BUSY = text(
    "SELECT EXISTS (SELECT 1 FROM procrastinate_jobs WHERE status IN ('todo', 'doing'))"
    " OR EXISTS (SELECT 1 FROM outbox WHERE state = 'sending')"
)


class Player(Protocol):
    """Somebody with a phone: a mentee or a mentor of `simulator.cohort`."""

    @property
    def next_at(self) -> datetime | None: ...
    def hears(self, message: Seen, now: datetime) -> list[Act]: ...
    def due(self, now: datetime) -> list[Act]: ...
    def spells(self, day: date) -> list[Spell]: ...
    def to_json(self) -> dict[str, Any]: ...


class Bank:
    """The oracle: which item a message asks."""

    def __init__(self, items: Iterable[bank.Item]) -> None:
        self._stems: dict[str, Known] = {}
        for item in items:
            for language in item.languages:
                self._stems[fold(item.stem[language])] = Known(
                    item.id, item.competency, item.answer, item.options[language], item.twin
                )

    def lookup(self, body: str) -> Known | None:
        """The item whose question stands in a text, None for any other message."""
        if _ASKS.search(body) is None:
            return None
        for line in body.splitlines():
            folded = fold(line)
            found = self._stems.get(folded)
            if found is not None:
                return found
        whole = fold(body)
        return next((known for stem, known in self._stems.items() if stem in whole), None)


@dataclass
class Play:
    """A running product, its network, and the people who live on it.

    `players`: by address (`+250…` or `whatsapp:+250…`); one person may have two. `longest`: the
    clock never jumps further.
    """

    works: Works
    network: httpx.Client
    players: Mapping[str, Player]
    oracle: Bank
    started: datetime
    said: Callable[[str], None] = lambda _: None
    longest: timedelta = LONGEST
    cursor: int = 0
    acts: int = 0
    steps: int = 0
    _messages: dict[str, dict[str, Any]] = field(default_factory=dict)
    _down: frozenset[str] = frozenset()
    # When a row is due next, as far as it was known before the last step, and the last ticks.
    _due: datetime | None = None
    _ticked: datetime = LONG_AGO

    def run(self, until: datetime) -> None:
        """Let everybody live until a moment (aware)."""
        self.cursor = int(self.network.get("/simulator/api/threads").json()["cursor"])
        shown = time.monotonic()
        before = self.network.get("/simulator/api/switches").json()
        self._post("/simulator/api/switches", {"delay_ms": 0})
        try:
            self._live(until, shown)
        finally:
            kept = {name: before[name] for name in ("network_down", "delay_ms")}
            self._post("/simulator/api/switches", kept)

    def _live(self, until: datetime, shown: float) -> None:
        self._settle()
        while self.works.now() < until:
            self._move(self._next(until))
            self._act()
            self._settle()
            self.steps += 1
            if time.monotonic() - shown > 5.0:
                shown = time.monotonic()
                self.said(f"{self.works.now():%a %d %b %H:%M} …")

    def _next(self, until: datetime) -> datetime:
        now = self.works.now()
        with self.works.engine.connect() as connection:
            row = connection.execute(_NEXT).scalar()
        self._due = row
        moments = [player.next_at for player in set(self.players.values())]
        soonest: datetime = min(filter(None, [row, *moments, now + self.longest]))
        return min(max(soonest, now + SHORTEST), until)

    def _move(self, moment: datetime) -> None:
        offset = (moment - datetime.now(UTC)).total_seconds()
        self._post("/simulator/api/clock", {"offset_seconds": offset})
        # Phones that are off now, or come back.
        down = frozenset(
            address
            for address, player in self.players.items()
            if any(start <= moment < end for start, end, _ in player.spells(moment.date()))
        )
        if down != self._down:
            self._down = down
            self._post("/simulator/api/switches", {"network_down": sorted(down)})

    def _act(self) -> None:
        now = self.works.now()
        for player in dict.fromkeys(self.players.values()):
            for act in player.due(now):
                self._do(player, act)
                if act.said.upper().startswith("TEST"):
                    # Which form somebody gets hangs on how many have begun before.
                    self._rest()

    def _do(self, player: Player, act: Act) -> None:
        answered = self._messages.get(act.sid)
        address = answered["address"] if answered else self._address(player)
        request: dict[str, Any]
        match act.kind:
            case "press":
                request = {"button": {"sid": act.sid, "id": act.said}}
            case "pick":
                request = {"list": {"sid": act.sid, "id": act.said}}
            case "quote" if address.startswith("whatsapp:"):
                request = {"text": act.said, "quote": act.sid}
            case _:
                request = {"text": act.said}
        self._post(f"/simulator/api/phones/{address}/send", request)
        self.acts += 1

    def _address(self, player: Player) -> str:
        """Where somebody begins to write: rather on WhatsApp."""
        theirs = [address for address, one in self.players.items() if one is player]
        return max(theirs, key=lambda address: address.startswith("whatsapp:"))

    def _settle(self) -> None:
        """Do what is due and wait until nothing moves; what is heard may lead to more."""
        now = self.works.now()
        if self._due is None or self._due <= now or now - self._ticked >= TICKS_EVERY:
            self._ticked = now
            for tick in TICKS:
                tick(self.works)
        self._rest()
        self._listen()

    def is_busy(self) -> bool:
        """Whether the product has something to do at once."""
        with self.works.engine.connect() as connection:
            return bool(connection.execute(_BUSY).scalar())

    def _rest(self) -> None:
        ends_at = time.monotonic() + PATIENCE
        quiet = 0
        while quiet < 2:
            if time.monotonic() > ends_at:
                raise TimeoutError("The product did not come to rest.")
            busy = self.is_busy()
            idle = self.network.get("/simulator/api/stats").json()["idle"]
            if busy or not idle:
                quiet = 0
                time.sleep(0.004)
            else:
                quiet += 1

    def _listen(self) -> None:
        found = self.network.get(
            "/simulator/api/events", params={"after": self.cursor, "wait": 0}
        ).json()
        self.cursor = found["cursor"]
        for event in found["events"]:
            if event["kind"] == "outbound":
                message = event["message"]
                if message["address"] in self.players:
                    self._messages[message["sid"]] = message
            elif event["kind"] == "status" and event["status"] == "delivered":
                message = self._messages.get(event["sid"])
                if message is not None:
                    self._hears(message, event["at"])

    def _hears(self, message: dict[str, Any], at: str) -> None:
        address, body = message["address"], str(message["body"])
        # To the minute: how fast this machine was must not change what people do.
        moment = datetime.fromisoformat(at).replace(second=0, microsecond=0)
        moment = max(moment, self.started)
        picker = message.get("picker") or {}
        seen = Seen(
            text=body,
            at=moment,
            channel="whatsapp" if address.startswith("whatsapp:") else "sms",
            sid=message["sid"],
            buttons=message.get("buttons") or (),
            rows=picker.get("items", ()),
            known=self.oracle.lookup(body),
        )
        self.players[address].hears(seen, moment)

    def _post(self, path: str, body: dict[str, Any]) -> None:
        answer = self.network.post(path, json=body)
        if answer.status_code >= 400:
            problem = answer.json().get("error", answer.text)
            self.said(f"The simulator refused {path}: {problem}")
