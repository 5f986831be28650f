"""PLAN and GOAL on the phone, reminders, gaps that show, a goal reached, the certificate."""

from __future__ import annotations

import json
import re
from datetime import datetime, timedelta
from io import BytesIO
from pathlib import Path
from typing import Any

import httpx
from pypdf import PdfReader
from sqlalchemy.orm import Session

from bot import knowledge
from bot.mentoring import coaching, goals
from bot.mentoring.competencies import load
from bot.reports.fiscal import Period
from bot.reports.plans import plans
from bot.reports.query import Wanted
from store.cases import Case
from store.knowledge import Question
from store.learning import Assessment
from store.messages import Inbound
from store.people import Person
from store.plans import Certificate, Goal, PlanDue, PlanItem
from store.quizzes import Answer, Dose
from tests.commands import Shell
from tests.town import MORNING, Town

CATALOGUE = load()
CLAUDINE, ALICE, GRACE = "+250788000301", "+250788000401", "+250788000501"


def add(town: Town, gap: str, owner: str = CLAUDINE, **values: Any) -> None:
    with town.works.sessions.begin() as session:
        coaching.add(
            session,
            mentee=session.get_one(Person, town.person(CLAUDINE).id),
            owner_id=town.person(owner).id,
            gap=gap,
            now=town.time.now(),
            **{
                "action": "practise it",
                "due_on": None,
                "source": "debrief",
                "key": gap,
                **values,
            },
        )


def record(town: Town, competency: str, kind: str, **values: Any) -> None:
    """A post-test of 18 of 20, or a skill that Alice signed."""
    skill = {"passed": True, "assessor_id": town.person(ALICE).id}
    with town.works.sessions.begin() as session:
        session.add(
            Assessment(
                person_id=town.person(CLAUDINE).id,
                technical_area=CATALOGUE.competencies[competency].area,
                competency=competency,
                kind=kind,
                at=town.time.now(),
                source="import",
                key=f"{competency}:{kind}",
                **(skill if kind == "skill" else {"score": 18, "out_of": 20}),
                **values,
            )
        )


def test_a_plan_is_read_worked_on_and_reminded_of(town: Town, tmp_path: Path) -> None:
    nurse = town.mentee(CLAUDINE)
    alice = town.mentor(ALICE)
    nurse.says("PLAN")
    nurse.hears("Nothing is open in your coaching plan", "GOAL")
    add(town, "Start the bundle at once")
    add(town, "Count the breaths of a baby", due_on=datetime(2026, 3, 6).date())
    add(town, "A second look at the model", ALICE)
    nurse.says("Plan")
    nurse.hears(
        r"^Your coaching plan:\n2 Count the breaths of a baby: practise it \(by Fri 6 Mar\)\n"
        r"1 Start the bundle at once: practise it \(by Tue 31 Mar\)\n"
        r"Alice Ingabire A second look at the model: practise it \(by Tue 31 Mar\)\n"
        r"Done with one\? Text PLAN DONE 2"
    )
    alice.says("PLAN")
    alice.hears(r"1 Claudine Mukamana: A second look at the model")
    alice.says("PLAN DONE 1")
    alice.hears("Well done: A second look at the model")
    nurse.says("plan done 9")
    nurse.hears("No open item of yours has the number 9")
    nurse.says("PLAN DONE")
    nurse.hears("Which one")
    # In a week she is reminded, after work, of what is late; once, whatever the clock does.
    town.until(datetime(2026, 3, 10, 14, 59, tzinfo=town.time.now().tzinfo))
    nurse.hears_nothing()
    town.later(minutes=2)
    nurse.hears("Still in your coaching plan: Count the breaths of a baby", "was for Fri 6 Mar")
    town.later(minutes=2)
    nurse.hears_nothing()
    alice.hears_nothing()
    nurse.says("plan done 2")
    nurse.hears("Well done: Count the breaths of a baby. Still open: 1")
    nurse.says("plan")
    nurse.hears("^Well done, 2 done so far", "1 Start the bundle")
    nurse.says("PAUSE 10")
    nurse.hears("No questions until")
    town.later(days=7, minutes=1)
    nurse.says("STOP")
    nurse.hears_nothing()  # on SMS the provider says it
    town.later(days=7, minutes=1)
    nurse.hears_nothing()
    outcomes = [one.outcome for one in town.all(PlanDue, PlanDue.kind == "reminder")]
    assert outcomes == ["told", "nothing open", "paused", "not reachable", None]
    assert town.one(PlanItem, PlanItem.state == "open").gap == "Start the bundle at once"
    exported = Shell(town, tmp_path)("export", "plans", "--format", "jsonl")
    rows = [json.loads(line) for line in exported.splitlines()]
    assert [(one["number"], one["state"]) for one in rows] == [
        (1, "open"),
        (2, "done"),
        (1, "done"),
    ]
    # One mentee: too few to be shown.
    report = json.loads(Shell(town, tmp_path)("report", "plans", "--format", "json"))
    assert report["rows"][0]["open"] == "<5"
    with town.works.sessions() as session:
        wanted = Wanted(
            Period("March", MORNING - timedelta(days=2), MORNING + timedelta(days=60)),
            MORNING + timedelta(days=40),
            whole=True,
        )
        found = plans(session, wanted, CATALOGUE).rows[0]
    assert found == {
        "group": "All", "mentees": 1, "open": 1, "overdue": 1, "done": 2, "dropped": 0,
        "done_percent": 66.7,
    }  # fmt: skip


