"""The cascade: two health centres or one health post for each mentor."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot import importing
from bot.mentoring import mentor_tree
from bot.mentoring.cascade import MOST, ORDER, Mentor, Place, check, level, outside, tree
from bot.settings import Settings
from store.base import make_engine, make_sessions
from tests.test_people_merge import Sessions

HOSPITAL = Place(1, "Rwinkwavu Hospital", "hospital")
CENTRES = [Place(n, f"Centre {n}", "health centre") for n in range(2, 7)]
POSTS = [Place(n, f"Post {n}", "health post") for n in range(7, 10)]


@pytest.fixture
def sessions(database_url: str) -> Iterator[Sessions]:
    engine = make_engine(database_url)
    yield make_sessions(engine)
    engine.dispose()


@pytest.mark.parametrize(
    ("written", "name", "found"),
    [
        ("district hospital", "", "hospital"), ("HC", "", "health centre"),
        ("Health Center", "", "health centre"), ("poste de santé", "", "health post"),
        ("health_post", "", "health post"), (None, "Kabarondo HC", "health centre"),
        ("", "Gahini Hospital", "hospital"), ("village", "", "community"),
        (None, "Kabarondo", None), ("something", "Rukara Health Post", "health post"),
    ],
)  # fmt: skip
def test_what_level_a_facility_is(written: str | None, name: str, found: str | None) -> None:
    assert level(written, name) == found


def test_the_rule_in_plain_sentences() -> None:
    assert check(Mentor("Alice", HOSPITAL, {HOSPITAL: 9, CENTRES[0]: 3, CENTRES[1]: 2})) == []
    assert check(Mentor("Alice", HOSPITAL, {CENTRES[0]: 3, CENTRES[1]: 2, CENTRES[2]: 1})) == [
        "Alice (hospital) has mentees at 3 health centres: Centre 2, Centre 3, Centre 4."
        " The cascade has at most two."
    ]
    assert check(Mentor("Beata", CENTRES[0], {POSTS[0]: 1, POSTS[1]: 1})) == [
        "Beata (health centre) has mentees at 2 health posts: Post 7, Post 8."
        " The cascade has at most one."
    ]
    assert (
        "above their own level: Rwinkwavu Hospital"
        in check(Mentor("Beata", CENTRES[0], {HOSPITAL: 1}))[0]
    )
    assert check(Mentor("Nobody", None, {POSTS[0]: 5, POSTS[1]: 5})) == []


@given(
    st.sampled_from([None, HOSPITAL, *CENTRES, *POSTS]),
    st.dictionaries(st.sampled_from([HOSPITAL, *CENTRES, *POSTS]), st.integers(1, 9)),
)
def test_a_sentence_exactly_where_the_rule_is_broken(
    place: Place | None, mentees: dict[Place, int]
) -> None:
    mentor = Mentor("Alice", place, mentees)
    found = check(mentor)
    if place is None:
        assert found == []
        return
    at = ORDER.index(place.level or "community")
    below = [one for one in outside(mentor) if ORDER.index(one.level or "community") == at + 1]
    above = [one for one in outside(mentor) if ORDER.index(one.level or "community") < at]
    many = place.level in MOST and len(below) > MOST[place.level]
    assert len(found) == many + bool(above)
    assert all(one in "\n".join(tree([mentor])) for one in (m.name for m in mentees))


def test_an_import_says_where_it_is_too_much(sessions: Sessions, tmp_path: Path) -> None:
    """The file is taken all the same, and somebody is asked to look."""
    rows = ["name,phone,role,facility,facility_level,district,mentor_phone"]
    rows += ["Alice,+250788000401,mentor,Rwinkwavu,district hospital,Kayonza,"]
    rows += [
        f"Nurse {n},+25078800031{n},mentee,Centre {n},HC,Kayonza,+250788000401" for n in range(3)
    ]
    path = tmp_path / "people.csv"
    path.write_text("\n".join(rows))
    outcome = importing.people(
        sessions, path, Settings(_env_file=None), now=datetime(2026, 3, 2, tzinfo=UTC)
    )
    assert outcome.problems == []
    assert outcome.notes == [
        "Alice (hospital) has mentees at 3 health centres: Centre 0, Centre 1, Centre 2."
        " The cascade has at most two."
    ]
    with sessions() as session:
        found = mentor_tree.mentors(session, district="Kayonza")
        assert [sum(one.mentees.values()) for one in found] == [3]
        assert mentor_tree.mentors(session, district="Kigali") == []
