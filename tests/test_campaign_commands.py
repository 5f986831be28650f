"""`./mentorline campaign …` as a coordinator types it: what it prints, refuses and writes."""

from __future__ import annotations

import json
import os
import pty
import re
import struct
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import select
from sqlalchemy.orm import Session, sessionmaker
from typer.testing import CliRunner

from bot.quizzes import campaigns, planning
from bot.quizzes.plan import Plan, PlanError, read
from cli import campaign_plans as plans
from cli.app import app
from cli.errors import Refusal
from store.base import make_engine, make_sessions
from store.quizzes import Answer, Campaign, CampaignVersion, Dose, Enrolment
from tests import programme
from tests.programme import NOW

# Minutes in all: left out of the quick part.
pytestmark = pytest.mark.slow

ROOT = Path(__file__).resolve().parent.parent
EXAMPLE = ROOT / "docs" / "examples" / "campaign.yml"
TOMORROW = date(2026, 3, 2)
Sessions = sessionmaker[Session]


@dataclass
class Said:
    """What came of a command: exit status, standard output, standard error."""

    status: int
    out: str
    err: str


Run = Callable[..., Said]


@pytest.fixture
def sessions(database_url: str) -> Iterator[Sessions]:
    engine = make_engine(database_url)
    with make_sessions(engine).begin() as session:
        programme.stock_bank(session)
        programme.town(session)
    yield make_sessions(engine)
    engine.dispose()


@pytest.fixture
def environment(database_url: str, tmp_path: Path) -> dict[str, str]:
    """A house whose clock shows a Sunday in March."""
    clock = tmp_path / "clock"
    clock.write_bytes(struct.pack("<d", (NOW - datetime.now(UTC)).total_seconds()))
    return {
        "DATABASE_URL": database_url,
        "MENTORLINE_HOME": str(tmp_path),
        "MENTORLINE_CLOCK": str(clock),
        "DEFAULT_TIMEZONE": "Africa/Kigali",
    }


@pytest.fixture
def run(environment: dict[str, str], sessions: Sessions) -> Run:
    """A command in this process; refusals as ``cli.__main__`` shows them."""

    def command(*words: str) -> Said:
        answer = CliRunner(env=environment).invoke(app, ["campaign", *words])
        if isinstance(answer.exception, Refusal):
            return Said(1, answer.stdout, f"{answer.stderr}{answer.exception}\n")
        if answer.exception is not None and not isinstance(answer.exception, SystemExit):
            raise answer.exception
        return Said(answer.exit_code, answer.stdout, answer.stderr)

    return command


def plan_of(sessions: Sessions, name: str) -> Plan:
    with sessions() as session:
        found = campaigns.by_name(session, name)
        assert found is not None
        return campaigns.plan_of(session, found)


def state_of(sessions: Sessions, name: str) -> str:
    with sessions() as session:
        found = campaigns.by_name(session, name)
        assert found is not None
        return found.state


# Draft


def test_create_with_defaults(run: Run, sessions: Sessions) -> None:
    said = run("create", "Safe birth")
    assert said.status == 0
    assert "#1 'Safe birth' is a draft." in said.out
    assert "7 mentees: SMS 4, WhatsApp 3" in said.out
    assert "left out, texted STOP: 1" in said.out
    assert "Mentee 308" not in said.out
    assert "Nothing is sent before: ./mentorline campaign launch 'Safe birth'" in said.out
    assert plan_of(sessions, "safe BIRTH") == read(
        {"start": TOMORROW, "end": TOMORROW + timedelta(days=26 * 7 - 1)}
    )
    with sessions() as session:
        assert session.scalars(select(Enrolment)).all() == []


