"""What of a discussion reaches one reader: caps, bundles, quiet hours, order, names."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.mentoring import moderation
from bot.mentoring.moderation import Later, Reader, Reply, Say, decide, rules
from bot.sending import quiet_until
from bot.text.redact import redact

NOON = datetime(2026, 3, 3, 10, 0, tzinfo=UTC)  # noon in Kigali
ZONE = "Africa/Kigali"
SMS, WHATSAPP = Reader("sms", ZONE), Reader("whatsapp", ZONE)


def reply(number: int, at: datetime = NOON, text: str = "Urine protein first") -> Reply:
    return Reply(number, at, "Claudine", text)


def test_whatsapp_gets_a_reply_at_once_and_sms_with_what_comes_next() -> None:
    said = [reply(1)]
    assert decide(said, WHATSAPP, NOON, by=rules(), left=9) == Say(said)
    waits = decide(said, SMS, NOON, by=rules(), left=9)
    assert waits == Later(NOON + timedelta(minutes=3), moderation.BUNDLED)
    assert decide(said, SMS, NOON + timedelta(minutes=3), by=rules(), left=9) == Say(said)
    assert decide(said, SMS, NOON, by=rules(), left=9, closing=True) == Say(said)


def test_a_full_message_does_not_wait_and_a_photo_goes_by_itself() -> None:
    long = [reply(number, text="x" * 200) for number in (1, 2, 3)]
    assert decide(long, SMS, NOON, by=rules(), left=9) == Say(long[:2])
    photo = Reply(2, NOON, "Jean", "look", has_media=True)
    assert decide([reply(1), photo], SMS, NOON, by=rules(), left=9) == Say([reply(1)])
    assert decide([photo, reply(3)], SMS, NOON, by=rules(), left=9) == Say([photo])


def test_what_holds_a_reply_back_is_said() -> None:
    said = [reply(1, NOON - timedelta(hours=1))]
    enough = Reader("sms", ZONE, [NOON - timedelta(minutes=m) for m in (50, 40, 30, 20)])
    held = decide(said, enough, NOON, by=rules(), left=9)
    assert held == Later(NOON + timedelta(minutes=10), moderation.HOURLY)
    busy = Reader("whatsapp", ZONE, emergency_since=NOON - timedelta(minutes=5))
    held = decide(said, busy, NOON, by=rules(), left=9)
    assert held == Later(NOON + timedelta(minutes=115), moderation.EMERGENCY)
    night = NOON + timedelta(hours=9)
    held = decide(said, WHATSAPP, night, by=rules(), left=9)
    assert held == Later(NOON + timedelta(hours=19), moderation.QUIET)
    held = decide(said, SMS, NOON, by=rules(), left=0)
    assert isinstance(held, Later)
    assert held.reason == moderation.BUDGET


@given(
    st.lists(st.tuples(st.integers(0, 40), st.integers(1, 400)), min_size=1, max_size=60),
    st.sampled_from(["sms", "whatsapp", "host"]),
    st.integers(0, 23),
)
def test_one_reader_is_never_flooded_and_misses_nothing(
    gaps: list[tuple[int, int]], who: str, hour: int
) -> None:
    """A stream of replies: each is said once, in order, by day, within the caps, soon enough."""
    by, cap = rules(), rules().caps[who]
    channel = "whatsapp" if who == "host" else who
    clock = NOON + timedelta(hours=hour)
    coming = []
    for number, (gap, length) in enumerate(gaps):
        clock += timedelta(minutes=gap)
        coming.append(reply(number, clock, "x" * length))
    now, waiting, said, moments = coming[0].at, [], [], []
    for _ in range(10_000):
        waiting += [one for one in coming if one.at <= now and one.id >= len(said) + len(waiting)]
        soonest = [one.at for one in coming if one.at > now][:1]
        if waiting:
            reader = Reader(channel, ZONE, list(moments), is_host=who == "host")
            decision = decide(waiting, reader, now, by=by, left=9)
            if isinstance(decision, Say):
                assert quiet_until(now, ZONE) is None
                size = sum(len(one.name) + len(one.text) + 3 for one in decision.replies)
                assert len(decision.replies) == 1 or size <= by.longest_bundle
                said += [one.id for one in decision.replies]
                waiting = waiting[len(decision.replies) :]
                moments.append(now)
                continue
            assert decision.until > now
            soonest.append(decision.until)
        if not soonest:
            break
        now = min(soonest)
    assert said == list(range(len(coming)))
    for moment in moments:
        assert sum(moment <= m < moment + moderation.HOUR for m in moments) <= cap.hour
        assert sum(moment <= m < moment + moderation.DAY for m in moments) <= cap.day


def test_first_names_tell_people_apart_and_hide_numbers() -> None:
    people = {
        1: "Claudine Mukamana",
        2: "Dr Patrick Mugisha",
        3: "claudine Ineza",
        4: "0788 123 456",
    }
    names = moderation.first_names(people, "a colleague")
    assert names == {1: "Claudine M.", 2: "Patrick", 3: "claudine I.", 4: "a colleague"}
    assert moderation.first_names({1: ""}, "a colleague") == {1: "a colleague"}


@given(st.text(max_size=900), st.integers(20, 400))
def test_what_is_shown_is_one_short_line_without_identifiers(said: str, longest: int) -> None:
    line, cut = moderation.shown(said, longest)
    assert len(line) <= longest
    assert line == " ".join(line.split())
    assert cut or redact(line).text == line


def test_a_case_is_posed_without_its_mentee() -> None:
    asked = "I am Claudine of Rukara Health Centre, 0788123456. Placenta retained, what next?"
    posed = moderation.without_person(asked, "Claudine Mukamana", "Rukara Health Centre")
    assert posed == "I am [...] of [...], [phone]. Placenta retained, what next?"


@pytest.mark.parametrize(
    ("said", "hours", "minutes"),
    [("16:00", 4, 0), ("4 pm", 4, 0), ("16h30", 4, 30), ("at 13", 1, 0), ("9:00", 21, 0)],
)
def test_an_hour_is_the_next_one_on_the_hosts_clock(said: str, hours: int, minutes: int) -> None:
    meant = moderation.moment(said, NOON, ZONE)
    assert meant == NOON + timedelta(hours=hours, minutes=minutes)


def test_tomorrow_and_what_is_no_hour() -> None:
    assert moderation.moment("tomorrow 16:00", NOON, ZONE) == NOON + timedelta(hours=28)
    assert moderation.moment("demain 16h", NOON, ZONE) == NOON + timedelta(hours=28)
    for said in ("25:00", "soon", "13 pm", "", "16:75", "give 10 IU"):
        assert moderation.moment(said, NOON, ZONE) is None


def test_numbers_of_a_list() -> None:
    assert moderation.numbers("1 3 4", 6) == [1, 3, 4]
    assert moderation.numbers("2, 5 and 1-3", 6) == [2, 5, 1, 3]
    for said in ("7", "0", "3-1", "one", "", "1 please"):
        assert moderation.numbers(said, 6) is None
