"""A message as it leaves on one channel. Plain rules, no HTTP."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from bot.text.gsm7 import to_gsm7
from bot.text.segments import count
from channels import templates

ContentSids = Mapping[tuple[str, str], str]

# Longest body of a WhatsApp message with quick replies or a list, in characters (Twilio, "quick
# reply", "list picker").
LONGEST_WITH_BUTTONS = 1024


@dataclass(frozen=True)
class Payload:
    """What the provider is given, and what the person will read."""

    body: str
    content_sid: str | None
    content_variables: str | None
    media_url: str | None
    segments: int


class TemplateMissing(Exception):
    """The provider has no content for a template; the message cannot leave in this form."""


@dataclass(frozen=True)
class Outgoing:
    """The parts of an outbox message that rendering needs."""

    body: str
    language: str
    menu: str | None
    media_url: str | None
    template: str | None
    template_variables: Mapping[str, Any]


def render(message: Outgoing, channel: str, form: str, contents: ContentSids) -> Payload:
    """Render a message.

    On SMS the address of an attachment stands in the text: picture messages do not reach most
    countries.

    Args:
        form: ``free`` or ``template``.
        contents: (name, language) → the provider's content id.

    Raises:
        TemplateMissing: ``form`` is ``template`` and the provider does not have it.
    """
    if form == "template":
        return _template(message, contents)
    menu = None
    plain = (message.menu or "").startswith("plain:")
    if message.menu:
        menu = templates.menu(message.menu.removeprefix("plain:"), message.language)
    if channel == "whatsapp":
        return _whatsapp(message, None if plain else menu, menu, contents)
    body = f"{message.body}\n{message.media_url}".strip() if message.media_url else message.body
    body = to_gsm7(_with_line(body, menu), message.language)
    return Payload(body, None, None, None, count(body).segments)


def _with_line(body: str, menu: templates.Menu | None) -> str:
    line = menu.as_text() if menu else ""
    return f"{body}\n{line}" if line else body


def _whatsapp(
    message: Outgoing,
    buttons: templates.Menu | None,
    menu: templates.Menu | None,
    contents: ContentSids,
) -> Payload:
    as_text = Payload(_with_line(message.body, menu), None, None, message.media_url, 1)
    # A message with an attachment cannot carry buttons as well.
    if buttons is None or message.media_url:
        return as_text
    # Twilio refuses variables with line breaks, tabs or runs of spaces, and empty ones (21656).
    lines = [" ".join(line.split()) for line in message.body.splitlines() if line.strip()]
    sid = contents.get((buttons.content_name(len(lines)), buttons.language))
    body = "\n".join([*lines, buttons.ask] if buttons.ask else lines)
    if sid is None or not buttons.suits(lines) or len(body) > LONGEST_WITH_BUTTONS:
        return as_text
    variables = {str(number): line for number, line in enumerate(lines, 1)}
    return Payload(body, sid, json.dumps(variables), None, 1)


def _template(message: Outgoing, contents: ContentSids) -> Payload:
    assert message.template is not None
    template = templates.template(message.template, message.language)
    sid = contents.get((template.name, template.language))
    if sid is None:
        raise TemplateMissing(template.name)
    variables = {key: " ".join(str(v).split()) for key, v in message.template_variables.items()}
    # An empty variable is refused too.
    variables = {key: value or "-" for key, value in variables.items()}
    return Payload(template.filled(variables), sid, json.dumps(variables), None, 1)
