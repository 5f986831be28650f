"""ASSESS: how a mentee sees themselves in what their cadre must be able to do, as a walk.

Of each competency: how sure, from 1 to 5, and one knowledge item. At the end strengths first, then
gaps, then a goal that may be taken, changed or left. Rasa's form leads its turns and calls ``step``
(``bot.dialogues.actions``); the walk's row is the truth, so nothing is lost with Rasa's memory.
"""

from __future__ import annotations

import random
from collections.abc import Sequence
from datetime import datetime
from typing import Any, ClassVar

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from bot import walking, walks
from bot.mentoring import gaps as plan_gaps
from bot.mentoring import goals, selfview
from bot.mentoring.competencies import Area, Catalogue, Competency, kept
from bot.quizzes import catalogue, testing
from bot.quizzes.bank import Item
from bot.quizzes.grading import grade
from bot.texts import text
from bot.turn import Turn
from bot.walks import Prompt, Taken
from store.messages import Inbound
from store.people import Person
from store.walks import Walk

KIND = "assess"
NAMED = 4
MOST_CHOICES = 8
ACCEPT, ANOTHER = 0, 1


class Assess(walks.Kind):
    """The walk of one self-assessment. State: competencies [id, …], items {id: [item, version]}.

    Steps: ``<competency>:sure`` and ``<competency>:know``, then ``goal`` and perhaps ``which``.
    """

    name: ClassVar[str] = KIND
    word: ClassVar[str] = "ASSESS"
    in_dialogue: ClassVar[bool] = True

    def steps(self, turn: Turn, walk: Walk) -> Sequence[str]:
        """Two for each competency, one where it has no item; the goal, where there is a gap."""
        items = walk.state["items"]
        steps = [
            f"{one}:{what}"
            for one in walk.state["competencies"]
            for what in ("sure", "know")
            if what == "sure" or one in items
        ]
        if walking.next_step(steps, walk.answers) is None and _proposal(turn, walk) is not None:
            steps.append("goal")
            if walk.answers.get("goal") == ANOTHER and _choices(turn, walk):
                steps.append("which")
        return steps

    def counted(self, steps: Sequence[str]) -> Sequence[str]:
        """All but the goal."""
        return [step for step in steps if step not in ("goal", "which")]

    def arrived(self, turn: Turn, walk: Walk) -> None:
        """How long it is; before the goal, what came out."""
        if walk.step == "goal":
            said = {step: value for step, value in walk.answers.items() if ":" in step}
            if walk.state.get("told") != said:
                _record(turn, walk)
                _tell(turn, walk)
                walk.state["told"] = said
        elif not walk.answers:
            turn.reply("assess_intro", count=len(walk.state["competencies"]))

    def ask(self, turn: Turn, walk: Walk) -> Prompt:
        """How sure, the item, or the goal."""
        language, known = turn.person.language, _known(turn)
        step = walk.step or ""
        if step == "goal":
            title = known.title(_proposal(turn, walk) or "", language)
            return Prompt(text("assess_propose", language, title=title), "pick3")
        if step == "which":
            names = [known.title(one, language) for one in _choices(turn, walk)]
            lines = [text("assess_which", language), *_numbered(names)]
            return Prompt("\n".join(lines), f"pick{len(names)}" if len(names) > 1 else None)
        competency, what = step.rsplit(":", 1)
        if what == "sure":
            title = known.title(competency, language)
            return Prompt(text("assess_sure", language, title=title), "pick5")
        item = _item(turn.session, walk, competency)
        where = item.language(language)
        options = item.options[where]
        lines = [item.stem[where], *_numbered(options)]
        return Prompt("\n".join(lines), f"pick{len(options)}", also=tuple(options))

    def take(self, turn: Turn, walk: Walk, said: str) -> Taken:
        """A number; for an item, its option's own words too."""
        step = walk.step or ""
        if step in ("goal", "which"):
            number = 3 if step == "goal" else len(_choices(turn, walk))
            place = walking.chosen(said, number)
            if place is None and step == "goal":
                place = _yes_or_no(said)
        elif step.endswith(":sure"):
            place = walking.chosen(said, selfview.MOST)
        else:
            place = _option(_item(turn.session, walk, step.rsplit(":", 1)[0]), said)
        if place is None:
            return "unread"
        walks.keep(walk, place)
        return "next"

    def end(self, turn: Turn, walk: Walk) -> None:
        """The goal, as it was chosen; without a gap, what came out."""
        if "goal" not in walk.answers:
            _record(turn, walk)
            _tell(turn, walk)
            return
        proposed = goals.proposed(turn.session, turn.person.id)
        chosen = walk.answers["goal"]
        which = walk.answers.get("which")
        if chosen == ACCEPT and proposed is not None:
            goal = goals.accept(turn.session, proposed, turn.now)
        elif chosen == ANOTHER and which is not None:
            goal = goals.replace(
                turn.session,
                mentee=turn.person,
                competency=_choices(turn, walk)[which],
                source=KIND,
                key=f"walk:{walk.id}:own",
                now=turn.now,
            )
        else:
            if proposed is not None and proposed.source == KIND:
                goals.drop(turn.session, proposed, turn.now)
            turn.reply("assess_no_goal")
            return
        title = goals.title(goal, _known(turn), turn.person.language)
        turn.reply("assess_goal_set", title=title)


