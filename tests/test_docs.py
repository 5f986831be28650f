"""The documentation is executed: commands, settings, links, states, reasons and words are real.

So is what the product says: in every language it speaks, with the same parts, cheap to send.
"""

from __future__ import annotations

import ast
import re
import shlex
from pathlib import Path
from string import Formatter
from typing import Any

import psycopg
import pytest
import typer
import yaml
from typer.testing import CliRunner

from bot import settings, status, texts
from bot.people import UI_LANGUAGES
from bot.quizzes.drafting import WEEKS
from bot.quizzes.plan import Budget, Cohort, Plan, read
from bot.text.gsm7 import to_gsm7
from bot.text.segments import is_gsm7
from bot.words import command
from channels import errors, templates
from cli.app import app
from store.migrate import psycopg_conninfo
from store.quizzes import Dose
from webhooks import health

ROOT = Path(__file__).resolve().parent.parent
PAGES = sorted([*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md")])
OPERATIONS = (ROOT / "docs" / "operations.md").read_text("utf-8")
CAMPAIGNS = (ROOT / "docs" / "campaigns.md").read_text("utf-8")
# Names in capitals that are no settings of the product: where they are read instead.
ELSEWHERE = {
    "RASA_ACTIONS_URL": "cli/services.py",
    "POSTGRES_PASSWORD": "compose.yaml",
    "MENTORLINE_PYTHON": "mentorline",
    "MENTORLINE_CHROMIUM": "cli/browser.py",
}
FENCE = re.compile(r"^```(\w*)\n(.*?)^```", re.MULTILINE | re.DOTALL)
COMMAND = re.compile(r"\./mentorline((?: +[^\s`#;|<>)]+)+)")
# A language is always offered under its own name, accents and all.
OWN_NAMES = re.compile("français", re.IGNORECASE)


def by_page() -> pytest.MarkDecorator:
    return pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))


def without_code(text: str) -> str:
    return re.sub(r"`[^`\n]*`", "", FENCE.sub("", text))


def commands_in(text: str) -> list[list[str]]:
    """Every `./mentorline …` shown, as its words; sentences that go on after one are cut off."""
    spans = [body for _, body in FENCE.findall(text)] + re.findall(r"`([^`\n]+)`", text)
    found = [shlex.split(words) for span in spans for words in COMMAND.findall(span)]
    return [words for words in found if words[0] != "…"]


@by_page()
def test_every_command_shown_exists(page: Path) -> None:
    for words in commands_in(page.read_text("utf-8")):
        found: object = typer.main.get_command(app)
        path: list[str] = []
        for word in words:
            inner = getattr(found, "commands", {}).get(word)
            if inner is None:
                break
            found, path = inner, [*path, word]
        assert path, f"./mentorline {' '.join(words)}: no such command"
        answer = CliRunner().invoke(app, [*path, "--help"])
        assert answer.exit_code == 0, answer.output
        rest = words[len(path) :]
        if hasattr(found, "commands"):
            assert not rest, f"./mentorline {' '.join(words)}: no such command"
        for option in (word for word in rest if word.startswith("--")):
            assert option in answer.output, f"{' '.join(path)} has no {option}"


def test_pages_show_commands_at_all() -> None:
    shown = {words[0] for page in PAGES for words in commands_in(page.read_text("utf-8"))}
    assert set(typer.main.get_command(app).commands) - {"bench"} <= shown  # type: ignore[attr-defined]


@by_page()
def test_every_setting_named_exists(page: Path) -> None:
    text = page.read_text("utf-8")
    named = set(re.findall(r"\b[A-Z][A-Z0-9]*(?:_[A-Z0-9]+)+\b", text))
    known = {name.upper() for name in settings.Settings.model_fields}
    for name in named - known:
        assert name in ELSEWHERE, f"{name} is no setting"
        assert name in (ROOT / ELSEWHERE[name]).read_text("utf-8")


def test_the_table_of_settings_is_complete() -> None:
    table = OPERATIONS.split("## Settings", 1)[1]
    named = set(re.findall(r"`([A-Z][A-Z0-9_]+)`", "\n".join(rows_of(table, 0))))
    assert named == {name.upper() for name in settings.Settings.model_fields}


@pytest.mark.parametrize(
    "name", ["campaign_rate", "question_patience", "rasa_timeout", "worker_concurrency"]
)
def test_defaults_in_the_table_are_the_real_ones(name: str) -> None:
    default = settings.Settings.model_fields[name].default
    row = next(line for line in OPERATIONS.splitlines() if line.startswith(f"| `{name.upper()}`"))
    assert f"| {default:g} |" in row


