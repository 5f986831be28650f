"""`./mentorline visits …` and `encounters …`: what a coordinator does at a terminal."""

from __future__ import annotations

import json
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot import sending
from bot.mentoring import visit_parts, visit_rules
from bot.mentoring.visit_rules import Place
from tests.commands import Shell
from tests.town import Town

START = datetime(2026, 1, 1, tzinfo=UTC)
NURSE = "+250788000301"
ALICE = "+250788000401"


def test_a_coordinator_plans_moves_cancels_and_logs(town: Town, tmp_path: Path) -> None:
    run = Shell(town, tmp_path)

    nurse = town.mentee(NURSE, facility="Rukara Health Centre", external_id="RAM-7")
    town.mentor(ALICE, external_id="M-1")
    assert run("visits", "list") == "No visits.\n"
    plan = ["visits", "plan", "--mentor", "M-1", "--facility"]
    assert "No facility is called" in run(*plan, "Gahini HC", "--at", "2026-03-10 09:00")
    assert "not a moment" in run(*plan, "Rukara", "--at", "10 March")
    assert "no hour" in run(*plan, "Rukara", "--at", "2026-03-10")
    assert "past" in run(*plan, "Rukara", "--at", "2026-03-01 09:00")
    assert "not a mentor" in run(*plan[:3], "RAM-7", "--facility", "Rukara", "--at", "2026-03-10 9")
    assert "does not work" in run(*plan, "Rukara", "--at", "2026-03-10 09:00", "--mentee", "M-1")
    said = run(*plan, "rukara hc", "--at", "2026-03-10 09:00", "--topic", "pph")
    assert "Visit 1 to Rukara Health Centre on 2026-03-10 09:00 is planned. Told: 1." in said
    town.rest()
    nurse.hears("Alice Ingabire plans to visit.*10 March at 9:00")
    nurse.says("oui")
    nurse.hears("See you")
    assert "Told: 1" in run("visits", "change", "1", "--at", "2026-03-11 10:30")
    assert "nothing changed" in run("visits", "change", "1", "--at", "2026-03-11 10:30")
    assert "Say what changes" in run("visits", "change", "1")
    town.rest()
    nurse.hears("has changed")
    nurse.says("1")
    nurse.hears("See you")
    row = json.loads(run("visits", "list", "--json", "--mentor", "M-1"))[0]
    assert (row["starts"], row["yes"], row["silent"]) == ("2026-03-11T10:30+02:00", 1, 0)
    assert "Rukara" in run("visits", "list", "--since", "2026-03-11", "--until", "2026-03-11")
    shown = run("visits", "show", "1")
    assert "mentee Claudine Mukamana: will be there" in shown
    assert "2026-03-10 16:00 remind: waits" in shown
    assert run("visits", "show", "9") == "Refused: There is no visit 9."
    assert "Told: 1." in run("visits", "cancel", "1", "--reason", "call 0788 123 456")
    assert "over or was called off" in run("visits", "cancel", "1")
    assert json.loads(run("visits", "show", "1", "--json"))["reason"] == "call [phone]"
    town.rest()
    nurse.hears("called off")

    log = ["encounters", "log", "--mentor", "M-1", "--mentee", "RAM-7", "--minutes", "45"]
    assert "yet to come" in run(*log, "--date", "2026-03-09")
    assert "1 mentee, 45 minutes" in run(*log, "--date", "2026-03-02", "--topic", "pph")
    assert "logged before" in run(*log, "--date", "2026-03-02", "--topic", "pph")
    met = json.loads(run("encounters", "list", "--json"))
    assert [(one["kind"], one["form"], one["source"]) for one in met] == [
        ("in_person", "individual", "command")
    ]
    assert "in person" in run("encounters", "list", "--since", "2026-03-02")
    assert "in person, individual" in run("report", "encounters", "--by", "topic")
    assert "0" in run("report", "cadence")


PLACES = [
    Place(1, "Rukara Health Centre", near=True),
    Place(2, "Rukara Health Post"),
    Place(3, "Centre de Santé Gahini"),
    Place(4, "Gahini District Hospital", near=True),
    Place(5, "Kibuye"),
]


@pytest.mark.parametrize(
    ("words", "ids", "rest"),
    [
        ("Rukara HC pph, newborn", [1], "pph, newborn"),
        ("rukara health post", [2], ""),
        ("Rukara", [1], ""),  # the near one
        ("CS Gahini pph", [3], "pph"),
        ("GAHINI DH", [4], ""),
        ("Kibuye, IMCI and malaria", [5], "IMCI and malaria"),
        ("Nowhere HC", [], "Nowhere HC"),
        ("", [], ""),
    ],
)
def test_which_facility(words: str, ids: list[int], rest: str) -> None:
    found = visit_rules.facility(words, PLACES)
    assert [place.id for place in found.places] == ids
    assert found.rest == rest


def test_topics_are_spelt_as_known() -> None:
    assert visit_rules.topics("PPH, newborn resuscitation et tel 0788123456", ["pph"]) == [
        "pph",
        "newborn resuscitation",
        "tel [phone]",
    ]


@given(
    st.integers(0, 700 * 96).map(lambda n: START + timedelta(minutes=15 * n)),
    st.integers(1, 14),
    st.sampled_from(["Africa/Kigali", "Europe/Paris", "America/New_York"]),
    st.integers(1, 400),
)
def test_the_moments_of_a_visit_come_in_order_and_by_day(
    starts_at: datetime, days: int, zone: str, hours: int
) -> None:
    now = starts_at - timedelta(hours=hours)
    found = visit_rules.moments(starts_at, days, zone, now)
    last = visit_rules.ends(starts_at, days, zone)
    assert last.astimezone(ZoneInfo(zone)).hour == starts_at.astimezone(ZoneInfo(zone)).hour
    assert starts_at <= last < found.debrief < found.again < found.close
    if found.remind is not None:
        assert now < found.remind < starts_at
        assert sending.quiet_until(found.remind, zone) is None
    # Whoever begins by day is asked by day, unless the visit itself begins late.
    if 7 <= starts_at.astimezone(ZoneInfo(zone)).hour <= 17:
        assert sending.quiet_until(found.debrief, zone) is None


@pytest.mark.parametrize(
    ("said", "minutes"),
    [
        ("90", 90),
        ("90 min", 90),
        ("2 h", 120),
        ("2 heures", 120),
        ("1h30", 90),
        ("1.5 hours", 90),
        ("1 h 15 min", 75),
        ("2", None),
        ("5 min", 5),
        ("0", None),
        ("a while", None),
    ],
)
def test_how_long(said: str, minutes: int | None) -> None:
    assert visit_rules.minutes(said) == minutes


def test_the_day_of_a_visit_that_was() -> None:
    today = date(2027, 1, 10)
    assert visit_parts.past_day(None, today) == today
    assert visit_parts.past_day(date(2027, 1, 9), today) == date(2027, 1, 9)
    assert visit_parts.past_day(date(2027, 12, 12), today) == date(2026, 12, 12)
    assert visit_parts.past_day(date(2026, 11, 1), today) is None
    assert visit_parts.past_day(date(2028, 2, 29), today) is None
