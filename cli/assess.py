"""`./mentorline assess …`: invite mentees to assess themselves, or to a test."""

from collections.abc import Callable
from datetime import datetime
from typing import TYPE_CHECKING, Annotated, Any, Literal

import typer

from cli.campaigns import COHORT, taking

if TYPE_CHECKING:
    from sqlalchemy.orm import Session

    from bot.mentoring.competencies import Area, Catalogue
    from store.people import Person

    Invite = Callable[[Session, Catalogue, Area | None, Person, datetime], str | None]

assess = typer.Typer(no_args_is_help=True, help="Invitations to assess oneself, and to tests.")

Check = Annotated[bool, typer.Option("--check", help="Only say who would be invited.")]
Of = Annotated[
    str | None, typer.Option("--of", metavar="AREA", help="Of this technical area alone.")
]
TestOf = Annotated[str, typer.Option("--of", metavar="AREA", help="The technical area.")]
Stage = Annotated[
    Literal["pre", "post"] | None,
    typer.Option("--stage", help="Without it: a pre-test where there was no test yet."),
]


@assess.command("invite")
@taking(COHORT)
def invite(given: dict[str, Any], of: Of = None, check: Check = False) -> None:
    """Invite mentees to assess themselves; they begin by ASSESS, when it suits them."""
    from bot.mentoring import selfassess

    def one(
        session: "Session", known: "Catalogue", area: "Area | None", person: "Person", at: datetime
    ) -> str | None:
        return selfassess.invite(session, known, person, area, at)

    _invite(given, of, check, one)


@assess.command("test")
@taking(COHORT)
def to_test(given: dict[str, Any], of: TestOf, stage: Stage = None, check: Check = False) -> None:
    """Invite mentees to a test of a technical area; they begin by TEST, when it suits them."""
    from bot.quizzes import testing

    def one(
        session: "Session", known: "Catalogue", area: "Area | None", person: "Person", at: datetime
    ) -> str | None:
        assert area is not None
        return testing.invite(session, known, area, person, stage, at)

    _invite(given, of, check, one)


def _invite(given: dict[str, Any], of: str | None, check: bool, one: "Invite") -> None:
    """Invite everybody of the cohort, each under the lock of their row.

    Raises:
        Refusal: nobody, or no area, has that name; the cohort is not one.
    """
    from sqlalchemy import select

    from bot.mentoring.competencies import CatalogueError, kept
    from bot.quizzes import cohorts
    from bot.quizzes.plan import PlanError
    from cli import campaign_plans
    from cli.common import settings
    from cli.demo import now
    from cli.errors import Refusal
    from cli.records import session_of
    from store.people import Person

    current = settings()
    at = now(current)
    try:
        known = kept(current.competencies_dir)
        plan = campaign_plans.cohort(given, at.date(), current.default_region)
    except (CatalogueError, PlanError) as error:
        raise Refusal(" ".join(error.problems)) from None
    area = known.area(of) if of is not None else None
    if of is not None and area is None:
        names = ", ".join(one.id for one in known.areas)
        raise Refusal(f"There is no technical area {of!r}; there are {names}.")
    with session_of(current) as session:
        if unknown := cohorts.unknown(session, plan):
            raise Refusal(" ".join(unknown))
        members, left = cohorts.find(session, plan, [])
        invited, reasons = 0, [found.reason for found in left]
        for member in members:
            person = session.scalars(
                select(Person)
                .where(Person.id == member.person)
                .with_for_update(of=Person, key_share=True)
            ).one()
            reason = one(session, known, area, person, at)
            if reason is None:
                invited += 1
            else:
                reasons.append(reason)
            if check:
                session.rollback()
            else:
                session.commit()
    verb = "Would be invited" if check else "Invited"
    print(f"{verb}: {invited}.")
    for reason in sorted(set(reasons)):
        print(f"Left out, {reason}: {reasons.count(reason)}.")
