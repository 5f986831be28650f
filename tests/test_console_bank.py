"""The bank in the console: what is asked, how it does, other words for it, and withdrawal."""

from __future__ import annotations

import html
import re
from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from random import Random

import pytest
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from bot.quizzes import bank, catalogue, itemstats, revising, stock
from bot.quizzes.revising import Overtaken, Unsound
from console.pages.bank import LETTERS
from console.sentences import told
from console.words import WORDS
from store.accounts import AuditEntry
from store.quizzes import Answer, Dose, ItemVersion
from tests import programme
from tests.console import NOW, Browser, Desk

ITEM = "pph-q01"
GUIDE = Path(__file__).resolve().parent.parent / "docs" / "campaigns.md"


@pytest.fixture
def desk(database_url: str) -> Iterator[Desk]:
    made = Desk(database_url)
    with made.house.sessions.begin() as session:
        programme.stock_bank(session)
    yield made
    made.close()


@pytest.fixture
def session(desk: Desk) -> Iterator[Session]:
    with desk.house.sessions.begin() as opened:
        yield opened


def answers(session: Session, person: int, item: str, options: list[int], first: int = 0) -> None:
    """One mentee's answers to one item, in order; ``first`` keeps the slots apart."""
    asked = catalogue.version(session, item, 1)
    for n, option in enumerate(options):
        dose = Dose(
            person_id=person, kind="question", slot=f"{item}:{first + n}", state="answered",
            planned_at=NOW, due_at=NOW, item_id=item, item_version=1, sent_at=NOW,
        )  # fmt: skip
        session.add(dose)
        session.flush()
        session.add(
            Answer(
                dose_id=dose.id,
                person_id=person,
                item_id=item,
                item_version=1,
                competency=asked.competency,
                option=option,
                right=option == asked.answer,
                first=n == 0,
                answered_at=NOW,
                latency=60.0,
                text=LETTERS[option],
                channel="sms",
                rule="kerfoot",
                recall=0.5,
                before={},
                after={},
            )
        )
    session.flush()


def test_figures_of_items_are_those_of_the_answers(session: Session) -> None:
    people = [programme.mentee(session, n, "sms") for n in range(30)]
    random = Random(1)
    right = catalogue.version(session, ITEM, 1).answer
    wrong = (right + 1) % 4
    for n, person in enumerate(people):
        knows = n % 2 == 0
        answers(session, person, ITEM, [right if knows else wrong, right])
        for other in ("pph-q03", "pph-q04", "pph-q05"):
            good = catalogue.version(session, other, 1).answer
            answers(session, person, other, [good if knows and random.random() < 0.9 else 0])
    (found,) = itemstats.of_answers(session, Answer.id.is_not(None), [ITEM])
    assert (found.answers, found.right, found.first, found.first_right) == (60, 45, 30, 15)
    assert found.share == 0.5
    assert found.chosen[right] == 45
    assert found.chosen[wrong] == 15
    assert sum(found.chosen) == found.of_version == 60
    every = itemstats.of_answers(session, Answer.id.is_not(None))
    shares = [one.share for one in every]
    assert shares == sorted(shares, key=lambda share: (share is None, share or 0))
    told_apart = itemstats.discrimination(session, ITEM)
    assert told_apart is not None
    assert told_apart > 0.6
    # Turned round: who knows the rest gets it wrong.
    for row in session.scalars(select(Answer).where(Answer.item_id == ITEM, Answer.first)):
        row.right = not row.right
    session.flush()
    assert itemstats.discrimination(session, ITEM) == pytest.approx(-told_apart)
    assert itemstats.discrimination(session, "pph-q02") is None


