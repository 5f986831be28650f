"""What mentees ask and how soon a human answers: questions, service level, danger."""

from __future__ import annotations

from typing import Final

from sqlalchemy.orm import Session

from bot.mentoring.competencies import Catalogue
from bot.reports.query import Wanted, by_group, may_show, run
from bot.reports.table import Column, Report, percent

QUESTIONS: Final = (
    "Questions asked in the period. From the library: a card was sent, and no mentor was asked."
    " To a mentor: it became a case. Left: two titles were offered and none was chosen. Helpful: of"
    " those who said whether it helped, who said yes."
)
SERVICE: Final = (
    "Cases opened in the period. The first reply is the first time that a mentor answered. Waiting:"
    " without any reply for over 24 hours, at the end of the period or now if that is earlier."
)
DANGER: Final = (
    "Emergencies texted in the period. Referral: from the text's arrival until the referral text"
    " was handed to the network. Human: from the case's opening until a mentor's first reply."
)
_REPLIED: Final = """
LEFT JOIN LATERAL (
  SELECT min(at) AS at FROM case_event WHERE case_id = c.id AND kind = 'answered'
) reply ON true
"""


def questions(session: Session, wanted: Wanted, catalogue: Catalogue) -> Report:
    """What became of questions."""
    names = ("asked", "library", "mentor", "nothing", "helpful", "rated")
    rows = by_group(
        session,
        """
        SELECT *, asked_at AS at FROM question WHERE asked_at >= :start AND asked_at < :end
        """,
        wanted,
        """
        count(*) AS asked,
        count(*) FILTER (WHERE x.card_id IS NOT NULL AND x.case_id IS NULL) AS library,
        count(*) FILTER (WHERE x.case_id IS NOT NULL) AS mentor,
        count(*) FILTER (WHERE x.card_id IS NULL AND x.case_id IS NULL
          AND x.decision = 'ask') AS nothing,
        count(*) FILTER (WHERE x.helpful) AS helpful, count(x.helpful) AS rated
        """,
        ", ".join(f"CAST(sum(y.{name}) AS bigint) AS {name}" for name in names),
    )
    for row in rows:
        row["helped"] = percent(row.pop("helpful"), row["rated"])
    return Report(
        "questions",
        "Questions",
        wanted.period.label,
        (
            Column("group", (wanted.by or "").capitalize()),
            Column("mentees", "Mentees", "count"),
            Column("asked", "Asked", "count"),
            Column("library", "From the library", "count"),
            Column("mentor", "To a mentor", "count"),
            Column("nothing", "Left", "count"),
            Column("rated", "Rated", "count"),
            Column("helped", "Helpful %", "percent"),
        ),
        may_show(rows, wanted, "mentees"),
        QUESTIONS,
    )


def service_level(session: Session, wanted: Wanted, catalogue: Catalogue) -> Report:
    """How long cases wait for a mentor."""
    sql = """
        SELECT /*group*/ AS "group", count(DISTINCT x.person_id) AS mentees, count(*) AS cases,
          count(x.waited) AS replied,
          percentile_cont(0.5) WITHIN GROUP (ORDER BY x.waited) AS median,
          percentile_cont(0.9) WITHIN GROUP (ORDER BY x.waited) AS p90,
          count(*) FILTER (WHERE x.waited IS NULL AND x.state <> 'closed'
            AND x.at < CAST(:as_of AS timestamptz) - interval '24 hours') AS waiting
        FROM (
          SELECT c.mentee_id AS person_id, c.opened_at AS at, c.state,
            CAST(extract(epoch FROM reply.at - c.opened_at) AS float) AS waited
          FROM "case" c /*reply*/ WHERE c.opened_at >= :start AND c.opened_at < :end
        ) x /*people*/ GROUP BY 1 ORDER BY 1
        """
    rows = run(session, sql.replace("/*reply*/", _REPLIED), wanted)
    return Report(
        "service-level",
        "Mentor service level",
        wanted.period.label,
        (
            Column("group", (wanted.by or "").capitalize()),
            Column("mentees", "Mentees", "count"),
            Column("cases", "Cases", "count"),
            Column("replied", "Replied", "count"),
            Column("median", "Median", "seconds"),
            Column("p90", "90 of 100 within", "seconds"),
            Column("waiting", "Waiting over 24 h", "count"),
        ),
        may_show(rows, wanted, "mentees"),
        SERVICE,
    )


def danger(session: Session, wanted: Wanted, catalogue: Catalogue) -> Report:
    """How soon an emergency gets its referral text and a human."""
    sql = """
        SELECT /*group*/ AS "group", count(DISTINCT x.person_id) AS mentees,
          count(*) FILTER (WHERE x.texted) AS emergencies,
          percentile_cont(0.5) WITHIN GROUP (ORDER BY x.told) AS referral,
          percentile_cont(0.9) WITHIN GROUP (ORDER BY x.told) AS referral_p90,
          count(x.waited) AS replied,
          percentile_cont(0.5) WITHIN GROUP (ORDER BY x.waited) AS human
        FROM (
          SELECT o.person_id, o.created_at AS at, CAST(NULL AS float) AS waited,
            CAST(extract(epoch FROM o.sent_at - i.received_at) AS float) AS told, true AS texted
          FROM outbox o JOIN inbound i ON i.id = o.inbound_id
          WHERE o.kind = 'danger' AND o.created_at >= :start AND o.created_at < :end
          UNION ALL
          SELECT c.mentee_id, c.opened_at,
            CAST(extract(epoch FROM reply.at - c.opened_at) AS float), NULL, false
          FROM "case" c /*reply*/ WHERE c.emergency IS NOT NULL
            AND c.opened_at >= :start AND c.opened_at < :end
        ) x /*people*/ GROUP BY 1 ORDER BY 1
        """
    rows = run(session, sql.replace("/*reply*/", _REPLIED), wanted)
    return Report(
        "danger",
        "Danger messages",
        wanted.period.label,
        (
            Column("group", (wanted.by or "").capitalize()),
            Column("mentees", "Mentees", "count"),
            Column("emergencies", "Emergencies", "count"),
            Column("referral", "Referral, median", "seconds"),
            Column("referral_p90", "90 of 100 within", "seconds"),
            Column("replied", "With a human", "count"),
            Column("human", "Human, median", "seconds"),
        ),
        may_show(rows, wanted, "mentees"),
        DANGER,
    )
