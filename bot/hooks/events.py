"""The events that other systems can be told of. Plain data."""

from __future__ import annotations

from typing import Final

TEST: Final = "test"
"""What the button "Send a test" sends."""

EVENTS: Final = (
    "case.opened",
    "case.answered",
    "case.closed",
    "mentee.validated",
    "stock.reported",
    "stock.resolved",
    "campaign.launched",
    "campaign.ended",
)

# What happened in a case or with a report of stock, as its record says it.
OF_CASES: Final = {
    "opened": "case.opened",
    "answered": "case.answered",
    "closed": "case.closed",
}
OF_STOCK: Final = {"reported": "stock.reported", "closed": "stock.resolved"}
