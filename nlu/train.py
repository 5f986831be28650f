"""Trains the dialogue model and publishes it only if it passes the gate.

``python -m nlu.train`` builds the training data from the cards and the small talk, runs Rasa's
training under Rasa's Python, judges the held-out questions of ``nlu/evaluation`` and, if the gate
(``nlu/gate.py``) lets it pass, puts into ``<home>/models``

- ``current.tar.gz``: the model,
- ``current.json``: {"inputs": hash, "model": sha256, "trained_at": UTC, "cards": number,
  "thresholds": {language: {"answer", "ask"}}, "figures": {language: see gate.Figures}, "seen":
  {language: held-out texts that were dropped because an example is the same}}.

Otherwise both stay as they are, and ``rejected.json`` says why. Nothing is trained when the inputs
are those of the last time.
"""

from __future__ import annotations

import argparse
import fcntl
import hashlib
import json
import os
import re
import shutil
import subprocess
import sys
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import yaml

from nlu import build, gate, rasa_env
from nlu.rasa_env import ROOT
from nlu.serve import home

EVALUATION = ROOT / "nlu" / "evaluation"
CONFIG = ROOT / "config.yml"
DIALOGUES = ROOT / "bot" / "dialogues"
# What else a model depends on, besides cards, small talk and held-out questions.
SOURCES = (
    CONFIG,
    DIALOGUES / "domain.yml",
    DIALOGUES / "rules.yml",
    ROOT / "nlu" / "requirements.txt",
    ROOT / "nlu" / "gate.py",
    *sorted((ROOT / "nlu" / "components").glob("*.py")),
)
# Intents whose messages are never answered with a card, whatever the ranking says.
SMALL_TALK = frozenset(
    (
        *("greet", "thanks", "goodbye", "complaint", "menu_help"),
        *("change_language", "ask_human", "not_helpful"),
    )
)

_COLOUR = re.compile(r"\x1b\[[0-9;]*m")
_EXCEPTION = re.compile(r"[A-Z]\w+:(\s|$)")

Tell = Callable[[str], None]


class TrainingFailed(Exception):
    """Rasa could not train or judge. The message is one sentence."""


@dataclass(frozen=True)
class Outcome:
    """What came of it.

    Attributes:
        published: whether the current model is the one for these inputs.
        trained: whether anything was trained at all.
        findings: why the gate kept it back; one sentence each.
        report: what ``current.json`` or ``rejected.json`` holds.
    """

    published: bool
    trained: bool
    findings: list[str] = field(default_factory=list)
    report: dict[str, Any] = field(default_factory=dict)


def train(
    cards: Iterable[Mapping[str, Any]],
    base: Path,
    tell: Tell = lambda _: None,
    *,
    evaluation: Path = EVALUATION,
    target: float = gate.TARGET,
    floor: float = gate.FLOOR,
    force: bool = False,
) -> Outcome:
    """Train on `cards` and publish under ``base/models`` if the gate lets it pass.

    Waits while another training runs under the same `base`.

    Args:
        cards: as ``build.build`` takes them.
        base: MENTORLINE_HOME.
        tell: called with one line per step.
        evaluation: folder of ``<language>.yml``, lists of {"text", "card" (id or null)}.
        target: precision that answers must have.
        floor: share of the answerable held-out questions that must be answered.
        force: train although the inputs have not changed.

    Raises:
        TrainingFailed: Rasa failed; nothing was published.
        build.TrainingDataError: a card or a file cannot be trained on.
        rasa_env.RasaEnvironmentMissing: Rasa's environment is not set up.
    """
    wanted = [dict(card) for card in cards]
    files = build.build(wanted, build.load_small_talk())
    held_out = _about(load_held_out(evaluation), {str(card["id"]) for card in wanted})
    inputs = _hash(files, held_out, target, floor)
    models = base / "models"
    models.mkdir(parents=True, exist_ok=True)
    with _alone(models / "training.lock"):
        known = None if force else _known(models, inputs)
        if known is not None:
            return known
        work = models / "work"
        shutil.rmtree(work, ignore_errors=True)
        build.write(files, work / "data")
        model = run_rasa_train(work, tell)
        tell("judging the held-out questions")
        judged, seen = _judge(model, held_out, _texts(wanted), work)
        verdict = gate.judge(judged, sorted(held_out), target, floor)
        report = {
            "inputs": inputs,
            "model": _sha256(model),
            "trained_at": datetime.now(UTC).isoformat(timespec="seconds"),
            "cards": len(wanted),
            "thresholds": verdict.thresholds(),
            "figures": verdict.as_json(),
            "seen": seen,
        }
        if verdict.passed:
            os.replace(model, models / "current.tar.gz")
            _write(models / "current.json", report)
            (models / "rejected.json").unlink(missing_ok=True)
        else:
            report["findings"] = verdict.findings
            _write(models / "rejected.json", report)
        shutil.rmtree(work, ignore_errors=True)
        return Outcome(verdict.passed, True, verdict.findings, report)


