"""Who a campaign is for, and who is left out and why."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, cast

from sqlalchemy import ColumnElement, Row, Select, and_, exists, func, literal, or_, select, true
from sqlalchemy.orm import Session

from bot.quizzes.bank import Item
from bot.quizzes.plan import Plan
from store.moves import FormerPerson
from store.people import Address, Facility, Person
from store.quizzes import Enrolment

# Why somebody left whom a later change of plan may bring back.
LEFT_BY_CHANGE = "the plan changed"
# Why somebody left who had all there was.
ALL_RETIRED = "all items are retired"
ALL_TIPS = "all tips were given"
FINISHED = (ALL_RETIRED, ALL_TIPS)


@dataclass(frozen=True)
class Member:
    """A mentee as far as planning needs to know. ``window``: last text on WhatsApp (aware)."""

    person: int
    name: str
    language: str
    timezone: str
    cadre: str | None
    facility: str
    district: str
    sms: bool
    whatsapp: bool
    window: datetime | None


@dataclass(frozen=True)
class LeftOut:
    """Somebody the lists fit, who gets nothing; ``reason`` is for the coordinator."""

    member: Member
    reason: str


def find(
    session: Session,
    plan: Plan,
    items: Sequence[Item],
    beside: int | None = None,
    only: int | None = None,
) -> tuple[list[Member], list[LeftOut]]:
    """The members of a plan's cohort, and those who fit its lists but are left out.

    Args:
        items: the plan's items; empty for a plan of tips.
        beside: leave out who is in this campaign already, or has left it by their own wish.
        only: look at this person, at nobody else.
    """
    members: list[Member] = []
    left: list[LeftOut] = []
    query = _statement(plan, beside)
    rows = session.execute(query if only is None else query.where(Person.id == only)).all()
    open_to = {cadre for item in items for cadre in item.cadres}
    for_all = any(not item.cadres for item in items)
    for row in rows:
        member = _member(row)
        reason = _reason(row, member, plan)
        asked = plan.kind == "tips" or for_all or member.cadre is None or member.cadre in open_to
        if reason is None and not asked:
            reason = f"no question for the cadre {member.cadre}"
        if reason is None:
            members.append(member)
        else:
            left.append(LeftOut(member, reason))
    return members, left


def unknown(session: Session, plan: Plan) -> list[str]:
    """Words of the cohort that fit nobody, as sentences: mostly a misspelling."""
    found = []
    for name, words in plan.cohort.filters.items():
        for word in words:
            if session.scalar(select(Person.id).where(_fits(name, [word])).limit(1)) is None:
                found.append(f"cohort.{name}: nobody has {word!r}.")
    for who in plan.cohort.people:
        if session.scalar(select(Person.id).where(_is_one_of([who])).limit(1)) is None:
            found.append(f"cohort.people: {who!r} is neither a phone nor an external id we know.")
    return found


def fitting(plan: Plan) -> ColumnElement[bool]:
    """The condition on ``person`` under which a mentee fits the cohort's lists."""
    chosen: list[ColumnElement[bool]] = []
    filters = plan.cohort.filters
    if filters:
        chosen.append(and_(*(_fits(name, words) for name, words in filters.items())))
    if plan.cohort.people:
        chosen.append(_is_one_of(plan.cohort.people))
    return and_(Person.roles.contains(["mentee"]), or_(*chosen) if chosen else true())


def unfitting(session: Session, plan: Plan, person_id: int) -> list[str]:
    """The names of the cohort's lists that a person does not fit; of a plan with such lists."""
    return [
        name
        for name, words in plan.cohort.filters.items()
        if session.scalar(select(Person.id).where(Person.id == person_id, _fits(name, words)))
        is None
    ]


def _statement(plan: Plan, beside: int | None) -> Select[Any]:
    usable = Address.stopped_at.is_(None) & Address.bad_at.is_(None)

    def has(channel: str) -> ColumnElement[bool]:
        return func.coalesce(func.bool_or(usable & (Address.channel == channel)), False)

    ways = (
        select(
            Address.person_id.label("person_id"),
            has("sms").label("sms"),
            has("whatsapp").label("whatsapp"),
            func.max(Address.last_inbound_at)
            .filter(Address.channel == "whatsapp")
            .label("last_inbound_at"),
        )
        .group_by(Address.person_id)
        .subquery()
    )
    query = (
        select(
            Person.id,
            Person.name,
            Person.language,
            Person.timezone,
            Person.cadre,
            Person.consent,
            Person.stopped_at,
            Facility.name.label("facility"),
            Facility.district,
            func.coalesce(ways.c.sms, False).label("sms"),
            func.coalesce(ways.c.whatsapp, False).label("whatsapp"),
            ways.c.last_inbound_at,
        )
        .outerjoin(Facility, Facility.id == Person.facility_id)
        .outerjoin(ways, ways.c.person_id == Person.id)
        .where(fitting(plan))
        .order_by(Person.id)
    )
    if beside is not None:
        there = select(1).where(
            Enrolment.campaign_id == beside,
            Enrolment.person_id == Person.id,
            Enrolment.reason.is_distinct_from(LEFT_BY_CHANGE),
        )
        query = query.where(~exists(there))
    return cast("Select[Any]", query)


def _fits(name: str, words: Sequence[str]) -> ColumnElement[bool]:
    lowered = [word.casefold() for word in words]
    match name:
        case "districts":
            return Person.facility_id.in_(
                select(Facility.id).where(func.lower(Facility.district).in_(lowered))
            )
        case "facilities":
            return Person.facility_id.in_(
                select(Facility.id).where(func.lower(Facility.name).in_(lowered))
            )
        case "cadres":
            return func.lower(Person.cadre).in_(lowered)
        case "associations":
            return func.lower(Person.association).in_(lowered)
        case "areas":
            own = func.unnest(Person.technical_areas).table_valued("word").render_derived()
        case _:
            own = func.unnest(Person.groups).table_valued("word").render_derived()
    return exists(select(literal(1)).select_from(own).where(func.lower(own.c.word).in_(lowered)))


def _is_one_of(who: Sequence[str]) -> ColumnElement[bool]:
    numbers = select(Address.person_id).where(Address.value.in_(who))
    merged = select(FormerPerson.person_id).where(FormerPerson.external_id.in_(who))
    return or_(Person.external_id.in_(who), Person.id.in_(numbers), Person.id.in_(merged))


def _member(row: Row[Any]) -> Member:
    return Member(
        person=row.id,
        name=row.name,
        language=row.language,
        timezone=row.timezone,
        cadre=row.cadre,
        facility=row.facility or "",
        district=row.district or "",
        sms=row.sms,
        whatsapp=row.whatsapp,
        window=row.last_inbound_at,
    )


def _reason(row: Row[Any], member: Member, plan: Plan) -> str | None:
    if row.stopped_at is not None:
        return "texted STOP"
    if row.consent == "no":
        return "did not consent"
    if row.consent != "yes":
        return "has not been asked for consent yet, or has not answered"
    if not (member.sms or member.whatsapp):
        return "no address that can be reached"
    if plan.languages and member.language not in plan.languages:
        return f"the language is {member.language}"
    return None
