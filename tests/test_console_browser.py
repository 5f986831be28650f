"""The console in a real browser: a coordinator's way, and every page on a laptop and on a phone.

With CONSOLE_PICTURES set to a folder, each page is photographed there.
"""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, Page, expect, sync_playwright
from sqlalchemy import select
from sqlalchemy.orm import Session

from bot import knowledge
from bot.accounts import tokens
from bot.hooks import keeping
from bot.hooks.events import EVENTS
from bot.knowledge import deciding, wording
from bot.knowledge.drafts import By
from bot.quizzes import bank, campaigns, catalogue, planning
from bot.quizzes.plan import read
from bot.uploads import people as uploads
from store.knowledge import Card, ModelTraining
from store.learning import Assessment
from store.people import Person
from store.plans import PlanItem
from store.stock import StockReport
from store.visits import Visit
from tests.console import PASSWORD, TownDesk
from tests.test_cards_growing import TXA
from tests.test_console_pages import busy
from tests.town import Town

pytestmark = [pytest.mark.slow, pytest.mark.browser]
NURSE, ALICE = "+250788000301", "+250788000401"
SIZES = {"1280": (1280, 800), "390": (390, 844), "360": (360, 640), "1920": (1920, 1080)}


@pytest.fixture
def chromium() -> Iterator[Browser]:
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=os.environ.get("CHROMIUM", "/usr/bin/chromium"), args=["--no-sandbox"]
        )
        yield browser
        browser.close()


@pytest.fixture
def desk(town: Town) -> TownDesk:
    return TownDesk(town)


def opened(chromium: Browser, town: Town, size: str, complaints: list[str]) -> Page:
    width, height = SIZES[size]
    context = chromium.new_context(
        viewport={"width": width, "height": height}, base_url=town.settings.public_url
    )
    page = context.new_page()
    page.on("pageerror", lambda error: complaints.append(str(error)))
    # A form that is sent back says so with its status, which browsers write down as an error.
    page.on(
        "console",
        lambda said: (
            complaints.append(said.text)
            if said.type == "error" and "422" not in said.text
            else None
        ),
    )
    return page


def signed_in(page: Page, desk: TownDesk, email: str) -> None:
    page.goto("/console/")
    page.get_by_label("E-mail address").fill(email)
    page.get_by_label("Password").fill(PASSWORD)
    page.get_by_role("button", name="Sign in").click()
    if "code" in page.url:
        desk.later(seconds=60)
        page.get_by_label("six digits").fill(desk.browser().desk_code(email))
        page.get_by_role("button", name="Go on").click()
    expect(page.get_by_role("button", name=re.compile("Sign out|Se déconnecter"))).to_be_visible()


def apart(do: Callable[..., None], *arguments: Any, **more: Any) -> None:
    """In a thread of its own: playwright's loop runs in this one, and the worker wants another."""
    with ThreadPoolExecutor(1) as threads:
        threads.submit(do, *arguments, **more).result()


def a_case(town: Town) -> None:
    nurse, alice = town.mentee(NURSE, facility="Rukara Health Centre"), town.mentor(ALICE)
    town.pair(NURSE, ALICE)
    nurse.says("MENTOR")
    nurse.says("Snake bite on the leg, what now")
    nurse.read = len(nurse.received())
    alice.read = len(alice.received())


def test_a_coordinator_answers_an_overdue_case_by_keyboard_alone(
    town: Town, desk: TownDesk, chromium: Browser
) -> None:
    apart(a_case, town)
    apart(town.later, hours=30)
    nurse = town.phone(NURSE)
    nurse.read = len(nurse.received())
    desk.account("grace@example.org", "coordinator", name="Grace Mutesi")
    complaints: list[str] = []
    page = opened(chromium, town, "1280", complaints)
    signed_in(page, desk, "grace@example.org")
    page.keyboard.press("Tab")
    expect(page.get_by_role("link", name="To the content")).to_be_focused()
    expect(page.get_by_role("heading", name="Overdue cases")).to_be_visible()
    page.get_by_role("link", name=f"#{town.case().code}").focus()
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", name="Thread")).to_be_visible()
    page.get_by_label("Answer in the name of the programme").focus()
    page.keyboard.type("Keep the limb still. Refer now.")
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    expect(page.get_by_role("status")).to_contain_text("on its way")
    apart(town.rest)
    nurse.hears("Keep the limb still. Refer now.")
    page.get_by_role("button", name="Sign out").click()
    page.go_back()
    expect(page.get_by_role("heading", name="Sign in")).to_be_visible()
    assert complaints == []


