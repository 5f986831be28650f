"""Campaigns in the console: planned, looked at, launched, followed; and why somebody got none."""

from __future__ import annotations

import html
import json
import re
import struct
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import func, select
from typer.testing import CliRunner

from bot.accounts.scope import Scope
from bot.quizzes import background, campaigns, districts, planning
from bot.quizzes.campaigns import CampaignError
from bot.quizzes.plan import Plan, read
from cli.app import app
from console import campaign_form as form
from store.accounts import AuditEntry
from store.people import Address, Facility, Person
from store.quizzes import Campaign, Dose, Enrolment
from tests import programme
from tests.console import NOW, Browser, Desk, TownDesk
from tests.town import Town

TOMORROW = date(2026, 3, 4)
DAYS = "mon\ntue\nwed\nthu\nfri"
BETH, CLARE, DIANE, ALICE = "+250788000301", "+250788000302", "+250788000303", "+250788000401"


@pytest.fixture
def desk(database_url: str) -> Iterator[Desk]:
    made = Desk(database_url)
    with made.house.sessions.begin() as session:
        programme.stock_bank(session)
        programme.town(session)
    yield made
    made.close()


def filled(kind: str = "quiz", **changed: str) -> dict[str, str]:
    """The form as it stands, with some of it changed; several words on lines of their own."""
    fields = {name: "\n".join(words) for name, words in form.blank(kind, TOMORROW).items()}
    return {"kind": kind, "name": "Safe birth", **fields, **changed}


def saved(browser: Browser, **changed: str) -> int:
    """Plan and save a draft; its number."""
    browser.goes("/console/campaigns/new")
    browser.sends("/console/campaigns/new", do="save", **filled(**changed))
    found = re.fullmatch(r"/console/campaigns/(\d+)/preview", browser.at)
    assert found, browser.page
    return int(found[1])


def plan_of(desk: Desk, number: int) -> Plan:
    with desk.house.sessions() as session:
        return campaigns.plan_of(session, session.get_one(Campaign, number))


def state_of(desk: Desk, number: int) -> str:
    with desk.house.sessions() as session:
        return session.get_one(Campaign, number).state


def works(desk: Desk) -> None:
    """What the worker does with what was asked for."""
    with desk.house.sessions() as session:
        jobs = session.connection().exec_driver_sql(
            "SELECT id, args FROM procrastinate_jobs WHERE task_name = 'campaign' ORDER BY id"
        )
        waiting = [(job, dict(args)) for job, args in jobs]
    for job, args in waiting:
        with desk.house.sessions.begin() as session:
            background.carry_out(session, now=desk.now, **args)
            session.connection().exec_driver_sql(
                "DELETE FROM procrastinate_jobs WHERE id = %s", (job,)
            )


def command(desk: Desk, home: Path, *words: str) -> str:
    """What `./mentorline campaign …` prints at the desk's time."""
    clock = home / "clock"
    clock.write_bytes(struct.pack("<d", (desk.now - datetime.now(UTC)).total_seconds()))
    environment = {
        "DATABASE_URL": str(desk.settings.database_url),
        "MENTORLINE_HOME": str(home),
        "MENTORLINE_CLOCK": str(clock),
    }
    answer = CliRunner(env=environment).invoke(app, ["campaign", *words])
    assert answer.exit_code == 0, answer.output
    return answer.stdout


