"""The OpenAPI document, made from the declarations that serve the routes."""

from __future__ import annotations

import re
from typing import Any, Final

from pydantic.json_schema import models_json_schema

from api.models import Error
from api.routes import ROUTES, Route
from bot.accounts.api_roles import ROUTES as ROLES
from bot.accounts.api_roles import WRITES

VERSION: Final = "1.0"
_PLACE: Final = "#/components/schemas/{model}"
_PARTS: Final = re.compile(r"{(\w+)}")

# What can go wrong everywhere; the sentence says it more closely.
_PROBLEMS: Final = {
    "401": "There is no token, or it is not good (any more).",
    "403": "The token may not do this.",
    "404": "There is nothing here, or the token may not see it.",
    "422": "Something in the request cannot be used.",
    "429": "Too many requests; `Retry-After` says when to go on.",
}


def document(programme: str, url: str) -> dict[str, Any]:
    """The document of all routes.

    Args:
        programme: the name it is given; ``url``: the public address of the product.
    """
    models = [
        (model, "serialization" if model is route.answers else "validation")
        for route in ROUTES.values()
        for model in (route.answers, route.takes)
        if isinstance(model, type)
    ]
    refs, schemas = models_json_schema(
        [*models, (Error, "serialization")],  # type: ignore[list-item]
        ref_template=_PLACE,
    )
    paths: dict[str, dict[str, Any]] = {}
    for route in ROUTES.values():
        paths.setdefault(route.path, {})[route.method] = _operation(route, refs)
    return {
        "openapi": "3.1.0",
        "info": {
            "title": f"{programme} API",
            "version": VERSION,
            "description": "The same data as on the pages of the console, within the scope of the"
            " token. Moments are ISO 8601 in UTC. Lists are read page by page with `after`.",
        },
        "servers": [{"url": f"{url}/api/v1"}],
        "security": [{"token": []}],
        "paths": paths,
        "components": {
            "securitySchemes": {"token": {"type": "http", "scheme": "bearer"}},
            "schemas": schemas["$defs"],
        },
    }


def _operation(route: Route, refs: dict[Any, Any]) -> dict[str, Any]:
    said: dict[str, Any] = {
        "operationId": route.name,
        "summary": route.says,
        "description": _who(route.name),
        "parameters": [*_in_path(route.path), *_in_query(route)],
        "responses": {
            "200": {
                "description": "Done.",
                "content": {"application/json": {"schema": refs[route.answers, "serialization"]}},
            },
            **{status: _problem(says, refs) for status, says in _PROBLEMS.items()},
        },
    }
    if isinstance(route.takes, tuple):
        file = {"schema": {"type": "string", "contentEncoding": "binary"}}
        said["requestBody"] = {"required": True, "content": dict.fromkeys(route.takes, file)}
    elif route.takes is not None:
        body = {"application/json": {"schema": refs[route.takes, "validation"]}}
        said["requestBody"] = {"required": True, "content": body}
    if route.name in WRITES:
        said["responses"]["409"] = _problem("It cannot be done in the present state.", refs)
    return said


def _who(name: str) -> str:
    writes = " The token must be allowed to write." if name in WRITES else ""
    return f"For tokens with the role {', '.join(sorted(ROLES[name]))}.{writes}"


def _problem(says: str, refs: dict[Any, Any]) -> dict[str, Any]:
    schema = refs[Error, "serialization"]
    return {"description": says, "content": {"application/json": {"schema": schema}}}


def _in_path(path: str) -> list[dict[str, Any]]:
    return [
        {
            "name": name,
            "in": "path",
            "required": True,
            "schema": {"type": "integer", "minimum": 1}
            if name.endswith("_id")
            else {"type": "string"},
        }
        for name in _PARTS.findall(path)
    ]


def _in_query(route: Route) -> list[dict[str, Any]]:
    schema = route.asks.model_json_schema(ref_template=_PLACE)
    required = schema.get("required", [])
    found = []
    for name, said in schema.get("properties", {}).items():
        plain = {key: value for key, value in said.items() if key not in ("title", "description")}
        one = {"name": name, "in": "query", "required": name in required, "schema": plain}
        if "description" in said:
            one["description"] = said["description"]
        found.append(one)
    return found
