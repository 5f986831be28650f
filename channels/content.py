"""Bringing our menus and templates to the provider, and finding out what it calls them."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import delete, select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from bot.conversation import READ
from channels import templates
from channels.twilio import Twilio
from store.messages import ContentTemplate

_PATH = "https://content.twilio.com/v1/Content"
_WITH_APPROVALS = "https://content.twilio.com/v1/ContentAndApprovals"

# WhatsApp's word that lets a template out, and ours for menus, which need none in session.
APPROVED = "approved"
NOT_NEEDED = "not needed"


@dataclass(frozen=True)
class _Content:
    sid: str
    approval: str


class ContentError(Exception):
    """The provider did not take or list a content template; one sentence."""


def _wanted() -> dict[str, dict[str, object]]:
    """Friendly name → the body of the provider's create call."""
    wanted: dict[str, dict[str, object]] = {}
    for menu in templates.every_menu():
        for lines in menu.lines:
            wanted[templates.friendly_name(menu.content_name(lines), menu.language)] = {
                "language": menu.language,
                "variables": {str(number): "Your answer" for number in range(1, lines + 1)},
                "types": _menu_types(menu, lines),
            }
    for template in templates.every_template():
        types: dict[str, object] = {"twilio/text": {"body": template.body}}
        if template.options:
            ids = template.ids or (READ,) * len(template.options)
            types = _buttons(template.body, template.options, ids)
        wanted[templates.friendly_name(template.name, template.language)] = {
            "language": template.language,
            "variables": template.example,
            "types": types,
        }
    return wanted


def _menu_types(menu: templates.Menu, lines: int) -> dict[str, object]:
    body = menu.content_body(lines)
    if menu.picker is None:
        return _buttons(body, menu.options, menu.ids)
    # The open list hides the message: each row repeats the words of its option.
    rows = zip(menu.options, menu.ids, menu.explained_by(lines), strict=True)
    items = [
        {"item": option, "id": id_, "description": f"{{{{{number}}}}}"}
        for option, id_, number in rows
    ]
    return {"twilio/list-picker": {"body": body, "button": menu.picker, "items": items}}


def _buttons(body: str, titles: Sequence[str], ids: Sequence[str]) -> dict[str, object]:
    actions = [{"title": title, "id": id_} for title, id_ in zip(titles, ids, strict=True)]
    return {"twilio/quick-reply": {"body": body, "actions": actions}}


def push(provider: Twilio) -> int:
    """Create at the provider what it does not have yet, and ask WhatsApp to approve templates.

    Returns:
        How many were created.

    Raises:
        ContentError: the provider refused one.
    """
    have = _listed(provider)
    needs_approval = {
        templates.friendly_name(t.name, t.language) for t in templates.every_template()
    }
    created = 0
    for name, body in _wanted().items():
        if name in have:
            continue
        made = _call(provider, "POST", _PATH, {"friendly_name": name, **body})
        created += 1
        if name in needs_approval:
            url = f"{_PATH}/{made['sid']}/ApprovalRequests/whatsapp"
            _call(provider, "POST", url, {"name": name, "category": "UTILITY"})
    return created


def _every() -> dict[tuple[str, str], bool]:
    """(name, language) of every content → whether WhatsApp must have approved it."""
    menus = {
        (menu.content_name(lines), menu.language): False
        for menu in templates.every_menu()
        for lines in menu.lines
    }
    return menus | {(t.name, t.language): True for t in templates.every_template()}


def sync(session: Session, provider: Twilio, now: datetime) -> list[str]:
    """Learn the provider's ids of our menus and templates; forget those that cannot be used.

    Returns:
        The friendly names that the provider does not have, or WhatsApp has not approved.

    Raises:
        ContentError: the provider did not answer.
    """
    have = _listed(provider)
    unusable = []
    rows = []
    for (name, language), needs_approval in _every().items():
        found = have.get(templates.friendly_name(name, language))
        if found is None or (needs_approval and found.approval != APPROVED):
            unusable.append(templates.friendly_name(name, language))
            continue
        approval = found.approval if needs_approval else NOT_NEEDED
        rows.append(
            {
                "name": name,
                "language": language,
                "content_sid": found.sid,
                "approval": approval,
                "seen_at": now,
            }
        )
    if rows:
        new = insert(ContentTemplate)
        changed = {key: new.excluded[key] for key in ("content_sid", "approval", "seen_at")}
        session.execute(
            new.on_conflict_do_update(index_elements=["name", "language"], set_=changed), rows
        )
    session.execute(delete(ContentTemplate).where(ContentTemplate.seen_at != now))
    return unusable


def missing(session: Session) -> list[str]:
    """Friendly names of the menus and templates that cannot be used, as far as we know."""
    there = known(session)
    return [templates.friendly_name(*key) for key in _every() if key not in there]


def known(session: Session) -> dict[tuple[str, str], str]:
    """(name, language) → the provider's id."""
    return {
        (row.name, row.language): row.content_sid
        for row in session.scalars(select(ContentTemplate))
    }


@dataclass(frozen=True)
class State:
    """One template or menu. ``approval``: empty while it cannot be used, as far as we know.

    ``seen_at``: when the provider was asked last and had it.
    """

    name: str
    language: str
    needs_approval: bool
    approval: str
    seen_at: datetime | None


def states(session: Session) -> list[State]:
    """Every template and menu as the clock found it last; those that cannot be used first."""
    rows = {(row.name, row.language): row for row in session.scalars(select(ContentTemplate))}
    found = [
        State(
            name,
            language,
            needs_approval,
            rows[name, language].approval if (name, language) in rows else "",
            rows[name, language].seen_at if (name, language) in rows else None,
        )
        for (name, language), needs_approval in _every().items()
    ]
    return sorted(found, key=lambda one: (bool(one.approval), one.name, one.language))


def approvals(provider: Twilio) -> dict[str, str]:
    """Friendly name of each of our templates → WhatsApp's word on it (``missing``: not there).

    Raises:
        ContentError: the provider did not answer.
    """
    have = _listed(provider)
    found: dict[str, str] = {}
    for template in templates.every_template():
        name = templates.friendly_name(template.name, template.language)
        if name not in have:
            found[name] = "missing"
            continue
        found[name] = have[name].approval
    return found


def _listed(provider: Twilio) -> dict[str, _Content]:
    """Friendly name → what the provider has (the API's ``ContentAndApprovals``)."""
    found: dict[str, _Content] = {}
    url: str | None = f"{_WITH_APPROVALS}?PageSize=100"
    while url:
        page = _call(provider, "GET", url, None)
        for row in page.get("contents", []):
            asked = row.get("approval_requests") or {}
            word = str(asked.get("status", "not asked for"))
            found[row["friendly_name"]] = _Content(row["sid"], word)
        url = (page.get("meta") or {}).get("next_page_url")
    return found


def _call(
    provider: Twilio, method: str, url: str, body: dict[str, object] | None
) -> dict[str, Any]:
    try:
        headers = {"Content-Type": "application/json"}
        answer = provider.client.request(method, url, data=body, headers=headers)
    except Exception as error:  # the client raises whatever its transport raises
        raise ContentError("The provider did not answer about content templates.") from error
    if answer.status_code >= 400:
        raise ContentError(f"The provider refused a content template ({answer.status_code}).")
    return dict(json.loads(answer.text or "{}"))
