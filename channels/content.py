"""Bringing our menus and templates to the provider, and finding out what it calls them."""

from __future__ import annotations

import json
from datetime import datetime
from typing import Any

from sqlalchemy import select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from bot.conversation import READ
from channels import templates
from channels.twilio import Twilio
from store.messages import ContentTemplate

_PATH = "https://content.twilio.com/v1/Content"


class ContentError(Exception):
    """The provider did not take or list a content template; one sentence."""


def _wanted() -> dict[str, dict[str, object]]:
    """Friendly name → the body of the provider's create call."""
    wanted: dict[str, dict[str, object]] = {}
    for menu in templates.every_menu():
        actions = [{"title": title, "id": str(n)} for n, title in enumerate(menu.options, 1)]
        wanted[templates.friendly_name(menu.name, menu.language)] = {
            "language": menu.language,
            "variables": {"1": "Your answer"},
            "types": {"twilio/quick-reply": {"body": "{{1}}", "actions": actions}},
        }
    for template in templates.every_template():
        types: dict[str, object] = {"twilio/text": {"body": template.body}}
        if template.options:
            buttons = [{"title": title, "id": READ} for title in template.options]
            types = {"twilio/quick-reply": {"body": template.body, "actions": buttons}}
        wanted[templates.friendly_name(template.name, template.language)] = {
            "language": template.language,
            "variables": template.example,
            "types": types,
        }
    return wanted


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


def sync(session: Session, provider: Twilio, now: datetime) -> list[str]:
    """Learn the provider's ids of our menus and templates.

    Returns:
        The friendly names that the provider does not have.

    Raises:
        ContentError: the provider did not answer.
    """
    have = _listed(provider)
    missing = []
    every: list[templates.Menu | templates.ApprovedTemplate] = [
        *templates.every_menu(),
        *templates.every_template(),
    ]
    for item in every:
        name = templates.friendly_name(item.name, item.language)
        if name not in have:
            missing.append(name)
            continue
        row = {"content_sid": have[name], "seen_at": now}
        session.execute(
            insert(ContentTemplate)
            .values(name=item.name, language=item.language, **row)
            .on_conflict_do_update(index_elements=["name", "language"], set_=row)
        )
    return missing


def known(session: Session) -> dict[tuple[str, str], str]:
    """(name, language) → the provider's id."""
    return {
        (row.name, row.language): row.content_sid
        for row in session.scalars(select(ContentTemplate))
    }


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
        answer = _call(provider, "GET", f"{_PATH}/{have[name]}/ApprovalRequests", None)
        found[name] = str((answer.get("whatsapp") or {}).get("status", "not asked for"))
    return found


def _listed(provider: Twilio) -> dict[str, str]:
    found: dict[str, str] = {}
    url: str | None = f"{_PATH}?PageSize=100"
    while url:
        page = _call(provider, "GET", url, None)
        found |= {row["friendly_name"]: row["sid"] for row in page.get("contents", [])}
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