def test_from_the_plan_to_the_phones_and_why_one_nurse_got_none(town: Town) -> None:
    desk = TownDesk(town)
    town.stock_bank()
    beth = town.mentee(BETH, name="Beth Uwase", facility="Rukara Health Centre", cadre="nurse")
    clare = town.mentee(CLARE, name="Clare Ingabire", cadre="nurse")
    diane = town.mentee(DIANE, name="Diane Keza", cadre="nurse")
    town.mentor(ALICE)
    town.pair(CLARE, ALICE)
    diane.says("STOP")
    clare.says("MENTOR")
    clare.says("Snake bite on the leg")
    for phone in (beth, clare, diane):
        phone.read = len(phone.received())

    desk.account("grace@example.org", "coordinator")
    grace = desk.signed_in("grace@example.org")
    assert "There is no campaign yet" in grace.goes("/console/campaigns")
    grace.goes("/console/campaigns/new")
    today = town.time.now().date().isoformat()
    wished = filled(topic="pph", cadre="nurse", start=today, weeks="4", per_week="5")
    page = grace.sends("/console/campaigns/new", do="preview", **wished)
    assert grace.status == 200
    assert "As if: nothing is saved" in page
    assert "texted STOP: 1" in page
    assert "Diane Keza" in page
    assert town.count(Campaign) == 0
    grace.sends("/console/campaigns/new", do="save", **wished)
    campaign = town.one(Campaign)
    assert campaign.state == "draft"
    where = f"/console/campaigns/{campaign.id}"
    assert "let it go to 2 mentees" in grace.page

    assert "Please tick that you have looked" in grace.sends(f"{where}/do", do="launch")
    page = grace.sends(f"{where}/do", do="launch", sure="1")
    assert "It waits for a worker." in page
    assert grace.answer.headers["Refresh"]
    assert "It waits for a worker." in grace.goes(where)  # it survives a reload
    grace.goes(f"{where}/preview")
    assert "Launch the campaign" not in grace.page
    assert "is being changed just now" in grace.sends(f"{where}/do", do="launch", sure="1")
    town.rest()
    page = grace.goes(where)
    assert "It waits for a worker." not in page
    assert "Refresh" not in grace.answer.headers
    assert "Running" in page

    town.tick()
    town.live(hours=9)
    beth.hears("A ")
    beth.says("B")
    assert town.count(Dose, Dose.person_id == town.person(CLARE).id, Dose.sent_at.is_not(None)) == 0
    diane.hears_nothing()
    grace.goes("/console/")
    grace.enter("grace@example.org")
    page = grace.goes(where)
    assert "the mentee has an open case with a mentor" in page
    page = grace.goes(f"{where}/mentees?q=Clare")
    assert grace.at == f"{where}/mentees/{town.person(CLARE).id}"
    assert "Is in this campaign" in page
    assert "the mentee has an open case with a mentor" in page
    assert f'href="/console/people/{town.person(CLARE).id}"' in page
    page = grace.goes(f"{where}/mentees?q=0788000303")
    assert "Is left out" in page
    assert "texted STOP" in page
    page = grace.goes(f"{where}/mentees?q=Beth")
    assert re.search(r"Answered.*not right|Answered.*right", page, re.DOTALL)
    page = grace.goes(f"{where}/results?by=facility")
    assert "Options chosen" in page
    assert "&lt;5" in page
    assert "No mentee fits" in grace.goes(f"{where}/mentees?q=Nobody+at+all")
    noted = [entry.what for entry in town.all(AuditEntry)]
    for what in ("campaign_drafted", "campaign_launched", "person_seen"):
        assert what in noted


