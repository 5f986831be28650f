"""A certificate as a page: who, in what, since when, and which mentor has signed each skill."""

from __future__ import annotations

from datetime import datetime
from typing import Any, Final
from zoneinfo import ZoneInfo

from babel.dates import format_date
from reportlab.lib.pagesizes import A4
from reportlab.lib.styles import ParagraphStyle
from reportlab.lib.units import mm
from reportlab.platypus import HRFlowable, Spacer, Table, TableStyle

from bot.reports.pdf import BOLD, FONT, INK, LINE, MARGIN, NOTE, SHADE, document, paragraph
from bot.texts import languages, text
from store.plans import Certificate

_MIDDLE: Final = {"alignment": 1, "textColor": INK}
PROGRAMME: Final = ParagraphStyle("programme", fontName=FONT, fontSize=12, leading=16, **_MIDDLE)
HEAD: Final = ParagraphStyle("head", fontName=BOLD, fontSize=26, leading=32, **_MIDDLE)
NAME: Final = ParagraphStyle("name", fontName=BOLD, fontSize=22, leading=28, **_MIDDLE)
LINES: Final = ParagraphStyle("lines", fontName=FONT, fontSize=11, leading=16, **_MIDDLE)
CELL: Final = ParagraphStyle("cell", fontName=FONT, fontSize=9.5, leading=12, textColor=INK)
CELL_HEAD: Final = ParagraphStyle("cell_head", parent=CELL, fontName=BOLD)


def page(certificate: Certificate, *, programme: str, language: str, timezone: str) -> bytes:
    """The certificate as PDF. The same row gives the same bytes.

    Args:
        language: English where the texts are not written in it.
        timezone: of the dates on it.
    """
    where = language if language in languages("certificate_head") else "en"

    def say(key: str, **values: object) -> str:
        return text(key, where, **values)

    def day(moment: datetime) -> str:
        return format_date(
            moment.astimezone(ZoneInfo(timezone)).date(), "d MMMM yyyy", locale=where
        )

    about = ", ".join(filter(None, (cadre(certificate.cadre, where), certificate.facility)))
    story: list[Any] = [
        Spacer(1, 14 * mm),
        paragraph(programme, PROGRAMME),
        Spacer(1, 6 * mm),
        paragraph(say("certificate_head"), HEAD),
        Spacer(1, 10 * mm),
        paragraph(certificate.name or say("certificate_no_name"), NAME),
        paragraph(about, LINES),
        Spacer(1, 6 * mm),
        paragraph(say("certificate_says", count=len(certificate.entries)), LINES),
        Spacer(1, 8 * mm),
        _table(certificate, where, day),
        Spacer(1, 8 * mm),
        paragraph(say("certificate_rule"), NOTE),
        Spacer(1, 6 * mm),
        HRFlowable(width="100%", color=LINE),
        Spacer(1, 3 * mm),
        paragraph(
            say(
                "certificate_number",
                number=spelt(certificate.number),
                day=day(certificate.issued_at),
            ),
            LINES,
        ),
    ]
    return document(story, A4, f"{say('certificate_head')} {spelt(certificate.number)}")


def cadre(name: str, language: str) -> str:
    """A cadre as it is read: "nurse", "infirmière"; what programmes add themselves as they say."""
    key = f"cadre_{name.lower()}"
    try:
        return text(key, language)
    except KeyError:
        return name


def spelt(number: str) -> str:
    """A number in two halves, easier to read aloud."""
    half = len(number) // 2
    return f"{number[:half]}-{number[half:]}"


def _table(certificate: Certificate, language: str, day: Any) -> Table:
    heads = ("certificate_competency", "certificate_since", "certificate_mentor")
    rows = [[paragraph(text(key, language), CELL_HEAD) for key in heads]]
    for entry in certificate.entries:
        title = entry["title"].get(language) or entry["title"]["en"]
        since = day(datetime.fromisoformat(entry["at"])) if entry["at"] else "–"
        mentor = entry["mentor"] or text("certificate_knowledge", language)
        rows.append([paragraph(one, CELL) for one in (title, since, mentor)])
    width = A4[0] - 2 * MARGIN
    table = Table(rows, colWidths=[width * share for share in (0.52, 0.22, 0.26)], repeatRows=1)
    table.setStyle(
        TableStyle(
            [
                ("VALIGN", (0, 0), (-1, -1), "TOP"),
                ("BACKGROUND", (0, 0), (-1, 0), SHADE),
                ("LINEBELOW", (0, 0), (-1, -1), 0.4, LINE),
                ("TOPPADDING", (0, 0), (-1, -1), 2),
                ("BOTTOMPADDING", (0, 0), (-1, -1), 3),
            ]
        )
    )
    return table
