"""GOAL: what somebody works towards, chosen from the competencies or in their own words."""

from __future__ import annotations

from typing import Any

from sqlalchemy import select

from bot import outbox, people, words
from bot.mentoring import goals, standings
from bot.mentoring.competencies import Catalogue, kept
from bot.texts import text
from bot.turn import Turn
from store.people import Person
from store.plans import Goal

MOST_OFFERED = 4
# What waits for an answer: a proposal, a choice, a goal in own words.
PENDING = frozenset({"goal_offer", "goal_choice", "goal_words"})


def command(turn: Turn, asked: words.Command) -> None:
    """Carry out GOAL and what followed it; what was asked about a goal before is over."""
    if (turn.person.pending or {}).get("kind") in PENDING:
        turn.person.pending = None
    match asked.argument:
        case "words":
            _own_words(turn, asked.text)
        case "change":
            offer(turn)
        case "done":
            _done(turn)
        case "drop":
            _drop(turn)
        case "mentor" | "later":
            _mentor_others(turn, asked.argument == "mentor")
        case _:
            show(turn)


def show(turn: Turn) -> None:
    """The goal and what is still to do for it; else the proposal; else a choice."""
    catalogue, language = _catalogue(turn), turn.person.language
    goal = goals.active(turn.session, turn.person.id)
    if goal is not None:
        said = text("goal_is", language, goal=goals.title(goal, catalogue, language))
        turn.reply_text(f"{said} {_still_to_do(turn, goal, catalogue)}", label="goal")
        return
    waiting = goals.proposed(turn.session, turn.person.id)
    if waiting is None:
        offer(turn)
        return
    turn.person.pending = {"kind": "goal_offer", "goal": waiting.id}
    turn.reply("goal_offer", menu="goal_offer", goal=goals.title(waiting, catalogue, language))


def offer(turn: Turn) -> None:
    """Some competencies to choose from: begun ones first, then in the catalogue's order."""
    catalogue, language = _catalogue(turn), turn.person.language
    found = standings.of(turn.session, turn.person, catalogue)
    present = goals.active(turn.session, turn.person.id)
    open_ = [one for one in found.missing if present is None or one != present.competency]
    begun = [one for one in open_ if found.found[one].status != "not assessed"]
    choice = list(dict.fromkeys([*begun, *open_]))[:MOST_OFFERED]
    if not choice:
        turn.reply("goal_own_words")
        return
    turn.person.pending = {"kind": "goal_choice", "choice": choice}
    lines = [text("goal_choose", language)]
    lines += [f"{n} {catalogue.title(one, language)}" for n, one in enumerate(choice, 1)]
    menu = f"pick{len(choice)}" if len(choice) > 1 else None
    turn.reply_text("\n".join(lines), label="goal", menu=menu)


def pending(turn: Turn, asked: dict[str, Any], number: int | None, yes: bool | None) -> str | None:
    """Take the answer to what was asked about a goal; a text to give back is a question."""
    first = yes if yes is not None else {1: True, 2: False}.get(number or 0)
    match asked["kind"]:
        case "goal_choice":
            return _chosen(turn, asked, number, yes)
        case "goal_offer":
            waiting = turn.session.get(Goal, asked["goal"])
            if first is None:
                turn.reply("choose_again", menu="goal_offer")
            elif not first:
                offer(turn)
            elif waiting is None or waiting.state != "proposed":
                turn.person.pending = None
                show(turn)
            else:
                turn.person.pending = None
                _set(turn, goals.accept(turn.session, waiting, turn.now))
        case "goal_words":
            if first is None:
                turn.reply("choose_again", menu="goal_words")
                return None
            turn.person.pending = None
            if not first:
                return str(asked["text"])
            made = goals.replace(
                turn.session,
                mentee=turn.person,
                words=asked["text"],
                source="own",
                key=f"{turn.key}:goal",
                now=turn.now,
            )
            _set(turn, made)
    return None


def _chosen(turn: Turn, asked: dict[str, Any], number: int | None, yes: bool | None) -> str | None:
    choice = asked["choice"]
    if yes is False:
        turn.person.pending = None
        turn.reply("goal_later")
    elif number is None or not 1 <= number <= len(choice):
        turn.reply("choose_again")
    else:
        turn.person.pending = None
        made = goals.replace(
            turn.session,
            mentee=turn.person,
            competency=choice[number - 1],
            source="own",
            key=f"{turn.key}:goal",
            now=turn.now,
        )
        _set(turn, made)
    return None


