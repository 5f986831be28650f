"""Records made before or outside Mentorline, from the lists that programmes really have."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import pytest
from openpyxl import Workbook
from sqlalchemy import func, select
from sqlalchemy.orm import Session, sessionmaker

from bot.importing import Outcome, people
from bot.mentoring.competencies import load
from bot.mentoring.importing import COLUMNS, assessments, check_row
from bot.settings import Settings
from store.base import make_engine, make_sessions
from store.learning import Assessment, FacilityStay
from store.people import Facility, Person

SETTINGS = Settings(_env_file=None, default_region="RW")
CATALOGUE = load()
NOW = datetime(2026, 3, 3, 9, tzinfo=UTC)
TODAY = date(2026, 3, 3)
PEOPLE = """name,phone,external_id,role,cadre,facility,district
Claudine,0788000301,N-1,mentee,nurse,Rukara,Kayonza
Without Phone,,N-2,mentee,nurse,Rukara,Kayonza
Alice,0788000401,,mentor,midwife,Gahini,Kayonza
"""
HEAD = ",".join(COLUMNS)
GOOD = f"""{HEAD}
0788000301,,MNH,,pre,9,20,,2021-01-10,
0788000301,N-1,Maternal,PPH,post,17,20,yes,31/03/2021,0788000401
,N-2,neonatal,neonatal-resuscitation,skill,,,oui,2021-04-01,+250788000401
,N-2,neonatal,neonatal-resuscitation,skill,5,6,no,2021-03-01,+250788000401
"""
Sessions = sessionmaker[Session]
Bring = Callable[..., Outcome]


@pytest.fixture
def sessions(database_url: str, tmp_path: Path) -> Iterator[Sessions]:
    engine = make_engine(database_url)
    made = make_sessions(engine)
    path = tmp_path / "people.csv"
    path.write_text(PEOPLE)
    assert people(made, path, SETTINGS, now=NOW).problems == []
    yield made
    engine.dispose()


@pytest.fixture
def bring(sessions: Sessions, tmp_path: Path) -> Bring:
    """Import a file of this content (text: CSV; rows: XLSX)."""

    def run(content: str | list[list[Any]], *, check: bool = False) -> Outcome:
        path = tmp_path / ("a.xlsx" if isinstance(content, list) else "a.csv")
        if isinstance(content, list):
            book = Workbook()
            for row in content:
                book.worksheets[0].append(row)
            book.save(path)
            book.close()
        else:
            path.write_text(content)
        return assessments(sessions, path, SETTINGS, check=check, now=NOW)

    return run


def rows(sessions: Sessions) -> list[Assessment]:
    with sessions() as session:
        return list(session.scalars(select(Assessment).order_by(Assessment.at)))


def test_all_rows_are_taken_once(bring: Bring, sessions: Sessions) -> None:
    assert bring(GOOD, check=True).summary == "4 assessments: 4 new, 0 known."
    assert rows(sessions) == []
    assert bring(GOOD).summary == "4 assessments: 4 new, 0 known."
    pre, failed, post, passed = rows(sessions)
    assert (pre.kind, pre.technical_area, pre.competency, pre.score) == ("pre", "MNH", None, 9)
    # Midnight in Kigali.
    assert post.at == datetime(2021, 3, 30, 22, tzinfo=UTC)
    assert (post.competency, post.passed, post.out_of) == ("mnh-pph", None, 20)
    assert (failed.passed, failed.score, passed.passed, passed.score) == (False, 5, True, None)
    assert passed.assessor_id == post.assessor_id
    # The same file again, in another order and as a spreadsheet writes it.
    again = [list(COLUMNS), *(line.split(",") for line in GOOD.splitlines()[:0:-1])]
    again[1][8] = datetime(2021, 3, 1)  # type: ignore[call-overload]
    assert bring(again).summary == "4 assessments: 0 new, 4 known."


def test_one_bad_row_and_nothing_is_taken(bring: Bring, sessions: Sessions) -> None:
    bad = f"""{GOOD}0788000999,,MNH,,post,17,20,,2021-05-01,
