"""Who has a case as time goes by: reminders, passing on, leave, two at once, news for mentors."""

from __future__ import annotations

import random
from collections import Counter
from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from bot.mentoring import assigning, candidates, cases, dues, leave, news, timers
from bot.mentoring.record import locked
from store.cases import Case, CaseDue, CaseEvent, MentorDue
from store.messages import OutboxMessage
from store.people import Person
from tests.town import MORNING, Phone, Town

NURSE = "+250788000301"
ALICE = "+250788000401"
BEATA = "+250788000402"
CARINE = "+250788000403"


def asks(phone: Phone, words: str) -> None:
    phone.says("MENTOR")
    phone.hears("Text your question")
    phone.says(words)


def reason(town: Town, kind: str, who: str) -> str:
    """Why somebody was asked, from the case's record."""
    event = town.one(CaseEvent, CaseEvent.kind == kind, CaseEvent.person_id == town.person(who).id)
    return str(event.data["reason"])


def test_a_case_that_waits(town: Town) -> None:
    nurse, grace = town.mentee(NURSE), town.coordinator()
    alice, beata = town.mentor(ALICE), town.mentor(BEATA, name="Beata Uwase")
    town.pair(NURSE, ALICE)
    asks(nurse, "Snake bite on the hand")
    nurse.hears("asked Alice Ingabire", "by 19:30 today")
    alice.hears("Snake bite")
    assert reason(town, "assigned", ALICE).startswith("own mentor, answers in en")
    town.later(hours=4, minutes=5)
    alice.hears("still waiting")
    town.later(hours=4)
    alice.hears("Beata Uwase has case")
    beata.hears("Snake bite")
    nurse.hears("passed to Beata")
    # 11 working hours since the question: two of the next morning's.
    town.until(MORNING + timedelta(hours=22, minutes=2))
    grace.hears("has waited for an answer since 11:00 on 3 March")
    town.later(hours=1, minutes=8)
    beata.hears("still waiting")
    nurse.hears("sorry", "It is with Beata Uwase. The coordinator is told.")
    alice.says("Refer her.", quoting="Snake bite")
    alice.hears("Beata Uwase has case .* already. Nothing was sent")
    beata.says("Keep still, refer.", quoting="Snake bite")
    beata.hears("Sent to")
    nurse.hears("Keep still", "Did this help")
    case = town.case()
    assert case.first_response_at == case.answered_at
    assert {row.kind for row in pending(town)} == {"follow_up", "close"}
    town.later(hours=48, minutes=1)
    nurse.hears("how did it go")
    nurse.says("2")
    nurse.hears("needs more")
    beata.says("CASES")
    beata.message("did not help yet")
    assert town.case().state == "open"
    assert {row.kind for row in pending(town)} >= {"remind", "pass_on", "alert", "apologise"}
    beata.says(f"#{case.code} Give antivenom at the hospital.")
    town.later(hours=48, minutes=1)
    nurse.message("two days on: how did it go.*1 fine")
    nurse.says("She is well and at home")
    nurse.message("noted with case")
    beata.says("ok")  # her window was closed
    town.later(minutes=6)  # what can wait does not break into a conversation
    beata.message("how it went: .She is well and at home")
    town.later(hours=49)
    assert town.case().state == "closed"
    assert town.case().resolved_at == town.case().answered_at
    assert pending(town) == []


def pending(town: Town) -> list[CaseDue]:
    with town.works.sessions() as session:
        return list(session.scalars(select(CaseDue).where(CaseDue.done_at.is_(None))))


