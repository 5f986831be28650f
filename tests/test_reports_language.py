"""Reports in French: nothing is left in English, and no word is kept that no report says."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from io import BytesIO
from pathlib import Path
from typing import Any, get_args
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st
from openpyxl import load_workbook
from sqlalchemy.orm import Session
from typer.testing import CliRunner

from bot.mentoring.cadence import State
from bot.mentoring.competencies import Level
from bot.mentoring.validation import Status
from bot.reports import fiscal, packs, writing
from bot.reports.language import FOLDER, Phrases, translated, words
from bot.reports.programme import matrix, one_mentee
from bot.reports.query import Wanted
from bot.reports.registry import REPORTS
from bot.reports.table import Report
from bot.reports.validated import validated
from bot.text.yaml_file import read_yaml
from cli.app import app
from store.base import make_engine, make_sessions
from store.people import Person
from tests.test_reports_metrics import CATALOGUE, MARCH, NOW, a_programme, answers_to, cases_of

KIGALI = ZoneInfo("Africa/Kigali")


@pytest.fixture
def session(database_url: str) -> Iterator[Session]:
    engine = make_engine(database_url)
    with make_sessions(engine)() as made:
        yield made
    engine.dispose()


def everything(session: Session) -> list[Report]:
    """Every report in every grouping, of a programme in which something has happened."""
    mentor, mentees = a_programme(session)
    answers_to(session, mentees)
    cases_of(session, mentor, mentees)
    people = [session.get_one(Person, number) for number in mentees]
    years = [fiscal.FiscalYear(year, 7).period(KIGALI) for year in (2025, 2026)]
    made = [
        entry.compute(session, Wanted(MARCH, NOW, by), CATALOGUE)
        for entry in REPORTS.values()
        for by in (None, *entry.by)
    ]
    made += [
        validated(session, by, periods, CATALOGUE, levels)
        for by in ("association", "area", "district", "facility")
        for periods in (years[:1], years)
        for levels in ((), ("hospital",))
    ]
    made += [matrix(session, people, CATALOGUE), one_mentee(session, people[1], CATALOGUE)]
    made += packs.of_mentor(session, session.get_one(Person, mentor), MARCH, NOW, CATALOGUE)
    return made + packs.of_district(session, "Gahini", MARCH, NOW, CATALOGUE)


def test_nothing_is_left_in_english(session: Session) -> None:
    known = words("fr")
    assert known is not None
    data = {one.title["en"] for one in CATALOGUE.competencies.values()}
    ids = set(CATALOGUE.competencies)
    headings: set[str] = set()
    explanations: set[str] = set()
    for report in everything(session):
        headings |= {report.title, *(column.title for column in report.columns)} - ids
        own = {note for note in report.notes if note.partition(": ")[2] in data}
        explanations |= {report.definition, report.empty, *report.notes} - own
    # A column without a heading; and one mentee's matrix, whose title is the mentee's name.
    headings -= {"", "Mentee 3 (nurse, Gahini)"}
    assert {text for text in headings if known.headings.find(text) is None} == set()
    assert {text for text in explanations if known.explanations.find(text) is None} == set()
    unsaid = {text for text in known.headings.exact if text not in headings}
    assert unsaid <= {"One mentee", "Group", "Operator", "Topic", "Item"}
    assert set(known.explanations.exact) <= explanations
    cells = {*get_args(State), *get_args(Status), *get_args(Level), "All", "not known", "yes", "no"}
    assert cells <= set(known.cells.exact)


def test_figures_keys_and_names_stay(session: Session) -> None:
    for report in everything(session):
        french = translated(report, "fr", CATALOGUE)
        assert [column.key for column in french.columns] == [
            column.key for column in report.columns
        ]
        assert len(french.rows) == len(report.rows)
        for before, after in zip(writing.rows_of(report), writing.rows_of(french), strict=True):
            for column in report.columns:
                if column.kind != "text" or column.key in ("mentee", "mentor", "facility"):
                    assert after.get(column.key) == before.get(column.key)
        assert translated(report, "en", CATALOGUE) is report
        assert translated(report, "sw", CATALOGUE) is report


def test_the_file_of_words_is_in_order() -> None:
    for language in (path.stem for path in FOLDER.glob("*.yml")):
        for part in read_yaml(FOLDER / f"{language}.yml").values():
            for english, other in part.items():
                assert english.count("{}") == other.count("{}"), english
                assert other.strip(), english


@given(before=st.text(), value=st.text(min_size=1).filter(lambda text: "\n" not in text))
def test_what_varies_comes_back_in_its_place(before: str, value: str) -> None:
    text = f"{before.replace('{', '').replace('}', '')}|"
    found = Phrases.of({text + "{}": "«{}»"}).find(text + value)
    assert found == f"«{value}»"
    assert Phrases.of({"exactly": "exactement"}).find(text) is None


@given(year=st.integers(1990, 2198), number=st.integers(1, 12))
def test_months_and_quarters_lie_edge_to_edge(year: int, number: int) -> None:
    month = fiscal.month(f"{year}-{number:02}", KIGALI)
    quarter = fiscal.quarter(f"{year}-q{(number - 1) // 3 + 1}", KIGALI)
    assert month is not None
    assert quarter is not None
    assert month.start == datetime(year, number, 1, tzinfo=KIGALI)
    assert quarter.start <= month.start < month.end <= quarter.end
    following = f"{year}-{number + 1:02}" if number < 12 else f"{year + 1}-01"
    after = fiscal.month(following, KIGALI)
    assert after is not None
    assert after.start == month.end


@pytest.mark.parametrize("text", ["", "2026", "2026-13", "2026-00", "1066-01", "26-01", "2026-Q5"])
def test_other_texts_are_no_month_and_no_quarter(text: str) -> None:
    assert fiscal.month(text, KIGALI) is None
    assert fiscal.quarter(text, KIGALI) is None


def test_from_the_shell(
    session: Session, database_url: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    mentor, mentees = a_programme(session)
    answers_to(session, mentees)
    session.get_one(Person, mentor).external_id = "M-1"
    session.commit()
    monkeypatch.setenv("DATABASE_URL", database_url)

    def says(*arguments: Any) -> str:
        answer = CliRunner().invoke(app, ["report", *map(str, arguments)])
        assert answer.exit_code == 0, answer.output
        return answer.stdout

    since = ("--since", "2026-02-01", "--until", "2026-03-31")
    assert "Response rate" in says("response", *since)
    french = says("response", "--language", "fr", *since)
    assert "Taux de réponse, 2026-02-01 au 2026-03-31" in french
    assert "Répondu en 72 h" in french
    assert '"answered": 8' in says("response", "--language", "fr", "--format", "json", *since)
    monkeypatch.setenv("DEFAULT_LANGUAGE", "fr")
    assert "Mentorés validés par domaine" in says("validated", "--by", "area", "--fy", "2026")
    book = tmp_path / "month.xlsx"
    says("pack", "--mentor", "M-1", "--month", "2026-02", "-o", book)
    sheets = load_workbook(BytesIO(book.read_bytes())).sheetnames
    assert sheets == ["Vos mentorés", "Mentorés et compétences"]
