"""Alive, ready, and what Prometheus reads."""

from __future__ import annotations

from flask import Blueprint, Response, jsonify
from prometheus_client import Gauge, generate_latest
from prometheus_client.core import CollectorRegistry
from sqlalchemy import text
from sqlalchemy.exc import SQLAlchemyError

from store.migrate import is_current
from webhooks.house import House, house

blueprint = Blueprint("health", __name__)

# Gauges that are counted in the database when asked for.
COUNTS = {
    "mentorline_inbound_open": "SELECT count(*) FROM inbound WHERE state <> 'done'",
    "mentorline_outbox_queued": "SELECT count(*) FROM outbox WHERE state = 'queued'",
    "mentorline_outbox_unknown": "SELECT count(*) FROM outbox WHERE state = 'unknown'",
    "mentorline_cases_open": "SELECT count(*) FROM \"case\" WHERE state = 'open'",
    "mentorline_jobs_waiting": "SELECT count(*) FROM procrastinate_jobs WHERE status = 'todo'",
    "mentorline_sender_stopped": "SELECT count(*) FROM flag "
    "WHERE name = 'sender_stopped' AND until > :now",
}


@blueprint.get("/healthz")
def alive() -> Response:
    """This process answers."""
    return jsonify(status="ok")


@blueprint.get("/readyz")
def ready() -> tuple[Response, int]:
    """The database answers, has the newest schema, and has the queue's tables."""
    problem = _problem(house())
    if problem is None:
        return jsonify(status="ready"), 200
    return jsonify(status="not ready", reason=problem), 503


def _problem(this: House) -> str | None:
    try:
        if not is_current(this.engine):
            return "the database needs ./mentorline migrate"
        with this.engine.connect() as connection:
            connection.execute(text("SELECT 1 FROM procrastinate_jobs LIMIT 1"))
    except SQLAlchemyError:
        return "the database does not answer"
    return None


@blueprint.get("/metrics")
def metrics() -> Response:
    """Prometheus text format: this process's counters, and what waits in the database."""
    this = house()
    gauges = CollectorRegistry()
    try:
        with this.engine.connect() as connection:
            for name, query in COUNTS.items():
                value = connection.execute(text(query), {"now": this.now()}).scalar_one()
                Gauge(name, name.replace("_", " "), registry=gauges).set(value)
    except SQLAlchemyError:
        pass  # the counters are still worth reading when the database is away
    body = generate_latest(this.registry) + generate_latest(gauges)
    return Response(body, content_type="text/plain; version=0.0.4; charset=utf-8")