def test_every_option_lands_in_the_plan(run: Run, sessions: Sessions) -> None:
    options = {
        "--topic": "pph",
        "--item": "preeclampsia-q01",
        "--competency": "pph-treat",
        "--district": "Kayonza",
        "--facility": "Rukara",
        "--cadre": "nurse",
        "--association": "",
        "--person": "0788 000 306",
        "--language": "en",
        "--per-week": "2",
        "--weekdays": "Monday, thu sat",
        "--hour": "16:30-18",
        "--timezone": "Africa/Nairobi",
        "--start": "2026-05-04",
        "--weeks": "6",
        "--quiet": "21:00-06:00",
        "--channel": "whatsapp",
        "--outside": "sms",
        "--spacing": "fsrs",
        "--retention": "0.8",
        "--reminder": "12",
        "--expiry": "48",
        "--budget-segments": "500",
        "--budget-money": "20",
        "--per-segment": "0.05",
        "--per-template": "0.02",
        "--per-message": "0.01",
        "--currency": "RWF",
    }
    competencies = {one.id for one in programme.questions().competencies}
    options["--competency"] = min(competencies)
    words = [word for pair in options.items() for word in pair]
    said = run("create", "All", *words, "--topic", "preeclampsia", "--weekends", "--no-summary")
    assert said.status == 0, said.err
    assert plan_of(sessions, "All").model_dump(mode="json", exclude={"kind", "tips"}) == {
        "items": ["preeclampsia-q01"],
        "topics": ["pph", "preeclampsia"],
        "competencies": [min(competencies)],
        "cohort": {
            "districts": ["Kayonza"],
            "facilities": ["Rukara"],
            "cadres": ["nurse"],
            "areas": [],
            "associations": [],
            "groups": [],
            "people": ["+250788000306"],
        },
        "per_week": 2,
        "weekdays": ["mon", "thu", "sat"],
        "weekends": True,
        "hour": "16:30-18:00",
        "own_hour": True,
        "timezone": "Africa/Nairobi",
        "start": "2026-05-04",
        "end": "2026-06-14",
        "quiet": "21:00-06:00",
        "channel": "whatsapp",
        "outside": "sms",
        "languages": ["en"],
        "spacing": "fsrs",
        "retention": 0.8,
        "reminder": 12,
        "expiry": 48,
        "summary": False,
        "budget": {
            "segments": 500,
            "money": 20.0,
            "currency": "RWF",
            "per_segment": 0.05,
            "per_template": 0.02,
            "per_message": 0.01,
        },
    }


def test_the_example_is_a_plan_and_options_go_before_it(run: Run, sessions: Sessions) -> None:
    said = run("create", "Safe birth", "--file", str(EXAMPLE), "--per-week", "2", "--weeks", "4")
    assert said.status == 0, said.err
    plan = plan_of(sessions, "Safe birth")
    assert plan.topics == ["pph", "preeclampsia"]
    assert (plan.per_week, str(plan.start), str(plan.end)) == (2, "2027-01-04", "2027-01-31")
    assert plan.budget is not None
    assert (plan.budget.money, plan.budget.segments) == (500, None)
    assert "USD; the budget suffices" in said.out


def test_the_example_names_everything_a_plan_has() -> None:
    named = set(yaml.safe_load(EXAMPLE.read_text("utf-8")))
    assert named - {"weeks"} == set(Plan.model_fields) - {"kind", "tips", "end"}
    tip = EXAMPLE.read_text("utf-8").split("and have:\n")[1]
    assert set(yaml.safe_load(re.sub("(?m)^#", "", tip))) == {"kind", "tips"}


def test_a_tip_once_and_a_series(run: Run, sessions: Sessions) -> None:
    said = run("tip", "Hands", "--text-en", "Wash.", "--text-fr", "Lavez.", "--on", "2026-03-08")
    assert said.status == 0, said.err
    assert "7 tips planned, the first on Sun 2026-03-08, the last on Sun 2026-03-08" in said.out
    once = plan_of(sessions, "Hands")
    assert (once.kind, once.start, once.end) == ("tips", date(2026, 3, 8), date(2026, 3, 8))
    assert once.tips == [{"en": "Wash.", "fr": "Lavez."}]
    assert "1 tip planned" in run("tip", "One", "--text-en", "Wash.", "--person", "RAM-6").out
    said = run("tip", "Series", *(w for n in range(5) for w in ("--text-en", f"Tip {n}.")))
    assert "35 tips planned, the first on Mon 2026-03-02, the last on Wed 2026-03-11" in said.out


# Wrong usage, and what is refused


