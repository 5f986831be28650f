"""How often mentors and mentees are to meet: rule, report, nudge, and the leader's month."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.mentoring import cadence, encounters, leaders, rounds, visits
from bot.mentoring.cadence import Meeting, Span, count, rules, span_of, spans, standing
from bot.mentoring.competencies import load
from bot.reports.fiscal import Period
from bot.reports.query import Wanted
from bot.reports.registry import REPORTS
from store.people import Facility, Person
from tests.town import Town

KIGALI = ZoneInfo("Africa/Kigali")
RULES = {rule.id: rule for rule in rules()}
MARCH = Span(date(2026, 3, 1), date(2026, 3, 31))
DAYS = st.dates(date(2026, 2, 20), date(2026, 4, 10))
MEETINGS = st.lists(
    st.builds(Meeting, DAYS, st.integers(1, 4), st.sampled_from([1, 2, None]), st.integers(1, 12)),
    max_size=8,
)


def test_spans_are_months_and_quarters() -> None:
    assert span_of("month", date(2028, 2, 10)) == Span(date(2028, 2, 1), date(2028, 2, 29))
    assert span_of("quarter", date(2026, 12, 31)) == Span(date(2026, 10, 1), date(2026, 12, 31))
    found = list(spans("month", date(2025, 11, 20), date(2026, 2, 1)))
    assert [span.first.month for span in found] == [11, 12, 1, 2]


def test_what_counts_as_one() -> None:
    two_days = [Meeting(date(2026, 3, 3), 2, place=1), Meeting(date(2026, 3, 4), 1, place=1)]
    elsewhere = Meeting(date(2026, 3, 4), 1, place=2)
    district, association, group = (
        RULES[name] for name in ("district-mentor", "association-mentor", "chw-group")
    )
    assert count(district, two_days, MARCH) == 1
    assert count(district, [*two_days, elsewhere], MARCH) == 2
    assert count(association, [*two_days, elsewhere], MARCH) == 2
    over_the_end = Meeting(date(2026, 2, 28), 2, place=1)
    assert count(district, [over_the_end], MARCH) == 0  # counted where it began
    assert count(association, [over_the_end], MARCH) == 1
    quarter = span_of("quarter", MARCH.first)
    assert count(group, [Meeting(date(2026, 3, 3), people=4)], quarter) == 0
    assert count(group, [Meeting(date(2026, 3, 3), people=5)] * 2, quarter) == 1


@given(MEETINGS, MEETINGS, DAYS, st.sampled_from(sorted(RULES)))
def test_more_meetings_never_make_it_worse(
    done: list[Meeting], planned: list[Meeting], today: date, name: str
) -> None:
    rule = RULES[name]
    span = span_of(rule.every, MARCH.first)
    found = standing(rule, span, today, done, planned)
    again = standing(rule, span, today, list(reversed(done)), list(reversed(planned)))
    assert found == again  # order says nothing
    assert (found.state == "done") == (found.done >= rule.least)
    if today > span.last:
        assert found.state in ("done", "missed")
    else:
        assert found.state != "missed"
        far = [Meeting(today, place=1, people=9), Meeting(span.last, place=2, people=9)]
        days = [Meeting(span.first + timedelta(days=n), place=9) for n in range(0, 20, 3)]
        better = standing(rule, span, today, [*done, *far, *days], planned)
        assert better.done >= rule.least
        assert standing(rule, span, today, done, [*planned, *far]).state != "missed"


@pytest.mark.parametrize(
    ("change", "says"),
    [
        ({"of": "village"}, "of is none of"),
        ({"every": "week"}, "every is none of"),
        ({"least": 0}, "least is not a number"),
        ({"what": "sessions"}, "have a size"),
    ],
)
def test_a_rule_that_cannot_be_used_is_named(change: dict[str, object], says: str) -> None:
    good = {"of": "mentor", "every": "month", "what": "visits", "least": 1, "en": "x", "fr": "x"}
    with pytest.raises(ValueError, match=f"one: .*{says}"):
        cadence.read({"one": good | change})


def test_report_nudge_and_the_leaders_month(town: Town) -> None:
    alice = town.mentor(association="RAM")
    beata = town.mentor("+250788000402", name="Beata Uwase")
    paul = town.mentee("+250788000601", name="Paul Kagabo", roles=["leader"], cadre=None)
    for number in range(6):
        phone = f"+25078800061{number}"
        town.mentee(phone, name=f"Nurse {number}", cadre="chw", groups=["Cohort 3"])
        town.pair(phone, "+250788000402")
    with town.works.sessions.begin() as session:
        place = Facility(name="Rukara Health Post", district="Kayonza")
        everybody = session.query(Person).filter(~Person.roles.contains(["mentor"]))
        for person in everybody:
            person.facility = place
        for person in session.query(Person):
            person.created_at = town.time.now()
        mentor = session.get_one(Person, town.person("+250788000402").id)
        chws = [one.id for one in everybody if one.cadre == "chw"]
        now = town.time.now()
        held = visits.plan(
            session, mentor, place, now + timedelta(days=1), now=now, source="command"
        )
        visits.plan(session, mentor, place, now + timedelta(days=40), now=now, source="command")
    town.rest()
    paul.hears("plans a mentoring visit")
    paul.hears("plans a mentoring visit")
    town.later(days=2)
    with town.works.sessions.begin() as session:
        visit = visits.locked(session, held.id)
        visits.over(session, visit, "held", town.time.now())
        encounters.of_visit(
            session, visit, chws[:5], topics=["iccm"], together=True, minutes=120,
            now=town.time.now(),
        )  # fmt: skip
        alone = encounters.of_skill(
            session, mentor=visit.mentor_id, mentee=chws[0], competency="iccm-fever", key="1",
            began_at=town.time.now() - timedelta(minutes=20), now=town.time.now(),
        )  # fmt: skip
        assert alone is not None
    paul.read = 10**6

    # On the 15th each mentor hears what is still due, and nothing else.
    alice.read, beata.read = len(alice.received()), len(beata.received())
    town.until(datetime(2026, 3, 15, 8, 1, tzinfo=KIGALI))
    alice.hears("0 of 3 days of mentoring", "VISIT plans one")
    assert "Cohort" not in beata.hears("1 of 2 visits have taken place")
    town.until(datetime(2026, 4, 1, 8, 1, tzinfo=KIGALI))
    said = paul.received()[-1].body
    assert "Rukara Health Post in March 2026: mentoring visits 1" in said
    assert "Of 6 health workers, 5 were mentored in person, 0 asked" in said
    assert "The next visit is on" in said

    with town.works.sessions() as session:
        wanted = Period(
            "Q", datetime(2026, 1, 1, tzinfo=KIGALI), datetime(2026, 7, 1, tzinfo=KIGALI)
        )

        def shown(name: str, by: str | None = None) -> dict[str, dict[str, object]]:
            report = REPORTS[name].compute(session, Wanted(wanted, town.time.now(), by), load())
            return {
                f"{row['group']} {row.get('kind', '')}".strip(): dict(row) for row in report.rows
            }

        mentors = shown("cadence")
        # The second visit is due in April: planned. Beata has no association, Alice has one.
        assert mentors["Beata Uwase"]["rule"] == "district mentor: 2 visits a month"
        assert (mentors["Beata Uwase"]["missed"], mentors["Beata Uwase"]["state"]) == (1, "due")
        assert mentors["Beata Uwase"]["planned"] == 1
        assert mentors["Alice Ingabire"]["least"] == 3
        facility = shown("cadence", "facility")["Rukara Health Post (Kayonza)"]
        assert (facility["kept"], facility["missed"], facility["state"]) == (1, 0, "planned")
        group = shown("cadence", "group")["Cohort 3"]
        assert (group["kept"], group["missed"], group["size"]) == (1, 0, "6")
        met = shown("encounters", "topic")
        assert met["iccm in person, group"]["minutes"] == 120
        assert met["iccm in person, group"]["mentees"] == 5
        assert met["iccm-fever in person, individual"]["mentees"] == "<5"
        assert shown("encounters", "district")["Kayonza in person, group"]["encounters"] == 1
        empty = session.get_one(Person, town.person("+250788000401").id)
        assert leaders.month(session, empty, wanted.start, wanted.end, town.time.now()) is None
        assert rounds.nudge(session, empty, datetime(2026, 3, 20, tzinfo=UTC)) is not None
