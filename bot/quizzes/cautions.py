"""What a coordinator should know before a plan goes out; a sentence each, nothing is forbidden."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from datetime import date, datetime, timedelta
from typing import Final

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from bot.quizzes import examples, spacing
from bot.quizzes.bank import FALLBACK, Item
from bot.quizzes.calendar import zone
from bot.quizzes.cohorts import Member
from bot.quizzes.forecast import Capacity, Way
from bot.quizzes.plan import Plan
from channels import content, quiz, templates
from store.quizzes import Campaign, Enrolment

# Fewer than this share of a mentee's doses without a question is no reason to worry.
_IDLE: Final = 0.05


def find(
    session: Session,
    plan: Plan,
    items: Sequence[Item],
    members: Sequence[Member],
    ways: dict[str, set[Way]],
    now: datetime,
    *,
    campaign: Campaign | None = None,
    capacity: Capacity | None = None,
) -> list[str]:
    """The cautions about a plan, in the order of their weight.

    Args:
        items: the plan's.
        ways: how the members are reached, by language.
        now: aware.
        capacity: of a typical mentee.
    """
    if not members:
        return ["Nobody would get anything."]
    on_sms = sorted(language for language, used in ways.items() if "sms" in used)
    return [
        *_dates(plan, campaign, members, now),
        *_supply(plan, capacity),
        *_languages(plan, items, members),
        *_not_approved(session, plan, items, ways),
        *_others(session, members, campaign),
        *_quiet(plan),
        *(sentence for language in on_sms for sentence in _long(plan, items, language)),
    ]


def _dates(
    plan: Plan, campaign: Campaign | None, members: Sequence[Member], now: datetime
) -> list[str]:
    common = Counter(member.timezone for member in members).most_common(1)[0][0]
    today = now.astimezone(zone(plan.timezone or common)).date()
    if plan.end < today:
        return [f"It would have ended on {plan.end}: nothing would be sent."]
    begun = campaign is not None and campaign.state != "draft"
    if plan.start < today and not begun:
        return [f"The start, {plan.start}, has passed: {_days(plan.start, today)} are lost."]
    return []


def _days(since: date, until: date) -> str:
    days = (until - since).days
    return "1 day" if days == 1 else f"{days} days"


def _supply(plan: Plan, capacity: Capacity | None) -> list[str]:
    """Doses against questions, and the time that learning takes."""
    found = []
    length = plan.end - plan.start
    if plan.kind == "quiz" and plan.spacing == "kerfoot" and length < spacing.AFTER_RIGHT:
        found.append(
            f"It is shorter than {spacing.AFTER_RIGHT // timedelta(days=1)} days: no question is"
            " learnt for good, which takes two right answers that far apart."
        )
    if capacity is not None and capacity.doses > capacity.items:
        idle = capacity.doses - capacity.fullest.asked
        sentence = (
            f"A mentee gets {capacity.doses} doses and there are {capacity.items} questions for"
            " them, so questions come back"
        )
        if idle > _IDLE * capacity.doses:
            sentence += f", and about {idle:.0f} doses find nothing to ask"
        found.append(f"{sentence}.")
    return found


def _languages(plan: Plan, items: Sequence[Item], members: Sequence[Member]) -> list[str]:
    found = []
    for language, count in sorted(Counter(one.language for one in members).items()):
        written = [language in one for one in plan.tips]
        written += [language in item.languages for item in items]
        lacking = written.count(False)
        if lacking and language != FALLBACK:
            kind = "questions" if plan.kind == "quiz" else "tips"
            found.append(
                f"{_mentees(count)} with the language {language}: {lacking} of {len(written)}"
                f" {kind} are not written in it and go out in English."
            )
    return found


def _mentees(count: int) -> str:
    return "1 mentee" if count == 1 else f"{count} mentees"


def _not_approved(
    session: Session, plan: Plan, items: Sequence[Item], ways: dict[str, set[Way]]
) -> list[str]:
    """Templates that will be needed and that WhatsApp does not let out yet."""
    wanted = set()
    for language, used in ways.items():
        if "template" not in used:
            continue
        if plan.kind == "tips":
            names = {"tip"}
        else:
            sizes = {len(item.options[item.language(language)]) for item in items}
            names = {quiz.question_template(size) for size in sizes}
            names |= {"quiz_week"} if plan.summary else set()
        wanted |= {(name, templates.template(name, language).language) for name in names}
    lacking = sorted(wanted - content.known(session).keys())
    if not lacking:
        return []
    return [
        f"WhatsApp has not approved {_listed(f'{name} ({lang})' for name, lang in lacking)}, as far"
        " as we know: who is outside the 24 hour window cannot be reached there."
    ]


def _others(session: Session, members: Sequence[Member], campaign: Campaign | None) -> list[str]:
    """Other campaigns that the same mentees are in."""
    wanted = {member.person for member in members}
    rows = session.execute(
        select(Campaign.name, func.array_agg(Enrolment.person_id))
        .join(Enrolment, Enrolment.campaign_id == Campaign.id)
        .where(
            Campaign.state.in_(("running", "paused")),
            Campaign.id != (campaign.id if campaign is not None else 0),
            Enrolment.left_at.is_(None),
        )
        .group_by(Campaign.id)
        .order_by(Campaign.id)
    )
    found = []
    for name, people in rows:
        if both := len(wanted & set(people)):
            found.append(
                f"{_mentees(both)} in {name!r} as well: they get one question at a time, at most"
                " two a day from all campaigns."
            )
    return found


def _quiet(plan: Plan) -> list[str]:
    if plan.quiet_hours.start == plan.quiet_hours.end or not plan.quiet_hours.holds(
        (datetime.combine(plan.start, plan.window[1]) - timedelta(minutes=1)).time()
    ):
        return []
    return [f"A part of {plan.hour} is quiet ({plan.quiet}): what falls there waits until morning."]


def _long(plan: Plan, items: Sequence[Item], language: str) -> list[str]:
    """What takes more than one segment of SMS."""
    if plan.kind == "tips":
        sizes = examples.tip_sizes(plan.tips, language)
    else:
        sizes = [examples.sizes(item, language).question for item in items]
    long = Counter(size for size in sizes if size > 1)
    if not long:
        return []
    kind = "questions" if plan.kind == "quiz" else "tips"
    detail = _listed(f"{count} take {size}" for size, count in sorted(long.items()))
    return [
        f"{long.total()} of {len(sizes)} {kind} ({long.total() / len(sizes):.0%}) are longer than"
        f" one SMS segment in {language}: {detail}."
    ]


def _listed(words: Iterable[str]) -> str:
    *first, last = words
    return f"{', '.join(first)} and {last}" if first else last
