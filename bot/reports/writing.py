"""A report as text, CSV, JSON or XLSX."""

from __future__ import annotations

import csv
import io
import json
import re
from collections.abc import Iterable, Mapping
from typing import Any, Final

from openpyxl import Workbook
from openpyxl.styles import Alignment, Font
from openpyxl.utils import get_column_letter

from bot.reports.table import Column, Report

# What a spreadsheet would calculate; a phone number with its + is left readable.
_FORMULA: Final = re.compile(r"[=@\t\r]|[-+](?!\d+$)")
_WIDEST: Final = 48


def defused(text: str) -> str:
    """A text that no spreadsheet takes for a formula: an apostrophe before what would be one."""
    return f"'{text}" if _FORMULA.match(text) else text


def rows_of(report: Report) -> list[Mapping[str, Any]]:
    """The rows, with the total where there is one."""
    return [*report.rows, *([report.total] if report.total is not None else [])]


def shown(value: Any, column: Column) -> str:
    """A value as people read it."""
    if value is None:
        return "–"
    if isinstance(value, str):
        return value
    if column.kind == "percent":
        return f"{value:.1f}"
    if column.kind == "count":
        return f"{value:,}"
    if column.kind == "seconds":
        return duration(value)
    return f"{value:.2f}" if isinstance(value, float) else str(value)


def duration(seconds: float) -> str:
    """Seconds as two figures: ``45 s``, ``12 min``, ``3 h 05``, ``2 d 4 h``."""
    whole = round(seconds)
    if whole < 60:
        return f"{whole} s"
    minutes = round(seconds / 60)
    if minutes < 60:
        return f"{minutes} min"
    hours, rest = divmod(minutes, 60)
    return f"{hours} h {rest:02}" if hours < 24 else f"{hours // 24} d {hours % 24} h"


def text(report: Report) -> str:
    """As a plain table, with what is counted printed beneath."""
    cells = [[column.title for column in report.columns]]
    cells += [[shown(row.get(c.key), c) for c in report.columns] for row in rows_of(report)]
    widths = [max(len(row[n]) for row in cells) for n in range(len(report.columns))]
    left = [column.kind == "text" for column in report.columns]
    lines = [
        "  ".join(
            cell.ljust(width) if flush else cell.rjust(width)
            for cell, width, flush in zip(row, widths, left, strict=True)
        ).rstrip()
        for row in cells
    ]
    rule = "  ".join("-" * width for width in widths)
    lines.insert(1, rule)
    if report.total is not None:
        lines.insert(-1, rule)
    if not report.rows:
        lines = [report.empty]
    head = f"{report.title}, {report.period}" if report.period else report.title
    return "\n".join([head, "", *lines, "", report.definition, *report.notes])


def as_csv(report: Report) -> str:
    """The rows with their keys as heading."""
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow([column.key for column in report.columns])
    for row in rows_of(report):
        writer.writerow([_plain(row.get(column.key)) for column in report.columns])
    return out.getvalue()


def _plain(value: Any) -> Any:
    return defused(value) if isinstance(value, str) else value


def as_json(report: Report) -> str:
    """``{report, title, period, definition, notes, rows, total}``."""
    return json.dumps(
        {
            "report": report.name,
            "title": report.title,
            "period": report.period,
            "definition": report.definition,
            "notes": report.notes,
            "rows": [dict(row) for row in report.rows],
            "total": None if report.total is None else dict(report.total),
        },
        ensure_ascii=False,
        indent=1,
        default=str,
    )


def as_xlsx(reports: Iterable[Report]) -> bytes:
    """A workbook with a sheet for each report."""
    book = Workbook()
    if book.active is not None:
        book.remove(book.active)
    names: set[str] = set()
    for report in reports:
        sheet = book.create_sheet(_sheet_name(report.title, names))
        sheet.append([f"{report.title}, {report.period}" if report.period else report.title])
        sheet.append([])
        sheet.append([column.title for column in report.columns])
        for row in rows_of(report):
            sheet.append([_cell(row.get(column.key), column) for column in report.columns])
        sheet["A1"].font = Font(bold=True, size=14)
        for cell in sheet[3]:
            cell.font = Font(bold=True)
        for cell in sheet[sheet.max_row] if report.total is not None else ():
            cell.font = Font(bold=True)
        sheet.freeze_panes = "B4"
        widths = _widths(report)
        for number, width in enumerate(widths, 1):
            sheet.column_dimensions[get_column_letter(number)].width = width
        for note in ("", report.definition, *report.notes):
            sheet.append([note])
            row_number = sheet.max_row if note else 0
            if row_number:
                last = max(len(report.columns), 4)
                sheet.merge_cells(
                    start_row=row_number, end_row=row_number, start_column=1, end_column=last
                )
                sheet.cell(row_number, 1).alignment = Alignment(wrap_text=True, vertical="top")
                room = sum(widths[:last]) + 9 * max(0, last - len(widths))
                sheet.row_dimensions[row_number].height = 15 * (1 + int(len(note) / room))
    out = io.BytesIO()
    book.save(out)
    book.close()
    return out.getvalue()


def _widths(report: Report) -> list[int]:
    everything = rows_of(report)
    return [
        min(
            _WIDEST, 2 + max([len(c.title), *(len(shown(row.get(c.key), c)) for row in everything)])
        )
        for c in report.columns
    ]


def _cell(value: Any, column: Column) -> Any:
    if isinstance(value, str):
        return defused(value)
    if column.kind == "seconds" and value is not None:
        return duration(value)
    return value


def _sheet_name(title: str, taken: set[str]) -> str:
    plain = re.sub(r"[\[\]:*?/\\]", " ", title)[:28]
    name, number = plain, 2
    while name in taken:
        name, number = f"{plain} {number}", number + 1
    taken.add(name)
    return name
