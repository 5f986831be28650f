"""Plots as SVG, made here: no script, no style, readable without colours. Plain functions."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from markupsafe import Markup, escape

WIDTH, HEIGHT = 560, 190
LEFT, RIGHT, TOP, BOTTOM = 40, 8, 10, 26


@dataclass(frozen=True)
class Bar:
    """One place on the axis. Parts stand on each other; None: nothing known, nothing drawn."""

    label: str
    parts: tuple[float | None, ...]


def nice_top(highest: float) -> int:
    """The round figure at which the axis ends, at least 4 and divisible by 4."""
    top, step = 4, 0
    while top < highest:
        top = (8, 12, 20, 40)[step % 4] * 10 ** (step // 4)
        step += 1
    return top


def bars(
    name: str,
    bars: Sequence[Bar],
    *,
    top: int | None = None,
    unit: str = "",
    beside: bool = False,
) -> Markup:
    """Columns with an axis of four lines.

    Args:
        name: what a screen reader says; the figures stand in a table beside it.
        top: where the axis ends; not given: above the highest column.
        beside: parts stand side by side instead of on each other.
    """
    tallest = max if beside else sum
    highest = max(
        (tallest(part or 0 for part in bar.parts) for bar in bars if bar.parts), default=0
    )
    top = top or nice_top(highest)
    inner, tall = WIDTH - LEFT - RIGHT, HEIGHT - TOP - BOTTOM
    out = [
        f'<svg class="plot" viewBox="0 0 {WIDTH} {HEIGHT}" role="img" aria-label="{escape(name)}">'
    ]
    for quarter in range(5):
        y = TOP + tall - tall * quarter / 4
        out.append(
            f'<line class="plot-line" x1="{LEFT}" x2="{WIDTH - RIGHT}" y1="{y:.1f}" y2="{y:.1f}"/>'
            f'<text class="plot-text" x="{LEFT - 6}" y="{y + 4:.1f}" text-anchor="end">'
            f"{top * quarter // 4}{escape(unit)}</text>"
        )
    each = inner / max(1, len(bars))
    every = 1 if len(bars) <= 6 else max(2, math.ceil(len(bars) / 13))
    for place, bar in enumerate(bars):
        x, base = LEFT + each * place, float(TOP + tall)
        wide = each * 0.7 / (max(1, len(bar.parts)) if beside else 1)
        for nth, part in enumerate(bar.parts):
            if not part:
                continue
            height = tall * min(1.0, part / top)
            base = float(TOP + tall) - height if beside else base - height
            left = x + each * 0.15 + (wide * nth if beside else 0.0)
            out.append(
                f'<rect class="plot-part-{nth}" x="{left:.1f}" y="{base:.1f}"'
                f' width="{wide:.1f}" height="{height:.1f}"/>'
            )
        if (len(bars) - 1 - place) % every == 0:
            out.append(
                f'<text class="plot-text" x="{x + each / 2:.1f}" y="{HEIGHT - 8}"'
                f' text-anchor="middle">{escape(bar.label)}</text>'
            )
    out.append("</svg>")
    return Markup("".join(out))  # noqa: S704 - every word in it is escaped above
