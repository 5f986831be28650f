"""The phones in a real browser."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator

import pytest
import requests
from playwright.sync_api import Page, expect, sync_playwright

from simulator import server, testkit
from simulator.testkit import Receiver, eventually

PUBLIC = "https://mentor.example.org"
NURSE, MENTOR = "+250788000001", "whatsapp:+250788000002"

pytestmark = pytest.mark.slow


@pytest.fixture
def product() -> Iterator[Receiver]:
    receiver = Receiver(PUBLIC, server.AUTH_TOKEN).start()
    yield receiver
    receiver.close()


@pytest.fixture
def sim(product: Receiver) -> Iterator[server.Handle]:
    handle = server.start(product.url, public_url=PUBLIC)
    handle.state.switches.delay_ms = 5
    people = [
        {"name": "Alice", "sms": NURSE, "whatsapp": f"whatsapp:{NURSE}"},
        {"name": "Dr Amina", "role": "mentor", "whatsapp": MENTOR},
    ]
    requests.put(f"{handle.url}/simulator/api/phonebook", json=people, timeout=5)
    yield handle
    handle.close()


@pytest.fixture
def page(sim: server.Handle) -> Iterator[Page]:
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=os.environ.get("CHROMIUM", "/usr/bin/chromium"), args=["--no-sandbox"]
        )
        page = browser.new_page(viewport={"width": 1280, "height": 720})
        complaints: list[str] = []
        page.on("pageerror", lambda error: complaints.append(str(error)))
        page.on(
            "console", lambda said: complaints.append(said.text) if said.type == "error" else None
        )
        page.goto(f"{sim.url}/simulator")
        page.wait_for_selector("body[data-ready]")
        yield page
        browser.close()
    assert complaints == []


def test_a_nurse_texts_and_is_answered(page: Page, sim: server.Handle, product: Receiver) -> None:
    box = page.get_by_label("Message from mentee's phone")
    box.fill("dose of oxytocin?")
    expect(page.locator("#mentee .counter")).to_have_text("17/160")
    box.press("Enter")
    mine = page.locator("#mentee .mine")
    expect(mine).to_contain_text("dose of oxytocin?")
    expect(mine.get_by_role("img", name="Delivered")).to_be_visible()
    form = eventually(lambda: product.at("/webhooks/twilio/message"))[0]
    assert (form["From"], form["Body"]) == (NURSE, "dose of oxytocin?")
    testkit.client(sim).messages.create(to=NURSE, from_=server.SMS_FROM, body="10 IU <b>IM</b>")
    theirs = page.locator("#mentee .theirs")
    expect(theirs).to_contain_text("10 IU <b>IM</b>")
    expect(theirs.get_by_role("img", name="Delivered")).to_be_visible()
    page.reload()
    expect(page.locator("#mentee .message")).to_have_count(2)


def test_a_mentor_presses_a_button_and_quotes(
    page: Page, sim: server.Handle, product: Receiver
) -> None:
    made = requests.post(
        f"{sim.url}/v1/Content",
        json={
            "friendly_name": "case",
            "language": "en",
            "types": {
                "twilio/quick-reply": {
                    "body": "New case #K7P",
                    "actions": [{"title": "Take it", "id": "take:K7P"}],
                }
            },
        },
        auth=(sim.account.sid, sim.account.auth_token),
        timeout=5,
    )
    requests.post(
        f"{sim.url}/v1/Content/{made.json()['sid']}/ApprovalRequests/whatsapp",
        json={"name": "case", "category": "UTILITY"},
        auth=(sim.account.sid, sim.account.auth_token),
        timeout=5,
    ).raise_for_status()
    twilio = testkit.client(sim)
    case = twilio.messages.create(
        to=MENTOR, from_=server.WHATSAPP_FROM, content_sid=made.json()["sid"]
    )
    page.get_by_role("button", name="Take it").click()
    page.locator("#mentor .theirs").hover()
    page.locator("#mentor .theirs").get_by_role("button", name="Reply to this message").click()
    page.get_by_label("Message from mentor's phone").fill("give it IM")
    page.keyboard.press("Enter")
    expect(page.locator("#mentor .mine .quoted")).to_have_count(2)
    pressed, quoted = eventually(
        lambda: (
            product.at("/webhooks/twilio/message")[1:] and product.at("/webhooks/twilio/message")
        )
    )
    assert pressed["ButtonPayload"] == "take:K7P"
    assert (quoted["Body"], quoted["OriginalRepliedMessageSid"]) == ("give it IM", case.sid)


def test_faults_show_on_the_phone(page: Page, sim: server.Handle) -> None:
    testkit.client(sim).messages.create(to=MENTOR, from_=server.WHATSAPP_FROM, body="too late")
    expect(page.locator("#mentor .trouble")).to_contain_text("63016")
    page.get_by_role("button", name="Network").click()
    page.locator("#drawer .group", has_text="Alice").get_by_label("No network").check()
    page.keyboard.press("Escape")
    expect(page.locator("#mentee .facts")).to_contain_text("No network")
    page.get_by_label("Message from mentee's phone").fill("anyone?")
    page.keyboard.press("Enter")
    expect(page.locator("#mentee .trouble")).to_contain_text("Waiting for the network")
    assert sim.state.switches.network_down == {NURSE}


def test_somebody_new_and_a_small_screen(page: Page, product: Receiver) -> None:
    page.set_viewport_size({"width": 390, "height": 844})
    expect(page.locator("#mentor")).to_be_hidden()
    page.locator("#mentee .who").click()
    page.locator("#mentee").get_by_role("button", name="Someone new").click()
    page.get_by_label("Number or WhatsApp user id").first.fill("0788")
    page.get_by_role("button", name="Add").first.click()
    expect(page.locator("#mentee .problem")).to_contain_text("Write a number")
    page.get_by_label("Number or WhatsApp user id").first.fill("RW.1234567")
    page.get_by_role("button", name="Add").first.click()
    expect(page.locator("#mentee .who")).to_contain_text("RW.1234567")
    page.get_by_label("Message from mentee's phone").fill("muraho")
    page.keyboard.press("Enter")
    expect(page.locator("#mentee .mine")).to_have_count(1)
    form = eventually(lambda: product.at("/webhooks/twilio/message"))[0]
    assert form["From"] == "whatsapp:RW.1234567"
    page.get_by_role("tab", name="Mentor").click()
    expect(page.locator("#mentor .phone")).to_be_visible()
    overflow = page.evaluate("document.documentElement.scrollWidth > innerWidth")
    assert overflow is False


def test_the_page_allows_only_its_own(sim: server.Handle) -> None:
    answer = requests.get(f"{sim.url}/simulator", timeout=5)
    assert answer.headers["Content-Security-Policy"].startswith("default-src 'self';")
    assert "style=" not in answer.text
    assert "<script>" not in answer.text
    addresses = re.findall(r'(?:src|href)="([^"#]+)', answer.text)
    assert addresses
    assert all(address.startswith("/simulator/") for address in addresses)