,N-9,MNH,,post,17,20,,2021-05-01,
0788000301,N-2,MNH,,post,17,20,,2021-05-01,
0788000401,,MNH,mnh-pph,skill,,,yes,2021-05-01,0788000401
0788000301,,MNH,mnh-pph,skill,,,yes,2021-05-01,0788000301
,N-2,MNH,mnh-pph,skill,,,yes,2021-05-01,0788000301
,N-2,MNH,mnh-pph,skill,,,yes,2021-05-01,0788000777
0788000301,,MNH,,pre,9.0,20,,2021-01-10,
"""
    assert bring(bad).problems == [
        "Line 6: phone +250788000999 belongs to nobody we know.",
        "Line 7: external_id 'N-9' belongs to nobody we know.",
        "Line 8: phone and external_id belong to two different people.",
        "Line 9: nobody signs for themselves: assessor_phone is the mentee's own.",
        "Line 10: nobody signs for themselves: assessor_phone is the mentee's own.",
        "Line 11: assessor_phone +250788000301 is no mentor's.",
        "Line 12: assessor_phone +250788000777 belongs to nobody we know.",
        "Line 13: it is the same record as line 2.",
    ]
    assert rows(sessions) == []
    unknown = bring("phone,colour\n0788000301,red\n")
    assert unknown.problems == ["The heading has a column 'colour' that is not known."]


SOUND = {
    "phone": "0788000301", "technical_area": "MNH", "competency": "mnh-pph", "kind": "post",
    "score": "17", "out_of": "20", "date": "2021-01-10",
}  # fmt: skip
SKILL = {
    "kind": "skill",
    "score": "",
    "out_of": "",
    "passed": "yes",
    "assessor_phone": "0788000401",
}


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"phone": "12"}, "phone '12' is not a phone number"),
        ({"phone": ""}, "it has neither phone nor external_id"),
        ({"technical_area": "Surgery"}, "technical_area 'Surgery' is not one of CBMNH, CBP-FP, "),
        ({"technical_area": ""}, "it has no technical_area"),
        ({"competency": "fp-dmpa"}, "competency 'fp-dmpa' is not one of MNH: mnh-anc, "),
        ({"kind": "self"}, "kind 'self' is not one of pre, post, skill"),
        ({"score": "many"}, "score 'many' is not a number"),
        ({"score": "NaN"}, "score 'NaN' is not a number"),
        ({"score": "21"}, "a score of 21 out of 20 cannot be"),
        ({"score": "-1"}, "a score of -1 out of 20 cannot be"),
        ({"out_of": ""}, "score and out_of go together"),
        ({"score": "", "out_of": ""}, "a test needs its score and out_of"),
        ({"passed": "maybe"}, "passed 'maybe' is neither yes nor no"),
        ({"passed": "no"}, "passed says no, but 17 of 20 is at least 85 %"),
        ({"passed": "yes", "score": "16.99"}, "passed says yes, but 16.99 of 20 is under 85 %"),
        ({"date": ""}, "it has no date"),
        ({"date": "2021-02-30"}, "date '2021-02-30' is not a day such as 2021-03-31"),
        ({"date": "March 2021"}, "date 'March 2021' is not a day such as 2021-03-31"),
        ({"date": "2026-03-04"}, "date 2026-03-04 has not come yet"),
        ({"date": "1921-03-04"}, "date 1921-03-04 is before 1990"),
        ({"_extra": "x"}, "it has more cells than the heading"),
        (SKILL | {"competency": ""}, "a skill needs its competency"),
        (SKILL | {"passed": ""}, "a skill needs passed, yes or no"),
        (SKILL | {"assessor_phone": ""}, "a skill needs the mentor who signed it"),
    ],
)
def test_a_bad_row_has_its_reason(change: dict[str, str], reason: str) -> None:
    row, wrong = check_row(2, SOUND | change, CATALOGUE, "RW", TODAY)
    assert row is None
    assert len(wrong) == 1, wrong
    assert wrong[0].startswith(reason)


@pytest.mark.parametrize(
    ("change", "score"),
    [({}, "17"), ({"score": "85%", "out_of": ""}, "85"), ({"score": "8,5", "out_of": "10"}, "8.5")],
)
def test_scores_as_they_are_written(change: dict[str, str], score: str) -> None:
    row, wrong = check_row(2, SOUND | change, CATALOGUE, "RW", TODAY)
    assert wrong == []
    assert row is not None
    assert str(row.score) == score


def test_a_transfer_keeps_where_somebody_was(sessions: Sessions, tmp_path: Path) -> None:
    path = tmp_path / "people.csv"
    path.write_text("external_id,facility,district\nN-2,Gahini,Kayonza\n")
    later = datetime(2026, 5, 1, tzinfo=UTC)
    for _ in range(2):
        assert people(sessions, path, SETTINGS, now=later).problems == []
    with sessions() as session:
        assert session.scalar(select(func.count()).select_from(Person)) == 3
        stays = session.execute(
            select(Facility.name, FacilityStay.since, FacilityStay.until)
            .join(Facility, Facility.id == FacilityStay.facility_id)
            .join(Person, Person.id == FacilityStay.person_id)
            .where(Person.external_id == "N-2")
            .order_by(FacilityStay.id)
        ).all()
    assert [tuple(stay) for stay in stays] == [("Rukara", None, later), ("Gahini", later, None)]
