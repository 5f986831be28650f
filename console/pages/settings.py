"""Settings: what holds in this programme and where it comes from; templates; what roles may do."""

from __future__ import annotations

from sqlalchemy import select

from bot.accounts.api_roles import ROUTES
from bot.accounts.rules import ROLES
from bot.delivery import SENDER_STOPPED
from bot.dialogues.actions.thresholds import ThresholdsFile
from bot.mentoring import levels
from bot.people import UI_LANGUAGES
from bot.sending import QUIET_FROM, QUIET_UNTIL
from channels import content
from console.blueprint import blueprint
from console.office import desk, office
from console.roles import PAGES
from console.setting_words import lines
from console.showing import page
from store.messages import Flag

# What stands under the heading, with the page that it leads to.
SPANS = ("expected", "remind", "pass_on", "alert", "apologise", "follow_up", "close")


@blueprint.get("/settings")
def settings() -> str:
    """Everything that can be set, with its value and the variable it comes from."""
    known = office().settings
    service = levels.of(desk().info)
    thresholds = ThresholdsFile(known.models_dir / "current.json")
    return page(
        "settings.html",
        groups=lines(known),
        service=service,
        spans=SPANS,
        quiet=(QUIET_FROM, QUIET_UNTIL),
        thresholds={name: thresholds.of(name) for name in UI_LANGUAGES},
        stopped=desk().scalar(
            select(Flag.name).where(Flag.name == SENDER_STOPPED, Flag.until > office().now())
        ),
    )


@blueprint.get("/settings/templates")
def settings_templates() -> str:
    """The menus and templates, and whether WhatsApp lets each out."""
    return page("settings_templates.html", found=content.states(desk()), approved=content.APPROVED)


@blueprint.get("/settings/roles")
def settings_roles() -> str:
    """Which role opens which page and uses which route: the tables by which it is decided."""
    return page("settings_roles.html", roles=ROLES, pages=PAGES, routes=ROUTES)
