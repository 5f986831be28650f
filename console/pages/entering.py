"""Signing in and out, the one-time code, the link that sets a password, and one's own account."""

from __future__ import annotations

from urllib.parse import urlsplit

from flask import abort, flash, g, redirect, request, session, url_for
from flask_babel import gettext as _
from flask_login import current_user, login_user, logout_user
from werkzeug.wrappers import Response

from bot.accounts import rules, secret, signing_in
from bot.people import UI_LANGUAGES
from console.blueprint import blueprint
from console.guard import forget_language, limiter
from console.office import Caller, caller, desk, office
from console.showing import page
from store.accounts import Account

Answer = str | Response | tuple[str, int]
# By address, whichever account is tried; for each account ``bot.accounts.rules`` counts as well.
TRIES = "10 per minute; 60 per hour"
# Between password and code the sign-in's token is here, and not yet where Flask-Login looks.
HALF = "half"


def _no(template: str, sentence: str, **values: object) -> Answer:
    """The form again. What was counted on the way is kept."""
    g.keep = True
    return page(template, sentence=sentence, **values), 422


def _next() -> str:
    """Where somebody wanted to go: a page of the console, and nothing else."""
    wanted = request.values.get("next", "")
    parts = urlsplit(wanted)
    inside = wanted.startswith("/console/") and "\\" not in wanted and wanted.isprintable()
    return wanted if inside and not parts.netloc and not parts.scheme else url_for("console.home")


def needs_code(account: Account) -> bool:
    """Whether a one-time code is asked for besides the password."""
    asked = office().settings.console_codes and account.role in rules.WITH_CODE
    return asked or account.totp_since is not None


def _enter(account: Account) -> Response:
    """A new sign-in and a new cookie: nothing of before is carried on but the language."""
    wanted = _next()
    half = session.get(HALF)
    if half:
        signing_in.end(desk(), half, office().real_now())
    forget_language()
    token = signing_in.begin(desk(), account, office().real_now(), complete=True)
    login_user(Caller(account, token))
    return redirect(wanted)


@blueprint.route("/login", methods=["GET", "POST"])
@limiter.limit(TRIES, methods=["POST"])
def login() -> Answer:
    """E-mail address and password."""
    if request.method == "GET":
        return page("login.html", wanted=_next())
    now = office().real_now()
    email = request.form.get("email", "")
    account = signing_in.by_password(desk(), email, request.form.get("password", ""), now)
    if account is None:
        sentence = _(
            "E-mail address and password do not match. After five tries an account waits for"
            " 15 minutes. If it goes on, ask your admin for a new link."
        )
        return _no("login.html", sentence, email=email[: rules.LONGEST_EMAIL], wanted=_next())
    if not needs_code(account):
        return _enter(account)
    wanted = _next()
    forget_language()
    session[HALF] = signing_in.begin(desk(), account, now, complete=False)
    follows = "console.code" if account.totp_since else "console.code_setup"
    return redirect(url_for(follows, next=wanted))


def _half() -> Account | None:
    """Who has shown the password and not yet the code."""
    token = session.get(HALF, "")
    return signing_in.whose(desk(), token, office().real_now(), complete=False)


@blueprint.route("/login/code", methods=["GET", "POST"])
@limiter.limit(TRIES, methods=["POST"])
def code() -> Answer:
    """The code of the app, after the password."""
    account = _half()
    if account is None or account.totp_since is None:
        return redirect(url_for("console.login", next=_next()))
    if request.method == "GET":
        return page("code.html", wanted=_next())
    given = request.form.get("code", "")[:20]
    if not signing_in.by_code(desk(), account.id, given, office().real_now()):
        sentence = _("This code is not right, or was used already. Wait for the next one.")
        return _no("code.html", sentence, wanted=_next())
    return _enter(account)


@blueprint.route("/login/code/new", methods=["GET", "POST"])
@limiter.limit(TRIES, methods=["POST"])
def code_setup() -> Answer:
    """The first sign-in of an account that shows codes: the app is told its secret."""
    account = _half()
    if account is None or account.totp_since is not None:
        return redirect(url_for("console.login", next=_next()))
    if account.totp_secret is None:
        account.totp_secret = secret.code_secret()
    shown = {"wanted": _next(), "secret": account.totp_secret, "picture": _picture(account)}
    if request.method == "GET":
        return page("code_setup.html", **shown)
    given = request.form.get("code", "")[:20]
    if not signing_in.by_code(desk(), account.id, given, office().real_now()):
        return _no("code_setup.html", _("This code is not right. Type the one shown now."), **shown)
    return _enter(account)


def _picture(account: Account) -> str:
    """The secret as a QR code: SVG, made here, so that it goes to nobody else."""
    import segno  # here, for every process would load it

    assert account.totp_secret is not None
    address = secret.code_address(
        account.totp_secret, account.email, office().settings.programme_name
    )
    return str(segno.make(address).svg_inline(scale=5, border=4, light="#fff", omitsize=True))


@blueprint.post("/logout")
def logout() -> Answer:
    """The sign-in ends here and on the server: a copy of the cookie lets nobody in."""
    signing_in.end(desk(), caller().token, office().real_now())
    logout_user()
    forget_language()
    flash(_("You are signed out."))
    return redirect(url_for("console.login"))


@blueprint.route("/password/<token>", methods=["GET", "POST"])
@limiter.limit(TRIES)
def password(token: str) -> Answer:
    """Where a one-time link leads."""
    posted = request.method == "POST"
    account = signing_in.by_link(desk(), token, office().real_now(), lock=posted)
    if account is None:
        sentence = _("This link was used already, or is too old. Ask your admin for a new one.")
        return page("error.html", sentence=sentence), 404
    if not posted:
        return page("password.html", email=account.email)
    sentence = _set_password(account)
    if sentence is not None:
        return _no("password.html", sentence, email=account.email)
    forget_language()
    flash(_("Your password is set. Please sign in."))
    return redirect(url_for("console.login"))


def _set_password(account: Account) -> str | None:
    """Set the password of a form, or say what is wrong with it."""
    chosen = request.form.get("password", "")
    problem = rules.password_problem(chosen, account.email)
    if problem is not None:
        return str(
            {
                "short": _("Please take at least 12 signs. A short sentence is good."),
                "long": _("Please take at most 200 signs."),
                "repeats": _("Please take more different signs."),
                "email": _("Please take something without your e-mail address in it."),
            }[problem]
        )
    if chosen != request.form.get("again", ""):
        return str(_("The two are not the same. Please type both again."))
    signing_in.set_password(desk(), account, chosen, office().real_now())
    return None


@blueprint.route("/account", methods=["GET", "POST"])
@limiter.limit(TRIES, methods=["POST"])
def own() -> Answer:
    """One's own account: another password."""
    account = caller().account
    if request.method == "GET":
        return page("own.html", account=account)
    now = office().real_now()
    old = request.form.get("old", "")
    if signing_in.by_password(desk(), account.email, old, now) is None:
        return _no("own.html", _("Your present password is not right."), account=account)
    sentence = _set_password(account)
    if sentence is not None:
        return _no("own.html", sentence, account=account)
    logout_user()
    forget_language()
    flash(_("Your password is set. Please sign in."))
    return redirect(url_for("console.login"))


@blueprint.post("/language/<language>")
def language(language: str) -> Answer:
    """English or French, for this account or, before signing in, for this browser."""
    if language not in UI_LANGUAGES:
        abort(404)
    session["language"] = language
    if current_user.is_authenticated:
        current_user.account.language = language
    return redirect(_next() if request.form.get("next") else url_for("console.home"))
