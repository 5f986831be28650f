"""What whole messages mean: consent, yes and no, choices, languages, commands, case codes."""

from __future__ import annotations

import itertools
from pathlib import Path

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from bot.words import (
    CODE_ALPHABET,
    CODE_LENGTH,
    MENTEE_COMMANDS,
    MENTOR_COMMANDS,
    Command,
    affirmation,
    command,
    consent_word,
    language_name,
    number,
    parse_code,
)

DATA = yaml.safe_load((Path(__file__).parents[1] / "bot/words.yml").read_text(encoding="utf-8"))
CODES = st.text(st.sampled_from(CODE_ALPHABET), min_size=CODE_LENGTH, max_size=CODE_LENGTH)
ANYTHING = st.text(st.characters(exclude_categories=()))


def phrases(meanings: dict[str, dict[str, list[str]]]) -> list[tuple[str, str]]:
    return [(m, w) for m, langs in meanings.items() for ws in langs.values() for w in ws]


@st.composite
def as_typed(draw: st.DrawFn, phrase: str) -> str:
    """A phrase in any case, with stray spaces, and punctuation around it."""
    letters = "".join(c.upper() if draw(st.booleans()) else c for c in phrase)
    gap = draw(st.sampled_from([" ", "  ", " \n", "\u00a0"]))
    before = draw(st.sampled_from(["", " ", "\t", "\u200b", '"']))
    after = draw(st.sampled_from(["", ".", "!", " !!", "...", '"', " \n"]))
    return before + letters.replace(" ", gap) + after


@given(st.sampled_from(phrases(DATA["consent"])), st.data())
def test_consent_words_as_typed(known: tuple[str, str], data: st.DataObject) -> None:
    meaning, phrase = known
    assert consent_word(data.draw(as_typed(phrase))) == meaning


@given(st.sampled_from(phrases(DATA["affirmation"])), st.data())
def test_affirmations_as_typed(known: tuple[str, str], data: st.DataObject) -> None:
    meaning, phrase = known
    assert affirmation(data.draw(as_typed(phrase))) is (meaning == "yes")


@given(st.sampled_from(sorted(DATA["commands"])), st.data())
def test_commands_as_typed(name: str, data: st.DataObject) -> None:
    entry = DATA["commands"][name]
    phrase = data.draw(st.sampled_from([w for ws in entry["words"].values() for w in ws]))
    if entry["argument"] == "code":
        code = data.draw(CODES)
        assert command(data.draw(as_typed(phrase)) + " #" + code.lower()) == Command(name, code)
    else:
        assert command(data.draw(as_typed(phrase))) == Command(name)


def test_every_command_is_somebodys() -> None:
    assert set(DATA["commands"]) | {"answer", "stock_code"} == MENTEE_COMMANDS | MENTOR_COMMANDS
    assert not MENTEE_COMMANDS & MENTOR_COMMANDS


def test_a_word_means_one_thing() -> None:
    taken = [word for _, word in phrases(DATA["consent"]) + phrases(DATA["affirmation"])]
    taken += [
        w for entry in DATA["commands"].values() for w in set().union(*entry["words"].values())
    ]
    taken += [w for words in DATA["languages"].values() for w in words]
    assert len(taken) == len(set(taken))


@pytest.mark.parametrize(
    ("text", "meaning"),
    [
        ("STOP", "stop"),
        ("Arrêt", "stop"),
        ("ARRET.", "stop"),
        ("stop please", "stop"),
        ("UNSTOP", "start"),
        ("Info", "help"),
        ("Aide !", "help"),
        ("YES", None),
        ("oui", None),
        ("help please", None),
        ("help she is bleeding", None),
        ("stop bleeding how?", None),
        ("the end", None),
        ("", None),
    ],
)
def test_consent_word(text: str, meaning: str | None) -> None:
    assert consent_word(text) == meaning


@pytest.mark.parametrize(
    ("text", "meaning"),
    [
        ("Yes.", True),
        ("y", True),
        ("OK", True),
        ("yesss!!", True),
        ("Oui merci", True),
        ("👍🏾", True),
        ("N", False),
        ("nooo", False),
        ("Oya", False),
        ("hapana", False),
        ("no thank you", False),
        ("no bleeding", None),
        ("yes but she is bleeding", None),
        ("not yet", None),
        ("", None),
        ("thanks", None),
    ],
)
def test_affirmation(text: str, meaning: bool | None) -> None:
    assert affirmation(text) is meaning


@pytest.mark.parametrize(
    ("text", "choice"),
    [
        ("1", 1),
        ("1.", 1),
        ("(2)", 2),
        (" 3 )", 3),
        ("10", 10),
        ("0", 0),
        ("2️⃣", 2),
        ("３", 3),
        ("two", 2),
        ("Deux", 2),
        ("une", None),
        ("GATATU", 3),
        ("mbili!", 2),
        ("no 2", None),
        ("120", None),
        ("1.5", None),
        ("-1", None),
        ("1 2", None),
        ("2 weeks", None),
        ("one or two", None),
        ("²", 2),
        ("", None),
    ],
)
def test_number(text: str, choice: int | None) -> None:
    assert number(text) == choice


