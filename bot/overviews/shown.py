"""Figures as they may be shown: to a viewer none about fewer than five people. Plain functions."""

from __future__ import annotations

from bot.reports.table import LEAST_CELL, TOO_FEW, percent

Figure = int | float | str | None


def shown(value: Figure, people: int, hide: bool) -> Figure:
    """A figure about so many people, or ``<5`` in its place."""
    return TOO_FEW if hide and 0 < people < LEAST_CELL else value


def shown_share(part: int, whole: int, hide: bool) -> Figure:
    """``part`` of ``whole`` people in percent; None of nothing."""
    return shown(shown(percent(part, whole), part, hide), whole, hide)
