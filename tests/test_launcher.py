"""`./mentorline` on machines that lack something, in copies of the tree with their own `.venv`."""

import json
import os
import shutil
import signal
import subprocess
from pathlib import Path

import pytest

from tests.town import wait_for

ROOT = Path(__file__).resolve().parent.parent
TOOLS = ("bash", "env", "dirname", "readlink", "sh", "cat", "sleep")
# Closed: whoever tries to go out through it learns at once that there is no network.
NOWHERE = "http://127.0.0.1:9"
CLOSED = {"HTTP_PROXY": NOWHERE, "HTTPS_PROXY": NOWHERE, "ALL_PROXY": NOWHERE}
CLOSED |= {name.lower(): value for name, value in CLOSED.items()}


def copy_of_the_tree(to: Path) -> Path:
    to.mkdir()
    shutil.copy2(ROOT / "mentorline", to)
    for folder in ("cli", "requirements", "nlu"):
        shutil.copytree(ROOT / folder, to / folder, ignore=shutil.ignore_patterns("__pycache__"))
    return to


def start(tree: Path, *arguments: str, **env: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [tree / "mentorline", *arguments],
        env=os.environ | env,
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )


def bare_machine(tmp_path: Path, python: str | None) -> dict[str, str]:
    """An environment whose PATH has a few tools and a `python3` that runs `python`, or none."""
    folder = tmp_path / "bin"
    folder.mkdir()
    for name in TOOLS:
        found = shutil.which(name)
        assert found
        (folder / name).symlink_to(found)
    if python:
        script = folder / "python3"
        script.write_text(f"#!/bin/sh\n{python}\n")
        script.chmod(0o755)
    home = str(tmp_path / "home")
    return {"PATH": str(folder), "HOME": home, "PYENV_ROOT": home, "MENTORLINE_PYTHON": "python3"}


def uv() -> str:
    """A uv that really runs (a shim may not, once PATH is bare)."""
    # Where there was none, the preparation has put one into the project.
    for there in (shutil.which("uv"), str(ROOT / ".venv" / "uv" / "bin" / "uv")):
        if there is not None and Path(there).exists():
            found = subprocess.run([there, "--version"], capture_output=True, check=False)
            if found.returncode == 0:
                return there
    pytest.skip("no uv here")


def python_of_this_test() -> str:
    return os.path.realpath(ROOT / ".venv" / "app" / "bin" / "python")


def one_sentence(text: str) -> str:
    """The last line said, which must be all of the complaint: no traceback."""
    assert "Traceback" not in text
    return text.strip().splitlines()[-1]


