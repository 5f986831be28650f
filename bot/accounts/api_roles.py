"""Which role may use which route. A route that is not here is used by nobody.

Whom a role sees in an answer is decided by ``bot.accounts.scope``.
"""

from __future__ import annotations

from typing import Final

from bot.accounts.rules import ROLES

EVERYBODY: Final = frozenset(ROLES)
OFFICE: Final = frozenset({"admin", "coordinator"})

# Without a token: it holds nothing but the shape of the rest.
OPEN: Final = frozenset({"openapi"})

ROUTES: Final[dict[str, frozenset[str]]] = {
    "people": OFFICE | {"mentor"},
    "person": OFFICE | {"mentor"},
    "facilities": EVERYBODY,
    "cases": OFFICE | {"mentor"},
    "case": OFFICE | {"mentor"},
    "case_answer": OFFICE,
    "messages_received": OFFICE | {"mentor"},
    "messages_sent": OFFICE | {"mentor"},
    "answers": OFFICE | {"mentor"},
    "assessments": OFFICE | {"mentor"},
    "encounters": OFFICE | {"mentor"},
    "campaigns": OFFICE,
    "reports": OFFICE | {"viewer"},
    "report": OFFICE | {"viewer"},
    "import_people": OFFICE,
    "import_status": OFFICE,
    "import_confirm": OFFICE,
}

# What changes something needs a token that may write, too.
WRITES: Final = frozenset({"case_answer", "import_people", "import_confirm"})


def may(role: str, route: str) -> bool:
    """Whether a role may use a route."""
    return role in ROUTES.get(route, frozenset())
