"""Real processes are killed and restarted. What was acknowledged has its effect exactly once."""

from __future__ import annotations

import socket
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path

import pytest

from simulator.model import Message
from tests.machines import Machines, until

pytestmark = [pytest.mark.slow, pytest.mark.timeout(900)]

MENTOR = "+250788000401"
# Replies: one each, whatever else is going on; they need no Rasa.
WORDS = ("MENU", "language English", "MENU", "QUIZ")


@pytest.fixture
def machines(tmp_path: Path) -> Iterator[Machines]:
    with Machines.build(tmp_path) as built:
        yield built


def stream(machines: Machines, pause: float = 0.03, rounds: int = 12) -> list[Message]:
    """Eight nurses text one after another, ``rounds`` times; returns what they sent.

    A round begins when somebody listens, however long a machine takes to come back.
    """
    nurses = [machines.person(f"+25078800030{n}") for n in range(8)]
    sent = []
    for number in range(rounds):
        until(machines.web_answers, "the web process", 120)
        for nurse in nurses:
            sent.append(machines.says(nurse, WORDS[number % len(WORDS)]))
            time.sleep(pause)
    return sent


def under_load(machines: Machines, disturb: Callable[[], None]) -> list[Message]:
    """Disturb things in the middle of a stream; returns what was sent."""
    sent: list[Message] = []
    thread = threading.Thread(target=lambda: sent.extend(stream(machines)))
    thread.start()
    time.sleep(0.6)
    disturb()
    thread.join(300)
    until(lambda: all(m.status in ("delivered", "failed") for m in sent), "the webhooks", 120)
    return sent


def check_once(machines: Machines, sent: list[Message]) -> None:
    """Each acknowledged message has one reply, and the provider was given each reply once."""
    # A killed worker is noticed within 15 s; a call cut off in the middle is settled within 90 s.
    until(machines.settled, "everything to be done", 300)
    acknowledged = {m.sid for m in sent if m.status == "delivered"}
    assert len(acknowledged) > len(sent) / 2
    kept = machines.rows(
        "SELECT i.sid, count(o.id) AS replies FROM inbound i "
        "LEFT JOIN outbox o ON o.inbound_id = i.id GROUP BY i.sid"
    )
    replies = {row.sid: row.replies for row in kept}
    assert acknowledged <= replies.keys()
    assert Counter(replies.values()) == Counter({1: len(replies)})
    ours = machines.rows("SELECT provider_sid, state, sent_to, sent_body FROM outbox")
    assert {row.state for row in ours} <= {"sent", "delivered", "read"}
    given = [m for m in machines.simulator.state.messages.values() if not m.inbound]
    assert sorted(m.sid for m in given) == sorted(row.provider_sid for row in ours)


def test_kill_9_of_every_process_in_the_middle_of_a_stream(machines: Machines) -> None:
    machines.start("web", "worker-1", "worker-2", "clock")

    def disturb() -> None:
        machines.kill("worker-1")  # the other one goes on alone
        for name in ("clock", "web", "worker-2"):
            machines.kill(name)
            machines.start(name)
            time.sleep(0.3)

    check_once(machines, under_load(machines, disturb))


def test_postgresql_is_restarted_under_load(machines: Machines) -> None:
    machines.start("web", "worker", "clock")
    check_once(machines, under_load(machines, machines.database.restart))
    # The same processes go on.
    assert all(process.poll() is None for process in machines.running.values())
    nurse = machines.person("+250788000399")
    before = len(machines.heard(nurse))
    machines.says(nurse, "MENU")
    until(lambda: len(machines.heard(nurse)) > before, "a reply", 60)


def test_another_clock_takes_over(machines: Machines) -> None:
    machines.start("clock-1", "clock-2")
    names = ["clock-1", "clock-2"]

    def leads(name: str) -> bool:
        return "leading" in machines.log(name)

    until(lambda: any(map(leads, names)), "a leader", 60)
    time.sleep(2.5)
    leader = next(filter(leads, names))
    other = next(name for name in names if name != leader)
    assert not leads(other)
    machines.kill(leader)
    until(lambda: leads(other), "the other to lead", 60)


@pytest.fixture
def hanging() -> Iterator[str]:
    """The address of a server that takes every connection and never answers."""
    listener = socket.create_server(("127.0.0.1", 0), backlog=128)
    yield f"http://127.0.0.1:{listener.getsockname()[1]}"
    listener.close()


def test_a_dialogue_that_hangs_holds_nobody_up(tmp_path: Path, hanging: str) -> None:
    # Long enough for the others to have their answers meanwhile, on a busy machine too.
    with Machines.build(tmp_path, RASA_URL=hanging, QUESTION_PATIENCE="30") as machines:
        mentor = machines.person(MENTOR, "whatsapp", "mentor")
        askers = [machines.person(f"+25078800031{n}", "whatsapp") for n in range(4)]
        bystander = machines.person("+250788000320", "whatsapp")
        machines.start("web", "worker", "clock")
        asked = [
            machines.says(nurse, f"dose of drug {n} in labour?") for n, nurse in enumerate(askers)
        ]
        until(lambda: all(m.status == "delivered" for m in asked), "the webhooks", 20)
        waiting = "SELECT 1 FROM inbound WHERE state = 'dialogue'"
        until(lambda: len(machines.rows(waiting)) == 4, "the questions to hang", 20)

        for _ in range(11):
            message = machines.says(bystander, "MENU")
            until(partial(taken, message), "the webhook", 20)
        until(lambda: len(machines.heard(bystander)) == 11, "replies", 20)
        for nurse in (bystander, askers[0]):  # of those who wait for an answer, too
            machines.says(nurse, "STOP")
            until(partial(stopped, machines, nurse), "STOP", 20)
        assert not cases(machines), "that was not before the dialogue had been given up"

        until(lambda: len(cases(machines)) >= 3, "the questions to reach a mentor", 300)
        until(machines.settled, "everything to be sent", 120)
        told = " ".join(machines.heard(mentor))
        for number in (1, 2, 3):
            assert told.count(f"dose of drug {number}") == 1
        for nurse in askers[1:]:
            assert any("asked" in body for body in machines.heard(nurse))
        assert not any("asked" in body for body in machines.heard(askers[0]))


def taken(message: Message) -> bool:
    return message.status == "delivered"


def stopped(machines: Machines, address: str) -> bool:
    number = address.removeprefix("whatsapp:")
    return bool(
        machines.rows(
            "SELECT 1 FROM person JOIN address ON address.person_id = person.id "
            "WHERE address.value = :number AND person.stopped_at IS NOT NULL",
            number=number,
        )
    )


def cases(machines: Machines) -> list[str]:
    return [row.body for row in machines.rows("SELECT body FROM outbox WHERE kind = 'case'")]