def test_the_page_and_the_command_make_the_same_campaign_and_preview(
    desk: Desk, tmp_path: Path
) -> None:
    desk.account("grace@example.org", "admin")
    grace = desk.signed_in("grace@example.org")
    number = saved(
        grace, name="On the page", topic="pph", competency="preeclampsia-mgso4",
        item="preeclampsia-q01", district="Kayonza\nGatsibo", cadre="nurse\nmidwife",
        person="0788 000 306", weeks="6", per_week="2", weekdays="mon\nthu", hour_from="16:30",
        hour_to="18:00", own_hour="", channel="sms", reminder="12", expiry="48",
        budget_money="500", per_segment="0,05",
    )  # fmt: skip
    command(
        desk, tmp_path, "create", "By hand", "--topic", "pph", "--competency",
        "preeclampsia-mgso4", "--item", "preeclampsia-q01", "--district", "Kayonza", "--district",
        "Gatsibo", "--cadre", "nurse", "--cadre", "midwife", "--person", "0788 000 306", "--weeks",
        "6", "--per-week", "2", "--weekdays", "mon,thu", "--hour", "16:30-18:00", "--no-own-hour",
        "--channel", "sms", "--reminder", "12", "--expiry", "48", "--budget-money", "500",
        "--per-segment", "0.05",
    )  # fmt: skip
    with desk.house.sessions() as session:
        by_hand = campaigns.by_name(session, "By hand")
        assert by_hand is not None
        assert plan_of(desk, by_hand.id) == plan_of(desk, number)
    shown = json.loads(command(desk, tmp_path, "preview", "On the page", "--json"))
    page = html.unescape(grace.goes(f"/console/campaigns/{number}/preview"))
    assert shown["members"] > 0
    assert f"let it go to {shown['members']} mentees" in page
    figures = re.findall(r'<div class="figure">([^<]*)</div>', page)
    use = shown["expected"]["use"]
    assert figures == [
        f"{figure:,}"
        for figure in (
            shown["members"],
            shown["doses"]["total"],
            round(use["segments"]),
            round(use["templates"]),
        )
    ]
    cost = f"{shown['expected']['cost']:,.2f}".rstrip("0").rstrip(".")
    assert f"{cost} USD" in page
    assert shown["examples"]
    for example in shown["examples"]:
        assert example["text"] in page
    for out in shown["out"]:
        assert re.search(rf": {out['count']}</summary>", page)
        for name in out["names"]:
            assert name in page
    for week in shown["doses"]["weeks"]:
        assert f'<td class="number">{week["doses"]}</td>' in page


def test_what_is_wrong_stands_beside_its_field_and_nothing_typed_is_lost(desk: Desk) -> None:
    desk.account("grace@example.org", "coordinator")
    grace = desk.signed_in("grace@example.org")
    saved(grace, name="Taken")
    grace.goes("/console/campaigns/new")
    awkward = "<script>alert(1)</script> & '{{ 7*7 }}' \u0627\u0644"
    page = grace.sends(
        "/console/campaigns/new", do="save",
        **filled(name="taken", topic="pph", per_week="9", facility=awkward, weeks="ten",
                 hour_to="16:00", person="+250799999999"),
    )  # fmt: skip
    assert grace.status == 422
    assert "<script" not in page
    assert html.escape(awkward, quote=False)[:20] in page
    for field, sentence in (("weeks", "Please write a whole number."),):
        assert re.search(rf'id="{field}-wrong">{sentence}', page), field
    assert 'value="ten"' in page
    assert "<details><summary>Single competencies" in page
    page = grace.sends(
        "/console/campaigns/new", do="save",
        **filled(name="taken", topic="pph", per_week="9", hour_to="16:00"),
    )  # fmt: skip
    assert re.search(r'id="per_week-wrong">At most 5, please\.', page)
    page = grace.sends(
        "/console/campaigns/new", do="save",
        **filled(name="taken", facility=awkward, person="+250799999999", district="Nowhere"),
    )  # fmt: skip
    assert re.search(r'id="person-wrong">“\+250799999999” is neither', page)
    assert re.search(r'id="district-wrong">Nobody has “Nowhere”', page)
    assert html.escape(awkward, quote=False)[:20] in page
    page = grace.sends("/console/campaigns/new", do="save", **filled(name="taken", topic="pph"))
    assert re.search(r'id="name-wrong">There is a campaign called “taken” already', page)
    page = grace.sends("/console/campaigns/new", do="save", **filled(name="#7"))
    assert re.search(r'id="name-wrong">A campaign.s name cannot begin with #', html.unescape(page))
    page = grace.sends("/console/campaigns/new", do="preview", **filled(name=" "))
    assert "A campaign needs a name." in page
    assert grace.status == 422
    with desk.house.sessions() as session:
        assert session.scalar(select(func.count()).select_from(Campaign)) == 1


