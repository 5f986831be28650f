"""How long each page of the console and each route of the API takes, what it weighs and asks.

`./mentorline bench console` fills a database and asks the web application in this process for every
page that the url map has, as an admin. Pages that others add are measured without a word here.
"""

from __future__ import annotations

import argparse
import gzip
import json
import re
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final

from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import Engine, event, inspect, text
from sqlalchemy.orm import Session
from werkzeug.test import TestResponse

from api.routes import ROUTES
from benchmarks.console_house import BUSY, MENTORS, NOW, QUICK, WHOLE, Size, fill
from benchmarks.figures import machine, milliseconds, percentile, table
from bot.accounts import keeping, signing_in, tokens
from bot.settings import Settings
from console.guard import limiter
from console.roles import PAGES
from store import embedded, migrate
from store.base import make_engine, make_sessions
from webhooks.app import create_app

AIM_SECONDS: Final = 0.3
AIM_BYTES: Final = 200_000
# What is slow is known after fewer rounds.
LONGEST_SECONDS: Final = 10.0
# Not a page, or one that ends what is measured.
LEFT_OUT: Final = frozenset({"console.nothing", "console.logout"})
# Where an argument is not the last row of a table of that name.
GIVEN: Final = {"name": "service-level", "person_id": str(MENTORS + 1), "campaign_id": "1"}
TABLES: Final = {"import": "file_import", "draft": "card_draft"}
_PART: Final = re.compile(r"<(?:[\w()=.]+:)?(\w+)>")
_API_PART: Final = re.compile(r"{(\w+)}")


def main() -> int:
    """Print the figures."""
    parser = argparse.ArgumentParser(prog="./mentorline bench console")
    parser.add_argument("--json", action="store_true", help="one JSON object instead of tables")
    parser.add_argument("--quick", action="store_true", help="a tenth of the people, few rounds")
    chosen = parser.parse_args()
    size, rounds = (QUICK, 5) if chosen.quick else (WHOLE, 25)
    found = measured(size, rounds)
    print(json.dumps(found, ensure_ascii=False) if chosen.json else shown(found))
    return 0


def measured(size: Size, rounds: int) -> dict[str, Any]:
    """All figures, on a database of its own that is gone afterwards."""
    with tempfile.TemporaryDirectory(prefix="mentorline-bench-") as folder:
        found: dict[str, Any] = {"machine": machine(Path(folder))}
        server = embedded.start(Path(folder), durable=False)
        try:
            migrate.upgrade(server.url)
            engine = make_engine(server.url)
            try:
                with make_sessions(engine)() as session:
                    print(f"Making {size.people:,} people …", file=sys.stderr)
                    started = time.perf_counter()
                    found["counts"] = fill(session, size)
                    found["fill_seconds"] = round(time.perf_counter() - started, 1)
            finally:
                engine.dispose()
            settings = Settings(
                _env_file=None,  # type: ignore[call-arg]
                database_url=server.url,
                mentorline_home=Path(folder),
                secret_key="of a benchmark",  # noqa: S106
                twilio_auth_token="of a benchmark",  # noqa: S106
                public_url="http://localhost",
            )
            app = create_app(settings, lambda: NOW)
            house = app.extensions["mentorline"]
            try:
                found |= _asked(app, house.engine, house.sessions, rounds)
            finally:
                house.engine.dispose()
        finally:
            server.stop()
    pages = [*found["pages"], *found["routes"]]
    slowest = max(pages, key=lambda one: one["p95_ms"])
    home = next(one for one in found["pages"] if one["page"] == "console.home")
    found["aims"] = [
        {
            "aim": f"p95 of every page and route under {AIM_SECONDS * 1000:.0f} ms",
            "found": f"{slowest['page']}: {slowest['p95_ms']} ms",
            "met": slowest["p95_ms"] < AIM_SECONDS * 1000,
        },
        {
            "aim": f"the first page with its styles under {AIM_BYTES // 1000} kB",
            "found": f"{(home['gzip'] + found['styles']) / 1000:.0f} kB",
            "met": home["gzip"] + found["styles"] < AIM_BYTES,
        },
    ]
    return found


def _asked(app: Flask, engine: Engine, sessions: Any, rounds: int) -> dict[str, Any]:
    with sessions.begin() as session:
        client, bearer = _admin(app, session)
        values = Values(session)
        pages = list(_pages(app, values))
        routes = [
            (route.name, _API_PART.sub(lambda part: values.of(part[1]) or "0", route.path))
            for route in ROUTES.values()
            if route.method == "get" and route.name != "import_status"
        ]
    return {
        "pages": [_page(name, path, client, {}, engine, rounds) for name, path in pages if path],
        "not_measured": sorted(name for name, path in pages if not path),
        "routes": [
            _page(name, f"/api/v1{path}", client, bearer, engine, rounds) for name, path in routes
        ],
        "styles": _styles(client),
    }


