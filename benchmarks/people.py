"""Who texts, and what: made-up people with consent, and held-out questions with a sure answer."""

from __future__ import annotations

import csv
import json
import subprocess
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from benchmarks.posts import phones
from benchmarks.rig import Failed
from bot import danger, importing, knowledge
from bot.dialogues.actions.thresholds import ThresholdsFile
from bot.settings import Settings
from nlu import rasa_env
from store.base import make_engine, make_sessions

EVERYBODY = 1000
HELD_OUT = Path(rasa_env.ROOT) / "nlu" / "evaluation" / "en.yml"


@dataclass(frozen=True)
class Asked:
    """A question and how the text of its card begins, as letters and digits only."""

    text: str
    answer: str


def seed(env: Mapping[str, str]) -> None:
    """Put the cards and everybody, with consent, into the database of ``env``.

    Raises:
        Failed: the product does not take them.
    """
    settings = Settings(
        database_url=env["DATABASE_URL"], mentorline_home=Path(env["MENTORLINE_HOME"])
    )
    engine = make_engine(env["DATABASE_URL"], pool_size=1)
    try:
        sessions = make_sessions(engine)
        with tempfile.TemporaryDirectory() as folder:
            file = Path(folder) / "people.csv"
            with file.open("w", newline="") as lines:
                writer = csv.writer(lines)
                writer.writerow(["name", "phone", "role", "language", "consent"])
                for number, phone in enumerate(phones(0, EVERYBODY)):
                    writer.writerow([f"Nurse {number}", phone, "mentee", "en", "yes"])
            outcome = importing.people(sessions, file, settings)
        if outcome.problems:
            raise Failed(f"The people were not taken: {outcome.problems[0]}")
        with sessions.begin() as session:
            knowledge.save(session, knowledge.read_files())
    finally:
        engine.dispose()


def plain(text: str) -> str:
    """Letters and digits of a text in lower case, so that typography does not matter."""
    return "".join(char for char in text.casefold() if char.isascii() and char.isalnum())


def sure_questions(models: Path) -> list[Asked]:
    """The held-out English questions that the published model answers surely and rightly.

    Questions that read as a live emergency are left out: they never reach the dialogue.

    Raises:
        Failed: there is no model, or it is sure of too few.
    """
    model = models / "current.tar.gz"
    if not model.exists():
        raise Failed("There is no trained model yet: ./mentorline train makes one.")
    asked = [
        row
        for row in yaml.safe_load(HELD_OUT.read_text("utf-8"))
        if row["card"] and danger.assess(row["text"]).kind != "live"
    ]
    threshold = ThresholdsFile(models / "current.json").of("en").answer
    answers = {card["id"]: card["answer"]["en"] for card in knowledge.read_files()}
    sure = [
        Asked(row["text"], plain(answers[row["card"]])[:60])
        for row, judged in zip(asked, _judged(model, [row["text"] for row in asked]), strict=True)
        if judged["intent"] == "question"
        and not judged["follow_up"]
        and judged["cards"]
        and judged["cards"][0][0] == row["card"]
        and judged["cards"][0][1] >= threshold
    ]
    if len(sure) < 20:
        raise Failed(f"The model is sure of {len(sure)} held-out questions only: too few.")
    return sure


def _judged(model: Path, texts: list[str]) -> list[dict[str, Any]]:
    with tempfile.TemporaryDirectory() as folder:
        done = subprocess.run(
            [str(rasa_env.python()), "-m", "nlu.judge", str(model)],
            input=json.dumps([{"text": text} for text in texts]),
            env=rasa_env.environment(Path(folder)),
            cwd=rasa_env.ROOT,
            capture_output=True,
            text=True,
        )
    if done.returncode:
        raise Failed(f"The model cannot be asked: {done.stderr.strip().splitlines()[-1:]}")
    judged: list[dict[str, Any]] = json.loads(done.stdout)
    return judged