@pytest.fixture(scope="module")
def tree(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A copy whose app environment has been set up."""
    made = copy_of_the_tree(tmp_path_factory.mktemp("launcher") / "tree")
    answer = start(made, "--help")
    assert answer.returncode == 0, answer.stderr
    assert "Setting up the app's environment" in answer.stderr
    return made


def test_old_python_is_said_in_one_sentence(tmp_path: Path) -> None:
    tree = copy_of_the_tree(tmp_path / "tree")
    answer = start(tree, "--help", **bare_machine(tmp_path, "echo 3.9"))
    assert answer.returncode == 1
    assert one_sentence(answer.stderr) == (
        "Mentorline needs Python 3.11 or newer, and this machine has only Python 3.9."
    )


def test_no_python_is_said_in_one_sentence(tmp_path: Path) -> None:
    tree = copy_of_the_tree(tmp_path / "tree")
    answer = start(tree, "--help", **bare_machine(tmp_path, None))
    assert answer.returncode == 1
    assert one_sentence(answer.stderr).endswith("this machine has no Python.")


def test_second_start_needs_no_network_and_says_nothing(tree: Path, tmp_path: Path) -> None:
    answer = start(tree, "--help", UV_CACHE_DIR=str(tmp_path), **CLOSED)
    assert (answer.returncode, answer.stderr) == (0, "")
    assert "demo" in answer.stdout


def test_first_start_without_network_says_so(tmp_path: Path) -> None:
    tree = copy_of_the_tree(tmp_path / "tree")
    cache = {"UV_CACHE_DIR": str(tmp_path / "cache"), "UV_HTTP_RETRIES": "0"}
    answer = start(tree, "--help", **cache, **CLOSED)
    assert answer.returncode == 1
    assert "needs the internet this first time" in one_sentence(answer.stderr)


def test_no_python_310_and_no_download_says_so(tree: Path, tmp_path: Path) -> None:
    bare = bare_machine(tmp_path, f'exec {python_of_this_test()} "$@"')
    (tmp_path / "bin" / "uv").write_text(f'#!/bin/sh\nexec {real_uv()} "$@"\n')
    (tmp_path / "bin" / "uv").chmod(0o755)
    blocked = {"UV_HTTP_RETRIES": "0", "UV_PYTHON_INSTALL_DIR": str(tmp_path / "pythons")}
    answer = start(tree, "rasa", **bare, **blocked, **CLOSED)
    assert answer.returncode == 1
    assert one_sentence(answer.stderr).startswith("Rasa needs Python 3.10, which is not on this")


def real_uv() -> str:
    """The uv behind a shim, so that it runs on a bare PATH."""
    shim = uv()
    probe = subprocess.run(["pyenv", "which", "uv"], capture_output=True, text=True, check=False)
    return probe.stdout.strip() if "shims" in shim and probe.returncode == 0 else shim


def test_half_finished_environment_is_made_anew(tree: Path) -> None:
    app = tree / ".venv" / "app"
    (tree / ".venv" / "app.unfinished").touch()
    for folder in app.glob("lib/python3.*/site-packages/typer"):
        shutil.rmtree(folder)
    answer = start(tree, "--help")
    assert answer.returncode == 0, answer.stderr
    assert "Setting up the app's environment" in answer.stderr
    assert not (tree / ".venv" / "app.unfinished").exists()


def test_killed_in_the_middle_is_repaired_by_the_next_start(tmp_path: Path) -> None:
    tree = copy_of_the_tree(tmp_path / "tree")
    first = subprocess.Popen(
        [tree / "mentorline", "--help"], stderr=subprocess.DEVNULL, start_new_session=True
    )
    mark = tree / ".venv" / "app.unfinished"
    try:
        wait_for(mark.exists, "the set-up to begin", 60)
    finally:
        os.killpg(first.pid, signal.SIGKILL)
        first.wait()
    assert mark.exists()
    answer = start(tree, "--help")
    assert answer.returncode == 0, answer.stderr


def test_vanished_interpreter_is_replaced(tree: Path) -> None:
    python = tree / ".venv" / "app" / "bin" / "python"
    python.unlink()
    python.symlink_to("/nonexistent/python3")
    answer = start(tree, "--help")
    assert answer.returncode == 0, answer.stderr


def test_changed_requirements_are_installed(tree: Path) -> None:
    stamp = tree / ".venv" / "app" / "mentorline.json"
    before = json.loads(stamp.read_text())
    with (tree / "requirements" / "app.txt").open("a") as file:
        file.write("# one more line\n")
    assert "Setting up the app's environment" in start(tree, "--help").stderr
    assert json.loads(stamp.read_text()) != before


def test_two_starts_at_once_set_up_once(tmp_path: Path) -> None:
    tree = copy_of_the_tree(tmp_path / "tree")
    both = [
        subprocess.Popen(
            [tree / "mentorline", "--help"],
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        for _ in range(2)
    ]
    said = [process.communicate(timeout=300)[1] for process in both]
    assert [process.returncode for process in both] == [0, 0], said
    assert sum("Setting up the app's environment" in text for text in said) == 1


def test_runs_from_another_folder_and_through_a_link(tree: Path, tmp_path: Path) -> None:
    (tmp_path / "bot").mkdir()  # must not shadow ours
    (tmp_path / "bot" / "__init__.py").write_text("raise SystemExit('shadowed')")
    link = tmp_path / "ml"
    link.symlink_to(tree / "mentorline")
    answer = subprocess.run(
        [link, "--help"], cwd=tmp_path, capture_output=True, text=True, check=False
    )
    assert answer.returncode == 0, answer.stderr
    assert "doctor" in answer.stdout


@pytest.mark.slow
@pytest.mark.parametrize("version", ["3.11", "3.12", "3.13"])
def test_every_supported_python_will_do(version: str, tmp_path: Path) -> None:
    found = subprocess.run(
        [uv(), "python", "find", "--no-project", "--no-python-downloads", version],
        capture_output=True,
        text=True,
        check=False,
    ).stdout.strip()
    root = Path(os.environ.get("PYENV_ROOT", Path.home() / ".pyenv"))
    known = sorted(root.glob(f"versions/{version}.*/bin/python"))
    python = str(known[-1]) if known else found
    if not python:
        pytest.skip(f"no Python {version} on this machine")
    tree = copy_of_the_tree(tmp_path / "tree")
    answer = start(tree, "--help", MENTORLINE_PYTHON=python)
    assert answer.returncode == 0, answer.stderr
    made = tree / ".venv" / "app" / "bin" / "python"
    said = subprocess.run([made, "--version"], capture_output=True, text=True, check=True).stdout
    assert said.startswith(f"Python {version}")
