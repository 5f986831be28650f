"""Everything that the console says is there in both languages, and nothing is left over."""

from __future__ import annotations

import re
from pathlib import Path
from typing import get_args

import pytest
from babel.messages.catalog import Catalog
from babel.messages.pofile import read_po
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from bot.accounts.rules import ROLES
from bot.importing import LANGUAGES
from bot.knowledge import draft_file, drafts, rules
from bot.mentoring import programme
from bot.mentoring.validation import Status
from bot.overviews import cards, learning
from bot.overviews.campaigns import STATES
from bot.people import UI_LANGUAGES
from bot.quizzes.plan import DAYS, Cohort
from bot.reports.registry import REPORTS as ENTRIES
from bot.status import RANK
from console import plots, words
from console.catalogue import PLACES, sentences
from console.language import FOLDER, NAMES

ROOT = Path(__file__).resolve().parent.parent
OTHERS = [language for language in UI_LANGUAGES if language != "en"]


def catalogue(language: str) -> Catalog:
    with (FOLDER / f"{language}.po").open("rb") as file:
        return read_po(file, locale=language, abort_invalid=True)


@pytest.mark.parametrize("language", OTHERS)
def test_every_sentence_is_translated_and_none_is_left_over(language: str) -> None:
    kept = {str(message.id): message for message in catalogue(language) if message.id}
    wanted = set(sentences())
    assert len(wanted) > 250
    assert wanted - set(kept) == set()
    assert set(kept) - wanted == set()
    for sentence, message in kept.items():
        assert str(message.string).strip(), sentence
        assert not message.fuzzy
        parts = re.findall(r"%\(\w+\)s", sentence)
        assert sorted(parts) == sorted(re.findall(r"%\(\w+\)s", str(message.string))), sentence


def test_languages_are_those_of_the_product() -> None:
    assert set(NAMES) == set(UI_LANGUAGES)
    assert {path.stem for path in FOLDER.glob("*.po")} == set(OTHERS)


def test_no_template_says_a_word_that_cannot_be_translated() -> None:
    for path in (ROOT / "console" / "templates").rglob("*.html"):
        plain = re.sub(r"{#.*?#}|{%.*?%}|{{.*?}}", "", path.read_text("utf-8"), flags=re.DOTALL)
        shown = re.sub(r"<[^>]*>", " ", plain)
        assert not re.search(r"[A-Za-zÀ-ÿ]{2,}", shown), f"{path.name}: {shown.split()}"
        for name in ("title", "aria-label", "placeholder", "alt"):
            assert not re.search(rf'\b{name}="[^"]*[a-z]{{2,}}', plain), path.name
        assert "|safe" not in path.read_text("utf-8").replace(" ", "").replace("picture|safe", "")
        assert not re.search(r"<script|\son\w+=|\sstyle=", plain), path.name


def test_every_kind_that_is_kept_has_a_word() -> None:
    assert set(words.WORDS["account role"]) == set(ROLES)
    assert set(words.WORDS["outbox"]) == set(RANK)
    assert set(words.REPORTS) == {"validated", *ENTRIES}
    by = {name for entry in ENTRIES.values() for name in entry.by}
    assert by <= set(words.WORDS["by"])
    assert set(words.WORDS["campaign"]) == set(STATES)
    assert set(words.WORDS["cohort"]) == set(Cohort.model_fields)
    assert set(words.WORDS["weekday"]) == set(DAYS)
    assert set(words.WORDS["language"]) == set(LANGUAGES)
    assert {*rules.STATES, *cards.STATES} == set(words.WORDS["card"])
    assert set(cards.ORDERS) == set(words.WORDS["card order"])
    assert set(draft_file.FIELDS) == set(words.WORDS["card field"])
    assert set(rules.LANGUAGES) == set(words.WORDS["language"])
    statuses = {*get_args(Status), "known", learning.NOT_NEEDED}
    assert statuses == set(words.WORDS["standing"])
    recorded = set()
    for path in Path(drafts.__file__).parent.glob("*.py"):
        source = path.read_text("utf-8")
        recorded |= set(re.findall(r'\brecord\(\s*session, "(\w+)"', source))
    assert recorded == set(words.WORDS["card event"])
    events = set()
    for path in Path(programme.__file__).parent.glob("*.py"):
        events |= set(
            re.findall(r'\bevent\(\s*\w+(?:\.\w+)?,\s*\w+,\s*"(\w+)"', path.read_text("utf-8"))
        )
    assert len(events) > 10
    assert events <= set(words.WORDS["event"])
    noted = set()
    for place in (*PLACES, "api"):
        for path in (ROOT / place).rglob("*.py"):
            source = path.read_text("utf-8")
            noted |= set(re.findall(r'\bnote\(\s*(?:session, )?"(\w+)"', source))
            noted |= set(re.findall(r'_done\(found, "(\w+)"', source))
    assert noted == set(words.WORDS["audit"])


# Short ones: what matters is which signs there are.
labels = st.text(max_size=8)
figures = st.one_of(st.none(), st.floats(0, 1e9, allow_nan=False), st.integers(0, 10**9))


@settings(deadline=None, max_examples=50, suppress_health_check=[HealthCheck.too_slow])
@given(st.lists(st.tuples(labels, figures, figures), max_size=14), labels, st.booleans())
def test_a_plot_is_one_picture_without_style_whatever_it_is_given(
    rows: list[tuple[str, float | None, float | None]], name: str, beside: bool
) -> None:
    bars = [plots.Bar(label, (first, second)) for label, first, second in rows]
    made = str(plots.bars(name, bars, beside=beside))
    assert made.startswith("<svg")
    assert made.endswith("</svg>")
    assert made.count("<svg") == 1
    assert set(re.findall(r"<(\w+)", made)) <= {"svg", "line", "rect", "text"}
    assert not re.search(r"style=|NaN|inf", re.sub(r">[^<]*<|aria-label=\"[^\"]*\"", "", made))
    for height in re.findall(r'<rect[^>]* height="([-\d.]+)"', made):
        assert 0 <= float(height) <= plots.HEIGHT


@given(st.floats(0, 1e12))
def test_an_axis_ends_at_a_round_figure_above(highest: float) -> None:
    top = plots.nice_top(highest)
    assert top >= highest
    assert top % 4 == 0
    assert top <= max(4, highest * 2.5)