def test_nobody_is_on_duty_until_somebody_is(town: Town) -> None:
    nurse = town.mentee(NURSE)
    alice = town.mentor(ALICE, duty={"wed": [["08:00", "12:00"]]})
    beata = town.mentor(BEATA, name="Beata Uwase")
    beata.says("away until Thursday")
    beata.hears("no new cases until Thursday")
    asks(nurse, "Snake bite on the hand")
    nurse.hears("No mentor is on duty now; somebody is expected at 08:00 tomorrow")
    town.until(datetime(2026, 3, 4, 6, 0, 1, tzinfo=UTC))
    alice.hears("Snake bite")
    nurse.hears("Alice Ingabire .mentor. has your case")
    alice.says("AWAY")
    alice.hears("until you text BACK")
    town.later(seconds=5)
    nurse.hears("somebody is expected at 07:00 tomorrow")
    town.until(datetime(2026, 3, 5, 5, 0, 5, tzinfo=UTC))
    assert town.person(BEATA).away_since is None
    beata.hears("leave is over|Snake bite")
    beata.hears("leave is over|Snake bite")
    nurse.hears("Beata Uwase .mentor. has your case")


def test_an_urgent_case_is_offered_to_two_and_held_by_one(town: Town) -> None:
    nurse, grace = town.mentee(NURSE), town.coordinator()
    alice, beata = town.mentor(ALICE), town.mentor(BEATA, name="Beata Uwase")
    carine = town.mentor(CARINE, name="Carine Mutoni")
    town.pair(NURSE, ALICE)
    nurse.says("mother bleeding too much after delivery help now")
    nurse.hears("refer")
    nurse.hears("alerted Alice Ingabire and Beata Uwase")
    alice.hears("URGENT", "Also asked: Beata Uwase")
    beata.hears("URGENT", "Also asked: Alice Ingabire")
    carine.hears_nothing()
    code = town.case().code
    assert town.case().mentor_id is None
    town.later(minutes=5, seconds=1)
    alice.hears("still waiting")
    beata.hears("still waiting")
    town.later(minutes=5)
    carine.hears("URGENT")
    nurse.hears("alerted Carine Mutoni too")
    town.later(minutes=5)
    grace.hears("has waited for an answer")
    beata.says(f"TAKE #{code}")
    beata.message("is yours")
    for other in (alice, carine):
        other.message("Beata Uwase has case")
    nurse.hears("Beata Uwase .mentor. has your case")
    alice.says(f"TAKE #{code}")
    alice.message("Beata Uwase has case .* already")
    alice.says("Massage the uterus.", quoting="URGENT")
    assert alice.transcript().count("already. Nothing was sent") == 2
    nurse.hears_nothing()
    beata.says("Rub up a contraction, call the ambulance.", quoting="URGENT")
    nurse.hears("Rub up a contraction")


def test_a_mentors_week_and_month(town: Town) -> None:
    nurse = town.mentee(NURSE)
    alice, beata = town.mentor(ALICE), town.mentor(BEATA, name="Beata Uwase")
    town.pair(NURSE, ALICE)
    asks(nurse, "Snake bite on the hand")
    alice.hears("Snake bite")
    alice.says("Keep still, refer.", quoting="Snake bite")
    alice.hears("Sent to")
    nurse.says("1")
    alice.hears("your answer helped")
    town.tick()
    town.until(datetime(2026, 3, 9, 6, 1, tzinfo=UTC))
    alice.hears("Last week you helped with 1 case. 1 colleague said")
    alice.hears_nothing()
    town.until(datetime(2026, 4, 1, 6, 1, tzinfo=UTC))
    alice.hears("This month 0 of 2 visits have taken place")  # on the 15th
    said = alice.hears("Mentoring in March 2026. Cases helped with: 1", "Said that it helped: 1")
    assert "Claudine" not in said
    assert "Snake" not in said
    beata.hears("This month 0 of 2 visits have taken place")
    beata.hears_nothing()  # nothing to say, and nothing is said
    with town.works.sessions() as session:
        done = session.scalars(select(MentorDue).where(MentorDue.done_at.is_not(None)))
        outcomes = Counter((row.person_id, row.outcome) for row in done)
    assert outcomes[town.person(BEATA).id, "nothing to say"] == 2