def test_tips_are_planned_row_by_row(desk: Desk) -> None:
    desk.account("grace@example.org", "coordinator")
    grace = desk.signed_in("grace@example.org")
    page = grace.goes("/console/campaigns/new?kind=tips")
    assert page.count('name="tip_en"') == 2
    page = grace.sends(
        "/console/campaigns/new", do="rows", **filled("tips", tip_en="Wash your hands.")
    )
    assert page.count('name="tip_en"') == 3
    assert "Wash your hands." in page
    page = grace.sends("/console/campaigns/new", do="preview", **filled("tips"))
    assert "Please write at least one tip." in page
    page = grace.sends(
        "/console/campaigns/new", do="save", **filled("tips", tip_fr="Lavez-vous les mains.")
    )
    assert "Tip 1 needs a text in English." in page
    text = {"tip_en": "Wash your hands.", "tip_fr": "Lavez-vous les mains."}
    grace.sends("/console/campaigns/new", do="save", **filled("tips", **text))
    number = int(re.findall(r"\d+", grace.at)[0])
    plan = plan_of(desk, number)
    assert plan.tips == [{"en": "Wash your hands.", "fr": "Lavez-vous les mains."}]
    assert plan.start == plan.end == TOMORROW
    assert "Lavez-vous les mains." in grace.page


def test_a_running_campaign_is_changed_paused_copied_and_ended(desk: Desk) -> None:
    desk.account("grace@example.org", "coordinator")
    grace = desk.signed_in("grace@example.org")
    number = saved(grace, topic="pph")
    where = f"/console/campaigns/{number}"
    grace.sends(f"{where}/do", do="launch", sure="1")
    works(desk)
    assert state_of(desk, number) == "running"
    with desk.house.sessions.begin() as session:
        planning.plan_ahead(session, desk.now)
        planned = session.scalar(
            select(func.count()).select_from(Dose).where(Dose.kind == "question")
        )
    assert planned

    grace.goes(f"{where}/plan")
    fields = filled(topic="pph", per_week="1", weeks="26")
    page = grace.sends(f"{where}/plan", do="preview", **fields)
    assert "As if: nothing is saved" in page
    page = grace.sends(f"{where}/plan", do="save", **fields)
    assert "Please tick that what was planned becomes void." in page
    assert plan_of(desk, number).per_week == 3
    page = grace.sends(f"{where}/plan", do="save", sure="1", **fields)
    assert "Its plan is being changed." in page
    works(desk)
    assert plan_of(desk, number).per_week == 1
    page = grace.goes(where)
    cells = ("Taken back", "the plan changed", planned)
    assert re.search(r"</td><td[^>]*>".join(map(str, cells)), page)
    page = grace.sends(f"{where}/plan", do="save", sure="1", **fields)
    assert "has this plan already" in page

    assert "The campaign is paused." in grace.sends(f"{where}/do", do="pause")
    assert state_of(desk, number) == "paused"
    assert "It is not running." in grace.sends(f"{where}/do", do="pause")
    assert grace.status == 422
    assert "The campaign goes on." in grace.sends(f"{where}/do", do="resume")
    assert "already" in grace.sends(f"{where}/do", do="copy", name="SAFE birth")
    grace.sends(f"{where}/do", do="copy", name="Safe birth 2")
    assert "The copy is a draft" in grace.page
    grace.goes(where)
    assert "Please tick that it ends" in grace.sends(f"{where}/do", do="end")
    grace.sends(f"{where}/do", do="end", sure="1")
    assert "The campaign has ended." in grace.page
    assert state_of(desk, number) == "ended"
    grace.goes(f"{where}/plan")
    assert grace.status == 403
    assert "Please choose what to do." in grace.sends(f"{where}/do", do="fly")
    with desk.house.sessions() as session:
        noted = set(session.scalars(select(AuditEntry.what)))
    assert noted >= {
        "campaign_changed", "campaign_paused", "campaign_resumed", "campaign_copied",
        "campaign_ended",
    }  # fmt: skip


def test_what_could_not_be_launched_says_why(desk: Desk) -> None:
    desk.account("grace@example.org", "coordinator")
    grace = desk.signed_in("grace@example.org")
    number = saved(grace, cadre="nurse", language="rw")
    where = f"/console/campaigns/{number}"
    with desk.house.sessions.begin() as session:
        for person in session.scalars(select(Person)):
            person.consent = "no"
    grace.sends(f"{where}/do", do="launch", sure="1")
    works(desk)
    page = grace.goes(where)
    assert "could not be done: It would reach nobody" in page
    assert state_of(desk, number) == "draft"
    with desk.house.sessions() as session:
        campaign = campaigns.locked(session, f"#{number}")
        background.ask(session, campaign, background.LAUNCH)
        with pytest.raises(CampaignError, match="just now"):
            background.ask(session, campaign, background.LAUNCH)
    with desk.house.sessions() as session:
        assert background.under_way(session, number) is None


