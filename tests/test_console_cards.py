"""Cards in the console: review by two people, the library, training, and words that differ."""

from __future__ import annotations

import html
import re
from datetime import timedelta

import pytest

from bot import knowledge
from bot.knowledge import drafts, growth
from bot.overviews import training
from store import queue
from store.accounts import AuditEntry
from store.knowledge import Card, CardDraft, CardEvent, ModelTraining, Question
from store.messages import Inbound
from tests.console import Browser, TownDesk
from tests.test_cards_growing import ALICE, NURSE, TXA, answered_case, draft, goes_live, trains
from tests.town import Town


@pytest.fixture
def desk(town: Town) -> TownDesk:
    town.stock_library()
    made = TownDesk(town)
    made.account("grace@example.org", "coordinator", name="Grace Mutesi")
    made.account("ben@example.org", "admin", name="Ben Uwera")
    return made


def seen(browser: Browser) -> str:
    """What the page showed, as its forms send it back."""
    found = re.search(r'name="seen" value="([^"]+)"', browser.page)
    assert found is not None, browser.page
    return found[1]


def fields(browser: Browser) -> dict[str, str]:
    """What stands in a form: inputs, textareas, and what is selected."""
    page = browser.page
    found = {
        name: html.unescape(value)
        for name, value in re.findall(
            r'<input class[^>]* name="([^"]+)"[^>]* value="([^"]*)"', page
        )
    }
    for name, value in re.findall(
        r'<textarea[^>]* name="([^"]+)"[^>]*>(.*?)</textarea>', page, re.S
    ):
        found[name] = html.unescape(value)
    topic = re.search(r'<option value="([^"]+)" selected>', page)
    return {**found, "topic": topic[1] if topic else ""}


def test_an_answer_is_proposed_reviewed_and_goes_live(town: Town, desk: TownDesk) -> None:
    nurse, alice = town.mentee(NURSE), town.mentor(ALICE)
    answered_case(nurse, alice)
    grace, ben = desk.signed_in("grace@example.org"), desk.signed_in("ben@example.org")
    case = town.case()
    grace.goes(f"/console/cases/{case.id}")
    grace.sends(f"/console/cases/{case.id}/propose")
    assert "Proposed. Look at the draft" in grace.page
    made = draft(town)
    where = f"/console/cards/drafts/{made.id}"
    assert grace.at == where
    assert "You proposed it: somebody else decides." in grace.page
    assert 'name="seen"' not in grace.page
    assert f"#{case.code}" in grace.page
    # Proposed twice is refused with the reason.
    grace.goes(f"/console/cases/{case.id}")
    assert "was made of this case already" in grace.sends(f"/console/cases/{case.id}/propose")

    page = ben.goes("/console/cards")
    assert "Wait for a review" in page
    assert f'href="{where}"' in page
    page = ben.goes(where)
    assert "It has no source." in page
    assert "Keep the person calm" in page
    assert "segment" in page
    assert "It has no source." in ben.sends(f"{where}/approve", seen=seen(ben))
    assert ben.status == 422
    # Whoever proposed it decides nothing, whatever is sent.
    with town.works.sessions() as session:
        print_of = drafts.fingerprint(session.get_one(CardDraft, made.id))
    grace.goes(where)
    said = grace.sends(f"{where}/approve", seen=print_of, distinct="1")
    assert "Whoever proposed it cannot approve it." in said

    ben.goes(f"{where}/edit")
    written = fields(ben)
    assert written["answer-en"].startswith("Keep the person calm")
    before = seen(ben)
    written |= {"source": "WHO 2016", "topic": "other", "title-en": "Snake bite"}
    written["examples-en"] += "\nsnake bit a child\n\n what to do for a snake bite "
    ben.sends(f"{where}/edit", seen=before, **written)
    assert "Your changes are kept" in ben.page
    assert "WHO 2016" in ben.page
    kept = draft(town).content
    assert kept["examples"]["en"][-2:] == ["snake bit a child", "what to do for a snake bite"]
    assert kept["emergency"] == made.content["emergency"]
    # A form that was opened before is not written over what came after.
    ben.goes(f"{where}/edit")
    assert "in the meantime" in ben.sends(
        f"{where}/edit", **{**written, "source": "x"}, seen=before
    )
    assert draft(town).content["source"] == "WHO 2016"
    assert 'value="x"' in ben.page

    ben.goes(where)
    assert "in the meantime" in ben.sends(f"{where}/approve", seen=before)
    ben.sends(f"{where}/approve", seen=seen(ben), distinct="1")
    assert "It is trained in the background" in ben.page
    assert "It begins as soon as a worker is free." in ben.page
    assert trains(town) == 1
    assert draft(town).reviewed_by == "ben@example.org"
    assert "on the way into the library" in ben.goes("/console/cards")
    goes_live(town)
    card = draft(town).card_id
    assert card is not None
    page = ben.goes(f"/console/cards/library/{card}")
    assert "Snake bite" in page
    assert "Went live" in page
    whats = [entry.what for entry in town.all(AuditEntry)]
    for what in ("card_proposed", "card_edited", "card_approved"):
        assert what in whats
    assert "Keep the person" not in str([entry.data for entry in town.all(AuditEntry)])