def load_held_out(folder: Path) -> dict[str, list[dict[str, Any]]]:
    """Read the held-out questions: language → list of {"text", "card" (id or None)}.

    Raises:
        build.TrainingDataError: a file is not readable or not of this form.
    """
    found = {}
    for path in sorted(folder.glob("*.yml")):
        try:
            content = yaml.safe_load(path.read_text(encoding="utf-8"))
            found[path.stem] = [
                {"text": str(one["text"]), "card": one["card"] and str(one["card"])}
                for one in content
            ]
        except (OSError, UnicodeDecodeError, yaml.YAMLError, TypeError, KeyError) as error:
            raise build.TrainingDataError(
                f"The held-out questions in {path.name} are not a list of text and card."
            ) from error
    if not found:
        raise build.TrainingDataError(f"There are no held-out questions in {folder}.")
    return found


def _about(
    held_out: Mapping[str, Sequence[Mapping[str, Any]]], ids: set[str]
) -> dict[str, list[Mapping[str, Any]]]:
    """Leave out held-out questions whose card this library does not have: another may fit them."""
    return {
        language: [one for one in ones if one["card"] is None or one["card"] in ids]
        for language, ones in held_out.items()
    }


def run_rasa_train(work: Path, tell: Tell, config: Path = CONFIG) -> Path:
    """Run ``rasa train`` on ``work/data`` and return the model.

    Raises:
        TrainingFailed: with Rasa's own last words.
    """
    line = [str(rasa_env.python()), "-m", "nlu.run_rasa", "train", "--config", str(config)]
    line += ["--domain", str(DIALOGUES / "domain.yml")]
    line += ["--data", str(work / "data"), str(DIALOGUES / "rules.yml")]
    # The tests validate domain and rules, which takes Rasa a while.
    line += ["--out", str(work), "--fixed-model-name", "model", "--skip-validation"]
    tell("starting Rasa")
    said: list[str] = []
    with subprocess.Popen(
        line,
        cwd=work,
        env=rasa_env.environment(work),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        errors="replace",
    ) as process:
        assert process.stdout is not None
        for raw in process.stdout:
            printed = raw.strip()
            if printed.startswith("progress: "):
                tell(printed.removeprefix("progress: "))
            elif printed:
                said.append(printed)
    model = work / "model.tar.gz"
    if process.returncode != 0 or not model.exists():
        raise TrainingFailed(f"Rasa could not train: {_reason(said, process.returncode)}")
    return model


def _reason(said: Sequence[str], status: int) -> str:
    plain = [_COLOUR.sub("", line) for line in said]
    # Rasa ends with "SomeException: …" and then perhaps goes on over several lines.
    named = [at for at, line in enumerate(plain) if _EXCEPTION.match(line)]
    if named:
        return " ".join(plain[named[-1] :])[:500]
    return plain[-1] if plain else f"exit status {status}"


def _judge(
    model: Path,
    held_out: Mapping[str, Sequence[Mapping[str, Any]]],
    trained: Sequence[str],
    work: Path,
) -> tuple[list[gate.Judged], dict[str, int]]:
    asked: list[tuple[str, Mapping[str, Any]]] = []
    seen: dict[str, int] = {}
    for language, ones in held_out.items():
        left, seen[language] = gate.without_seen(ones, trained)
        asked += [(language, one) for one in left]
    ranked = rank(model, [str(one["text"]) for _, one in asked], work)
    judged = [
        gate.Judged(str(one["text"]), language, one["card"], pairs)
        for (language, one), pairs in zip(asked, ranked, strict=True)
    ]
    return judged, seen


