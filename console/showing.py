"""How pages are written: templates, moments in the programme's time zone, links."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import date, datetime, timedelta
from math import inf
from typing import Any
from urllib.parse import urlencode
from zoneinfo import ZoneInfo

from flask import Response, make_response, render_template, request
from flask_babel import format_date, format_datetime, format_decimal, format_timedelta, get_locale
from flask_babel import gettext as _
from flask_login import current_user
from markupsafe import Markup

from console.language import NAMES
from console.office import office
from console.sentences import known, told
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
    ("console.campaigns", lambda: _("Campaigns")),
    ("console.bank", lambda: _("Bank")),
    ("console.facilities", lambda: _("Facilities")),
    ("console.cards", lambda: _("Cards")),
    ("console.learning", lambda: _("Learning")),
    ("console.messages", lambda: _("Messages")),
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
        language=language(),
        languages=NAMES,
        asset=asset_address,
        moment=moment,
        day=day,
        length=length,
        said=said,
        told=told,
        reason_of=reason_of,
        about=about,
        amount=amount,
        decimal=decimal,
        share=share,
        money=money,
        took=took,
        here=here,
        **values,
    )


def going_on(text: str, seconds: int) -> Response:
    """A page about something that a worker does just now: browsers load it again after a while."""
    answer = make_response(text)
    answer.headers["Refresh"] = str(seconds)
    return answer


def language() -> str:
    """The one in which the page is written."""
    return str(get_locale() or "en")


def zone() -> ZoneInfo:
    """The programme's."""
    return ZoneInfo(office().settings.default_timezone)


def today() -> date:
    """The programme's day."""
    return office().now().astimezone(zone()).date()


def moment(at: datetime | None) -> str:
    """A moment in the programme's time zone, such as ``3 Mar 2026, 11:00``; a dash for none."""
    if at is None:
        return "–"
    local = at.astimezone(zone())
    return str(format_datetime(local, "d MMM yyyy, HH:mm", rebase=False))


def day(on: date | None) -> str:
    """A day, such as ``3 Mar 2026``; a dash for none."""
    return "–" if on is None else str(format_date(on, "d MMM yyyy", rebase=False))


def amount(count: object) -> str:
    """A count with its thousands apart; what is no number, such as ``<5``, as it is."""
    return str(format_decimal(count)) if isinstance(count, int) else str(count)


def decimal(value: float) -> str:
    """A number with two digits after the point."""
    return str(format_decimal(round(value, 2)))


def share(part: object) -> str:
    """A share of 0 to 1 in percent; a dash for none; what is hidden, such as ``<5``, as it is."""
    if part is None:
        return "–"
    return f"{part * 100:.0f} %" if isinstance(part, int | float) else str(part)


def money(sum_: float, currency: str) -> str:
    """An amount of money with its currency."""
    return f"{format_decimal(round(sum_, 2))} {currency}"


def took(seconds: object) -> str:
    """How long something took, in minutes or hours."""
    if not isinstance(seconds, int | float):
        return "–" if seconds is None else str(seconds)
    if seconds < 2 * 3600:
        return str(_("%(minutes)s minutes", minutes=round(seconds / 60)))
    return str(_("%(hours)s hours", hours=format_decimal(round(seconds / 3600, 1))))


def reason_of(reason: str | None) -> str:
    """Why a dose came to nothing, in the language of the page: its own reason, or its message's."""
    return (known(reason) if reason else None) or said("reason", reason)


def about(name: str, problems: Mapping[str, str], help_: str, *, group: bool = False) -> Markup:
    """The attributes that tie a field, or a group of them, to what helps and what is wrong."""
    ids = [f"{name}-help"] * bool(help_) + [f"{name}-wrong"] * (name in problems)
    described = Markup(' aria-describedby="{}"').format(" ".join(ids)) if ids else Markup()
    invalid = name in problems and not group
    return described + (Markup(' aria-invalid="true"') if invalid else Markup())


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
