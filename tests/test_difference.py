"""What differs between two texts."""

from __future__ import annotations

from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from bot.text.difference import Piece, entries, words

some = st.sampled_from(["give", "1", "2", "g", "iv", " ", "\n", ".", "É"])
said = st.lists(some, max_size=12).map(" ".join) | st.text(max_size=40)


@given(said, said)
def test_both_texts_can_be_read_from_the_pieces(before: str, after: str) -> None:
    pieces = words(before, after)
    assert "".join(one.text for one in pieces if one.kind != "new") == before
    assert "".join(one.text for one in pieces if one.kind != "gone") == after
    assert all(one.text for one in pieces)
    kinds = [one.kind for one in pieces]
    # Two in a row are never of one kind, and what came never stands before what went.
    assert all(one != other for one, other in pairwise(kinds))
    assert ("new", "gone") not in set(pairwise(kinds))


@given(said)
def test_the_same_text_has_no_difference(text: str) -> None:
    assert all(one.kind == "same" for one in words(text, text))


def test_a_changed_dose_is_one_change() -> None:
    assert words("Give 1 g slowly.", "Give 2 mg slowly.") == (
        Piece("same", "Give "),
        Piece("gone", "1 g"),
        Piece("new", "2 mg"),
        Piece("same", " slowly."),
    )
    assert words("", "New.") == (Piece("new", "New."),)
    assert entries(["a", "b"], ["b", "c"]) == (Piece("gone", "a"), Piece("new", "c"))
