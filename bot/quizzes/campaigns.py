"""The life of a campaign: drafted, launched, paused, changed, ended, copied."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime, timedelta

from sqlalchemy import ARRAY, BigInteger, all_, func, literal, select, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from bot.hooks import noting
from bot.quizzes import catalogue, cohorts
from bot.quizzes.bank import Item
from bot.quizzes.due import LATE
from bot.quizzes.plan import Plan, PlanError, read
from bot.quizzes.plans import load_plans
from bot.sending import PROACTIVE
from store.messages import OutboxMessage
from store.quizzes import Campaign, CampaignVersion, Dose, Enrolment

# The last summary comes in the week after the last dose; then nothing more is planned.
AFTER_END = timedelta(days=8)
# PostgreSQL takes 65,535 parameters in one statement.
ROWS_AT_ONCE = 5000


class CampaignError(Exception):
    """What was asked for cannot be done with this campaign; one sentence."""


def create(session: Session, name: str, plan: Plan, now: datetime) -> Campaign:
    """Write a draft; nothing is sent before it is launched.

    Raises:
        CampaignError: the name is taken, empty, or looks like a number.
        PlanError: the plan names items, topics or people that are not there.
    """
    name = " ".join(name.split())
    if not name:
        raise CampaignError("A campaign needs a name.")
    if name.startswith("#"):
        raise CampaignError("A campaign's name cannot begin with #, which stands for its number.")
    if by_name(session, name) is not None:
        raise CampaignError(f"There is a campaign called {name!r} already.")
    check(session, plan)
    campaign = Campaign(name=name, state="draft", version=1, created_at=now)
    session.add(campaign)
    session.flush()
    _write(session, campaign, plan, now)
    return campaign


def by_name(session: Session, name: str) -> Campaign | None:
    """The campaign of this name, whatever its case, or of this number ("#3")."""
    number = name.removeprefix("#")
    if name.startswith("#") and number.isascii() and number.isdigit() and len(number) < 10:
        return session.get(Campaign, int(number))
    wanted = " ".join(name.split())
    return session.scalar(
        select(Campaign).where(func.lower(Campaign.name) == wanted.lower()).limit(1)
    )


def locked(session: Session, name: str) -> Campaign:
    """The campaign of this name, locked for a change.

    Raises:
        CampaignError: there is none.
    """
    found = by_name(session, name)
    if found is None:
        raise CampaignError(f"There is no campaign called {name!r}.")
    return session.get_one(
        Campaign, found.id, with_for_update={"key_share": True}, populate_existing=True
    )


def check(session: Session, plan: Plan) -> None:
    """See that what the plan names is there.

    Raises:
        PlanError: it is not, or no question is left.
    """
    problems = list(cohorts.unknown(session, plan))
    if plan.kind == "quiz":
        live = catalogue.live(session)
        known = {
            "items": {item.id for item in live},
            "topics": {item.topic for item in live},
            "competencies": {item.competency for item in live},
        }
        for name, there in known.items():
            for word in getattr(plan, name):
                if word not in there:
                    problems.append(f"{name}: {word!r} has no question that can be asked.")
        if not problems and not chosen_items(plan, live):
            problems.append("There is no question in the bank: import some first.")
    if problems:
        raise PlanError(problems)


def chosen_items(plan: Plan, live: Sequence[Item]) -> list[Item]:
    """The plan's items, in the bank's order."""
    if plan.kind != "quiz":
        return []
    items, topics, competencies = set(plan.items), set(plan.topics), set(plan.competencies)
    if not (items or topics or competencies):
        return list(live)
    return [
        item
        for item in live
        if item.id in items or item.topic in topics or item.competency in competencies
    ]


def plan_of(session: Session, campaign: Campaign, version: int | None = None) -> Plan:
    """The campaign's plan as it is, or as it was in an earlier version."""
    row = session.scalars(
        select(CampaignVersion).where(
            CampaignVersion.campaign_id == campaign.id,
            CampaignVersion.version == (version or campaign.version),
        )
    ).one()
    return read(row.plan)


def launch(session: Session, campaign: Campaign, now: datetime) -> int:
    """Start a draft: enrol its cohort. Returns how many were enrolled.

    Raises:
        CampaignError: it is no draft, its time has passed, or nobody would get anything.
        PlanError: the plan names what is no longer there.
    """
    plan = may_launch(session, campaign, now)
    enrolled = enrol(session, campaign, plan, now)
    if not enrolled:
        raise CampaignError(f"{campaign.name!r} would reach nobody; the preview says why.")
    campaign.state, campaign.launched_at, campaign.reason = "running", now, None
    noting.tell(session, "campaign.launched", now, campaign=campaign.id)
    return enrolled


