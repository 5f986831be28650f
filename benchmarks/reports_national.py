"""A national programme for `bench reports`, made inside PostgreSQL: repeatable, and fast.

The four tables with millions of rows are emptied and filled in one transaction, so that nothing of
it is written twice (no log of a table that nobody could have seen before), and their indexes are
made afterwards, each in one pass. What is measured then has every index and key of the product.
"""

from __future__ import annotations

import sys
import time
from dataclasses import dataclass
from typing import Final

from sqlalchemy import Connection, Engine, text
from sqlalchemy.orm import Session

from bot.quizzes import bank, catalogue

PER_WEEK: Final = 3
DISTRICTS: Final = 20
MENTORS: Final = 650
# Seconds. What took less is not worth a line.
SAID_FROM: Final = 2.0


@dataclass(frozen=True)
class Size:
    """How many CHWs and facility mentees, and weeks of questions until the end of FY26."""

    chws: int
    nurses: int
    weeks: int

    @property
    def people(self) -> int:
        """All mentees."""
        return self.chws + self.nurses


# Filled by the million. Whatever points to them is empty until then.
_LARGE: Final = ("dose", "outbox", "answer", "inbound")
_MEMORY: Final = (
    "SET LOCAL maintenance_work_mem = '1GB'",
    "SET LOCAL work_mem = '256MB'",
)
# Numbers that look random and are the same each time: hashint4 spreads them evenly.
_STEPS: Final = (
    # Foreign keys hold by construction; checking each would only take time.
    "SET LOCAL session_replication_role = replica",
    """INSERT INTO facility (id, name, level, district)
       SELECT n, 'Facility ' || n, CASE WHEN n <= 28 THEN 'hospital' ELSE 'health centre' END,
              'District ' || n % :districts FROM generate_series(1, 353) n""",
    """INSERT INTO person (id, external_id, name, roles, cadre, facility_id, association, language,
                           timezone, technical_areas)
       SELECT n, 'M-' || n, 'Mentor ' || n, '{mentor}', 'midwife', 1 + n % 353,
              (ARRAY['RPA', 'RAM', 'RSOG'])[1 + n % 3], 'en', 'Africa/Kigali', '{}'
       FROM generate_series(1, :mentors) n""",
    """INSERT INTO person (id, external_id, name, cadre, facility_id, language, timezone,
                           technical_areas, mentor_id, consent)
       SELECT :mentors + n, 'P-' || n, 'Mentee ' || n,
              CASE WHEN n <= :chws THEN 'chw' ELSE 'nurse' END, 1 + n % 353, 'en',
              'Africa/Kigali', '{}', 1 + n % :mentors, 'yes'
       FROM generate_series(1, :people) n""",
    """INSERT INTO campaign (id, name, state, created_at)
       VALUES (1, 'National', 'running', :last - :weeks * interval '1 week')""",
    """INSERT INTO enrolment (campaign_id, person_id, joined_at, planned_to)
       SELECT 1, :mentors + n, :last - :weeks * interval '1 week', :last
       FROM generate_series(1, :people) n""",
    """INSERT INTO assessment (person_id, technical_area, competency, kind, score, out_of, passed,
                               at, assessor_id, source, key)
       SELECT :mentors + n, area, CASE WHEN kind = 'skill' THEN competency END, kind,
              CASE WHEN kind <> 'skill' THEN 8 + abs(hashint4(n * 7 + k)) % 13 END,
              CASE WHEN kind <> 'skill' THEN 20 END,
              CASE WHEN kind = 'skill' THEN abs(hashint4(n * 11 + k)) % 3 > 0 END,
              :last - (abs(hashint4(n)) % (:weeks * 7)) * interval '1 day' + k * interval '9 days',
              1 + n % :mentors, 'import', n || ':' || area || ':' || k
       FROM generate_series(1, :people) n
       CROSS JOIN LATERAL (VALUES
         (CASE WHEN n <= :chws THEN 'ICCM' ELSE 'MNH' END,
          CASE WHEN n <= :chws THEN 'iccm-malaria' ELSE 'mnh-pph' END),
         (CASE WHEN n <= :chws THEN 'CBMNH' ELSE 'IMCI' END,
          CASE WHEN n <= :chws THEN 'cbmnh-newborn' ELSE 'imci-pneumonia' END)) a (area, competency)
       CROSS JOIN (VALUES (0, 'pre'), (1, 'post'), (2, 'skill'), (3, 'post')) k (k, kind)""",
    # In the order of their time and id, as they come in life.
    """INSERT INTO dose (id, campaign_id, campaign_version, person_id, kind, slot, state,
                         planned_at, due_at, sent_at, item_id, item_version, option, "right")
       SELECT i + 1, 1, 1, :mentors + n, 'question', slot,
              CASE WHEN h % 100 < 60 THEN 'answered' ELSE 'expired' END, at, at, at,
              items[1 + h % array_length(items, 1)], 1,
              CASE WHEN h % 100 < 60 THEN 1 END, CASE WHEN h % 100 < 60 THEN h % 10 < 7 END
       FROM generate_series(0, :people::bigint * :weeks * :per_week - 1) i
       CROSS JOIN LATERAL (SELECT 1 + (i % :people)::int AS n, (i / :people)::int AS place) p
       CROSS JOIN LATERAL (SELECT abs(hashint4(n * 31 + place)) AS h,
         place / :per_week || '-' || place % :per_week AS slot,
         :last - (:weeks - place / :per_week) * interval '1 week'
           + place % :per_week * interval '2 days' + n % 7200 * interval '1 second' AS at) x
       CROSS JOIN (SELECT array_agg(id ORDER BY id) AS items FROM item) items""",
    """INSERT INTO outbox (person_id, dose_id, kind, dedupe_key, language, body, priority,
                           created_at, next_attempt_at, attempted_at, sent_at, state, provider_sid,
                           sent_to, channel, segments, form)
       SELECT person_id, id, 'campaign', 'd' || id, 'en', 'Q', 0, sent_at, sent_at, sent_at,
              sent_at, CASE WHEN id % 20 > 0 THEN 'delivered' ELSE 'failed' END, 'SM' || id,
              '+2507' || (ARRAY['8', '3'])[1 + person_id % 2] || lpad(person_id::text, 7, '0'),
              CASE WHEN person_id % 3 > 0 THEN 'sms' ELSE 'whatsapp' END, 1,
              CASE WHEN person_id % 3 > 0 THEN 'free' ELSE 'template' END
       FROM dose""",
    """INSERT INTO answer (dose_id, person_id, campaign_id, item_id, item_version, competency,
                           option, "right", first, answered_at, latency, text, channel, rule,
                           recall, before, after)
       SELECT d.id, d.person_id, 1, d.item_id, 1, v.competency, 1, d."right", d.id % 3 = 0,
              d.sent_at + l * interval '1 second', l, 'B',
              CASE WHEN d.person_id % 3 > 0 THEN 'sms' ELSE 'whatsapp' END, 'kerfoot', 0.5,
              '{}', '{}'
       FROM dose d JOIN item_version v ON v.item_id = d.item_id AND v.version = 1
       CROSS JOIN LATERAL (SELECT (abs(hashint8(d.id)) % 100000)::float AS l) x
       WHERE d.option IS NOT NULL""",
    """INSERT INTO "case" (id, code, mentee_id, mentor_id, cause, urgent, emergency, state,
                           opened_at)
       SELECT n, 'C' || n, :mentors + 1 + n % :people, 1 + n % :mentors, 'asked', n % 20 = 0,
              CASE WHEN n % 20 = 0 THEN 'pph' END, 'closed',
              :last - (n % (:weeks * 7 * 24)) * interval '1 hour'
       FROM generate_series(1, :people) n""",
    """INSERT INTO case_event (case_id, at, kind)
       SELECT id, opened_at + (id % 300) * interval '5 minutes', 'answered'
       FROM "case" WHERE id % 10 > 0""",
    """INSERT INTO inbound (id, sid, channel, sender, form, received_at, state, person_id)
       SELECT n, 'IN' || n, 'sms', '-', '[]', :last - (n % (:weeks * 7)) * interval '1 day',
              'done', :mentors + 1 + n % :people
       FROM generate_series(1, :people * 4) n""",
    """INSERT INTO stock_report (code, item, facility_id, urgency, state, opened_at, moved_at,
                                 closed_at)
       SELECT 'S' || n, (ARRAY['oxytocin', 'gloves', 'ors'])[1 + n % 3], 1 + n % 353, 'none',
              'closed', at, at, at + n % 40 * interval '1 day'
       FROM generate_series(1, 20000) n
       CROSS JOIN LATERAL (SELECT :last - (n % (:weeks * 7)) * interval '1 day' AS at) x""",
    """INSERT INTO encounter (kind, form, mentor_id, began_at, ended_at, minutes, source, logged_at)
       SELECT 'virtual', 'individual', 1 + n % :mentors, at, at, 10, 'case', at
       FROM generate_series(1, :people) n
       CROSS JOIN LATERAL (SELECT :last - (n % (:weeks * 7)) * interval '1 day' AS at) x""",
    """INSERT INTO question (inbound_id, person_id, text, language, ranking, decision, case_id,
                             helpful, asked_at)
       SELECT id, :mentors + 1 + id % :people, '?', 'en', '[]', 'answer',
              CASE WHEN id <= :people THEN id END, id % 4 > 0, received_at FROM inbound""",
    """INSERT INTO outbox (person_id, inbound_id, kind, dedupe_key, language, body, priority,
                           created_at, next_attempt_at, state, sent_at)
       SELECT :mentors + 1 + id % :people, id, 'danger', 'x' || id, 'en', '!', 30, received_at,
              received_at, 'delivered', received_at + interval '3 seconds'
       FROM inbound WHERE id % 80 = 0""",
    # Somebody texts as often as they answer.
    """INSERT INTO inbound (id, sid, channel, sender, form, received_at, state, person_id)
       SELECT 1000000000 + dose_id, 'A' || dose_id, channel, '-', '[]', answered_at, 'done',
              person_id FROM answer""",
)
_SIZES: Final = ("person", "assessment", "dose", "answer", "outbox", "question")


