"""Pages: reports as PDF on A4, and what other pages (a certificate) share with them.

Made with ReportLab and the fonts that every reader of PDF has, so that a page weighs a few kB and
can be sent by WhatsApp. These fonts know the letters of Western Europe; others lose their accents.
"""

from __future__ import annotations

import io
import unicodedata
from collections.abc import Iterable
from dataclasses import replace
from typing import Any, Final
from xml.sax.saxutils import escape

from reportlab.lib import colors
from reportlab.lib.pagesizes import A4, landscape
from reportlab.lib.styles import ParagraphStyle
from reportlab.lib.units import mm
from reportlab.platypus import (
    CondPageBreak,
    KeepTogether,
    Paragraph,
    SimpleDocTemplate,
    Spacer,
    Table,
    TableStyle,
)

from bot.reports.table import Column, Report
from bot.reports.writing import rows_of, shown

MARGIN: Final = 15 * mm
FONT: Final = "Helvetica"
BOLD: Final = "Helvetica-Bold"
INK: Final = colors.HexColor("#1b2a33")
LINE: Final = colors.HexColor("#9fb1bb")
SHADE: Final = colors.HexColor("#eef3f5")
# More columns than this want the broad side of the page.
MOST_UPRIGHT: Final = 7
_SMALL_FROM: Final = 10
# With more columns than this, those that a note explains are headed by a number.
_NUMBERED_FROM: Final = 14
# A title is not left alone at the foot of a page.
_LEAST_BELOW: Final = 50 * mm
# What has no accent to lose.
_ALIKE: Final = str.maketrans({"ʼ": "’", "\u2011": "-", "≥": ">=", "≤": "<=", "\t": " "})

TITLE: Final = ParagraphStyle("title", fontName=BOLD, fontSize=13, leading=17, textColor=INK)
HEADING: Final = ParagraphStyle("heading", parent=TITLE, fontSize=18, leading=23, spaceAfter=8)
NOTE: Final = ParagraphStyle("note", fontName=FONT, fontSize=8, leading=10.5, textColor=INK)


def printable(text: str) -> str:
    """A text in letters that the fonts have: without other accents, or with question marks."""
    kept = []
    for letter in unicodedata.normalize("NFC", text.translate(_ALIKE)):
        if _known(letter):
            kept.append(letter)
            continue
        plain = "".join(
            part
            for part in unicodedata.normalize("NFKD", letter)
            if not unicodedata.combining(part)
        )
        kept.append(plain if plain and all(map(_known, plain)) else "?")
    return "".join(kept)


def _known(letter: str) -> bool:
    if letter < " ":
        return letter == "\n"
    try:
        letter.encode("cp1252")
    except UnicodeEncodeError:
        return False
    return True


def paragraph(text: str, style: ParagraphStyle) -> Paragraph:
    """A text as it is, whatever signs it has; lines stay lines."""
    return Paragraph(escape(printable(text)).replace("\n", "<br/>"), style)


def as_pdf(reports: Iterable[Report], heading: str = "") -> bytes:
    """Reports one below the other, each with what its figures mean. The same in, the same out.

    Args:
        heading: above the first one; the title of the document too.
    """
    everything = [numbered(report) for report in reports]
    broad = any(len(report.columns) > MOST_UPRIGHT for report in everything)
    size = landscape(A4) if broad else A4
    width = size[0] - 2 * MARGIN
    story: list[Any] = [paragraph(heading, HEADING)] if heading else []
    for report in everything:
        story += _blocks(report, width)
    return document(story, size, heading or (everything[0].title if everything else ""))


def document(story: list[Any], size: tuple[float, float], title: str) -> bytes:
    """Flowing blocks as a document with numbered pages."""
    out = io.BytesIO()
    made = SimpleDocTemplate(
        out,
        pagesize=size,
        leftMargin=MARGIN,
        rightMargin=MARGIN,
        topMargin=MARGIN,
        bottomMargin=MARGIN + 4 * mm,
        title=printable(title),
        author="Mentorline",
        invariant=1,
    )

    def foot(canvas: Any, page: Any) -> None:
        canvas.saveState()
        canvas.setFont(FONT, 8)
        canvas.setFillColor(INK)
        canvas.drawString(MARGIN, MARGIN, printable(title)[:120])
        canvas.drawRightString(size[0] - MARGIN, MARGIN, str(page.page))
        canvas.restoreState()

    made.build(story or [Spacer(1, 1)], onFirstPage=foot, onLaterPages=foot)
    return out.getvalue()


