"""From an answered case to a card: PROPOSE, REVIEW, near-duplicates, expiry, withdrawal."""

from __future__ import annotations

from datetime import timedelta

import pytest

from bot import knowledge
from bot.answering import Ranked
from bot.knowledge import drafts, growth, keeping, telling
from bot.knowledge.drafts import By, Refused
from store.cases import Case
from store.knowledge import Card, CardDraft, CardEvent, CardVersion, Question
from store.messages import OutboxMessage
from tests.test_questions import asked
from tests.town import Phone, Town

NURSE = "+250788000301"
OTHER = "+250788000302"
ALICE = "+250788000401"
BEATA = "+250788000402"
BITE = "a snake has bitten a farmer on the leg, what do we do first"
KEEP = "Keep the person calm and the leg still. Do not cut, suck or tie it. Refer at once."
TXA = "pph-txa-first-dose"


def answered_case(nurse: Phone, mentor: Phone, words: str = BITE, answer: str = KEEP) -> None:
    """A mentor answers what a mentee asks."""
    nurse.says("MENTOR")
    nurse.hears("Text your question")
    nurse.says(words)
    nurse.hears("asked")
    mentor.hears(words[:20])
    mentor.says(answer, quoting=words[:20])
    mentor.hears("Sent to")
    nurse.hears(answer[-12:])


def draft(town: Town) -> CardDraft:
    """The newest draft."""
    with town.works.sessions() as session:
        found = session.query(CardDraft).order_by(CardDraft.id.desc()).first()
        assert found is not None
        return found


def history(town: Town, draft_id: int) -> list[CardEvent]:
    """What happened to a draft."""
    with town.works.sessions() as session:
        return drafts.history(session, draft_id=draft_id)


def trains(town: Town) -> int:
    """Trainings that wait in the queue."""
    with town.works.engine.connect() as connection:
        found = connection.exec_driver_sql(
            "SELECT count(*) FROM procrastinate_jobs WHERE task_name = 'train'"
        )
        return int(found.scalar_one())


def goes_live(town: Town, matched: tuple[int, ...] = ()) -> None:
    """The steps that follow a published model; what a model matches is tested with a real one."""
    now = town.time.now()
    with town.works.sessions.begin() as session:
        batch = growth.begin(session, now)
        growth.go_live(session, batch, "sha", now)
    with town.works.sessions.begin() as session:
        for draft_id in growth.untold(session):
            growth.tell(session, draft_id, matched, {"of": 2, "sure": 1}, now)
    town.rest()


