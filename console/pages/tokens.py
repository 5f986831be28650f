"""Tokens of the API: an admin's list, a new one that is shown once, and the end of one."""

from __future__ import annotations

from flask import flash, redirect, request, url_for
from flask_babel import gettext as _
from werkzeug.wrappers import Response

from bot.accounts import rules, tokens
from bot.accounts.keeping import AccountError
from console import asked
from console.blueprint import blueprint
from console.office import caller, desk, office
from console.pages.accounts import person_typed
from console.showing import page

Answer = str | Response | tuple[str, int]


def _page(**values: object) -> str:
    return page(
        "settings_tokens.html",
        tokens=tokens.listed(desk()),
        roles=rules.ROLES,
        lasts=tokens.LASTS,
        now=office().real_now(),
        **values,
    )


@blueprint.get("/settings/tokens")
def settings_tokens() -> str:
    """Every token that is not revoked."""
    return _page(form={})


@blueprint.post("/settings/tokens")
def token_add() -> Answer:
    """Make a token; it is shown once, on the page that follows."""
    days = asked.typed("days", 4)
    try:
        made, shown = tokens.add(
            desk(),
            asked.typed("name", 254),
            role=asked.typed("role", 20),
            district=asked.typed("district"),
            person=person_typed(),
            may_write=request.form.get("may_write") == "1",
            days=int(days) if days.isascii() and days.isdecimal() else 0,
            now=office().real_now(),
            by=caller().account.id,
        )
    except AccountError as error:
        desk().rollback()
        return _page(sentence=_(str(error)), form=request.form), 422
    return _page(shown=shown, shown_name=made.name, form={})


@blueprint.post("/settings/tokens/<number:token_id>/revoke")
def token_revoke(token_id: int) -> Answer:
    """Let it in no more."""
    try:
        found = tokens.called(desk(), token_id)
    except AccountError as error:
        return _page(sentence=_(str(error)), form={}), 422
    tokens.revoke(desk(), found, office().real_now(), by=caller().account.id)
    flash(_("The token %(name)s is revoked.", name=found.name))
    return redirect(url_for("console.settings_tokens"))
