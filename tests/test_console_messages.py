"""The log of messages: filters, reasons in words, cost, pages without counting."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy.orm import Session

from bot import sending
from bot.accounts.scope import Scope
from bot.overviews import messages
from channels.errors import CATALOGUE
from console.reasons import CODES, why
from console.words import WORDS
from store.messages import Inbound, OutboxMessage
from store.people import Address, Facility, Person
from store.quizzes import Campaign, CampaignVersion, Dose
from tests.console import NOW, Desk


@pytest.fixture
def desk(database_url: str) -> Iterator[Desk]:
    made = Desk(database_url)
    yield made
    made.close()


def somebody(session: Session, name: str, district: str, number: str) -> int:
    place = session.query(Facility).filter_by(district=district).first()
    place = place or Facility(name=f"Health Centre {district}", district=district)
    one = Person(name=name, language="en", timezone="Africa/Kigali", consent="yes",
                 facility=place)  # fmt: skip
    session.add(one)
    session.flush()
    session.add(Address(person_id=one.id, channel="sms", value=number))
    return one.id


def out(session: Session, person: int, minutes: float, **more: object) -> OutboxMessage:
    at = NOW - timedelta(minutes=minutes)
    made = OutboxMessage(
        **{
            "person_id": person, "kind": "reply", "language": "en", "body": "Referred.",
            "dedupe_key": f"{person}:{minutes}:{more.get('kind')}", "priority": 1,
            "created_at": at, "next_attempt_at": at, "state": "delivered", "channel": "sms",
            "segments": 1, **more,
        }
    )  # fmt: skip
    session.add(made)
    return made


def came(session: Session, person: int | None, minutes: float, body: str) -> None:
    at = NOW - timedelta(minutes=minutes)
    session.add(Inbound(sid=f"SM{person}{minutes}", channel="whatsapp", sender="+250788000001",
                        body=body, form=[], received_at=at, state="done",
                        person_id=person))  # fmt: skip


def test_the_log_says_what_happened_and_why_not(desk: Desk) -> None:
    desk.account("grace@example.org", "coordinator")
    with desk.house.sessions.begin() as session:
        anne = somebody(session, "Anne Uwase", "Kayonza", "+250788000301")
        bea = somebody(session, "Bea Keza", "Gatsibo", "+250788000302")
        came(session, anne, 9, "call 0788 123 456")
        came(session, None, 8, "who are you")
        out(session, anne, 7)
        out(session, bea, 6, state="failed", reason="Unreachable", error_code=30003)
        out(session, bea, 5, state="dropped", reason="stopped: the person texted STOP")
        out(
            session,
            anne,
            4,
            state="dropped",
            reason="expired before it could be sent: quiet hours",
            channel=None,
            segments=None,
        )
        out(session, anne, 3, state="queued", reason="in an open case")
        campaign = Campaign(name="Safe birth", state="running", created_at=NOW)
        session.add(campaign)
        session.flush()
        session.add(
            CampaignVersion(campaign_id=campaign.id, version=1, created_at=NOW,
                            plan={"start": "2026-03-01", "end": "2026-04-01",
                                  "budget": {"per_segment": 0.05, "currency": "USD"}})
        )  # fmt: skip
        dose = Dose(campaign_id=campaign.id, campaign_version=1, person_id=anne, kind="question",
                    slot="2026-03-03", planned_at=NOW, due_at=NOW, state="given")  # fmt: skip
        session.add(dose)
        session.flush()
        out(session, anne, 2, kind="campaign", dose_id=dose.id, segments=3, provider_sid="SM1")
    grace = desk.signed_in("grace@example.org")
    page = grace.goes("/console/messages")
    assert page.count("<tr>") == 9
    assert "The phone is off or out of reach (30003)" in page
    assert "The person texted STOP" in page
    assert "It became too old before it could be sent: It is night there" in page
    assert "A case is open" in page
    assert "0.1500 USD" in page
    assert "Safe birth" in page
    assert "123 456" not in page
    assert "not known yet" in page

    def rows(query: str) -> int:
        found = grace.goes(f"/console/messages?{query}").count("<tr>")
        assert grace.status == 200, query
        return max(0, found - 1)

    assert rows("direction=in") == 2
    assert rows("direction=out") == 6
    assert rows("channel=whatsapp") == 2
    assert rows("state=failed") == 1
    assert rows("state=dropped") == 2
    assert rows("kind=campaign") == 1
    assert rows("kind=campaign&direction=in") == 0
    assert rows(f"person={anne}") == 5
    assert rows("q=bea") == 2
    assert rows("q=0788000302") == 2
    assert rows("q=health+centre&direction=out") == 6
    assert rows("q=nobody") == 0
    assert "Nobody fits" in grace.page
    assert rows("since=2026-03-03&until=2026-03-03") == 8
    assert rows("until=2026-03-02") == 0
    assert rows("since=2026-03-04") == 0
    for odd in ("after=x", "after=2026-03-03~1~1", "after=2026-03-03T00:00:00%2B00:00~7~1",
                "person=-1", "person=99999999999999999", "until=9999-12-31", "since=0001-01-01",
                "q=%00", "state=x&kind=x&direction=x&channel=x"):  # fmt: skip
        rows(odd)
    # A coordinator of one district sees no other's, nor who is not known.
    desk.account("ben@example.org", "coordinator", district="Kayonza")
    ben = desk.signed_in("ben@example.org")
    page = ben.goes("/console/messages")
    assert "Bea Keza" not in page
    assert "not known yet" not in page
    assert page.count("<tr>") == 6
    assert ben.goes(f"/console/messages?person={bea}").count("<tr>") == 0
    assert ben.goes("/console/messages?q=bea").count("<tr>") == 0


def read(session: Session, wanted: messages.Wanted) -> tuple[list[messages.Place], int]:
    """The whole log, page by page; and how many pages it took."""
    found: list[messages.Place] = []
    scope, pages = Scope("admin"), 0
    after = None
    while True:
        page = messages.found(session, scope, messages.Wanted(**{**vars(wanted), "after": after}))
        pages += 1
        found += [line.place for line in page.lines]
        if page.after is None:
            return found, pages
        assert after is None or page.after < after
        after = messages.place(str(page.after))
        assert after == page.after


def test_it_is_read_to_its_end_without_a_gap_or_a_double(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    with desk.house.sessions.begin() as session:
        anne = somebody(session, "Anne Uwase", "Kayonza", "+250788000301")
        for n in range(150):
            # Many in one moment, in both directions.
            out(session, anne, n // 7, dedupe_key=f"o{n}", kind="tip" if n % 50 == 49 else "reply")
            if n % 2:
                at = NOW - timedelta(minutes=n // 9)
                session.add(Inbound(sid=f"SM{n}", channel="sms", sender="+250788000001", body="x",
                                    form=[], received_at=at, person_id=anne))  # fmt: skip
    with desk.house.sessions() as session:

        @settings(max_examples=25, deadline=None, suppress_health_check=list(HealthCheck))
        @given(
            size=st.integers(1, 60),
            searched=st.integers(1, 200),
            direction=st.sampled_from(["", *messages.DIRECTIONS]),
            kind=st.sampled_from(["", "tip", "reply"]),
        )
        def holds(size: int, searched: int, direction: str, kind: str) -> None:
            monkeypatch.setattr(messages, "PAGE", size)
            monkeypatch.setattr(messages, "SEARCHED", max(searched, size + 1))
            found, _ = read(session, messages.Wanted(direction=direction, kind=kind))
            assert found == sorted(set(found), reverse=True)
            outgoing = [one for one in found if one.rank == 1]
            incoming = [one for one in found if one.rank == 0]
            theirs = {"": 150, "tip": 3, "reply": 147}[kind]
            assert len(outgoing) == (0 if direction == "in" else theirs)
            assert len(incoming) == (75 if not kind and direction != "out" else 0)

        holds()
        monkeypatch.undo()
        monkeypatch.setattr(messages, "SEARCHED", 60)
        page = messages.found(session, Scope("admin"), messages.Wanted(kind="tip"))
        assert page.cut
        assert len(page.lines) == 1
    desk.account("grace@example.org", "coordinator")
    grace = desk.signed_in("grace@example.org")
    page_shown = grace.goes("/console/messages?kind=tip")
    assert "Looked through the newest messages down to" in page_shown
    further = re.search(r'href="([^"]+)">Look further back', page_shown)
    assert further is not None
    assert "Tip" in grace.goes(further[1].replace("&amp;", "&"))


def test_every_code_and_kind_that_decides_has_words() -> None:
    assert set(CODES) == set(CATALOGUE)
    kinds = sending.PROACTIVE | sending.BY_DAY | sending.ALWAYS | sending.NEVER_LOST
    assert kinds <= set(WORDS["message kind"])
    assert sending.EXPIRED in WORDS["reason"]


def test_every_reason_of_the_guide_has_words(desk: Desk) -> None:
    guide = (Path(__file__).resolve().parent.parent / "docs" / "operations.md").read_text("utf-8")
    table = guide.split("| Reason |", 1)[1].split("| Twilio's code |", 1)[0]
    rows = [line for line in table.splitlines() if line.startswith("| `")]
    reasons = [one for row in rows for one in re.findall(r"`([^`]+)`", row.split("|")[1])]
    assert len(reasons) > 20
    with desk.app.test_request_context("/console/"):
        for reason in reasons:
            given = "template x cannot be used at the provider" if "be used" in reason else reason
            assert why(given, None) not in ("", given), reason
        assert why("something new", None) == "something new"
        assert why("something new", 30003).endswith("(30003)")
        assert why(None, None) == ""
