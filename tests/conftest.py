"""The real parts, started once: PostgreSQL, and per test a house with its own database."""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from store import embedded
from tests.databases import copied, dropped, make_template
from tests.dialogue import MODELS, Switchboard, running_rasa
from tests.town import Town

os.environ.setdefault("MENTORLINE_HOME", tempfile.mkdtemp(prefix="mentorline-test-"))


# Several workers on fewer processors: most tests wait for the network or the database by turns.
WORKERS = 3


@pytest.hookimpl(optionalhook=True)  # nobody asks where pytest-xdist is not installed
def pytest_xdist_auto_num_workers(config: pytest.Config) -> int:
    """How many processes `-n auto` means, which is what `./mentorline test` asks for."""
    return WORKERS


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Says which tests stay together in one worker, and begins with the slow ones.

    What lasts longest must not begin last. A file stays together, for what its tests share;
    a slow test stands for itself, unless it shares a Rasa or an environment with others.
    """
    for item in items:
        item.add_marker(pytest.mark.xdist_group(_group(item)))
    items.sort(key=lambda item: not _slow(item))


def _slow(item: pytest.Item) -> bool:
    return item.get_closest_marker("slow") is not None


def _group(item: pytest.Item) -> str:
    fixtures = set(getattr(item, "fixturenames", ()))
    if "rasa" in fixtures:
        return "rasa"
    if item.path.stem == "test_benchmarks" and _slow(item):
        return "benchmarks"  # each starts the whole product: one after the other
    file = item.path.stem
    shared = fixtures & {"running", "model", "tree"}
    return item.nodeid if _slow(item) and not shared else file


@pytest.fixture(scope="session")
def postgres(tmp_path_factory: pytest.TempPathFactory) -> Iterator[embedded.EmbeddedServer]:
    """A PostgreSQL server of this test run, with a migrated template database."""
    home = Path(tempfile.mkdtemp(prefix="mlpg-"))
    server = embedded.start(home, durable=False)
    make_template(server)
    yield server
    server.stop()
    shutil.rmtree(home, ignore_errors=True)


_COUNTER = iter(range(1_000_000))


@pytest.fixture
def database_url(postgres: embedded.EmbeddedServer) -> Iterator[str]:
    """A fresh migrated database."""
    name = f"house{next(_COUNTER)}"
    yield copied(postgres, name)
    dropped(postgres, name)


@pytest.fixture
def town(database_url: str, tmp_path: Path) -> Iterator[Town]:
    """The product, the emulated network and people with phones; no Rasa behind it."""
    with Town.build(database_url, tmp_path) as built:
        yield built


@pytest.fixture(scope="session")
def switchboard() -> Iterator[Switchboard]:
    """Where Rasa's action calls arrive."""
    board = Switchboard()
    yield board
    board.close()


@pytest.fixture(scope="session")
def rasa(
    postgres: embedded.EmbeddedServer,
    switchboard: Switchboard,
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[str]:
    """The address of a real Rasa server on the published model."""
    assert (MODELS / "current.tar.gz").exists(), "no model: run ./mentorline train first"
    home = tmp_path_factory.mktemp("rasa")
    with running_rasa(copied(postgres, "rasa_memory"), home, switchboard.url) as url:
        yield url


@pytest.fixture
def library_town(
    database_url: str, tmp_path: Path, rasa: str, switchboard: Switchboard
) -> Iterator[Town]:
    """A town with the shipped library and the real Rasa behind it."""
    (tmp_path / "models").symlink_to(MODELS)
    with Town.build(database_url, tmp_path, rasa_url=rasa) as built:
        built.stock_library()
        # Every town counts people from 1; Rasa remembers those of other towns.
        first = next(_COUNTER) * 1000
        built.execute(f"ALTER TABLE person ALTER dialogue_number SET DEFAULT {first}")
        switchboard.town = built
        yield built
        switchboard.town = None