@pytest.mark.parametrize(
    "words",
    [
        (),
        ("dance",),
        ("create",),
        ("create", "A", "--per-week", "6"),
        ("create", "A", "--per-week", "many"),
        ("create", "A", "--start", "tomorrow"),
        ("create", "A", "--channel", "pigeon"),
        ("create", "A", "--weeks", "3", "--end", "2026-06-01"),
        ("create", "A", "--file", "/nonexistent.yml"),
        ("create", "A", "--text-en", "Hello"),
        ("tip", "A", "--text-fr", "Lavez."),
        ("tip", "A", "--text-en", "a", "--text-en", "b", "--on", "2026-03-08"),
        ("tip", "A", "--text-en", "a", "--on", "2026-03-08", "--weeks", "2"),
        ("launch",),
        ("change", "A"),
        ("copy", "A"),
    ],
)
def test_wrong_usage_is_exit_2(tmp_path: Path, words: tuple[str, ...]) -> None:
    # Where no database answers: usage is looked at first.
    nowhere = {
        "DATABASE_URL": "postgresql+psycopg://127.0.0.1:9/none",
        "MENTORLINE_HOME": str(tmp_path),
    }
    assert CliRunner(env=nowhere).invoke(app, ["campaign", *words]).exit_code == 2


REFUSED: list[tuple[tuple[str, ...], list[str]]] = [
    (("create", " "), ["A campaign needs a name."]),
    (("create", "#3"), ["cannot begin with #"]),
    (("create", "A\nB"), ["signs that can be seen"]),
    (("show", "Nothing"), ["There is no campaign called 'Nothing'."]),
    (("show", "#7"), ["There is no campaign called '#7'."]),
    (("show", "#²"), ["is no campaign's number"]),
    (("show", "#99999999999999999999"), ["is no campaign's number"]),
    (("preview", "Nothing"), ["There is no campaign"]),
    (("launch", "Nothing", "--yes"), ["There is no campaign"]),
    (("pause", "Nothing"), ["There is no campaign"]),
    (("end", "Nothing", "--yes"), ["There is no campaign"]),
    (("copy", "Nothing", "New"), ["There is no campaign"]),
    (("change", "Nothing", "--per-week", "2"), ["There is no campaign"]),
    (("create", "A", "--hour", "late"), ["hour: 'late' is not two times"]),
    (("create", "A", "--timezone", "Mars/Base"), ["timezone: no such time zone"]),
    (("create", "A", "--weekdays", "xday"), ["'xday' is no weekday"]),
    (("create", "A", "--end", "2026-01-01"), ["The end is before the start."]),
    (("create", "A", "--start", "9999-12-01"), ["years must be from 2000 to 2200"]),
    (("create", "A", "--start", "0001-01-01"), ["years must be from 2000 to 2200"]),
    (("create", "A", "--weekdays", "sat"), ["Weekend days need weekends: true."]),
    (("create", "A", "--budget-money", "5"), ["its prices"]),
    (("create", "A", "--budget-money", "inf"), ["budget.money: holds a character or number"]),
    (
        ("create", "A", "--topic", "cooking", "--district", "Kigli", "--person", "0788999999"),
        [
            "topics: 'cooking' has no question",
            "cohort.districts: nobody has 'Kigli'.",
            "cohort.people: '+250788999999' is neither",
            "Nothing was done: what is wrong is listed above.",
        ],
    ),
    (("tip", "A"), ["A campaign of tips needs at least one tip."]),
    (("tip", "A", "--text-en", " "), ["tip 1 needs a text"]),
]


def test_refusals(run: Run, sessions: Sessions) -> None:
    for words, sentences in REFUSED:
        said = run(*words)
        assert said.status == 1, words
        for sentence in sentences:
            assert sentence in said.err, words
    with sessions() as session:
        assert session.scalars(select(Campaign)).all() == []


BAD_FILES = [
    ("- a\n- b", "plan.yml is not a list of names and values."),
    ("topics: [pph", "plan.yml, line 1: this cannot be read as YAML."),
    ("topics: pph", "topics: 'pph' is not a list."),
    ("colour: red", "colour: is not known here."),
    ("start: 2026-02-31", "plan.yml: this cannot be read as YAML."),
    ("start: soon", "start: 'soon' is not a date such as 2026-03-31."),
    ("weeks: many", "weeks: 'many' is not a number from 1 to 104."),
    ("cohort: [Kayonza]", "cohort: is not a list of names and values."),
    ("kind: tips\ntips: [{en: Hello}]", "that file is for ./mentorline campaign tip."),
    ('hour: "\\0"', "hour: holds a character or number that cannot be kept."),
    ("cohort: {facilities: [1]}", "cohort.facilities.0: 1 is not a text."),
    ("&a [*a]", "plan.yml is not a list"),
]


