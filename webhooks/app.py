"""The web process: ``create_app`` is the WSGI factory that gunicorn runs."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime

from flask import Flask
from prometheus_client import CollectorRegistry
from sqlalchemy import event

from api import open_api
from bot import settings as settings_module
from bot.dialogues.actions.thresholds import ThresholdsFile
from bot.settings import Settings
from console import open_console
from console.office import Office
from store import clock
from store.base import make_engine, make_sessions
from store.migrate import psycopg_conninfo
from webhooks import actions, health, media, root, simulator_proxy, twilio
from webhooks.house import Counters, House
from webhooks.receipts import Receipts
from webhooks.statuses import StatusDoor


def create_app(
    settings: Settings | None = None, now: Callable[[], datetime] | None = None
) -> Flask:
    """The web application.

    Args:
        settings: read from the environment when not given.
        now: the clock; aware, UTC. Not given: the real one, or the demo's.

    Raises:
        bot.settings.SettingsError: a needed setting is missing or malformed.
    """
    settings = settings or settings_module.load()
    settings.require("DATABASE_URL", "SECRET_KEY", "TWILIO_AUTH_TOKEN")
    assert settings.database_url is not None
    engine = make_engine(settings.database_url, pool_size=settings.web_threads)
    registry = CollectorRegistry()
    app = Flask(__name__)
    app.secret_key = settings.secret_key
    this = House(
        settings=settings,
        engine=engine,
        sessions=make_sessions(engine, settings.session_info),
        thresholds=ThresholdsFile(settings.models_dir / "current.json"),
        registry=registry,
        counters=Counters(registry),
        now=now or clock.of(settings.mentorline_clock),
    )
    app.extensions["mentorline"] = this
    for module in (twilio, actions, health, media, root):
        app.register_blueprint(module.blueprint)
    if settings.mentorline_simulator_url is not None:
        app.register_blueprint(simulator_proxy.blueprint)
    real_now = now or clock.utc_now
    open_console(app, Office(settings, this.sessions, this.now, real_now))
    open_api(app)
    receipts = Receipts(psycopg_conninfo(settings.database_url))
    # Its connection goes with the others.
    event.listen(engine, "engine_disposed", lambda _engine: receipts.close())
    app.wsgi_app = StatusDoor(app.wsgi_app, this, receipts)  # type: ignore[method-assign]
    return app