@given(st.integers(0, 99), st.sampled_from(["{}", " {} ", "({})", "{}.", "{})", "[{}]", "{} !"]))
def test_digits_are_choices(value: int, form: str) -> None:
    assert number(form.format(value)) == value


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("English", "en"),
        ("FRANÇAIS", "fr"),
        ("anglais svp", "en"),
        ("Ikinyarwanda", "rw"),
        ("kiswahili.", "sw"),
        ("rw", "rw"),
        ("1", None),
        ("english or french", None),
    ],
)
def test_language_name(text: str, code: str | None) -> None:
    assert language_name(text) == code


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("MENU", Command("menu")),
        ("menu please", Command("menu")),
        ("Language", Command("language")),
        ("LANGUAGE french", Command("language", "fr")),
        ("langue Kinyarwanda", Command("language", "rw")),
        ("change language to English", Command("language", "en")),
        ("language barrier with mother", None),
        ("ASK", Command("ask")),
        ("ask about mgso4 dose", None),
        ("Mentor", Command("mentor")),
        ("ask a mentor", Command("mentor")),
        ("call me", Command("call")),
        ("Please call me.", Command("call")),
        ("call me when the mother bleeds?", None),
        ("Rappelez-moi", Command("call")),
        ("more", Command("more")),
        ("more info on ors", None),
        ("plan c", None),
        ("progress of labour", None),
        ("STOCK oxytocin", Command("stock", "oxytocin")),
        ("stock out of oxytocin", Command("stock", "oxytocin")),
        ("stock", Command("stock")),
        ("rupture utérine", None),
        ("Rupture de stock d'ocytocine", Command("stock", "ocytocine")),
        ("stock is finished what do we do", None),
        ("stock oxytocin?", None),
        ("CASES", Command("cases")),
        ("take #k7xm", Command("take", "K7XM")),
        ("Take K7XM.", Command("take", "K7XM")),
        ("take care", None),
        ("take", None),
        ("pass #K7XM", Command("pass", "K7XM")),
        ("pass #K7XM to Marie", None),
        ("DONE #K7XM", Command("done", "K7XM")),
        ("done", None),
        ("away", Command("away")),
        ("back", Command("back")),
        ("back pain in pregnancy", None),
        (
            "#K7XM Give 4 g slowly.\nThen refer",
            Command("answer", "K7XM", "Give 4 g slowly.\nThen refer"),
        ),
        ("# k7xm: oui", Command("answer", "K7XM", "oui")),
        ("＃K7XM ok", Command("answer", "K7XM", "ok")),
        ("#K7XM done", Command("done", "K7XM")),
        ("#K7XM .5 mg", Command("answer", "K7XM", ".5 mg")),
        ("#K7XM -3 z", Command("answer", "K7XM", "-3 z")),
        ("#K7XM - ok", Command("answer", "K7XM", "ok")),
        ("#K7XM: 2 g", Command("answer", "K7XM", "2 g")),
        ("#K7XM", None),
        ("#K7XM ...", None),
        ("#K7XMA give 4 g", None),
        ("#ABCD give 4 g", None),
        ("24hr after birth bleeding", None),
        ("37wk with bleeding", None),
        ("", None),
    ],
)
def test_command(text: str, expected: Command | None) -> None:
    assert command(text) == expected


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("K7XM", "K7XM"),
        (" #k7xm. ", "K7XM"),
        ("re #K7XM: thanks", "K7XM"),
        ("#K7XM and again #k7xm", "K7XM"),
        ("#K7XM or #H2RW", None),
        ("24hr after birth", None),
        ("K7X", None),
        ("K7XM2", None),
        ("K7XO", None),
    ],
)
def test_parse_code(text: str, code: str | None) -> None:
    assert parse_code(text) == code


def test_codes_have_no_lookalikes() -> None:
    assert len(set(CODE_ALPHABET)) == len(CODE_ALPHABET) == 12
    for group in (
        "0OQD",
        "1IL",
        "B8",
        "S5",
        "MN",
        "2Z",
        "6G",
        "UV",
        "BCDEGPTVZ3",
        "FSX",
        "AJK",
        "59",
    ):
        assert len(set(group) & set(CODE_ALPHABET)) <= 1, group


@given(CODES, st.text(st.sampled_from("abc 12.,?\néK7"), min_size=1))
def test_an_answer_keeps_its_words(code: str, said: str) -> None:
    found = command(f"#{code} {said}")
    if found is not None:
        assert found.name == "answer"
        assert found.argument == code
        assert said.strip().endswith(found.text)
        assert [c for c in said if c.isdigit()] == [c for c in found.text if c.isdigit()]


@given(ANYTHING, st.sampled_from(["", "#K7XM ", "stock ", "take ", "language "]))
def test_never_raises(text: str, start: str) -> None:
    message = start + text
    assert consent_word(message) in {"stop", "start", "help", None}
    assert affirmation(message) in {True, False, None}
    assert number(message) is None or 0 <= (number(message) or 0) <= 99
    assert language_name(message) in {"en", "fr", "rw", "sw", None}
    code = parse_code(message)
    assert code is None or (len(code) == CODE_LENGTH and set(code) <= set(CODE_ALPHABET))
    found = command(message)
    assert found is None or found.name in MENTEE_COMMANDS | MENTOR_COMMANDS


@given(
    st.sampled_from([w for _, w in phrases(DATA["consent"])]), st.sampled_from(["bleeding", "she"])
)
def test_a_sentence_is_not_a_word(word: str, rest: str) -> None:
    for first, last in itertools.permutations((word, rest)):
        assert consent_word(f"{first} {last}") is None
        assert affirmation(f"{first} {last}") is None
