"""The benchmarks run and print figures of the promised shape; how large they are is no test."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from benchmarks import campaign, console
from benchmarks.campaign_house import offset_to_tuesday
from benchmarks.campaign_network import in_window
from benchmarks.console_house import Size
from benchmarks.figures import percentile, table
from benchmarks.load import complete
from benchmarks.people import plain
from benchmarks.posts import phones
from tests.dialogue import MODELS

ROOT = Path(__file__).resolve().parent.parent
OURS, STOCK = "Mentorline", "Rasa's Twilio connector"


@given(st.lists(st.floats(0, 1e6), min_size=1), st.floats(0.01, 1))
def test_a_percentile_was_measured_and_bounds_its_share(values: list[float], share: float) -> None:
    found = percentile(values, share)
    assert found is not None
    assert found in values
    assert sum(value <= found for value in values) >= share * len(values) - 1e-9


def test_no_values_have_no_percentile() -> None:
    assert percentile([], 0.5) is None


@pytest.mark.parametrize(
    ("data", "whole"),
    [
        (b"HTTP/1.1 204 NO CONTENT\r\nServer: x\r\n\r\n", True),
        (b"HTTP/1.1 204 NO CONTENT\r\nServer: x\r\n", False),
        (b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\no", False),
        (b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok", True),
        (b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nok\r\n", False),
        (b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nok\r\n0\r\n\r\n", True),
    ],
)
def test_a_response_is_taken_when_it_is_whole(data: bytes, whole: bool) -> None:
    assert complete(data) is whole


def test_texts_are_compared_without_typography() -> None:
    assert plain("“Give 1 g – IV”") == plain('"give 1 g - iv"') == "give1giv"


def test_phones_are_distinct() -> None:
    assert len(set(phones(0, 1000))) == 1000


def test_a_table_lines_up() -> None:
    assert table(("a", "b"), [("x", 1.25), ("long", None)]).splitlines() == [
        "a       b",
        "----  ---",
        "x     1.2",
        "long    –",
    ]


@given(st.datetimes(datetime(2020, 1, 1), datetime(2040, 1, 1), timezones=st.just(UTC)))
def test_the_clock_goes_to_the_nearest_tuesday_evening(now: datetime) -> None:
    offset = offset_to_tuesday(now)
    there = (now + offset).astimezone(ZoneInfo("Africa/Kigali"))
    assert (there.weekday(), there.hour, there.minute, there.second) == (1, 17, 30, 0)
    assert abs(offset) <= timedelta(days=3.5)


def test_a_quarter_has_an_open_window() -> None:
    assert list(in_window(8)) == ["+250000000002", "+250000000006"]


def test_console_measures_every_page_that_is_read() -> None:
    found = console.measured(Size(people=300, messages=2_000, cases=210), rounds=1)
    read = {one["page"] for one in found["pages"]} | set(found["not_measured"])
    assert {"console.home", "console.person", "console.case", "console.audit"} <= read
    # Some pages want more than an address says, and answer with a sentence.
    assert all(one["status"] in (200, 422) for one in found["pages"]), found["pages"]
    assert {one["page"] for one in found["routes"]} >= {"people", "messages_sent", "report"}
    assert all(one["status"] == 200 for one in found["routes"]), found["routes"]
    assert found["counts"]["inbound"] + found["counts"]["outbox"] == 2_000
    assert all(one["bytes"] > one["gzip"] > 0 for one in found["pages"])
    assert len(found["aims"]) == 2
    text = console.shown(found)
    assert "p95 ms" in text
    assert "first page with its styles" in text


def test_sizes_are_taken_in_ascending_order() -> None:
    assert campaign.parsed(["--sizes", "20,10,20"]).sizes == (10, 20)
    assert campaign.parsed([]).sizes == (10_000, 20_000, 100_000)
    assert campaign.parsed(["--part", "plan"]).parts == ("plan",)


@pytest.mark.parametrize("sizes", ["", "x", "10,", "0", "-5", "1000000"])
def test_odd_sizes_are_refused(sizes: str, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as refused:
        campaign.parsed(["--sizes", sizes])
    assert refused.value.code == 2
    assert "--sizes" in capsys.readouterr().err


@pytest.fixture
def home() -> Iterator[Path]:
    """Not in pytest's own folder: any other run of pytest closes that to the database's user."""
    made = Path(tempfile.mkdtemp(prefix="mlbench-"))
    made.chmod(0o755)
    yield made
    shutil.rmtree(made, ignore_errors=True)


def benchmark(name: str, home: Path, *options: str) -> dict[str, Any]:
    assert (MODELS / "current.tar.gz").exists(), "no model: run ./mentorline train first"
    shutil.copytree(MODELS, home / "models")
    done = subprocess.run(
        [sys.executable, "-P", "-m", f"benchmarks.{name}", "--json", "--quick", *options],
        env=os.environ | {"PYTHONPATH": str(ROOT), "MENTORLINE_HOME": str(home)},
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stderr
    assert [path.name for path in home.iterdir()] == ["models"], "something was left behind"
    result: dict[str, Any] = json.loads(done.stdout)
    return result


def memory_is_given(system: dict[str, Any], *processes: str) -> None:
    rows = {row["process"]: row for row in system["memory"]}
    assert set(rows) == {*processes, "postgres"}
    assert all(0 < row["pss_mb"] <= row["rss_mb"] for row in rows.values())


@pytest.mark.slow
@pytest.mark.timeout(900)
def test_ingest_compares_four_systems(home: Path) -> None:
    result = benchmark("ingest", home, "--senders", "2")
    floor, alone, ours, stock = result["systems"]
    for system in result["systems"]:
        assert [point["senders"] for point in system["points"]] == [2]
        for point in system["points"]:
            assert point["accepted"] > 0
            assert point["refused"] == point["broken"] == 0
            assert 0 < point["p50_ms"] <= point["p99_ms"]
            assert 0 <= point["generator_cpu"] < 1
    memory_is_given(floor, "floor")
    memory_is_given(alone, "web", "simulator")
    memory_is_given(ours, "web", "worker", "clock", "rasa", "simulator")
    memory_is_given(stock, "web", "rasa", "simulator")
    assert {type(aim["met"]) for aim in result["aims"]} == {bool}


@pytest.mark.slow
@pytest.mark.timeout(900)
def test_reply_compares_us_with_the_stock_connector(home: Path) -> None:
    result = benchmark("reply", home, "--senders", "2")
    ours, stock, tuned = result["systems"]
    assert tuned["drill"] is None
    assert [ours["name"], stock["name"]] == [OURS, STOCK]
    for system in (ours, stock):
        assert [point["senders"] for point in system["points"]] == [2]
        for point in system["points"]:
            assert point["answered"] > 0
            assert point["other_answers"] == 0
            assert 0 < point["p50_ms"] <= point["p95_ms"]
        assert system["drill"]["messages"] == system["drill"]["answered"] + system["drill"]["lost"]
    memory_is_given(ours, "web", "worker", "clock", "rasa", "simulator")
    memory_is_given(stock, "web", "rasa", "simulator")
    # A promise, not a size.
    assert ours["drill"]["acknowledged"] == ours["drill"]["messages"]
    assert (ours["drill"]["lost"], ours["drill"]["doubled"]) == (0, 0)


@pytest.mark.slow
@pytest.mark.timeout(900)
def test_campaign_sends_everything_once(home: Path) -> None:
    result = benchmark("campaign", home, "--part", "send", "--sizes", "200", "--workers", "2")
    assert [one["mentees"] for one in result["plan"]] == [200]
    for plan in result["plan"]:
        assert plan["doses"] > plan["mentees"]
        assert plan["enrolments_per_second"] > 0
    assert [(one["mentees"], one["workers"]) for one in result["send"]] == [(200, 2)]
    for one in result["send"]:
        assert one["per_second"] > 0
        assert one["cpu_per_1000"] > 0
        # Two callbacks for an SMS, a third when a WhatsApp message has been read.
        assert (one["callbacks"], one["callbacks_failed"]) == (one["mentees"] * 2.5, 0)
        # Promises, not sizes.
        assert (one["accepted"], one["lost"], one["doubled"]) == (one["mentees"], 0, 0)
        assert (one["failed_jobs"], one["open_attempts"]) == (0, 0)
        workers = [f"worker-{n}" for n in range(1, one["workers"] + 1)]
        memory_is_given(one, "web", "clock", "simulator", *workers)
    assert {type(aim["met"]) for aim in result["aims"]} == {bool}