def test_an_answer_becomes_a_card_by_two_people(town: Town) -> None:
    town.stock_library()
    nurse = town.mentee(NURSE)
    other = town.mentee(OTHER, name="Diane Uwera")
    alice = town.mentor(ALICE)
    beata = town.mentor(BEATA, name="Beata Uwase")
    for number in (NURSE, OTHER):
        town.pair(number, ALICE)
    # Diane asked the same in nearly the same words.
    answered_case(other, alice, "snake has bitten a farmer on the leg what do we do", "Refer.")
    alice.says("PROPOSE")
    alice.hears("Draft card 1", "Refer", "Which guideline")
    alice.says("LATER")
    alice.hears("second person")
    beata.hears("draft answer card waits", "REVIEW")
    answered_case(nurse, alice, answer=f"Hello Claudine, {KEEP}")
    alice.says("PROPOSE", quoting="a snake has bitten")
    alice.hears("Draft card 2", BITE, KEEP, "close to: snake has bitten", "Source:", "LATER")
    alice.says("Source: WHO snakebite guideline 2016")
    alice.hears("Noted: WHO snakebite guideline 2016", "second person")
    made = draft(town)
    assert made.content["examples"]["en"] == [
        BITE,
        "snake has bitten a farmer on the leg what do we do",
    ]
    # Whoever proposed it is not shown it; the second person hears what is missing.
    alice.says("REVIEW")
    alice.hears("No draft card waits")
    beata.hears("draft answer card waits", "a snake has bitten")
    beata.presses("Review")
    beata.hears("Draft card 1", "Refer", "Your decision")
    beata.presses("Approve")
    beata.hears("Draft card 1 has no source yet", "Source:")
    beata.says("LATER")
    beata.hears("Text REVIEW when you have a moment")
    beata.says("REVIEW")
    beata.hears("Draft card 1")
    beata.presses("Reject")
    beata.hears("Why not", "3 It does not help")
    beata.presses("3")
    beata.hears("rejected")
    alice.hears("Thank you for proposing", "does not help others")
    town.execute("UPDATE card_draft SET content = content - 'topic' WHERE id = 2")
    beata.says("REVIEW")
    beata.hears("Draft card 2", "Keep the person calm", "WHO snakebite")
    beata.says("ok")  # no decision
    assert draft(town).state == "in_review"
    beata.says("REVIEW")
    beata.message("Draft card 2")
    beata.read = len(beata.received())
    beata.presses("Approve")
    topics = beata.hears("Which topic does draft card 2 belong to", "15 Other topics")
    beata.says("16")
    beata.hears("number from the list")
    beata.says(next(line.split()[0] for line in topics.splitlines() if "riage" in line))
    beata.hears("Approved, thank you")
    made = draft(town)
    assert (made.state, made.card_id) == ("approved", "triage-a-snake-has-bitten-a-farmer")
    assert trains(town) == 1
    with town.works.sessions() as session:
        # It is not sent before a model that knows it is published.
        assert made.card_id not in knowledge.live_cards(session)
    nurse.hears_nothing()

    diane = town.person(OTHER).id
    goes_live(town, (diane, diane, town.person(ALICE).id))
    goes_live(town, (diane,))
    for phone in (nurse, other):
        phone.hears("in the library now", "Keep the person calm", "Source: WHO snakebite")
        phone.hears_nothing()
    alice.hears("your answer is now a card")
    alice.hears_nothing()
    beata.hears("is live", "1 of 2 at once")
    kinds = [event.kind for event in history(town, 2)]
    assert kinds == [
        *("proposed", "edited", "submitted"),  # the source
        *("edited", "approved", "went_live", "told"),  # the topic
    ]
    with town.works.sessions() as session:
        card = knowledge.live_cards(session)["triage-a-snake-has-bitten-a-farmer"]
        assert (card.version, card.is_sample) == (1, False)
        row = session.get_one(Card, card.id)
        assert row.owner_id == town.person(BEATA).id


def test_what_cannot_be_meant_is_asked_and_what_names_people_is_refused(town: Town) -> None:
    nurse = town.mentee(NURSE)
    alice = town.mentor(ALICE)
    alice.says("PROPOSE")
    alice.hears("no answered case")
    answered_case(nurse, alice, "how do we store the snake serum here")
    answered_case(nurse, alice, "how is the cold box cleaned", "Ask Claudine, she cleaned it.")
    named = town.case().code
    alice.says("PROPOSE")
    alice.hears("Which case", f"#{named}")
    alice.says(f"#{named} PROPOSE")
    alice.hears("names a person")
    assert town.count(CardDraft) == 0
    nurse.says("PROPOSE")  # no word of a mentee's: it belongs to the thread
    alice.hears("adds", "PROPOSE")
    assert town.count(CardDraft) == 0
    with town.works.sessions() as session:
        first = session.get_one(Case, 1)
    alice.says(f"PROPOSE #{first.code}")
    alice.hears("Draft card 1")
    alice.says(f"PROPOSE #{first.code}")
    alice.hears("Draft card 1 was made of this case already")
    town.later(hours=3)  # nobody named a source
    assert draft(town).state == "in_review"


