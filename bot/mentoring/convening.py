"""How a mentor sets a discussion up on the phone: what, whom, when. Nothing leaves unconfirmed."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from bot import danger, emergencies, words
from bot.mentoring import assigning, discussions, gathering, membership, moderation, record
from bot.text.fold import fold
from bot.text.redact import redact
from bot.texts import text
from bot.turn import Turn
from store.cases import Case
from store.discussions import Discussion
from store.people import Person

# What was asked longer ago than this is forgotten: the next text is not taken for its answer.
FORGOTTEN_AFTER = timedelta(hours=1)
SHORTEST_POSE = 8
_NOW = frozenset(["now", "start", "start now", "maintenant", "commencer", "nonaha", "sasa"])


def begin(turn: Turn, said: str) -> None:
    """DISCUSS alone, with a case's code, or with the case to pose."""
    code = words.parse_code(said) if said else None
    case = record.by_code(turn.session, code) if code is not None else None
    if case is not None and assigning.standing(turn.session, case, turn.person) is None:
        case = None  # somebody else's
    if code is not None and case is None:
        turn.reply("mentor_no_such_case", code=code)
    elif case is not None:
        mentee = turn.session.get_one(Person, case.mentee_id)
        facility = mentee.facility.name if mentee.facility else ""
        asked = record.asked_so_far(turn.session, case)
        _posed(turn, moderation.without_person(asked, mentee.name, facility), case)
    elif len(said) >= SHORTEST_POSE:
        _posed(turn, said, None)
    else:
        _ask(turn, "pose")
        turn.reply("discuss_ask_pose")


def is_current(turn: Turn) -> bool:
    """Whether what a host was asked in setting up still waits for an answer."""
    asked = turn.person.pending or {}
    if asked.get("kind") != "discuss":
        return False
    return turn.now - datetime.fromisoformat(asked["at"]) < FORGOTTEN_AFTER


def answered(turn: Turn, asked: dict[str, Any], number: int | None, yes: bool | None) -> None:
    """Take the answer to the step that was asked."""
    draft = None
    if asked.get("discussion") is not None:
        draft = discussions.locked(turn.session, asked["discussion"])
        if draft.state != "draft":
            turn.person.pending = None
            turn.reply("discussion_none")
            return
    match asked["step"]:
        case "pose":
            if len(turn.text) < SHORTEST_POSE:
                turn.reply("discuss_ask_pose")
            elif draft is not None:
                draft.pose = redact(turn.text).text
                _confirm(turn, draft, asked["people"])
            else:
                _posed(turn, turn.text, None)
        case "whom":
            assert draft is not None
            _whom(turn, draft, asked["options"], number)
        case "who":
            assert draft is not None
            _who(turn, draft, asked["people"], yes)
        case _:
            assert draft is not None
            _when(turn, draft, asked["people"], number, yes)


def _ask(turn: Turn, step: str, draft: Discussion | None = None, **more: Any) -> None:
    turn.person.pending = {
        "kind": "discuss",
        "step": step,
        "at": turn.now.isoformat(),
        "discussion": draft.id if draft else None,
        **more,
    }


def _posed(turn: Turn, said: str, case: Case | None) -> None:
    draft = discussions.draft(turn.session, turn.person, said, turn.now, case)
    found = gathering.options(turn.session, turn.person)
    _ask(turn, "whom", draft, options=[[label, ids] for label, ids in found])
    lines = [text("discuss_ask_whom", turn.person.language)]
    lines += [f"{n} {label} ({len(ids)})" for n, (label, ids) in enumerate(found, 1)]
    lines.append(text("discuss_or_name", turn.person.language))
    turn.reply_text("\n".join(lines), label="whom", menu={2: "pick2", 3: "pick3"}.get(len(found)))


def _whom(turn: Turn, draft: Discussion, options: list[Any], number: int | None) -> None:
    if number is not None and 1 <= number <= len(options):
        ids = list(options[number - 1][1])
    else:
        ids = gathering.named(turn.session, turn.person, turn.text)
    if not ids:
        turn.reply("discuss_nobody")
        return
    by = moderation.of(turn.session.info)
    language = turn.person.language
    people = gathering.loaded(turn.session, ids[: by.limit])
    _ask(turn, "who", draft, people=[person.id for person in people])
    lines = [text("discuss_list", language, count=len(ids))]
    lines += [f"{n} {gathering.shown(person, language)}" for n, person in enumerate(people, 1)]
    if len(ids) > by.limit:
        lines.append(text("discuss_too_many", language, more=len(ids) - by.limit, most=by.limit))
    lines.append(text("discuss_list_ask", language))
    turn.reply_text("\n".join(lines), label="who")


def _who(turn: Turn, draft: Discussion, people: list[int], yes: bool | None) -> None:
    if yes or fold(turn.text) in ("all", "tous", "toutes", "bose", "wote"):
        chosen = people
    else:
        picked = moderation.numbers(turn.text, len(people))
        if picked is None:
            turn.reply("discuss_list_again", most=len(people))
            return
        chosen = [people[number - 1] for number in picked]
    _confirm(turn, draft, chosen)


def _confirm(turn: Turn, draft: Discussion, people: list[int]) -> None:
    by = moderation.of(turn.session.info)
    language = turn.person.language
    _ask(turn, "when", draft, people=people)
    lines = [text("discuss_confirm", language, count=len(people), pose=draft.pose)]
    if not by.least <= len(people) <= by.most:
        lines.append(text("discuss_size", language, least=by.least, most=by.most))
    if danger.assess(draft.pose).kind == "live":
        lines.append(text("discuss_if_now", language))
    lines.append(text("discuss_ask_when", language))
    turn.reply_text("\n".join(lines), label="confirm", menu="discuss_start")


def _when(
    turn: Turn, draft: Discussion, people: list[int], number: int | None, yes: bool | None
) -> None:
    starts_at = None
    if fold(turn.text) in ("emergency", "urgence"):
        turn.person.pending = None
        found = danger.assess(draft.pose)
        emergencies.live(turn, found.emergency or "adult_unconscious", draft.pose)
        return
    if number == 2:
        _ask(turn, "pose", draft, people=people)
        turn.reply("discuss_ask_pose")
        return
    if number == 3 or yes is False:
        cancel(turn, draft)
        return
    if not (number == 1 or yes or fold(turn.text) in _NOW):
        starts_at = moderation.moment(turn.text, turn.now, turn.person.timezone)
        if starts_at is None:
            turn.reply("discuss_when_again")
            return
    if membership.taking_part(turn.session, turn.person) is not None:
        turn.reply("discussion_elsewhere")
        return
    turn.person.pending = None
    invited = gathering.loaded(turn.session, people)
    reached = membership.launch(
        turn.session,
        draft,
        invited,
        address_id=turn.address.id,
        starts_at=starts_at,
        now=turn.now,
    )
    if starts_at is None:
        turn.reply("discuss_launched", count=reached)
    else:
        when = moderation.local(starts_at, turn.person.timezone, turn.now)
        turn.reply("discuss_planned", count=reached, when=when)


def cancel(turn: Turn, draft: Discussion) -> None:
    """Throw a draft away."""
    draft.state, draft.ended_at = "cancelled", turn.now
    turn.person.pending = None
    turn.reply("discuss_cancelled")
