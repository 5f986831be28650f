"""Bringing quiz questions in from the sheets that clinicians really write."""

from __future__ import annotations

import csv
import gc
import io
import re
import warnings
from collections.abc import Callable, Iterator
from datetime import UTC, date, datetime, time
from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from openpyxl import Workbook
from sqlalchemy import func, select
from sqlalchemy.orm import Session, sessionmaker

from bot.importing import Outcome
from bot.quizzes import bank, catalogue, importing
from bot.quizzes.importing import COLUMNS, MORE_COLUMNS
from bot.settings import Settings
from cli import importing as command
from cli.errors import Refusal
from store.base import make_engine, make_sessions
from store.quizzes import Competency, Item, ItemVersion

ROOT = Path(__file__).parents[1]
EXAMPLE = ROOT / "docs/examples/questions.csv"
SETTINGS = Settings(_env_file=None)
ALL = (*COLUMNS, *MORE_COLUMNS)
NOW = datetime(2025, 6, 2, 15, 30, tzinfo=UTC)
Sessions = sessionmaker[Session]
Bring = Callable[..., Outcome]

KEPT = bank.Item(
    id="pph-1",
    topic="pph",
    version=1,
    competency="pph-treat",
    stem={"en": "First drug?", "fr": "Premier produit ?"},
    options={"en": ("Oxytocin", "Salt", "Sugar"), "fr": ("Ocytocine", "Sel", "Sucre")},
    answer=0,
    why={"en": "Oxytocin is first.", "fr": "L'ocytocine d'abord."},
    source="WHO",
    cadres=frozenset({"nurse", "midwife"}),
    facts=("pph-09",),
    card="pph-oxytocin",
    critical=True,
)
A_BANK = bank.Bank(
    (
        bank.Topic("pph", {"en": "Bleeding after birth", "fr": "Hémorragie du post-partum"}, ""),
        bank.Topic("ipc", {"en": "Infection control", "fr": "Hygiène"}, ""),
        bank.Topic("anc", {"en": "Antenatal care"}, ""),
    ),
    (
        bank.Competency("pph-treat", "pph", {"en": "Treat bleeding", "fr": "Traiter"}),
        bank.Competency("ipc-hands", "ipc", {"en": "Clean hands", "fr": "Mains propres"}),
    ),
    (KEPT,),
)
ROW = {
    "id": "pph-2",
    "technical_area": "pph",
    "competency": "pph-treat",
    "stem": "How much oxytocin?",
    "option_a": "10 IU",
    "option_b": "20 IU",
    "option_c": "40 IU",
    "option_d": "",
    "answer": "A",
    "explanation": "10 IU is the dose.",
    "source": "WHO",
    "language": "en",
    "critical": "yes",
    "form": "",
}
FRENCH = ROW | {
    "stem": "Combien d'ocytocine ?",
    "option_a": "10 UI",
    "option_b": "20 UI",
    "option_c": "40 UI",
    "explanation": "La dose est de 10 UI.",
    "language": "fr",
}

# `bot.importing.read_rows` leaves its workbook to the garbage collector.
pytestmark = pytest.mark.filterwarnings("ignore:unclosed file:ResourceWarning")


@pytest.fixture(autouse=True, scope="module")
def no_workbook_is_left_to_other_tests() -> Iterator[None]:
    yield
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", "unclosed file", ResourceWarning)
        gc.collect()


@pytest.fixture
def sessions(database_url: str) -> Iterator[Sessions]:
    engine = make_engine(database_url)
    made = make_sessions(engine)
    with made.begin() as session:
        catalogue.save(session, A_BANK)
    yield made
    engine.dispose()


def as_csv(rows: list[dict[str, str]], delimiter: str = ",") -> str:
    out = io.StringIO()
    names = list({name: None for row in rows for name in row})
    writer = csv.DictWriter(out, names, delimiter=delimiter, lineterminator="\n")
    writer.writeheader()
    writer.writerows(rows)
    return out.getvalue()


def as_xlsx(path: Path, rows: list[dict[str, Any]], formats: dict[str, str] | None = None) -> None:
    book = Workbook()
    sheet = book.worksheets[0]
    sheet.append(list(rows[0]))
    for row in rows:
        sheet.append(list(row.values()))
    for cell, shape in (formats or {}).items():
        sheet[cell].number_format = shape
    book.save(path)
    book.close()


