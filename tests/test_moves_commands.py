"""`./mentorline people`, `stock` and `cascade`: what a coordinator does at a terminal."""

from __future__ import annotations

import json
from pathlib import Path

from store.people import Facility
from tests.commands import Shell
from tests.test_stock import awake, missing
from tests.town import Town

NURSE, OTHER, NEW = "+250788000301", "+250788000302", "+250788000303"


def test_moving_people_and_looking_after_stock(town: Town, tmp_path: Path) -> None:
    run = Shell(town, tmp_path)

    nurse = town.mentee(NURSE, facility="Rukara Health Centre", external_id="N-1", cadre="nurse")
    town.mentee(OTHER, name="Claudine M", external_id="N-2")
    jean = town.focal()
    awake(jean)
    with town.works.sessions.begin() as session:
        session.add_all(
            [
                Facility(name="Gahini Health Centre", district="Kayonza"),
                Facility(name="Mareba", district="Bugesera"),
                Facility(name="Mareba", district="Ngoma"),
            ]
        )

    # Another facility
    assert "Did you mean Gahini Health Centre (Kayonza)?" in run(
        "people", "transfer", NURSE, "--to", "Gahinni"
    )
    assert "may be one of: Mareba (Bugesera), Mareba (Ngoma)" in run(
        "people", "transfer", NURSE, "--to", "mareba"
    )
    done = run("people", "transfer", "N-1", "--to", "gahini hc", "--on", "2026-02-01")
    assert done == (
        "Claudine Mukamana (nurse, Gahini Health Centre) works at Gahini Health Centre since"
        " 2026-02-01.\n"
    )
    assert "They work at Gahini Health Centre already." in run(
        "people", "transfer", NURSE, "--to", "Gahini (Kayonza)"
    )
    later = run("people", "transfer", NURSE, "--to", "Mareba (Ngoma)", "--on", "2026-12-01")
    assert "from 2026-12-01 on; until then as before" in later

    # Recorded twice, and another number
    assert "would go to Claudine Mukamana" in run("people", "merge", NURSE, "N-2", "--check")
    assert town.person(OTHER).external_id == "N-2"
    assert "address: 1" in run("people", "merge", NURSE, "N-2")
    assert "Both are the same person already." in run("people", "merge", NURSE, "N-2")
    assert "Nobody has the phone" in run("people", "merge", NURSE, "N-9")
    assert f"has the number {NEW} now" in run("people", "number", OTHER, "0788 000 303")
    assert "is not a phone number" in run("people", "number", NEW, "12")
    assert "was not in doubt" in run("people", "vouch", NURSE)
    assert "keeps all that was" in run("people", "release", NEW)
    assert town.person(NURSE).external_id == "N-1"
    assert town.person(NEW).id != town.person(NURSE).id

    # Stock
    assert run("stock", "list") == "No open stock-outs.\n"
    code = missing(town, nurse)
    listed = run("stock", "list", "--district", "Kayonza")
    assert f"#{code}  oxytocin at Gahini Health Centre (Kayonza): open, none left, 0 days" in listed
    shown = run("stock", "show", code)
    assert "reported Claudine Mukamana" in shown
    assert "told Jean Habimana" in shown
    assert "due: remind" in shown
    row = json.loads(run("export", "stock", "--format", "jsonl"))
    assert (row["code"], row["item"], row["reporters"]) == (code, "oxytocin", 1)
    report = json.loads(run("report", "stock-outs", "--by", "district", "--format", "json"))
    assert report["rows"][0] == {
        "group": "Kayonza", "reports": 1, "facilities": 1, "none_left": 1, "answered": 0,
        "still_open": 1, "days": 0, "longest": 0,
    }  # fmt: skip
    assert f"#{code} is closed.\n" == run("stock", "close", f"#{code}")
    assert "closed already" in run("stock", "close", f"#{code}")
    assert "There is no stock-out #K7XM" in run("stock", "show", "#K7XM")
    town.tick()
    town.rest()
    nurse.hears("closed by your programme")

    # The cascade, and pages
    town.mentor(facility="Rwinkwavu Hospital")
    assert "all as the cascade has it" in run("cascade", "check")
    assert "Hospital: 1 mentors" in run("cascade", "show")
    pages = tmp_path / "pack.pdf"
    run("report", "pack", "--district", "Kayonza", "--quarter", "2026-Q1", "-o", str(pages))
    assert pages.read_bytes().startswith(b"%PDF")