def _own_words(turn: Turn, said: str) -> None:
    """A goal in own words is said back first: it may have been a question."""
    turn.person.pending = {"kind": "goal_words", "text": said}
    turn.reply("goal_words", menu="goal_words", words=said)


def _set(turn: Turn, goal: Goal) -> None:
    catalogue, language = _catalogue(turn), turn.person.language
    title = goals.title(goal, catalogue, language)
    key = "goal_set" if goal.competency else "goal_set_words"
    said = text(key, language, goal=title)
    if goal.competency:
        said = f"{said} {_still_to_do(turn, goal, catalogue)}"
    turn.reply_text(said, label="goal_set")


def _still_to_do(turn: Turn, goal: Goal, catalogue: Catalogue) -> str:
    language = turn.person.language
    if goal.competency is None:
        return text("goal_how_words", language)
    found = standings.of(turn.session, turn.person, catalogue)
    one = found.found.get(goal.competency)
    area = catalogue.competencies[goal.competency].area if one is not None else ""
    status = one.status if one is not None else "not assessed"
    if found.required.get(goal.competency) == "know":
        return text("goal_needs_test", language, area=area)
    match status:
        case "skill missing":
            return text("goal_needs_skill", language)
        case "knowledge missing":
            return text("goal_needs_test", language, area=area)
        case _:
            return text("goal_needs_both", language, area=area)


def _done(turn: Turn) -> None:
    """GOAL DONE: own words are taken at their word; a competency is reached by its record only."""
    catalogue, language = _catalogue(turn), turn.person.language
    goal = goals.active(turn.session, turn.person.id)
    if goal is None:
        turn.reply("goal_none")
    elif goal.competency is None:
        goals.reach(turn.session, goal, turn.now)
        turn.reply("goal_reached", menu="goal_reached", goal=goal.words)
    else:
        said = text("goal_not_yet", language, goal=goals.title(goal, catalogue, language))
        turn.reply_text(f"{said} {_still_to_do(turn, goal, catalogue)}", label="goal")


def _drop(turn: Turn) -> None:
    goal = goals.active(turn.session, turn.person.id) or goals.proposed(
        turn.session, turn.person.id
    )
    if goal is None:
        turn.reply("goal_none")
        return
    goals.drop(turn.session, goal, turn.now)
    turn.reply("goal_dropped")


def _mentor_others(turn: Turn, gladly: bool) -> None:
    """The answer to "would you mentor others?", for the goal that was reached last."""
    goal = turn.session.scalar(
        select(Goal)
        .where(Goal.person_id == turn.person.id, Goal.state == "reached")
        .order_by(Goal.ended_at.desc(), Goal.id.desc())
        .limit(1)
    )
    if goal is None:
        show(turn)
        return
    again = goal.mentors_others is True
    goal.mentors_others = gladly
    turn.reply("goal_mentor_thanks" if gladly else "goal_mentor_later")
    if gladly and not again:
        _tell(turn, goal)


def _tell(turn: Turn, goal: Goal) -> None:
    """The mentee's mentor and the district's coordinators hear who would mentor others."""
    here = turn.person.facility.district if turn.person.facility else ""
    own = turn.session.get(Person, turn.person.mentor_id) if turn.person.mentor_id else None
    coordinators = turn.session.scalars(
        select(Person).where(Person.roles.contains(["coordinator"]))
    ).all()
    theirs = [
        one for one in coordinators if one.facility is None or one.facility.district in ("", here)
    ]
    for reader in {one.id: one for one in (own, *theirs) if one is not None}.values():
        if reader.id == turn.person.id or not people.reachable(reader):
            continue
        who = people.display_name(turn.person, text("plan_mentee", reader.language))
        title = goals.title(goal, _catalogue(turn), reader.language)
        outbox.say(
            turn.session,
            reader,
            text("goal_mentor_offer", reader.language, who=who, goal=title),
            key=f"goal:{goal.id}:mentors:{reader.id}",
            now=turn.now,
            kind="notice",
            template=outbox.Template("goal_mentor_offer", {"1": who, "2": title}, is_enough=True),
        )


def _catalogue(turn: Turn) -> Catalogue:
    return kept(turn.settings.competencies_dir)
