"""`./mentorline cases`, `mentors` and `export cases`: what a coordinator does at a terminal."""

from __future__ import annotations

import csv
import io
import json
from pathlib import Path

from openpyxl import load_workbook

from cli.exporting import defused, written
from store.cases import Case
from tests.commands import Shell
from tests.town import Town

NURSE = "+250788000301"
ALICE = "+250788000401"
BEATA = "+250788000402"


def test_a_coordinator_looks_gives_answers_and_exports(town: Town, tmp_path: Path) -> None:
    run = Shell(town, tmp_path)

    nurse = town.mentee(NURSE, facility="Rukara Health Centre", external_id="RAM-7")
    alice = town.mentor(ALICE, external_id="M-1")
    beata = town.mentor(BEATA, name="Beata Uwase", duty={"fri": [["08:00", "12:00"]]})
    town.pair(NURSE, ALICE)
    assert run("cases", "list") == "No cases.\n"
    nurse.says("MENTOR")
    nurse.hears("Text")
    nurse.says("=Snake bite, call me on 0788 123 456")
    nurse.hears("asked Alice")
    alice.hears("Snake bite")
    code = town.case().code

    listed = run("cases", "list", "--open")
    assert f"#{code}  open, from Claudine Mukamana (Rukara Health Centre), with Alice" in listed
    assert "next: remind 2026-03-03 15:00" in listed
    assert run("cases", "list", "--urgent") == run("cases", "list", "--overdue") == "No cases.\n"
    shown = run("cases", "show", f"#{code}")
    assert "assigned Alice Ingabire (own mentor, answers in en" in shown
    assert "not Beata Uwase: off duty until Fri 06 Mar 08:00" in shown
    assert "pass on: waits" in shown
    assert "Snake bite" in shown
    assert "123 456" not in shown

    mentors = run("mentors", "list")
    assert "Alice Ingabire: on duty; 1 of 12 open; mon-sun 07:00-20:00 (programme's)" in mentors
    assert "Beata Uwase: off duty; 0 of 12 open; fri 08:00-12:00" in mentors
    assert run("mentors", "hours", BEATA, "mon-fri 8-17") == (
        "mon-fri 08:00-17:00 (Africa/Kigali)\n"
    )
    assert "'soon' is not like mon-fri" in run("mentors", "hours", BEATA, "soon")
    assert "On leave until 2026-03-06 00:00." in run("mentors", "away", "M-1", "3 days")
    assert run("mentors", "back", "M-1").startswith("Back")
    assert run("mentors", "hours", NURSE) == f"Refused: {NURSE} is not a mentor."
    assert run("mentors", "hours", "M-9").startswith("Refused: Nobody has the phone")

    town.later(seconds=10)
    assert run("cases", "assign", code, BEATA) == f"#{code} is with Beata Uwase.\n"
    town.later(seconds=2)
    beata.message("Snake bite")
    nurse.message("Beata Uwase .mentor. has your case")
    assert run("cases", "assign", code, NURSE) == f"Refused: {NURSE} is not a mentor."
    assert run("cases", "show", "#HHHH").startswith("Refused: There is no case")

    assert run("cases", "answer", code, "Keep still, refer.") == f"#{code} is answered.\n"
    town.later(seconds=2)
    nurse.message("Mentorline on case.*Keep still, refer.*Did this help")
    beata.message("Mentorline has answered")
    assert run("cases", "close", code) == f"#{code} is closed.\n"
    assert run("cases", "close", code) == f"Refused: Case #{code} is closed."
    town.later(seconds=2)
    nurse.message("closed by your programme")
    assert town.one(Case, Case.code == code).state == "closed"

    (row,) = csv.DictReader(io.StringIO(run("export", "cases")))
    assert (row["code"], row["mentee"], row["district"]) == (code, "RAM-7", "Kayonza")
    assert row["question"].startswith("'=Snake bite")
    assert row["answer"] == "Keep still, refer."
    assert int(row["first_response_minutes"]) <= 1
    everything = json.dumps(row)
    assert "123 456" not in everything
    assert "Claudine" not in everything
    line = json.loads(run("export", "cases", "--format", "jsonl"))
    assert line["question"].startswith("=Snake bite")
    assert run("export", "cases", "--format", "xlsx").startswith("Refused: A spreadsheet")
    run("export", "cases", "--format", "xlsx", "-o", str(tmp_path / "cases.xlsx"))
    sheet = load_workbook(tmp_path / "cases.xlsx").worksheets[0]
    cells = dict(zip(*([cell.value for cell in row] for row in sheet.rows), strict=True))
    assert cells["question"].startswith("=Snake bite")
    kinds = {cell.data_type for cell in list(sheet.rows)[1]}
    assert "f" not in kinds
    empty = run("export", "cases", "--until", "2026-03-02")
    assert empty.count("\n") == 1
    assert "before --since" in run(
        "export", "cases", "--since", "2026-03-02", "--until", "2026-03-01"
    )


def test_formulas_are_defused_and_phones_stay_readable() -> None:
    for harmful in ("=1+1", "+1+cmd|' /C calc'!A0", "-2+3", "@SUM(A1)", "\t=1"):
        assert defused(harmful) == f"'{harmful}"
    for harmless in ("+250788000301", "+250 788 000 301", "a=b", "", 7, None):
        assert defused(harmless) == harmless
    assert written("csv", ["a", "b"], [{"a": "+250788000301", "b": True}]) == (
        b"a,b\n+250788000301,yes\n"
    )