def test_the_example_env_file_names_real_settings() -> None:
    text = (ROOT / ".env.example").read_text("utf-8")
    named = set(re.findall(r"^#? ?([A-Z][A-Z0-9_]+)=", text, re.MULTILINE))
    assert named <= {name.upper() for name in settings.Settings.model_fields} | set(ELSEWHERE)


@by_page()
def test_links_inside_the_project_lead_somewhere(page: Path) -> None:
    for target in re.findall(r"\]\(([^)\s]+)\)", without_code(page.read_text("utf-8"))):
        if re.match(r"[a-z]+:", target):
            continue
        path, _, anchor = target.partition("#")
        there = (page.parent / path).resolve() if path else page
        assert there.exists(), f"{page.name} links to {target}"
        if anchor:
            assert anchor in anchors(there), f"{page.name} links to {target}"


@by_page()
def test_files_named_exist(page: Path) -> None:
    named = re.findall(
        r"`((?:bot|nlu|tests|docs|channels|webhooks|scheduler)/[\w./]*)`", page.read_text()
    )
    for name in named:
        assert (ROOT / name).exists(), f"{page.name} names {name}"


def anchors(page: Path) -> set[str]:
    headings = re.findall(r"^#+ +(.+)$", FENCE.sub("", page.read_text("utf-8")), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", h.lower()).strip().replace(" ", "-") for h in headings}


def rows_of(text: str, column: int) -> list[str]:
    """The cells of one column of every table in a text, headings left out."""
    rows = [
        line.strip().strip("|").split("|") for line in text.splitlines() if line.startswith("|")
    ]
    rule = [i for i, row in enumerate(rows) if set("".join(row)) <= set("-| ")]
    skip = {*rule, *(i - 1 for i in rule)}
    return [
        row[column].strip() for i, row in enumerate(rows) if i not in skip and column < len(row)
    ]


def test_the_table_of_states_is_complete() -> None:
    section = OPERATIONS.split("## Outbox messages", 1)[1].split("| Reason |", 1)[0]
    assert {cell.strip("`") for cell in rows_of(section, 0)} == set(status.RANK)


def test_every_reason_is_one_the_product_gives() -> None:
    section = OPERATIONS.split("| Reason |", 1)[1].split("| Twilio's code |", 1)[0]
    reasons = quoted_in(rows_of("| Reason |" + section, 0))
    assert len(reasons) > 10
    files = (
        *("bot/sending.py", "bot/delivery.py", "scheduler/sender.py", "scheduler/reconcile.py"),
        *(f"bot/quizzes/{name}.py" for name in ("answers", "campaigns", "closing", "wishes")),
    )
    source = "\n".join((ROOT / file).read_text("utf-8") for file in files)
    source = source.replace("{LOOP_LIMIT}", "40")
    for reason in reasons:
        assert reason in source, reason


def quoted_in(cells: list[str]) -> list[str]:
    return [word for cell in cells for word in re.findall(r"`([^`]+)`", cell)]


def test_the_table_of_states_of_a_dose_is_complete() -> None:
    section = OPERATIONS.split("## Doses", 1)[1].split("## Looking", 1)[0]
    states = set(re.findall(r"``(\w+)``", Dose.__doc__ or "")) - {"reason"}
    assert set(quoted_in(rows_of(section, 0))) == states


def section_of_campaigns(title: str) -> str:
    return CAMPAIGNS.split(f"## {title}\n", 1)[1].split("\n## ", 1)[0]


@pytest.mark.parametrize("title", ["Who is left out", "Why a dose was not given"])
def test_every_reason_of_a_campaign_is_one_the_product_gives(title: str) -> None:
    source = "\n".join(path.read_text("utf-8") for path in (ROOT / "bot/quizzes").glob("*.py"))
    reasons = quoted_in(rows_of(section_of_campaigns(title), 0))
    assert len(reasons) > 5
    for reason in reasons:
        assert f'"{reason}' in source, reason


def said_by(file: str, *names: str) -> set[str]:
    """The texts, without parts filled in, that are given to calls of these names."""
    calls = [
        node
        for node in ast.walk(ast.parse((ROOT / file).read_text("utf-8")))
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id in names
    ]
    inside = [node for call in calls for node in ast.walk(call)]
    filled = {part for node in inside if isinstance(node, ast.JoinedStr) for part in ast.walk(node)}
    texts_said = [n for n in inside if isinstance(n, ast.Constant) and n not in filled]
    return {n.value for n in texts_said if isinstance(n.value, str)}


def test_no_reason_for_a_dose_that_is_not_given_is_missing() -> None:
    named = set(quoted_in(rows_of(section_of_campaigns("Why a dose was not given"), 0)))
    # A dose that is given finds no question open.
    nothing_to_ask = said_by("bot/quizzes/selection.py", "Choice") - {"one is open"}
    assert said_by("bot/quizzes/due.py", "Lapse", "Wait") | nothing_to_ask <= named


def test_the_table_of_a_plan_is_the_plan() -> None:
    section = section_of_campaigns("A plan as a file")
    table = dict(zip(quoted_in(rows_of(section, 0)), rows_of(section, 1), strict=True))
    plan = read({"start": "2027-01-04", "end": "2027-01-05", "cohort": {}, "budget": {}})
    known: dict[str, object] = {"weeks": WEEKS}
    for name, value in plan.model_dump(mode="json").items():
        inner = {"cohort": Cohort, "budget": Budget}.get(name)
        known |= (
            {f"{name}.{part}": value[part] for part in inner.model_fields}
            if inner
            else {name: value}
        )
    assert set(table) == set(known)
    said = {name: cell for name, cell in table.items() if name not in ("start", "end")}
    assert all(Plan.model_fields[name].is_required() for name in ("start", "end"))
    for name, cell in said.items():
        assert yaml.safe_load(cell.strip("`")) == known[name], name


def test_every_word_of_the_quiz_is_understood_in_both_languages() -> None:
    section = section_of_campaigns("What a nurse experiences in a month")
    for english, french in zip(rows_of(section, 0), rows_of(section, 1), strict=True):
        named = [[command(word) for word in quoted_in([cell])] for cell in (english, french)]
        assert named[0] == named[1]
        assert all(named[0]), english


def test_the_table_of_codes_is_the_catalogue() -> None:
    section = OPERATIONS.split("| Twilio's code |", 1)[1].split("## Cases", 1)[0]
    cells = rows_of("| Twilio's code |" + section, 0)
    by_row = [{int(code) for code in re.findall(r"\b\d{5,6}\b", cell)} for cell in cells]
    for codes in by_row:
        assert len({errors.CATALOGUE[code] for code in codes}) == 1
    assert set().union(*by_row) == set(errors.CATALOGUE)


def test_every_metric_named_is_exported_and_all_are_named() -> None:
    named = set(re.findall(r"\bmentorline_[a-z]+_[a-z]+\b", OPERATIONS))
    counters = set(
        re.findall(r'"(mentorline_\w+_total)"', (ROOT / "webhooks/house.py").read_text())
    )
    assert named == set(health.COUNTS) | counters
    for page in PAGES:
        assert set(re.findall(r"\bmentorline_[a-z]+_[a-z]+\b", page.read_text("utf-8"))) <= named


def test_every_query_shown_runs(database_url: str) -> None:
    queries = [body for language, body in FENCE.findall(OPERATIONS) if language == "sql"]
    assert queries
    with psycopg.connect(psycopg_conninfo(database_url)) as connection:
        for query in queries:
            connection.execute(query.encode())


def test_every_decision_is_listed_once() -> None:
    folder = ROOT / "docs" / "decisions"
    listed = re.findall(r"\]\((\d{4}-[\w-]+\.md)\)", (folder / "README.md").read_text("utf-8"))
    assert listed == sorted(path.name for path in folder.glob("0*.md"))
    for number, name in enumerate(listed, start=1):
        title = (folder / name).read_text("utf-8").splitlines()[0]
        assert title.startswith(f"# {number}. ")
        assert title.removeprefix(f"# {number}. ") in (folder / "README.md").read_text("utf-8")


def avoided() -> list[tuple[str, str]]:
    """(word to use, word to avoid) from the glossary."""
    text = (ROOT / "CONTEXT.md").read_text("utf-8")
    pairs = zip(rows_of(text, 0), rows_of(text, 2), strict=True)
    return [(use, word.strip()) for use, words in pairs for word in words.split(",")]


def test_the_glossary_has_one_meaning_per_word() -> None:
    words = rows_of((ROOT / "CONTEXT.md").read_text("utf-8"), 0)
    assert len(words) == len(set(words))
    assert len(words) > 30
    assert not {avoid for _, avoid in avoided()} & set(words)


def prose() -> list[tuple[str, str]]:
    """(name, text) of what people read: the pages, and what the product says."""
    pages = [page for page in PAGES if page.name != "CONTEXT.md"]
    said = [
        *(ROOT / "bot" / "texts.yml", ROOT / "channels" / "templates.yml"),
        ROOT / "bot" / "quizzes" / "feedback.yml",
    ]
    return [(page.name, without_code(page.read_text("utf-8"))) for page in pages] + [
        (path.name, path.read_text("utf-8")) for path in said
    ]


@pytest.mark.parametrize(("use", "avoid"), avoided())
def test_words_to_avoid_are_avoided(use: str, avoid: str) -> None:
    for name, text in prose():
        found = re.search(rf"\b{re.escape(avoid)}s?\b", text, re.IGNORECASE)
        assert found is None, f"{name} says {avoid!r}: we say {use!r}"


def source() -> dict[str, dict[str, str]]:
    loaded: dict[str, dict[str, str]] = yaml.safe_load(
        (ROOT / "bot" / "texts.yml").read_text("utf-8")
    )
    return loaded


def placeholders(text: str) -> set[str]:
    return {name for _, name, _, _ in Formatter().parse(text) if name is not None}


def numbered(text: str) -> set[str]:
    return set(re.findall(r"\{\{(\d+)\}\}", text))


@pytest.mark.parametrize("file", ["texts.yml", "words.yml"])
def test_no_text_hides_another_of_the_same_name(file: str) -> None:
    # YAML keeps the last of two without a word.
    names = re.findall(r"^(\w+):", (ROOT / "bot" / file).read_text("utf-8"), re.MULTILINE)
    assert len(names) == len(set(names)), [name for name in names if names.count(name) > 1]


def test_every_text_that_the_desk_says_is_there() -> None:
    said = re.compile(r"""(?:reply|tell_ment(?:ee|or))\(\s*(?:[\w. ]+,\s*)*"(\w+)\"""")
    for page in (ROOT / "bot" / "mentoring").glob("*.py"):
        for key in said.findall(page.read_text("utf-8")):
            assert key in texts.keys(), f"{page.name} says {key}"  # noqa: SIM118 - a function


@pytest.mark.parametrize("key", sorted(texts.keys()))
def test_every_text_is_there_in_every_language_with_the_same_parts(key: str) -> None:
    written = source()[key]
    assert set(UI_LANGUAGES) <= set(written)
    for language, text in written.items():
        assert text.strip(), language
        assert placeholders(text) == placeholders(written["en"]), language


@pytest.mark.parametrize("key", sorted(texts.keys()))
def test_english_is_gsm7_as_written(key: str) -> None:
    assert is_gsm7(OWN_NAMES.sub("", source()[key]["en"]))


@pytest.mark.parametrize("key", sorted(texts.keys()))
def test_french_is_gsm7_once_it_is_long_enough_to_matter(key: str) -> None:
    long = " ".join([source()[key]["fr"]] * 4)
    assert is_gsm7(to_gsm7(long, "fr"))


def grouped(items: list[Any]) -> dict[str, dict[str, Any]]:
    names: dict[str, dict[str, Any]] = {}
    for item in items:
        names.setdefault(item.name, {})[item.language] = item
    return names


@pytest.mark.parametrize("name", sorted(grouped(templates.every_menu())))
def test_menus_are_the_same_in_every_language_and_fit_buttons(name: str) -> None:
    menus = grouped(templates.every_menu())[name]
    english = menus["en"]
    most = 3 if english.picker is None else 10
    for language, menu in menus.items():
        assert len(menu.options) == len(english.options) <= most, language
        assert menu.in_body == english.in_body, language
        assert (menu.ids, menu.lines) == (english.ids, english.lines), language
        assert len(menu.picker or "") <= templates.LONGEST_BUTTON, language
        assert bool(menu.picker) == bool(english.picker), language
        assert all(0 < len(option) <= templates.LONGEST_BUTTON for option in menu.options), language
    assert is_gsm7(OWN_NAMES.sub("", english.as_text()))
    # A list of numbers needs no words, so English does for everybody.
    assert english.in_body or set(UI_LANGUAGES) <= set(menus)


@pytest.mark.parametrize("name", sorted(grouped(templates.every_template())))
def test_templates_are_the_same_in_every_language_and_whatsapp_can_take_them(name: str) -> None:
    written = grouped(templates.every_template())[name]
    assert set(UI_LANGUAGES) <= set(written)
    for language, template in written.items():
        assert numbered(template.body) == numbered(written["en"].body), language
        assert set(template.example) == numbered(template.body), language
        assert all(value.strip() for value in template.example.values())
        assert len(template.options) == len(written["en"].options) <= 10, language
        assert all(len(option) <= templates.LONGEST_BUTTON for option in template.options), language
        assert template.ids == written["en"].ids, language
        assert len(template.filled(template.example)) <= 1024
        assert not numbered(template.filled(template.example))
    assert is_gsm7(written["en"].body)
