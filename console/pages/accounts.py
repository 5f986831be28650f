"""Users: an admin's list of accounts, and what an admin does with one."""

from __future__ import annotations

from flask import flash, g, redirect, request, url_for
from flask_babel import gettext as _
from sqlalchemy import select
from werkzeug.wrappers import Response

from bot.accounts import keeping, rules
from bot.accounts.keeping import AccountError
from bot.people import UI_LANGUAGES, e164
from console import asked
from console.blueprint import blueprint
from console.office import caller, desk, office
from console.showing import page
from store.people import Address, Person

Answer = str | Response | tuple[str, int]


def _page(**values: object) -> str:
    accounts = keeping.listed(desk())
    return page(
        "accounts.html",
        accounts=accounts,
        roles=rules.ROLES,
        ui_languages=UI_LANGUAGES,
        now=office().real_now(),
        mine=caller().account.id,
        **values,
    )


@blueprint.get("/users", endpoint="accounts")
def list_() -> str:
    """Every account."""
    return _page(form={})


def person_typed() -> Person | None:
    """The mentor whose phone number or external id stands in the form."""
    typed = asked.typed("phone")
    if not typed:
        return None
    number = e164(typed, office().settings.default_region)
    numbers = select(Address.person_id).where(Address.value == (number or typed))
    return desk().scalar(
        select(Person)
        .where((Person.external_id == typed) | Person.id.in_(numbers))
        .order_by(Person.id)
        .limit(1)
    )


def _refused(error: AccountError, **values: object) -> Answer:
    desk().rollback()
    g.pop("keep", None)
    return _page(sentence=_(str(error)), **values), 422


def _link_of(token: str) -> str:
    return f"{office().settings.public_url}{url_for('console.password', token=token)}"


@blueprint.post("/users")
def account_add() -> Answer:
    """Make an account; its link is shown once, on the page that follows."""
    form = request.form
    now, by = office().real_now(), caller().account.id
    wanted = asked.typed("language", 254)
    try:
        made = keeping.add(
            desk(),
            asked.typed("email", 254),
            role=asked.typed("role", 254),
            name=asked.typed("name", 254),
            language=wanted if wanted in UI_LANGUAGES else office().settings.default_language,
            district=asked.typed("district"),
            person=person_typed(),
            now=now,
            by=by,
        )
        token = keeping.link(desk(), made, now, by=by)
    except AccountError as error:
        return _refused(error, form=form)
    return _page(link=_link_of(token), link_of=made.email, form={})


@blueprint.post("/users/<number:account_id>")
def account_change(account_id: int) -> Answer:
    """One change of one account: the pressed button says which."""
    account = next((one for one in keeping.listed(desk()) if one.id == account_id), None)
    if account is None:
        return redirect(url_for("console.accounts"))
    now, by = office().real_now(), caller().account.id
    try:
        account = keeping.called(desk(), account.email)
        match request.form.get("do"):
            case "link":
                token = keeping.link(desk(), account, now, by=by)
                return _page(link=_link_of(token), link_of=account.email, form={})
            case "disable":
                keeping.disable(desk(), account, now, by=by)
                said = _("%(email)s is disabled and signed out.", email=account.email)
            case "enable":
                keeping.enable(desk(), account, now, by=by)
                said = _("%(email)s may sign in again.", email=account.email)
            case "code":
                keeping.reset_code(desk(), account, now, by=by)
                said = _("%(email)s sets up codes anew at the next sign-in.", email=account.email)
            case "role":
                keeping.change_role(
                    desk(),
                    account,
                    role=asked.typed("role", 254),
                    district=asked.typed("district"),
                    person=person_typed(),
                    now=now,
                    by=by,
                )
                said = _("%(email)s has another role now.", email=account.email)
            case _:
                return redirect(url_for("console.accounts"))
    except AccountError as error:
        return _refused(error, form={})
    flash(said)
    return redirect(url_for("console.accounts"))
