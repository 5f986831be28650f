"""Which case a mentor's message belongs to: a table, and what must hold for anything typed."""

from __future__ import annotations

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from bot import words
from bot.mentoring.matching import (
    Ask,
    Decision,
    Deliver,
    Meant,
    NotForACase,
    Reopen,
    Said,
    is_word,
    match,
)

HELD = Meant(1, "K7XM", "holder", "open")
OFFERED = Meant(2, "H3RW", "offered", "open")
ANSWERED = Meant(3, "M2WX", "holder", "answered", warm=True)
COOL = Meant(4, "R9HY", "holder", "answered")
CLOSED = Meant(5, "Y4KM", "holder", "closed")
LOST = Meant(6, "W2HH", "none", "open")
OWN = Meant(7, "X9RM", "mentee", "open")
ANSWER = "Keep her warm and refer the same day."

PLAIN: list[tuple[str, list[Meant], Decision]] = [
    # one case alone can be meant
    (ANSWER, [HELD], Deliver(1)),
    (ANSWER, [OFFERED], Deliver(2)),
    (ANSWER, [ANSWERED], Deliver(3)),
    ("Oxytocin 10 IU IM.", [HELD], Deliver(1)),
    ("Gardez-la au chaud et transférez.", [HELD], Deliver(1)),
    ("Take bloods and pass a catheter", [HELD], Deliver(1)),
    ("K7XM keep her warm", [HELD], Deliver(1)),
    # one, but a while ago
    (ANSWER, [COOL], Ask((4,))),
    (ANSWER, [CLOSED], Reopen(5)),
    (ANSWER, [LOST], Ask((6,))),
    # two
    (ANSWER, [HELD, OFFERED], Ask((1, 2))),
    (ANSWER, [HELD, ANSWERED], Ask((1, 3))),
    (ANSWER, [HELD, CLOSED], Ask((1, 5))),
    (ANSWER, [HELD, LOST], Ask((1, 6))),
    (ANSWER, [HELD, OWN], Ask((1, 7))),
    # none
    (ANSWER, [], NotForACase("nothing")),
    (ANSWER, [OWN], NotForACase("nothing")),
    ("", [HELD], NotForACase("nothing")),
    # not an answer, or perhaps not
    ("ok", [HELD], NotForACase("courtesy")),
    ("Thank you doctor", [HELD, OFFERED], NotForACase("courtesy")),
    ("👍", [HELD], NotForACase("courtesy")),
    ("Good morning", [HELD], NotForACase("greeting")),
    ("PASS", [HELD], NotForACase("word")),
    ("TAEK #K7XM", [HELD], NotForACase("word")),
    ("Dnoe K7X", [HELD, OFFERED], NotForACase("word")),
    ("casse", [HELD], NotForACase("word")),
    ("What is the dose of gentamicin?", [HELD], Ask((1,))),
    ("how long since the birth", [HELD], Ask((1,))),
    ("Quelle dose de gentamicine", [HELD], Ask((1,))),
    ("2", [HELD], Ask((1,))),
    ("yes", [HELD], Ask((1,))),
    ("B", [HELD], Ask((1,))),
    ("???", [HELD], Ask((1,))),
    ("for #H3RW: keep her warm", [HELD], Ask((1,))),
    ("H3RW keep her warm", [HELD], Ask((1,))),
    ("see #H3RV: keep her warm", [HELD], Ask((1,))),
]


@pytest.mark.parametrize(("text", "meant", "expected"), PLAIN)
def test_plain_texts(text: str, meant: list[Meant], expected: Decision) -> None:
    assert match(Said(text), meant) == expected


ADDRESSED: list[tuple[Said, Decision]] = [
    (Said(ANSWER, quoted=OFFERED), Deliver(2)),
    (Said("ok", quoted=HELD), Deliver(1)),
    (Said("What did you give?", coded=HELD), Deliver(1)),
    (Said(ANSWER, quoted=COOL), Deliver(4)),
    (Said(ANSWER, quoted=OWN), Deliver(7)),
    (Said(ANSWER, quoted=CLOSED), Reopen(5)),
    (Said(ANSWER, coded=LOST), NotForACase("not_theirs", 6)),
    (Said(ANSWER, quoted=HELD, coded=HELD), Deliver(1)),
    (Said(ANSWER, quoted=HELD, coded=OFFERED), Ask((1, 2))),
    (Said(ANSWER, quotes_other=True), Ask((1,))),
    (Said(ANSWER, expecting=True), Ask((1,))),
    (Said(ANSWER, alarming=True), Ask((1,))),
    (Said("", has_media=True), Ask((1,))),
    (Said("See this drawing", has_media=True), Deliver(1)),
]


