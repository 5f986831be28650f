"""For the tests of understanding: a small model, and a real Rasa on it with scripted actions."""

from __future__ import annotations

import json
import os
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from werkzeug.serving import WSGIRequestHandler, make_server
from werkzeug.wrappers import Request, Response

from nlu import build, rasa_env
from nlu.client import RasaClient
from tests.dialogue import end

ROOT = Path(__file__).resolve().parent.parent
TOPICS = ("pph", "newborn_resuscitation", "family_planning")
OFF = [
    {"event": "active_loop", "timestamp": None, "name": None},
    {"event": "slot", "timestamp": None, "name": "requested_slot", "value": None},
    {"event": "slot", "timestamp": None, "name": "choice", "value": None},
]


def few_cards() -> list[dict[str, Any]]:
    """The shipped cards of three topics."""
    return [card for card in build.load_card_files() if card["topic"] in TOPICS]


def judge(model: Path, asked: list[dict[str, str]], scratch: Path) -> list[dict[str, Any]]:
    """What the classifier of a model makes of texts, without Rasa."""
    done = subprocess.run(
        [str(rasa_env.python()), "-m", "nlu.judge", str(model)],
        env=rasa_env.environment(scratch),
        input=json.dumps(asked),
        capture_output=True,
        text=True,
        check=True,
    )
    judged: list[dict[str, Any]] = json.loads(done.stdout)
    return judged


class _Quiet(WSGIRequestHandler):
    def log_request(self, code: int | str = "-", size: int | str = "-") -> None:
        """Say nothing."""


class Actions:
    """Stands where our web process stands: hears Rasa's action calls, answers as scripted.

    What ``action_answer_question`` decides is in the message's metadata ("decide"): "helpful",
    "emergency", "choose" or nothing (a case).
    """

    def __init__(self) -> None:
        self.heard: list[dict[str, Any]] = []
        app = Request.application(self._answer)
        self._server = make_server("127.0.0.1", 0, app, True, request_handler=_Quiet)
        self.url = f"http://127.0.0.1:{self._server.server_port}/rasa/actions"
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.05,))
        self._thread.start()

    def _answer(self, request: Request) -> Response:
        call = request.get_json()
        self.heard.append({**call, "authorization": request.headers.get("Authorization")})
        events = self._events(call["next_action"], call["tracker"])
        return Response(
            json.dumps({"events": events, "responses": []}), mimetype="application/json"
        )

    def _events(self, action: str, tracker: dict[str, Any]) -> list[dict[str, Any]]:
        pending = {"event": "slot", "timestamp": None, "name": "pending", "value": None}
        if action == "action_answer_question":
            decided = (tracker["latest_message"]["metadata"] or {}).get("decide")
            events = [*OFF, {**pending, "value": decided}]
            if decided == "choose":
                events.append({"event": "followup", "timestamp": None, "name": "clarify_form"})
            return events
        if action == "action_take_choice":
            return [*OFF, {**pending, "value": "helpful"}]
        if action == "action_emergency_not_now":
            return [{**pending, "value": "helpful"}]
        if action == "validate_assess_form":
            return _form_at((tracker["latest_message"]["metadata"] or {}).get("step"))
        if action in ("action_small_talk", "action_ask_clarify_form_choice"):
            return []
        return [pending]

    def close(self) -> None:
        """Stop answering."""
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()


def _form_at(step: str | None) -> list[dict[str, Any]]:
    """The self-assessment's slots as our tables would fill them; without a step: not its turn."""
    if step is None:
        return []
    names = ("assess_confidence", "assess_knowledge", "assess_goal")
    known = {"sure": 0, "know": 1, "goal": 2}.get(step, 0)
    slots = [
        {"event": "slot", "timestamp": None, "name": name, "value": "-" if at < known else None}
        for at, name in enumerate(names)
    ]
    return slots if step != "end" else [*slots, *OFF[:2]]


@dataclass
class Mentee:
    """Somebody who texts; `does` is what followed from the latest text."""

    name: str
    rasa: RasaClient
    actions: Actions
    does: list[str] = field(default_factory=list)
    latest: dict[str, Any] = field(default_factory=dict)

    def says(self, text: str, **metadata: str) -> list[str]:
        """Text something; returns the actions that Rasa called, in order."""
        before = len(self.actions.heard)
        self.rasa.turn(self.name, text, {"message_id": "1", "language": "en", **metadata})
        calls = self.actions.heard[before:]
        self.does = [call["next_action"].removeprefix("action_") for call in calls]
        self.latest = calls[-1]["tracker"]["latest_message"] if calls else {}
        return self.does


@contextmanager
def dialogue(model: Path, home: Path) -> Iterator[tuple[RasaClient, Actions]]:
    """A real Rasa on `model`, its conversations in memory."""
    actions = Actions()
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    env = {key: value for key, value in os.environ.items() if key != "DATABASE_URL"} | {
        "MENTORLINE_HOME": str(home),
        "RASA_ACTIONS_URL": actions.url,
        "ACTIONS_TOKEN": "test-actions",
        "RASA_TOKEN": "test-rasa",
    }
    line = [sys.executable, "-m", "nlu.serve", "--port", str(port), "--model", str(model)]
    log = (home / "rasa.log").open("wb")
    process = subprocess.Popen(line, cwd=ROOT, env=env, stdout=log, stderr=log)
    rasa = RasaClient([f"http://127.0.0.1:{port}"], timeout=20.0, token="test-rasa")
    try:
        give_up = time.monotonic() + 120
        while not rasa.ready():
            said = (home / "rasa.log").read_text()[-2000:]
            assert process.poll() is None, said
            assert time.monotonic() < give_up, said
            time.sleep(0.1)
        yield rasa, actions
    finally:
        rasa.close()
        end(process)
        log.close()
        actions.close()