@pytest.fixture
def bring(sessions: Sessions, tmp_path: Path) -> Bring:
    """Import rows (CSV), or a text or bytes under this name."""

    def run(content: Any, name: str = "q.csv", *, check: bool = False) -> Outcome:
        path = tmp_path / name
        if isinstance(content, list):
            content = as_csv(content)
        path.write_bytes(content if isinstance(content, bytes) else content.encode())
        return importing.questions(sessions, path, SETTINGS, check=check)

    return run


def live(sessions: Sessions) -> dict[str, bank.Item]:
    with sessions() as session:
        return {item.id: item for item in catalogue.live(session)}


def count(sessions: Sessions, model: type) -> int:
    with sessions() as session:
        return session.scalar(select(func.count()).select_from(model)) or 0


def rows_of(item: bank.Item) -> list[dict[str, str]]:
    """An item as an export would write it."""
    return [
        {
            "id": item.id,
            "technical_area": item.topic,
            "competency": item.competency,
            "stem": item.stem[language],
            **{
                f"option_{letter.lower()}": dict(enumerate(item.options[language])).get(place, "")
                for place, letter in enumerate(bank.LETTERS)
            },
            "answer": item.letter,
            "explanation": item.why[language],
            "source": item.source,
            "language": language,
            "critical": "yes" if item.critical else "no",
            "form": item.form or "",
            "card": item.card or "",
            "cadres": "; ".join(sorted(item.cadres)),
            "twin": item.twin or "",
            "facts": ";".join(item.facts),
            "review": item.review,
        }
        for language in item.languages
    ]


def test_a_question_in_two_languages(bring: Bring, sessions: Sessions) -> None:
    outcome = bring([ROW, FRENCH])
    assert outcome.problems == []
    assert outcome.summary == ("1 questions: 1 new, 0 changed (new versions), 0 as they were.")
    assert live(sessions)["pph-2"] == bank.Item(
        id="pph-2",
        topic="pph",
        version=1,
        competency="pph-treat",
        stem={"en": "How much oxytocin?", "fr": "Combien d'ocytocine ?"},
        options={"en": ("10 IU", "20 IU", "40 IU"), "fr": ("10 UI", "20 UI", "40 UI")},
        answer=0,
        why={"en": "10 IU is the dose.", "fr": "La dose est de 10 UI."},
        source="WHO",
        critical=True,
    )
    assert not live(sessions)["pph-2"].is_sample
    assert live(sessions)["pph-1"] == KEPT


def test_the_further_columns(bring: Bring, sessions: Sessions) -> None:
    more = {"card": "c-1", "cadres": "Nurse; CHW", "twin": "", "facts": "pph-01;pph-02"}
    assert bring([ROW | more | {"review": "seen by Dr M, May 2025"}]).problems == []
    item = live(sessions)["pph-2"]
    assert (item.card, item.cadres, item.twin) == ("c-1", {"nurse", "chw"}, None)
    assert (item.facts, item.review) == (("pph-01", "pph-02"), "seen by Dr M, May 2025")


@pytest.mark.parametrize(
    ("change", "known", "value"),
    [
        ({"answer": "b"}, "letter", "B"),
        ({"answer": "C)"}, "letter", "C"),
        ({"answer": "(a)."}, "letter", "A"),
        ({"answer": "Option B"}, "letter", "B"),
        ({"answer": "3"}, "letter", "C"),
        ({"answer": "2.0"}, "letter", "B"),
        ({"critical": "Oui"}, "critical", True),
        ({"critical": "TRUE"}, "critical", True),
        ({"critical": "1"}, "critical", True),
        ({"critical": "NON"}, "critical", False),
        ({"critical": "false"}, "critical", False),
        ({"critical": "0"}, "critical", False),
        ({"critical": ""}, "critical", False),
        ({"language": ""}, "languages", ("en",)),
        ({"language": "English"}, "languages", ("en",)),
        ({"technical_area": "Hémorragie du post-partum"}, "topic", "pph"),
        ({"technical_area": "HEMORRAGIE DU POST PARTUM"}, "topic", "pph"),
        ({"technical_area": " bleeding after  birth"}, "topic", "pph"),
        ({"competency": "TREAT BLEEDING"}, "competency", "pph-treat"),
        ({"competency": "traiter"}, "competency", "pph-treat"),
        (
            {"option_a": "5.0", "option_b": "10.0", "option_c": "20"},
            "options",
            {"en": ("5", "10", "20")},
        ),
        (
            {"option_a": "37.5", "option_b": "38.0", "option_c": "39.0"},
            "options",
            {"en": ("37.5", "38.0", "39.0")},
        ),
        ({"option_c": "", "option_a": "Yes", "option_b": "No"}, "options", {"en": ("Yes", "No")}),
    ],
)
def test_cells_as_people_write_them(
    bring: Bring, sessions: Sessions, change: dict[str, str], known: str, value: object
) -> None:
    assert bring([ROW | change]).problems == []
    assert getattr(live(sessions)["pph-2"], known) == value


