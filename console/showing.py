"""How pages are written: templates, moments in the programme's time zone, links."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, datetime, timedelta
from math import inf
from typing import Any
from urllib.parse import urlencode
from zoneinfo import ZoneInfo

from flask import render_template, request
from flask_babel import format_date, format_datetime, format_timedelta, get_locale
from flask_babel import gettext as _
from flask_login import current_user

from console.language import NAMES
from console.office import office
from console.words import said

_UNITS = (
    ("day", timedelta(days=1)),
    ("hour", timedelta(hours=1)),
    ("minute", timedelta(minutes=1)),
)

Tab = tuple[str, Callable[[], str]]

# In the order in which they stand; who may not open one does not see it.
TABS: tuple[Tab, ...] = (
    ("console.home", lambda: _("Home")),
    ("console.cases", lambda: _("Cases")),
    ("console.people", lambda: _("People")),
    ("console.reports", lambda: _("Reports")),
    ("console.accounts", lambda: _("Users")),
    ("console.audit", lambda: _("Audit")),
    ("console.settings", lambda: _("Settings")),
)


def page(template: str, **values: Any) -> str:
    """One page, from ``templates/console``."""
    from console.assets import asset_address  # it hangs on the blueprint, as the pages do

    signed_in = current_user.is_authenticated
    return render_template(
        f"console/{template}",
        programme=office().settings.programme_name,
        tabs=[(name, title()) for name, title in TABS if signed_in and current_user.may(name)],
        language=str(get_locale() or "en"),
        languages=NAMES,
        asset=asset_address,
        moment=moment,
        day=day,
        length=length,
        said=said,
        here=here,
        **values,
    )


def zone() -> ZoneInfo:
    """The programme's."""
    return ZoneInfo(office().settings.default_timezone)


def moment(at: datetime | None) -> str:
    """A moment in the programme's time zone, such as ``3 Mar 2026, 11:00``; a dash for none."""
    if at is None:
        return "–"
    local = at.astimezone(zone())
    return str(format_datetime(local, "d MMM yyyy, HH:mm", rebase=False))


def day(on: date | None) -> str:
    """A day, such as ``3 Mar 2026``; a dash for none."""
    return "–" if on is None else str(format_date(on, "d MMM yyyy", rebase=False))


def length(span: timedelta) -> str:
    """A span of whole minutes, hours or days in words, such as ``8 hours``; never rounded."""
    unit = next(
        (name for name, one in _UNITS if span >= one and span % one == timedelta()), "second"
    )
    return str(format_timedelta(span, granularity=unit, threshold=inf))


def here(**changed: Any) -> str:
    """The present page with some of what it was asked for changed; empty ones are left out."""
    # Not by `url_for`, to which some names in an address would mean another one.
    wanted = {**request.args.to_dict(), **changed}
    kept = {name: value for name, value in wanted.items() if value not in (None, "", False)}
    return f"{request.path}?{urlencode(kept)}" if kept else request.path
