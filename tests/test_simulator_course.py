"""Simulated mentees on their way to validation, and simulated mentors on their rounds."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from bot.quizzes.bank import Item, load, rendered
from bot.texts import text as product_text
from channels import templates
from simulator import cohort_walks as walks
from simulator.cohort import Act, Known, Mentee, Mentor, Seen, Traits, cohort
from simulator.cohort_walks import MENTEE, MENTOR

BANK = load()
ITEM = BANK.by_id["pph-q01"]
# A Tuesday at nine in Kigali.
MORNING = datetime(2026, 3, 3, 7, 0, tzinfo=UTC)
CALLED = {"called": "pre-test (CBP-FP)", "word": "TEST"}
VISIT = {
    "facility": "Rukara Health Centre",
    "when": "Tuesday 10 March at 9:00",
    "topics": "pph, newborn",
    "mentees": 3,
    "leaders": 1,
    "mentor": "Alice",
}
RESULT = {"score": 12, "out_of": 20, "percent": 60}


def known(item: Item, language: str = "en") -> Known:
    return Known(item.id, item.competency, item.answer, item.options[language], item.twin)


def seen(body: str, at: datetime = MORNING, **more: object) -> Seen:
    return Seen(body, at, "whatsapp", f"SM{at:%d%H%M%S}", **more)  # type: ignore[arg-type]


def wanted(key: str, language: str, before: str = "", after: str = "", **values: object) -> Seen:
    return seen(f"{before}{product_text(key, language, **values)}{after}")


AREAS = "CBMNH, CBP-FP, ICCM"
MENTEES: list[tuple[str, Mapping[str, object], str, tuple[str, ...]]] = [
    ("test_invited", CALLED, "invited", ("test",)),
    ("assess_invited", {**CALLED, "word": "ASSESS"}, "invited", ("assess",)),
    ("walk_reminder", CALLED, "waiting", ("test",)),
    ("walk_waits", CALLED, "waiting", ("test",)),
    ("walk_or", {**CALLED, "done": 3, "total": 20}, "begun", ()),
    ("test_which", {"areas": AREAS}, "areas", (AREAS.lower(),)),
    ("assess_strong", {"names": "Malaria"}, "assessed", ()),
    ("assess_strong_none", {}, "assessed", ()),
    ("assess_propose", {"title": "Malaria"}, "goal", ()),
    ("visit_notice", VISIT, "visit", ()),
    ("visit_reminder", VISIT, "visit", ()),
    ("visit_moved", VISIT, "visit", ()),
    ("visit_tomorrow", VISIT, "nothing", ()),
    ("walk_later", CALLED, "nothing", ()),
    ("test_intro", {**CALLED, "count": 20, "needed": 17}, "nothing", ()),
    ("assess_goal_set", {"title": "Malaria"}, "nothing", ()),
    ("skill_signed", {}, "nothing", ()),
]


@pytest.mark.parametrize("language", ["en", "fr"])
@pytest.mark.parametrize(("key", "values", "wants", "words"), MENTEES, ids=[m[0] for m in MENTEES])
def test_what_is_said_to_mentees_is_understood(
    key: str, values: Mapping[str, object], wants: str, words: tuple[str, ...], language: str
) -> None:
    step = walks.read(wanted(key, language, **values), MENTEE)
    assert (step.wants, step.words) == (wants, words)


@pytest.mark.parametrize("language", ["en", "fr"])
def test_results_reviews_and_steps_of_tests_are_understood(language: str) -> None:
    for stage in ("pre", "post"):
        called = f"{product_text(f'stage_{stage}', language)} (CBP-FP)"
        step = walks.read(wanted("test_result", language, called=called, **RESULT), MENTEE)
        assert step.wants == "result"
        assert step.words == (f"{stage}-test", "cbp-fp")
    stem = ITEM.stem[language]
    right = product_text("review_answer", language, letter="B", option=ITEM.options[language][1])
    for key, more in (("review_next", True), ("review_last", False)):
        body = f"1/3 {stem} {right} Why. (WHO) {product_text(key, language)}"
        step = walks.read(seen(body, known=known(ITEM, language)), MENTEE)
        assert (step.wants, step.words[0].startswith(("more", "plus"))) == ("review", more)
    for before in ("", f"{product_text('walk_go_on', language)} "):
        asked = f"{before}3/20 {rendered(ITEM, language)}"
        step = walks.read(seen(asked, known=known(ITEM, language)), MENTEE)
        assert (step.wants, step.place, step.of, step.options) == ("item", 3, 20, ())
        sure = product_text("assess_sure", language, title="Malaria")
        step = walks.read(seen(f"{before}1/16 {sure}"), MENTEE)
        assert (step.wants, len(step.options)) == ("sure", 5)
    # The quiz's own question is none of a walk.
    plain = walks.read(seen(rendered(ITEM, language), known=known(ITEM, language)), MENTEE)
    assert plain.wants == "nothing"


MENTORS: list[tuple[str, Mapping[str, object], str]] = [
    ("visit_ask_facility", {}, "facility"),
    ("visit_ask_when", {}, "day"),
    ("visit_past", {}, "day"),
    ("visit_ask_hour", {}, "hour"),
    ("visit_ask_topics", {}, "topics"),
    ("visit_confirm", VISIT, "confirm"),
    ("visit_debrief", VISIT, "tell"),
    ("visit_debrief_again", VISIT, "tell"),
    ("debrief_held", VISIT, "held"),
    ("debrief_reason", {}, "reason"),
    ("debrief_seen", {}, "seen"),
    ("debrief_topics", {}, "about"),
    ("debrief_topics_planned", VISIT, "about"),
    ("debrief_form", {}, "form"),
    ("debrief_minutes", {}, "minutes"),
    ("debrief_skills", {}, "watched"),
    ("debrief_gaps", {}, "gaps"),
    ("debrief_gap_one", {"name": "Claudine"}, "gap"),
    ("debrief_gap_more", {"name": "Claudine", "gap": "count"}, "gap_more"),
    ("debrief_problems", {}, "problems"),
    ("debrief_stock", {}, "stock"),
    ("debrief_done", {"count": 2, "minutes": 90, "gaps": 1}, "debriefed"),
    ("skill_whom", {}, "whom"),
    ("skill_area", {}, "area"),
    ("skill_which", {}, "skill"),
    ("skill_consent", {}, "consent"),
    ("skill_would_pass", {}, "sign"),
    ("skill_would_not", {}, "sign"),
    ("skill_thanks", {"mentee": "Claudine"}, "signed"),
    ("skill_thanks_again", {"mentee": "Claudine"}, "signed"),
    ("skill_no_consent", {}, "refused"),
    ("walk_or", {"called": "visit", "done": 1, "total": 3}, "begun"),
    ("walk_reminder", {"called": "visit", "word": "VISIT"}, "waiting"),
    ("visit_all_answered", {**VISIT, "yes": 2, "no": 1}, "nothing"),
    ("debrief_missed", {}, "nothing"),
    ("skill_no_mentees", {}, "nothing"),
]


@pytest.mark.parametrize("language", ["en", "fr"])
@pytest.mark.parametrize(("key", "values", "wants"), MENTORS, ids=[m[0] for m in MENTORS])
def test_what_is_said_to_mentors_is_understood(
    key: str, values: Mapping[str, object], wants: str, language: str
) -> None:
    assert walks.read(wanted(key, language, **values), MENTOR).wants == wants


@pytest.mark.parametrize("language", ["en", "fr"])
def test_steps_of_a_checklist_are_understood(language: str) -> None:
    menu = templates.menu("skill_step", language)
    buttons = [{"id": str(n), "title": title} for n, title in enumerate(menu.options, 1)]
    step = walks.read(seen("2/6 Rub the womb.", buttons=buttons), MENTOR)
    assert (step.wants, step.place, step.of) == ("mark", 2, 6)
    by_sms = walks.read(seen(f"2/6 Rub the womb.\n{menu.as_text()}"), MENTOR)
    assert by_sms.wants == "mark"
    passed = walks.read(wanted("skill_would_pass", language, before="A: B.\n"), MENTOR)
    assert passed.words == ("",)
    for name in ("visit_debrief", "visit_notice", "test_invited", "assess_invited", "walk_waiting"):
        template = templates.template(name, language)
        message = seen(template.filled(template.example))
        signs = MENTOR if name == "visit_debrief" else MENTEE
        assert walks.read(message, signs).wants in ("tell", "visit", "invited", "waiting"), name


def someone(**values: object) -> Traits:
    """A mentee on WhatsApp who presses every button."""
    return replace(cohort(1, 3)[0], channel="whatsapp", language="en", presses=1.0, **values)  # type: ignore[arg-type]


def act_of(player: Mentee | Mentor, message: Seen) -> Act:
    """The one thing that a message leads to."""
    (act,) = player.hears(message, message.at)
    assert act in player.due(act.at)
    return act


def test_a_mentee_goes_from_invitation_to_the_level() -> None:
    mentee = Mentee(someone())
    now = MORNING
    act = act_of(mentee, wanted("assess_invited", "en", called="x", word="ASSESS"))
    assert act.said == "ASSESS"
    assert act.at > now
    (later,) = mentee.hears(wanted("assess_strong", "en", names="Malaria"), now)
    assert later.said == "TEST"
    assert timedelta(hours=10) < later.at - now < timedelta(days=3)
    assert mentee.due(later.at) == [later]
    act = act_of(mentee, wanted("test_which", "en", areas="CBMNH, ICCM"))
    assert act.said == "TEST CBMNH"
    rows = [{"id": letter, "item": letter} for letter in "ABCD"]
    act = act_of(mentee, seen(f"1/1 {rendered(ITEM, 'en')}", known=known(ITEM), rows=rows))
    assert act.kind == "pick"
    assert act.at - now < timedelta(minutes=10)
    called = "pre-test (CBMNH)"
    mentee.hears(wanted("test_result", "en", after=" To look at again: 1. Text MORE", called=called,
                        **RESULT), now)  # fmt: skip
    said = {one.purpose: one.act.said for one in mentee.agenda.heap}
    assert said in ({"walk": "MORE", "test": "TEST ICCM"}, {"test": "TEST ICCM"})
    # Kept over a restart.
    again = Mentee.from_json(json.loads(json.dumps(mentee.to_json())), mentee.traits)
    assert again.to_json() == mentee.to_json()
    # A post-test that reaches the level ends with this area; the other one is left.
    reached = product_text("test_reached", "en", needed=17)
    called = "post-test (CBMNH)"
    mentee.hears(wanted("test_result", "en", after=f" {reached}", called=called, **RESULT), now)
    assert mentee.course.reached == ["CBMNH"]
    assert [one.act.said for one in mentee.agenda.heap if one.purpose == "test"] == ["TEST ICCM"]


def test_a_pre_test_reaches_nothing_and_somebody_who_stopped_is_silent() -> None:
    mentee = Mentee(someone())
    reached = product_text("test_reached", "en", needed=17)
    mentee.hears(wanted("test_result", "en", after=f" {reached}", called="pre-test (ICCM)",
                        **RESULT), MORNING)  # fmt: skip
    assert mentee.course.reached == []
    assert mentee.course.areas == ["ICCM"]
    mentee.stopped = True
    assert mentee.hears(wanted("test_invited", "en", **CALLED), MORNING) == []


def test_a_mentor_signs_step_by_step_and_remembers_what_was_passed() -> None:
    mentor = Mentor("Alice", 2, ["Refer her today."])
    mentor.begin(MORNING)
    (first,) = [one.act for one in mentor.agenda.heap]
    assert (first.said, first.at > MORNING) == ("VISIT", True)
    mentor.agenda.drop("visit")
    names = "\n1 Claudine Mukamana"
    mentor.rounds.present = ["Claudine Mukamana"]
    done = wanted("debrief_done", "en", count=1, minutes=90, gaps=0)
    assert act_of(mentor, done).said == "SKILL Claudine Mukamana"
    assert act_of(mentor, wanted("skill_area", "en", after="\n1 FP\n2 MNH")).said == "1"
    assert act_of(mentor, wanted("skill_which", "en", after="\n1 Injection")).said == "1"
    assert act_of(mentor, wanted("skill_consent", "en")).said in "12"
    marks = [{"id": str(n), "title": t} for n, t in enumerate(("Done well", "Not yet", "x"), 1)]
    said = act_of(mentor, seen("1/4 Wash your hands.", buttons=marks)).said
    assert said in ("1", "2", "3") or said.startswith("ALL")
    summary = wanted("skill_would_pass", "en", before="Claudine: Injection. Done well: 4 of 4.\n")
    assert act_of(mentor, summary).said == "1"
    # The next one: there is another area.
    assert act_of(mentor, wanted("skill_thanks", "en", mentee="Claudine")).said.startswith("SKILL")
    assert mentor.rounds.signed == {"Claudine Mukamana": {"Injection": True}}
    assert act_of(mentor, wanted("skill_area", "en", after="\n1 FP\n2 MNH")).said == "2"
    double = Mentor("Alice", 2, ["Refer her today."])
    double.restore(json.loads(json.dumps(mentor.to_json())))
    assert double.to_json() == mentor.to_json()
    # Whoever is not on the phone's list is left for another day.
    assert act_of(mentor, wanted("skill_whom", "en", after=names)).said in ("LATER", "SKILL")


def test_words_of_a_walk_are_never_sent_to_a_case() -> None:
    mentor = Mentor("Alice", 2, ["Refer her today."])
    which = wanted("mentor_which", "en", text="2 h", after="\n1 Claudine: bleeds\n2 None of them")
    assert act_of(mentor, which).said == "1"
    mentor.hears(wanted("debrief_minutes", "en"), MORNING)
    mentor.agenda.drop("walk")
    assert act_of(mentor, which).said == "2"
