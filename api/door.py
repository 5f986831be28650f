"""The way in: the token, the rate, the scope, the transaction; and every error as JSON."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any, Final

from flask import Blueprint, Flask, Response, g, jsonify, request
from pydantic import BaseModel, ValidationError
from sqlalchemy.orm import Session
from werkzeug.exceptions import HTTPException

from api import openapi, reading, reports, writing
from api.models import Error, Problem
from api.routes import NOT_FOUND, ROUTES, Call, Refused, Route
from bot.accounts import audit, secret, tokens
from bot.accounts.api_roles import WRITES, may
from bot.uploads.people import LARGEST
from console.guard import address, limiter
from console.office import office
from store.tokens import ApiToken

blueprint = Blueprint("api", __name__, url_prefix="/api/v1")

# Each declares its routes when it is read.
PARTS: Final = (reading, reports, writing)
# By token; and by address, for those that try tokens out.
RATE: Final = "120 per minute"
RATE_OF_ADDRESS: Final = "600 per minute"
LARGEST_BODY: Final = 64 * 1024
WAIT: Final = 60
"""Seconds that whoever was too fast is asked to wait."""

_PART: Final = re.compile(r"{(\w+)}")
_RULES: Final = {
    "name": "<name>",
    **{part: f"<number:{part}>" for part in ("person_id", "case_id", "import_id")},
}
_CODES: Final = {
    400: ("bad_request", "This request cannot be read."),
    404: ("not_found", NOT_FOUND),
    413: ("too_large", "This is too much at once."),
    429: ("too_fast", "Too many requests. Please wait a minute."),
}


def _token(session: Session) -> ApiToken:
    kind, _, shown = request.headers.get("Authorization", "").partition(" ")
    found = None
    if kind.lower() == "bearer" and shown.strip():
        found = tokens.whose(session, shown.strip(), office().real_now())
    if found is None:
        raise Refused(401, "no_token", "Please send a token that is good: Authorization: Bearer …")
    return found


def _read(model: type[BaseModel], given: Any) -> BaseModel:
    try:
        return model.model_validate(given)
    except ValidationError as error:
        raise _wrong(error) from None


def _body(model: type[BaseModel]) -> BaseModel:
    try:
        return model.model_validate_json(request.get_data())
    except ValidationError as error:
        raise _wrong(error) from None


def _wrong(error: ValidationError) -> Refused:
    first = error.errors(include_input=False, include_url=False)[0]
    where = ".".join(str(part) for part in first["loc"]) or "body"
    return Refused(422, "not_usable", f"{where}: {first['msg']}.")


def _file(media: tuple[str, ...]) -> bytes:
    if request.mimetype not in media:
        raise Refused(415, "wrong_type", f"Content-Type must be one of {', '.join(media)}.")
    return request.get_data()


def _serving(route: Route) -> Callable[..., Response]:
    def serve(**path: Any) -> Response:
        request.max_content_length = LARGEST if isinstance(route.takes, tuple) else LARGEST_BODY
        here = office()
        session = g.api_session = here.sessions()
        token = _token(session)
        if not may(token.role, route.name):
            raise Refused(403, "forbidden", "The role of this token may not do this.")
        if route.name in WRITES and not token.may_write:
            raise Refused(403, "read_only", "This token may only read.")
        given = _read(route.asks, request.args.to_dict())
        content = b""
        if isinstance(route.takes, tuple):
            content = _file(route.takes)
        elif route.takes is not None:
            given = _body(route.takes)

        def note(*, person: int | None = None, case: int | None = None, **data: Any) -> None:
            about = {"route": route.name, "token": token.id, **data}
            real_now, by = here.real_now(), token.account_id
            audit.note(session, "api_used", real_now, by=by, person=person, case=case, **about)

        call = Call(
            session=session,
            sessions=here.sessions,
            settings=here.settings,
            token=token,
            scope=tokens.scope_of(token),
            now=here.now(),
            real_now=here.real_now(),
            path=path,
            note=note,
            content=content,
            media=request.mimetype,
        )
        answer = route.run(call, given)
        return Response(answer.model_dump_json(), content_type="application/json")

    return serve


def _bearer() -> str:
    """Whose requests are counted together: those of a token, or of an address without one."""
    shown = request.headers.get("Authorization")
    return secret.token_hash(shown) if shown else address()


for _route in ROUTES.values():
    blueprint.add_url_rule(
        _PART.sub(lambda part: _RULES[part[1]], _route.path),
        _route.name,
        _serving(_route),
        methods=[_route.method.upper()],
    )


@blueprint.get("/openapi.json", endpoint="openapi")
def describe() -> Response:
    """The document of all routes; it holds nothing of the programme but its name."""
    settings = office().settings
    return jsonify(openapi.document(settings.programme_name, settings.public_url))


@blueprint.route("/<path:rest>", methods=["GET", "POST", "PUT", "PATCH", "DELETE"])
def nothing(rest: str) -> Response:
    """What leads nowhere says so in JSON, too."""
    del rest
    raise Refused(404, "not_found", NOT_FOUND)


limiter.shared_limit(RATE, scope="api", key_func=_bearer)(blueprint)
limiter.shared_limit(RATE_OF_ADDRESS, scope="api-address")(blueprint)


@blueprint.errorhandler(Refused)
def refused(error: Refused) -> Response:
    """Why a request is not fulfilled."""
    answer = _error(error.status, error.code, error.message)
    if error.status == 401:
        answer.headers["WWW-Authenticate"] = "Bearer"
    return answer


@blueprint.errorhandler(HTTPException)
def failed(error: HTTPException) -> Response:
    """What the frame refuses before a route is asked."""
    status = error.code or 500
    code, message = _CODES.get(status, ("failed", "This could not be done."))
    answer = _error(status, code, message)
    if status == 429:
        answer.headers["Retry-After"] = str(WAIT)
    return answer


def _error(status: int, code: str, message: str) -> Response:
    said = Error(error=Problem(code=code, message=message))
    return Response(said.model_dump_json(), status, content_type="application/json")


@blueprint.after_request
def finish(answer: Response) -> Response:
    """Commit what went well; nothing of it stays in a cache on the way."""
    session = g.get("api_session")
    if session is not None:
        if answer.status_code < 400:
            session.commit()
        else:
            session.rollback()
    answer.headers["Cache-Control"] = "no-store"
    answer.headers["X-Content-Type-Options"] = "nosniff"
    return answer


@blueprint.teardown_request
def leave(_error: BaseException | None) -> None:
    """Give the connection back; what was not committed is undone."""
    session = g.pop("api_session", None)
    if session is not None:
        session.close()


def open_api(app: Flask) -> None:
    """Serve ``/api/v1`` from this process, beside the console, whose office it shares."""
    app.register_blueprint(blueprint)