def test_a_coordinator_who_proposed_by_phone_is_the_same_person(town: Town, desk: TownDesk) -> None:
    nurse, alice = town.mentee(NURSE), town.mentor(ALICE, name="Grace Mutesi")
    answered_case(nurse, alice)
    alice.says(f"PROPOSE #{town.case().code}")
    alice.hears("source")
    alice.says("Source: WHO 2016")
    with town.works.sessions.begin() as session:
        session.get_one(CardDraft, draft(town).id).proposed_by = "grace mutesi (Rukara)"
    grace = desk.signed_in("grace@example.org")
    assert "You proposed it" in grace.goes(f"/console/cards/drafts/{draft(town).id}")


def test_another_wording_is_compared_word_by_word(town: Town, desk: TownDesk) -> None:
    alice = town.mentor(ALICE)
    desk.account("alice@example.org", "mentor", person=town.person(ALICE).id)
    grace = desk.signed_in("grace@example.org")
    where = f"/console/cards/library/{TXA}"
    grace.goes(f"{where}/edit")
    written, version = fields(grace), seen(grace)
    assert "Nothing was changed." in grace.sends(f"{where}/edit", seen=version, **written)
    grace.goes(f"{where}/edit")
    assert "not a day" in grace.sends(
        f"{where}/edit", seen=version, **{**written, "expires_on": "soon"}
    )
    other = {**written, "answer-en": written["answer-en"].replace("1 g", "2 g", 1)}
    for _ in range(2):  # a form that is sent twice
        grace.goes(f"{where}/edit")
        grace.sends(f"{where}/edit", seen=version, **other)
        assert "waits for a second person" in grace.page
    assert town.count(CardDraft) == 1
    page = grace.page
    assert "What it changes" in page
    assert re.search(
        r'<del class="gone"><span class="visually-hidden">removed: </span>1</del>', page
    )
    assert re.search(r'<ins class="new"><span class="visually-hidden">added: </span>2</ins>', page)
    assert "Another wording waits" in grace.goes(where)
    town.rest()
    alice.hears("REVIEW")

    # A mentor may decide, as by the word REVIEW, and sees no number.
    mentor = desk.signed_in("alice@example.org")
    at = f"/console/cards/drafts/{draft(town).id}"
    page = mentor.goes(at)
    assert "+250788" not in page
    assert "say why" in mentor.sends(f"{at}/reject", seen=seen(mentor), reason=" ")
    mentor.sends(f"{at}/reject", seen=seen(mentor), reason="The dose is 1 g")
    assert "Turned down. Whoever proposed it is told why." in mentor.page
    assert draft(town).state == "rejected"
    assert "The dose is 1 g" in mentor.page
    assert "Approve" not in mentor.page
    mentor.goes(f"{where}")
    mentor.sends(f"{where}/withdraw", reason="x", sure="1")
    assert mentor.status == 403


def test_questions_are_added_to_a_card_that_is_close(town: Town, desk: TownDesk) -> None:
    nurse, alice = town.mentee(NURSE), town.mentor(ALICE)
    answered_case(nurse, alice, "how much tranexamic acid first for pph", "1 g slowly by vein.")
    alice.says(f"PROPOSE #{town.case().code}")
    alice.hears("source")
    alice.says("Source: WHO 2017")
    grace = desk.signed_in("grace@example.org")
    where = f"/console/cards/drafts/{draft(town).id}"
    page = grace.goes(where)
    assert "Close to" in page
    assert f"/console/cards/library/{TXA}" in page
    grace.sends(f"{where}/merge", seen=seen(grace), card="nothing")
    assert "There is no card nothing in the library." in grace.page
    grace.goes(where)
    grace.sends(f"{where}/merge", seen=seen(grace), card=TXA)
    assert "added to that card" in grace.page
    assert draft(town).card_id == TXA
    assert trains(town) == 1


