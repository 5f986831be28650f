"""How pages are written: templates, moments in the programme's time zone, links."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, datetime
from typing import Any
from urllib.parse import urlencode
from zoneinfo import ZoneInfo

from flask import render_template, request
from flask_babel import format_date, format_datetime, get_locale
from flask_babel import gettext as _
from flask_login import current_user

from console.language import NAMES
from console.office import office
from console.words import said

Tab = tuple[str, Callable[[], str]]

# In the order in which they stand; who may not open one does not see it.
TABS: tuple[Tab, ...] = (
    ("console.home", lambda: _("Home")),
    ("console.cases", lambda: _("Cases")),
    ("console.people", lambda: _("People")),
    ("console.facilities", lambda: _("Facilities")),
    ("console.cards", lambda: _("Cards")),
    ("console.learning", lambda: _("Learning")),
    ("console.messages", lambda: _("Messages")),
    ("console.reports", lambda: _("Reports")),
    ("console.accounts", lambda: _("Users")),
    ("console.audit", lambda: _("Audit")),
)


def page(template: str, **values: Any) -> str:
    """One page, from ``templates/console``."""
    from console.assets import asset_address  # it hangs on the blueprint, as the pages do

    signed_in = current_user.is_authenticated
    return render_template(
        f"console/{template}",
        programme=office().settings.programme_name,
        tabs=[(name, title()) for name, title in TABS if signed_in and current_user.may(name)],
        language=language(),
        languages=NAMES,
        asset=asset_address,
        moment=moment,
        day=day,
        said=said,
        here=here,
        **values,
    )


def language() -> str:
    """The one in which the page is written."""
    return str(get_locale() or "en")


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


def here(**changed: Any) -> str:
    """The present page with some of what it was asked for changed; empty ones are left out."""
    # Not by `url_for`, to which some names in an address would mean another one.
    wanted = {**request.args.to_dict(), **changed}
    kept = {name: value for name, value in wanted.items() if value not in (None, "", False)}
    return f"{request.path}?{urlencode(kept)}" if kept else request.path