def test_a_goal_is_chosen_changed_reached_and_leads_to_mentoring_others(town: Town) -> None:
    nurse = town.mentee(CLAUDINE, "whatsapp", cadre="midwife")
    alice, grace = town.mentor(ALICE), town.coordinator(GRACE)
    town.tick()
    town.pair(CLAUDINE, ALICE)
    record(town, "mnh-pph", "post")
    nurse.says("GOAL")
    nurse.hears("What would you like to work on", "1 Prevent and treat bleeding after birth")
    nurse.says("1")
    nurse.hears("A good goal: Prevent and treat bleeding", "has to see you do it and sign")
    nurse.says("goal done")
    nurse.hears("You are on the way", "sign")
    # Own words are said back, for they may have been a question.
    nurse.says("goal eclampsia treatment step by step")
    nurse.hears("Shall this be your goal: eclampsia treatment step by step")
    nurse.says("GOAL")
    nurse.hears("Your goal: Prevent and treat bleeding")
    nurse.says("goal stay calm with the team of Mrs Uwase 0788123456")
    nurse.hears("Shall this be your goal")
    nurse.presses("Yes")
    nurse.hears("Noted as your goal: stay calm with the team of")
    assert "0788123456" not in town.one(Goal, Goal.state == "active").words
    nurse.says("GOAL CHANGE")
    nurse.hears("1 Prevent and treat bleeding")
    nurse.presses("1")
    nurse.hears("A good goal: Prevent and treat bleeding")
    record(town, "mnh-pph", "skill")
    add(town, "Starts late", competency="mnh-pph")
    # By night the record is looked at; the news comes by day.
    town.until(datetime(2026, 3, 4, 1, 1, tzinfo=town.time.now().tzinfo))
    nurse.hears_nothing()
    town.later(hours=5)
    nurse.hears("Congratulations, you have reached your goal: Prevent and treat bleeding")
    assert town.one(PlanItem).state == "done"
    nurse.presses("Yes, gladly")
    nurse.hears("Your mentor and the coordinator know")
    alice.hears("Claudine Mukamana.*has reached a goal and would gladly mentor others")
    grace.hears("Claudine Mukamana.*has reached a goal and would gladly mentor others")
    assert town.one(Goal, Goal.state == "reached").mentors_others
    nurse.says("GOAL MENTOR")
    nurse.hears("Thank you")
    alice.hears_nothing()


def test_a_proposed_goal_waits_for_a_yes(town: Town) -> None:
    nurse = town.mentee(CLAUDINE, cadre="nurse", language="fr")
    with town.works.sessions.begin() as session:
        goals.propose(
            session,
            mentee=session.get_one(Person, town.person(CLAUDINE).id),
            competency="mnh-anc",
            source="assess",
            key="walk:1",
            now=town.time.now(),
        )
    nurse.says("OBJECTIF")
    nurse.hears("Un objectif possible pour vous : Faire un contact prénatal", "1 Oui 2 Un autre")
    nurse.says("2")
    nurse.hears("Que voulez-vous travailler", "1 Trouver une méthode")
    nurse.says("objectif")
    nurse.hears("Un objectif possible")
    nurse.says("1")
    nurse.hears("Un bel objectif : Faire un contact prénatal", "TEST MNH")
    nurse.says("objectif supprimer")
    nurse.hears("retiré")
    assert [one.state for one in town.all(Goal)] == ["dropped"]


def test_what_is_answered_wrong_again_or_asked_again_goes_into_the_plan_once(town: Town) -> None:
    nurse = town.mentee(CLAUDINE, cadre="nurse")
    town.stock_bank()
    town.tick()
    for _ in range(2):
        wrong(town, "pph-")
        town.later(minutes=1)
    with town.works.sessions.begin() as session:
        for number in range(2):
            session.add(
                Case(
                    code=f"HKM{number + 2}",
                    mentee_id=town.person(CLAUDINE).id,
                    topic="anc",
                    cause="asked",
                    state="closed",
                    opened_at=town.time.now() + timedelta(hours=number),
                )
            )
        card = next(one for one in knowledge.read_files() if one["id"] == "family-planning-lam")
        knowledge.save(session, [card])
        for number in range(3):
            asked(session, town, card["id"], number)
    town.later(days=1)
    gaps = {(one.source, one.competency): one for one in town.all(PlanItem)}
    # A nurse has two competencies in family planning: which one is not certain.
    assert gaps.keys() == {
        ("answers", "mnh-pph"), ("questions", "mnh-anc"), ("questions", None)
    }  # fmt: skip
    assert gaps["questions", None].gap == card["title"]["en"]
    nurse.says("PLAN")
    nurse.hears("read the answer behind the question", "you asked about it several times")
    # Again wrong, and still open: nothing more. Done: it rests for a month.
    wrong(town, "pph-")
    town.later(days=1)
    nurse.says(f"PLAN DONE {gaps['answers', 'mnh-pph'].number}")
    wrong(town, "pph-")
    town.later(days=1)
    assert town.count(PlanItem) == 3
    town.later(days=31)
    wrong(town, "pph-")
    town.later(days=1)
    assert town.count(PlanItem) == 4