BAD: list[tuple[dict[str, str], list[str]]] = [
    ({"id": ""}, ["id is empty"]),
    ({"stem": "", "source": ""}, ["stem is empty", "source is empty"]),
    ({"competency": ""}, ["competency is empty"]),
    ({"id": "a b"}, ["a b: the id may hold letters"]),
    ({"id": "a: b"}, ["a: b: the id may hold letters"]),
    ({"id": "x" * 61}, ["the id has 61 characters, at most 60"]),
    ({"id": "PPH-1"}, ["id 'PPH-1' is written 'pph-1' elsewhere"]),
    ({"id": "pph-1", "technical_area": "ipc", "competency": "ipc-hands"}, ["of pph already"]),
    ({"technical_area": "phh"}, ["technical_area 'phh' is not one of pph, "]),
    ({"technical_area": "Hygienne"}, ["is not one of ipc, "]),
    ({"competency": "Treat bleedng"}, ["not known in pph: did you mean 'Treat bleeding'?"]),
    ({"competency": "pph-treats"}, ["did you mean 'pph-treat'?"]),
    ({"competency": "ipc-hands"}, ["is one of ipc, not of pph"]),
    ({"competency": "!!!"}, ["competency '!!!' is no name"]),
    ({"competency": "long " * 30}, ["is no name of at most 120"]),
    ({"answer": ""}, ["answer is empty"]),
    ({"answer": "E"}, ["answer 'E' is not a letter from A to D"]),
    ({"answer": "10 IU"}, ["answer '10 IU' is not a letter"]),
    ({"answer": "A or B"}, ["is not a letter"]),
    ({"answer": "0"}, ["is not a letter"]),
    ({"answer": "D"}, ["pph-2: the answer D is not among the options"]),
    (
        {"option_a": "1 h", "option_b": "3 h", "option_c": "2 h", "answer": "2"},
        ["answer '2' may also mean '2 h': write its letter"],
    ),
    ({"critical": "maybe"}, ["critical 'maybe' is neither yes nor no"]),
    ({"critical": "ok"}, ["neither yes nor no"]),
    ({"critical": "?"}, ["critical '?' is neither yes nor no"]),
    ({"form": "C"}, ["form 'C' is neither A nor B nor blank"]),
    ({"form": "a"}, ["form and twin go together; name the question", "in a column twin"]),
    ({"form": "A", "twin": "pph-9"}, ["its twin pph-9 is not in the bank"]),
    ({"form": "A", "twin": "pph-1"}, ["its twin pph-1 does not name it"]),
    ({"form": "A", "twin": "pph-2"}, ["is its own twin"]),
    ({"language": "Latin"}, ["language 'Latin' is not one of en, fr, rw, sw"]),
    ({"language": "fr"}, ["must be there in English"]),
    ({"option_b": ""}, ["option_b is empty, but one after it is not"]),
    ({"option_c": ""}, ["2 options (en), 3 or 4 are wanted"]),
    (
        {"option_a": "", "option_b": "", "option_c": ""},
        ["the answer A is not among", "0 options (en)"],
    ),
    ({"option_b": "10 iu"}, ["two options are the same (en)"]),
    ({"option_b": "2025-02-01"}, ["option_b '2025-02-01' is a date or a time"]),
    ({"option_b": "02/01/2025"}, ["is a date"]),
    ({"option_b": "2-Feb"}, ["is a date"]),
    ({"option_b": "févr.-25"}, ["is a date"]),
    ({"option_b": "17:40:00"}, ["is a date or a time"]),
    ({"option_b": "#NAME?"}, ["option_b '#NAME?' is a spreadsheet's error"]),
    ({"stem": "#N/A"}, ["a spreadsheet's error"]),
    ({"stem": "Long " * 120}, ["(en) take 5 segments"]),
    ({"stem": "“Dose”?"}, ["English with characters that SMS makes dear: “ ”"]),
    ({"stem": "One\ntwo"}, ["a line break inside a text (en)"]),
    ({"explanation": "w" * 111}, ["why (en) has 111 characters, at most 110"]),
    ({"facts": "pph-1;pph-02"}, ["'pph-1' is no fact id"]),
]


