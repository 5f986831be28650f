"""The other reports, each of figures that can be counted by hand."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from io import BytesIO
from pathlib import Path
from typing import Any

import pytest
from openpyxl import load_workbook
from sqlalchemy.orm import Session
from typer.testing import CliRunner

from benchmarks.reports_tables import Rows, store
from bot.mentoring.competencies import load
from bot.reports import packs, writing
from bot.reports.answers import operator
from bot.reports.fiscal import Period
from bot.reports.programme import matrix, one_mentee
from bot.reports.query import Wanted
from bot.reports.registry import REPORTS
from bot.reports.table import TOO_FEW, Report
from cli.app import app
from cli.report_names import SAYS
from store.base import make_engine, make_sessions
from store.cases import Case, CaseEvent
from store.knowledge import Question
from store.messages import Inbound, OutboxMessage
from store.people import Person
from store.quizzes import Answer, Campaign, Dose, Enrolment
from tests.programme import stock_bank

CATALOGUE = load()
NOW = datetime(2026, 3, 1, 9, tzinfo=UTC)
MARCH = Period("March", NOW - timedelta(days=28), NOW + timedelta(days=3))


@pytest.fixture
def session(database_url: str) -> Iterator[Session]:
    engine = make_engine(database_url)
    with make_sessions(engine)() as made:
        yield made
    engine.dispose()


def report(session: Session, name: str, by: str | None = None, **more: Any) -> Report:
    return REPORTS[name].compute(session, Wanted(MARCH, NOW, by, **more), CATALOGUE)


def figures(session: Session, name: str, by: str | None = None) -> dict[str, dict[str, Any]]:
    return {
        row["group"]: {key: value for key, value in row.items() if key != "group"}
        for row in report(session, name, by).rows
    }


def a_programme(session: Session) -> tuple[int, list[int]]:
    """A mentor and ten mentees: six in Gahini, four in Rukara."""
    rows = Rows()
    gahini, rukara = (rows.place(name, "hospital", name) for name in ("Gahini", "Rukara"))
    mentor = rows.body("mentor", "midwife", None, None)
    mentees = [rows.body("mentee", "nurse", gahini if n < 6 else rukara, None) for n in range(10)]
    for person in mentees[:6]:
        day = NOW - timedelta(days=20)
        rows.record(person, "MNH", "mnh-pph", "pre", day - timedelta(days=90), (10, 20), mentor)
        rows.record(person, "MNH", "mnh-pph", "post", day, (18, 20), mentor)
        rows.record(person, "MNH", "mnh-pph", "post", day + timedelta(days=100), (16, 20), mentor)
        rows.record(person, "MNH", "mnh-pph", "skill", day, True, mentor)
    store(session, rows)
    for person in mentees:
        session.get_one(Person, person).mentor_id = mentor
    session.get_one(Person, mentees[0]).roles = ["mentee", "mentor"]
    return mentor, mentees


def answers_to(session: Session, mentees: list[int]) -> None:
    """Each is asked twice, ten days ago and 20; the first eight answer the newer one."""
    stock_bank(session)
    session.add(Campaign(id=1, name="One", state="running", created_at=NOW))
    session.flush()
    number = 0
    for n, person in enumerate(mentees):
        session.add(Enrolment(campaign_id=1, person_id=person, joined_at=MARCH.start,
                              planned_to=NOW))  # fmt: skip
        for days in (20, 10):
            number += 1
            sent = NOW - timedelta(days=days)
            session.add(Dose(id=number, campaign_id=1, person_id=person, kind="question",
                             slot=str(number), planned_at=sent, due_at=sent, sent_at=sent,
                             item_id="pph-q01", item_version=1, unreadable=int(n == 0),
                             state="answered" if days == 10 and n < 8 else "expired",
                             option=1 if days == 10 and n < 8 else None))  # fmt: skip
            session.flush()
            arrived = days == 10 or n < 5
            session.add(OutboxMessage(person_id=person, dose_id=number, kind="campaign",
                                      dedupe_key=str(number), language="en", body="?", priority=0,
                                      created_at=sent, next_attempt_at=sent, attempted_at=sent,
                                      state="delivered" if arrived else "failed", segments=2,
                                      provider_sid=f"SM{number}", channel="sms",
                                      sent_to=f"+2507{8 if n % 2 else 3}8000{n:03}"))  # fmt: skip
        if n < 8:
            session.add(Answer(dose_id=number, person_id=person, campaign_id=1, item_id="pph-q01",
                               item_version=1, competency="pph-recognise", option=1, right=n < 6,
                               first=True, answered_at=sent + timedelta(hours=n), text="B",
                               latency=3600.0 * n, channel="sms", rule="kerfoot", recall=0.5,
                               before={}, after={}))  # fmt: skip
    session.flush()


def cases_of(session: Session, mentor: int, mentees: list[int]) -> None:
    """Six cases, each answered an hour later than the one before, the last never; one urgent."""
    for n, person in enumerate(mentees[:6]):
        opened = NOW - timedelta(days=2)
        emergency = "pph" if n == 0 else None
        session.add(Case(id=n + 1, code=f"C{n}", mentee_id=person, mentor_id=mentor, cause="asked",
                         opened_at=opened, emergency=emergency))  # fmt: skip
        session.flush()
        if n < 5:
            session.add(CaseEvent(case_id=n + 1, at=opened + timedelta(hours=n + 1),
                                  kind="answered"))  # fmt: skip
        inbound = Inbound(sid=f"IN{n}", channel="sms", sender="x", form=[], received_at=opened)
        session.add(inbound)
        session.flush()
        session.add(Question(inbound_id=inbound.id, person_id=person, text="?", language="en",
                             ranking=[], decision="case" if n < 2 else "answer",
                             case_id=n + 1 if n < 2 else None, helpful=None if n == 5 else n > 2,
                             asked_at=opened))  # fmt: skip
        if n == 0:
            session.add(OutboxMessage(person_id=person, inbound_id=inbound.id, kind="danger",
                                      dedupe_key="d", language="en", body="!", priority=9,
                                      created_at=opened, next_attempt_at=opened, state="sent",
                                      sent_at=opened + timedelta(seconds=3)))  # fmt: skip
    session.flush()


def test_every_figure_by_hand(session: Session) -> None:
    mentor, mentees = a_programme(session)
    answers_to(session, mentees)
    cases_of(session, mentor, mentees)
    assert figures(session, "knowledge-gain") == {
        "MNH": {"title": "Maternal and newborn health", "mentees": 6, "pairs": 6, "pre": 50.0,
                "post": 90.0, "gain": 40.0, "kept_mentees": 6, "kept": 80.0},
    }  # fmt: skip
    assert figures(session, "active") == {
        "All": {"enrolled": 10, "active_14": 8, "share_14": 80.0, "active_30": 8, "share_30": 80.0}
    }
    assert figures(session, "response") == {
        "All": {"mentees": 10, "delivered": 15, "answered": 8, "share": 53.3}
    }
    assert figures(session, "response", "operator") == {
        "Airtel": {"mentees": 5, "delivered": 8, "answered": 4, "share": 50.0},
        "MTN": {"mentees": 5, "delivered": 7, "answered": 4, "share": 57.1},
    }
    by_district = figures(session, "response", "district")
    assert by_district["Gahini"]["share"] == 54.5
    assert set(by_district["Rukara"].values()) == {TOO_FEW}
    assert figures(session, "time-to-answer", "channel") == {
        "sms": {"mentees": 8, "answers": 8, "median": 12600.0, "in_hour": 2, "share": 25.0}
    }
    assert figures(session, "unreadable", "cadre") == {
        "nurse": {"mentees": 8, "answers": 8, "unreadable": 2, "share": 20.0}
    }
    assert figures(session, "item-quality") == {
        "pph-q01": {"competency": "pph-recognise", "mentees": 8, "first": 8, "first_share": 75.0,
                    "again": 0, "again_share": None, "learnt": 0},
    }  # fmt: skip
    assert figures(session, "questions") == {
        "All": {"mentees": 6, "asked": 6, "library": 0, "mentor": 2, "nothing": 0, "rated": 5,
                "helped": 40.0},
    }  # fmt: skip
    assert figures(session, "service-level") == {
        "All": {"mentees": 6, "cases": 6, "replied": 5, "median": 10800.0, "p90": 16560.0,
                "waiting": 1},
    }  # fmt: skip
    assert set(figures(session, "danger")["All"].values()) == {TOO_FEW}
    own = report(session, "danger", whole=True).rows[0]
    assert (own["emergencies"], own["referral"], own["human"]) == (1, 3.0, 3600.0)
    assert figures(session, "encounters")["All"] | {"length": 0, "minutes": 0} == {
        "kind": "virtual, individual", "mentees": 5, "mentors": 1, "encounters": 5, "length": 0,
        "minutes": 0,
    }  # fmt: skip
    assert figures(session, "cascade") == {
        "All": {
            "validated": 6, "mentors": TOO_FEW, "active": TOO_FEW, "sessions": TOO_FEW,
        }
    }  # fmt: skip
    cost = report(session, "cost").rows[0]
    assert (cost["segments"], cost["active"], cost["segments_per_active"]) == (40, 8, 5.0)
    assert (cost["validated"], cost["segments_per_validated"]) == (6, 6.7)
    _mentors_see_their_own(session, mentees)
    _packs(session, session.get_one(Person, mentor))


def _packs(session: Session, mentor: Person) -> None:
    month, grid = packs.of_mentor(session, mentor, MARCH, NOW, CATALOGUE)
    assert len(month.rows) == len(grid.rows) == 10
    first = next(row for row in month.rows if row["mentee"] == "Mentee 2")
    assert first | {"mentee": "", "facility": ""} == {
        "mentee": "", "facility": "", "asked": 2, "answers": 1, "right": 100.0, "cases": 1,
        "reply": 3600.0, "assessed": 2,
    }  # fmt: skip
    quarter = {one.name: one for one in packs.of_district(session, "Gahini", MARCH, NOW, CATALOGUE)}
    assert [row["facility"] for row in quarter["validated"].rows] == ["Gahini"]
    groups = [row["group"] for row in quarter["response"].rows]
    assert groups == ["Gahini, all", "Gahini"]
    book = load_workbook(BytesIO(writing.as_xlsx([*quarter.values(), month, grid])))
    assert "Response rate" in book.sheetnames
    book.close()


def _mentors_see_their_own(session: Session, mentees: list[int]) -> None:
    people = [session.get_one(Person, number) for number in mentees]
    page = writing.text(matrix(session, people, CATALOGUE))
    assert "Mentee 2" in page
    grid = matrix(session, people, CATALOGUE)
    assert [row["mnh-pph"] for row in grid.rows].count("V") == 6
    assert {row["fully"] for row in grid.rows} == {"no"}
    mine = {row["competency"]: row for row in one_mentee(session, people[1], CATALOGUE).rows}
    row = mine["Prevent and treat bleeding after birth"]
    assert (row["post_tests"], row["best"], row["status"]) == (2, 90.0, "validated")
    assert row["mentor"] == "Mentor 1"


@pytest.mark.parametrize("name", list(REPORTS))
def test_without_records_a_report_says_so(session: Session, name: str) -> None:
    for by in (None, *REPORTS[name].by):
        found = report(session, name, by)
        assert found.definition
        if name != "cost":
            assert "No records yet." in writing.text(found)
        writing.as_xlsx([found])
    assert set(REPORTS) == set(SAYS)


def test_operators_are_read_from_numbers() -> None:
    assert operator("+250788000001") == "MTN"
    assert operator("RW.123") == "not known"


@pytest.mark.parametrize(
    ("seconds", "words"),
    [(3, "3 s"), (59.6, "1 min"), (3599, "1 h 00"), (3900, "1 h 05"), (100000, "1 d 3 h")],
)
def test_durations_are_short(seconds: float, words: str) -> None:
    assert writing.duration(seconds) == words


@pytest.mark.parametrize(
    ("text", "kept"),
    [("=1+1", "'=1+1"), ("+250788000001", "+250788000001"), ("-5", "-5"), ("@x", "'@x"),
     ("+1+cmd", "'+1+cmd"), ("plain", "plain"), ("-x", "'-x")],
)  # fmt: skip
def test_no_cell_is_a_formula(text: str, kept: str) -> None:
    assert writing.defused(text) == kept


def test_the_commands(database_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DATABASE_URL", database_url)
    monkeypatch.setenv("MENTORLINE_HOME", str(tmp_path))
    run = CliRunner().invoke
    assert "service-level" in run(app, ["report", "list"]).output
    shown = run(app, ["report", "questions", "--by", "district", "--since", "2026-01-01"])
    assert shown.exit_code == 0
    assert "No records yet." in shown.output
    book = tmp_path / "v.xlsx"
    made = run(app, ["report", "validated", "--by", "area", "--format", "xlsx", "-o", str(book)])
    assert made.exit_code == 0, made.output
    assert book.stat().st_size > 1000
    for words, sentence in [
        (["cost", "--by", "district"], "can be grouped by nothing"),
        (["active", "--fy", "soon"], "--fy soon is not a year"),
        (["active", "--fy", "2021", "--since", "2021-01-01"], "not both"),
        (["active", "--since", "2021-01-02", "--until", "2021-01-01"], "--since is after"),
        (["matrix"], "Say whose"),
        (["pack", "-o", str(book)], "Say whose"),
        (["pack", "-o", str(book), "--district", "Gahini"], "Say when"),
        (["pack", "-o", str(book), "--district", "Gahini", "--quarter", "2026-Q1"], "No facility"),
        (["matrix", "--mentor", "0788000999"], "Nobody has"),
        (["validated", "--format", "xlsx"], "goes to a file"),
    ]:
        refused = run(app, ["report", *words])
        assert refused.exit_code != 0
        assert sentence in str(refused.exception)
