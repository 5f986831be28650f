"""Outgoing webhooks: an admin's list, a new one, and what is done with one."""

from __future__ import annotations

from flask import flash, redirect, request, url_for
from flask_babel import gettext as _
from werkzeug.wrappers import Response

from bot.hooks import keeping
from bot.hooks.events import EVENTS
from bot.hooks.target import LONGEST_URL, HookError
from console import asked
from console.blueprint import blueprint
from console.office import caller, desk, note, office, told
from console.showing import page

Answer = str | Response | tuple[str, int]


def _page(**values: object) -> str:
    return page(
        "settings_hooks.html",
        hooks=keeping.listed(desk()),
        events=EVENTS,
        longest=LONGEST_URL,
        **values,
    )


def _refused(error: HookError, **values: object) -> Answer:
    desk().rollback()
    return _page(sentence=told(error), **values), 422


@blueprint.get("/settings/webhooks")
def settings_hooks() -> str:
    """Every webhook in use, and what became of its last deliveries."""
    return _page(form={}, chosen=())


@blueprint.post("/settings/webhooks")
def hook_add() -> Answer:
    """Make a webhook; its secret is shown once, on the page that follows."""
    chosen = request.form.getlist("events")
    try:
        made = keeping.add(
            desk(),
            asked.typed("url", LONGEST_URL + 1),
            chosen,
            private=office().settings.webhook_private_addresses,
            now=office().real_now(),
            by=caller().account.id,
        )
    except HookError as error:
        return _refused(error, form=request.form, chosen=chosen)
    return _page(secret=made.secret, secret_of=made.url, form={}, chosen=())


@blueprint.post("/settings/webhooks/<number:hook_id>")
def hook_change(hook_id: int) -> Answer:
    """Send a test, try again what was given up, or remove it: the pressed button says which."""
    try:
        hook = keeping.called(desk(), hook_id)
        match request.form.get("do"):
            case "test":
                keeping.test(desk(), hook, office().now())
                note("webhook_tested", number=hook.id)
                said = _("A test is on its way. What became of it stands here in a moment.")
            case "again":
                count = keeping.again(desk(), hook, office().now())
                note("webhook_tested", number=hook.id)
                said = _("%(count)s deliveries are tried again.", count=count)
            case "remove" if request.form.get("sure") == "1":
                keeping.end(desk(), hook, office().real_now(), by=caller().account.id)
                said = _("The webhook is removed.")
            case "remove":
                raise HookError("Please tick that you are sure.")
            case _:
                return redirect(url_for("console.settings_hooks"))
    except HookError as error:
        return _refused(error, form={}, chosen=())
    flash(said)
    return redirect(url_for("console.settings_hooks"))
