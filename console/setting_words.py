"""The settings as the page of settings lists them: what each is for, in which part it stands.

Their values come from the environment (``bot.settings``); the page shows and does not change them.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Final

from flask_babel import gettext

from bot.accounts.keeping import N_
from bot.settings import Settings

# Only whether they are set is shown.
SECRET: Final = frozenset(
    {
        "database_url",
        "secret_key",
        "twilio_auth_token",
        "twilio_auth_token_next",
        "rasa_token",
        "actions_token",
    }
)

GROUPS: Final[tuple[tuple[str, dict[str, str]], ...]] = (
    (
        N_("Programme"),
        {
            "programme_name": N_("How the product names itself to people"),
            "public_url": N_("The address that Twilio calls and people open"),
            "default_language": N_("Language of people who have not said otherwise"),
            "default_timezone": N_("Time zone of people who have not said otherwise"),
            "default_region": N_("Country of numbers written in national form"),
            "fiscal_year_start_month": N_("Month in which the fiscal year begins"),
            "competencies_dir": N_("The programme's own competencies"),
        },
    ),
    (
        N_("Cases and discussions"),
        {
            "service_levels": N_("How soon cases are answered, and the programme's hours"),
            "discussion_rules": N_("Caps, sizes and times of group discussions"),
            "question_patience": N_("Seconds that a question waits for the library"),
            "stock_items": N_("What can be missing at a facility"),
        },
    ),
    (
        N_("Answers of the library"),
        {
            "answer_precision": N_("Share of answers that must be right before a model is used"),
            "held_out_questions": N_("The programme's own questions for measuring that"),
            "expired_cards": N_("What becomes of a card whose day has come"),
            "rasa_url": N_("Dialogue servers"),
            "rasa_timeout": N_("Seconds for one turn of the dialogue"),
            "rasa_token": N_("What workers show to the dialogue servers"),
            "rasa_actions_url": N_("Where the dialogue servers call their actions"),
            "actions_token": N_("What the dialogue servers show to us"),
        },
    ),
    (
        N_("Senders"),
        {
            "twilio_account_sid": N_("Account at Twilio"),
            "twilio_auth_token": N_("Its token"),
            "twilio_auth_token_next": N_("A second token, while it is changed"),
            "twilio_sms_from": N_("Number for SMS"),
            "twilio_whatsapp_from": N_("Number for WhatsApp"),
            "twilio_messaging_service_sid": N_("Messaging Service for SMS"),
            "twilio_api_base": N_("Another address in place of Twilio's"),
            "campaign_rate": N_("Campaign messages per second"),
            "silent_number_days": N_("Days after which a silent number is in doubt"),
        },
    ),
    (
        N_("This house"),
        {
            "console_codes": N_("One-time codes for admins and coordinators"),
            "trusted_proxies": N_("Proxies in front of the pages"),
            "webhook_private_addresses": N_("Webhooks may lead into our own network"),
            "database_url": N_("The database"),
            "secret_key": N_("What signs links and sign-ins"),
            "mentorline_home": N_("Where data, models and logs live"),
            "worker_concurrency": N_("Jobs of one worker at the same time"),
            "web_threads": N_("Threads of one web process"),
            "web_workers": N_("Web processes on one machine"),
            "mentorline_simulator_url": N_("The simulator; never on a real system"),
            "mentorline_clock": N_("The simulator's clock; never on a real system"),
        },
    ),
)


@dataclass(frozen=True)
class Line:
    """One setting. ``is_set``: by the environment; otherwise it is as the product comes."""

    variable: str
    says: str
    value: str
    is_set: bool


def lines(settings: Settings) -> list[tuple[str, list[Line]]]:
    """The settings of a process, group by group, in the language of the page."""
    return [
        (
            str(gettext(title)),
            [
                Line(
                    name.upper(),
                    str(gettext(says)),
                    _value(settings, name),
                    name in settings.model_fields_set,
                )
                for name, says in names.items()
            ],
        )
        for title, names in GROUPS
    ]


def _value(settings: Settings, name: str) -> str:
    value = getattr(settings, name)
    if value is None or value == "":
        return "–"
    if name in SECRET:
        return str(gettext("set"))
    if isinstance(value, bool):
        return str(gettext("yes") if value else gettext("no"))
    if isinstance(value, Path):
        return value.name
    return f"{value:g}" if isinstance(value, float) else str(value)