ASSESS = walks.register(Assess())


def _numbered(names: Sequence[str]) -> list[str]:
    return [f"{number} {name}" for number, name in enumerate(names, 1)]


def _yes_or_no(said: str) -> int | None:
    """Yes takes the goal, no takes none."""
    place = walking.chosen(said, 2)
    return {0: ACCEPT, 1: 2}.get(place) if place is not None else None


def _option(item: Item, said: str) -> int | None:
    graded = grade(said, item, "en")
    return graded.option if graded.kind == "answer" else None


def _known(turn: Turn) -> Catalogue:
    return kept(turn.settings.competencies_dir)


def _item(session: Session, walk: Walk, competency: str) -> Item:
    item_id, version = walk.state["items"][competency]
    return catalogue.version(session, item_id, version)


def _told(turn: Turn, walk: Walk) -> list[selfview.Told]:
    told = []
    for one in walk.state["competencies"]:
        sure, option = walk.answers.get(f"{one}:sure"), walk.answers.get(f"{one}:know")
        right = option == _item(turn.session, walk, one).answer if option is not None else None
        told.append(selfview.Told(one, sure + 1 if sure is not None else None, right))
    return told


def _proposal(turn: Turn, walk: Walk) -> str | None:
    """The most pressing gap that is not the goal already."""
    present = goals.active(turn.session, turn.person.id)
    mine = present.competency if present is not None else None
    # Chosen in this walk, it is the active goal only from then on.
    if present is not None and present.key.startswith(f"walk:{walk.id}:"):
        mine = None
    gaps = selfview.gaps(_told(turn, walk))
    return next((gap for gap in gaps if gap != mine), None)


def _choices(turn: Turn, walk: Walk) -> list[str]:
    """What else may be the goal: the other gaps first."""
    proposal = _proposal(turn, walk)
    gaps = selfview.gaps(_told(turn, walk))
    wanted = [*gaps, *(one for one in walk.state["competencies"] if one not in gaps)]
    return [one for one in wanted if one != proposal][:MOST_CHOICES]


def _record(turn: Turn, walk: Walk) -> None:
    """One assessment for each competency that was answered, and what the plan makes of the gaps.

    A changed answer is another assessment.
    """
    known = _known(turn)
    wrong = []
    for one in _told(turn, walk):
        has_item = one.competency in walk.state["items"]
        option = walk.answers.get(f"{one.competency}:know")
        if one.right is False:
            wrong.append(walk.state["items"][one.competency])
        if one.sure is None or one.competency not in known.competencies:
            continue
        asked = [_item(turn.session, walk, one.competency)] if has_item else []
        testing.save(
            turn.session,
            {
                "person_id": turn.person.id,
                "technical_area": known.competencies[one.competency].area,
                "competency": one.competency,
                "kind": "self",
                "score": one.sure,
                "out_of": selfview.MOST,
                "at": turn.now,
                "source": "phone",
                "key": f"walk:{walk.id}:{one.competency}:{one.sure}:{option}",
            },
            asked,
            [option] * len(asked),
        )
    walk.state["review"], walk.state["reviewed"] = wrong, 0
    plan_gaps.from_assessment(
        turn.session,
        mentee=turn.person,
        competencies=selfview.gaps(_told(turn, walk)),
        catalogue=known,
        key=f"walk:{walk.id}",
        now=turn.now,
    )
    proposal = _proposal(turn, walk)
    if proposal is not None:
        goals.propose(
            turn.session,
            mentee=turn.person,
            competency=proposal,
            source=KIND,
            key=f"walk:{walk.id}:{proposal}",
            now=turn.now,
        )


