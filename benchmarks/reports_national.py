"""A national programme for `bench reports`, made inside PostgreSQL: repeatable, and fast."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from sqlalchemy import text
from sqlalchemy.orm import Session

from bot.quizzes import bank, catalogue

PER_WEEK: Final = 3
DISTRICTS: Final = 20
MENTORS: Final = 650


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


# Numbers that look random and are the same each time: hashint4 spreads them evenly.
_STEPS: Final = (
    # Foreign keys and unique keys hold by construction; checking each would only take time.
    "SET LOCAL session_replication_role = replica",
    "SELECT setseed(0.5)",
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
    """INSERT INTO dose (id, campaign_id, campaign_version, person_id, kind, slot, state,
                         planned_at, due_at, sent_at, item_id, item_version, option, "right")
       SELECT (w * :per_week + q)::bigint * :people + n, 1, 1, :mentors + n, 'question',
              w || '-' || q,
              CASE WHEN h % 100 < 60 THEN 'answered' ELSE 'expired' END, at, at, at,
              items[1 + h % array_length(items, 1)], 1,
              CASE WHEN h % 100 < 60 THEN 1 END, CASE WHEN h % 100 < 60 THEN h % 10 < 7 END
       FROM generate_series(0, :weeks - 1) w
       CROSS JOIN generate_series(0, :per_week - 1) q
       CROSS JOIN generate_series(1, :people) n
       CROSS JOIN LATERAL (SELECT abs(hashint4(n * 31 + w * 3 + q)) AS h,
         :last - (:weeks - w) * interval '1 week' + q * interval '2 days'
           + n % 7200 * interval '1 second' AS at) x
       CROSS JOIN (SELECT array_agg(id ORDER BY id) AS items FROM item) i""",
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


def programme(session: Session, size: Size) -> dict[str, int]:
    """Fill an empty database; how many rows each table has."""
    catalogue.save(session, bank.load())
    session.flush()
    values = {
        "chws": size.chws,
        "people": size.people,
        "weeks": size.weeks,
        "mentors": MENTORS,
        "districts": DISTRICTS,
        "per_week": PER_WEEK,
    }
    for step in _STEPS:
        statement = step.replace(":last", "timestamptz '2026-09-28 15:00+00'").replace(
            "::", "\\:\\:"
        )
        for name, value in values.items():
            statement = statement.replace(f":{name}", str(value))
        session.execute(text(statement))
    session.commit()
    session.execute(text("ANALYZE"))
    session.commit()
    return {
        name: session.scalar(text(f"SELECT count(*) FROM {name}")) or 0  # noqa: S608
        for name in _SIZES
    }
