"""Sets up the environments under `.venv/` that a command needs, once.

Run by `./mentorline` with any Python 3.11 or newer, before anything is installed: it and what it
imports need the standard library only. Exit 0: everything is there. Exit 1: one plain sentence on
standard error.

A stamp inside each environment names the requirement files it was made from, so that a second
start neither needs the network nor waits. A mark beside it says that a set-up is under way: an
environment with a mark was left half finished and is made anew.
"""

import contextlib
import dataclasses
import fcntl
import hashlib
import json
import os
import shutil
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path

from cli.errors import Refusal
from cli.installing import LOG, Failed, ask, explain, offline, run, say
from cli.interpreters import base_python, find_python_310, find_uv, usable
from cli.places import ROOT, VENV

RASA_COMMANDS = {"demo", "up", "rasa", "train", "test", "bench"}


@dataclasses.dataclass(frozen=True)
class Layer:
    """Packages that go into one environment together.

    `steps` are the arguments of one `uv pip install` each; `files` are what they read.
    """

    name: str
    environment: str
    title: str
    files: tuple[str, ...]
    steps: tuple[tuple[str, ...], ...]

    def fingerprint(self) -> str:
        """Hex digest of everything that decides what this layer installs, and where."""
        digest = hashlib.sha256(repr((str(ROOT), self.steps)).encode())
        for name in self.files:
            digest.update((ROOT / name).read_bytes())
        return digest.hexdigest()


LAYERS = {
    "app": Layer(
        "app",
        "app",
        "the app's environment",
        ("requirements/app.txt",),
        (("--require-hashes", "-r", "requirements/app.txt"),),
    ),
    "dev": Layer(
        "dev",
        "app",
        "what the tests need",
        ("requirements/dev.txt",),
        (("--require-hashes", "-r", "requirements/dev.txt"),),
    ),
    # Rasa's pins are complete, and say what replaces TensorFlow: nothing is left to resolve.
    "rasa": Layer(
        "rasa",
        "rasa",
        "Rasa's environment",
        ("nlu/requirements.txt", "nlu/requirements-nodeps.txt"),
        (
            ("--no-deps", "--require-hashes", "-r", "nlu/requirements.txt"),
            ("--no-deps", "--require-hashes", "-r", "nlu/requirements-nodeps.txt"),
        ),
    ),
}


def layers_for(arguments: Sequence[str]) -> list[Layer]:
    """What the command in these arguments needs, in the order in which to set it up."""
    command = next((word for word in arguments if not word.startswith("-")), "")
    names = ["app"]
    if "--help" not in arguments:
        names += ["dev"] if command == "test" else []
        names += ["rasa"] if command in RASA_COMMANDS else []
    return [LAYERS[name] for name in names]


def python_of(environment: str) -> Path:
    return VENV / environment / "bin" / "python"


def mark_of(environment: str) -> Path:
    return VENV / f"{environment}.unfinished"


def stamp_of(environment: str) -> dict[str, str]:
    """Layer name → fingerprint of what the environment holds; empty when it holds nothing sure."""
    if mark_of(environment).exists() or not os.access(python_of(environment), os.X_OK):
        return {}
    try:
        stamp = json.loads((VENV / environment / "mentorline.json").read_text("utf-8"))
    except (OSError, ValueError):
        return {}
    return stamp if isinstance(stamp, dict) else {}


def missing(layers: Sequence[Layer]) -> list[Layer]:
    return [x for x in layers if stamp_of(x.environment).get(x.name) != x.fingerprint()]


@contextlib.contextmanager
def the_only_one() -> Iterator[None]:
    """Holds the lock on `.venv`, so that two first starts do not write the same folders."""
    VENV.mkdir(exist_ok=True)
    with open(VENV / "setup.lock", "w") as lock:
        os.set_inheritable(lock.fileno(), True)
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            say("Another start is setting things up; waiting for it …")
            fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def install(uv: Path | str, layer: Layer) -> None:
    """Brings one layer into its environment and stamps it; raises Refusal."""
    name = layer.environment
    folder, mark = VENV / name, mark_of(name)
    stamp = stamp_of(name)
    if not stamp:
        minor = (3, 10) if name == "rasa" else (3, 11)
        if mark.exists() or not usable(python_of(name), minor):
            shutil.rmtree(folder, ignore_errors=True)
    mark.touch()
    try:
        if not folder.exists():
            python = find_python_310(uv) if name == "rasa" else base_python()
            made = ask(uv, "venv", "--quiet", "--no-project", "--python", python, folder)
            if made.returncode:
                raise Failed(made.stderr)
        for step in layer.steps:
            command = (uv, "pip", "install", "--python", python_of(name), *step)
            try:
                run(command, layer.title)
            except Failed as failure:
                # What an earlier set-up downloaded may be all that is needed.
                if not offline(failure) or ask(*command, "--offline").returncode:
                    raise
    except Failed as failure:
        raise explain(layer.title, failure) from None
    stamp[layer.name] = layer.fingerprint()
    (folder / "mentorline.json").write_text(json.dumps(stamp), "utf-8")
    mark.unlink()


def prepare(arguments: Sequence[str]) -> None:
    """Sets up what the command in `arguments` needs; raises Refusal."""
    needed = layers_for(arguments)
    if not missing(needed):
        return
    with the_only_one():
        layers = missing(needed)  # another start may have done it while we waited
        if not layers:
            return
        LOG.write_text("", "utf-8")
        uv = find_uv()
        for layer in layers:
            install(uv, layer)


def main() -> int:
    try:
        prepare(sys.argv[1:])
    except Refusal as refusal:
        say(str(refusal))
        return 1
    except KeyboardInterrupt:
        say("\nStopped. The next start takes up the set-up again.")
        return 130
    except OSError as error:
        say(f"Setting up failed: {error.strerror or error} ({error.filename or VENV}).")
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