def test_a_question_is_found_by_what_it_is_and_how_hard(desk: Desk) -> None:
    desk.account("grace@example.org", "coordinator")
    with desk.house.sessions.begin() as session:
        people = [programme.mentee(session, n, "sms") for n in range(6)]
        for item, wrong in (("preeclampsia-q02", 1), ("pph-q05", 0)):
            right = catalogue.version(session, item, 1).answer
            for person in people:
                answers(session, person, item, [(right + wrong) % 4])
        stock.withdraw(session, "pph-q02", "doubtful", NOW)
        english = replace(
            catalogue.version(session, "pph-q03", 1),
            id="only-english",
            twin=None,
            form=None,
            stem={"en": "Only in English?"},
        )
        catalogue.save_items(session, [english])
    grace = desk.signed_in("grace@example.org")

    def ids(query: str = "") -> list[str]:
        page = grace.goes(f"/console/bank?{query}")
        return re.findall(r'href="/console/bank/([\w-]+)">', page)

    every = ids()
    assert len(every) == 31
    assert set(ids("topic=pph")) == {one for one in every if not one.startswith("pree")}
    assert ids("state=withdrawn") == ["pph-q02"]
    assert "only-english" not in ids("language=fr")
    assert "only-english" in ids("language=en")
    assert ids("sort=hardest")[:2] == ["preeclampsia-q02", "pph-q05"]
    assert ids("competency=pph-txa")
    assert set(ids("competency=pph-txa")) < set(ids("topic=pph"))
    assert "No question is like that" in grace.goes("/console/bank?cadre=pilot&state=withdrawn")
    assert "sample" in grace.goes("/console/bank")


def edited(browser: Browser, item: bank.Item, **changed: str) -> str:
    """Send the form of a question with some of it changed."""
    fields = {"version": str(item.version), "answer": item.letter, "competency": item.competency,
              "source": item.source, "cadres": ", ".join(sorted(item.cadres)),
              "critical": "1" if item.critical else ""}  # fmt: skip
    for language in item.languages:
        fields[f"stem_{language}"] = item.stem[language]
        fields[f"why_{language}"] = item.why[language]
        for letter, option in zip(LETTERS, item.options[language], strict=False):
            fields[f"option_{language}_{letter}"] = option
    return browser.sends(f"/console/bank/{item.id}/edit", **{**fields, **changed})


def test_another_version_is_written_and_shown_with_what_it_changed(desk: Desk) -> None:
    desk.account("grace@example.org", "coordinator")
    grace = desk.signed_in("grace@example.org")
    with desk.house.sessions() as session:
        item = stock.entry(session, ITEM).item
    page = grace.goes(f"/console/bank/{ITEM}")
    assert "Sample content" in page
    assert item.stem["fr"] in html.unescape(page)
    assert "SMS" in page
    assert "too few answers to say" in page
    page = grace.goes(f"/console/bank/{ITEM}/edit")
    assert item.why["en"] in html.unescape(page)
    assert "Nothing was changed." in edited(grace, item)

    grace.goes(f"/console/bank/{ITEM}/edit")
    page = edited(grace, item, stem_en="In 24 h of birth, from what loss is it PPH?", reviewed="1")
    assert "Version 2 is asked from now on." in page
    assert "Sample content" not in page
    assert re.search(r'<ins class="new"><span[^>]*>added: </span>In</ins>', page)
    assert '<del class="gone">' in page
    with desk.house.sessions() as session:
        now = stock.entry(session, ITEM).item
        assert now.version == 2
        assert now.stem["en"].startswith("In 24 h")
        assert (now.facts, now.twin, now.form, now.card) == (
            item.facts, item.twin, item.form, item.card,
        )  # fmt: skip
        assert not now.is_sample

    # Somebody who began before that does not write over it.
    grace.goes(f"/console/bank/{ITEM}/edit")
    page = edited(grace, item, stem_en="Another stem, from what loss is it PPH?")
    assert grace.status == 422
    assert "Somebody changed this question meanwhile" in page
    assert "Another stem" in page
    with desk.house.sessions() as session:
        assert [entry.what for entry in session.scalars(select(AuditEntry))].count(
            "item_revised"
        ) == 1


@pytest.mark.parametrize(
    ("changed", "sentence"),
    [
        ({"stem_en": "Long. " * 80}, r"take \d SMS segments; at most 3"),
        ({"why_en": "x" * 111}, "has 111 characters; at most 110"),
        ({"stem_en": ""}, r"A text is empty \(en\)"),
        ({"why_fr": ""}, r"A text is empty \(fr\)"),
        ({"option_en_A": "500 mL"}, "Two options are the same"),
        ({"option_fr_D": ""}, "differ in the number of options"),
        ({"answer": "D", "option_en_D": "", "option_fr_D": ""}, "D, is not among the options"),
        ({"source": " "}, "Please name the source"),
        ({"stem_en": "Caf\u0119, what loss is PPH?"}, "twice as dear"),
        ({"competency": "preeclampsia-mgso4"}, "is not one of this topic"),
    ],
)
def test_what_cannot_be_asked_names_the_question_and_says_why(
    desk: Desk, changed: dict[str, str], sentence: str
) -> None:
    desk.account("grace@example.org", "coordinator")
    grace = desk.signed_in("grace@example.org")
    with desk.house.sessions() as session:
        item = stock.entry(session, ITEM).item
    grace.goes(f"/console/bank/{ITEM}/edit")
    page = edited(grace, item, **changed)
    assert grace.status == 422
    assert f"{ITEM} cannot be asked like this:" in page
    assert re.search(sentence, html.unescape(page)), page
    with desk.house.sessions() as session:
        assert (
            session.scalar(
                select(func.count()).select_from(ItemVersion).where(ItemVersion.item_id == ITEM)
            )
            == 1
        )