@pytest.mark.parametrize(("change", "said"), BAD, ids=lambda value: str(value)[:40])
def test_a_bad_row_is_named_with_its_line(
    bring: Bring, sessions: Sessions, change: dict[str, str], said: list[str]
) -> None:
    sound = ROW | dict.fromkeys(change.keys() - ROW.keys(), "")
    bad = sound | {"id": "pph-2"} | change
    # A text over two lines ends on the second of them, and that one is counted.
    line = 3 + any("\n" in value for value in change.values())
    outcome = bring([sound | {"id": "pph-3"}, bad, sound | {"id": "pph-4"}])
    assert all(problem.startswith(f"Line {line}: ") for problem in outcome.problems)
    assert all(problem.endswith(".") for problem in outcome.problems)
    text = "\n".join(outcome.problems)
    for words in said:
        assert words in text
    assert 1 <= len(outcome.problems) <= len(said)
    assert outcome.summary == ""
    assert (count(sessions, Item), count(sessions, Competency)) == (1, 2)


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"answer": "B"}, "answer is B, but A on line 2"),
        ({"critical": "no"}, "critical is no, but yes on line 2"),
        ({"form": "A"}, "form is 'A', but '' on line 2"),
        (
            {"technical_area": "ipc", "competency": "ipc-hands"},
            "technical_area is 'ipc', but 'pph' on line 2",
        ),
        ({"competency": "Se préparer"}, "competency is 'se-preparer', but 'pph-treat' on line 2"),
        ({"source": "OMS"}, "source is 'OMS', but 'WHO' on line 2"),
        ({"option_d": "50 UI"}, "4 options, but 3 on line 2"),
        ({"cadres": "nurse"}, "cadres is 'nurse', but '' on line 2"),
        ({"language": "en"}, "id pph-2 (en) is also on line 2"),
    ],
)
def test_rows_of_one_question_agree(bring: Bring, change: dict[str, str], said: str) -> None:
    outcome = bring([ROW | {"cadres": ""}, FRENCH | {"cadres": ""} | change])
    assert f"Line 3: {said}." in outcome.problems


def test_rules_name_the_row_of_their_language(bring: Bring) -> None:
    outcome = bring([ROW, FRENCH | {"explanation": "é" * 111}, ROW | {"id": "pph-3", "source": ""}])
    assert outcome.problems == [
        "Line 3: pph-2: why (fr) has 111 characters, at most 110.",
        "Line 4: source is empty.",
    ]


def test_what_makes_a_heading(bring: Bring) -> None:
    assert bring([ROW | {"option_e": ""}]).problems == [
        "The heading has a column 'option_e' that is not known."
    ]
    assert bring([{key: ROW[key] for key in ROW if key not in ("source", "stem")}]).problems == [
        "The heading lacks stem, source."
    ]
    loud = [row.split(",") for row in as_csv([ROW]).splitlines()]
    loud[0] = [name.replace("_", " ").upper() for name in loud[0]]
    assert bring("\n".join(",".join(cells) for cells in loud)).problems == []
    header, row = as_csv([ROW]).splitlines()
    assert bring(f"{header},,\n{row},,\n").problems == []
    assert bring(f"{header},,\n{row},,a remark\n").problems == [
        "Line 2: it has text in a column without a heading."
    ]
    assert bring(f"{header}\n{row},,a remark\n").problems == [
        "Line 2: it has more cells than the heading."
    ]


