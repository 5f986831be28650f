"""TEST: the pre-test and post-test of a technical area by phone, as a walk.

Twenty items, one at a time, without a word about right or wrong until the end. The first test of an
area is the pre-test, all later ones are post-tests, unless a coordinator says which. Items come
from the bank's twins: form A or B (``bot.quizzes.parallel``).
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any, ClassVar, Literal

from sqlalchemy import func, select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from bot import walks
from bot.mentoring import reaching
from bot.mentoring.competencies import Area, Catalogue, kept
from bot.quizzes import bank, catalogue, parallel
from bot.quizzes.bank import Form, Item
from bot.quizzes.grading import grade
from bot.texts import text
from bot.turn import Turn
from bot.walks import Prompt, Taken
from channels.quiz import letters_menu
from store.learning import Assessment, AssessmentItem
from store.people import Person
from store.walks import Walk

Stage = Literal["pre", "post"]
KIND = "test"
# What went well, and what to review, named in the result; the rest is in MORE.
NAMED = 3


class Test(walks.Kind):
    """The walk of one test. State: area, stage, form, items [[id, version], …]."""

    __test__ = False  # for pytest, which takes its name for its own
    name: ClassVar[str] = KIND
    word: ClassVar[str] = "TEST"

    def called(self, walk: Walk, language: str) -> str:
        """ "pre-test (MNH)" """
        return f"{text('stage_' + walk.state['stage'], language)} ({walk.state['area']})"

    def arrived(self, turn: Turn, walk: Walk) -> None:
        """At the first: what it is, how long, and how to leave it."""
        if walk.answers or walk.step != "1":
            return
        items = walk.state["items"]
        few = len(items) < parallel.USUAL
        turn.reply(
            "test_intro_few" if few else "test_intro",
            called=self.called(walk, turn.person.language),
            count=len(items),
            needed=parallel.needed(len(items)),
        )

    def steps(self, turn: Turn, walk: Walk) -> Sequence[str]:
        """One for each item, by its place from 1."""
        return [str(place) for place in range(1, len(walk.state["items"]) + 1)]

    def ask(self, turn: Turn, walk: Walk) -> Prompt:
        """Stem and lettered options."""
        item = _item(turn.session, walk, walk.step or "1")
        language = turn.person.language
        options = item.options[item.language(language)]
        return Prompt(
            bank.rendered(item, language),
            letters_menu(len(options)),
            takes="letter",
            also=tuple(options),
        )

    def understands(self, turn: Turn, walk: Walk, said: str) -> bool:
        """ "I think B", "B or C"."""
        item = _item(turn.session, walk, walk.step or "1")
        return grade(said, item, turn.person.language).kind in ("answer", "several")

    def take(self, turn: Turn, walk: Walk, said: str) -> Taken:
        """A letter, a number, or the option's own words; nothing is said about it."""
        item = _item(turn.session, walk, walk.step or "1")
        graded = grade(said, item, turn.person.language)
        if graded.kind != "answer":
            return "unread"
        walks.keep(walk, graded.option)
        return "next"

    def end(self, turn: Turn, walk: Walk) -> None:
        """The record of it, then score, what went well, and what to review."""
        asked = [_version(turn.session, one) for one in walk.state["items"]]
        given = [walk.answers.get(str(place)) for place in range(1, len(asked) + 1)]
        right = [option == item.answer for item, option in zip(asked, given, strict=True)]
        record(turn, walk, asked, given)
        walk.state["review"] = [
            [item.id, item.version] for item, good in zip(asked, right, strict=True) if not good
        ]
        walk.state["reviewed"] = 0
        self._tell(turn, walk, asked, right)
        if walk.state["stage"] == "post":
            reaching.look(turn.session, turn.person, turn.settings, turn.now)

    def _tell(self, turn: Turn, walk: Walk, asked: Sequence[Item], right: Sequence[bool]) -> None:
        language = turn.person.language
        known = kept(turn.settings.competencies_dir)
        titles = _titles(known, walk.state["area"], language)
        results: dict[str, list[bool]] = {}
        for item, good in zip(asked, right, strict=True):
            results.setdefault(titles.get(item.competency, item.topic), []).append(good)
        well = [title for title, answers in results.items() if all(answers)]
        score, out_of = sum(right), len(right)
        reached = score >= parallel.needed(out_of)
        parts = [
            text(
                "test_result",
                language,
                called=self.called(walk, language),
                score=score,
                out_of=out_of,
                percent=100 * score // out_of,
            )
        ]
        if walk.state["stage"] == "post":
            key = "test_reached" if reached else "test_not_yet"
            parts.append(text(key, language, needed=parallel.needed(out_of)))
        if well:
            parts.append(text("test_well", language, names=", ".join(well[:NAMED])))
        if walk.state["review"]:
            parts.append(text("test_review", language, count=len(walk.state["review"])))
        turn.reply_text(" ".join(parts), label="test_result")


TEST = walks.register(Test())


def _titles(known: Catalogue, area: str, language: str) -> dict[str, str]:
    """The bank's competencies of an area → the title of the one that gathers them."""
    return {
        name: one.title.get(language) or one.title["en"]
        for one in known.competencies.values()
        if one.area == area
        for name in one.bank
    }


def _item(session: Session, walk: Walk, step: str) -> Item:
    return _version(session, walk.state["items"][int(step) - 1])


def _version(session: Session, one: Sequence[Any]) -> Item:
    return catalogue.version(session, str(one[0]), int(one[1]))


