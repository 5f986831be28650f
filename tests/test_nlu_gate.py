"""The gate: thresholds from held-out questions, and when a model may not be published."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nlu import gate
from nlu.gate import Judged


def told(card: str | None, best: str, confidence: float, language: str = "en") -> Judged:
    return Judged("?", language, card, [(best, confidence), ("other", confidence / 2)])


GOOD = [told("a", "a", 0.9)] * 120 + [told(None, "a", 0.1)] * 40


def test_a_model_that_tells_right_from_wrong_passes() -> None:
    verdict = gate.judge(GOOD, ["en"])
    assert verdict.passed
    figures = verdict.figures["en"]
    assert figures.answer == pytest.approx(0.9, abs=1e-3)
    assert (figures.coverage, figures.leaked) == (1.0, 0.0)
    assert verdict.thresholds() == {"en": {"answer": figures.answer, "ask": figures.ask}}


def test_a_confident_leak_raises_the_threshold() -> None:
    leaking = [told("a", "a", 0.9)] * 120 + [told("a", "a", 0.6)] * 60 + [told(None, "a", 0.6)] * 40
    figures = gate.judge(leaking, ["en"]).figures["en"]
    assert figures.answer > 0.6
    assert figures.leaked == 0.0
    assert figures.helped == 1.0  # the rest is asked back


def test_a_model_that_is_never_sure_enough_is_kept_back_with_a_reason() -> None:
    muddled = [told("a", "a", 0.9), told("a", "b", 0.9)] * 50 + [told(None, "a", 0.9)] * 20
    verdict = gate.judge(muddled, ["en"])
    assert not verdict.passed
    assert "95% right" in verdict.findings[0]


def test_a_model_that_is_mostly_silent_is_kept_back() -> None:
    silent = [told("a", "a", 0.9)] * 60 + [told("a", "b", 0.5)] * 100 + [told(None, "a", 0.1)] * 9
    verdict = gate.judge(silent, ["en"])
    assert "only 38% of the questions are answered, 50% are needed" in verdict.findings[0]


def test_every_language_has_to_pass() -> None:
    verdict = gate.judge(GOOD, ["en", "fr"])
    assert not verdict.passed
    assert verdict.findings[0].startswith("fr:")


def test_few_answers_prove_nothing() -> None:
    assert not gate.judge([told("a", "a", 0.9)] * 5 + [told(None, "a", 0.1)], ["en"]).passed


@given(st.integers(1, 2000), st.floats(0, 1))
def test_the_proven_share_is_below_the_observed_one(of: int, share: float) -> None:
    right = int(of * share)
    assert 0.0 <= gate.wilson(right, of) <= right / of + 1e-9


@given(st.integers(1, 500), st.integers(2, 10))
def test_more_of_the_same_proves_more(of: int, times: int) -> None:
    right = of - of // 20
    assert gate.wilson(right * times, of * times) >= gate.wilson(right, of) - 1e-9


cards = st.sampled_from([None, "a", "b"])
judged = st.builds(told, cards, st.sampled_from(["a", "b"]), st.floats(0, 1))


@given(st.lists(judged, min_size=2, max_size=60))
def test_thresholds_are_in_order_and_answers_keep_the_target(ones: list[Judged]) -> None:
    found = gate.calibrate(ones)
    assert 0.0 <= found.ask <= found.answer
    assert found.answered == 0 or found.precision >= gate.TARGET


def test_texts_that_were_trained_on_do_not_count() -> None:
    held_out = [{"text": "TXA dose?", "card": "a"}, {"text": "new one", "card": "a"}]
    left, dropped = gate.without_seen(held_out, ["txa dose"])
    assert [one["text"] for one in left] == ["new one"]
    assert dropped == 1