def test_a_question_is_withdrawn_with_a_reason_and_comes_back(desk: Desk) -> None:
    desk.account("grace@example.org", "coordinator")
    grace = desk.signed_in("grace@example.org")
    where = f"/console/bank/{ITEM}"
    grace.goes(where)
    assert "Say why" in grace.sends(f"{where}/do", do="withdraw", reason=" ")
    page = grace.sends(f"{where}/do", do="withdraw", reason="the dose has <changed>")
    assert "It is asked no more." in page
    assert "the dose has &lt;changed&gt;" in page
    assert "withdrawn since" in grace.sends(f"{where}/do", do="withdraw", reason="again")
    with desk.house.sessions() as session:
        assert ITEM not in {item.id for item in catalogue.live(session)}
    grace.goes(where)
    assert "It is asked again." in grace.sends(f"{where}/do", do="restore")
    assert "It is not withdrawn." in grace.sends(f"{where}/do", do="restore")
    assert "Please choose what to do." in grace.sends(f"{where}/do")
    grace.goes("/console/bank/no-such-question")
    assert grace.status == 404


def test_the_bank_is_the_whole_programmes(desk: Desk) -> None:
    with desk.house.sessions.begin() as session:
        programme.town(session)
    desk.account("ben@example.org", "coordinator", district="Kayonza")
    ben = desk.signed_in("ben@example.org")
    page = ben.goes(f"/console/bank/{ITEM}")
    assert ben.status == 200
    assert "Write another version" not in page
    ben.goes(f"/console/bank/{ITEM}/edit")
    assert ben.status == 403
    ben.goes(f"/console/bank/{ITEM}")
    ben.sends(f"/console/bank/{ITEM}/do", do="withdraw", reason="mine")
    assert ben.status == 403
    with desk.house.sessions() as session:
        assert stock.entry(session, ITEM).state == "live"


def test_versions_say_what_each_of_them_changed(session: Session) -> None:
    item = stock.entry(session, ITEM).item
    made = revising.revise(session, revising.written(item, source="WHO, 2025"), 1)
    assert made.version == 2
    with pytest.raises(Overtaken):
        revising.revise(session, item, 1)
    with pytest.raises(Unsound, match=f"{ITEM}: names no source"):
        revising.revise(session, revising.written(item, source=""), 2)
    newest, first = revising.versions(session, ITEM)
    assert [change.part for change in newest.changes] == ["source"]
    assert "2025" in "".join(part.text for part in newest.changes[0].parts if part.kind == "new")
    assert first.changes == ()
    assert newest.since - first.since < timedelta(minutes=1)


def test_every_reason_in_the_guide_is_said_in_french(desk: Desk) -> None:
    part = GUIDE.read_text("utf-8").split("## Who is left out")[1].split("## From a figure")[0]
    cells = re.findall(r"^\| (`.+?`) \|", part, re.MULTILINE)
    reasons = [reason for cell in cells for reason in re.findall(r"`([^`]+)`", cell)]
    assert len(reasons) > 25
    whole = {
        "the language is": "the language is rw",
        "no question for the cadre": "no question for the cadre chw",
        "has left it": "has left it: all tips were given",
        "too late:": "too late: in an open case",
    }
    with desk.app.test_request_context("/console/", headers={"Accept-Language": "fr"}):
        desk.app.preprocess_request()
        for reason in reasons:
            said = told(whole.get(reason, reason))
            assert said != whole.get(reason, reason), reason
            assert not re.search(r"\b(the|was|has|too)\b", said), said


def test_the_console_names_no_part_that_has_no_word() -> None:
    source = Path(revising.__file__).read_text("utf-8")
    parts = re.findall(r'"(\w+)"', source.split("def changes")[1].split("def _text")[0])
    assert set(parts) == set(WORDS["part"])