def test_no_rows_at_all(bring: Bring) -> None:
    assert bring("").problems == ["q.csv is empty."]
    assert bring(",".join(COLUMNS) + "\n").summary.startswith("0 questions: ")
    assert bring("x", "q.ods").problems == ["q.ods is neither CSV nor XLSX nor YAML."]


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "cp1252"])
@pytest.mark.parametrize("delimiter", [",", ";"])
def test_files_as_spreadsheets_write_them(
    bring: Bring, sessions: Sessions, encoding: str, delimiter: str
) -> None:
    text = as_csv([ROW, FRENCH | {"stem": "Quelle quantité, à présent ?"}], delimiter)
    assert bring(text.replace("\n", "\r\n").encode(encoding)).problems == []
    assert live(sessions)["pph-2"].stem["fr"] == "Quelle quantité, à présent ?"


def test_a_new_competency_is_made_once_and_said(bring: Bring, sessions: Sessions) -> None:
    rows = [ROW | {"competency": "Call for help"}, FRENCH | {"competency": "call for help"}]
    outcome = bring(rows)
    assert outcome.problems == []
    assert outcome.summary.endswith("New competency in pph: Call for help (call-for-help).")
    with sessions() as session:
        made = catalogue.competencies(session)["call-for-help"]
        assert (made.topic, made.title) == ("pph", {"en": "Call for help"})
    assert bring(rows).summary == "1 questions: 0 new, 0 changed (new versions), 1 as they were."
    homonym = ROW | {"id": "anc-1", "technical_area": "anc", "competency": "Call for help"}
    assert bring([homonym]).summary.endswith("(anc-call-for-help).")


def test_a_slip_in_a_competency_of_the_same_file(bring: Bring) -> None:
    rows = [ROW | {"competency": "Call for help"}, ROW | {"id": "p", "competency": "Call for hepl"}]
    assert bring(rows).problems == [
        "Line 3: competency 'Call for hepl' is not known in pph: did you mean 'Call for help'?"
        " If not, choose a name that is less like it."
    ]


def test_a_name_that_two_topics_bear(bring: Bring, sessions: Sessions) -> None:
    with sessions.begin() as session:
        catalogue.save(session, bank.Bank((bank.Topic("ip2", {"en": "Hygiène"}, ""),), (), ()))
    assert bring([ROW | {"technical_area": "hygiene"}]).problems == [
        "Line 2: technical_area 'hygiene' may be ip2 or ipc: write that."
    ]


def test_no_topics_yet(database_url: str, tmp_path: Path) -> None:
    engine = make_engine(database_url)
    (tmp_path / "q.csv").write_text(as_csv([ROW]))
    outcome = importing.questions(make_sessions(engine), tmp_path / "q.csv", SETTINGS)
    assert outcome.problems == [
        "Line 2: technical_area 'pph' is not known: there are no technical areas yet."
    ]
    engine.dispose()


def test_a_changed_question_is_a_new_version_and_the_old_one_stays(
    bring: Bring, sessions: Sessions
) -> None:
    bring([ROW, FRENCH])
    changed = [ROW | {"stem": "Which dose of oxytocin?"}, FRENCH]
    outcome = bring([*changed, *(ROW | {"id": "pph-5"}, FRENCH | {"id": "pph-5"}), *rows_of(KEPT)])
    assert outcome.summary == "3 questions: 1 new, 1 changed (new versions), 1 as they were."
    item = live(sessions)["pph-2"]
    assert (item.version, item.stem["en"]) == (2, "Which dose of oxytocin?")
    with sessions() as session:
        old = catalogue.version(session, "pph-2", 1)
    assert old.stem["en"] == "How much oxytocin?"
    assert bring(changed).summary.startswith("1 questions: 0 new, 0 changed")
    assert count(sessions, ItemVersion) == 4


def test_a_column_that_is_not_there_leaves_what_an_item_has(
    bring: Bring, sessions: Sessions
) -> None:
    rows = rows_of(KEPT)
    for row in rows:
        for column in (*MORE_COLUMNS, "critical", "form"):
            del row[column]
    assert bring(rows).summary.endswith("1 as they were.")
    for row in rows:
        row["cadres"] = ""
    assert bring(rows).summary == "1 questions: 0 new, 1 changed (new versions), 0 as they were."
    item = live(sessions)["pph-1"]
    assert (item.cadres, item.card, item.critical) == (frozenset(), KEPT.card, True)