def another_wording(session: Session, now: datetime) -> int:
    """A library, and a draft that changes a card of it; its number."""
    knowledge.save(session, knowledge.read_files())
    card = session.get_one(Card, TXA)
    content = wording.of_version(session, wording.versions(session, TXA)[-1], card)
    answer = content["answer"] | {"en": content["answer"]["en"].replace("1 g", "1 gram", 1)}
    changed = content | {"answer": answer, "source": "WHO 2023"}
    made = deciding.change_card(session, TXA, changed, By("anna@example.org"), now)
    session.add(ModelTraining(started_at=now, drafts=[]))
    return made.draft.id


def learnt(session: Session, nurse: int, now: datetime) -> None:
    """Tests, a skill, a coaching plan, a visit and something that is missing."""
    mentor = session.scalars(select(Person).where(Person.roles.contains(["mentor"]))).first()
    person = session.get_one(Person, nurse)
    assert mentor is not None
    assert person.facility_id is not None
    person.cadre = "nurse"
    for kind, score in (("pre", 9), ("post", 18)):
        at = now - timedelta(days=40 if kind == "pre" else 10)
        session.add(Assessment(person_id=nurse, technical_area="MNH", kind=kind, score=score,
                               out_of=20, at=at, source="import", key=kind))  # fmt: skip
    session.add(
        Assessment(person_id=nurse, technical_area="MNH", competency="mnh-pph", kind="skill",
                   passed=True, assessor_id=mentor.id, at=now, source="phone", key="skill")
    )  # fmt: skip
    session.add(
        PlanItem(mentee_id=nurse, gap="Detect pre-eclampsia", action="Read the card", number=1,
                 owner_id=nurse, due_on=(now - timedelta(days=3)).date(), source="mentor",
                 key="plan", created_at=now)
    )  # fmt: skip
    for days, state in ((-9, "held"), (9, "planned")):
        session.add(Visit(mentor_id=mentor.id, facility_id=person.facility_id, topics=["pph"],
                          starts_at=now + timedelta(days=days), state=state, source="whatsapp",
                          created_at=now))  # fmt: skip
    session.add(StockReport(code="S1AB", item="oxytocin", facility_id=person.facility_id,
                            urgency="none", opened_at=now, moved_at=now))  # fmt: skip


