"""What needs a coordinator now."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Final

from sqlalchemy import Integer, cast, func, or_, select
from sqlalchemy.orm import Session

from bot import knowledge
from bot.accounts.scope import Scope
from bot.knowledge import drafts, rules
from bot.overviews import cases
from bot.overviews.coaching import VisitLine, visit_lines
from bot.quizzes.spending import USED_UP
from store.cases import Case
from store.knowledge import Card, CardDraft
from store.messages import Flag, OutboxMessage
from store.people import Person
from store.quizzes import Campaign, Dose
from store.visits import Visit

SHOWN: Final = 5
LATELY: Final = timedelta(hours=24)
# A dose that waits this long after its moment: its campaign is behind.
BEHIND: Final = timedelta(hours=2)
EXPIRES_WITHIN: Final = timedelta(days=30)
VISITS_WITHIN: Final = timedelta(days=3)
# A month later nobody will report a visit.
UNREPORTED_FOR: Final = timedelta(days=30)


@dataclass(frozen=True)
class Cases:
    """The first few, and how many there are."""

    lines: Sequence[cases.Line]
    total: int


@dataclass(frozen=True)
class Needs:
    """Each is empty where nothing is to be done.

    ``failing``: (Twilio's code, reason, how many) of the last day. ``behind``: (campaign, how many
    doses wait). ``expiring``: (title, last day). ``away``: (person id, mentor, open cases).
    ``visits``: those of the coming days. ``unreported``: past ones of which nobody has said
    whether they took place.
    """

    urgent: Cases
    overdue: Cases
    failing: Sequence[tuple[int | None, str | None, int]] = ()
    sender_stopped: str | None = None
    out_of_budget: Sequence[str] = ()
    behind: Sequence[tuple[str, int]] = ()
    reviews: Sequence[str] = ()
    expiring: Sequence[tuple[str, date]] = ()
    away: Sequence[tuple[int, str, int]] = ()
    visits: Sequence[VisitLine] = ()
    unreported: Sequence[VisitLine] = ()

    @property
    def nothing(self) -> bool:
        """Whether all is well."""
        lists = (self.failing, self.out_of_budget, self.behind, self.reviews, self.expiring)
        return not any(
            (
                *(*lists, self.away, self.visits, self.unreported),
                *(self.sender_stopped, self.urgent.total, self.overdue.total),
            )
        )


def of(session: Session, scope: Scope, now: datetime, today: date) -> Needs:
    """What needs whoever has this scope. A mentor is told of cases only.

    Args:
        today: of the programme.
    """
    wanted = cases.Wanted
    urgent = Cases(*cases.found(session, scope, wanted(urgent=True), now, SHOWN))
    overdue = Cases(*cases.found(session, scope, wanted(overdue=True), now, SHOWN))
    if scope.role == "mentor":
        return Needs(urgent, overdue)
    return Needs(
        urgent,
        overdue,
        _failing(session, scope, now),
        session.scalar(select(Flag.reason).where(Flag.name == "sender_stopped", Flag.until > now)),
        session.scalars(
            select(Campaign.name)
            .where(Campaign.state == "paused", Campaign.reason == USED_UP)
            .order_by(Campaign.name)
        ).all(),
        _behind(session, scope, now),
        _reviews(session),
        _expiring(session, today),
        _away(session, scope, now),
        visit_lines(
            session,
            scope.places(),
            Visit.state == "planned",
            Visit.starts_at.between(now, now + VISITS_WITHIN),
            most=SHOWN,
        ),
        visit_lines(
            session,
            scope.places(),
            Visit.state.in_(("planned", "unreported")),
            Visit.starts_at >= now - UNREPORTED_FOR,
            Visit.starts_at + func.make_interval(0, 0, 0, cast(Visit.days, Integer)) < now,
            most=SHOWN,
        ),
    )


def _failing(
    session: Session, scope: Scope, now: datetime
) -> Sequence[tuple[int | None, str | None, int]]:
    rows = session.execute(
        select(OutboxMessage.error_code, OutboxMessage.reason, func.count())
        .where(
            OutboxMessage.state == "failed",
            OutboxMessage.created_at > now - LATELY,
            scope.about(OutboxMessage.person_id),
        )
        .group_by(OutboxMessage.error_code, OutboxMessage.reason)
        .order_by(func.count().desc())
        .limit(SHOWN)
    )
    return [(code, reason, count) for code, reason, count in rows]


def _behind(session: Session, scope: Scope, now: datetime) -> Sequence[tuple[str, int]]:
    rows = session.execute(
        select(Campaign.name, func.count())
        .join(Dose, Dose.campaign_id == Campaign.id)
        .where(
            Dose.state == "planned",
            Dose.due_at < now - BEHIND,
            Campaign.state == "running",
            scope.about(Dose.person_id),
        )
        .group_by(Campaign.name)
        .order_by(Campaign.name)
    )
    return [(name, count) for name, count in rows]


def _reviews(session: Session) -> Sequence[str]:
    waiting = session.scalars(
        select(CardDraft).where(CardDraft.state == rules.IN_REVIEW).order_by(CardDraft.id)
    )
    return [drafts.shown_title(draft) for draft in waiting]


def _expiring(session: Session, today: date) -> Sequence[tuple[str, date]]:
    near = session.execute(
        select(Card.id, Card.expires_on)
        .where(
            Card.withdrawn_at.is_(None),
            Card.live_version.is_not(None),
            Card.expires_on <= today + EXPIRES_WITHIN,
        )
        .order_by(Card.expires_on, Card.id)
    ).all()
    titles = knowledge.titles(session, [card for card, _ in near])
    return [(titles.get(card, card), on) for card, on in near if on is not None]


def _away(session: Session, scope: Scope, now: datetime) -> Sequence[tuple[int, str, int]]:
    rows = session.execute(
        select(Person.id, Person.name, func.count())
        .join(Case, Case.mentor_id == Person.id)
        .where(
            Case.state == "open",
            scope.about(Case.mentee_id),
            Person.away_since <= now,
            or_(Person.away_until.is_(None), Person.away_until > now),
        )
        .group_by(Person.id, Person.name)
        .order_by(Person.name)
    )
    return [(person, name, count) for person, name, count in rows]
