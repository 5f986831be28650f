"""`./mentorline doctor`: what is set up and what is not, a plain sentence per finding."""

import json
import shutil
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

from cli.common import home_of, settings
from cli.errors import Refusal
from cli.network import status
from cli.places import ROOT
from cli.services import LOCAL, NEEDED, first_line

if TYPE_CHECKING:
    from sqlalchemy import Engine

    from bot.settings import Settings

TWILIO = "https://api.twilio.com"
LITTLE_ROOM = 1_000_000_000


@dataclass(frozen=True)
class Finding:
    """What one check found. `fail`: the product cannot do its work like this."""

    level: Literal["ok", "warn", "fail"]
    text: str


def doctor() -> int:
    """Prints every finding on standard output; 1 when one of them is a failure, else 0.

    Raises:
        Refusal: the settings cannot be read at all.
    """
    current = settings()
    failed = False
    for check in CHECKS:
        for finding in check(current):
            failed |= finding.level == "fail"
            print(f"{finding.level:<5} {finding.text}", flush=True)
    return int(failed)


def configuration(current: "Settings") -> Iterator[Finding]:
    """Are the settings there that `up` needs?"""
    lacking = [name for name in NEEDED if not getattr(current, name.lower())]
    for name in lacking:
        yield Finding("fail", f"The setting {name} is missing.")
    if not (current.twilio_sms_from or current.twilio_whatsapp_from):
        yield Finding("fail", "Neither TWILIO_SMS_FROM nor TWILIO_WHATSAPP_FROM is set.")
    elif not lacking:
        yield Finding("ok", "Every setting that is needed is set.")


def place(current: "Settings") -> Iterator[Finding]:
    """Can we write, and is there room?"""
    try:
        home = home_of(current)
    except Refusal as refusal:
        yield Finding("fail", str(refusal))
        return
    free = shutil.disk_usage(home).free
    room = f"{free / 1e9:.1f} GB are free for {home}."
    yield Finding("warn" if free < LITTLE_ROOM else "ok", room)


def database(current: "Settings") -> Iterator[Finding]:
    """Does the database answer, and is its schema the newest?"""
    from sqlalchemy.exc import SQLAlchemyError

    from cli.database import database as found_for
    from store.base import make_engine
    from store.migrate import is_current

    kind = "The database" if current.database_url else "The embedded PostgreSQL"
    try:
        with found_for(current.database_url, home_of(current)) as found:
            engine = make_engine(found.url)
            try:
                newest = is_current(engine)
                people = list(_people(engine)) if newest else []
            finally:
                engine.dispose()
    except SQLAlchemyError as error:
        yield Finding("fail", f"{kind} does not answer: {first_line(error)}")
    except Refusal as refusal:
        yield Finding("fail", str(refusal))
    else:
        if newest:
            yield Finding("ok", f"{kind} answers and has the newest schema.")
            yield from people
        else:
            yield Finding(
                "fail", f"{kind} does not have the newest schema: run ./mentorline migrate."
            )


def _people(engine: "Engine") -> Iterator[Finding]:
    """Is anybody there to answer, and to be alerted when nobody does?"""
    from sqlalchemy import select
    from sqlalchemy.orm import Session

    from bot.people import reachable
    from store.people import Person

    lacking = {
        "mentor": "nobody answers cases: import people with the role mentor.",
        "coordinator": "nobody is alerted about cases that wait: import somebody with the role "
        "coordinator.",
    }
    with Session(engine) as session:
        for role, what in lacking.items():
            there = session.scalars(select(Person).where(Person.roles.contains([role]))).all()
            if any(reachable(person) for person in there):
                yield Finding("ok", f"There is a {role} who can be reached.")
            else:
                yield Finding("warn", f"There is no {role} who can be reached, so {what}")


