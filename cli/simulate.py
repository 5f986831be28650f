"""`./mentorline simulate`: a cohort that lives through weeks in minutes, on a moved clock.

Where a demo runs on this home, its people live on, in the phones that are being watched. Otherwise
a product is started on a home of its own, and stopped at the end; a demo on that home shows it.
"""

import json
import os
import sys
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

from cli import demo as demo_module
from cli import stage
from cli.common import CLOCK, home_of, settings
from cli.database import database
from cli.demo import Stage
from cli.errors import Refusal

if TYPE_CHECKING:
    from bot.reports.table import Report

STATE = "simulation.json"
"""Under the home: what the simulated people remember."""
CAMPAIGN = "Simulated campaign"


@dataclass(frozen=True)
class Outcome:
    """What came of it: figures, and what the programme's own reports say."""

    figures: "dict[str, Any]"
    reports: "list[Report]"


@dataclass(frozen=True)
class Wanted:
    """What was asked for on the command line."""

    mentees: int
    weeks: float
    seed: int
    as_json: bool
    rasa: bool = True


def simulate(wanted: Wanted, home: Path | None, fresh: bool) -> None:
    """Plays a cohort and prints what came of it.

    Raises:
        Refusal: the product does not come up, or does not come to rest.
    """
    here = home_of(settings()) if home is None else home.resolve()
    running = demo_module.running(here)
    if running is not None:
        with database(None, here) as found:
            show(play(here, found.url, running, wanted), wanted)
        return
    if home is None:
        here = here / "simulation"
    here.mkdir(parents=True, exist_ok=True)
    if (here / "postgres").exists() and not (here / CLOCK).exists():
        raise Refusal(f"{here} holds data that is no demo's: give simulate another --home.")
    _share_model(here)
    where = Stage.on_free_ports()
    results: list[Outcome] = []

    def work(url: str) -> None:
        results.append(play(here, url, where, wanted))

    try:
        stage.run(
            here,
            None,
            lambda url: demo_module.parts(here, url, where, wanted.rasa),
            where.address,
            lambda: [],
            first=lambda: demo_module.prepare(here, where, fresh),
            work=work,
        )
    finally:
        demo_module.gone(here, where)
    if results:
        show(results[0], wanted)
        say(f"To look at the phones: MENTORLINE_HOME={demo_module.shown(here)} ./mentorline demo")


def _share_model(home: Path) -> None:
    """The dialogue model of the usual home, so that none is trained for the simulation."""
    from bot.settings import load

    models = load().models_dir.resolve()
    own = home / "models"
    if models.is_dir() and not own.exists() and models != own:
        own.symlink_to(models, target_is_directory=True)


def play(home: Path, url: str, where: Stage, wanted: Wanted) -> Outcome:
    """Lets the people of a running product live for some weeks; returns what came of it."""
    import httpx

    from bot.settings import load
    from cli import lives, outcomes
    from cli.playing import Bank, Play
    from scheduler.jobs import Works

    os.environ.update(demo_module.environment(home, url, where))
    works = Works.build(load())
    try:
        with httpx.Client(base_url=where.network, timeout=30.0) as network:
            say(f"{wanted.mentees} mentees, {wanted.weeks:g} weeks, seed {wanted.seed}.")
            began = works.now()
            people = lives.settle_in(works, network, wanted.mentees, wanted.seed)
            kept = home / STATE
            lives.restore(people, kept)
            lives.begin(works, people, began)
            lives.ensure_campaign(works, CAMPAIGN, began, wanted.weeks)
            with works.sessions() as session:
                items = lives.items(session)
            this = Play(works, network, people, Bank(items), began, say)
            try:
                this.run(began + timedelta(weeks=wanted.weeks))
            except TimeoutError as error:
                raise Refusal(str(error)) from None
            finally:
                lives.keep(people, kept)
            return Outcome(outcomes.figures(works, began, this), outcomes.reports(works, this))
    finally:
        works.close()


def show(result: Outcome, wanted: Wanted) -> None:
    """The figures and reports as JSON or as lines."""
    from bot.reports import writing

    if wanted.as_json:
        tables = {report.name: writing.rows_of(report) for report in result.reports}
        shown = {**result.figures, "reports": tables}
        print(json.dumps(shown, ensure_ascii=False, default=str))
        return
    width = max(map(len, result.figures))
    for name, value in result.figures.items():
        print(f"{name.replace('_', ' '):<{width}}  {value}")
    for report in result.reports:
        print(f"\n{writing.text(report)}")


def say(words: str) -> None:
    """A line of progress, on standard error."""
    print(words, file=sys.stderr, flush=True)
