"""A number that a mentor types means what was on the phone when it was typed."""

from __future__ import annotations

from tests.test_desk_scene import ALICE, CLAUDINE, DIANE, asks_mentor, code_in
from tests.town import Phone, Town


def in_one_go(town: Town, phone: Phone, *texts: str) -> None:
    """Text several things before anything of ours can arrive."""
    for words in texts:
        town.send(phone.address, {"text": words})
    town.rest()


def test_a_number_is_not_read_by_a_list_that_was_not_there_yet(town: Town) -> None:
    claudine, diane = town.mentee(CLAUDINE), town.mentee(DIANE, name="Diane Uwase")
    alice = town.mentor(ALICE)
    cord = code_in(asks_mentor(claudine, "Cord fell off early and smells"))
    twins = code_in(asks_mentor(diane, "Can a mother of twins walk to the clinic"))
    alice.hears("Cord fell off")
    alice.hears("twins")
    alice.says("Keep it clean and dry")
    alice.hears("Which case", f"1 #{cord}.*2 #{twins}")
    claudine.says("NEVER MIND")
    claudine.hears("taken back")
    alice.hears("taken the question back")
    # The one that is gone would now be the last of a new list.
    in_one_go(town, alice, "with a dry cloth", "1")
    alice.hears("Which case", "Keep it clean.* / with a dry", f"1 #{cord} .closed.*2 #{twins}")
    alice.hears("Which case", f"1 #{cord} .closed.*2 #{twins}")
    diane.hears_nothing()
    claudine.hears_nothing()
    alice.says("2")
    alice.hears("Sent to Diane")
    diane.hears("Keep it clean and dry\nwith a dry cloth")
    claudine.hears_nothing()


def test_words_that_name_their_case_are_not_sent_with_those_for_another(town: Town) -> None:
    claudine, diane = town.mentee(CLAUDINE), town.mentee(DIANE, name="Diane Uwase")
    alice = town.mentor(ALICE)
    codes = []
    for nurse in (claudine, diane):
        codes.append(code_in(asks_mentor(nurse, "Which drops for this eye")))
        alice.hears("drops")
        alice.says(f"DONE #{codes[-1]}")
        alice.hears("closed")
        nurse.hears("closed")
    alice.says(f"#{codes[0]} Twice a day")
    alice.hears(f"#{codes[0]} of Claudine", "Open it again", "Twice a day")
    alice.says(f"#{codes[1]} For a week")
    said = alice.hears(f"#{codes[1]} of Diane", "Open it again", "For a week")
    assert "Twice" not in said
    alice.says("1")
    alice.hears("Sent to Diane")
    assert "Twice" not in diane.hears("For a week")
    claudine.hears_nothing()
