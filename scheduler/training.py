"""Training in the background: a process of its own at low priority, one at a time.

What is trained is written to ``models/growing``, so that a training by hand beside it is not
disturbed; ``nlu.train`` itself waits for its turn.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import IO, Any

import structlog
import yaml

from bot.knowledge import growth
from bot.knowledge.growth import Batch
from nlu import train
from nlu.client import RasaUnavailable
from scheduler.jobs import Works

log = structlog.get_logger(__name__)

ROOT = Path(__file__).resolve().parent.parent
POLL = 0.2
# Longer than any training that was seen, so that one that hangs does not hold the next ones.
LONGEST = 1800.0
NICENESS = "15"


class Interrupted(Exception):
    """The worker is being stopped; the training is done again by another."""


class NotLoaded(Exception):
    """A dialogue server did not take the new model; it is tried again."""


Stop = Callable[[], bool]


def run(works: Works, stop: Stop = lambda: False) -> None:
    """Train what the library holds by now, and carry out what follows. Safe to repeat.

    Raises:
        Interrupted: ``stop`` said so.
        NotLoaded: the model is published and the cards are live, but not every server has it.
    """
    batch = _begin(works)
    outcome = _train(works, batch, stop)
    if not outcome["published"] and batch.drafts:
        _keep_back(works, batch, outcome)
        # What the library holds without them may have changed as well.
        batch = _begin(works, with_drafts=False)
        outcome = _train(works, batch, stop)
    if not outcome["published"]:
        _keep_back(works, batch, outcome)
        return
    model = str(outcome["report"]["model"])
    with works.sessions.begin() as session:
        cards = growth.go_live(session, batch, model, works.now())
    log.info("model published", training=batch.training, trained=outcome["trained"], cards=cards)
    _load(works, batch, model)
    _tell(works, outcome["report"]["thresholds"])


def _begin(works: Works, *, with_drafts: bool = True) -> Batch:
    with works.sessions.begin() as session:
        return growth.begin(session, works.now(), with_drafts=with_drafts)


def _keep_back(works: Works, batch: Batch, outcome: Mapping[str, Any]) -> None:
    why = "kept_back" if outcome["trained"] or outcome["report"] else "failed"
    with works.sessions.begin() as session:
        growth.keep_back(session, batch, why, outcome["findings"], works.now())
    log.warning("model kept back", training=batch.training, outcome=why, drafts=list(batch.drafts))


def _train(works: Works, batch: Batch, stop: Stop) -> dict[str, Any]:
    """The outcome of ``nlu.train``: published, trained, findings, report."""
    base = works.settings.mentorline_home.resolve()
    folder = base / "models" / "growing"
    shutil.rmtree(folder, ignore_errors=True)
    (folder / "cards").mkdir(parents=True)
    for topic in batch.topics:
        text = yaml.safe_dump(topic, allow_unicode=True, sort_keys=True, width=1000)
        (folder / "cards" / f"{topic['topic']}.yml").write_text(text, "utf-8")
    told = folder / "outcome.json"
    line = [sys.executable, "-P", "-m", "nlu.train", "--home", str(base)]
    line += ["--cards", str(folder / "cards"), "--outcome", str(told)]
    line += works.settings.training_options
    with tempfile.TemporaryFile() as said:
        status = _carry_out(line, said, stop)
        if told.exists():
            outcome: dict[str, Any] = json.loads(told.read_text("utf-8"))
            return outcome
        said.seek(0)
        last = said.read().decode("utf-8", "replace").strip().splitlines()[-1:]
    reason = last[0][:500] if last else f"exit status {status}"
    return {"published": False, "trained": False, "findings": [reason], "report": {}}


def _carry_out(line: Sequence[str], said: IO[bytes], stop: Stop) -> int:
    nice = shutil.which("nice")
    command = [nice, "-n", NICENESS, *line] if nice else list(line)
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    until = time.monotonic() + LONGEST
    with subprocess.Popen(
        command,
        cwd=ROOT,
        env=environment,
        stdin=subprocess.DEVNULL,
        stdout=said,
        stderr=subprocess.STDOUT,
        # A group of its own: Rasa's training is a child of it and must end with it.
        start_new_session=True,
    ) as process:
        try:
            while process.poll() is None:
                if stop():
                    raise Interrupted
                if time.monotonic() > until:
                    break
                time.sleep(POLL)
        finally:
            if process.poll() is None:
                os.killpg(process.pid, 15)
    return int(process.returncode)


def _load(works: Works, batch: Batch, model: str) -> None:
    """Have every dialogue server load the model, unless all of them have it."""
    with works.sessions() as session:
        if growth.is_loaded(session, model):
            return
    path = works.settings.models_dir.resolve() / "current.tar.gz"
    try:
        works.rasa.load_model(path)
    except RasaUnavailable as error:
        raise NotLoaded(str(error)) from None
    with works.sessions.begin() as session:
        growth.loaded(session, batch, works.now())


def _tell(works: Works, thresholds: Mapping[str, Mapping[str, float]]) -> None:
    """Tell whoever asked what the model now answers with a new card."""
    with works.sessions() as session:
        waiting = growth.untold(session)
        if not waiting:
            return
        cards = growth.cards_of(session, waiting)
        examples = growth.examples_of(session, waiting)
        asked = growth.asked_lately(session, works.now())
    own = [(draft, language, text) for draft, ones in examples.items() for language, text in ones]
    said = [(language, text) for _, language, text in own]
    said += [(one.language, one.text) for one in asked]
    answers = _answers(works, said, thresholds)
    for draft in waiting:
        mine = [
            card == cards[draft]
            for (of, _, _), card in zip(own, answers[: len(own)], strict=True)
            if of == draft
        ]
        matched = [
            one.person_id
            for one, card in zip(asked, answers[len(own) :], strict=True)
            if card == cards[draft]
        ]
        sure = {"of": len(mine), "sure": sum(mine)}
        with works.sessions.begin() as session:
            told = growth.tell(session, draft, matched, sure, works.now())
        log.info("card is live", draft=draft, card=cards[draft], told=told, **sure)


def _answers(
    works: Works,
    said: Sequence[tuple[str, str]],
    thresholds: Mapping[str, Mapping[str, float]],
) -> list[str | None]:
    """The card that the published model would send at once for each text; ``None``: none.

    Args:
        said: pairs (language, text).
    """
    found: list[str | None] = []
    with tempfile.TemporaryDirectory() as scratch:
        model = works.settings.models_dir.resolve() / "current.tar.gz"
        ranked = train.rank(model, [text for _, text in said], Path(scratch))
    for (language, _), pairs in zip(said, ranked, strict=True):
        enough = thresholds.get(language, {}).get("answer", 1.01)
        found.append(pairs[0][0] if pairs and pairs[0][1] >= enough else None)
    return found
