"""Segments, GSM-7 downgrade, splitting and folding."""

from __future__ import annotations

import re
import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.text.fold import clean, fold
from bot.text.gsm7 import to_gsm7
from bot.text.segments import GSM_BASIC, GSM_EXTENSION, Segments, count, is_gsm7
from bot.text.split import split

GSM = st.text(st.sampled_from(sorted(GSM_BASIC | GSM_EXTENSION)), max_size=400)
TYPOGRAPHY = st.text(
    st.sampled_from(
        "abc 0123456789.,/-()'\n‘’“”«»–—−…•·×÷°º½¼⅔²³⁹⁻₂µμ≥≤±\u00a0\u202f\u200b\u00adéêçœŒÀCFgL"
    ),
    max_size=200,
)
ANYTHING = st.text(st.characters(exclude_categories=()), max_size=200)


@pytest.mark.parametrize(
    ("text", "encoding", "units", "segments"),
    [
        ("", "GSM-7", 0, 0),
        ("a", "GSM-7", 1, 1),
        ("a" * 160, "GSM-7", 160, 1),
        ("a" * 161, "GSM-7", 161, 2),
        ("a" * 306, "GSM-7", 306, 2),
        ("a" * 307, "GSM-7", 307, 3),
        ("é" * 160, "GSM-7", 160, 1),
        ("€" * 80, "GSM-7", 160, 1),
        ("€" * 81, "GSM-7", 162, 2),
        (
            "a" * 152 + "€" + "a" * 152,
            "GSM-7",
            306,
            3,
        ),  # the € would straddle the first boundary
        ("a" * 151 + "€" + "a" * 153, "GSM-7", 306, 2),
        ("€" * 153, "GSM-7", 306, 3),  # 76 in each segment, one septet left empty
        ("^{}\\[~]|€\f", "GSM-7", 20, 1),
        ("ê", "UCS-2", 1, 1),
        ("ê" * 70, "UCS-2", 70, 1),
        ("ê" * 71, "UCS-2", 71, 2),
        ("ê" * 134, "UCS-2", 134, 2),
        ("ê" * 135, "UCS-2", 135, 3),
        ("😀" * 35, "UCS-2", 70, 1),
        ("😀" * 36, "UCS-2", 72, 2),
        ("😀" * 67, "UCS-2", 134, 3),  # 33 pairs in each segment, one unit left empty
        ("a" * 66 + "😀" + "a" * 66, "UCS-2", 134, 3),
        ("a" * 159 + "’", "UCS-2", 160, 3),
        ("\t", "UCS-2", 1, 1),
        ("`", "UCS-2", 1, 1),
        ("\ud800", "UCS-2", 1, 1),
    ],
)
def test_count(text: str, encoding: str, units: int, segments: int) -> None:
    assert count(text) == Segments(encoding, units, segments)  # type: ignore[arg-type]


@given(ANYTHING)
def test_segments_hold_every_unit(text: str) -> None:
    size = count(text)
    single, part = (160, 153) if size.encoding == "GSM-7" else (70, 67)
    assert size.segments == 0 or size.units <= max(single, part * size.segments)
    # At most one unit of each segment but the last is left empty.
    assert size.segments < 2 or size.units > (part - 1) * (size.segments - 1)


def long(text: str) -> str:
    """`text` padded so that going to GSM-7 saves a segment."""
    return text + " x" * 40


@pytest.mark.parametrize(
    ("typed", "plain"),
    [
        ("the mother’s “own” choice", 'the mother\'s "own" choice'),
        ("5–10 IU", "5-10 IU"),
        ("−3 days", "-3 days"),
        ("wait…", "wait..."),
        ("10\u202f000 and 20\u00a0mg", "10 000 and 20 mg"),
        ("zero\u200bwidth", "zerowidth"),
        ("• dry\n• warm", "* dry\n* warm"),
        ("BP ≥ 160, Hb ≤7", "BP >= 160, Hb <=7"),
        ("2×500 mg", "2x500 mg"),
        ("200 µg", "200 mcg"),
        ("200\u03bcg", "200mcg"),
        ("5 µmol/L", "5 micromol/L"),
        ("½ tablet", "1/2 tablet"),
        ("1½ tablets", "1 1/2 tablets"),
        ("1 ½ tablets", "1 1/2 tablets"),
        ("¼–½ tablet", "¼–½ tablet"),
        ("36.5–37.5 °C", "36.5-37.5 C"),
        ("36,5°C", "36,5 C"),
        ("39ºC", "39 C"),
        ("tilt 30°", "tilt 30 deg"),
        ("1° PPH", "1° PPH"),
        ("10⁹/L", "10^9/L"),
        ("10⁻³", "10^-3"),
        ("25 kg/m²", "25 kg/m^2"),
        ("SpO₂ 94", "SpO2 94"),
        ("SpO₂94", "SpO₂94"),
        ("10²5", "10²5"),
        ("2·5 mg", "2·5 mg"),
        ("5\u200b10", "5\u200b10"),
        ("1½½", "1½½"),
        ("2.½", "2.½"),
        ("10⁄2", "10/2"),
        ("« la dose »", '"la dose"'),
        ("n°\u00a012", "no. 12"),
        ("œdème, fœtus, ŒUVRE", "oedème, foetus, OEUVRE"),
        (
            "être à l’hôpital, ça va",
            "être à l’hôpital, ça va".translate(str.maketrans("ê’ôç", "e'oc")),
        ),
        ("éèàù É", None),
        ("bb 👶 “ok”", "bb 👶 “ok”"),
        ("مرحبا “ok”", "مرحبا “ok”"),
        ("BP ↑", "BP ↑"),
    ],
)
def test_typography(typed: str, plain: str | None) -> None:
    expected = typed if plain is None else plain
    assert to_gsm7(long(typed), "fr") == long(expected)