def test_a_coordinator_reviews_and_near_duplicates_are_merged(town: Town) -> None:
    town.stock_library()
    nurse = town.mentee(NURSE)
    alice = town.mentor(ALICE)
    grace = town.mentee("+250788000501", "whatsapp", name="Grace", roles=["coordinator"])
    grace.says("REVIEW")
    grace.hears("No draft card")
    answered_case(nurse, alice, "how much tranexamic acid first for pph", "1 g slowly by vein.")
    alice.says("PROPOSE")
    alice.hears("Draft card 1", "close to", "Which guideline")
    alice.says("Source: WHO 2017")
    alice.hears("Noted: WHO 2017")
    grace.hears("draft answer card waits")
    grace.says("REVIEW")
    grace.hears("Draft card 1", "1 g slowly")
    grace.presses("Approve")
    grace.hears("is close to", "1 It is another card", "2 Add its questions")
    near = town.person("+250788000501").pending or {}
    assert near["card"] == TXA
    grace.presses("2")
    grace.hears("questions of draft card 1 are added")
    goes_live(town)
    nurse.hears("in the library now", "1 g")
    with town.works.sessions() as session:
        versions = session.query(CardVersion).filter_by(card_id=TXA).order_by("version").all()
        assert [one.draft_id for one in versions] == [None, 1]
        assert versions[1].answer == versions[0].answer
        assert versions[1].examples["en"][-1] == "how much tranexamic acid first for pph"
        # Its questions were reviewed, its answer was not.
        assert versions[1].review.startswith("sample")


def test_news_keeps_to_stop_quiet_hours_and_the_window(town: Town) -> None:
    town.stock_library()
    nurse = town.mentee(NURSE, "whatsapp")
    other = town.mentee(OTHER, name="Diane Uwera")
    with town.works.sessions() as session:
        card = knowledge.live_cards(session)[TXA]
    town.until(town.time.now() + timedelta(hours=10))  # nine in the evening
    with town.works.sessions.begin() as session:
        for person in (town.person(NURSE).id, town.person(OTHER).id):
            telling.news(session, card, person, town.time.now())
    town.rest()
    other.hears_nothing()
    other.says("STOP")
    town.later(hours=11)
    nurse.hears("library now has an answer to what you asked", "Reply with anything")
    nurse.says("ok")
    nurse.hears("in the library now", "1 g")
    other.hears_nothing()
    with town.works.sessions.begin() as session:
        assert not telling.news(session, card, town.person(OTHER).id, town.time.now())
        telling.news(session, card, town.person(NURSE).id, town.time.now())
    town.rest()
    nurse.hears_nothing()


def test_withdrawn_and_expired_cards_go_to_a_mentor(town: Town) -> None:
    town.stock_library()
    nurse = town.mentee(NURSE)
    alice = town.mentor(ALICE)
    now = town.time.now()
    who = By("anna@example.org")
    owner = town.person(ALICE).id
    with town.works.sessions.begin() as session:
        for card in (TXA, "pph-definition"):
            keeping.keep(session, card, who, now, owner_id=owner, guideline="WHO-PPH")
    # "Did you mean" is open when the guideline is withdrawn.
    asked(town, nurse, "txa", Ranked(TXA, 0.5), Ranked("pph-definition", 0.4))
    nurse.hears("Did you mean")
    with town.works.sessions.begin() as session:
        found = keeping.of_guideline(session, guideline="who-pph")
        assert found == ["pph-definition", TXA]
        taken = keeping.withdraw(session, found, "WHO has withdrawn it", who, now)
        titles = knowledge.titles(session, found)
        telling.withdrawn(session, taken, titles, "WHO has withdrawn it", now)
        assert keeping.withdraw(session, found, "again", who, now) == []
    town.rest()
    alice.hears("Withdrawn from the library", "WHO has withdrawn it")
    assert trains(town) == 1
    # A neighbour is no answer to what a withdrawn card answered.
    asked(town, nurse, "dose of txa", Ranked(TXA, 0.95), Ranked("triage-categories", 0.9))
    nurse.hears("asked Alice")
    assert town.case().cause == "card_withdrawn"
    with town.works.sessions.begin() as session:
        assert keeping.restore(session, TXA, who, now)
        assert not keeping.restore(session, TXA, who, now)
        with pytest.raises(Refused):
            keeping.restore(session, "no-such-card", who, now)
        assert TXA in knowledge.live_cards(session)


