"""Tables 1 and 2: mentees validated, by association, technical area, district or facility.

The rule is ``bot.mentoring.validation``'s, here in SQL; a test holds the two together.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any, Final, Literal

from sqlalchemy import ColumnElement, Select, Subquery, and_, case, func, literal, or_, select
from sqlalchemy.orm import Session, aliased

from bot.mentoring.competencies import Catalogue
from bot.mentoring.validation import KNOWLEDGE
from bot.reports.fiscal import Period
from bot.reports.table import Column, Report, percent, suppressed, total_shown
from store.learning import Assessment, FacilityStay
from store.people import Facility, Person

By = Literal["association", "area", "district", "facility"]
NOBODYS: Final = "not known"
_HEADS: Final[dict[By, str]] = {
    "association": "Association",
    "area": "Technical area",
    "district": "District",
    "facility": "Facility",
}
_TITLES: Final = {
    "mentors": "Mentors",
    "reached": "Mentees",
    "validated": "Validated",
    "percent": "%",
}
DEFINITION: Final = (
    "Mentees: everybody with a pre-test, a post-test or an observed skill in the year."
    " Validated: of these, mentees who in the year became validated in at least one competency:"
    " a post-test of at least 85 % (17 of 20) and a skill that a mentor has signed, the day being"
    " that of the later of the two."
)
PLACES: Final = (
    "Counted where the mentee worked on that day; whoever moved within the year stands in two rows,"
    " and once in the total."
)
ASSOCIATIONS: Final = "The association is the mentee's, or else that of the mentee's own mentor."
MENTORS: Final = "Mentors: everybody who signed a skill or gave a test in the year."
SMALL: Final = "Fewer than five people are shown as <5, and so is what would give them away."


def validations(*of: ColumnElement[bool]) -> Subquery:
    """Who is validated in what since when: person_id, technical_area, competency, at.

    Args:
        of: conditions on the assessments; of whole people or whole technical areas only, for each
            must be judged by all that was found.
    """
    known = (
        select(
            Assessment.person_id,
            Assessment.technical_area,
            Assessment.competency,
            func.min(Assessment.at).label("at"),
        )
        .where(
            Assessment.kind == "post",
            # Whole numbers on both sides: nothing is rounded.
            Assessment.score * KNOWLEDGE.denominator >= Assessment.out_of * KNOWLEDGE.numerator,
            *of,
        )
        .group_by(Assessment.person_id, Assessment.technical_area, Assessment.competency)
        .subquery("known")
    )
    signed = (
        select(
            Assessment.person_id,
            Assessment.technical_area,
            Assessment.competency,
            func.min(Assessment.at).label("at"),
        )
        .where(
            Assessment.kind == "skill",
            Assessment.passed.is_(True),
            Assessment.assessor_id.is_not(None),
            *of,
        )
        .group_by(Assessment.person_id, Assessment.technical_area, Assessment.competency)
        .subquery("signed")
    )
    return (
        select(
            signed.c.person_id,
            signed.c.technical_area,
            signed.c.competency,
            func.greatest(func.min(known.c.at), signed.c.at).label("at"),
        )
        .join(
            known,
            and_(
                known.c.person_id == signed.c.person_id,
                known.c.technical_area == signed.c.technical_area,
                or_(known.c.competency.is_(None), known.c.competency == signed.c.competency),
            ),
        )
        .group_by(signed.c.person_id, signed.c.technical_area, signed.c.competency, signed.c.at)
        .subquery("validations")
    )


def validations_sql(session: Session) -> str:
    """The same as the text of a query."""
    query = select(validations())
    return str(query.compile(session.get_bind(), compile_kwargs={"literal_binds": True}))


def validated(
    session: Session,
    by: By,
    periods: Sequence[Period],
    catalogue: Catalogue,
    levels: Sequence[str] = (),
    *,
    whole: bool = False,
) -> Report:
    """Mentees reached and validated in each period (fiscal years), in groups.

    Of one period the columns are ``total`` (by association) or ``reached``, ``validated`` and
    ``percent``; of several, each has its label before it, as in ``fy19_total``.

    Args:
        levels: only of facilities of these levels, such as ``hospital``; empty: everywhere.
        whole: small groups too. Only for whoever works with these people.
    """
    # Table 1 says total, table 2 says reached; they are the same figure.
    names = {"reached": "total"} if by == "association" else {}
    shown = ("reached", "validated", "percent") if names else (
        "mentors", "reached", "validated", "percent"
    )  # fmt: skip
    groups: dict[str, dict[str, Any]] = {}
    total: dict[str, Any] = {by: "All"}
    columns = [Column(by, _HEADS[by])]
    for period in periods:
        prefix = f"{period.label.lower()}_" if len(periods) > 1 else ""
        keys = {key: prefix + names.get(key, key) for key in shown}
        rows, everybody = _of_year(session, by, period, levels, whole)
        for row in rows:
            target = groups.setdefault(row["group"], {})
            target |= {name: row[key] for key, name in keys.items()}
        total |= {name: everybody[key] for key, name in keys.items()}
        columns += [
            Column(
                name,
                f"{period.label} {_TITLES[key].lower()}" if prefix else _TITLES[key],
                "percent" if key == "percent" else "count",
            )
            for key, name in keys.items()
        ]
    notes = (
        *((MENTORS,) if by != "association" else (ASSOCIATIONS,)),
        *((PLACES,) if by in ("district", "facility") else ()),
        *((f"Only facilities of level {', '.join(levels)}.",) if levels else ()),
        *(() if whole else (SMALL,)),
    )
    return Report(
        name="validated",
        title=f"Validated mentees by {_HEADS[by].lower()}",
        period=", ".join(period.label for period in periods),
        columns=tuple(columns),
        rows=[{by: name} | groups[name] for name in _ordered(groups, by, catalogue)],
        definition=DEFINITION,
        notes=notes,
        total=total,
    )


def _of_year(
    session: Session, by: By, period: Period, levels: Sequence[str], whole: bool
) -> tuple[list[dict[str, Any]], dict[str, Any]]:
    """The groups of one period and everybody, as they may be shown."""
    found = [_shared(row) for row in _rows(session, by, period, levels)]
    everybody = _shared(_rows(session, None, period, levels)[0])
    if whole:
        return found, everybody
    found = [suppressed(row, "reached", ("validated",), ("percent",)) for row in found]
    everybody = suppressed(everybody, "reached", ("validated",), ("percent",))
    return found, total_shown(everybody, found, ("reached", "validated", "percent"))


def _shared(row: dict[str, Any]) -> dict[str, Any]:
    return row | {"percent": percent(row["validated"], row["reached"])}


def _ordered(names: Iterable[str], by: By, catalogue: Catalogue) -> list[str]:
    """By name; technical areas as the catalogue has them, and what it has no more comes last."""
    order = [area.id for area in catalogue.areas] if by == "area" else []
    return sorted(names, key=lambda n: (order.index(n) if n in order else len(order), n))


def _rows(
    session: Session, by: By | None, period: Period, levels: Sequence[str]
) -> list[dict[str, Any]]:
    """{group, mentors, reached, validated} of a period; without ``by`` one row for all."""
    reached = _placed(
        select(
            Assessment.person_id,
            Assessment.technical_area,
            Assessment.at,
            Assessment.assessor_id.label("mentor_id"),
        )
        .where(Assessment.kind != "self", Assessment.at >= period.start, Assessment.at < period.end)
        .subquery(),
        by,
        levels,
    )
    done = validations()
    gained = _placed(
        select(done).where(done.c.at >= period.start, done.c.at < period.end).subquery(),
        by,
        levels,
    )
    group = reached.c.group
    counted = session.execute(
        select(
            group,
            func.count(reached.c.mentor_id.distinct()).label("mentors"),
            func.count(reached.c.person_id.distinct()).label("reached"),
        ).group_by(group)
    )
    rows = {
        row.group: {
            "group": row.group,
            "mentors": row.mentors,
            "reached": row.reached,
            "validated": 0,
        }
        for row in counted
    }
    for name, number in session.execute(
        select(gained.c.group, func.count(gained.c.person_id.distinct())).group_by(gained.c.group)
    ):
        rows[name]["validated"] = number
    if by is None and not rows:
        return [{"group": "", "mentors": 0, "reached": 0, "validated": 0}]
    return list(rows.values())


def _placed(records: Subquery, by: By | None, levels: Sequence[str]) -> Subquery:
    """Records with the group they are counted in; see ``PLACES`` and ``ASSOCIATIONS``."""
    mentor = aliased(Person)
    in_place = case(
        (Facility.district != "", Facility.name + " (" + Facility.district + ")"),
        else_=Facility.name,
    )
    groups: dict[By | None, ColumnElement[Any]] = {
        None: literal(""),
        "association": func.coalesce(
            func.nullif(Person.association, ""), func.nullif(mentor.association, ""), NOBODYS
        ),
        "area": records.c.technical_area,
        "district": func.coalesce(func.nullif(Facility.district, ""), NOBODYS),
        "facility": func.coalesce(in_place, NOBODYS),
    }
    query: Select[Any] = (
        select(*records.c, groups[by].label("group"))
        .join(Person, Person.id == records.c.person_id)
        .outerjoin(mentor, mentor.id == Person.mentor_id)
    )
    if by in ("district", "facility") or levels:
        query = query.outerjoin(
            FacilityStay, _covers(FacilityStay, records.c.person_id, records.c.at)
        ).outerjoin(
            Facility, Facility.id == func.coalesce(FacilityStay.facility_id, Person.facility_id)
        )
    if levels:
        plain = func.lower(func.replace(func.replace(Facility.level, "_", " "), "-", " "))
        query = query.where(plain.in_([_level(level) for level in levels]))
    return query.subquery()


def _covers(stay: type[FacilityStay], person: Any, moment: Any) -> ColumnElement[bool]:
    return and_(
        stay.person_id == person,
        or_(stay.since.is_(None), stay.since <= moment),
        or_(stay.until.is_(None), stay.until > moment),
    )


def _level(text: str) -> str:
    return text.lower().replace("_", " ").replace("-", " ")