def test_a_language_left_out_is_said(bring: Bring, sessions: Sessions) -> None:
    outcome = bring(rows_of(KEPT)[:1])
    assert outcome.summary.endswith("pph-1 is no longer there in fr.")
    assert live(sessions)["pph-1"].languages == ("en",)


def test_a_withdrawn_question_stays_withdrawn_until_it_is_changed(
    bring: Bring, sessions: Sessions
) -> None:
    with sessions.begin() as session:
        catalogue.withdraw(session, "pph-1", NOW, "unclear")
    assert bring(rows_of(KEPT)).summary.endswith("pph-1 was withdrawn and stays so.")
    assert live(sessions) == {}
    changed = [row | {"source": "WHO 2018"} for row in rows_of(KEPT)]
    assert bring(changed).summary.endswith("pph-1 was withdrawn and is back.")
    assert live(sessions)["pph-1"].source == "WHO 2018"


def test_check_writes_nothing(bring: Bring, sessions: Sessions) -> None:
    outcome = bring([ROW | {"competency": "Call for help"}], check=True)
    assert outcome.problems == []
    assert outcome.summary.startswith("1 questions: 1 new")
    assert (count(sessions, Item), count(sessions, Competency)) == (1, 2)
    assert bring([ROW]).summary.startswith("1 questions: 1 new")
    assert live(sessions)["pph-2"].stem == {"en": ROW["stem"]}


def test_twins_stay_twins(bring: Bring, sessions: Sessions) -> None:
    one = ROW | {"id": "t-1", "form": "A", "twin": "t-2"}
    two = ROW | {"id": "t-2", "form": "B", "twin": "t-1", "stem": "The dose?"}
    assert bring([one, two]).problems == []
    assert bring([one | {"stem": "What dose?"}]).problems == []
    assert bring([one | {"form": "B"}]).problems == [
        "Line 2: t-1: it and its twin t-2 are the same form.",
        "Line 2: t-2: it and its twin t-1 are the same form.",
    ]
    assert bring([one | {"form": "", "twin": ""}]).problems == [
        "Line 2: t-2: its twin t-1 does not name it."
    ]
    assert live(sessions)["t-1"].form == "A"


def test_xlsx(sessions: Sessions, tmp_path: Path) -> None:
    path = tmp_path / "q.xlsx"
    numbers = {"option_a": 5, "option_b": 10.0, "option_c": 2.5, "critical": True, "answer": 3}
    as_xlsx(path, [ROW | numbers | {"option_d": None, None: None}])
    assert importing.questions(sessions, path, SETTINGS).problems == []
    item = live(sessions)["pph-2"]
    assert (item.options["en"], item.letter, item.critical) == (("5", "10", "2.5"), "C", True)


def test_what_a_workbook_does_to_options(sessions: Sessions, tmp_path: Path) -> None:
    path = tmp_path / "q.xlsx"
    rows = [
        ROW | {"option_b": datetime(2025, 2, 1)},
        ROW | {"id": "pph-3", "option_b": date(2025, 2, 1)},
        ROW | {"id": "pph-4", "option_b": time(17, 40)},
        ROW | {"id": "pph-5", "option_b": 0.1},
    ]
    as_xlsx(path, rows, {"F5": "0%"})
    problems = importing.questions(sessions, path, SETTINGS).problems
    assert [problem[:7] for problem in problems] == ["Line 2:", "Line 3:", "Line 4:", "Line 5:"]
    assert all("is a date or a time" in problem for problem in problems[:3])
    assert "cell F5 is a percentage" in problems[3]
    assert count(sessions, Item) == 1


@pytest.mark.parametrize("kind", ["csv", "xlsx"])
def test_a_table_says_the_same_as_yaml(sessions: Sessions, tmp_path: Path, kind: str) -> None:
    path = next(bank.FOLDER.glob("pph.yml"))
    assert importing.questions(sessions, path, SETTINGS).problems == []
    first = live(sessions)
    items = bank.read_file(path).items
    rows = [row for item in items for row in rows_of(item)]
    table = tmp_path / f"pph.{kind}"
    if kind == "csv":
        table.write_text(as_csv(rows), "utf-8")
    else:
        as_xlsx(table, rows)
    outcome = importing.questions(sessions, table, SETTINGS)
    assert outcome.problems == []
    assert outcome.summary.endswith(f" {len(items)} as they were.")
    assert live(sessions) == first


