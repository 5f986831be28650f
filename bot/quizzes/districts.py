"""What somebody who is bound to a district may plan: campaigns for mentees of that district."""

from __future__ import annotations

from sqlalchemy import select
from sqlalchemy.orm import Session

from bot.accounts.scope import Scope
from bot.quizzes import cohorts
from bot.quizzes.plan import Plan
from store.people import Person


def bound(plan: Plan, scope: Scope) -> Plan:
    """The plan for the caller's own district, where they are bound to one and it names none.

    A list of people alone stays one: with a district beside it, all of the district would be in.
    """
    if scope.sees_all or scope.district is None or plan.cohort.districts:
        return plan
    if plan.cohort.people and not plan.cohort.filters:
        return plan
    cohort = plan.cohort.model_copy(update={"districts": [scope.district]})
    return plan.model_copy(update={"cohort": cohort})


def reaches_beyond(session: Session, plan: Plan, scope: Scope) -> bool:
    """Whether a plan would reach somebody whom the caller may not see, now or later.

    Whoever comes to fit a cohort joins it later, so its lists must name the district themselves.
    """
    if scope.sees_all:
        return False
    cohort = plan.cohort
    if scope.district is None or (
        cohort.districts != [scope.district] and (cohort.filters or not cohort.people)
    ):
        return True
    outside = select(Person.id).where(cohorts.fitting(plan), scope.people().is_not(True)).limit(1)
    return session.scalar(outside) is not None
