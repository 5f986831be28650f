"""A programme for `bench console`, made inside PostgreSQL: repeatable, and in a minute or two."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Final

from sqlalchemy import text
from sqlalchemy.orm import Session

from bot import knowledge
from bot.quizzes import bank, catalogue
from bot.quizzes.plan import read

NOW: Final = datetime(2026, 9, 28, 15, tzinfo=UTC)
MENTORS: Final = 400
FACILITIES: Final = 350
DISTRICTS: Final = 20
# The first mentee has this many messages more than the others: a long time line.
BUSY: Final = 2000


@dataclass(frozen=True)
class Size:
    """How many there are. Answers, tests and encounters follow from the people."""

    people: int
    messages: int
    cases: int


WHOLE: Final = Size(people=20_000, messages=1_000_000, cases=3_000)
QUICK: Final = Size(people=2_000, messages=50_000, cases=300)

# Numbers that look random and are the same each time: hashint4 spreads them evenly.
_STEPS: Final = (
    # Foreign keys and unique keys hold by construction; checking each would only take time.
    "SET LOCAL session_replication_role = replica",
    """INSERT INTO facility (id, name, level, district)
       SELECT n, 'Facility ' || n, CASE WHEN n <= 28 THEN 'hospital' ELSE 'health centre' END,
              'District ' || n % :districts FROM generate_series(1, :facilities) n""",
    """INSERT INTO person (id, external_id, name, roles, cadre, facility_id, association, language,
                           timezone, technical_areas, consent, consent_at)
       SELECT n, 'M-' || n, 'Mentor ' || n, '{mentor}', 'midwife', 1 + n % :facilities,
              (ARRAY['RPA', 'RAM', 'RSOG'])[1 + n % 3], 'en', 'Africa/Kigali', '{MNH}', 'yes',
              :now - interval '400 days'
       FROM generate_series(1, :mentors) n""",
    """INSERT INTO person (id, external_id, name, cadre, facility_id, language, timezone,
                           technical_areas, mentor_id, consent, consent_at, created_at)
       SELECT :mentors + n, 'P-' || n, 'Mentee ' || n,
              CASE WHEN n % 3 > 0 THEN 'chw' ELSE 'nurse' END, 1 + n % :facilities,
              CASE WHEN n % 5 > 0 THEN 'en' ELSE 'fr' END,
              'Africa/Kigali', '{}', 1 + n % :mentors,
              CASE WHEN n % 50 > 0 THEN 'yes' ELSE 'no' END,
              :now - interval '390 days', :now - interval '1 day' * (n % 390)
       FROM generate_series(1, :people) n""",
    """INSERT INTO address (person_id, channel, value, last_inbound_at, created_at)
       SELECT n, CASE WHEN n % 3 = 0 OR n <= :mentors THEN 'whatsapp' ELSE 'sms' END,
              '+25078' || lpad(n::text, 7, '0'), :now - interval '1 minute' * (n % 40000),
              :now - interval '390 days'
       FROM generate_series(1, :mentors + :people) n""",
    """INSERT INTO inbound (id, sid, channel, sender, body, form, received_at, state, person_id,
                            handled_as, done_at)
       SELECT n, 'IN' || n, 'sms', '-', 'What is the dose of ORS for a child of two, number ' || n,
              '[]', at, 'done', person, (ARRAY['dialogue', 'quiz', 'case'])[1 + n % 3], at
       FROM generate_series(1, :received) n
       CROSS JOIN LATERAL (SELECT
         :now - interval '365 days' * ((:received - n)::float / :received) AS at,
         CASE WHEN n % (:received / :busy + 1) = 0 THEN :mentors + 1
              ELSE :mentors + 1 + n % :people END AS person) x""",
    """INSERT INTO outbox (person_id, inbound_id, kind, dedupe_key, language, body, priority,
                           created_at, next_attempt_at, attempted_at, sent_at, delivered_at, state,
                           reason, error_code, provider_sid, sent_to, channel, sent_body, segments,
                           form)
       SELECT person, CASE WHEN n <= :received THEN n END, 'reply', 'x' || n, 'en', body, 50, at,
              at, at, at, CASE WHEN state = 'delivered' THEN at + interval '5 seconds' END, state,
              CASE WHEN state = 'dropped' THEN 'quiet hours' END,
              CASE WHEN state = 'failed' THEN 30003 END, 'SM' || n, '-',
              CASE WHEN n % 3 > 0 THEN 'sms' ELSE 'whatsapp' END, body, 2, 'free'
       FROM generate_series(1, :sent) n
       CROSS JOIN LATERAL (SELECT
         :now - interval '365 days' * ((:sent - n)::float / :sent) AS at,
         CASE n % 40 WHEN 0 THEN 'failed' WHEN 1 THEN 'dropped' ELSE 'delivered' END AS state,
         'Give ORS after each loose stool, 100 to 200 ml, and zinc 20 mg a day. Message ' || n
           AS body,
         CASE WHEN n % (:sent / :busy + 1) = 0 THEN :mentors + 1
              ELSE :mentors + 1 + n % :people END AS person) x""",
    """INSERT INTO "case" (id, code, mentee_id, mentor_id, cause, topic, urgent, state, opened_at,
                           assigned_at, waiting_since, expected_by, first_response_at, answered_at,
                           resolved_at, closed_at)
       SELECT n, 'C' || n, :mentors + 1 + (n - 1) % :people, 1 + n % :mentors, 'asked', 'pph',
              n % 20 = 0, state, at, at, CASE WHEN state = 'open' THEN at END,
              at + interval '8 hours', answered, answered,
              CASE WHEN state = 'closed' THEN answered END,
              CASE WHEN state = 'closed' THEN at + interval '4 days' END
       FROM generate_series(1, :cases) n
       CROSS JOIN LATERAL (SELECT :now - interval '1 hour' * (:cases - n) AS at,
         CASE WHEN n > :cases - 120 THEN 'open' WHEN n > :cases - 200 THEN 'answered'
              ELSE 'closed' END AS state) x
       CROSS JOIN LATERAL (SELECT CASE WHEN state <> 'open' THEN at + interval '3 hours' END
         AS answered) y""",
    """INSERT INTO case_event (case_id, at, kind, person_id, text)
       SELECT c.id, c.opened_at + k * interval '30 minutes', kind,
              CASE WHEN kind IN ('assigned', 'answered') THEN c.mentor_id ELSE c.mentee_id END,
              'Placenta not out after thirty minutes, what now, event ' || k
       FROM "case" c CROSS JOIN (VALUES (0, 'opened'), (1, 'assigned'), (2, 'detail_added'),
         (3, 'reminded'), (6, 'answered')) k (k, kind) WHERE k < 6 OR c.answered_at IS NOT NULL""",
    """INSERT INTO case_due (case_id, kind, due_at)
       SELECT id, CASE state WHEN 'open' THEN 'remind' ELSE 'close' END,
              opened_at + interval '4 days'
       FROM "case" WHERE state <> 'closed'""",
    """INSERT INTO question (inbound_id, person_id, text, language, ranking, decision, helpful,
                             asked_at)
       SELECT id, person_id, body, 'en', '[]', 'answer', id % 4 > 0, received_at
       FROM inbound WHERE handled_as = 'dialogue'""",
    """INSERT INTO campaign (id, name, state, created_at, launched_at)
       SELECT n, 'Campaign ' || n, CASE n WHEN 1 THEN 'running' ELSE 'ended' END,
              :now - interval '30 days' * n, :now - interval '30 days' * n
       FROM generate_series(1, 6) n""",
    """INSERT INTO campaign_version (campaign_id, version, plan, created_at)
       SELECT id, 1, CAST(:plan AS jsonb), created_at FROM campaign""",
    """INSERT INTO file_import (name, state, rows, made_at, moved_at)
       VALUES ('people.csv', 'done', 20000, :now, :now)""",
    """INSERT INTO enrolment (campaign_id, person_id, joined_at, planned_to)
       SELECT 1, :mentors + n, :now - interval '30 days', :now
       FROM generate_series(1, :people) n""",
    """INSERT INTO dose (id, campaign_id, campaign_version, person_id, kind, slot, state,
                         planned_at, due_at, sent_at, closed_at, item_id, item_version, option,
                         "right")
       SELECT w::bigint * :people + n, 1, 1, :mentors + n, 'question', 'w' || w,
              CASE WHEN h % 100 < 60 THEN 'answered' ELSE 'expired' END, at, at, at, at,
              items[1 + h % array_length(items, 1)], 1,
              CASE WHEN h % 100 < 60 THEN 1 END, CASE WHEN h % 100 < 60 THEN h % 10 < 7 END
       FROM generate_series(1, 10) w
       CROSS JOIN generate_series(1, :people) n
       CROSS JOIN LATERAL (SELECT abs(hashint4(n * 31 + w)) AS h,
         :now - interval '1 week' * w + n % 7200 * interval '1 second' AS at) x
       CROSS JOIN (SELECT array_agg(id ORDER BY id) AS items FROM item) i""",
    """INSERT INTO answer (dose_id, person_id, campaign_id, item_id, item_version, competency,
                           option, "right", first, answered_at, latency, text, channel, rule,
                           recall, before, after)
       SELECT d.id, d.person_id, 1, d.item_id, 1, v.competency, 1, d."right", true,
              d.sent_at + interval '1 hour', 3600, 'B', 'sms', 'kerfoot', 0.5, '{}', '{}'
       FROM dose d JOIN item_version v ON v.item_id = d.item_id AND v.version = 1
       WHERE d.option IS NOT NULL""",
    """INSERT INTO assessment (person_id, technical_area, competency, kind, score, out_of, passed,
                               at, assessor_id, source, key)
       SELECT :mentors + n, 'MNH', CASE WHEN kind = 'skill' THEN 'mnh-pph' END, kind,
              CASE WHEN kind <> 'skill' THEN 8 + abs(hashint4(n * 7 + k)) % 13 END,
              CASE WHEN kind <> 'skill' THEN 20 END,
              CASE WHEN kind = 'skill' THEN abs(hashint4(n * 11 + k)) % 3 > 0 END,
              :now - (n % 300 + 40 - 10 * k) * interval '1 day', 1 + n % :mentors, 'import',
              n || ':' || k
       FROM generate_series(1, :people) n
       CROSS JOIN (VALUES (0, 'pre'), (1, 'post'), (2, 'skill')) k (k, kind)""",
    """INSERT INTO encounter (id, kind, form, channel, topic, mentor_id, began_at, ended_at,
                              minutes, source, logged_at)
       SELECT n, 'virtual', 'individual', 'sms', 'pph', 1 + n % :mentors, at, at, 10, 'case', at
       FROM generate_series(1, :people) n
       CROSS JOIN LATERAL (SELECT :now - (n % 350) * interval '1 day' AS at) x""",
    """INSERT INTO encounter_mentee (encounter_id, person_id)
       SELECT n, :mentors + n FROM generate_series(1, :people) n""",
    """INSERT INTO stock_report (code, item, facility_id, urgency, state, opened_at, moved_at,
                                 closed_at)
       SELECT 'S' || n, (ARRAY['oxytocin', 'gloves', 'ors'])[1 + n % 3], 1 + n % :facilities,
              'none', CASE WHEN n > 1900 THEN 'open' ELSE 'closed' END, at, at,
              CASE WHEN n > 1900 THEN NULL ELSE at + interval '9 days' END
       FROM generate_series(1, 2000) n
       CROSS JOIN LATERAL (SELECT :now - (2000 - n) * interval '4 hours' AS at) x""",
    """INSERT INTO audit_entry (at, account_id, what, person_id)
       SELECT :now - n * interval '1 minute', NULL, 'person_seen', :mentors + 1 + n % :people
       FROM generate_series(1, 50000) n""",
)
# What was filled with numbers of its own goes on after them.
_COUNTED: Final = ("facility", "person", "inbound", "case", "campaign", "dose", "encounter")
SIZES: Final = ("person", "inbound", "outbox", "case", "answer", "assessment", "encounter")


def fill(session: Session, size: Size) -> dict[str, int]:
    """Fill an empty database; how many rows each of the larger tables has."""
    catalogue.save(session, bank.load())
    knowledge.save(session, knowledge.read_files())
    session.flush()
    plan = read({"start": "2026-07-01", "end": "2026-12-31", "cohort": {}, "budget": {}})
    received = size.messages * 2 // 5
    values = {
        "facilities": FACILITIES,
        "districts": DISTRICTS,
        "mentors": MENTORS,
        "people": size.people,
        "received": received,
        "sent": size.messages - received,
        "cases": size.cases,
        "busy": BUSY,
        "now": f"timestamptz '{NOW.isoformat()}'",
    }
    for step in _STEPS:
        statement = step.replace("::", "\\:\\:")
        for name, value in values.items():
            statement = statement.replace(f":{name}", str(value))
        bound = {"plan": plan.model_dump_json()} if ":plan" in statement else {}
        session.execute(text(statement), bound)
    for table in _COUNTED:
        session.execute(
            text(
                f"SELECT setval(pg_get_serial_sequence('\"{table}\"', 'id'), max(id))"  # noqa: S608
                f' FROM "{table}"'
            )
        )
    session.commit()
    session.execute(text("ANALYZE"))
    session.commit()
    return {
        name: session.scalar(text(f'SELECT count(*) FROM "{name}"')) or 0  # noqa: S608
        for name in SIZES
    }