@pytest.fixture
def stocked(database_url: str) -> Iterator[Sessions]:
    """A house with the shipped bank."""
    engine = make_engine(database_url)
    made = make_sessions(engine)
    with made.begin() as session:
        catalogue.save(session, bank.load())
    yield made
    engine.dispose()


def test_the_shipped_bank_comes_back_as_it_was(stocked: Sessions, tmp_path: Path) -> None:
    items = bank.load().items
    path = tmp_path / "bank.csv"
    path.write_text(as_csv([row for item in items for row in rows_of(item)]), "utf-8")
    outcome = importing.questions(stocked, path, SETTINGS)
    assert outcome.problems == []
    assert outcome.summary == (
        f"{len(items)} questions: 0 new, 0 changed (new versions), {len(items)} as they were."
    )


def test_the_example_can_be_imported(stocked: Sessions) -> None:
    outcome = importing.questions(stocked, EXAMPLE, SETTINGS)
    assert outcome.problems == []
    assert outcome.summary == "3 questions: 3 new, 0 changed (new versions), 0 as they were."
    examples = [item for name, item in live(stocked).items() if name.startswith("example-")]
    assert all(item.is_sample and item.facts for item in examples)
    assert all(item.languages == ("en", "fr") for item in examples)


HEAD: dict[str, Any] = {
    "topic": "new_topic",
    "title": {"en": "New topic"},
    "competencies": [{"id": "new-c", "title": {"fr": "Nouvelle"}}],
}
ENTRY: dict[str, Any] = {
    "id": "new-1",
    "version": 7,
    "competency": "new-c",
    "stem": {"en": "Which?"},
    "options": {"en": ["One", "Two", "Three"]},
    "answer": "C",
    "why": {"en": "It is three."},
    "source": "WHO",
}


def in_yaml(*entries: dict[str, Any], **head: Any) -> str:
    return yaml.safe_dump({**HEAD, **head, "items": list(entries)}, sort_keys=False)


def test_yaml_may_bring_a_topic(bring: Bring, sessions: Sessions) -> None:
    outcome = bring(in_yaml(ENTRY), "q.yml")
    assert outcome.problems == []
    assert outcome.summary == (
        "1 questions: 1 new, 0 changed (new versions), 0 as they were."
        " New competency in new_topic: Nouvelle (new-c)."
    )
    item = live(sessions)["new-1"]
    assert (item.topic, item.version, item.letter) == ("new_topic", 1, "C")
    assert bring(in_yaml(ENTRY), "q.YAML").summary.endswith("1 as they were.")


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (in_yaml(ENTRY | {"why": {"en": "w" * 111}}), "Line 9: new-1: why (en) has 111"),
        (in_yaml(ENTRY | {"id": "pph-1"}), "Line 9: pph-1: is a question of pph already"),
        (in_yaml(ENTRY, ENTRY), "Line 9: new-1: the id is used 2 times."),
        (in_yaml(ENTRY | {"competency": "x"}), "Line 9: new-1: competency x is not one of"),
        (
            in_yaml(ENTRY | {"competency": "pph-treat"}, competencies=[]),
            "competency pph-treat is not one of new_topic",
        ),
        (
            in_yaml(competencies=[{"id": "pph-treat", "title": {"en": "x"}}]),
            "competency pph-treat is one of pph already.",
        ),
        (
            in_yaml(competencies=[{"id": "c", "title": {"en": "x"}}] * 2),
            "competency c: the id is used 2 times.",
        ),
        (in_yaml(ENTRY | {"answer": "E"}), "q.yml, new-1: answer is not a letter from A to D."),
        (in_yaml(competencies=5), "q.yml: competencies are not a list."),
        ("items: [", "q.yml: "),
        ("stem: 2025-13-45", "q.yml: "),
        ("- a list", "q.yml: has no list of items."),
        ("", "q.yml: has no list of items."),
    ],
)
def test_yaml_that_is_refused(bring: Bring, sessions: Sessions, text: str, said: str) -> None:
    outcome = bring(text, "q.yml")
    assert len(outcome.problems) == 1
    assert said in outcome.problems[0]
    assert (count(sessions, Item), count(sessions, Competency)) == (1, 2)