def test_bad_files_are_refused_in_one_sentence(run: Run, tmp_path: Path) -> None:
    path = tmp_path / "plan.yml"
    for text, sentence in BAD_FILES:
        path.write_text(text, "utf-8")
        said = run("create", "A", "--file", str(path), "--district", "Kayonza")
        assert said.status == 1, text
        assert sentence in said.err, text


def test_a_file_that_is_no_text_is_refused(run: Run, tmp_path: Path) -> None:
    path = tmp_path / "plan.yml"
    path.write_bytes(b"\xff\xfe\x00topics")
    assert "cannot be read as YAML" in run("create", "A", "--file", str(path)).err


values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text() | st.dates(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=6,
)


@given(
    st.dictionaries(st.sampled_from([*Plan.model_fields, "weeks", "x"]), values, max_size=6),
    st.sampled_from(["quiz", "tips"]),
)
def test_no_file_breaks_the_reading(
    tmp_path_factory: pytest.TempPathFactory, data: dict[str, Any], kind: str
) -> None:
    path = tmp_path_factory.getbasetemp() / "any.yml"
    path.write_text(yaml.safe_dump(data, allow_unicode=True), "utf-8")
    try:
        found = plans.new(kind, {"file": path, "district": ["Kayonza"]}, TOMORROW, "RW")
    except (PlanError, Refusal):
        return
    assert found.cohort.districts == ["Kayonza"]


# Look


def test_list_and_show(run: Run, sessions: Sessions) -> None:
    assert "There is no campaign yet" in run("list").out
    assert json.loads(run("list", "--json").out) == {"campaigns": []}
    run("create", "First", "--weeks", "2")
    run("create", "Second [bold]", "--cadre", "midwife", "--budget-segments", "10")
    run("launch", "first", "--yes")
    with sessions.begin() as session:
        planning.plan_ahead(session, NOW)
        first, second, *_ = session.scalars(select(Dose).order_by(Dose.id))
        first.state, second.state, second.reason = "answered", "lapsed", "in an open case"
        session.add(answer(first))
    listed = run("list").out
    assert re.search(r"#2\s+Second \[bold\]\s+quiz\s+draft", listed)
    assert re.search(r"#1\s+First\s+quiz\s+running\s+2026-03-02\s+2026-03-15\s+7\s+21\s+1", listed)
    rows = json.loads(run("list", "--json").out)["campaigns"]
    assert [(row["number"], row["enrolled"], row["doses"]) for row in rows] == [
        (2, 0, 0),
        (1, 7, 21),
    ]
    page = run("show", "#1").out
    assert "First: quiz, running" in page
    assert re.search(r"1\s+question\s+lapsed\s+in an open case", page)
    assert re.search(r"19\s+question\s+planned", page)
    assert "answers: 1, 100% right" in page
    assert "versions: 1 since 2026-03-01" in page
    found = json.loads(run("show", "first", "--json").out)
    assert (found["answers"], found["right_share"], found["segments"]) == (1, 1.0, 0)
    assert found["plan"]["per_week"] == 3
    assert "budget: segments" in run("show", "second [BOLD]").out


def answer(dose: Dose) -> Answer:
    item = programme.questions().items[0]
    return Answer(
        dose_id=dose.id,
        person_id=dose.person_id,
        campaign_id=dose.campaign_id,
        item_id=item.id,
        item_version=1,
        competency=item.competency,
        option=item.answer,
        right=True,
        first=True,
        answered_at=NOW,
        latency=60.0,
        text="A",
        channel="sms",
        rule="kerfoot",
        recall=0.0,
        before={},
        after={},
    )


def test_preview_shows_everything(run: Run) -> None:
    run("create", "Safe birth", "--weeks", "2", "--budget-segments", "5")
    page = run("preview", "Safe birth").out
    assert "Safe birth: quiz, 2026-03-02 to 2026-03-15" in page
    assert re.search(r"district\s+Kayonza 3, Gatsibo 3, not said 1", page)
    assert re.search(r"2\s+no address that can be reached\s+Mentee 311, Mentee 312", page)
    assert re.search(r"2026-03-09\s+21\s+7\n", page)
    assert re.search(r"mon\s+wed\s+fri\n", page)
    assert "en, SMS, first question (" in page
    assert "    A question for you. Reply with one letter." in page
    assert "[Answer] opens [A] [B] [C] [D]" in page
    assert "en, WhatsApp outside the window, reminder" in page
    assert "the budget is used up in the week of 2026-03-02" in page
    assert "if 60% are answered" in page
    assert "- It is shorter than 24 days" in page


