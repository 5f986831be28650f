"""What a person sees of the command line: refusals in one sentence, nothing broken unasked."""

import os
import stat
import subprocess
import sys
from pathlib import Path

import psutil
import pytest

from cli import demo, secrets, stage, testing
from cli.doctor import doctor
from cli.errors import Refusal

ROOT = Path(__file__).resolve().parent.parent
COMMANDS = [
    *("demo", "test", "up", "web", "worker", "clock", "rasa"),
    *("train", "migrate", "doctor", "import", "bench"),
]


def run(*arguments: str, **env: str) -> subprocess.CompletedProcess[str]:
    kept = {k: v for k, v in os.environ.items() if not k.startswith(("TWILIO_", "DATABASE_"))}
    return subprocess.run(
        [sys.executable, "-P", "-m", "cli", *arguments],
        env=kept | {"PYTHONPATH": str(ROOT)} | env,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


def test_help_names_every_command() -> None:
    answer = run("--help")
    assert answer.returncode == 0
    for command in COMMANDS:
        assert f"\n  {command} " in answer.stdout


def test_help_loads_nothing_that_takes_long() -> None:
    answer = run("--help", PYTHONPROFILEIMPORTTIME="1")
    loaded = {line.rpartition("|")[2].strip() for line in answer.stderr.splitlines()}
    assert "typer" in loaded
    assert not loaded & {"sqlalchemy", "alembic", "flask", "twilio", "procrastinate", "yaml"}


@pytest.mark.parametrize("command", COMMANDS)
def test_every_command_explains_itself(command: str) -> None:
    answer = run(command, "--help")
    assert answer.returncode == 0
    assert f"./mentorline {command}" in answer.stdout


@pytest.mark.parametrize(
    "arguments",
    [
        ("dance",),
        ("demo", "--port", "99999"),
        ("demo", "--port", "many"),
        ("web", "--colour", "red"),
        ("import", "people"),
        ("import", "people", "/nonexistent.csv"),
        ("bench", "nothing"),
    ],
)
def test_wrong_usage_is_exit_2(arguments: tuple[str, ...]) -> None:
    answer = run(*arguments)
    assert answer.returncode == 2
    assert "Traceback" not in answer.stderr


@pytest.mark.parametrize(
    ("arguments", "env", "sentence"),
    [
        (("migrate",), {"DATABASE_URL": "mysql://x"}, "The setting DATABASE_URL is not usable"),
        (
            ("demo",),
            {"DEFAULT_TIMEZONE": "Mars/Base"},
            "The setting DEFAULT_TIMEZONE is not usable",
        ),
        (("up",), {"SECRET_KEY": ""}, "The setting SECRET_KEY is missing."),
        (("web",), {"SECRET_KEY": ""}, "The setting SECRET_KEY is missing."),
        (("up",), {"SECRET_KEY": "x"}, "The setting TWILIO_ACCOUNT_SID is missing."),
        (("rasa", "--host", "192.0.2.1"), {}, "192.0.2.1 is not an address of this machine."),
        (
            ("migrate",),
            {"DATABASE_URL": "postgresql+psycopg://me:hush@127.0.0.1:9/none"},
            "The database does not answer",
        ),
        (("demo", "--port", "0"), {}, ""),
    ],
)
def test_refusals_are_one_sentence(
    arguments: tuple[str, ...], env: dict[str, str], sentence: str, tmp_path: Path
) -> None:
    answer = run(*arguments, MENTORLINE_HOME=str(tmp_path), **env)
    assert answer.returncode == (1 if sentence else 2)
    assert sentence in answer.stderr
    assert "Traceback" not in answer.stderr
    assert "hush" not in answer.stderr
    if sentence:
        assert len(answer.stderr.strip().splitlines()) == 1


@pytest.mark.parametrize(
    ("arguments", "shared"),
    [
        ((), True),
        (("-m", "not slow"), True),
        (("--durations=25", "--ignore=tests/test_benchmarks.py"), True),
        (("tests/test_words.py",), False),
        (("-x", "tests/test_words.py::test_help"), False),
    ],
)
def test_tests_are_shared_out_unless_files_are_named(
    arguments: tuple[str, ...], shared: bool
) -> None:
    assert bool(testing.shared_out(arguments)) == shared


def test_home_that_is_a_file_is_refused(tmp_path: Path) -> None:
    home = tmp_path / "home"
    home.write_text("not a folder")
    answer = run("doctor", MENTORLINE_HOME=str(home))
    assert answer.returncode == 1
    assert "cannot be made" in answer.stdout + answer.stderr
    assert "Traceback" not in answer.stderr


def test_secrets_are_kept_and_only_the_owner_reads_them(tmp_path: Path) -> None:
    first = secrets.local(tmp_path)
    assert secrets.local(tmp_path) == first
    assert len(set(first.values())) == len(secrets.NAMES)
    assert stat.S_IMODE((tmp_path / "secrets.json").stat().st_mode) == 0o600


def test_damaged_secrets_are_said(tmp_path: Path) -> None:
    (tmp_path / "secrets.json").write_text("{}")
    with pytest.raises(Refusal, match="is damaged: delete it"):
        secrets.local(tmp_path)


def test_fresh_removes_the_data_and_nothing_else(tmp_path: Path) -> None:
    for name in ("postgres", "models", "logs"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "file").touch()
    (tmp_path / "simulator.journal").touch()
    secrets.local(tmp_path)
    demo.wipe(tmp_path)
    assert sorted(p.name for p in tmp_path.iterdir()) == ["logs", "models", "secrets.json"]


def test_fresh_does_not_follow_a_link_out_of_home(tmp_path: Path) -> None:
    precious = tmp_path / "precious"
    precious.mkdir()
    (precious / "file").touch()
    home = tmp_path / "home"
    home.mkdir()
    (home / "postgres").symlink_to(precious)
    with pytest.raises(Refusal, match="is a link to another place"):
        demo.wipe(home)
    assert (precious / "file").exists()


def test_second_product_on_the_same_home_is_refused(tmp_path: Path) -> None:
    with (
        stage.only_one(tmp_path, "http://127.0.0.1:8000"),
        pytest.raises(Refusal, match=rf"process {os.getpid()}, http://127.0.0.1:8000"),
        stage.only_one(tmp_path, "elsewhere"),
    ):
        pass
    with stage.only_one(tmp_path, "again"):
        pass


def test_memory_counts_descendants_once() -> None:
    grow = "import subprocess, sys; b = bytearray(50_000_000); b[::4096] = b'x' * len(b[::4096])"
    child = subprocess.Popen(
        [sys.executable, "-c", f"{grow}; print(flush=True); sys.stdin.read()"],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
    )
    assert child.stdout is not None
    child.stdout.readline()
    once = stage.memory_of([child.pid])
    assert once > 50_000_000
    assert stage.memory_of([child.pid, child.pid, 0]) < once * 1.2
    assert psutil.pid_exists(child.pid)
    child.communicate()


def test_doctor_fails_on_an_empty_configuration(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("MENTORLINE_HOME", str(tmp_path))
    monkeypatch.setenv("SECRET_KEY", "")
    monkeypatch.setenv("DATABASE_URL", "postgresql+psycopg://me:hush@127.0.0.1:9/none")
    monkeypatch.setenv("PUBLIC_URL", "http://example.org")
    assert doctor() == 1
    said = capsys.readouterr().out
    assert "fail  The setting SECRET_KEY is missing." in said
    assert "fail  The database does not answer" in said
    assert "fail  PUBLIC_URL must begin with https://" in said
    assert "hush" not in said
