"""The pages of settings: what holds and where it comes from, templates, tokens; and the command."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from typer.testing import CliRunner

from bot.settings import Settings
from channels import content
from cli.app import app
from cli.errors import Refusal
from console.setting_words import GROUPS, SECRET
from store.messages import ContentTemplate
from store.people import Facility
from store.tokens import ApiToken
from tests.console import NOW, Desk


@pytest.fixture
def desk(database_url: str) -> Iterator[Desk]:
    made = Desk(
        database_url,
        {"twilio_auth_token": "a-very-secret-word", "programme_name": "Ubuzima <b>",
         "actions_token": "another-secret"},
    )  # fmt: skip
    yield made
    made.close()


def test_every_setting_is_listed_once_with_where_it_comes_from(desk: Desk) -> None:
    named = [name for _, names in GROUPS for name in names]
    assert sorted(named) == sorted(Settings.model_fields)
    assert set(Settings.model_fields) >= SECRET
    desk.account("grace@example.org", "coordinator")
    grace = desk.signed_in("grace@example.org")
    page = grace.goes("/console/settings")
    for name in named:
        assert page.count(f"<code>{name.upper()}</code>") == 1
    assert "Ubuzima &lt;b&gt;" in page
    for secret in ("a-very-secret-word", "another-secret", "a secret for tests", "postgresql"):
        assert secret not in page
    rows = {
        re.search(r"<code>(\w+)</code>", row)[1]: row  # type: ignore[index]
        for row in re.findall(r"<tr>.*?</tr>", page, re.DOTALL)
        if "<code>" in row
    }
    assert "set as" in rows["PROGRAMME_NAME"]
    assert "as it comes" in rows["CAMPAIGN_RATE"]
    # Service levels as they are, in words.
    for words in ("8 hours", "10 minutes", "4 days"):
        assert words in page
    # What only admins decide is not offered.
    assert "/settings/tokens" not in page


def test_templates_that_cannot_be_used_stand_first(desk: Desk) -> None:
    desk.account("grace@example.org", "coordinator")
    grace = desk.signed_in("grace@example.org")
    names = list(content.states(desk.house.sessions()))
    with desk.house.sessions.begin() as session:
        for one in names[1:]:
            approval = content.APPROVED if one.needs_approval else content.NOT_NEEDED
            session.add(
                ContentTemplate(name=one.name, language=one.language, content_sid="HX1",
                                approval=approval, seen_at=NOW)
            )  # fmt: skip
    page = grace.goes("/console/settings/templates")
    first = re.search(r"<tbody><tr>\s*<td><code>(\w+)</code>", page)
    assert first is not None
    assert first[1] == names[0].name
    assert page.count("Not there") == 1
    assert "Approved" in page


def test_the_roles_that_are_shown_are_the_roles_that_hold(desk: Desk) -> None:
    desk.account("grace@example.org", "coordinator")
    page = desk.signed_in("grace@example.org").goes("/console/settings/roles")
    row = re.search(r"<code>audit</code></th>(.*?)</tr>", page)
    assert row is not None
    assert re.findall(r"<td>([^<]*)</td>", row[1]) == ["yes", "–", "–", "–"]


def test_a_token_is_shown_once_and_ends_when_it_is_revoked(desk: Desk) -> None:
    desk.account("root@example.org", "admin")
    root = desk.signed_in("root@example.org")
    where = "/console/settings/tokens"
    assert "There is no token yet" in root.goes(where)
    assert "a name that says" in root.sends(where, name=" ", role="viewer", days="365")
    assert "A token lasts" in root.sends(where, name="x", role="viewer", days="4")
    assert "No facility" in root.sends(
        where, name="x", role="coordinator", district="Mars", days="30"
    )
    assert "Mars" in root.page
    page = root.sends(where, name="Dashboard <i>", role="viewer", days="30")
    shown = re.search(r'<code class="link-once">([^<]+)</code>', page)
    assert shown is not None
    assert "Dashboard &lt;i&gt;" in page
    asked = desk.app.test_client()
    bearer = {"Authorization": f"Bearer {shown[1]}"}
    assert asked.get("/api/v1/reports", headers=bearer).status_code == 200
    page = root.goes(where)
    assert shown[1] not in page
    assert shown[1][:9] in page
    with desk.house.sessions() as session:
        number = session.query(ApiToken).one().id
    assert "is revoked" in root.sends(f"{where}/{number}/revoke")
    assert asked.get("/api/v1/reports", headers=bearer).status_code == 401
    root.sends(f"{where}/{number}/revoke")
    assert root.status == 422
    audit = root.goes("/console/audit")
    assert "Made a token" in audit
    assert "Revoked a token" in audit


def test_tokens_at_a_terminal(database_url: str, tmp_path: Path) -> None:
    desk = Desk(database_url)
    with desk.house.sessions.begin() as session:
        session.add(Facility(name="Rukara", district="Kayonza"))
    environment = {"DATABASE_URL": database_url, "MENTORLINE_HOME": str(tmp_path)}

    def run(*words: str) -> str:
        answer = CliRunner(env=environment).invoke(app, ["token", *words])
        if isinstance(answer.exception, Refusal):
            return f"Refused: {answer.exception}"
        assert answer.exit_code == 0, answer.output
        return answer.stdout

    assert run("list") == "No tokens.\n"
    made = run("add", "HR", "--role", "coordinator", "--district", "Kayonza", "--write")
    token, about = made.splitlines()
    assert token.startswith("ml_")
    number = re.search(r"Number (\d+)", about)
    assert number is not None
    assert "needs the phone" in run("add", "x", "--role", "mentor")
    listed = run("list")
    assert "HR, " not in listed
    assert "coordinator of Kayonza, reads and writes, until" in listed
    assert "not used yet" in listed
    assert token not in listed
    bearer = {"Authorization": f"Bearer {token}"}
    with desk.house.sessions() as session:
        desk.time = session.query(ApiToken).one().made_at
    assert desk.app.test_client().get("/api/v1/people", headers=bearer).status_code == 200
    assert "used last on" in run("list")
    assert run("revoke", number[1]) == "HR is revoked.\n"
    assert "no token with this number" in run("revoke", number[1])
    assert desk.app.test_client().get("/api/v1/people", headers=bearer).status_code == 401
    desk.close()