def programme(engine: Engine, size: Size) -> dict[str, int]:
    """Fill a migrated, empty database; how many rows each table has."""
    with Session(engine) as session, session.begin():
        catalogue.save(session, bank.load())
    values = {
        "chws": size.chws,
        "people": size.people,
        "weeks": size.weeks,
        "mentors": MENTORS,
        "districts": DISTRICTS,
        "per_week": PER_WEEK,
    }
    with engine.begin() as connection:
        _run(connection, *_MEMORY)
        again = _take_indexes_off(connection)
        _run(connection, f"TRUNCATE {', '.join(_LARGE)} CASCADE")
        for step in _STEPS:
            statement = step.replace(":last", "timestamptz '2026-09-28 15:00+00'")
            statement = statement.replace("::", "\\:\\:")
            for name, value in values.items():
                statement = statement.replace(f":{name}", str(value))
            _timed(connection, statement)
        for statement in again:
            _timed(connection, statement)
    with engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        # As the database does by itself in life.
        _run(connection, "SET maintenance_work_mem = '256MB'")
        _timed(connection, "VACUUM (ANALYZE)")
        return {
            name: connection.scalar(text(f"SELECT count(*) FROM {name}")) or 0  # noqa: S608
            for name in _SIZES
        }


def _take_indexes_off(connection: Connection) -> list[str]:
    """Drop the indexes and unique keys of the large tables; the statements that make them again.

    Primary keys stay: others refer to them, and rows come in their order.
    """
    keys = connection.execute(
        text(
            "SELECT conrelid::regclass::text, quote_ident(conname), pg_get_constraintdef(oid)"
            " FROM pg_constraint WHERE contype = 'u' AND conrelid::regclass::text = ANY(:tables)"
        ),
        {"tables": list(_LARGE)},
    ).all()
    for table, name, _ in keys:
        _run(connection, f"ALTER TABLE {table} DROP CONSTRAINT {name}")
    indexes = connection.execute(
        text(
            "SELECT indexrelid::regclass::text, pg_get_indexdef(indexrelid) FROM pg_index"
            " WHERE NOT indisprimary AND indrelid::regclass::text = ANY(:tables)"
        ),
        {"tables": list(_LARGE)},
    ).all()
    for name, _ in indexes:
        _run(connection, f"DROP INDEX {name}")
    return [made for _, made in indexes] + [
        f"ALTER TABLE {table} ADD CONSTRAINT {name} {rule}" for table, name, rule in keys
    ]


def _run(connection: Connection, *statements: str) -> None:
    for statement in statements:
        connection.execute(text(statement))


def _timed(connection: Connection, statement: str) -> None:
    """Run a statement, and say so where it took long."""
    started = time.perf_counter()
    _run(connection, statement)
    seconds = time.perf_counter() - started
    if seconds > SAID_FROM:
        print(f"  {' '.join(statement.split())[:60]} … {seconds:.0f} s", file=sys.stderr)
