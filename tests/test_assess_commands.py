"""`./mentorline assess`: invitations reach whom they are for, by day, and are begun by a word."""

from __future__ import annotations

from pathlib import Path

from store.walks import Walk
from tests.commands import Shell
from tests.town import Town


def test_invitations_to_assess_oneself_and_to_tests(town: Town, tmp_path: Path) -> None:
    town.stock_bank()
    run = Shell(town, tmp_path)

    rural = {"cadre": "chw", "facility": "Rukara", "technical_areas": ["ICCM"]}
    first = town.mentee("+250788000301", **rural)
    second = town.mentee("+250788000302", "whatsapp", cadre="chw", groups=["cohort 3"])
    town.mentee("+250788000303", cadre="nurse", groups=["cohort 3"])
    town.mentee("+250788000304", cadre="chw", groups=["cohort 3"], consent="no")

    assert "no technical area 'SURGERY'; there are" in run("assess", "test", "--of", "SURGERY")
    assert "cohort.groups: nobody has 'cohort 4'" in run("assess", "invite", "--group", "cohort 4")
    cohort = ("--group", "cohort 3", "--person", "0788000301")
    planned = run("assess", "test", "--of", "ICCM", *cohort, "--check")
    assert planned == (
        "Would be invited: 2.\n"
        "Left out, ICCM is not for the cadre nurse: 1.\n"
        "Left out, did not consent: 1.\n"
    )
    assert town.count(Walk) == 0

    town.later(hours=10)  # 21:00: quiet hours
    assert "Invited: 2" in run("assess", "test", "--of", "ICCM", "--stage", "post", *cohort, *(
        "--cadre", "chw"
    ))  # fmt: skip
    assert sorted(walk.state["form"] for walk in town.all(Walk)) == ["A", "B"]
    town.tick()
    town.rest()
    first.hears_nothing()
    town.live(hours=12)
    first.hears("post-test .ICCM. is ready.*Text TEST to begin")
    second.hears("post-test .ICCM. is ready")  # by template
    first.says("TEST")
    first.hears("post-test", "9 questions")
    first.hears("1/9")
    first.says("A")
    first.hears("2/9")
    again = run("assess", "test", "--of", "ICCM", *cohort, "--cadre", "chw")
    assert "Left out, has begun a test and not ended it: 1." in again

    assert "Invited: 1" in run("assess", "invite", "--of", "ICCM", "--facility", "Rukara")
    first.says("LATER")
    first.hears("kept")
    town.live(hours=1)
    first.hears("self-assessment is ready.*Text ASSESS")
    first.says("ASSESS")
    first.hears("4 parts of your work")
    first.hears("1/8 .*how sure")