@pytest.mark.parametrize("seed", range(4))
def test_never_two_holders_and_never_a_case_that_nobody_looks_at(town: Town, seed: int) -> None:
    """Whatever mentors, mentees and the clock do in whatever order, counted and printed."""
    chance, now = random.Random(seed), MORNING
    for number in range(5):
        town._person(f"+25078800041{number}", "whatsapp", ["mentor"], {"name": f"Mentor {number}"})
    for number in range(3):
        town._person(f"+25078800031{number}", "sms", ["mentee"], {})
    done: Counter[str] = Counter()
    with town.works.sessions() as session:
        everybody = candidates.mentors(session)
        mentees = list(session.scalars(select(Person).where(Person.roles.contains(["mentee"]))))
        for step in range(60):
            now += timedelta(minutes=chance.choice([0, 1, 7, 60, 600]))
            done[act(session, chance, everybody, mentees, now, f"{seed}:{step}")] += 1
            session.flush()
            check(session, now)
        session.rollback()
    print(f"seed {seed}: {dict(done)}")
    assert len(done) >= 6


def act(
    session: Session,
    chance: random.Random,
    mentors: list[Person],
    mentees: list[Person],
    now: datetime,
    key: str,
) -> str:
    """Somebody does something; returns what."""
    mentor, mentee = chance.choice(mentors), chance.choice(mentees)
    mine = assigning.open_of(session, mentor)
    theirs = list(
        session.scalars(select(Case).where(Case.mentee_id == mentee.id, Case.state != "closed"))
    )
    what = chance.choice(["open", "urgent", "take", "pass", "answer", "rate", "leave", "clock"] * 2)
    if what in ("open", "urgent"):
        cases.open_case(
            session,
            mentee,
            "Snake bite",
            cause="asked",
            now=now,
            key=key,
            address_id=None,
            inbound_id=None,
            urgent=what == "urgent",
            emergency=key if what == "urgent" else None,
        )
    elif what == "take" and (waiting := session.scalars(select(Case)).all()):
        assigning.take(session, chance.choice(waiting), mentor, now=now, key=key)
    elif what == "pass" and mine:
        assigning.pass_on(session, chance.choice(mine), mentor, now=now, key=key)
    elif what == "answer" and mine:
        case = chance.choice(mine)
        cases.answer(session, case, mentor, "Refer.", now=now, key=key, inbound_id=None)
        assert case.mentor_id == mentor.id
    elif what == "rate" and (answered := [one for one in theirs if one.state == "answered"]):
        helped = chance.random() < 0.5
        cases.rate(session, answered[0], mentee, helped, now=now, key=key, inbound_id=None)
    elif what == "leave":
        if mentor.away_since is None and chance.random() < 0.5:
            leave.begin(session, mentor, None, now)
        else:
            leave.finish(session, mentor, now)
    else:
        what = "clock"
        for due_id in timers.due_ids(session, now, 100):
            timers.look(session, due_id, now)
        news.plan_ahead(session, now)
    return what


def check(session: Session, now: datetime) -> None:
    """What must hold of every case at any moment."""
    for case in session.scalars(select(Case)):
        offers = candidates.live_offers(session, case)
        planned = {
            row.kind
            for row in session.scalars(
                select(CaseDue).where(CaseDue.case_id == case.id, CaseDue.done_at.is_(None))
            )
        }
        if case.state == "closed":
            assert not offers
            assert not planned
            continue
        assert planned, "a case that nobody looks at"
        if case.mentor_id is not None:
            assert not offers, "held and offered at once"
        if case.state == "open" and case.mentor_id is None and not offers:
            assert "route" in planned, "nobody has it and nobody is looked for"
        if case.state == "open":
            assert {"alert", "apologise"} <= planned or case.waiting_since is not None
        if case.state == "answered":
            assert planned == {"follow_up", "close"} or planned == {"close"}
    waiting = session.scalars(
        select(OutboxMessage).where(
            OutboxMessage.state.in_(("queued", "held")),
            OutboxMessage.kind == assigning.REMINDER,
        )
    )
    for message in waiting:  # nobody is reminded of what is not theirs
        case = locked(session, message.case_id or 0)
        mentor = session.get_one(Person, message.person_id)
        assert assigning.standing(session, case, mentor) is not None
    assert dues.service(session).normal.at_once == 1