def test_a_coordinator_of_a_district_plans_for_it_only(desk: Desk) -> None:
    desk.account("grace@example.org", "admin")
    desk.account("ben@example.org", "coordinator", district="Kayonza")
    grace, ben = desk.signed_in("grace@example.org"), desk.signed_in("ben@example.org")
    national = saved(grace, name="National", person="0788000306", topic="pph", district="Gatsibo")
    number = saved(ben, name="Ours", topic="pph")
    assert plan_of(desk, number).cohort.districts == ["Kayonza"]
    assert "Mentee 303" not in ben.page
    ben.goes("/console/campaigns/new")
    for wish in (
        {"district": "Gatsibo"},
        {"district": "Kayonza\nGatsibo"},
        {"person": "+250788000303"},
        {"person": "RAM-6"},
        {"facility": "Gahini", "person": "+250788000304"},
    ):
        page = ben.sends(
            "/console/campaigns/new", do="save", **filled(name="Theirs", topic="pph", **wish)
        )
        assert ben.status == 422, wish
        assert "You may plan for mentees in Kayonza only." in page, wish
    assert "Gatsibo" not in ben.goes("/console/campaigns/new")
    alone = saved(ben, name="One", topic="pph", person="+250788000301")
    assert plan_of(desk, alone).cohort.districts == []

    where = f"/console/campaigns/{national}"
    page = ben.goes(where)
    assert "reaches beyond your district" in page
    assert "RAM-6" not in page
    assert "250788000306" not in page
    for path in (f"{where}/preview", f"{where}/plan", f"{where}/left-out"):
        ben.goes(path)
        assert ben.status == 403, path
    ben.goes(where)
    for do in ("launch", "pause", "end", "copy"):
        ben.sends(f"{where}/do", do=do, sure="1", name="Mine")
        assert ben.status == 403, do
        ben.goes(where)
    grace.sends(f"{where}/do", do="launch", sure="1")
    works(desk)
    assert state_of(desk, national) == "running"
    with desk.house.sessions() as session:
        people = {row.value: row.person_id for row in session.scalars(select(Address))}
    assert "Is not among those" in ben.goes(f"{where}/mentees/{people['+250788000301']}")
    ben.goes(f"{where}/mentees/{people['+250788000303']}")
    assert ben.status == 404
    assert "No mentee fits" in ben.goes(f"{where}/mentees?q=Mentee+303")
    line = re.search(r">National</a>.*?</tr>", ben.goes("/console/campaigns"), re.DOTALL)
    assert line is not None
    assert re.findall(r'class="number">([^<]*)<', line[0])[0] == "0"
    # Somebody moves away: what was planned for a list of people is theirs no more.
    with desk.house.sessions.begin() as session:
        person = session.get_one(Person, people["+250788000301"])
        person.facility = session.scalar(select(Facility).where(Facility.district == "Gatsibo"))
    ben.goes("/console/campaigns")
    ben.sends(f"/console/campaigns/{alone}/do", do="launch", sure="1")
    assert ben.status == 403


def test_a_district_is_what_the_rule_says(desk: Desk) -> None:
    days = {"start": TOMORROW, "end": TOMORROW}

    def plan(**cohort: Any) -> Plan:
        return read({**days, "cohort": cohort})

    own, everybody = Scope("coordinator", "Kayonza"), Scope("coordinator")
    with desk.house.sessions() as session:
        for given, beyond in (
            (plan(districts=["Kayonza"]), False),
            (plan(districts=["Kayonza"], cadres=["nurse"]), False),
            (plan(districts=["Kayonza"], people=["+250788000301"]), False),
            (plan(people=["+250788000301"]), False),
            (plan(districts=["Kayonza"], people=["+250788000303"]), True),
            (plan(people=["+250788000301", "RAM-6"]), True),
            (plan(districts=["kayonza"]), True),
            (plan(facilities=["Rukara"]), True),
            (plan(), True),
        ):
            assert districts.reaches_beyond(session, given, own) is beyond, given.cohort
            assert districts.reaches_beyond(session, given, everybody) is False
            bound = districts.bound(given, own)
            assert bound.cohort.districts or bound.cohort.people
            assert districts.bound(given, everybody) == given
        assert districts.reaches_beyond(session, plan(districts=["Kayonza"]), Scope("viewer"))


