"""What happens around every page: who may open it, what the browser is told, the transaction."""

from __future__ import annotations

from typing import Final

from flask import Response, abort, g, redirect, request, session, url_for
from flask_babel import gettext as _
from flask_limiter import Limiter
from flask_login import LoginManager, current_user
from flask_wtf.csrf import CSRFError, CSRFProtect
from werkzeug.exceptions import HTTPException
from werkzeug.wrappers import Response as BaseResponse

from bot.accounts import signing_in
from bot.uploads.people import LARGEST
from console.blueprint import blueprint
from console.language import Catalogues
from console.office import Caller, desk, office
from console.roles import OPEN
from console.showing import page

login_manager = LoginManager()
csrf = CSRFProtect()
_CATALOGUES = Catalogues()

# Nothing but our own style sheets and pictures within them; no script at all.
POLICY: Final = (
    "default-src 'none'; style-src 'self'; img-src 'self' data:; form-action 'self';"
    " base-uri 'none'; frame-ancestors 'none'"
)
HEADERS: Final = {
    "Content-Security-Policy": POLICY,
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": "camera=(), geolocation=(), microphone=()",
}
YEAR: Final = 365 * 24 * 3600
LARGEST_FORM: Final = 256 * 1024
# Where a file is handed in; what surrounds it in the form is small.
WITH_FILE: Final = frozenset({"console.import_people"})


def address() -> str:
    """Where a request comes from, behind as many proxies as the settings say."""
    proxies = office().settings.trusted_proxies
    passed = [part.strip() for part in request.headers.get("X-Forwarded-For", "").split(",")]
    if proxies and len(passed) >= proxies and passed[-proxies]:
        return passed[-proxies]
    return request.remote_addr or "unknown"


limiter = Limiter(address, storage_uri="memory://", headers_enabled=False)


@login_manager.user_loader  # type: ignore[untyped-decorator]
def _load(token: str) -> Caller | None:
    account = signing_in.whose(desk(), token, office().real_now(), complete=True)
    return None if account is None else Caller(account, token)


@blueprint.before_request
def check() -> BaseResponse | None:
    """The catalogue, the form's token, and whether this caller may open this page."""
    _CATALOGUES.as_default()
    endpoint = request.endpoint or ""
    with_file = LARGEST + LARGEST_FORM if endpoint in WITH_FILE else LARGEST_FORM
    request.max_content_length = with_file
    csrf.protect()
    if endpoint in OPEN:
        return None
    if not current_user.is_authenticated:
        wanted = request.full_path.rstrip("?") if request.method == "GET" else None
        return redirect(url_for("console.login", next=wanted))
    if not current_user.may(endpoint):
        abort(403)
    return None


@blueprint.after_request
def finish(answer: Response) -> Response:
    """Commit, and tell the browser what it may do with the page."""
    session_of_request = g.get("desk")
    if session_of_request is not None:
        if answer.status_code < 400 or g.get("keep"):
            session_of_request.commit()
        else:
            session_of_request.rollback()
    for name, value in HEADERS.items():
        answer.headers.setdefault(name, value)
    if office().settings.public_url.startswith("https://"):
        answer.headers.setdefault("Strict-Transport-Security", f"max-age={YEAR}")
    if request.endpoint != "console.asset":
        # What people wrote does not stay in a shared computer's cache.
        answer.headers["Cache-Control"] = "no-store"
    return answer


@blueprint.teardown_request
def leave(_error: BaseException | None) -> None:
    """Give the connection back; what was not committed is undone."""
    session_of_request = g.pop("desk", None)
    if session_of_request is not None:
        session_of_request.close()


@blueprint.errorhandler(CSRFError)
def stale(_error: CSRFError) -> tuple[str, int]:
    """A form without its token: the page is too old, or the form is not ours."""
    sentence = _("This page was too old. Please go back and try again.")
    return page("error.html", sentence=sentence), 400


@blueprint.errorhandler(HTTPException)
def refused(error: HTTPException) -> tuple[str, int]:
    """A page that is not there, or not for this caller."""
    _CATALOGUES.as_default()  # too many tries are refused before anything else
    sentence = {
        403: _("This page is not open to you."),
        404: _("There is nothing here, or it is not open to you."),
        405: _("There is nothing here, or it is not open to you."),
        413: _("This is too large. Please split it into several."),
        429: _("Too many tries from here. Please wait some minutes."),
    }.get(error.code or 500, _("This could not be done."))
    return page("error.html", sentence=sentence), error.code or 500


@blueprint.route("/<path:rest>")
def nothing(rest: str) -> str:
    """What leads nowhere looks the same as what is not open, and asks to sign in first."""
    del rest
    abort(404)


def forget_language() -> None:
    """A new sign-in begins with an empty cookie, but for the language."""
    language = session.get("language")
    session.clear()
    if language:
        session["language"] = language
