"""The programme of ``campaign``: mentees, the shipped bank, one launched campaign, its doses."""

from __future__ import annotations

import time
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

import psycopg
from sqlalchemy.orm import Session, sessionmaker

from benchmarks.campaign_network import DIGITS, IN_WINDOW, PREFIX
from benchmarks.rig import Failed
from bot.quizzes import bank, campaigns, catalogue, planning
from bot.quizzes.plan import read

NAME = "Benchmark"
ZONE = "Africa/Kigali"
# Whoever only asks questions is not in it, and gets nothing from the campaign.
ASSOCIATION = "benchmark"
PER_FACILITY = 100

_FACILITIES = """
    INSERT INTO facility (name, level, district)
    SELECT 'Health centre ' || n, 'health centre', 'District ' || n %% 30
    FROM generate_series(0, (%(count)s - 1) / %(per_facility)s) AS n
"""
_PEOPLE = """
    INSERT INTO person (external_id, name, roles, association, cadre, language, timezone, consent,
                        consent_at, facility_id)
    SELECT %(association)s::text || n, 'Mentee ' || n, '{mentee}', %(association)s::text,
           'nurse', 'en', %(zone)s, 'yes', %(now)s,
           (SELECT min(id) FROM facility WHERE level = 'health centre') + n / %(per_facility)s
    FROM generate_series(0, %(count)s - 1) AS n
"""
_ADDRESSES = """
    INSERT INTO address (person_id, channel, value, last_inbound_at)
    SELECT person.id,
           CASE WHEN n %% 4 < %(in_window)s THEN 'sms' ELSE 'whatsapp' END,
           %(prefix)s::text || lpad(n::text, %(digits)s, '0'),
           CASE WHEN n %% 4 = %(in_window)s THEN %(now)s::timestamptz - interval '2 hours'
                ELSE %(now)s::timestamptz - interval '3 days' END
    FROM generate_series(0, %(count)s - 1) AS n
    JOIN person ON person.external_id = %(association)s::text || n
"""


def enrolled(
    connection: psycopg.Connection[Any],
    sessions: sessionmaker[Session],
    count: int,
    now: datetime,
) -> dict[str, Any]:
    """Put ``count`` mentees with consent in place and launch a campaign of all questions for them.

    Half have SMS, a quarter WhatsApp with its window open, a quarter with its window closed.

    Args:
        connection: of the same database, committing by itself.
        now: aware; the product's time.

    Returns:
        ``mentees``, ``launch_s`` (seconds of the launch).

    Raises:
        Failed: the campaign does not reach all of them.
    """
    values = {
        "count": count,
        "association": ASSOCIATION,
        "zone": ZONE,
        "now": now,
        "per_facility": PER_FACILITY,
        "in_window": IN_WINDOW,
        "prefix": PREFIX,
        "digits": DIGITS,
    }
    for statement in (_FACILITIES, _PEOPLE, _ADDRESSES):
        connection.execute(statement, values)
    # They have long been there when a campaign is launched.
    connection.execute("VACUUM ANALYZE person, address, facility")
    plan = read(
        {
            "start": now.date(),
            "end": now.date() + timedelta(days=90),
            "cohort": {"associations": [ASSOCIATION]},
            # Over by the time of day at which this takes place: only what we call due is due.
            "hour": "17:00-17:30",
        }
    )
    with sessions.begin() as session:
        catalogue.save(session, bank.load())
    started = time.perf_counter()
    with sessions.begin() as session:
        made = campaigns.create(session, NAME, plan, now)
        reached = campaigns.launch(session, made, now)
    if reached != count:
        raise Failed(f"The campaign reaches {reached} of {count} mentees.")
    return {"mentees": count, "launch_s": round(time.perf_counter() - started, 2)}


def planned(
    connection: psycopg.Connection[Any],
    sessions: sessionmaker[Session],
    now: Callable[[], datetime],
) -> dict[str, Any]:
    """Plan the first week of everybody, in rounds as the clock does.

    Returns:
        ``plan_s``, ``doses``, and per second ``enrolments_per_second``, ``doses_per_second``.
    """
    started = time.perf_counter()
    enrolments = 0
    while True:
        with sessions.begin() as session:
            done = planning.plan_ahead(session, now())
        if not done:
            break
        enrolments += done
    took = time.perf_counter() - started
    doses = _count(connection, "SELECT count(*) FROM dose")
    return {
        "plan_s": round(took, 2),
        "doses": doses,
        "enrolments_per_second": round(enrolments / took),
        "doses_per_second": round(doses / took),
    }


def _count(connection: psycopg.Connection[Any], query: Any) -> int:
    row = connection.execute(query).fetchone()
    return int(row[0]) if row else 0