@pytest.mark.parametrize(("said", "expected"), ADDRESSED)
def test_addressed_and_doubtful_messages(said: Said, expected: Decision) -> None:
    assert match(said, [HELD]) == expected


codes = st.text(words.CODE_ALPHABET, min_size=4, max_size=4)
cases = st.builds(
    Meant,
    case=st.integers(1, 50),
    code=codes,
    standing=st.sampled_from(["holder", "offered", "mentee", "none"]),
    state=st.sampled_from(["open", "answered", "closed"]),
    warm=st.booleans(),
)
several = st.lists(cases, max_size=5, unique_by=lambda case: case.case)
texts = st.one_of(
    st.text(),
    st.sampled_from([ANSWER, "ok", "yes", "2", "TAEK #K7XM", "PASS", "hello", "why"]),
    st.lists(st.sampled_from(["#K7XM", "K7XM", "give", "10", "IU", "?", "pass"])).map(" ".join),
)
said = st.builds(
    Said,
    text=texts,
    has_media=st.booleans(),
    quoted=st.none() | cases,
    coded=st.none() | cases,
    quotes_other=st.booleans(),
    expecting=st.booleans(),
    alarming=st.booleans(),
)
unaddressed = st.builds(
    Said,
    text=texts,
    has_media=st.booleans(),
    quotes_other=st.booleans(),
    expecting=st.booleans(),
    alarming=st.booleans(),
)


@given(unaddressed, several)
@example(Said(ANSWER), [HELD])
def test_nothing_is_delivered_where_two_could_be_meant(message: Said, meant: list[Meant]) -> None:
    decision = match(message, meant)
    if isinstance(decision, Deliver):
        assert [case.case for case in meant] == [decision.case]
        assert meant[0].takes_words
        assert (message.expecting, message.alarming, message.quotes_other) == (False,) * 3
    if isinstance(decision, Reopen):
        assert [(case.case, case.state) for case in meant] == [(decision.case, "closed")]


@given(said, several)
def test_it_is_total_and_never_names_a_case_that_nobody_named(
    message: Said, meant: list[Meant]
) -> None:
    known = {case.case for case in (*meant, message.quoted, message.coded) if case is not None}
    match match(message, meant):
        case Deliver(case) | Reopen(case):
            assert case in known
        case Ask(asked):
            assert asked
            assert set(asked) <= known
            assert len(set(asked)) == len(asked)
        case NotForACase(why, case):
            assert (why == "not_theirs") == (case is not None)


@given(said, several, cases)
def test_quoting_and_codes_win(message: Said, meant: list[Meant], named: Meant) -> None:
    for addressed in (
        Said(message.text, quoted=named, expecting=message.expecting, alarming=message.alarming),
        Said(message.text, coded=named, has_media=message.has_media),
        Said(message.text, quoted=named, coded=named),
    ):
        decision = match(addressed, meant)
        if named.standing == "none":
            assert decision == NotForACase("not_theirs", named.case)
        elif named.state == "closed":
            assert decision == Reopen(named.case)
        else:
            assert decision == Deliver(named.case)


@given(st.sampled_from(["TAKE", "PASS", "DONE", "CASES", "AWAY", "BACK"]), st.data())
def test_one_slip_of_the_finger_is_still_a_word(word: str, data: st.DataObject) -> None:
    place = data.draw(st.integers(0, len(word) - 2))
    slips = [
        word[:place] + word[place + 1] + word[place] + word[place + 2 :],
        word[:place] + word[place] + word[place:],
        word[:place] + "X" + word[place + 1 :],
    ]
    typed = data.draw(st.sampled_from(slips))
    assert is_word(typed)
    assert is_word(f"{typed} #K7XM")
    assert not is_word(f"{typed} of the cord, then refer her")
