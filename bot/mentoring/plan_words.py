"""PLAN: what somebody agreed to do, and what others do for them; PLAN DONE 2."""

from __future__ import annotations

from datetime import date, timedelta

from sqlalchemy import func, or_, select

from bot import people, words
from bot.mentoring import coaching
from bot.texts import text
from bot.turn import Turn
from store.people import Person
from store.plans import PlanItem

# More than these are counted: a plan nobody reads to its end helps nobody.
MOST_SHOWN = 5


def command(turn: Turn, asked: words.Command) -> None:
    """Carry out PLAN and what followed it ("", "done", "done 2", "drop 2")."""
    if not asked.argument:
        show(turn)
        return
    what, _, number = asked.argument.partition(" ")
    mine = _mine(turn)
    if not number:
        if len(mine) != 1:
            turn.reply("plan_which" if mine else "plan_none")
            return
        number = str(mine[0].number)
    item = next((one for one in mine if one.number == int(number)), None)
    if item is None:
        turn.reply("plan_no_such", number=number)
        return
    if what == "done":
        coaching.done(turn.session, item, turn.person, turn.now)
        turn.reply("plan_done", gap=item.gap, left=len(mine) - 1)
    else:
        coaching.drop(turn.session, item, turn.person, turn.now)
        turn.reply("plan_dropped", gap=item.gap)


def show(turn: Turn) -> None:
    """The plan in words: what is done first, then what is open, by day."""
    person, session = turn.person, turn.session
    mine = _mine(turn)
    others = [one for one in coaching.open_items(session, person.id) if one.owner_id != person.id]
    done = session.scalar(
        select(func.count())
        .select_from(PlanItem)
        .where(
            or_(PlanItem.owner_id == person.id, PlanItem.mentee_id == person.id),
            PlanItem.state == "done",
        )
    )
    if not mine and not others:
        turn.reply("plan_all_done" if done else "plan_none", done=done)
        return
    language = person.language
    lines = [text("plan_head_done" if done else "plan_head", language, done=done)]
    today = coaching.day_after(person, turn.now, timedelta(0))
    shown = [*mine[:MOST_SHOWN], *others[: max(0, MOST_SHOWN - len(mine))]]
    lines += [_line(turn, one, today) for one in shown]
    more = len(mine) + len(others) - len(shown)
    if more:
        lines.append(text("plan_more", language, more=more))
    if mine:
        lines.append(text("plan_how", language, number=mine[0].number))
    turn.reply_text("\n".join(lines), label="plan")


def _mine(turn: Turn) -> list[PlanItem]:
    """Open items that somebody has to do, the first due first."""
    return list(
        turn.session.scalars(
            select(PlanItem)
            .where(PlanItem.owner_id == turn.person.id, PlanItem.state == "open")
            .order_by(PlanItem.due_on, PlanItem.number)
        )
    )


def _line(turn: Turn, item: PlanItem, today: date) -> str:
    """ "2 Newborn resuscitation: practise with the bag. By Tue 3 Mar", with a name where another
    person is meant."""
    language = turn.person.language
    key = "plan_line_late" if item.due_on < today else "plan_line"
    if item.owner_id != turn.person.id:
        owner = turn.session.get_one(Person, item.owner_id)
        head = people.bare_name(owner) or text("plan_mentor", language)
    elif item.mentee_id != turn.person.id:
        mentee = turn.session.get_one(Person, item.mentee_id)
        head = f"{item.number} {people.bare_name(mentee) or text('plan_mentee', language)}:"
    else:
        head = str(item.number)
    said = " ".join(f"{item.gap}: {item.action}".split())
    return text(key, language, head=head, said=said, day=coaching.day_said(item.due_on, language))
