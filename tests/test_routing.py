"""Which mentor a case goes to, and why: properties of the plain rules."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from bot.mentoring import duty, routing
from bot.mentoring.duty import Calendar
from bot.mentoring.routing import Candidate, Wanted

NOW = datetime(2026, 3, 3, 9, 0, tzinfo=UTC)
ON, OFF = duty.read("always"), duty.read("wed 08:00-12:00")
TOPICS = ["pph", "anc"]
DISTRICTS = ["", "Kayonza", "Gasabo"]


def mentor(number: int, **values: object) -> Candidate:
    """One who is on duty, answers in English and has the topic."""
    given = {"topics": frozenset({"pph"}), "languages": frozenset({"en"})} | values
    return replace(
        Candidate(number, frozenset(), frozenset(), Calendar(ON, "Africa/Kigali")),
        **given,  # type: ignore[arg-type]
    )


@st.composite
def candidates(draw: st.DrawFn) -> list[Candidate]:
    return [
        mentor(
            number,
            topics=frozenset(draw(st.lists(st.sampled_from(TOPICS)))),
            languages=frozenset(draw(st.lists(st.sampled_from(["en", "fr"]), min_size=1))),
            calendar=Calendar(draw(st.sampled_from([ON, OFF])), "Africa/Kigali"),
            facility=draw(st.none() | st.integers(1, 2)),
            district=draw(st.sampled_from(DISTRICTS)),
            association=draw(st.sampled_from(["", "RAM"])),
            level=draw(st.none() | st.integers(0, 4)),
            open_cases=draw(st.integers(0, 4)),
            most_open=draw(st.integers(1, 4)),
            today=draw(st.integers(0, 3)),
            most_a_day=draw(st.integers(1, 4)),
            reachable=draw(st.sampled_from([True, True, False])),
            away=draw(st.sampled_from([False, False, True])),
            away_until=draw(
                st.none() | st.integers(-48, 48).map(lambda hours: NOW + timedelta(hours=hours))
            ),
        )
        for number in range(1, draw(st.integers(0, 7)) + 1)
    ]


IDS = st.integers(1, 7)
WANTED = st.builds(
    Wanted,
    mentee=IDS,
    own_mentor=st.none() | IDS,
    backup=st.none() | IDS,
    topic=st.none() | st.sampled_from(TOPICS),
    language=st.sampled_from(["en", "fr"]),
    facility=st.none() | st.integers(1, 2),
    district=st.sampled_from(DISTRICTS),
    association=st.sampled_from(["", "RAM"]),
    level=st.none() | st.integers(0, 3),
    urgent=st.booleans(),
    had_it=st.lists(IDS, max_size=3).map(tuple),
    passed=st.frozensets(IDS, max_size=2),
    has_it=st.frozensets(IDS, max_size=2),
)


@given(WANTED, candidates())
def test_nobody_who_must_not_have_it_is_chosen(wanted: Wanted, everybody: list[Candidate]) -> None:
    by_id = {one.id: one for one in everybody}
    ranking = routing.rank(wanted, everybody, NOW)
    chosen = [by_id[choice.mentor] for choice in ranking.choices]
    for one in chosen:
        assert one.reachable
        assert not one.is_away(NOW)
        assert one.open_cases < one.most_open
        assert one.today < one.most_a_day
        assert one.id != wanted.mentee
        assert one.id not in wanted.passed | wanted.has_it
    on_duty = [one for one in chosen if duty.is_on(NOW, one.calendar)]
    # Off duty only where it is urgent, and then only because nobody is on.
    assert on_duty == chosen or (wanted.urgent and not on_duty)


@given(WANTED, candidates(), st.randoms())
def test_the_order_is_total_and_always_the_same(
    wanted: Wanted, everybody: list[Candidate], shuffle: st.DataObject
) -> None:
    ranking = routing.rank(wanted, everybody, NOW)
    others = list(everybody)
    shuffle.shuffle(others)  # type: ignore[attr-defined]
    assert routing.rank(wanted, others, NOW) == ranking
    chosen = [choice.mentor for choice in ranking.choices]
    assert len(set(chosen)) == len(chosen)
    # Everybody is in it, with a reason: as a choice, or as left out.
    assert set(chosen) | ranking.left_out.keys() == {one.id for one in everybody}
    assert not set(chosen) & ranking.left_out.keys()
    assert all(choice.reasons for choice in ranking.choices)
    grouped = routing.why_not(wanted, ranking, everybody, chosen[:2])
    if chosen:
        explained = {one for mentors in grouped.values() for one in mentors}
        assert explained == {one.id for one in everybody} - set(chosen[:2])
        assert all(grouped)


@given(WANTED, candidates(), st.data())
def test_more_open_cases_never_help(
    wanted: Wanted, everybody: list[Candidate], data: st.DataObject
) -> None:
    chosen = [choice.mentor for choice in routing.rank(wanted, everybody, NOW).choices]
    if not chosen:
        return
    busier = data.draw(st.sampled_from(chosen))
    heavier = [
        replace(one, open_cases=one.open_cases + 1, most_open=9)
        if one.id == busier
        else replace(one, most_open=max(one.most_open, 9 if one.id in chosen else 0))
        for one in everybody
    ]
    after = [choice.mentor for choice in routing.rank(wanted, heavier, NOW).choices]
    before = [one for one in chosen if one in after]
    assert after.index(busier) >= before.index(busier)


@given(WANTED, candidates())
def test_who_comes_on_first_really_can_have_it_then(
    wanted: Wanted, everybody: list[Candidate]
) -> None:
    ranking = routing.rank(wanted, everybody, NOW)
    assert ranking.first_on is None or not ranking.choices
    if ranking.first_on is not None:
        first, moment = ranking.first_on
        assert moment > NOW
        assert first in [
            choice.mentor for choice in routing.rank(wanted, everybody, moment).choices
        ]


def test_pairing_before_what_is_known_before_what_is_near() -> None:
    wanted = Wanted(
        mentee=99, own_mentor=1, backup=2, topic="pph", facility=7, district="Kayonza", level=2
    )
    everybody = [
        mentor(1, topics=frozenset()),
        mentor(2, languages=frozenset({"fr"})),
        mentor(3, open_cases=3),
        mentor(4, topics=frozenset(), facility=7, district="Kayonza"),
        mentor(5, district="Kayonza"),
        mentor(6, level=3),
        mentor(7, languages=frozenset({"fr"}), facility=7),
    ]
    ranking = routing.rank(wanted, everybody, NOW)
    assert [choice.mentor for choice in ranking.choices] == [1, 2, 5, 6, 3, 4, 7]
    assert ranking.choices[0].reasons[0] == "own mentor"
    assert ranking.choices[1].reasons[0] == "backup mentor"
    grouped = routing.why_not(wanted, ranking, everybody, [1])
    assert grouped == {"is not the mentee's own mentor": [2, 3, 4, 5, 6, 7]}
    absent = [replace(one, away=True) for one in everybody[:2]] + everybody[2:]
    ranking = routing.rank(wanted, absent, NOW)
    assert routing.why_not(wanted, ranking, absent, [5]) == {
        "on leave": [1, 2],
        "works in another district": [3, 6],
        "does not have the topic": [4],
        "does not answer in the mentee's language": [7],
    }


def test_everybody_had_it_so_it_goes_round_but_not_to_whoever_passed() -> None:
    everybody = [mentor(1), mentor(2), mentor(3)]
    wanted = Wanted(mentee=99, had_it=(1, 2, 3), passed=frozenset({1}))
    assert [c.mentor for c in routing.rank(wanted, everybody, NOW).choices] == [2]
    assert routing.rank(wanted, everybody, NOW, again=False).choices == ()


def test_levels_of_the_cascade() -> None:
    levels = ["Village", "health post", "Centre de santé", "District hospital", "mall", None]
    assert [routing.level_of(level) for level in levels] == [0, 1, 2, 3, None, None]
