"""A mentor's PLAN and a mentee's name: that mentee's coaching plan, and one more thing in it."""

from __future__ import annotations

from typing import Final

from bot import people, words
from bot.mentoring import coaching, mentee_names, reaching, skills
from bot.text.redact import redact
from bot.texts import text
from bot.turn import Turn
from store.people import Person

MOST_SHOWN: Final = 5
MOST_NAMED: Final = 5
LONGEST: Final = 200


def is_meant(turn: Turn) -> bool:
    """Whether a mentor's text is PLAN and the name of one of the mentor's mentees."""
    said = words.after_plan(turn.text)
    return said is not None and bool(_named(turn, said))


def command(turn: Turn) -> None:
    """``PLAN Claudine`` shows her plan; ``PLAN Claudine: …`` adds what stands behind the colon."""
    said = words.after_plan(turn.text) or ""
    found = _named(turn, said)
    _, _, wanted = said.partition(":")
    gap = redact(" ".join(wanted.split())).text[:LONGEST]
    if len(found) != 1:
        names = ", ".join(people.bare_name(one) for one in found[:MOST_NAMED])
        turn.reply("plan_which_mentee", names=names)
    elif not wanted.strip():
        _show(turn, found[0])
    else:
        _add(turn, found[0], gap)


def _named(turn: Turn, said: str) -> list[Person]:
    """Whom the words before a colon name; no more than a name may stand there."""
    name, _, _ = said.partition(":")
    mentees = skills.mentees_of(turn.session, turn.person, turn.now)
    return mentee_names.called(name, mentees)


def _show(turn: Turn, mentee: Person) -> None:
    language, name = turn.person.language, people.bare_name(mentee)
    items = coaching.open_items(turn.session, mentee.id)
    if not items:
        turn.reply("plan_mentee_none", mentee=name)
        return
    lines = [text("plan_mentee_head", language, mentee=name)]
    for item in items[:MOST_SHOWN]:
        said = " ".join(f"{item.gap}: {item.action}".split())
        day = coaching.day_said(item.due_on, language)
        lines.append(text("plan_mentee_line", language, said=said, day=day))
    if len(items) > MOST_SHOWN:
        lines.append(text("plan_more", language, more=len(items) - MOST_SHOWN))
    lines.append(text("plan_mentee_how", language, mentee=name))
    turn.reply_text("\n".join(lines), label="plan_mentee")


def _add(turn: Turn, mentee: Person, gap: str) -> None:
    """One thing more in the plan, once for each text; the mentee hears of it by day."""
    key = f"mentor:{turn.key}"
    item = coaching.add(
        turn.session,
        mentee=mentee,
        gap=gap,
        action=text("debrief_action", mentee.language),
        owner_id=mentee.id,
        due_on=None,
        source="mentor",
        key=key,
        now=turn.now,
    )
    mentor = people.bare_name(turn.person) or text("plan_mentor", mentee.language)
    said = text("plan_from_mentor", mentee.language, mentor=mentor, gap=item.gap)
    reaching.say_plain(turn.session, mentee, said, f"plan:{key}", turn.now)
    turn.reply(
        "plan_mentee_added",
        mentee=people.bare_name(mentee),
        gap=item.gap,
        day=coaching.day_said(item.due_on, turn.person.language),
    )
