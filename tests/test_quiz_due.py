"""What happens to a dose at its moment, and where a text goes while a question is open."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from bot import words
from bot.conversation import Quiz, Route, Situation, is_letter, route
from bot.quizzes.calendar import Quiet, is_allowed
from bot.quizzes.due import CONVERSATION, LATE, Facts, Give, Lapse, Wait, decide

# A Tuesday at half past five in the afternoon, in Kigali.
PLANNED = datetime(2026, 3, 3, 15, 30, tzinfo=UTC)
FACTS = Facts("question", PLANNED, "Africa/Kigali", Quiet(), weekends=False)
SECOND, MINUTE = timedelta(seconds=1), timedelta(minutes=1)
some = settings(max_examples=50, deadline=None)
ZONES = ["Africa/Kigali", "Europe/Berlin", "America/New_York", "Africa/Casablanca"]


def at(local: str, timezone: str = "Africa/Kigali") -> datetime:
    return datetime.fromisoformat(local).replace(tzinfo=ZoneInfo(timezone)).astimezone(UTC)


def test_at_its_moment_it_is_given() -> None:
    assert decide(FACTS, PLANNED) == Give()


@pytest.mark.parametrize(
    ("facts", "reason"),
    [
        ({"stopped": True}, "the mentee texted STOP"),
        ({"consented": False}, "no consent"),
        ({"reachable": False}, "no address that can be reached"),
        ({"left": "asked to leave"}, "asked to leave"),
        ({"paused_until": PLANNED + SECOND}, "paused by the mentee"),
    ],
)
def test_what_ends_it_at_once_and_says_so(facts: dict[str, object], reason: str) -> None:
    blocked = {"in_case": True, "open_question": True, "last_inbound": PLANNED}
    for more in ({}, blocked):
        assert decide(replace(FACTS, **facts, **more), PLANNED) == Lapse(reason)


def test_twenty_hours_late_is_in_time_and_a_second_more_is_not() -> None:
    assert decide(FACTS, PLANNED + LATE) == Give()
    assert decide(FACTS, PLANNED + LATE + SECOND) == Lapse("too late: the clock stood")
    kept = replace(FACTS, waited="in an open case")
    assert decide(kept, PLANNED + LATE + SECOND) == Lapse("too late: in an open case")


@pytest.mark.parametrize(
    ("facts", "reason"),
    [
        ({"in_case": True}, "in an open case"),
        ({"open_question": True}, "another question is open"),
        ({"last_inbound": PLANNED - MINUTE}, "in a conversation"),
    ],
)
def test_what_makes_it_wait(facts: dict[str, object], reason: str) -> None:
    verdict = decide(replace(FACTS, **facts), PLANNED)
    assert isinstance(verdict, Wait)
    assert verdict.reason == reason
    assert PLANNED < verdict.until <= PLANNED + timedelta(hours=1)


@pytest.mark.parametrize("kind", ["tip", "summary"])
def test_only_questions_wait_for_an_open_question(kind: str) -> None:
    assert decide(replace(FACTS, kind=kind, open_question=True), PLANNED) == Give()


def test_a_conversation_is_over_ten_minutes_after_the_last_word() -> None:
    talking = replace(FACTS, last_inbound=PLANNED - CONVERSATION + SECOND)
    assert decide(talking, PLANNED) == Wait(PLANNED + SECOND, "in a conversation")
    assert decide(talking, PLANNED + SECOND) == Give()


def test_a_word_from_the_future_is_waited_for_like_one_of_now() -> None:
    """The clock was put back an hour after the mentee wrote."""
    ahead = replace(FACTS, last_inbound=PLANNED + timedelta(hours=1))
    assert decide(ahead, PLANNED) == Wait(PLANNED + CONVERSATION, "in a conversation")


def test_the_night_does_not_hide_what_kept_it_until_the_evening() -> None:
    evening = at("2026-03-03T20:30")
    kept = replace(FACTS, waited="in an open case")
    assert decide(kept, evening) == Wait(at("2026-03-04T07:00"), "in an open case")
    assert decide(FACTS, evening).reason == "quiet hours or a weekend"  # type: ignore[union-attr]


def test_friday_evening_is_not_made_up_for_on_monday() -> None:
    friday = replace(FACTS, planned_at=at("2026-03-06T17:30"), waited="in an open case")
    wait = decide(friday, at("2026-03-06T20:30"))
    assert wait == Wait(at("2026-03-07T13:30:01"), "in an open case")
    assert decide(friday, wait.until) == Lapse("too late: in an open case")  # type: ignore[union-attr]
    assert decide(replace(friday, weekends=True), at("2026-03-07T07:00")) == Give()


moments = st.datetimes(datetime(2026, 1, 1), datetime(2026, 12, 31), timezones=st.just(UTC))
quiets = st.builds(Quiet, st.times(), st.times())
blocks = st.fixed_dictionaries(
    {
        "kind": st.sampled_from(["question", "tip", "summary"]),
        "planned_at": moments,
        "timezone": st.sampled_from(ZONES),
        "quiet": quiets,
        "weekends": st.booleans(),
        "in_case": st.booleans(),
        "open_question": st.booleans(),
        "waited": st.sampled_from([None, "in a conversation", "in an open case"]),
    }
)


@some
@given(
    blocks,
    st.timedeltas(timedelta(), timedelta(hours=30)),
    st.none() | st.timedeltas(-timedelta(hours=1), timedelta(hours=2)),
)
def test_it_waits_forward_and_is_given_only_where_nothing_stands_against_it(
    known: dict[str, object], late: timedelta, wrote: timedelta | None
) -> None:
    facts = Facts(**known)  # type: ignore[arg-type]
    now = facts.planned_at + late
    facts = replace(facts, last_inbound=None if wrote is None else now - wrote)
    match decide(facts, now):
        case Wait(until, reason):
            assert now < until <= facts.planned_at + LATE + SECOND
            assert reason
        case Lapse(reason):
            assert late > LATE
            assert reason == f"too late: {facts.waited or 'the clock stood'}"
        case Give():
            assert late <= LATE
            assert is_allowed(now, facts.timezone, facts.quiet, facts.weekends)
            assert not facts.in_case
            assert not (facts.open_question and facts.kind == "question")
            assert wrote is None or wrote >= CONVERSATION


@some
@given(blocks)
def test_what_never_ends_lapses_with_the_first_reason(known: dict[str, object]) -> None:
    assume(known["in_case"] or (known["open_question"] and known["kind"] == "question"))
    facts = replace(Facts(**known), waited=None)  # type: ignore[arg-type]
    now, first = facts.planned_at, None
    for _ in range(60):
        verdict = decide(facts, now)
        if isinstance(verdict, Lapse):
            assert verdict.reason == f"too late: {first}"
            assert now <= facts.planned_at + LATE + SECOND
            return
        assert isinstance(verdict, Wait)
        first = first or verdict.reason
        now, facts = verdict.until, replace(facts, waited=verdict.reason)
    raise AssertionError("it waits for ever")


@some
@given(moments, st.timedeltas(timedelta(hours=23), timedelta(hours=25)), moments)
def test_two_days_doses_are_never_given_together(
    first: datetime, apart: timedelta, now: datetime
) -> None:
    """A local day is 23 to 25 hours where clocks change."""
    anything = replace(FACTS, quiet=Quiet(time(0), time(0)), weekends=True)
    both = [replace(anything, planned_at=one) for one in (first, first + apart)]
    due = [one for one in both if one.planned_at <= now]
    assert [decide(one, now) for one in due].count(Give()) <= 1


# Where a text goes while a question is open

LETTERS = ["A", "b", "C.", "(d)", "option c", "Answer: B", " d! "]
COMMANDS = ["MORE", "ask", "QUIZ", "progress", "menu", "HOUR 18", "week 2", "pause", "PAUSE 3 days"]
SHORT = ["1", "2", "yes", "no", "oui", "3.", "ndiyo", "two"]
STOPS = ["STOP", "stop", "ARRET", "hagarika", "acha", "Stop please"]
DANGERS = ["she is fitting now", "a woman is bleeding heavily after delivery, she is pale"]

quizzes = st.builds(
    Quiz,
    reads=st.sampled_from(["answer", "several", "unclear", "question"]),
    addressed=st.booleans(),
    is_open=st.booleans(),
    asked_last=st.booleans(),
)
pendings = st.sampled_from(["language", "rate_case", "happening_now", "ask_mentor", "which_case"])
situations = st.builds(
    Situation,
    text=st.sampled_from([*LETTERS, *COMMANDS, *SHORT, *STOPS, *DANGERS, "ok", "more oxytocin?"]),
    has_media=st.booleans(),
    quotes_something=st.booleans(),
    pressed=st.booleans(),
    released=st.booleans(),
    stopped=st.booleans(),
    consented=st.booleans(),
    pending=st.none() | pendings,
    addresses_own_case=st.booleans(),
    stale_press=st.booleans(),
    quiz=st.none() | quizzes,
    is_mentor=st.booleans(),
    open_cases_as_mentor=st.integers(0, 2),
    open_case_as_mentee=st.booleans(),
    open_case_is_urgent=st.booleans(),
)
# A mentee who agreed, wrote by hand, and has a question open.
OPEN = Quiz("answer", addressed=False, is_open=True, asked_last=True)
PLAIN = Situation("A", quiz=OPEN)
answering = st.builds(
    replace,
    st.just(PLAIN),
    has_media=st.booleans(),
    quotes_something=st.booleans(),
    released=st.booleans(),
    pending=st.none() | pendings,
    addresses_own_case=st.booleans(),
    open_case_as_mentee=st.booleans(),
    open_case_is_urgent=st.booleans(),
    quiz=st.builds(replace, st.just(OPEN), addressed=st.booleans(), asked_last=st.booleans()),
)


@some
@given(situations, st.sampled_from(STOPS))
def test_stop_wins_over_everything(situation: Situation, said: str) -> None:
    assert route(replace(situation, text=said)).route is Route.STOP


@some
@given(situations)
def test_every_text_goes_somewhere_and_nobody_who_stopped_is_answered(
    situation: Situation,
) -> None:
    found = route(situation).route
    if situation.stopped:
        assert found in (Route.STOP, Route.START, Route.SILENT)


@some
@given(situations, st.sampled_from(DANGERS))
def test_danger_wins_over_the_quiz(situation: Situation, said: str) -> None:
    mentee = replace(situation, text=said, is_mentor=False, open_cases_as_mentor=0)
    found = route(replace(mentee, stopped=False, stale_press=False)).route
    assert found is Route.DANGER


@some
@given(answering, st.sampled_from(LETTERS))
def test_a_letter_reaches_the_open_question(situation: Situation, said: str) -> None:
    assert is_letter(said)
    assert route(replace(situation, text=said)).route is Route.QUIZ


def test_a_letter_of_a_mentor_who_learns_reaches_the_open_question() -> None:
    for cases in (0, 2):
        mentor = replace(PLAIN, is_mentor=True, open_cases_as_mentor=cases)
        assert route(mentor).route is Route.QUIZ


def test_a_mentor_who_quotes_the_question_answers_it() -> None:
    quoted = Quiz("answer", addressed=True, is_open=True, asked_last=True)
    mentor = replace(PLAIN, is_mentor=True, quotes_something=True, quiz=quoted)
    assert route(mentor).route is Route.QUIZ


@some
@given(situations, st.sampled_from(LETTERS))
def test_nobody_answers_a_quiz_before_they_have_agreed(situation: Situation, said: str) -> None:
    asked = replace(situation, text=said, consented=False, stopped=False)
    assert route(asked).route is not Route.QUIZ


@some
@given(
    answering,
    st.sampled_from(["160/110", "the first one", "1", "yes", "give magnesium", "hmm not sure"]),
    st.sampled_from(["answer", "several", "unclear"]),
)
def test_in_an_open_case_words_are_for_the_mentor(
    situation: Situation, said: str, reads: str
) -> None:
    quiz = Quiz(reads, addressed=False, is_open=True, asked_last=True)
    # Something that was held is shown first: then "1" and "yes" only say "show me".
    asked = replace(situation, text=said, quiz=quiz, open_case_as_mentee=True, released=False)
    found = route(asked).route
    assert found in (Route.CASE, Route.PENDING)
    if situation.pending is None:
        assert found is Route.CASE


@some
@given(answering, st.sampled_from(COMMANDS))
def test_a_command_is_never_eaten_by_the_words_of_an_option(
    situation: Situation, said: str
) -> None:
    assert words.command(said) is not None
    routed = route(replace(situation, text=said))
    assert routed.route is Route.COMMAND
    assert routed.command == words.command(said)


@some
@given(answering, st.sampled_from(SHORT))
def test_a_number_or_a_yes_goes_to_whoever_asked_last(situation: Situation, said: str) -> None:
    assume(situation.quiz is not None and not situation.released)
    assert situation.quiz is not None
    asked = replace(
        situation,
        text=said,
        open_case_as_mentee=False,
        addresses_own_case=False,
        has_media=False,
        quiz=replace(situation.quiz, addressed=False),
    )
    found = route(asked).route
    if asked.pending is not None:
        assert found is Route.PENDING
    elif situation.quiz.asked_last:
        assert found is Route.QUIZ
    else:
        assert found is Route.DIALOGUE


def test_a_quoted_question_takes_a_number_whoever_asked_since() -> None:
    quoted = Quiz("answer", addressed=True, is_open=True, asked_last=False)
    for said in SHORT:
        asked = replace(PLAIN, text=said, quiz=quoted, pending="rate_case", quotes_something=True)
        assert route(asked).route is Route.QUIZ


def test_what_cannot_be_a_question_is_asked_again_and_words_are_looked_up() -> None:
    unread = replace(OPEN, reads="unclear")
    assert route(replace(PLAIN, text="7?", quiz=unread)).route is Route.QUIZ
    for word in ("hmm", "eclampsia", "bleeding"):
        assert route(replace(PLAIN, text=word, quiz=unread)).route is Route.DIALOGUE
    assert route(replace(PLAIN, text="ok", quiz=unread)).route is Route.QUIZ
    sentence = replace(PLAIN, text="which vein do I use", quiz=replace(OPEN, reads="question"))
    assert route(sentence).route is Route.DIALOGUE
