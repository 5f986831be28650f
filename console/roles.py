"""Which role may open which page. A page that is not here is opened by nobody.

Whom a role sees on it is decided by ``bot.accounts.scope``.
"""

from __future__ import annotations

from typing import Final

from bot.accounts.rules import ROLES

EVERYBODY: Final = frozenset(ROLES)
OFFICE: Final = frozenset({"admin", "coordinator"})
ADMIN: Final = frozenset({"admin"})

# Without signing in: the way in, and what it looks like.
OPEN: Final = frozenset(
    {
        "console.login",
        "console.code",
        "console.code_setup",
        "console.password",
        "console.language",
        "console.asset",
    }
)

PAGES: Final[dict[str, frozenset[str]]] = {
    "console.home": EVERYBODY,
    "console.nothing": EVERYBODY,
    "console.logout": EVERYBODY,
    "console.own": EVERYBODY,
    "console.people": OFFICE | {"mentor"},
    "console.person": OFFICE | {"mentor"},
    "console.person_transfer": OFFICE,
    "console.person_number": OFFICE,
    "console.person_consent": OFFICE,
    "console.person_merge": OFFICE,
    "console.import_people": OFFICE,
    "console.import_shown": OFFICE,
    "console.import_decide": OFFICE,
    "console.cases": OFFICE | {"mentor"},
    "console.case": OFFICE | {"mentor"},
    "console.case_answer": OFFICE,
    "console.case_give": OFFICE,
    "console.case_close": OFFICE,
    "console.campaigns": OFFICE,
    "console.campaign": OFFICE,
    "console.campaign_new": OFFICE,
    "console.campaign_make": OFFICE,
    "console.campaign_plan": OFFICE,
    "console.campaign_preview": OFFICE,
    "console.campaign_left_out": OFFICE,
    "console.campaign_results": OFFICE,
    "console.campaign_do": OFFICE,
    "console.campaign_mentees": OFFICE,
    "console.campaign_mentee": OFFICE,
    "console.bank": OFFICE,
    "console.item": OFFICE,
    "console.item_edit": OFFICE,
    "console.item_do": OFFICE,
    "console.case_propose": OFFICE,
    "console.facilities": EVERYBODY,
    "console.facility": OFFICE | {"mentor"},
    # A mentor may review cards by phone as well.
    "console.cards": OFFICE | {"mentor"},
    "console.draft": OFFICE | {"mentor"},
    "console.draft_edit": OFFICE | {"mentor"},
    "console.draft_approve": OFFICE | {"mentor"},
    "console.draft_reject": OFFICE | {"mentor"},
    "console.draft_merge": OFFICE | {"mentor"},
    "console.card_library": OFFICE | {"mentor"},
    "console.card": OFFICE | {"mentor"},
    "console.card_edit": OFFICE | {"mentor"},
    "console.card_keep": OFFICE,
    "console.card_withdraw": OFFICE,
    "console.card_restore": OFFICE,
    "console.learning": EVERYBODY,
    "console.messages": OFFICE,
    "console.reports": EVERYBODY,
    "console.report": OFFICE | {"viewer"},
    "console.pack": EVERYBODY,
    "console.accounts": ADMIN,
    "console.account_add": ADMIN,
    "console.account_change": ADMIN,
    "console.audit": ADMIN,
    "console.settings": OFFICE,
    "console.settings_templates": OFFICE,
    "console.settings_roles": OFFICE,
    "console.settings_tokens": ADMIN,
    "console.token_add": ADMIN,
    "console.token_revoke": ADMIN,
    "console.settings_hooks": ADMIN,
    "console.hook_add": ADMIN,
    "console.hook_change": ADMIN,
}


def may(role: str, endpoint: str) -> bool:
    """Whether a role may open a page."""
    return role in PAGES.get(endpoint, frozenset())