def _blocks(report: Report, width: float) -> list[Any]:
    head = f"{report.title}, {report.period}" if report.period else report.title
    above = [paragraph(head, TITLE), Spacer(1, 3 * mm)]
    below = [Spacer(1, 2 * mm)]
    below += [paragraph(note, NOTE) for note in (report.definition, *report.notes) if note]
    below.append(Spacer(1, 8 * mm))
    if not report.rows or not report.columns:
        return [KeepTogether([*above, paragraph(report.empty, NOTE), *below])]
    table = _table(report, width)
    # A short table stays with its title; a long one goes over pages with its heading.
    if len(report.rows) <= 12:
        return [KeepTogether([*above, table, *below])]
    return [CondPageBreak(_LEAST_BELOW), *above, table, *below]


def numbered(report: Report) -> Report:
    """A report of many columns with numbers above those that a note explains, as in a matrix."""
    if len(report.columns) <= _NUMBERED_FROM:
        return report
    explained = dict(note.split(": ", 1) for note in report.notes if ": " in note)
    keys = [column.key for column in report.columns if column.key in explained]
    if not keys:
        return report
    heads = {key: str(number) for number, key in enumerate(keys, 1)}
    legend = "; ".join(f"{number} {explained[key]}" for key, number in heads.items())
    return replace(
        report,
        columns=tuple(
            replace(column, title=heads.get(column.key, column.title)) for column in report.columns
        ),
        notes=(legend, *(n for n in report.notes if n.split(": ", 1)[0] not in heads)),
    )


def _table(report: Report, width: float) -> Table:
    points = 7.5 if len(report.columns) > _SMALL_FROM else 9
    cell = ParagraphStyle("cell", fontName=FONT, fontSize=points, leading=points + 2, textColor=INK)
    right = ParagraphStyle("right", parent=cell, alignment=2)
    styles = [cell if column.kind == "text" else right for column in report.columns]

    def line(values: Iterable[str], bold: bool = False) -> list[Paragraph]:
        return [
            paragraph(value, ParagraphStyle("bold", parent=style, fontName=BOLD) if bold else style)
            for value, style in zip(values, styles, strict=True)
        ]

    rows = rows_of(report)
    lines = [line((column.title for column in report.columns), bold=True)]
    for number, row in enumerate(rows):
        total = report.total is not None and number == len(rows) - 1
        lines.append(line((shown(row.get(c.key), c) for c in report.columns), bold=total))
    table = Table(lines, colWidths=_widths(report, width), repeatRows=1)
    look: list[Any] = [
        ("VALIGN", (0, 0), (-1, -1), "TOP"),
        ("BACKGROUND", (0, 0), (-1, 0), SHADE),
        ("LINEBELOW", (0, 0), (-1, -1), 0.4, LINE),
        ("TOPPADDING", (0, 0), (-1, -1), 2),
        ("BOTTOMPADDING", (0, 0), (-1, -1), 3),
    ]
    if report.total is not None:
        look.append(("LINEABOVE", (0, -1), (-1, -1), 1, INK))
    table.setStyle(TableStyle(look))
    return table


def _widths(report: Report, width: float) -> list[float]:
    """Shares of the page by what the columns hold; none so narrow that its words break."""
    wanted = [_wanted(report, column) for column in report.columns]
    total = sum(wanted)
    return [width * share / total for share in wanted]


def _wanted(report: Report, column: Column) -> float:
    longest = max((len(shown(row.get(column.key), column)) for row in rows_of(report)), default=0)
    word = max((len(part) for part in column.title.split()), default=0)
    return float(min(40, max(longest, 1.3 * word, 4)) + 2)
