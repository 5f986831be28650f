"""What the world does: time passes, networks fail, webhooks and jobs come twice."""

from __future__ import annotations

from collections.abc import Callable
from random import Random

from simulator.delivery import callback_form
from store import queue
from tests.interleaving.cast import CAST
from tests.interleaving.life import Life

Turn = Callable[[Life, Random], None]
WORLD: dict[str, tuple[int, Turn]] = {}


def _turn(weight: int) -> Callable[[Turn], Turn]:
    def register(turn: Turn) -> Turn:
        WORLD[turn.__name__] = (weight, turn)
        return turn

    return register


@_turn(6)
def minutes(life: Life, rng: Random) -> None:
    life.town.later(minutes=rng.randint(1, 20))


@_turn(6)
def hours(life: Life, rng: Random) -> None:
    life.town.later(hours=rng.randint(1, 7))


@_turn(2)
def hour_by_hour(life: Life, rng: Random) -> None:
    life.town.live(step=2, hours=rng.randint(4, 12))


@_turn(2)
def days(life: Life, rng: Random) -> None:
    life.town.later(days=rng.randint(1, 3))


@_turn(3)
def phones_without_network(life: Life, rng: Random) -> None:
    """Some phones go off, all others come back."""
    off = [a for actor in CAST for a in actor.addresses if rng.random() < 0.15]
    network = life.town.simulator.network
    network.state.switches.update({"network_down": off})
    network.inbound.network_changed()
    network.delivery.network_changed()


@_turn(1)
def a_later_text_overtakes(life: Life, rng: Random) -> None:
    """The next text of a phone arrives before one that waits for the network."""
    network = life.town.simulator.network
    network.state.switches.update({"network_down": []})
    network.delivery.network_changed()


@_turn(2)
def callbacks(life: Life, rng: Random) -> None:
    mode = rng.choice(("normal", "normal", "out_of_order", "twice", "none"))
    life.town.simulator.state.switches.update({"callbacks": mode})


@_turn(2)
def webhooks_twice(life: Life, rng: Random) -> None:
    life.town.simulator.state.switches.update({"webhooks_twice": rng.random() < 0.5})


@_turn(2)
def provider_fails(life: Life, rng: Random) -> None:
    kind = rng.choice(("500", "429"))
    life.town.simulator.state.switches.update(
        {"api_failure": kind, "api_failure_count": rng.randint(1, 3)}
    )


@_turn(2)
def windows_close(life: Life, rng: Random) -> None:
    """Earlier at the provider than we know of."""
    closed = [
        a for actor in CAST for a in actor.addresses if a.startswith("wh") and rng.random() < 0.2
    ]
    life.town.simulator.state.switches.update({"window_closed": closed})


@_turn(3)
def a_webhook_again(life: Life, rng: Random) -> None:
    """The network posts messages of long ago once more."""
    network = life.town.simulator.network
    taken = [said for said in life.said if network.state.messages[said.sid].status == "delivered"]
    for said in rng.sample(taken[-30:], min(3, len(taken[-30:]))):
        network.inbound._submit(network.state.messages[said.sid])


@_turn(3)
def a_job_again(life: Life, rng: Random) -> None:
    """A worker was thought dead: its jobs are done once more."""
    rows = [row for row in life.inbound.values() if row["person_id"] is not None][-20:]
    with life.town.works.sessions.begin() as session:
        for row in rng.sample(rows, min(4, len(rows))):
            queue.defer(
                session,
                queue.RECEIVE,
                lock=queue.person_lock(row["person_id"]),
                inbound_id=row["id"],
            )


@_turn(2)
def old_callbacks(life: Life, rng: Random) -> None:
    """Status callbacks of long ago arrive, in any order."""
    network = life.town.simulator.network
    ours = [m for m in network.state.messages.values() if not m.inbound and m.status_callback]
    for message in rng.sample(ours[-30:], min(5, len(ours[-30:]))):
        status = rng.choice(("queued", "sent", message.status))
        form = callback_form(message, status, network.state.account.sid)
        network.inbound._poster.post(message.status_callback or "", form)


@_turn(2)
def ticks(life: Life, rng: Random) -> None:
    life.town.tick()
