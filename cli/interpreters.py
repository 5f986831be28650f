"""Finding uv and the Pythons, or getting them.

Used before anything is installed: standard library only.
"""

import contextlib
import glob
import os
import re
import shutil
import sys
from pathlib import Path

from cli.errors import Refusal
from cli.installing import Failed, ask, explain, run
from cli.places import VENV

OLDEST_UV = (0, 5)


def works(uv: str | Path) -> bool:
    """Whether this is a uv that runs and is new enough (a pyenv shim may not run)."""
    try:
        answer = ask(uv, "--version")
    except OSError:
        return False
    version = re.match(r"uv (\d+)\.(\d+)", answer.stdout)
    return version is not None and (int(version[1]), int(version[2])) >= OLDEST_UV


def find_uv() -> Path | str:
    """Path of a working uv, put under `.venv/uv` by pip when the machine has none."""
    private = VENV / "uv" / "bin" / "uv"
    for candidate in ("uv", Path.home() / ".local/bin/uv", Path.home() / ".cargo/bin/uv", private):
        if works(candidate):
            return candidate
    folder = VENV / "uv"
    shutil.rmtree(folder, ignore_errors=True)
    python, install = Path(base_python()), ["-m", "pip", "install", "--quiet", "uv"]
    try:
        if ask(python, "-I", "-m", "pip", "--version").returncode:
            # Debian's Python comes without pip; its own venv brings one, if that part is there.
            with_pip = VENV / "uv.venv"
            shutil.rmtree(with_pip, ignore_errors=True)
            if ask(python, "-m", "venv", with_pip).returncode:
                raise Refusal(
                    f"{python} has neither pip nor venv: install uv, or Debian's python3-venv, "
                    "and start again."
                )
            python = with_pip / "bin" / "python"
        run([python, *install, "--target", folder], "uv, which installs the rest")
    except Failed as failure:
        raise explain("uv", failure) from None
    if not works(private):
        raise Refusal(f"The uv that pip installed does not run on this machine: {private}.")
    return private


def base_python() -> str:
    """The interpreter itself, even when we run inside the environment that is to be remade."""
    return getattr(sys, "_base_executable", None) or sys.executable


def find_python_310(uv: Path | str) -> str:
    """Path of a Python 3.10, downloaded by uv if need be."""
    places = [os.environ.get("PYENV_ROOT"), str(Path.home() / ".pyenv")]
    known = [x for p in places if p for x in glob.glob(f"{p}/versions/3.10.*/bin/python3.10")]
    for candidate in ("python3.10", *known):
        with contextlib.suppress(OSError):
            code = "import sys; print(sys.version_info[1], sys.executable)"
            answer = ask(candidate, "-I", "-c", code)
            if answer.returncode == 0 and answer.stdout.startswith("10 "):
                return answer.stdout[3:].strip()
    find: tuple[str | Path, ...] = (uv, "python", "find", "--no-project", "3.10")
    answer = ask(*find)
    if answer.returncode == 0:
        return answer.stdout.strip()
    try:
        run([uv, "python", "install", "3.10"], "Python 3.10 for Rasa")
        return ask(*find).stdout.strip()
    except Failed:
        raise Refusal(
            "Rasa needs Python 3.10, which is not on this machine and could not be downloaded: "
            "install it (for example `pyenv install 3.10`) or connect to the internet, and start "
            "again."
        ) from None


def usable(python: Path, minor: tuple[int, int]) -> bool:
    """Whether this environment's interpreter runs and is of the family that we need."""
    code = "import sys; print(*sys.version_info[:2])"
    try:
        answer = ask(python, "-I", "-c", code)
        found = tuple(map(int, answer.stdout.split()))
    except (OSError, ValueError):
        return False
    return found == minor if minor == (3, 10) else found >= minor