def dialogue(current: "Settings") -> Iterator[Finding]:
    """Is there a model, and does every dialogue server answer?"""
    model = current.models_dir / "current.tar.gz"
    if model.exists():
        yield Finding("ok", "A trained model is there.")
    else:
        yield Finding("warn", "There is no trained model yet: ./mentorline train makes one.")
    if not (ROOT / ".venv" / "rasa" / "mentorline.json").exists():
        yield Finding("warn", "Rasa's environment is not set up on this machine.")
    headers = {"Authorization": f"Bearer {current.rasa_token}"} if current.rasa_token else {}
    token = f"?token={current.rasa_token}" if current.rasa_token else ""
    for url in current.rasa_urls:
        code = status(f"{url}/status{token}", timeout=3.0, headers=headers)
        if code == 200:
            yield Finding("ok", f"Rasa at {url} answers.")
        elif code == 401:
            yield Finding("fail", f"Rasa at {url} does not accept RASA_TOKEN.")
        else:
            said = f"answers {code}" if code else "does not answer"
            yield Finding("warn", f"Rasa at {url} {said}; questions wait, then go to a mentor.")


def twilio(current: "Settings") -> Iterator[Finding]:
    """Are the credentials accepted, and are there templates that WhatsApp has approved?"""
    sid, auth = current.twilio_account_sid, current.twilio_auth_token
    if not (sid and auth):
        return
    base = current.twilio_api_base
    ask = _asker(sid, auth)
    account = ask(f"{base or TWILIO}/2010-04-01/Accounts/{sid}.json")
    if isinstance(account, str):
        yield Finding("fail", f"Twilio: {account}.")
        return
    state = account.get("status", "unknown")
    where = f"the stand-in at {base}" if base else "Twilio"
    level: Literal["ok", "fail"] = "ok" if state == "active" else "fail"
    yield Finding(level, f"The account at {where} accepts the credentials and is {state}.")
    if not current.twilio_whatsapp_from:
        return
    from channels import content
    from channels.twilio import Twilio

    try:
        words = content.approvals(Twilio(current))
    except content.ContentError as error:
        yield Finding("warn", f"The WhatsApp templates could not be read: {error}")
        return
    approved = sum(word == content.APPROVED for word in words.values())
    text = f"{approved} of {len(words)} WhatsApp templates are approved."
    if approved == len(words):
        yield Finding("ok", text)
    else:
        yield Finding("warn", f"{text} Mentors out of the 24 hour window may not be reached.")


def _asker(sid: str, auth: str) -> Callable[[str], dict[str, Any] | str]:
    """A GET with the account's credentials: the JSON, or in words why there is none."""
    import httpx

    def ask(url: str) -> dict[str, Any] | str:
        try:
            answer = httpx.get(url, auth=(sid, auth), timeout=10.0)
            if answer.status_code == 401:
                return "the account or its token is not accepted"
            answer.raise_for_status()
            return dict(answer.json())
        except httpx.HTTPStatusError as error:
            return f"it answered {error.response.status_code}"
        except httpx.HTTPError:
            return f"{httpx.URL(url).host} cannot be reached"
        except (json.JSONDecodeError, TypeError, ValueError):
            return "what it answered is not JSON"

    return ask


def public(current: "Settings") -> Iterator[Finding]:
    """Can the world reach us where we say?"""
    url = current.public_url
    local = any(f"//{name}" in url for name in LOCAL)
    if local:
        yield Finding("warn", f"PUBLIC_URL is {url}: Twilio cannot call this machine there.")
    elif not url.startswith("https://"):
        yield Finding("fail", f"PUBLIC_URL must begin with https://, and is {url}.")
    else:
        code = status(f"{url}/healthz", timeout=10.0)
        if code == 200:
            yield Finding("ok", f"We are reached at {url}.")
        else:
            said = f"answers {code}" if code else "does not answer"
            yield Finding("fail", f"{url}/healthz {said}: Twilio cannot reach us.")


CHECKS: tuple[Callable[["Settings"], Iterator[Finding]], ...] = (
    configuration,
    place,
    database,
    dialogue,
    twilio,
    public,
)
