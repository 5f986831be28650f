"""`./mentorline cards …` as a coordinator types it, and what a failed training leaves."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest
import yaml
from typer.testing import CliRunner

from bot import knowledge
from cli.app import app
from cli.errors import Refusal
from scheduler import training
from store.knowledge import CardDraft, ModelTraining
from tests.test_cards_growing import ALICE, NURSE, TXA, answered_case, draft, trains
from tests.town import Town

ANNA, GRACE = "anna@example.org", "+250788000501"
Run = Callable[..., str]


@pytest.fixture
def run(town: Town) -> Run:
    """A command in this process; a refusal is its sentence."""
    env = {
        "DATABASE_URL": str(town.settings.database_url),
        "MENTORLINE_HOME": str(town.settings.mentorline_home),
    }

    def command(*typed: str) -> str:
        answer = CliRunner(env=env).invoke(app, ["cards", *typed])
        if isinstance(answer.exception, Refusal):
            return f"refused: {answer.exception}"
        if answer.exception is not None and not isinstance(answer.exception, SystemExit):
            raise answer.exception
        assert answer.exit_code == 0, answer.output
        return answer.output

    return command


def test_a_draft_from_the_case_to_the_approval(town: Town, run: Run, tmp_path: Path) -> None:
    town.stock_library()
    town.coordinator(GRACE)
    nurse = town.mentee(NURSE)
    alice = town.mentor(ALICE)
    assert "There is no draft card." in run("list")
    answered_case(nurse, alice, "how much tranexamic acid first for pph", "1 g slowly by vein.")
    code = town.case().code
    assert run("propose", "ZZZZ", "--by", ANNA) == "refused: There is no case #ZZZZ."
    assert "neither an e-mail address nor" in run("propose", code, "--by", "0788999999")
    said = run("propose", f"#{code.lower()}", "--by", ANNA)
    assert "Draft card 1 from case" in said
    assert "For review: Grace Mutesi" in said
    assert f"It is close to {TXA}" in said
    shown = run("show", "1")
    assert "- it has no source." in shown
    assert "in_review, proposed by anna@example.org" in shown
    refused = run("approve", "1", "--by", GRACE)
    assert "It has no source." in refused
    assert "look at both first" in refused

    file = tmp_path / "card.yml"
    content = yaml.safe_load(run("show", "1", "--yaml"))
    content |= {"source": "WHO 2017", "guideline": "WHO-PPH", "owner": ALICE}
    content |= {"expires_on": "2027-12-31"}
    content["title"]["fr"], content["answer"]["fr"] = "Première dose", "1 g en IV lente."
    file.write_text(yaml.safe_dump(content, allow_unicode=True))
    assert "changed" in run("edit", "1", str(file), "--by", GRACE)
    # Written back word for word, but for what was changed.
    again = yaml.safe_load(run("show", "1", "--yaml"))
    assert again["owner"] == ALICE
    assert again["answer"] == content["answer"]
    assert "no example questions in fr" in run("approve", "1", "--by", GRACE, "--distinct")
    content["examples"]["fr"] = ["quelle première dose d'acide tranexamique"]
    file.write_text(yaml.safe_dump(content, allow_unicode=True))
    run("edit", "1", str(file), "--by", GRACE)
    refused = run("approve", "1", "--by", ANNA, "--distinct")
    assert "nobody else decides on cards" in refused
    assert "nobody else decides" in run("approve", "1", "--by", NURSE, "--distinct")
    said = run("approve", "1", "--by", GRACE, "--distinct")
    assert "approved as pph-" in said
    assert "few example questions in en, fr" in said
    assert trains(town) == 1
    kinds = [one["kind"] for one in json.loads(run("history", "1", "--json"))]
    assert kinds == ["proposed", "submitted", "edited", "edited", "acknowledged", "approved"]
    assert "approved by Grace Mutesi (draft 1)" in run("history", "1")


def test_the_library_by_command(town: Town, run: Run, tmp_path: Path) -> None:
    town.stock_library()
    town.coordinator(GRACE)
    town.mentor(ALICE)
    file = tmp_path / "card.yml"
    file.write_text(run("show", TXA, "--yaml").replace("1 g", "1 gram", 1))
    assert f"Draft card 1 changes {TXA}" in run("edit", TXA, str(file), "--by", ANNA)
    changes = run("diff", "1")
    assert "-" in changes
    assert "+" in changes
    assert "1 gram" in changes
    assert "has the versions 1" in run("diff", TXA)
    assert run("show", "77") == "refused: There is no draft card 77."
    assert "There is no card nothing" in run("show", "nothing")
    assert run("reject", "1", "--by", GRACE, "--reason", " ").startswith("refused: A reason")
    run("reject", "1", "--by", GRACE, "--reason", "the unit is g")
    assert "draft 1 is rejected" in run("approve", "1", "--by", GRACE).lower()
    assert run("list", "--state", "new").startswith("refused: new is not one of draft")

    source = "WHO tranexamic acid recommendation, 2017"
    kept = ("keep", TXA, "--by", ANNA)
    assert "is not in the future" in run(*kept, "--until", "2020-01-01")
    assert run(*kept) == "refused: Say --until, --owner or --guideline."
    assert "expires 2099-01-31, guideline WHO-PPH" in run(
        *kept, "--until", "2099-01-31", "--guideline", "WHO-PPH", "--owner", ALICE
    )
    why = ("--reason", "replaced", "--by", ANNA)
    assert "1 cards would be withdrawn" in run(
        "withdraw", "--guideline", "who-pph", "--check", *why
    )
    assert "refused: No card" in run("withdraw", "--guideline", "other", *why)
    said = run("withdraw", "--source", source, *why)
    assert TXA in said
    assert "withdrawn and not sent any more" in said
    with town.works.sessions() as session:
        assert TXA not in knowledge.live_cards(session)
    assert f"{TXA}  1  " in run("list", "--live")
    assert "is back in the library" in run("restore", TXA, "--by", ANNA)
    assert "was not withdrawn" in run("restore", TXA, "--by", ANNA)
    assert "withdrawn by anna@example.org: replaced" in run("history", TXA)


def test_a_training_that_fails_leaves_everything_as_it_was(
    town: Town, run: Run, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    town.stock_library()
    town.coordinator(GRACE)
    file = tmp_path / "card.yml"
    file.write_text(run("show", TXA, "--yaml").replace("1 g", "1 gram", 1))
    run("edit", TXA, str(file), "--by", ANNA)
    assert "approved as" in run("approve", "1", "--by", GRACE, "--distinct")
    monkeypatch.setenv("MENTORLINE_RASA_PYTHON", str(tmp_path / "nothing"))
    training.run(town.works)
    assert draft(town).state == "approved"
    assert "Approved but not live: Rasa's environment is not set up" in run("show", "1")
    assert "approved (held back)" in run("list")
    with town.works.sessions() as session:
        assert knowledge.live_cards(session)[TXA].version == 1
        outcomes = [row.outcome for row in session.query(ModelTraining).order_by("id")]
    # With the draft, and without it for whatever else had changed.
    assert outcomes == ["failed", "failed"]
    assert town.count(CardDraft, CardDraft.held_back.is_not(None)) == 1
    monkeypatch.undo()
    with pytest.raises(training.Interrupted):
        training.run(town.works, stop=lambda: True)