def may_launch(session: Session, campaign: Campaign, now: datetime) -> Plan:
    """The plan by which a draft can be launched, whether or not it would reach anybody.

    Raises:
        CampaignError: it is no draft, or its time has passed.
        PlanError: the plan names what is no longer there.
    """
    if campaign.state != "draft":
        raise CampaignError(f"{campaign.name!r} is {campaign.state}, only a draft is launched.")
    plan = plan_of(session, campaign)
    if plan.end < now.date() - timedelta(days=1):
        raise CampaignError(f"{campaign.name!r} would have ended on {plan.end}; change its dates.")
    check(session, plan)
    return plan


def enrol(session: Session, campaign: Campaign, plan: Plan, now: datetime) -> int:
    """Take in those of the cohort who are not enrolled; returns how many that were.

    Whoever left because of a change of plan and fits again comes back; whoever left by their own
    wish does not.
    """
    items = chosen_items(plan, catalogue.live(session))
    members, _ = cohorts.find(session, plan, items, beside=campaign.id)
    enrolled = 0
    for at in range(0, len(members), ROWS_AT_ONCE):
        statement = insert(Enrolment).values(
            [
                {
                    "campaign_id": campaign.id,
                    "person_id": member.person,
                    "joined_at": now,
                    "planned_to": now,
                }
                for member in members[at : at + ROWS_AT_ONCE]
            ]
        )
        again = statement.on_conflict_do_update(
            index_elements=["campaign_id", "person_id"],
            set_={"left_at": None, "reason": None, "planned_to": now},
            where=Enrolment.reason == cohorts.LEFT_BY_CHANGE,
        ).returning(Enrolment.id)
        enrolled += len(session.execute(again).all())
    return enrolled


def pause(session: Session, campaign: Campaign, now: datetime, reason: str | None = None) -> None:
    """Send nothing more until it is resumed; open questions may still be answered.

    Raises:
        CampaignError: it is not running.
    """
    if campaign.state != "running":
        raise CampaignError(f"{campaign.name!r} is {campaign.state}, not running.")
    campaign.state, campaign.reason = "paused", reason
    _drop_waiting(session, campaign, "the campaign was paused")


def resume(session: Session, campaign: Campaign, now: datetime) -> None:
    """Go on after a pause; what fell into the pause lapses.

    Raises:
        CampaignError: it is not paused.
    """
    if campaign.state != "paused":
        raise CampaignError(f"{campaign.name!r} is {campaign.state}, not paused.")
    session.execute(
        update(Dose)
        .where(Dose.campaign_id == campaign.id, Dose.state == "planned", Dose.due_at < now)
        .values(state="lapsed", reason="the campaign was paused", closed_at=now)
    )
    # What had not been planned when the pause began is planned from now.
    session.execute(
        update(Enrolment)
        .where(Enrolment.campaign_id == campaign.id, Enrolment.planned_to < now)
        .values(planned_to=now)
    )
    campaign.state, campaign.reason = "running", None


def held(session: Session) -> list[int]:
    """The running campaigns, held in their state until the transaction ends.

    Whoever pauses, changes or ends one waits for that; one that is just being changed is left out.
    Campaigns come before enrolments and doses in the order of locks. Those with a budget are held
    by one transaction at a time, so that two do not spend the same.
    """
    running = session.scalars(
        select(Campaign).where(Campaign.state == "running").order_by(Campaign.id)
    ).all()
    plans = load_plans(session, {(one.id, one.version) for one in running})
    limited = {key for (key, _), plan in plans.items() if plan.budget is not None}
    found: list[int] = []
    for ids, read_only in (({one.id for one in running} - limited, True), (limited, False)):
        if ids:
            query = select(Campaign.id).where(Campaign.id.in_(ids), Campaign.state == "running")
            query = query.order_by(Campaign.id).with_for_update(
                # An answer may refer to it meanwhile.
                skip_locked=True,
                read=read_only,
                key_share=not read_only,
            )
            found += session.scalars(query).all()
    return found


def change(session: Session, campaign: Campaign, plan: Plan, now: datetime) -> int:
    """Give a campaign another plan; what was planned by the old one and not sent is void.

    Returns:
        How many planned doses became void.

    Raises:
        CampaignError: it has ended, or would become another kind.
        PlanError: the plan names items, topics or people that are not there.
    """
    if campaign.state == "ended":
        raise CampaignError(f"{campaign.name!r} has ended; copy it instead.")
    if plan.kind != plan_of(session, campaign).kind:
        raise CampaignError("A campaign stays quiz or tips; make another one.")
    check(session, plan)
    campaign.version += 1
    _write(session, campaign, plan, now)
    if campaign.state != "draft":
        _enrol_again(session, campaign, plan, now)
    _drop_waiting(session, campaign, "the plan changed")
    return void_planned(session, campaign, now, "the plan changed")