def test_a_damaged_workbook(sessions: Sessions, tmp_path: Path) -> None:
    path = tmp_path / "q.xlsx"
    as_xlsx(path, [ROW])
    whole = path.read_bytes()
    for place in range(0, len(whole), len(whole) // 60):
        path.write_bytes(whole[:place] + bytes([whole[place] ^ 0xFF]) + whole[place + 1 :])
        outcome = importing.questions(sessions, path, SETTINGS, check=True)
        assert bool(outcome.problems) != bool(outcome.summary)
        path.write_bytes(whole[:place])
        assert len(importing.questions(sessions, path, SETTINGS).problems) == 1


def test_a_file_that_is_not_there(sessions: Sessions, tmp_path: Path) -> None:
    for name in ("q.csv", "q.xlsx", "q.yml"):
        outcome = importing.questions(sessions, tmp_path / name, SETTINGS)
        assert outcome.problems == [f"There is no file {tmp_path / name}."]
    (tmp_path / "d.yml").mkdir()
    assert importing.questions(sessions, tmp_path / "d.yml", SETTINGS).problems == [
        "d.yml cannot be read as YAML."
    ]


KNOWN = importing.Known(
    topics={topic.id: topic.title for topic in A_BANK.topics},
    competencies={one.id: one for one in A_BANK.competencies},
    owners={KEPT.id: KEPT.topic},
    items={KEPT.id: KEPT},
)
LIKELY = st.sampled_from(
    ["", "A", "2", "pph", "ipc", "pph-treat", "pph-1", "pph-2", "fr", "yes", "10.0", "é", "a; b"]
)
CELLS = st.one_of(LIKELY, st.text(max_size=30), *(st.just(value) for value in set(ROW.values())))


@given(st.lists(st.fixed_dictionaries(dict.fromkeys(ALL, CELLS)), max_size=6))
def test_no_cell_breaks_it(rows: list[dict[str, str]]) -> None:
    found = importing.read_table(enumerate(rows, start=2), KNOWN)
    assert {line for line, _ in found.problems} <= set(range(2, 2 + len(rows)))
    assert len(found.items) <= len({row["id"] for row in rows})
    for item in found.items:
        assert all("\n" not in said for said in importing.alone(item, KNOWN))
    assert all(0 <= line < 2 + len(rows) for line, _ in importing.together(found, KNOWN))


@settings(
    max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(
    st.one_of(
        st.binary(max_size=200),
        st.text(max_size=200).map(lambda t: ",".join(COLUMNS) + "\n" + t),
        st.lists(st.fixed_dictionaries(dict.fromkeys(ALL, CELLS)), max_size=3),
    ),
    st.sampled_from(["q.csv", "q.yml"]),
)
def test_no_file_breaks_it(bring: Bring, content: Any, name: str) -> None:
    if isinstance(content, list):
        content = as_csv(content)
    if isinstance(content, str):
        content = content.encode("utf-8", "replace")
    outcome = bring(content, name, check=True)
    assert bool(outcome.problems) != bool(outcome.summary)
    assert all("\n" not in re.sub(r"'.*'", "", said) for said in outcome.problems)


def test_the_command(
    sessions: Sessions,
    database_url: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.setenv("DATABASE_URL", database_url)
    path = tmp_path / "q.csv"
    path.write_text(as_csv([ROW]))
    command.questions(path, check=True)
    assert capsys.readouterr().out.strip().endswith("(only checked, nothing was written)")
    assert count(sessions, Item) == 1
    command.questions(path, check=False)
    said = "1 questions: 1 new, 0 changed (new versions), 0 as they were.\n"
    assert capsys.readouterr().out == said
    path.write_text(as_csv([ROW | {"answer": "Z"}]))
    with pytest.raises(Refusal, match=r"^Nothing was imported"):
        command.questions(path, check=False)
    assert capsys.readouterr().err == "Line 2: answer 'Z' is not a letter from A to D.\n"
    path = tmp_path / "q.yml"
    path.write_text(in_yaml(ENTRY, title={"en": "Nul \0"}))
    with pytest.raises(Refusal, match=r"^q\.yml holds a character that cannot be stored\.$"):
        command.questions(path, check=False)
