"""Stock-outs: reported by text, seen to by the district, closed by whoever reported them."""

from __future__ import annotations

import re
from datetime import timedelta
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot import words
from bot.mentoring.stock_list import StockListError, load, match
from bot.words import Command
from store.stock import StockDue, StockEvent, StockReport, StockReporter
from tests.town import Phone, Town

NURSE, OTHER, FOCAL = "+250788000301", "+250788000302", "+250788000601"


def code_in(body: str) -> str:
    found = re.search(r"#([A-Z0-9]{4})", body)
    assert found is not None
    return found[1]


def missing(town: Town, nurse: Phone, said: str = "STOCK oxytocin") -> str:
    """A nurse reports that nothing is left; the code."""
    nurse.says(said)
    nurse.hears("How much oxytocin is left", "1 None")
    nurse.says("1")
    return code_in(nurse.hears("reported to the district", "none left"))


def awake(phone: Phone) -> None:
    """Their WhatsApp window is open."""
    phone.says("MENU")
    phone.read = len(phone.received())


def test_from_the_report_to_the_arrival(town: Town) -> None:
    """The district hears it, says SENT with a button; the nurse says that it is there."""
    nurse = town.mentee(NURSE, facility="Kabarondo HC")
    jean = town.focal()
    awake(jean)
    code = missing(town, nurse)
    heard = jean.hears("Stock-out", code, "oxytocin at Kabarondo HC", "none left", "Claudine")
    assert "788000" not in heard
    jean.says(f"STOCK #{code} SENT")
    jean.hears("noted")
    nurse.hears("on its way, says Jean Habimana", f"STOCK #{code} ARRIVED")
    town.later(days=3, hours=1)
    nurse.hears("Is oxytocin there at Kabarondo HC", "1 it is here 2 not yet")
    nurse.says("2")
    nurse.hears("noted")
    assert town.one(StockReport).state == "open"
    awake(jean)
    assert any("has not come" in message.body for message in jean.received())
    jean.says("STOCK ARRIVED")
    jean.hears("noted")
    town.tick()
    town.rest()
    nurse.hears("Is oxytocin there")
    nurse.says("it is here")
    nurse.read = len(nurse.received())
    nurse.says(f"stock #{code.lower()} arrived")
    nurse.hears("noted|closed already")
    report = town.one(StockReport)
    assert (report.state, report.closed_by) == ("closed", "confirmed")
    assert town.count(StockDue, StockDue.done_at.is_(None)) == 0
    kinds = [event.kind for event in town.all(StockEvent)]
    assert kinds[:2] == ["reported", "told"]
    assert {"sent", "asked", "still_missing", "arrived", "confirmed", "closed"} <= set(kinds)
    nurse.says(f"STOCK #{code} ARRIVED")
    nurse.hears("closed already")


def test_the_same_again_joins_the_open_report(town: Town) -> None:
    """A second nurse of the facility; the first report counts, and both hear what happens."""
    nurse = town.mentee(NURSE, facility="Kabarondo HC")
    other = town.mentee(OTHER, name="Marie Uwase")
    with town.works.sessions.begin() as session:
        from store.people import Person

        session.get_one(Person, town.person(OTHER).id).facility_id = town.person(NURSE).facility_id
    jean = town.focal()
    awake(jean)
    code = missing(town, nurse)
    town.later(days=2)
    other.says("rupture de stock d'ocytocine")
    other.hears("How much oxytocin is left")
    other.says("2")
    assert code_in(other.hears("reported already", "day 2")) == code
    assert town.count(StockReport) == 1
    assert town.count(StockReporter) == 2
    jean.read = len(jean.received())
    jean.says(f"STOCK #{code} NO")
    jean.hears("noted")
    for phone in (nurse, other):
        assert any("cannot send oxytocin" in message.body for message in phone.received())
    # Anybody else knows nothing of it.
    stranger = town.mentee("+250788000303", name="Paul")
    stranger.says(f"STOCK #{code} ARRIVED")
    stranger.hears("know no open stock report")
    other.read = len(other.received())
    other.says("STOCK ARRIVED")
    other.hears("noted")
    assert any("is closed" in message.body for message in nurse.received())


def test_misspelt_asked_and_without_a_facility(town: Town) -> None:
    """Did you mean; which facility; and a question in between is answered."""
    nurse = town.mentee(NURSE)
    town.mentee(OTHER, facility="Kabarondo HC")
    nurse.says("STOCK amoxicilin 250")
    nurse.hears("Did you mean", "1 amoxicillin", "2 ampicillin", "3 Something else")
    nurse.says("1")
    nurse.hears("which facility")
    nurse.says("kabarondo health centre")
    nurse.hears("How much amoxicillin is left")
    nurse.says("PROGRESS")
    nurse.read = len(nurse.received()) - 1
    nurse.hears("How much amoxicillin is left")
    nurse.says("2")
    nurse.hears("reported to the district", "a few days left")
    nurse.says("STOCK")
    nurse.hears("Which item is missing")
    nurse.says("glovs")
    nurse.hears("facility")
    nurse.says("LATER")
    nurse.hears("STOCK to go on")
    nurse.says("STOCK paper towels")
    nurse.hears('no "paper towels" on the list')


