"""`./mentorline user …`: accounts of the console at a terminal."""

from __future__ import annotations

from pathlib import Path

from typer.testing import CliRunner

from bot import demo
from cli.app import app
from cli.errors import Refusal
from store.people import Address, Facility, Person
from tests.console import PASSWORD, Desk


def test_accounts_are_made_listed_changed_and_closed(database_url: str, tmp_path: Path) -> None:
    desk = Desk(database_url)
    with desk.house.sessions.begin() as session:
        place = Facility(name="Rukara", district="Kayonza")
        for name, role, number in (("Alice", "mentor", 401), ("Claudine", "mentee", 301)):
            one = Person(name=name, roles=[role], language="en", timezone="Africa/Kigali")
            one.facility = place
            session.add(one)
            session.flush()
            value = f"+250788000{number}"
            session.add(Address(person_id=one.id, channel="sms", value=value))
    environment = {
        "DATABASE_URL": database_url,
        "MENTORLINE_HOME": str(tmp_path),
        "PUBLIC_URL": "https://mentor.example.org",
    }

    def run(*words: str) -> str:
        answer = CliRunner(env=environment).invoke(app, ["user", *words])
        if isinstance(answer.exception, Refusal):
            return f"Refused: {answer.exception}"
        assert answer.exit_code == 0, answer.output
        return answer.stdout

    assert run("list") == "No accounts.\n"
    link = run("add", "Ben@Example.org", "--role", "coordinator", "--district", "Kayonza")
    assert link.startswith("https://mentor.example.org/console/password/")
    assert "already" in run("add", "ben@example.org", "--role", "viewer")
    assert "not an e-mail" in run("add", "ben", "--role", "viewer")
    assert "No facility" in run("add", "x@example.org", "--role", "coordinator", "--district", "X")
    viewer = ("add", "x@example.org", "--role", "viewer")
    assert "Only a coordinator" in run(*viewer, "--district", "X")
    mentor = ("add", "alice@example.org", "--role", "mentor")
    assert "needs the phone" in run(*mentor)
    assert "needs the phone" in run(*mentor, "--phone", "0788000301")
    assert "Nobody has" in run(*mentor, "--phone", "0788000999")
    assert "https://" in run(*mentor, "--phone", "0788000401", "--name", "Alice Ingabire")
    listed = run("list")
    assert "alice@example.org  mentor, Alice Ingabire, new" in listed
    assert "ben@example.org  coordinator of Kayonza, ben, new" in listed

    browser = desk.browser()
    where = link.strip().removeprefix("https://mentor.example.org")
    desk.time = desk.row("ben@example.org").created_at
    newer = run("link", "ben@example.org").strip().removeprefix("https://mentor.example.org")
    assert "used already" in browser.goes(where)
    assert "Set your password" in browser.goes(newer)
    browser.sends(newer, password=PASSWORD, again=PASSWORD)
    ben = desk.signed_in("ben@example.org")
    assert run("reset-totp", "ben@example.org") == "ben@example.org sets up codes anew.\n"
    assert desk.row("ben@example.org").totp_secret is None
    ben.goes("/console/")
    assert ben.at == "/console/login"
    assert run("role", "ben@example.org", "--role", "viewer") == "ben@example.org is viewer.\n"
    assert run("disable", "ben@example.org") == "ben@example.org is disabled.\n"
    assert "enable it first" in run("link", "ben@example.org")
    assert run("enable", "ben@example.org") == "ben@example.org may sign in.\n"
    assert "no account" in run("disable", "nobody@example.org")
    run("role", "ben@example.org", "--role", "admin")
    assert "last admin" in run("disable", "ben@example.org")
    assert "last admin" in run("role", "ben@example.org", "--role", "viewer")
    desk.close()


def test_the_demo_has_one_login_that_is_the_same_at_every_start(database_url: str) -> None:
    desk = Desk(database_url, {"console_codes": False})
    passwords = set()
    for _ in range(2):
        with desk.house.sessions.begin() as session:
            passwords.add(demo.console_login(session, desk.settings))
    assert len(passwords) == 1
    browser = desk.browser()
    desk.time = desk.row(demo.EMAIL).created_at
    browser.enter(demo.EMAIL, passwords.pop())
    assert browser.at == "/console/"
    assert "Audit" in browser.page
    desk.close()