def word(turn: Turn, argument: str) -> None:
    """TEST, or TEST and an area: begin one, or go on with the one that waits."""
    known = kept(turn.settings.competencies_dir)
    waiting = walks.living(turn.session, turn.person.id, KIND)
    area = known.area(argument) if argument else None
    if waiting is not None and (area is None or area.id == waiting.state["area"]):
        walks.begin(turn, TEST, waiting.state)
        return
    open_to = areas(turn.session, known, turn.person)
    if area is None and len(own := _own(known, turn.person, open_to)) == 1:
        area = own[0]
    if area is None:
        names = ", ".join(one.id for one in open_to)
        turn.reply("test_which" if open_to else "test_none", areas=names)
        return
    state = prepared(turn.session, known, area, turn.person)
    if state is None:
        turn.reply("test_no_items", area=area.id)
    else:
        walks.begin(turn, TEST, state)


def _own(known: Catalogue, person: Person, open_to: Sequence[Area]) -> list[Area]:
    """Of these areas, those that somebody is mentored in; all, where nothing is said of it."""
    named = {area.id for name in person.technical_areas if (area := known.area(name)) is not None}
    return [area for area in open_to if area.id in named] if named else list(open_to)


def areas(session: Session, known: Catalogue, person: Person) -> list[Area]:
    """The areas in which somebody can be tested: for their cadre, and with items."""
    items = catalogue.live(session)
    return [
        area
        for area in known.areas
        if _is_for(area, known, person) and any(_by_competency(area, items, person))
    ]


def _is_for(area: Area, known: Catalogue, person: Person) -> bool:
    required = known.required(person.cadre)
    return not required or any(one.id in required for one in area.competencies)


def _by_competency(area: Area, items: Sequence[Item], person: Person) -> list[list[parallel.Pair]]:
    return [parallel.pairs(items, one.bank, person.cadre) for one in area.competencies]


def prepared(
    session: Session, known: Catalogue, area: Area, person: Person, stage: Stage | None = None
) -> dict[str, Any] | None:
    """The state of a person's next test in an area; None: the bank has no twins for it.

    Args:
        stage: None: a pre-test if there was no test yet, else a post-test.
    """
    found = _by_competency(area, catalogue.live(session), person)
    before = session.scalars(
        select(Walk)
        .where(
            Walk.person_id == person.id,
            Walk.kind == KIND,
            Walk.status == "done",
            Walk.state["area"].astext == area.id,
        )
        .order_by(Walk.id)
    ).all()
    form: Form
    if before:
        form = parallel.other("A" if before[-1].state["form"] == "A" else "B")
    else:
        form = parallel.first_form(_first_tests(session, area, person))
    # Two tests in a row are of the same facts, in one wording and the other.
    seed = f"{person.id}:{area.id}:{len(before) // 2}"
    items = [pair.of(form) for pair in parallel.drawn(found, parallel.USUAL, seed)]
    if not items:
        return None
    return {
        "area": area.id,
        "stage": stage or _stage(session, person.id, area.id),
        "form": form,
        "items": [[item.id, item.version] for item in items],
    }


def _first_tests(session: Session, area: Area, person: Person) -> int:
    """How many others have begun a test of an area, or been asked to."""
    return (
        session.scalar(
            select(func.count(func.distinct(Walk.person_id))).where(
                Walk.kind == KIND,
                Walk.state["area"].astext == area.id,
                Walk.person_id != person.id,
            )
        )
        or 0
    )


def _stage(session: Session, person_id: int, area: str) -> Stage:
    tested = session.scalar(
        select(Assessment.id)
        .where(
            Assessment.person_id == person_id,
            Assessment.technical_area == area,
            Assessment.kind.in_(("pre", "post")),
        )
        .limit(1)
    )
    return "pre" if tested is None else "post"


def record(
    turn: Turn, walk: Walk, asked: Sequence[Item], given: Sequence[int | None]
) -> int | None:
    """Write a test down, once; returns the assessment's id, None if it was there."""
    rights = [option == item.answer for item, option in zip(asked, given, strict=True)]
    return save(
        turn.session,
        {
            "person_id": turn.person.id,
            "technical_area": walk.state["area"],
            "kind": walk.state["stage"],
            "score": sum(rights),
            "out_of": len(rights),
            "at": turn.now,
            "source": "phone",
            "key": f"walk:{walk.id}",
        },
        asked,
        given,
    )


def save(
    session: Session,
    values: dict[str, Any],
    asked: Sequence[Item],
    given: Sequence[int | None],
) -> int | None:
    """An assessment with its items, once per key; None: it was there."""
    made = session.scalar(
        insert(Assessment)
        .values(**values)
        .on_conflict_do_nothing(index_elements=["key"])
        .returning(Assessment.id)
    )
    if made is not None:
        session.add_all(
            AssessmentItem(
                assessment_id=made,
                place=place,
                item_id=item.id,
                item_version=item.version,
                competency=item.competency,
                option=option,
                right=option == item.answer,
            )
            for place, (item, option) in enumerate(zip(asked, given, strict=True), 1)
        )
        session.flush()
    return made


def invite(
    session: Session,
    known: Catalogue,
    area: Area,
    person: Person,
    stage: Stage | None,
    now: datetime,
) -> str | None:
    """Prepare a test for somebody and say so; returns why not, where it was not done.

    Args:
        now: aware.
    """
    if not _is_for(area, known, person):
        return f"{area.id} is not for the cadre {person.cadre}"
    state = prepared(session, known, area, person, stage)
    if state is None:
        return f"the bank has no pairs of questions about {area.id}"
    walk = walks.lay(session, person.id, TEST, state, now)
    if walk.begun_at != now:
        return "has begun a test and not ended it"
    walks.invite(session, person, walk, "test_invited", now)
    return None