def test_the_library_is_searched_and_kept(town: Town, desk: TownDesk) -> None:
    town.mentee(NURSE)
    now = town.time.now()
    with town.works.sessions.begin() as session:
        person = town.person(NURSE).id
        for n in range(5):
            inbound = Inbound(sid=f"SM{n:032}", channel="sms", sender=NURSE, body="x", form=[],
                              received_at=now, person_id=person, state="done")  # fmt: skip
            session.add(inbound)
            session.flush()
            session.add(
                Question(inbound_id=inbound.id, person_id=person, text="x", language="en",
                         ranking=[], decision="answer", card_id=TXA, card_version=1,
                         helpful=n > 1, asked_at=now - timedelta(days=n))
            )  # fmt: skip
    grace = desk.signed_in("grace@example.org")

    def cards(query: str) -> list[str]:
        page = grace.goes(f"/console/cards/library?{query}")
        assert grace.status == 200, query
        return re.findall(r'fw-semibold" href="/console/cards/library/([^"]+)"', page)

    every = cards("")
    assert len(every) == min(50, town.count(Card))
    assert TXA in cards("q=TRANEXAMIC+acid")
    assert cards("order=often")[0] == TXA
    assert cards("order=not_helpful")[0] == TXA
    row = re.search(rf"{TXA}.*?</tr>", grace.page, re.S)
    assert row is not None
    assert re.findall(r'class="number">(\d+)<', row[0]) == ["5", "2"]
    of_topic = cards("topic=pph")
    assert TXA in of_topic
    assert len(of_topic) < len(every)
    assert cards("lang=sw") == []
    assert "No card fits" in grace.page
    assert TXA not in cards("state=withdrawn")
    for odd in ("q=%00%25_", "page=99", "state=x", "order=x", "lang=xx", "topic='--"):
        cards(odd)
    assert cards("state=sample") or cards("state=live")

    where = f"/console/cards/library/{TXA}"
    page = grace.goes(where)
    assert "WhatsApp" in page
    assert "segments: " in page
    assert "fill in what is to be changed" in grace.sends(f"{where}/keep")
    assert "is not in the future" in grace.sends(f"{where}/keep", until="2020-01-01")
    assert "nobody we know" in grace.sends(f"{where}/keep", owner="0788999999")
    assert "not a day" in grace.sends(f"{where}/keep", until="soon")
    grace.sends(f"{where}/keep", until="2099-01-31", guideline="WHO-PPH")
    assert "This is kept with the card." in grace.page
    assert "31 Jan 2099" in grace.page
    assert "say why" in grace.sends(f"{where}/withdraw", reason="replaced")
    grace.sends(f"{where}/withdraw", reason="replaced", sure="1")
    assert "not sent any more" in grace.page
    with town.works.sessions() as session:
        assert TXA not in knowledge.live_cards(session)
    assert "replaced" in grace.page
    assert TXA in cards("state=withdrawn")
    assert TXA in grace.goes("/console/cards")
    grace.goes(where)
    grace.sends(f"{where}/restore")
    assert "back in the library" in grace.page
    kinds = [one.kind for one in town.all(CardEvent)]
    assert kinds == ["kept", "withdrawn", "restored"]
    for odd in ("nothing", "a%00b", "..%2F", "new?old=99&new=-1"):
        grace.goes(f"/console/cards/library/{odd}")
        assert grace.status == 404, odd
    grace.goes(f"{where}?old=7&new=x")
    assert grace.status == 200


def test_training_is_shown_from_what_is_kept_of_it(town: Town, desk: TownDesk) -> None:
    now = town.time.now()
    grace = desk.signed_in("grace@example.org")
    now = desk.now
    assert "Training" not in grace.goes("/console/cards")
    with town.works.sessions.begin() as session:
        queue.defer_training(session)
    assert "as soon as a worker is free" in grace.goes("/console/cards")
    with town.works.sessions.begin() as session:
        assert training.of(session, now).state == "waits"
        for n, minutes in enumerate((2, 4, 9)):
            at = now - timedelta(hours=n + 1)
            session.add(
                ModelTraining(
                    started_at=at,
                    finished_at=at + timedelta(minutes=minutes),
                    outcome="published",
                    model=f"m{n}",
                    loaded_at=at,
                )
            )
        session.flush()
        growth.begin(session, now - timedelta(minutes=1))
    for _ in range(2):  # it survives a reload
        page = grace.goes("/console/cards")
        assert "It usually takes 4 minutes" in page
        assert re.search(r'value="2[5-9]"', page)
    with town.works.sessions.begin() as session:
        # One that was cut off does not run for ever.
        assert training.of(session, now + timedelta(hours=2)).state == "waits"
        row = session.query(ModelTraining).order_by(ModelTraining.id.desc()).first()
        assert row is not None
        row.outcome, row.finished_at, row.findings = "kept_back", now, ["precision in fr: 0.91"]
    page = grace.goes("/console/cards")
    assert "was not published" in page
    assert "precision in fr: 0.91" in page