def _admin(app: Flask, session: Session) -> tuple[FlaskClient, dict[str, str]]:
    """A browser in which an admin is signed in, and what a program of theirs shows."""
    account = keeping.add(
        session, "bench@example.org", role="admin", name="Bench", language="en", district=None,
        person=None, now=NOW, by=None,
    )  # fmt: skip
    signed_in = signing_in.begin(session, account, NOW, complete=True)
    _, token = tokens.add(
        session, "bench", role="admin", district=None, person=None, may_write=False, days=30,
        now=NOW, by=account.id,
    )  # fmt: skip
    client = app.test_client()
    with client.session_transaction() as cookie:
        cookie["_user_id"], cookie["_fresh"] = signed_in, True
    return client, {"Authorization": f"Bearer {token}"}


class Values:
    """What stands in addresses: of ``thing_id`` the last row of the table ``thing``."""

    def __init__(self, session: Session) -> None:
        self._session = session
        self._tables = set(inspect(session.connection()).get_table_names())

    def of(self, name: str) -> str | None:
        """A value for an argument; None: none is known, or the table is empty."""
        if name in GIVEN:
            return GIVEN[name]
        thing = TABLES.get(name.removesuffix("_id"), name.removesuffix("_id"))
        if thing not in self._tables:
            return None
        last = text(f'SELECT id FROM "{thing}" ORDER BY id DESC LIMIT 1')  # noqa: S608
        found = self._session.scalar(last)
        return None if found is None else str(found)


def _pages(app: Flask, values: Values) -> Iterator[tuple[str, str]]:
    """Every page that is read, with an address; empty: an argument has no value here."""
    for rule in app.url_map.iter_rules():
        wanted = rule.endpoint in PAGES and rule.endpoint not in LEFT_OUT
        if not wanted or "GET" not in (rule.methods or set()):
            continue
        parts = _PART.findall(rule.rule)
        if all(values.of(part) is not None for part in parts):
            yield rule.endpoint, _PART.sub(lambda part: values.of(part[1]) or "", rule.rule)
        else:
            yield rule.endpoint, ""


def _page(
    name: str,
    path: str,
    client: FlaskClient,
    headers: dict[str, str],
    engine: Engine,
    rounds: int,
) -> dict[str, Any]:
    print(f"  {name}", file=sys.stderr)
    with client.application.app_context():
        limiter.reset()  # as many as are measured would be too many for one caller
    _get(client, path, headers)  # what is read once for a process is not the page's
    with _counted(engine) as statements:
        answer = _get(client, path, headers)
    seconds = []
    for _ in range(rounds):
        started = time.perf_counter()
        _get(client, path, headers)
        seconds.append(time.perf_counter() - started)
        if sum(seconds) > LONGEST_SECONDS:
            break
    content = answer.get_data()
    return {
        "page": name,
        "status": answer.status_code,
        "p50_ms": milliseconds(percentile(seconds, 0.5)),
        "p95_ms": milliseconds(percentile(seconds, 0.95)),
        "queries": len(statements),
        "bytes": len(content),
        "gzip": len(gzip.compress(content, 6)),
    }


def _get(client: FlaskClient, path: str, headers: dict[str, str]) -> TestResponse:
    return client.get(path, headers=headers)


@contextmanager
def _counted(engine: Engine) -> Iterator[list[str]]:
    """The statements that the database is given meanwhile."""
    seen: list[str] = []

    def note(_connection: Any, _cursor: Any, statement: str, *_rest: Any) -> None:
        seen.append(statement)

    event.listen(engine, "before_cursor_execute", note)
    try:
        yield seen
    finally:
        event.remove(engine, "before_cursor_execute", note)


def _styles(client: FlaskClient) -> int:
    """Bytes of the style sheets of the first page, as they are sent."""
    page = client.get("/console/").get_data(as_text=True)
    packed = {"Accept-Encoding": "gzip"}
    sheets = re.findall(r'<link rel="stylesheet" href="([^"]+)"', page)
    return sum(len(client.get(sheet, headers=packed).get_data()) for sheet in sheets)


def shown(found: dict[str, Any]) -> str:
    """The figures as people read them."""
    where = found["machine"]
    counted = ", ".join(f"{number:,} {name}" for name, number in found["counts"].items())
    heading = ("page", "p50 ms", "p95 ms", "queries", "kB", "kB gzip", "status")

    def rows(pages: list[dict[str, Any]]) -> list[tuple[object, ...]]:
        return [
            (
                one["page"].removeprefix("console."),
                one["p50_ms"],
                one["p95_ms"],
                one["queries"],
                one["bytes"] / 1000,
                one["gzip"] / 1000,
                one["status"],
            )
            for one in pages
        ]

    lines = [
        f"{where['cores']} cores, {where['memory_gb']} GB, load {where['load_before']} before.",
        f"{counted}; made in {found['fill_seconds']} s. The time line is of somebody with"
        f" {BUSY:,} messages more than the others.",
        "",
        table(heading, rows(found["pages"])),
        "",
        table(("route", *heading[1:]), rows(found["routes"])),
        "",
    ]
    if found["not_measured"]:
        lines += [f"Not measured, for there is nothing: {', '.join(found['not_measured'])}.", ""]
    lines += [
        f"{'met    ' if one['met'] else 'NOT MET'}  {one['aim']}: {one['found']}"
        for one in found["aims"]
    ]
    return "\n".join(lines)


if __name__ == "__main__":
    raise SystemExit(main())