def _tell(turn: Turn, walk: Walk) -> None:
    """Strengths first, gaps second."""
    language, known = turn.person.language, _known(turn)
    told = _told(turn, walk)

    def names(of: Sequence[str]) -> str:
        return "; ".join(known.title(one, language) for one in of[:NAMED])

    strong, gaps = selfview.strengths(told), selfview.gaps(told)
    parts = [
        text("assess_strong", language, names=names(strong))
        if strong
        else text("assess_strong_none", language),
        text("assess_gaps", language, names=names(gaps))
        if gaps
        else text("assess_no_gaps", language),
    ]
    turn.reply_text("\n".join(parts), label="assess_result")


# Beginning.


def prepared(
    session: Session, known: Catalogue, person: Person, area: Area | None = None
) -> dict[str, Any] | None:
    """The state of a person's next self-assessment; None: nothing is asked of their cadre."""
    required = known.required(person.cadre)
    own = {one.id for name in person.technical_areas if (one := known.area(name)) is not None}
    areas = {area.id} if area is not None else own
    wanted = [
        one
        for one in known.competencies.values()
        if (one.id in required if required else bool(areas)) and (not areas or one.area in areas)
    ]
    if not wanted:
        return None
    live = catalogue.live(session)
    before = session.scalar(
        select(func.count()).where(
            Walk.person_id == person.id, Walk.kind == KIND, Walk.status == "done"
        )
    )
    items = {
        one.id: [item.id, item.version]
        for one in wanted
        if (item := _chosen_item(one, live, person, f"{person.id}:{one.id}:{before}")) is not None
    }
    return {"competencies": [one.id for one in wanted], "items": items}


def _chosen_item(
    competency: Competency, live: Sequence[Item], person: Person, seed: str
) -> Item | None:
    """One item of a competency: rather one that no test uses, and rather a critical one."""
    able = [
        item
        for item in live
        if item.competency in competency.bank
        and (not item.cadres or not person.cadre or person.cadre in item.cadres)
    ]
    for some in (
        [item for item in able if item.form is None and item.critical],
        [item for item in able if item.form is None],
        able,
    ):
        if some:
            return random.Random(seed).choice(some)  # noqa: S311 - nothing is kept secret by it
    return None


def called(turn: Turn, argument: str) -> str:
    """ASSESS was texted: Rasa's form leads from here. Returns the text for it."""
    turn.inbound.dialogue = {**(turn.inbound.dialogue or {}), "walk": KIND, "word": argument}
    return turn.text


def is_turn(inbound: Inbound) -> bool:
    """Whether a message is a turn of the self-assessment."""
    return (inbound.dialogue or {}).get("walk") == KIND


def step(turn: Turn) -> None:
    """Carry out one turn: begin, come back, or take the answer, and say what comes next."""
    about = turn.inbound.dialogue or {}
    if "word" in about:
        _begin(turn, str(about["word"]))
        return
    walk = walks.asked(turn)
    if walk is None or walk.kind != KIND:
        turn.reply("unclear")  # it was put aside since
        return
    walks.take(turn, walk)


def _begin(turn: Turn, argument: str) -> None:
    known = _known(turn)
    waiting = walks.living(turn.session, turn.person.id, KIND)
    if waiting is not None and not argument:
        walks.begin(turn, ASSESS, _fresh(turn, known, None) or waiting.state)
        return
    state = _fresh(turn, known, known.area(argument) if argument else None)
    if state is None:
        turn.reply("assess_none")
    else:
        walks.begin(turn, ASSESS, state)


def _fresh(turn: Turn, known: Catalogue, area: Area | None) -> dict[str, Any] | None:
    return prepared(turn.session, known, turn.person, area)


def invite(
    session: Session, known: Catalogue, person: Person, area: Area | None, now: datetime
) -> str | None:
    """Prepare a self-assessment and say so; returns why not, where it was not done.

    Args:
        now: aware.
    """
    state = prepared(session, known, person, area)
    if state is None:
        return f"no competency is asked of the cadre {person.cadre or '-'}"
    walk = walks.lay(session, person.id, ASSESS, state, now)
    if walk.begun_at != now:
        return "has begun a self-assessment and not ended it"
    walks.invite(session, person, walk, "assess_invited", now)
    return None