def _enrol_again(session: Session, campaign: Campaign, plan: Plan, now: datetime) -> None:
    """Whoever is in the new cohort stays or joins, and is planned anew from now.

    Enrolments before doses, the order in which a mentee's own wish locks them.
    """
    items = chosen_items(plan, catalogue.live(session))
    members, _ = cohorts.find(session, plan, items)
    staying = [member.person for member in members]
    # There may be more to learn now.
    session.execute(
        update(Enrolment)
        .where(Enrolment.campaign_id == campaign.id, Enrolment.reason.in_(cohorts.FINISHED))
        .values(left_at=None, reason=None)
    )
    session.execute(
        update(Enrolment)
        .where(
            Enrolment.campaign_id == campaign.id,
            Enrolment.left_at.is_(None),
            Enrolment.person_id != all_(literal(staying, ARRAY(BigInteger))),
        )
        .values(left_at=now, reason=cohorts.LEFT_BY_CHANGE)
    )
    _plan_from(session, campaign, now)
    enrol(session, campaign, plan, now)


def _plan_from(session: Session, campaign: Campaign, now: datetime) -> None:
    session.execute(
        update(Enrolment)
        .where(Enrolment.campaign_id == campaign.id, Enrolment.left_at.is_(None))
        .values(planned_to=now)
    )


def end(session: Session, campaign: Campaign, now: datetime, reason: str | None = None) -> int:
    """End it for good; returns how many planned doses became void.

    Raises:
        CampaignError: it has ended before.
    """
    if campaign.state == "ended":
        raise CampaignError(f"{campaign.name!r} has ended already.")
    campaign.state, campaign.ended_at, campaign.reason = "ended", now, reason
    noting.tell(session, "campaign.ended", now, campaign=campaign.id)
    _drop_waiting(session, campaign, "the campaign ended")
    session.execute(
        update(Enrolment)
        .where(Enrolment.campaign_id == campaign.id, Enrolment.left_at.is_(None))
        .values(left_at=now, reason="the campaign ended")
    )
    return void_planned(session, campaign, now, "the campaign ended")


def copy(
    session: Session, campaign: Campaign, name: str, now: datetime, start: date | None = None
) -> Campaign:
    """A new draft with the same plan and length, from ``start`` (default: tomorrow).

    Raises:
        CampaignError: the name is taken.
        PlanError: the plan names what is no longer there.
    """
    plan = plan_of(session, campaign)
    first = start or (now + timedelta(days=1)).date()
    moved = plan.model_copy(update={"start": first, "end": first + (plan.end - plan.start)})
    return create(session, name, moved, now)


def void_planned(session: Session, campaign: Campaign, now: datetime, reason: str) -> int:
    """Take back what is planned and not given yet; returns how many."""
    voided = session.execute(
        update(Dose)
        .where(Dose.campaign_id == campaign.id, Dose.state == "planned")
        .values(state="void", reason=reason, closed_at=now)
        .returning(Dose.id)
    )
    return len(voided.all())


def enrol_newcomers(session: Session, now: datetime) -> int:
    """Take in who has come to fit the cohort of a running campaign; returns how many."""
    joined = 0
    for campaign in session.scalars(select(Campaign).where(Campaign.state == "running")):
        plan = plan_of(session, campaign)
        if now.date() <= plan.end:
            joined += enrol(session, campaign, plan, now)
    return joined


def lapse_paused(session: Session, now: datetime) -> None:
    """What a pause has kept for too long does not come any more."""
    paused = select(Campaign.id).where(Campaign.state == "paused")
    session.execute(
        update(Dose)
        .where(Dose.state == "planned", Dose.due_at < now - LATE, Dose.campaign_id.in_(paused))
        .values(state="lapsed", reason="the campaign was paused", closed_at=now)
    )


def close_finished(session: Session, now: datetime) -> list[str]:
    """End the campaigns whose time is over everywhere; returns their names."""
    ended = []
    for campaign in session.scalars(
        select(Campaign)
        .where(Campaign.state.in_(("running", "paused")))
        .with_for_update(key_share=True)
    ):
        last = plan_of(session, campaign).end
        if now.date() > last + AFTER_END:
            end(session, campaign, now, "its time is over")
            ended.append(campaign.name)
    return ended


def _drop_waiting(session: Session, campaign: Campaign, reason: str) -> None:
    """Messages that have been handed out but have not left."""
    session.execute(
        update(OutboxMessage)
        .where(
            OutboxMessage.dose_id.in_(
                select(Dose.id).where(Dose.campaign_id == campaign.id, Dose.state != "planned")
            ),
            OutboxMessage.kind.in_(PROACTIVE),
            OutboxMessage.state.in_(("queued", "held")),
        )
        .values(state="dropped", reason=reason)
    )


def _write(session: Session, campaign: Campaign, plan: Plan, now: datetime) -> None:
    session.add(
        CampaignVersion(
            campaign_id=campaign.id,
            version=campaign.version,
            plan=plan.model_dump(mode="json"),
            created_at=now,
        )
    )
    session.flush()