def asked(session: Session, town: Town, card: str, number: int) -> None:
    """A question that a card answered."""
    person = town.person(CLAUDINE).id
    message = Inbound(
        sid=f"SM{number}",
        channel="sms",
        sender=CLAUDINE,
        form=[],
        received_at=town.time.now(),
        state="done",
        person_id=person,
    )
    session.add(message)
    session.flush()
    session.add(
        Question(
            inbound_id=message.id,
            person_id=person,
            text="lam?",
            language="en",
            ranking=[],
            decision="answer",
            card_id=card,
            card_version=1,
            asked_at=town.time.now(),
        )
    )


def wrong(town: Town, competency: str) -> None:
    """The same item of a competency, answered wrong."""
    from bot.quizzes import catalogue

    with town.works.sessions.begin() as session:
        item = next(one for one in catalogue.live(session) if one.competency.startswith(competency))
        person, now = town.person(CLAUDINE).id, town.time.now()
        dose = Dose(
            person_id=person,
            kind="question",
            slot=f"test:{now.isoformat()}",
            planned_at=now,
            due_at=now,
            state="answered",
            item_id=item.id,
            item_version=item.version,
        )
        session.add(dose)
        session.flush()
        session.add(
            Answer(
                dose_id=dose.id,
                person_id=person,
                item_id=item.id,
                item_version=item.version,
                competency=item.competency,
                option=0,
                right=False,
                first=False,
                answered_at=now,
                latency=1.0,
                text="A",
                channel="sms",
                rule="kerfoot",
                recall=0.5,
                before={},
                after={},
            )
        )


def test_whoever_is_fully_validated_gets_a_certificate_once(town: Town, tmp_path: Path) -> None:
    nurse = town.mentee(CLAUDINE, cadre="midwife", facility="Rukara HC")
    chat = town.mentee("+250788000302", "whatsapp", cadre="chw", name="Odile Uwera")
    town.mentor(ALICE)
    town.tick()
    for name, level in CATALOGUE.required("midwife").items():
        record(town, name, "post")
        if level == "perform":
            record(town, name, "skill")
    town.later(days=1)
    told = nurse.hears("You are fully validated: all 17 competencies", "Congratulations")
    assert told
    link = nurse.hears("Your certificate, for 30 days:")
    found = fetched(link)
    page = "".join(one.extract_text() for one in PdfReader(BytesIO(found.content)).pages)
    row = town.one(Certificate)
    number = f"{row.number[:4]}-{row.number[4:]}"
    for printed in ("Certificate", "Claudine Mukamana", "Midwife, Rukara HC", number,
                    "Prevent and treat bleeding after birth", "Alice Ingabire",
                    "knowledge only", "4 March 2026"):  # fmt: skip
        assert printed in page
    assert CLAUDINE not in page
    town.later(days=2)
    nurse.hears_nothing()
    assert town.count(Certificate) == 1
    chat.hears_nothing()
    file = tmp_path / "certificate.pdf"
    Shell(town, tmp_path)("certificate", CLAUDINE, "-o", str(file))
    assert file.read_bytes() == found.content
    said = Shell(town, tmp_path)("certificate", "--check", number.lower())
    assert said.startswith(f"{number}: Claudine Mukamana, midwife, Rukara HC, issued on 2026-03-04")
    assert Shell(town, tmp_path)("certificate", "--check", "HKMR-HKMR").startswith("Refused: No")
    refused = Shell(town, tmp_path)("certificate", "+250788000302", "-o", str(file))
    assert "Not fully validated yet: 8 of 8 competencies are missing" in refused
    nurse.says("PROGRESS")
    nurse.hears("QUIZ")
    nurse.hears("You are fully validated, in all 17 competencies")
    assert fetched(nurse.hears("Your certificate")).content == found.content
    assert Shell(town, tmp_path)("export", "goals").startswith("at,id,person_id")
    town.later(days=31)
    assert fetched(link, 404)
    assert fetched(link[:-3] + "AAA", 404)


def fetched(message: str, status: int = 200) -> httpx.Response:
    """What the address in a message shows."""
    found = re.search(r"http://\S+/certificate/\S+", message)
    assert found
    answer = httpx.get(found[0])
    assert answer.status_code == status
    if status == 200:
        assert answer.headers["content-type"] == "application/pdf"
    return answer