def test_nobody_answers(town: Town) -> None:
    """The focal person is reminded three times at most, then the coordinator is told."""
    nurse = town.mentee(NURSE, facility="Kabarondo HC")
    grace, jean = town.coordinator(), town.focal()
    awake(grace)
    awake(jean)
    missing(town, nurse)
    town.live(step=12, days=8)
    told = [event.kind for event in town.all(StockEvent)]
    assert told.count("reminded") == 3
    assert told.count("alerted") == 1
    assert any("days" in message.body for message in jean.received())
    alert = next(m.body for m in grace.received() if "#" in m.body)
    assert "788000" not in alert
    # Said to be there, and never confirmed: closed after a week, and said so.
    awake(jean)
    jean.says("STOCK ARRIVED")
    town.live(step=12, days=8)
    assert town.one(StockReport).closed_by == "silence"
    assert any("should be there" in message.body for message in nurse.received())


def test_without_a_focal_person_the_coordinator_sees_to_it(town: Town) -> None:
    nurse = town.mentee(NURSE, facility="Kabarondo HC")
    grace = town.coordinator()
    awake(grace)
    code = missing(town, nurse)
    grace.hears("Stock-out", code)
    grace.says(f"STOCK #{code}: on the way")
    grace.hears("noted")
    nurse.hears("on its way")
    grace.says(f"STOCK #{code} perhaps tomorrow")
    grace.hears("SENT, ARRIVED or NO")


# The list, and words


@pytest.mark.parametrize(
    ("said", "item"),
    [
        ("oxytocin", "oxytocin"), ("oxitocine", "oxytocin"), ("OCYTOCINE", "oxytocin"),
        ("mgso4", "magnesium-sulfate"), ("magnisium", "magnesium-sulfate"), ("glovs", "gloves"),
        ("coartem tabs", "artemether-lumefantrine"), ("gants", "gloves"), ("SRO", "ors"),
        ("tests malaria", "malaria-test"), ("paper", None), ("x", None), ("amoxicilin 250", None),
    ],
)  # fmt: skip
def test_what_is_meant(said: str, item: str | None) -> None:
    assert match(said, load()).item == item


@given(st.sampled_from(sorted(load().names)))
def test_every_name_means_its_item(name: str) -> None:
    assert match(name.upper(), load()).item == load().names[name]


@given(st.text(max_size=40))
def test_any_text_can_be_looked_up(said: str) -> None:
    found = match(said, load())
    assert found.item is None or not found.near
    assert len(found.near) <= 3


def test_a_list_of_ones_own(tmp_path: Path) -> None:
    """Two items of one name are refused with a sentence that names them."""
    own = tmp_path / "items.yml"
    times = "times: {remind: {none: 1, days: 2}, alert: {none: 3, days: 6}, ask: 3, close: 7}\n"
    own.write_text(times + "items:\n  a: {en: gloves}\n  b: {en: mask, also: [gloves]}\n")
    with pytest.raises(StockListError, match="'gloves' means a and b"):
        load(own)
    with pytest.raises(StockListError, match="cannot be used"):
        load(tmp_path / "nowhere.yml")
    assert load().remind == {"none": timedelta(days=1), "days": timedelta(days=2)}


@pytest.mark.parametrize(
    ("text", "command"),
    [
        ("STOCK #K7XM SENT", Command("stock_code", "K7XM", "SENT")),
        ("stock #k7xm: on the way", Command("stock_code", "K7XM", "on the way")),
        ("stoki #K7XM imefika", Command("stock_code", "K7XM", "imefika")),
        ("rupture de stock #K7XM", Command("stock_code", "K7XM", "")),
        ("#K7XM SENT", Command("answer", "K7XM", "SENT")),
        ("the stock #K7XM sent", None),
    ],
)
def test_a_code_behind_the_word(text: str, command: Command | None) -> None:
    assert words.command(text) == command


@pytest.mark.parametrize(
    ("said", "status"),
    [("Sent", "sent"), ("en route", "sent"), ("Arrivé", "arrived"), ("byageze", "arrived"),
     ("NON", "no"), ("hakuna", "no"), ("tomorrow", None), ("oxytocin", None)],
)  # fmt: skip
def test_how_a_status_is_read(said: str, status: str | None) -> None:
    assert words.stock_status(said) == status