def test_every_page_fits_a_laptop_and_a_phone_and_a_screen_reader(
    town: Town, desk: TownDesk, chromium: Browser
) -> None:
    apart(a_case, town)
    apart(town.later, hours=30)
    nurse = town.person(NURSE)
    with town.works.sessions.begin() as session:
        busy(session, session.get_one(Person, nurse.id), 0, 12)
        now = town.time.now()
        catalogue.save(session, bank.load())
        plan = read({"start": now.date(), "end": now.date() + timedelta(days=90),
                     "topics": ["pph", "preeclampsia"], "cohort": {"cadres": ["nurse"]},
                     "budget": {"money": 500, "per_segment": 0.05}})  # fmt: skip
        session.get_one(Person, nurse.id).cadre = "nurse"
        campaign = campaigns.create(session, "Safe birth", plan, now)
        draft = campaigns.create(session, "Safe birth, again", plan, now)
        campaigns.launch(session, campaign, now)
        planning.plan_ahead(session, now)
        campaigns.pause(session, campaign, now, "the budget is used up")
        campaign_id, draft_id = campaign.id, draft.id
        drafted = another_wording(session, now)
        learnt(session, nurse.id, now)
    root = desk.account("root@example.org", "admin", name="Grace Mutesi")
    files = settled(town, root)
    desk.account("fresh@example.org", "coordinator", name="Ben Uwera")
    case = town.case()
    pages = {
        "home": "/console/",
        "cases": "/console/cases",
        "case": f"/console/cases/{case.id}",
        "people": "/console/people",
        "person": f"/console/people/{nurse.id}",
        "campaigns": "/console/campaigns",
        "campaign": f"/console/campaigns/{campaign_id}",
        "results": f"/console/campaigns/{campaign_id}/results?by=district",
        "planner": "/console/campaigns/new",
        "tips": "/console/campaigns/new?kind=tips",
        "plan": f"/console/campaigns/{campaign_id}/plan",
        "preview": f"/console/campaigns/{draft_id}/preview",
        "left-out": f"/console/campaigns/{draft_id}/left-out",
        "mentees": f"/console/campaigns/{campaign_id}/mentees?q=a",
        "mentee": f"/console/campaigns/{campaign_id}/mentees/{nurse.id}",
        "bank": "/console/bank",
        "item": "/console/bank/pph-q01",
        "item-edit": "/console/bank/pph-q01/edit",
        "facilities": "/console/facilities?district=Kayonza",
        "facility": f"/console/facilities/{nurse.facility_id}",
        "cards": "/console/cards",
        "draft": f"/console/cards/drafts/{drafted}",
        "draft-edit": f"/console/cards/drafts/{drafted}/edit",
        "library": "/console/cards/library",
        "card": f"/console/cards/library/{TXA}",
        "learning": "/console/learning?area=MNH",
        "progress": "/console/learning?part=progress&area=MNH",
        "visits": "/console/learning?part=visits",
        "messages": "/console/messages",
        "reports": "/console/reports",
        "report": "/console/reports/service-level",
        "users": "/console/users",
        "audit": "/console/audit",
        "account": "/console/account",
        "import": "/console/import",
        "import-ready": f"/console/import/{files[0]}",
        "import-refused": f"/console/import/{files[1]}",
        "merge": f"/console/people/{nurse.id}/merge?other={town.person(ALICE).id}",
        "settings": "/console/settings",
        "templates": "/console/settings/templates",
        "roles": "/console/settings/roles",
        "tokens": "/console/settings/tokens",
        "webhooks": "/console/settings/webhooks",
        "nothing": "/console/nowhere",
    }
    complaints: list[str] = []
    found: list[str] = []
    for size in SIZES:
        page = opened(chromium, town, size, complaints)
        page.goto("/console/login")
        look(page, f"login-{size}", found, complaints)
        signed_in(page, desk, "root@example.org")
        for language in ("English", "Français"):
            if size != "390" and language != "English":
                continue
            page.get_by_role("button", name=language).click()
            for name, path in pages.items():
                page.goto(path)
                look(page, f"{name}-{size}-{language[:2].lower()}", found, complaints)
        page.get_by_role("button", name="English").click()
        page.context.close()
        page = opened(chromium, town, size, complaints)
        page.goto("/console/login")
        page.get_by_label("E-mail address").fill("fresh@example.org")
        page.get_by_label("Password").fill(PASSWORD)
        page.get_by_role("button", name="Sign in").click()
        expect(page.get_by_role("heading", name="Set up one-time codes")).to_be_visible()
        look(page, f"code-{size}", found, complaints)
        page.context.close()
    assert found == []
    assert [said for said in complaints if "404" not in said] == []


def settled(town: Town, account: int) -> list[int]:
    """A token, a webhook with deliveries, a file that can be imported and one that cannot."""
    now = town.time.now()
    with town.works.sessions.begin() as session:
        tokens.add(session, "District dashboard", role="viewer", district=None, person=None,
                   may_write=False, days=365, now=now, by=account)  # fmt: skip
        hook = keeping.add(session, "https://hr.example.org/mentorline", EVENTS, private=False,
                           now=now, by=account)  # fmt: skip
        made = keeping.test(session, hook, now)
        made.attempts, made.reason, made.status = 1, "not taken", 503
        made.due_at = now + timedelta(days=1)
    head = "name,phone,facility,district,language,role\n"
    rows = "".join(f"Ange Uwera {n},07880003{n},Rukara,Kayonza,en,mentee\n" for n in range(60, 72))
    return [
        uploads.begin(
            town.works.sessions, town.settings, name="nurses of Kayonza, March.csv",
            content=content.encode(), whose=uploads.Whose(account), now=now, real_now=now,
        )
        for content in (head + rows, head + "Ange,12,Rukara,Kayonza,xx,king\n" * 3)
    ]  # fmt: skip


def look(page: Page, name: str, found: list[str], complaints: list[str]) -> None:
    """A page is no wider than its window; axe finds nothing serious on it; it is photographed."""
    wide = page.evaluate("document.documentElement.scrollWidth - window.innerWidth")
    if wide > 0:
        found.append(f"{name}: {wide} px too wide")
    # Once on a laptop and once on a phone: it takes a while.
    checked = re.search(r"-(1280|390)(-en)?$", name)
    # axe is a script; what the page's policy says of it is no complaint of ours.
    before = list(complaints)
    violations = Axe().run(page).response["violations"] if checked else []
    complaints[:] = before
    for one in violations:
        if one["impact"] in ("serious", "critical"):
            where = [node["target"] for node in one["nodes"]][:3]
            found.append(f"{name}: {one['id']} {where}")
    folder = os.environ.get("CONSOLE_PICTURES")
    if folder:
        Path(folder).mkdir(parents=True, exist_ok=True)
        page.screenshot(path=str(Path(folder) / f"{name}.png"), full_page=True)
