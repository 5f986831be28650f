"""`./mentorline bank`: what is asked, how it does, and taking a question out of use."""

from __future__ import annotations

import json
from collections.abc import Callable

import pytest
from typer.testing import CliRunner

from bot.quizzes import bank
from cli.app import app
from cli.errors import Refusal
from store.quizzes import Answer, Dose
from tests.town import MORNING, Town

# Seven in the evening in Kigali: the dose of the day is out.
EVENING = MORNING.replace(hour=17, minute=1)
Run = Callable[..., str]


@pytest.fixture
def run(town: Town) -> Run:
    """A command on the town's database; gives what it printed, or the refusal's sentence."""
    assert town.settings.database_url is not None
    home = town.settings.mentorline_home
    environment = {"DATABASE_URL": town.settings.database_url, "MENTORLINE_HOME": str(home)}

    def command(*words: str) -> str:
        answer = CliRunner(env=environment).invoke(app, ["bank", *words])
        if isinstance(answer.exception, Refusal):
            return f"refused: {answer.exception}"
        assert answer.exit_code == 0, answer.exception
        return answer.stdout

    return command


def test_a_question_is_looked_at_withdrawn_and_restored(town: Town, run: Run) -> None:
    town.stock_bank()
    item = next(one for one in bank.load().items if one.card)
    nurse, other = town.mentee(), town.mentee("+250788000302")
    town.campaign(items=[item.id], per_week=5, summary=False)
    town.until(EVENING)
    nurse.hears("one letter")
    nurse.says("ABCD"[item.answer - 1])
    nurse.hears("Source")
    listed = json.loads(run("list", "--topic", item.topic, "--json"))
    assert {row["topic"] for row in listed} == {item.topic}
    own = next(row for row in listed if row["id"] == item.id)
    assert (own["answers"], own["first_answers"], own["first_right"]) == (1, 1, 0)
    assert (own["state"], own["open"]) == ("live", 1)
    assert f"{len(listed)} questions, 1 answers" in run("list", "--topic", item.topic)
    same = json.loads(run("list", "--competency", item.competency, "--json"))
    assert {row["competency"] for row in same} == {item.competency}

    looks = run("show", item.id)
    for what in ("en, SMS, question (", "fr, SMS, question (", "en, WhatsApp, question"):
        assert what in looks
    assert item.stem["fr"].split()[0] in looks
    shown = json.loads(run("show", item.id, "--json"))
    assert [one["answers"] for one in shown["versions"]] == [1]

    planned = town.count(Dose, Dose.state == "planned")
    said = run("withdraw", item.id, "--reason", "the guideline  has changed")
    assert f"{item.id} is withdrawn" in said
    assert "1 open now: their answers still count" in said
    assert "'Quiz' has no question left" in said
    assert town.count(Dose, Dose.state == "planned") == planned
    assert "has been withdrawn since" in run("withdraw", item.id, "--reason", "again")
    (gone,) = json.loads(run("list", "--state", "withdrawn", "--json"))
    assert (gone["id"], gone["reason"]) == (item.id, "the guideline has changed")
    assert "the guideline has changed" in run("show", item.id)

    # Who has it open may still answer; nobody is asked it again.
    other.hears("one letter")
    other.says("ABCD"[item.answer])
    other.hears("Source")
    assert town.count(Answer) == 2
    town.live(days=14, step=24)
    assert town.count(Dose, Dose.item_id == item.id) == 2
    assert town.count(Dose, Dose.state == "lapsed", Dose.reason == "no question") > 0

    assert "may be asked again" in run("restore", item.id)
    assert "is not withdrawn" in run("restore", item.id)
    town.live(days=5, step=24)
    assert town.count(Dose, Dose.item_id == item.id) > 2


def test_what_cannot_be_done_is_one_sentence(town: Town, run: Run) -> None:
    town.stock_bank()
    assert run("show", "nothing-1").startswith("refused: The bank has no item 'nothing-1'")
    assert run("withdraw", "nothing-1", "--reason", "x").startswith("refused: The bank has no")
    item = bank.load().items[0].id
    for reason in (" ", "x" * 201, "a\x1bb"):
        assert run("withdraw", item, "--reason", reason) == (
            "refused: Say why in 1 to 200 characters."
        )
    assert run("list", "--state", "withdrawn") == "No question is like that.\n"
