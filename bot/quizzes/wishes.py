"""How a mentee wants the quiz: the hour, how many a week, weekends, a pause."""

from __future__ import annotations

from datetime import datetime, time, timedelta

from sqlalchemy import update

from bot.quizzes import planning
from bot.quizzes.calendar import QUIET, zone
from bot.quizzes.turns import day_of, plans_of
from bot.sending import PROACTIVE
from bot.turn import Turn
from bot.words import Command
from store.messages import OutboxMessage
from store.quizzes import Preference

FEWEST, MOST = 1, 5
USUAL_PAUSE, LONGEST_PAUSE = 7, 90
NAMES = frozenset(
    {"hour", "week", "fewer", "oftener", "weekends", "no_weekends", "pause", "resume"}
)
CHANGED = "the mentee asked for another time"


def command(turn: Turn, asked: Command) -> None:
    """Carry out one of the words that change how the quiz comes."""
    argument = int(asked.argument) if asked.argument else None
    match asked.name:
        case "hour":
            _hour(turn, argument)
        case "week":
            _week(turn, argument)
        case "fewer":
            _step(turn, -1)
        case "oftener":
            _step(turn, +1)
        case "weekends" | "no_weekends":
            _change(turn, weekends=asked.name == "weekends")
            turn.reply(f"wish_{asked.name}")
        case "pause":
            _pause(turn, USUAL_PAUSE if argument is None else argument)
        case "resume":
            _change(turn, paused_until=None)
            turn.reply("wish_resume")


def _hour(turn: Turn, hour: int | None) -> None:
    # A whole hour in which nothing is quiet.
    if hour is None or hour > 23 or QUIET.holds(time(hour)):
        turn.reply("wish_hour_ask", first=QUIET.end.hour, last=QUIET.start.hour - 1)
        return
    _change(turn, hour=hour)
    turn.reply("wish_hour", hour=hour)


def _week(turn: Turn, count: int | None) -> None:
    if count is None or not FEWEST <= count <= MOST:
        turn.reply("wish_week_ask")
        return
    _change(turn, per_week=count)
    turn.reply("wish_week", count=count)


def _step(turn: Turn, step: int) -> None:
    wish = turn.session.get(Preference, turn.person.id)
    _, plan = plans_of(turn.session, turn.person, turn.now)[0]
    now = (wish.per_week if wish is not None else None) or plan.per_week
    if not FEWEST <= now + step <= MOST:
        turn.reply("wish_least" if step < 0 else "wish_most")
        return
    _week(turn, now + step)


def _pause(turn: Turn, days: int) -> None:
    if not 1 <= days <= LONGEST_PAUSE:
        turn.reply("wish_pause_ask")
        return
    here = zone(turn.person.timezone)
    day = turn.now.astimezone(here).date() + timedelta(days=days)
    until = datetime.combine(day, time(0), here).astimezone(turn.now.tzinfo)
    _change(turn, paused_until=until)
    turn.session.execute(
        update(OutboxMessage)
        .where(
            OutboxMessage.person_id == turn.person.id,
            OutboxMessage.kind.in_(PROACTIVE),
            OutboxMessage.dose_id.is_not(None),
            OutboxMessage.state.in_(("queued", "held")),
        )
        .values(state="dropped", reason="paused by the mentee")
    )
    turn.reply("wish_pause", date=day_of(until, turn.person))


def _change(turn: Turn, **values: object) -> None:
    wish = turn.session.get(Preference, turn.person.id)
    if wish is None:
        wish = Preference(person_id=turn.person.id, changed_at=turn.now)
        turn.session.add(wish)
    for name, value in values.items():
        setattr(wish, name, value)
    wish.changed_at = turn.now
    turn.session.flush()
    planning.replan(turn.session, turn.person.id, turn.now, CHANGED)
