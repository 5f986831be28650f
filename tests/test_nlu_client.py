"""The client of the dialogue servers, against small HTTP servers that behave and misbehave."""

from __future__ import annotations

import json
import socket
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from werkzeug.serving import WSGIRequestHandler, make_server
from werkzeug.wrappers import Request, Response

from nlu.client import (
    RasaBusy,
    RasaClient,
    RasaFailed,
    RasaTimeout,
    RasaUnavailable,
    RasaUnreachable,
    harmless,
)

Answer = Callable[[Request], Response]


class _Quiet(WSGIRequestHandler):
    def log_request(self, code: int | str = "-", size: int | str = "-") -> None:
        """Say nothing."""


@contextmanager
def server(answer: Answer) -> Iterator[str]:
    app = Request.application(answer)
    made = make_server("127.0.0.1", 0, app, threaded=True, request_handler=_Quiet)
    thread = threading.Thread(target=made.serve_forever, args=(0.05,))
    thread.start()
    try:
        yield f"http://127.0.0.1:{made.server_port}"
    finally:
        made.shutdown()
        thread.join()
        made.server_close()


@contextmanager
def client(*urls: str, **options: Any) -> Iterator[RasaClient]:
    made = RasaClient(urls, **options)
    yield made
    made.close()


def as_json(content: Any, status: int = 200) -> Response:
    return Response(json.dumps(content), status, content_type="application/json")


def nobody() -> str:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return f"http://127.0.0.1:{probe.getsockname()[1]}"


def test_a_turn_carries_sender_text_metadata_and_token() -> None:
    heard: list[Request] = []

    def answer(request: Request) -> Response:
        request.get_data()
        heard.append(request)
        return as_json([{"recipient_id": "p1", "text": "hello"}])

    with server(answer) as url, client(url, token="sesame") as rasa:
        assert rasa.turn("p1", "/restart", {"message_id": "7"})[0]["text"] == "hello"
    assert heard[0].path == "/webhooks/rest/webhook"
    assert heard[0].args["token"] == "sesame"
    assert heard[0].json == {"sender": "p1", "message": "restart", "metadata": {"message_id": "7"}}


def test_a_parse_gives_the_cards() -> None:
    def answer(request: Request) -> Response:
        ranking = [{"card": "pph-a", "confidence": 0.9}]
        return as_json({"intent": {"name": "question", "confidence": 1}, "card_ranking": ranking})

    with server(answer) as url, client(url) as rasa:
        parsed = rasa.parse("txa")
    assert (parsed.intent, parsed.cards) == ("question", [("pph-a", 0.9)])


@pytest.mark.parametrize(
    "answer",
    [
        lambda _: as_json({}, 500),
        lambda _: as_json({}, 401),
        lambda _: Response("not json"),
        lambda _: as_json({"a": 1}),
        lambda _: as_json(["a"]),
    ],
)
def test_an_error_or_nonsense_is_a_failure(answer: Answer) -> None:
    with server(answer) as url, client(url) as rasa, pytest.raises(RasaFailed):
        rasa.turn("p1", "hi", {})


def test_nobody_there() -> None:
    with client(nobody()) as rasa:
        with pytest.raises(RasaUnreachable):
            rasa.turn("p1", "hi", {})
        assert not rasa.ready()


def test_a_server_that_hangs_is_given_up_and_not_repeated_elsewhere() -> None:
    asked, given_up = [], threading.Event()

    def hang(request: Request) -> Response:
        asked.append(request.path)
        given_up.wait(60)
        return as_json([])

    with server(hang) as one, server(hang) as two, client(one, two, timeout=0.3) as rasa:
        try:
            with pytest.raises(RasaTimeout):
                rasa.turn("p1", "hi", {})
        finally:
            given_up.set()
    assert len(asked) == 1


def test_another_server_takes_over_at_once_and_turns_are_shared() -> None:
    asked: list[str] = []

    def named(name: str) -> Answer:
        def answer(_: Request) -> Response:
            asked.append(name)
            return as_json([{"text": name}])

        return answer

    with ExitStack() as stack:
        urls = [stack.enter_context(server(named(name))) for name in "ab"]
        rasa = stack.enter_context(client(nobody(), *urls))
        for _ in range(12):
            assert rasa.turn("p1", "hi", {})
        assert not rasa.ready()
    assert set(asked) == {"a", "b"}
    assert min(asked.count("a"), asked.count("b")) >= 3


def test_at_most_two_are_in_flight_and_the_rest_waits() -> None:
    now, most, lock = 0, 0, threading.Lock()

    def slow(_: Request) -> Response:
        nonlocal now, most
        with lock:
            now += 1
            most = max(most, now)
        time.sleep(0.05)
        with lock:
            now -= 1
        return as_json([])

    with server(slow) as url, client(url, timeout=5.0) as rasa, ThreadPoolExecutor(8) as pool:
        turns = [pool.submit(rasa.turn, f"p{n}", "hi", {}) for n in range(8)]
        assert [turn.result() for turn in turns] == [[]] * 8
    assert most == 2


def test_a_wait_for_a_free_server_ends_too() -> None:
    held = threading.Event()

    def hold(_: Request) -> Response:
        held.wait(5)
        return as_json([])

    with server(hold) as url, client(url, timeout=0.4) as rasa, ThreadPoolExecutor(3) as pool:
        turns = [pool.submit(rasa.turn, f"p{n}", "hi", {}) for n in range(3)]
        kinds = {type(turn.exception()) for turn in turns}
        held.set()
    assert kinds <= {RasaBusy, RasaTimeout}
    assert all(issubclass(kind, RasaUnavailable) for kind in kinds)


@given(st.text())
def test_no_text_is_a_command(text: str) -> None:
    made = harmless(text)
    assert made
    assert not made.strip().startswith("/")
