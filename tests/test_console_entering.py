"""The way into the console: links, passwords, codes, lock-out, and that nothing else lets in."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.accounts import keeping, rules
from bot.accounts.secret import matches
from store.accounts import Account, AuditEntry, SignIn
from tests.console import NOW, PASSWORD, Browser, Desk

moments = st.datetimes(datetime(2020, 1, 1), datetime(2030, 1, 1), timezones=st.just(UTC))


@pytest.fixture
def desk(database_url: str) -> Iterator[Desk]:
    made = Desk(database_url)
    yield made
    made.close()


def link_for(desk: Desk, email: str) -> str:
    with desk.house.sessions.begin() as session:
        account = keeping.called(session, email)
        return f"/console/password/{keeping.link(session, account, desk.now, by=None)}"


def test_from_the_link_to_the_first_page_and_out_again(desk: Desk) -> None:
    desk.account("grace@example.org", "coordinator", password=None)
    link = link_for(desk, "grace@example.org")
    browser = desk.browser()
    assert "Set your password" in browser.goes(link)
    assert "at least 12 signs" in browser.sends(link, password="short", again="short")
    assert "without your e-mail" in browser.sends(link, password="grace@example.org", again="")
    assert "not the same" in browser.sends(link, password=PASSWORD, again="another sentence")
    assert "Your password is set" in browser.sends(link, password=PASSWORD, again=PASSWORD)
    assert "used already" in browser.goes(link)
    assert browser.status == 404

    browser.goes("/console/cases")
    assert browser.at == "/console/login"
    browser.sends(
        "/console/login?next=/console/cases", email=" Grace@Example.org", password=PASSWORD
    )
    assert browser.at == "/console/login/code/new"
    assert "<svg" in browser.page
    assert desk.row("grace@example.org").totp_secret in browser.page
    # The password alone opens nothing.
    assert "Sign in" in browser.goes("/console/")
    browser.goes("/console/login/code/new")
    assert "not right" in browser.sends("/console/login/code/new", code="12")
    browser.sends("/console/login/code/new", code=browser.desk_code("grace@example.org"))
    assert browser.at == "/console/"
    assert "What needs you now" in browser.page
    first = cookie(browser)

    browser.sends("/console/logout")
    assert "You are signed out" in browser.page
    # A copy of the cookie does not let in either.
    thief = desk.browser()
    thief.client.set_cookie("mentorline", first, path="/console")
    thief.goes("/console/")
    assert thief.at == "/console/login"

    # The same code does not work twice, the next one does.
    used = browser.desk_code("grace@example.org")
    browser.goes("/console/login")
    browser.sends("/console/login", email="grace@example.org", password=PASSWORD)
    assert browser.at == "/console/login/code"
    assert "used already" in browser.sends("/console/login/code", code=used)
    desk.later(seconds=31)
    browser.sends("/console/login/code", code=browser.desk_code("grace@example.org"))
    assert browser.at == "/console/"
    with desk.house.sessions() as session:
        whats = [entry.what for entry in session.query(AuditEntry).order_by(AuditEntry.id)]
    assert whats == [
        "account_added", "link_made", "password_set", "code_set_up", "signed_in", "signed_in",
    ]  # fmt: skip


def cookie(browser: Browser) -> str:
    found = browser.client.get_cookie("mentorline", path="/console")
    assert found is not None
    return found.value


def test_a_link_is_too_old_after_three_days_and_replaced_by_a_newer_one(desk: Desk) -> None:
    desk.account("ben@example.org", "viewer", password=None)
    browser = desk.browser()
    older = link_for(desk, "ben@example.org")
    newer = link_for(desk, "ben@example.org")
    assert "used already" in browser.goes(older)
    desk.later(hours=71)
    assert "Set your password" in browser.goes(newer)
    desk.later(hours=1)
    assert "too old" in browser.sends(newer, password=PASSWORD, again=PASSWORD)
    assert desk.row("ben@example.org").password is None


def test_no_answer_tells_whether_there_is_an_account(desk: Desk) -> None:
    desk.account("here@example.org", "viewer")
    desk.account("closed@example.org", "viewer")
    desk.account("fresh@example.org", "viewer", password=None)
    with desk.house.sessions.begin() as session:
        keeping.disable(session, keeping.called(session, "closed@example.org"), NOW, by=None)
    answers = set()
    for email, password in (
        ("here@example.org", "a wrong one"),
        ("nobody@example.org", PASSWORD),
        ("closed@example.org", PASSWORD),
        ("fresh@example.org", PASSWORD),
        ("no address at all", PASSWORD),
    ):
        browser = desk.browser()
        browser.goes("/console/login")
        browser.sends("/console/login", email=email, password=password)
        shown = browser.page.replace(email, "").split("<footer")[0]
        answers.add((browser.status, re.sub(r'name="csrf_token" value="[^"]+"', "", shown)))
    assert len(answers) == 1
    assert "do not match" in next(iter(answers))[1]


def test_five_wrong_tries_lock_an_account_whatever_comes_then(desk: Desk) -> None:
    desk.account("grace@example.org", "viewer")
    browser = desk.browser()
    for _ in range(5):
        browser.enter("grace@example.org", "a wrong password")
    assert "do not match" in browser.enter("grace@example.org")
    assert desk.row("grace@example.org").locked_until is not None
    desk.later(minutes=15)
    browser.enter("grace@example.org")
    assert browser.at == "/console/"
    assert desk.row("grace@example.org").failures == 0


def test_one_address_does_not_try_for_ever(desk: Desk) -> None:
    browser = desk.browser()
    for number in range(10):
        browser.enter(f"nobody{number}@example.org")
    assert browser.status == 422
    assert "Too many tries" in browser.enter("nobody@example.org")
    assert browser.status == 429


def test_another_password_a_disabled_account_and_time_end_a_visit(desk: Desk) -> None:
    desk.account("ben@example.org", "viewer")
    here, there = desk.signed_in("ben@example.org"), desk.signed_in("ben@example.org")
    there.goes("/console/account")
    assert "present password" in there.sends("/console/account", old="no", password="x", again="x")
    new = "four brown goats at dusk"
    there.sends("/console/account", old=PASSWORD, password=new, again=new)
    assert "Your password is set" in there.page
    here.goes("/console/")
    assert here.at == "/console/login"

    here.enter("ben@example.org", new)
    assert here.at == "/console/"
    desk.later(hours=3)
    here.goes("/console/")
    assert here.at == "/console/"
    desk.later(hours=4)
    here.goes("/console/")
    assert here.at == "/console/login"

    here.enter("ben@example.org", new)
    with desk.house.sessions.begin() as session:
        keeping.disable(session, keeping.called(session, "ben@example.org"), desk.now, by=None)
    here.goes("/console/")
    assert here.at == "/console/login"


def test_forms_without_their_token_are_refused_and_cookies_are_fresh(desk: Desk) -> None:
    desk.account("ben@example.org", "viewer")
    browser = desk.browser()
    browser.goes("/console/login")
    before = cookie(browser)
    browser.sends("/console/login", token=False, email="ben@example.org", password=PASSWORD)
    assert browser.status == 400
    browser.goes("/console/login")
    browser.sends("/console/login", email="ben@example.org", password=PASSWORD)
    assert browser.at == "/console/"
    assert cookie(browser) != before
    browser.sends("/console/logout", token=False)
    assert browser.status == 400
    browser.goes("/console/")
    assert browser.at == "/console/"
    # Only the console asks for tokens.
    assert desk.app.test_client().post("/webhooks/twilio/message").status_code == 403


@pytest.mark.parametrize(
    "wanted",
    ["https://evil.example", "//evil.example/console/", "/console/../x\\y", "javascript:alert(1)",
     "/healthz", "/console/\nSet-Cookie: a=b"],
)  # fmt: skip
def test_nobody_is_led_outside_after_signing_in(desk: Desk, wanted: str) -> None:
    desk.account("ben@example.org", "viewer")
    browser = desk.browser()
    browser.goes("/console/login")
    token = re.search(r'name="csrf_token" value="([^"]+)"', browser.page)
    assert token is not None
    answer = browser.client.post(
        "/console/login",
        data={
            "csrf_token": token[1],
            "email": "ben@example.org",
            "password": PASSWORD,
            "next": wanted,
        },
    )
    assert answer.status_code == 302
    assert answer.location == "/console/"


def test_what_the_browser_is_told(database_url: str) -> None:
    desk = Desk(database_url, {"public_url": "https://mentor.example.org", "trusted_proxies": 1})
    try:
        client = desk.app.test_client()
        page = client.get("/console/login", base_url="https://mentor.example.org")
        assert "script" not in page.headers["Content-Security-Policy"]
        assert "default-src 'none'" in page.headers["Content-Security-Policy"]
        assert page.headers["X-Content-Type-Options"] == "nosniff"
        assert page.headers["Cache-Control"] == "no-store"
        assert page.headers["Strict-Transport-Security"].startswith("max-age=")
        set_cookie = page.headers["Set-Cookie"]
        for part in ("Secure", "HttpOnly", "SameSite=Lax", "Path=/console"):
            assert part in set_cookie
        shown = page.get_data(as_text=True)
        assert not re.search(r"<script|\son\w+=|\sstyle=|javascript:|http://", shown)
        total = len(page.data)
        for address in re.findall(r'href="(/console/assets/[^"]+)"', shown):
            style = client.get(address, headers={"Accept-Encoding": "gzip"})
            assert style.status_code == 200
            assert "immutable" in style.headers["Cache-Control"]
            total += len(style.data)
        assert total < 60_000
    finally:
        desk.close()


# The rules


@given(st.lists(st.tuples(st.booleans(), st.integers(0, 20 * 60)), max_size=40))
def test_more_than_five_wrong_tries_in_fifteen_minutes_are_never_looked_at(
    steps: list[tuple[bool, int]],
) -> None:
    now, tries, looked_at = NOW, rules.Tries(), []
    for right, seconds in steps:
        now += timedelta(seconds=seconds)
        if tries.is_locked(now):
            assert tries.failed(now) == tries
            continue
        tries = rules.Tries() if right else tries.failed(now)
        looked_at = [] if right else [*looked_at, now]
        in_a_row = [at for at in looked_at if now - at < rules.LOCKED_FOR]
        assert len(in_a_row) <= rules.TRIES
        assert tries.failures < rules.TRIES


@given(moments, moments, moments, st.booleans())
def test_a_sign_in_lasts_no_longer_than_a_days_work(
    begun: datetime, seen: datetime, now: datetime, complete: bool
) -> None:
    begun, seen, now = sorted((begun, seen, now))
    times = {"begun_at": begun, "seen_at": seen, "now": now}
    lasts = rules.sign_in_lasts(complete=complete, ended_at=None, **times)
    assert not (lasts and now - begun >= rules.SIGN_IN_LASTS)
    assert not (lasts and now - seen >= rules.SIGN_IN_RESTS)
    assert not (lasts and not complete and now - begun >= rules.HALF_LASTS)
    assert not rules.sign_in_lasts(complete=complete, ended_at=now, **times)


@given(st.text(max_size=300))
def test_addresses_are_kept_in_one_form(text: str) -> None:
    found = rules.email(text)
    if found is not None:
        assert rules.email(found) == found == found.lower()
        assert found.count("@") == 1
        assert not re.search(r"\s", found)


def test_passwords_and_what_is_kept_of_them(desk: Desk) -> None:
    desk.account("ben@example.org", "viewer")
    kept = desk.row("ben@example.org").password
    assert kept is not None
    assert kept.startswith("$argon2id$")
    assert matches(PASSWORD, kept)
    assert not matches(PASSWORD + " ", kept)
    assert not matches(PASSWORD, None)
    assert not matches(PASSWORD, "not a hash")
    browser = desk.signed_in("ben@example.org")
    with desk.house.sessions() as session:
        sign_ins = [sign_in.token_hash for sign_in in session.query(SignIn)]
        rows = str([vars(one) for one in session.query(Account)])
    assert cookie(browser) not in sign_ins
    assert PASSWORD not in rows