def test_the_pages_are_french_for_who_reads_french(desk: Desk) -> None:
    desk.account("claire@example.org", "admin", language="fr")
    claire = desk.signed_in("claire@example.org")
    number = saved(claire, topic="pph", language="en\nfr")
    page = claire.page
    for said in ("Aperçu de", "a écrit STOP", "n&#39;a pas consenti", "sa langue (rw)",
                 "Les questions reviennent", "Calendrier des doses"):  # fmt: skip
        assert said.lower() in page.lower(), said
    for english in ("texted STOP", "did not consent", "the language is", "A mentee gets",
                    "are longer than", "WhatsApp has not approved"):  # fmt: skip
        assert english not in page, english
    claire.goes("/console/campaigns/new")
    page = claire.sends(
        "/console/campaigns/new", do="save", **filled(name="x", per_week="7", hour_to="16:00")
    )
    assert "Au plus 5." in page
    page = claire.goes(f"/console/campaigns/{number}")
    assert "Brouillon" in page


def test_queries_do_not_grow_with_campaigns_or_doses(desk: Desk) -> None:
    desk.account("grace@example.org", "coordinator")
    grace = desk.signed_in("grace@example.org")
    number = saved(grace, topic="pph")
    where = f"/console/campaigns/{number}"
    grace.sends(f"{where}/do", do="launch", sure="1")
    works(desk)
    with desk.house.sessions() as session:
        person = session.scalars(select(Enrolment.person_id)).first()
    paths = (
        "/console/campaigns", where, f"{where}/results?by=district", f"{where}/preview",
        f"{where}/mentees?q=Mentee", f"{where}/mentees/{person}", f"{where}/left-out",
        "/console/campaigns/new", f"{where}/plan", "/console/bank", "/console/bank/pph-q01",
    )  # fmt: skip

    def counts() -> dict[str, int]:
        found = {}
        for path in paths:
            grace.goes(path)
            with desk.counted() as statements:
                page = grace.goes(path)
            assert grace.status == 200, path
            assert len(page.encode()) < 200_000, path
            found[path] = len(statements)
        return found

    few = counts()
    with desk.house.sessions.begin() as session:
        facility = session.scalars(select(Facility)).first()
        for n in range(20):
            programme.mentee(session, 400 + n, "sms", facility=facility)
            made = campaigns.create(session, f"More {n}", plan_of(desk, number), NOW)
            campaigns.launch(session, made, NOW)
        campaigns.enrol_newcomers(session, NOW)
        planning.plan_ahead(session, NOW)
    many = counts()
    assert many == few
    assert max(many.values()) < 40


def test_a_list_of_campaigns_is_filtered_and_in_pages(desk: Desk) -> None:
    desk.account("grace@example.org", "coordinator")
    with desk.house.sessions.begin() as session:
        plan = read({"start": TOMORROW, "end": TOMORROW + timedelta(days=30)})
        for n in range(30):
            made = campaigns.create(session, f"Number {n:02}", plan, NOW)
            if n == 3:
                campaigns.launch(session, made, NOW)
    grace = desk.signed_in("grace@example.org")

    def names(query: str) -> list[str]:
        return re.findall(r"Number (\d\d)", grace.goes(f"/console/campaigns?{query}"))

    assert names("")[0] == "29"
    assert len(names("")) == 25
    assert len(names("page=2")) == 5
    assert names("state=running") == ["03"]
    assert "No campaign is in this state." in grace.goes("/console/campaigns?state=ended")