def test_preview_as_json_is_one_object(run: Run) -> None:
    run("create", "A", "--weeks", "26", "--topic", "pph")
    found = json.loads(run("preview", "A", "--json").out)
    assert found["members"] == 6  # none of these questions is for a CHW
    assert found["doses"]["total"] == 6 * 78
    assert round(found["capacity"]["formula"]["0.7"]) <= found["capacity"]["items"]
    assert {"text", "segments", "encoding", "buttons"} <= found["examples"][0].keys()


def test_preview_of_a_change_changes_nothing(run: Run, sessions: Sessions, tmp_path: Path) -> None:
    run("create", "A", "--weeks", "4")
    before = plan_of(sessions, "A")
    found = json.loads(run("preview", "A", "--per-week", "1", "--weeks", "2", "--json").out)
    assert found["doses"]["total"] == 14
    path = tmp_path / "changed.yml"
    path.write_text("per_week: 2\ntopics: [pph]\n", "utf-8")
    found = json.loads(run("preview", "A", "--file", str(path), "--json").out)
    assert found["doses"]["total"] == 6 * 8
    assert run("preview", "A", "--topic", "cooking").status == 1
    assert plan_of(sessions, "A") == before


def test_only_twenty_names_unless_all_are_asked_for(run: Run, sessions: Sessions) -> None:
    with sessions.begin() as session:
        for number in range(400, 425):
            programme.mentee(session, number, "sms", stopped_at=NOW)
    run("create", "A", "--weeks", "2")
    page = run("preview", "A").out
    assert "Mentee 418" in page
    assert "Mentee 419" not in page
    assert "and 6 more (--all)" in page
    assert "Mentee 424" in run("preview", "A", "--all").out


# Life


def test_a_whole_life(run: Run, sessions: Sessions) -> None:
    run("create", "A", "--weeks", "4")
    said = run("launch", "A")
    assert said.status == 1
    assert "7 mentees" in said.out
    assert "run ./mentorline campaign launch A --yes" in said.err
    assert state_of(sessions, "A") == "draft"
    assert run("pause", "A").err == "'A' is draft, not running.\n"
    said = run("launch", "A", "--yes")
    assert said.out == "'A' is running: 7 mentees enrolled.\n"
    assert "only a draft is launched" in run("launch", "A", "--yes").err
    with sessions.begin() as session:
        planning.plan_ahead(session, NOW)
    said = run("change", "A", "--per-week", "2")
    assert "'A' is at version 2; 21 planned doses became void." in said.out
    assert "has that plan already" in run("change", "A", "--per-week", "2").out
    assert "paused" in run("pause", "A").out
    assert state_of(sessions, "A") == "paused"
    assert "running again" in run("resume", "#1").out
    with sessions.begin() as session:
        planning.plan_ahead(session, NOW)
    said = run("end", "A")
    assert said.status == 1
    assert "run ./mentorline campaign end A --yes" in said.err
    assert "'A' has ended; 14 planned doses became void." in run("end", "A", "--yes").out
    assert "has ended already" in run("end", "A", "--yes").err
    assert "copy it instead" in run("change", "A", "--per-week", "3").err
    said = run("copy", "A", "A again", "--start", "2026-04-06")
    assert "#2 'A again' is a draft, from 2026-04-06 to 2026-05-03." in said.out
    assert run("copy", "A", "a AGAIN").err.startswith("There is a campaign called")
    assert plan_of(sessions, "A again").per_week == 2
    run("copy", "A", "Third")
    assert plan_of(sessions, "Third").start == TOMORROW


def test_a_change_by_file_keeps_the_dates_it_does_not_name(
    run: Run, sessions: Sessions, tmp_path: Path
) -> None:
    run("create", "A", "--start", "2026-04-06", "--weeks", "4", "--district", "Kayonza")
    path = tmp_path / "changed.yml"
    path.write_text("per_week: 5\n", "utf-8")
    run("change", "A", "--file", str(path))
    plan = plan_of(sessions, "A")
    assert (str(plan.start), str(plan.end), plan.per_week) == ("2026-04-06", "2026-05-03", 5)
    assert plan.cohort.districts == []
    run("change", "A", "--district", "Gatsibo", "--cadre", "nurse")
    run("change", "A", "--district", "")
    assert plan_of(sessions, "A").cohort.filters == {"cadres": ["nurse"]}
    path.write_text("kind: tips\ntips: [{en: Hello}]\n", "utf-8")
    assert "stays quiz or tips" in run("change", "A", "--file", str(path)).err


