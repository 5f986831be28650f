"""How one mentee stands in every competency of the catalogue, from the stored records."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from fractions import Fraction
from typing import cast

from sqlalchemy import select
from sqlalchemy.orm import Session

from bot.mentoring.competencies import Catalogue, Level
from bot.mentoring.validation import Kind, Record, Standing, fully, standing
from store.learning import Assessment
from store.people import Person


@dataclass(frozen=True)
class Standings:
    """``required``: what the mentee's cadre must reach; ``found``: every competency by its id."""

    required: Mapping[str, Level]
    found: Mapping[str, Standing]

    def reached_at(self, competency: str) -> datetime | None:
        """When what is required was reached: validated, or its knowledge where that is enough."""
        one = self.found.get(competency)
        if one is None:
            return None
        return one.knowledge_at if self.required.get(competency) == "know" else one.validated_at

    @property
    def validated(self) -> list[str]:
        """Validated competencies, in the catalogue's order."""
        return [name for name, one in self.found.items() if one.validated_at is not None]

    @property
    def missing(self) -> list[str]:
        """What the cadre must still reach, in the catalogue's order."""
        return [name for name in self.required if self.reached_at(name) is None]

    @property
    def fully_at(self) -> datetime | None:
        """When the mentee became fully validated; None: not yet."""
        if not fully(self.found, self.required):
            return None
        return max(at for name in self.required if (at := self.reached_at(name)) is not None)


def of(session: Session, person: Person, catalogue: Catalogue) -> Standings:
    """A mentee's standings as they are now."""
    rows = session.scalars(select(Assessment).where(Assessment.person_id == person.id))
    records = [record(row) for row in rows]
    return Standings(
        catalogue.required(person.cadre),
        {one.id: standing(records, one.area, one.id) for one in catalogue.competencies.values()},
    )


def record(row: Assessment) -> Record:
    """A stored assessment, as the rule of validation reads it."""
    return Record(
        row.technical_area,
        row.competency,
        cast("Kind", row.kind),
        row.at,
        None if row.score is None else Fraction(row.score),
        None if row.out_of is None else Fraction(row.out_of),
        row.passed,
        row.assessor_id,
    )
