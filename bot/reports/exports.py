"""Rows for `./mentorline export`: people, messages, answers, assessments, encounters, plans, goals.

Every function takes the session and two moments (aware, the second not included), and gives rows
one by one as the database hands them over: a million messages never stand in memory. What people
wrote has lost its identifiers, and a message carries the person's number in our tables, not the
phone's; only the list of people has phone numbers.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import datetime
from typing import Any, Final

from sqlalchemy import text
from sqlalchemy.orm import Session

from bot.text.redact import redact

BATCH: Final = 1000

PEOPLE: Final = (
    "id", "external_id", "name", "phone", "whatsapp", "roles", "cadre", "facility",
    "facility_level", "district", "association", "groups", "technical_areas", "language",
    "timezone", "mentor_id", "consent", "stopped_at", "created_at",
)  # fmt: skip
MESSAGES: Final = (
    "at", "direction", "id", "person_id", "channel", "kind", "state", "reason", "error_code",
    "segments", "delivered_at", "read_at", "text",
)  # fmt: skip
ANSWERS: Final = (
    "at", "id", "person_id", "external_id", "campaign", "item_id", "item_version", "competency",
    "option", "right", "first", "late", "latency_seconds", "channel", "typed",
)  # fmt: skip
ASSESSMENTS: Final = (
    "at", "id", "person_id", "external_id", "technical_area", "competency", "kind", "attempt",
    "score", "out_of", "passed", "assessor_id", "source",
)  # fmt: skip
ENCOUNTERS: Final = (
    "at", "id", "ended_at", "minutes", "kind", "form", "channel", "topic", "mentor_id",
    "mentees", "mentee_ids", "source", "case_id", "discussion_id", "note",
)  # fmt: skip
PLANS: Final = (
    "at", "id", "mentee_id", "external_id", "owner_id", "number", "competency", "gap", "action",
    "due_on", "state", "ended_at", "source",
)  # fmt: skip
GOALS: Final = (
    "at", "id", "person_id", "external_id", "competency", "words", "state", "begun_at", "ended_at",
    "mentors_others", "source",
)  # fmt: skip
STOCK: Final = (
    "at", "code", "item", "facility", "district", "urgency", "state", "reporters", "sent_at",
    "refused_at", "arrived_at", "closed_at", "closed_by", "days_open",
)  # fmt: skip


def people(session: Session, start: datetime, end: datetime) -> Iterator[Mapping[str, Any]]:
    """Everybody whom we have known since a moment of the span, in the columns of an import."""
    yield from _stream(
        session,
        """
        SELECT p.id, p.external_id, p.name,
          (SELECT value FROM address WHERE person_id = p.id AND channel = 'sms'
           ORDER BY id LIMIT 1) AS phone,
          (SELECT value FROM address WHERE person_id = p.id AND channel = 'whatsapp'
           ORDER BY id LIMIT 1) AS whatsapp,
          array_to_string(p.roles, ';') AS roles, p.cadre, f.name AS facility,
          f.level AS facility_level, f.district, p.association,
          array_to_string(p.groups, ';') AS groups,
          array_to_string(p.technical_areas, ';') AS technical_areas, p.language, p.timezone,
          p.mentor_id, p.consent, p.stopped_at, p.created_at
        FROM person p LEFT JOIN facility f ON f.id = p.facility_id
        WHERE p.created_at >= :start AND p.created_at < :end ORDER BY p.id
        """,
        start,
        end,
    )


def messages(session: Session, start: datetime, end: datetime) -> Iterator[Mapping[str, Any]]:
    """What came in and what was to go out, in the order of time."""
    for row in _stream(
        session,
        """
        SELECT received_at AS at, 'in' AS direction, id, person_id, channel, handled_as AS kind,
          state, NULL AS reason, CAST(NULL AS bigint) AS error_code, CAST(NULL AS bigint)
          AS segments, CAST(NULL AS timestamptz) AS delivered_at,
          CAST(NULL AS timestamptz) AS read_at, body AS text
        FROM inbound WHERE received_at >= :start AND received_at < :end
        UNION ALL
        SELECT created_at, 'out', id, person_id, channel, kind, state, reason, error_code,
          segments, delivered_at, read_at, coalesce(sent_body, body)
        FROM outbox WHERE created_at >= :start AND created_at < :end
        ORDER BY 1, 3
        """,
        start,
        end,
    ):
        yield row | {"text": redact(row["text"]).text}


def answers(session: Session, start: datetime, end: datetime) -> Iterator[Mapping[str, Any]]:
    """Answers to quiz questions, with the version that was asked."""
    for row in _stream(
        session,
        """
        SELECT a.answered_at AS at, a.id, a.person_id, p.external_id, c.name AS campaign,
          a.item_id, a.item_version, a.competency, substr('ABCD', CAST(a.option AS int) + 1, 1)
          AS option, a."right", a.first, a.late, a.latency AS latency_seconds, a.channel,
          a.text AS typed
        FROM answer a JOIN person p ON p.id = a.person_id
          LEFT JOIN campaign c ON c.id = a.campaign_id
        WHERE a.answered_at >= :start AND a.answered_at < :end ORDER BY a.answered_at, a.id
        """,
        start,
        end,
    ):
        yield row | {"typed": redact(row["typed"]).text}


def assessments(session: Session, start: datetime, end: datetime) -> Iterator[Mapping[str, Any]]:
    """Tests and observed skills; ``attempt`` counts all attempts of all time."""
    for row in _stream(
        session,
        """
        SELECT * FROM (
          SELECT a.at, a.id, a.person_id, p.external_id, a.technical_area, a.competency, a.kind,
            row_number() OVER (PARTITION BY a.person_id, a.technical_area, a.competency, a.kind
                               ORDER BY a.at, a.id) AS attempt,
            a.score, a.out_of, a.passed, a.assessor_id, a.source
          FROM assessment a JOIN person p ON p.id = a.person_id
        ) x WHERE at >= :start AND at < :end ORDER BY at, id
        """,
        start,
        end,
    ):
        # 17, not 17.0: whole scores are read as they were given.
        yield row | {key: _number(row[key]) for key in ("score", "out_of")}


def encounters(session: Session, start: datetime, end: datetime) -> Iterator[Mapping[str, Any]]:
    """Who met whom; ``mentees`` is how many, ``mentee_ids`` their numbers in our tables."""
    for row in _stream(
        session,
        """
        SELECT e.began_at AS at, e.id, e.ended_at, e.minutes, e.kind, e.form, e.channel, e.topic,
          e.mentor_id, count(m.person_id) AS mentees,
          string_agg(CAST(m.person_id AS text), ';' ORDER BY m.person_id) AS mentee_ids,
          e.source, e.case_id, e.discussion_id, e.note
        FROM encounter e LEFT JOIN encounter_mentee m ON m.encounter_id = e.id
        WHERE e.began_at >= :start AND e.began_at < :end
        GROUP BY e.id ORDER BY e.began_at, e.id
        """,
        start,
        end,
    ):
        yield row | {"note": redact(row["note"]).text}


def plans(session: Session, start: datetime, end: datetime) -> Iterator[Mapping[str, Any]]:
    """Items of coaching plans that were agreed in the span."""
    for row in _stream(
        session,
        """
        SELECT i.created_at AS at, i.id, i.mentee_id, p.external_id, i.owner_id, i.number,
          i.competency, i.gap, i.action, i.due_on, i.state, i.ended_at, i.source
        FROM plan_item i JOIN person p ON p.id = i.mentee_id
        WHERE i.created_at >= :start AND i.created_at < :end ORDER BY i.created_at, i.id
        """,
        start,
        end,
    ):
        yield row | {key: redact(row[key]).text for key in ("gap", "action")}


def goals(session: Session, start: datetime, end: datetime) -> Iterator[Mapping[str, Any]]:
    """Goals that were proposed or chosen in the span."""
    for row in _stream(
        session,
        """
        SELECT g.proposed_at AS at, g.id, g.person_id, p.external_id, g.competency, g.words,
          g.state, g.begun_at, g.ended_at, g.mentors_others, g.source
        FROM goal g JOIN person p ON p.id = g.person_id
        WHERE g.proposed_at >= :start AND g.proposed_at < :end ORDER BY g.proposed_at, g.id
        """,
        start,
        end,
    ):
        yield row | {"words": redact(row["words"]).text}


def stock(session: Session, start: datetime, end: datetime) -> Iterator[Mapping[str, Any]]:
    """Stock-outs that were reported in the span; ``days_open`` of those that are closed."""
    yield from _stream(
        session,
        """
        SELECT r.opened_at AS at, r.code, r.item, f.name AS facility, f.district, r.urgency,
          r.state, (SELECT count(*) FROM stock_reporter WHERE report_id = r.id) AS reporters,
          said.sent_at, said.refused_at, said.arrived_at, r.closed_at, r.closed_by,
          CAST(floor(extract(epoch FROM r.closed_at - r.opened_at) / 86400) AS bigint) AS days_open
        FROM stock_report r JOIN facility f ON f.id = r.facility_id
        LEFT JOIN LATERAL (
          SELECT min(at) FILTER (WHERE kind = 'sent') AS sent_at,
            min(at) FILTER (WHERE kind = 'refused') AS refused_at,
            min(at) FILTER (WHERE kind = 'arrived') AS arrived_at
          FROM stock_event WHERE report_id = r.id
        ) said ON true
        WHERE r.opened_at >= :start AND r.opened_at < :end ORDER BY r.opened_at, r.id
        """,
        start,
        end,
    )


def _number(value: Any) -> int | float | None:
    if value is None:
        return None
    return int(value) if value == int(value) else float(value)


def _stream(session: Session, sql: str, start: datetime, end: datetime) -> Iterator[dict[str, Any]]:
    found = session.execute(
        text(sql), {"start": start, "end": end}, execution_options={"yield_per": BATCH}
    )
    for row in found:
        yield dict(row._mapping)