def test_a_change_that_cannot_be_changes_nothing(run: Run, sessions: Sessions) -> None:
    run("create", "A")
    before = plan_of(sessions, "A")
    assert run("change", "A", "--topic", "cooking").status == 1
    assert run("change", "A", "--hour", "23:00-01:00").status == 1
    assert plan_of(sessions, "A") == before
    with sessions() as session:
        assert len(session.scalars(select(CampaignVersion)).all()) == 1


def test_nobody_to_reach_is_no_launch(run: Run, sessions: Sessions) -> None:
    run("create", "A", "--language", "sw")
    said = run("launch", "A", "--yes")
    assert said.err == "'A' would reach nobody; the preview says why.\n"
    assert "Nobody would get anything." in run("preview", "A").out
    assert state_of(sessions, "A") == "draft"


def test_what_people_typed_cannot_steer_the_terminal(run: Run, sessions: Sessions) -> None:
    with sessions.begin() as session:
        programme.mentee(session, 320, "sms", name="\x1b[2JEve [red]", stopped_at=NOW)
    run("create", "A", "--weeks", "2")
    page = run("preview", "A").out
    assert "\x1b" not in page
    assert "Eve [red]" in page


# As a program of its own


def start(environment: dict[str, str], *words: str, **more: Any) -> subprocess.Popen[str]:
    kept = {k: v for k, v in os.environ.items() if not k.startswith(("TWILIO_", "DATABASE_"))}
    return subprocess.Popen(
        [sys.executable, "-P", "-m", "cli", "campaign", *words],
        env=kept | {"PYTHONPATH": str(ROOT)} | environment,
        stderr=subprocess.PIPE,
        text=True,
        **more,
    )


@pytest.mark.usefixtures("sessions")
def test_from_the_shell(environment: dict[str, str]) -> None:
    pipes = {"stdout": subprocess.PIPE, "stdin": subprocess.DEVNULL}
    out, err = start(environment, "create", "Safe birth", "--weeks", "2", **pipes).communicate()
    assert "is a draft" in out
    assert err == ""
    refused = start(environment, "create", "safe  birth", "--weeks", "2", **pipes)
    assert refused.communicate()[1] == "There is a campaign called 'safe birth' already.\n"
    assert refused.returncode == 1
    nowhere = environment | {"DATABASE_URL": "postgresql+psycopg://me:hush@127.0.0.1:9/none"}
    refused = start(nowhere, "list", **pipes)
    err = refused.communicate()[1]
    assert err.startswith("The database does not answer")
    assert (len(err.splitlines()), refused.returncode, "hush" in err) == (1, 1, False)


@pytest.mark.parametrize(("typed", "state"), [(b"y\n", "running"), (b"n\n", "draft")])
def test_at_a_terminal_the_launch_is_asked_for(
    environment: dict[str, str], run: Run, sessions: Sessions, typed: bytes, state: str
) -> None:
    run("create", "A", "--weeks", "2")
    ours, theirs = pty.openpty()
    asking = start(environment, "launch", "A", stdin=theirs, stdout=theirs)
    os.close(theirs)
    seen = b""
    end = time.monotonic() + 60
    while b"Launch 'A'? [y/N]" not in seen:
        assert time.monotonic() < end
        seen += os.read(ours, 4096)
    os.write(ours, typed)
    assert asking.wait(60) == (0 if state == "running" else 1)
    assert asking.stderr is not None
    assert ("Nothing was done." in asking.stderr.read()) == (state == "draft")
    asking.stderr.close()
    os.close(ours)
    assert b"7 mentees" in seen
    assert state_of(sessions, "A") == state


def test_help_names_every_command(run: Run) -> None:
    out = run("--help").out
    for command in (
        *("create", "tip", "list", "show", "preview", "launch"),
        *("pause", "resume", "change", "end", "copy"),
    ):
        assert f"\n  {command} " in out
        assert f"campaign {command}" in run(command, "--help").out
