"""The linters, as tests: what `./mentorline test` passes is what may be merged."""

import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
BIN = Path(sys.executable).parent

CHECKS = {
    "ruff check": [BIN / "ruff", "check", "."],
    "ruff format": [BIN / "ruff", "format", "--check", "."],
    "mypy": [BIN / "mypy"],
    "import-linter": [BIN / "lint-imports", "--no-cache"],
}


@pytest.mark.parametrize("name", CHECKS)
def test_linter_finds_nothing(name: str) -> None:
    answer = subprocess.run(
        [str(word) for word in CHECKS[name]],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert answer.returncode == 0, answer.stdout + answer.stderr


@pytest.mark.parametrize("script", ["mentorline", ".ci/run"])
def test_shell_scripts_parse_and_may_be_run(script: str) -> None:
    path = ROOT / script
    subprocess.run(["bash", "-n", path], check=True)
    assert path.stat().st_mode & 0o111


ENTRANCES = ("scheduler.worker", "scheduler.clock", "webhooks.app", "cli.sample", "bot.people")
RESOLVE = """
import importlib, sys
importlib.import_module(sys.argv[1])
from store.base import Base, make_engine, make_sessions
make_sessions(make_engine("postgresql+psycopg://"))
for table in Base.metadata.tables.values():
    for key in table.foreign_keys:
        key.column
"""


@pytest.mark.parametrize("entrance", ENTRANCES)
def test_a_process_knows_every_table_that_its_tables_refer_to(entrance: str) -> None:
    # A test process has loaded every table, and so does not notice.
    subprocess.run([sys.executable, "-c", RESOLVE, entrance], cwd=ROOT, check=True)
