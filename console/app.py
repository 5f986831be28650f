"""Hangs the console into the web process."""

from __future__ import annotations

from flask import Flask
from flask_babel import Babel

from console import assets, guard
from console.blueprint import blueprint
from console.language import chosen
from console.office import Office
from console.pages import (
    accounts,
    audit,
    bank,
    campaigns,
    cards,
    cases,
    deeds,
    entering,
    facilities,
    home,
    hooks,
    importing,
    learning,
    library,
    messages,
    people,
    planning,
    reports,
    settings,
    tokens,
)

# Each hangs its pages on the blueprint when it is read.
PAGES = (
    assets,
    accounts,
    audit,
    bank,
    campaigns,
    cards,
    cases,
    deeds,
    entering,
    facilities,
    home,
    hooks,
    importing,
    learning,
    library,
    messages,
    people,
    planning,
    reports,
    settings,
    tokens,
)


def open_console(app: Flask, office: Office) -> None:
    """Serve ``/console`` from this process. Nothing outside it is changed."""
    app.extensions["mentorline.console"] = office
    app.config.update(
        SESSION_COOKIE_NAME="mentorline",
        SESSION_COOKIE_PATH="/console",
        SESSION_COOKIE_HTTPONLY=True,
        SESSION_COOKIE_SAMESITE="Lax",
        SESSION_COOKIE_SECURE=office.settings.public_url.startswith("https://"),
        # Only the console's forms carry tokens; `guard.check` asks for them. They last as long as
        # the sign-in: an answer may take longer to write than an hour.
        WTF_CSRF_CHECK_DEFAULT=False,
        WTF_CSRF_TIME_LIMIT=None,
        RATELIMIT_ENABLED=True,
    )
    app.jinja_env.trim_blocks = True
    app.jinja_env.lstrip_blocks = True
    Babel(app, locale_selector=chosen, default_timezone=office.settings.default_timezone)
    guard.csrf.init_app(app)
    guard.login_manager.init_app(app)
    guard.limiter.init_app(app)
    app.register_blueprint(blueprint)
