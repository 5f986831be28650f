"""Exports of what is recorded: everything once, no identifiers in what people wrote."""

from __future__ import annotations

import csv
import json
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from openpyxl import load_workbook
from sqlalchemy.orm import Session
from typer.testing import CliRunner

from benchmarks.reports_tables import Rows, store
from bot.mentoring import encounters
from bot.reports import exports
from cli.app import app
from cli.exporting import EXPORTS, defused
from store.base import make_engine, make_sessions
from store.messages import Inbound, OutboxMessage
from store.people import Address
from store.quizzes import Answer, Dose
from tests.programme import stock_bank

DAY = datetime(2026, 3, 1, 9, tzinfo=UTC)
ALWAYS = (datetime(2000, 1, 1, tzinfo=UTC), datetime(2100, 1, 1, tzinfo=UTC))


@pytest.fixture
def session(database_url: str) -> Iterator[Session]:
    engine = make_engine(database_url)
    with make_sessions(engine)() as made:
        yield made
    engine.dispose()


def test_every_export(
    session: Session, database_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    rows = Rows()
    place = rows.place("Rukara", "health centre", "Kayonza")
    mentor = rows.body("mentor", "midwife", None, "RAM")
    nurse = rows.body("mentee", "nurse", place, None)
    for n, score in enumerate([(9, 20), (17, 20), (16.5, 20)]):
        rows.record(nurse, "MNH", None, "post", DAY + timedelta(days=n), score, mentor)
    rows.record(nurse, "MNH", "mnh-pph", "skill", DAY, True, mentor)
    store(session, rows)
    session.add(Address(person_id=nurse, channel="sms", value="+250788000301"))
    wrote = "My patient, phone 0788000999, bleeds"
    session.add(Inbound(sid="A", channel="sms", sender="+250788000301", body=wrote, form=[],
                        received_at=DAY, person_id=nurse, handled_as="case"))  # fmt: skip
    session.add(OutboxMessage(person_id=nurse, kind="reply", dedupe_key="k", language="en",
                              body="Call 0788000999", priority=5, segments=1,
                              created_at=DAY + timedelta(seconds=2),
                              next_attempt_at=DAY))  # fmt: skip
    stock_bank(session)
    session.add(Dose(id=1, person_id=nurse, kind="question", slot="1", planned_at=DAY, due_at=DAY,
                     item_id="pph-q01", item_version=1, state="answered"))  # fmt: skip
    session.flush()
    session.add(Answer(dose_id=1, person_id=nurse, item_id="pph-q01", item_version=1, option=1,
                       competency="pph-recognise", right=True, first=True, answered_at=DAY,
                       text="B, ask 0788000999", latency=61.0, channel="sms", rule="kerfoot",
                       recall=0.5, before={}, after={}))  # fmt: skip
    session.flush()
    encounters.log(session, kind="in_person", form="individual", mentor=mentor, mentees=[nurse],
                   began_at=DAY, minutes=90, source="command", now=DAY, topic="pph",
                   note="Call her on 0788000999", key="k")  # fmt: skip
    session.flush()
    met = list(exports.encounters(session, *ALWAYS))
    assert [(row["mentees"], row["mentee_ids"], row["minutes"]) for row in met] == [
        (1, str(nurse), 90)
    ]
    people = list(exports.people(session, *ALWAYS))
    assert [row["phone"] for row in people] == [None, "+250788000301"]
    assert people[1]["facility"] == "Rukara"
    said = list(exports.messages(session, *ALWAYS))
    assert [row["direction"] for row in said] == ["in", "out"]
    answered = list(exports.answers(session, *ALWAYS))
    assert (answered[0]["option"], answered[0]["right"]) == ("B", True)
    tests = [row for row in exports.assessments(session, *ALWAYS) if row["kind"] == "post"]
    assert [(row["attempt"], row["score"]) for row in tests] == [(1, 9), (2, 17), (3, 16.5)]
    # An attempt keeps its number in an export that begins after the first.
    late = list(exports.assessments(session, DAY + timedelta(hours=1), ALWAYS[1]))
    assert [row["attempt"] for row in late] == [2, 3]
    for name, columns in {
        "people": exports.PEOPLE,
        "messages": exports.MESSAGES,
        "answers": exports.ANSWERS,
        "assessments": exports.ASSESSMENTS,
        "encounters": exports.ENCOUNTERS,
    }.items():
        found: list[Any] = list(getattr(exports, name)(session, *ALWAYS))
        assert {tuple(row) for row in found} == {columns}
        if name != "people":
            assert "0788000" not in str(found)
    session.commit()
    monkeypatch.setenv("DATABASE_URL", database_url)
    monkeypatch.setenv("MENTORLINE_HOME", str(tmp_path))
    for name in EXPORTS:
        for form in ("csv", "jsonl", "xlsx"):
            file = tmp_path / f"{name}.{form}"
            words = ["export", name, "--format", form, "-o", str(file), "--since", "2000-01-01"]
            done = CliRunner().invoke(app, words)
            assert done.exit_code == 0, done.output
    listed = list(csv.DictReader((tmp_path / "people.csv").read_text().splitlines()))
    assert listed[1]["phone"] == "+250788000301"
    lines = (tmp_path / "messages.jsonl").read_text().splitlines()
    assert json.loads(lines[0])["kind"] == "case"
    book = load_workbook(tmp_path / "assessments.xlsx")
    assert [cell.value for cell in book.worksheets[0][1]] == list(exports.ASSESSMENTS)
    book.close()
    shown = CliRunner().invoke(app, ["export", "people", "--since", "2000-01-01"])
    assert "+250788000301" in shown.stdout
    refused = CliRunner().invoke(app, ["export", "people", "--format", "xlsx"])
    assert "A spreadsheet needs a file" in str(refused.exception)


@pytest.mark.parametrize(
    ("value", "kept"),
    [("=1+1", "'=1+1"), ("+250 788 000 301", "+250 788 000 301"), ("-1+x", "'-1+x"), (5, 5)],
)
def test_no_exported_cell_is_a_formula(value: object, kept: object) -> None:
    assert defused(value) == kept