def rank(model: Path, texts: Sequence[str], work: Path) -> list[list[tuple[str, float]]]:
    """For each text the pairs (card, confidence), best first; none for what is small talk.

    Args:
        work: a folder for scratch files.

    Raises:
        TrainingFailed: the model cannot judge.
        rasa_env.RasaEnvironmentMissing: Rasa's environment is not set up.
    """
    done = subprocess.run(
        [str(rasa_env.python()), "-m", "nlu.judge", str(model)],
        cwd=work,
        env=rasa_env.environment(work),
        input=json.dumps([{"text": text} for text in texts]),
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode != 0:
        last = (done.stderr.strip().splitlines() or ["no reason given"])[-1]
        raise TrainingFailed(f"The questions could not be judged: {last}")
    return [
        []
        if ranking["intent"] in SMALL_TALK
        else [(str(card), float(sure)) for card, sure in ranking["cards"]]
        for ranking in json.loads(done.stdout)
    ]


def _texts(cards: Iterable[Mapping[str, Any]]) -> list[str]:
    of_cards = [
        str(text)
        for card in cards
        for kind in ("examples", "follow_ups")
        for texts in (card.get(kind) or {}).values()
        for text in texts
    ]
    of_talk = [
        str(text)
        for file in build.load_small_talk()
        for texts in file["intents"].values()
        for text in texts
    ]
    return of_cards + of_talk


def _known(models: Path, inputs: str) -> Outcome | None:
    current = _read(models / "current.json")
    model = models / "current.tar.gz"
    if current.get("inputs") == inputs and model.exists():
        # The two files are replaced one after the other: a kill in between must not go unnoticed.
        if current.get("model") == _sha256(model):
            return Outcome(True, False, [], current)
        return None
    rejected = _read(models / "rejected.json")
    if rejected.get("inputs") == inputs:
        return Outcome(False, False, list(rejected.get("findings", [])), rejected)
    return None


def _hash(
    files: Mapping[str, str], held_out: Mapping[str, Any], target: float, floor: float
) -> str:
    digest = hashlib.sha256()
    for path in SOURCES:
        digest.update(path.name.encode() + b"\0" + path.read_bytes() + b"\0")
    rest = {"files": files, "held_out": held_out, "target": target, "floor": floor}
    digest.update(json.dumps(rest, sort_keys=True).encode())
    return digest.hexdigest()


def _sha256(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _read(path: Path) -> dict[str, Any]:
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    return content if isinstance(content, dict) else {}


def _write(path: Path, content: Mapping[str, Any]) -> None:
    draft = path.with_suffix(".draft")
    draft.write_text(json.dumps(content, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")
    os.replace(draft, path)


@contextmanager
def _alone(lock: Path) -> Iterator[None]:
    with lock.open("w") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield


def describe(outcome: Outcome) -> list[str]:
    """Return what came of a training in plain lines."""
    lines = []
    for language, row in outcome.report.get("figures", {}).items():
        lines += [
            f"{language}: answers from {row['answer']:.2f} are {row['precision']:.1%} right; "
            f"{row['coverage']:.0%} of {row['questions']} questions get theirs at once, "
            f'{row["helped"]:.0%} with "did you mean" from {row["ask"]:.2f}; '
            f"{row['leaked']:.1%} of {row['outside']} texts without a card are answered."
        ]
    if outcome.published:
        lines.append("Published." if outcome.trained else "The published model is up to date.")
    else:
        lines += ["Not published; the model from before stays.", *outcome.findings]
    return lines


def main(arguments: Sequence[str] | None = None) -> int:
    """Train on the cards of the tree. Exit status 1 when nothing was published."""
    parser = argparse.ArgumentParser(prog="python -m nlu.train")
    parser.add_argument("--home", type=Path, default=home(os.environ))
    parser.add_argument("--cards", type=Path, default=build.CARDS, help="folder of <topic>.yml")
    parser.add_argument("--evaluation", type=Path, default=EVALUATION)
    parser.add_argument("--target", type=float, default=gate.TARGET, help="precision of answers")
    parser.add_argument("--floor", type=float, default=gate.FLOOR, help="least coverage")
    parser.add_argument("--force", action="store_true", help="train although nothing has changed")
    parser.add_argument(
        "--or-keep", action="store_true", help="exit 0 also when an older model goes on serving"
    )
    parser.add_argument("--outcome", type=Path, help="a JSON file to write what came of it to")
    chosen = parser.parse_args(arguments)
    began = time.monotonic()

    def tell(line: str) -> None:
        print(f"{time.monotonic() - began:5.0f} s  {line}", flush=True)

    try:
        outcome = train(
            build.load_card_files(chosen.cards),
            chosen.home,
            tell,
            evaluation=chosen.evaluation,
            target=chosen.target,
            floor=chosen.floor,
            force=chosen.force,
        )
    except (TrainingFailed, build.TrainingDataError, rasa_env.RasaEnvironmentMissing) as error:
        print(error, file=sys.stderr)
        return 1
    if chosen.outcome is not None:
        _write(chosen.outcome, asdict(outcome))
    *lines, last = describe(outcome)
    for line in lines:
        print(line)
    print(last, file=sys.stdout if outcome.published else sys.stderr, flush=True)
    kept = chosen.or_keep and (chosen.home / "models" / "current.tar.gz").exists()
    return 0 if outcome.published or kept else 1


if __name__ == "__main__":
    sys.exit(main())