def test_kept_when_nothing_is_saved() -> None:
    assert to_gsm7("short “quote”", "en") == "short “quote”"


def test_accents_stay_in_other_languages() -> None:
    assert to_gsm7(long("mão"), "pt") == long("mão")
    assert to_gsm7(long("rôle"), "en") == long("role")


def numbers(text: str) -> list[str]:
    """The numbers a reader sees, fractions and powers apart."""
    spaced = re.sub("([½¼⅔])", r" \1 ", text)
    spaced = re.sub("([²³⁹⁻]+)", r" \1 ", spaced)
    return re.findall(r"\d+", unicodedata.normalize("NFKC", spaced))


@given(
    TYPOGRAPHY | st.builds(lambda a, b: a + b * 5, TYPOGRAPHY, TYPOGRAPHY),
    st.sampled_from(["en", "fr", "pt"]),
)
def test_numbers_survive(text: str, language: str) -> None:
    assert numbers(to_gsm7(text, language)) == numbers(text)


@given(st.one_of(TYPOGRAPHY, ANYTHING, GSM), st.sampled_from(["en", "fr", "ar"]))
def test_never_dearer_and_idempotent(text: str, language: str) -> None:
    plain = to_gsm7(text, language)
    assert count(plain).segments <= count(text).segments
    assert plain == text or is_gsm7(plain)
    assert to_gsm7(plain, language) == plain


@pytest.mark.parametrize(
    ("text", "limit", "parts"),
    [
        ("", 10, []),
        ("  \n ", 10, []),
        ("One.\n\nTwo.", 100, ["One.\n\nTwo."]),
        ("Dry the baby. Keep warm.", 15, ["Dry the baby.", "Keep warm."]),
        ("Dry the baby. Keep warm.", 13, ["Dry the baby.", "Keep warm."]),
        ("Use fluids e.g. Ringer. Go.", 24, ["Use fluids e.g. Ringer.", "Go."]),
        ("Use fluids e.g. Ringer. Go.", 18, ["Use fluids e.g.", "Ringer. Go."]),
        (
            "Wait. Give 10 mg. IM now or later.",
            18,
            ["Wait.", "Give 10 mg. IM now", "or later."],
        ),
        ("Hb was 7.2 and then it rose", 13, ["Hb was 7.2", "and then it", "rose"]),
        (
            "Then please give 10 IU",
            19,
            ["Then please", "give 10 IU"],
        ),
        ("1. Dry\n2. Warm", 8, ["1. Dry", "2. Warm"]),
        ("abcdefghij", 4, ["abcd", "efgh", "ij"]),
        ("Is it so? Yes! “Quite.” Right", 24, ["Is it so? Yes! “Quite.”", "Right"]),
    ],
)
def test_split(text: str, limit: int, parts: list[str]) -> None:
    assert split(text, limit) == parts


def test_split_refuses_no_room() -> None:
    with pytest.raises(ValueError, match="at least 1"):
        split("a", 0)


@given(
    st.text(st.sampled_from("ab1 .!?\n,e.g.mgé"), max_size=300) | ANYTHING,
    st.integers(1, 60),
)
def test_split_keeps_every_word(text: str, limit: int) -> None:
    parts = split(text, limit)
    assert all(0 < len(part) <= limit for part in parts)
    assert "".join(" ".join(parts).split()) == "".join(text.split())
    if all(len(word) <= limit for word in text.split()):
        assert " ".join(parts).split() == text.split()


@pytest.mark.parametrize(
    ("text", "folded"),
    [
        ("  ARRÊT !! ", "arret"),
        ("s'appelle", "s appelle"),
        ("ＳＴＯＰ", "stop"),
        ("st\u200bop\x00", "stop"),
        ("Œdème\tde\nla", "oedeme de la"),
        ("Hb 7.2", "hb 7 2"),
        ("a\ud800b", "ab"),
        ("ﬁn", "fin"),
    ],
)
def test_fold(text: str, folded: str) -> None:
    assert fold(text) == folded


@given(ANYTHING)
def test_fold_is_stable(text: str) -> None:
    folded = fold(text)
    assert fold(folded) == folded
    assert folded == " ".join(folded.split())


@given(ANYTHING)
def test_clean_is_storable(text: str) -> None:
    stored = clean(text)
    assert "\x00" not in stored.encode("utf-8").decode("utf-8")
    assert clean(stored) == stored


def test_clean_joins_pairs() -> None:
    assert clean("a\ud83d\ude00\x00b\ud800") == "a😀b\ufffd"