def test_a_card_expires_on_its_day_and_is_renewed(town: Town) -> None:
    town.stock_library()
    alice = town.mentor(ALICE)
    nurse = town.mentee(NURSE)
    who = By("anna@example.org")
    day = town.time.now().date() + timedelta(days=40)
    with town.works.sessions.begin() as session:
        owner = town.person(ALICE).id
        keeping.keep(session, TXA, who, town.time.now(), expires_on=day, owner_id=owner)
    town.later(days=9)
    assert town.count(OutboxMessage, OutboxMessage.body.contains("expires on")) == 0
    town.later(days=1)
    town.later(hours=1)
    assert town.count(OutboxMessage, OutboxMessage.body.contains("expires on")) == 1
    alice.hears("news about the answer card")
    alice.says("what is it")
    alice.hears(f"expires on {day}")
    town.later(days=30)
    with town.works.sessions() as session:
        assert TXA not in knowledge.live_cards(session)
        trained = [c["id"] for t in knowledge.training_topics(session) for c in t["cards"]]
        assert TXA in trained
    assert town.count(OutboxMessage, OutboxMessage.body.contains("It is not sent any more")) == 1
    asked(town, nurse, "dose of txa", Ranked(TXA, 0.95))
    nurse.hears("asked Alice|No mentor")
    assert town.one(Question).decision == "case"
    with town.works.sessions.begin() as session:
        keeping.keep(session, TXA, who, town.time.now(), expires_on=day + timedelta(days=365))
        assert TXA in knowledge.live_cards(session)


def test_what_the_gate_keeps_back_stays_approved_and_is_told(town: Town) -> None:
    town.stock_library()
    beata = town.mentor(BEATA, name="Beata Uwase")
    now = town.time.now()
    content = {
        "topic": "triage",
        "title": {"en": "Snake bite first steps"},
        "answer": {"en": KEEP},
        "examples": {"en": [BITE]},
        "source": "WHO 2016",
    }
    with town.works.sessions.begin() as session:
        made = drafts.draft_of_card(session, TXA, content, By("anna@example.org"), now)
        with pytest.raises(Refused) as refused:
            drafts.approve(session, made, By("Anna@example.org"), now)
        assert [one.key for one in refused.value.objections] == ["card_no_same_person"]
        drafts.approve(session, made, By("Beata", town.person(BEATA).id), now)
    with town.works.sessions.begin() as session:
        batch = growth.begin(session, now)
        assert list(batch.drafts) == [1]
        growth.keep_back(session, batch, "kept_back", ["en: only 40% are answered."], now)
    town.rest()
    beata.hears("approved but not live", "The library stays as it was")
    with town.works.sessions.begin() as session:
        assert knowledge.live_cards(session)[TXA].version == 1
        assert not growth.waits(session)
        # Approved once more it is tried again; edited meanwhile, what was trained is not sent.
        made = session.get_one(CardDraft, 1)
        drafts.approve(session, made, By("Beata", town.person(BEATA).id), now)
        batch = growth.begin(session, now)
        assert list(batch.drafts) == [1]
        second = drafts.draft_of_card(session, TXA, content, By("Anna"), now)
        drafts.acknowledge(session, second, ["draft 1"], By("Grace"), now)
        with pytest.raises(Refused) as refused:
            drafts.approve(session, second, By("Grace"), now)
        assert [one.key for one in refused.value.objections] == ["card_other_waits"]
        drafts.edit(session, made, {**content, "source": "WHO 2023"}, By("Anna"), now)
        assert growth.go_live(session, batch, "sha", now) == []
        assert made.state == "in_review"
