"""The routes as declarations: what serves them and what describes them read the same."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final, Literal

from pydantic import BaseModel
from sqlalchemy.orm import Session, sessionmaker

from api.asking import Nothing
from api.models import Answer
from bot.accounts.scope import Scope
from bot.settings import Settings
from store.tokens import ApiToken


class Refused(Exception):
    """The request cannot be fulfilled.

    Args:
        status: of HTTP; ``code``: a word for programs; ``message``: a sentence for people.
    """

    def __init__(self, status: int, code: str, message: str) -> None:
        super().__init__(message)
        self.status, self.code, self.message = status, code, message


NOT_FOUND: Final = "There is nothing here, or this token may not see it."


@dataclass(frozen=True)
class Call:
    """One request: who asks, for what, and what it is answered from.

    ``now``: the programme's time; ``real_now``: the time by which tokens expire. Both aware.
    ``note``: writes an entry of the audit in the token's name. ``content``, ``media``: a file that
    was sent, and what it is said to be.
    """

    session: Session
    sessions: sessionmaker[Session]
    settings: Settings
    token: ApiToken
    scope: Scope
    now: datetime
    real_now: datetime
    path: Mapping[str, Any]
    note: Callable[..., None]
    content: bytes
    media: str


@dataclass(frozen=True)
class Route:
    """``asks``: its query; ``takes``: its JSON body, or a file of these media types."""

    name: str
    method: Literal["get", "post"]
    path: str
    says: str
    answers: type[Answer]
    run: Callable[[Call, Any], Answer]
    asks: type[BaseModel] = Nothing
    takes: type[BaseModel] | tuple[str, ...] | None = None


ROUTES: Final[dict[str, Route]] = {}


def get(
    path: str, answers: type[Answer], asks: type[BaseModel] = Nothing
) -> Callable[[Callable[[Call, Any], Answer]], Callable[[Call, Any], Answer]]:
    """Declare a route that reads; its name is the function's, what it says its docstring."""
    return _declare("get", path, answers, asks, None)


def post(
    path: str,
    answers: type[Answer],
    *,
    asks: type[BaseModel] = Nothing,
    takes: type[BaseModel] | tuple[str, ...] | None = None,
) -> Callable[[Callable[[Call, Any], Answer]], Callable[[Call, Any], Answer]]:
    """Declare a route that changes something."""
    return _declare("post", path, answers, asks, takes)


def _declare(
    method: Literal["get", "post"],
    path: str,
    answers: type[Answer],
    asks: type[BaseModel],
    takes: type[BaseModel] | tuple[str, ...] | None,
) -> Callable[[Callable[[Call, Any], Answer]], Callable[[Call, Any], Answer]]:
    def declared(run: Callable[[Call, Any], Answer]) -> Callable[[Call, Any], Answer]:
        says = (run.__doc__ or "").strip()
        ROUTES[run.__name__] = Route(run.__name__, method, path, says, answers, run, asks, takes)
        return run

    return declared
