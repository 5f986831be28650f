"""Hangs the console into the web process."""

from __future__ import annotations

from importlib import import_module
from pkgutil import iter_modules

from flask import Flask
from flask_babel import Babel

from console import guard, pages
from console.blueprint import Number, blueprint
from console.language import chosen
from console.office import Office

# Each module of pages hangs them on the blueprint when it is read, and so does that of assets.
import_module("console.assets")
for _page in iter_modules(pages.__path__, f"{pages.__name__}."):
    import_module(_page.name)


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
    app.url_map.converters["number"] = Number
    app.register_blueprint(blueprint)
