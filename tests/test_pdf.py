"""Reports as PDF: what can be read on the pages."""

from __future__ import annotations

from io import BytesIO

from hypothesis import given
from hypothesis import strategies as st
from pypdf import PdfReader

from bot.reports.pdf import as_pdf, numbered, printable
from bot.reports.table import Column, Report

PLANS = Report(
    "plan",
    "Coaching plans",
    "January to March 2026",
    (Column("group", "District"), Column("open", "Open", "count")),
    [{"group": f"Secteur n° {number} <b> & é", "open": 1200 + number} for number in range(60)],
    "What is counted.",
    ("A note.",),
    {"group": "All", "open": 5},
)


def test_a_long_table_goes_over_pages_with_its_heading_and_its_total() -> None:
    nothing = Report("stock", "Stock-outs", "", (), [], "Items that were missing.")
    made = as_pdf([PLANS, nothing], "District pack of Kayonza")
    assert made == as_pdf([PLANS, nothing], "District pack of Kayonza")
    pages = [page.extract_text() for page in PdfReader(BytesIO(made)).pages]
    assert len(pages) == 2
    assert all("District" in page and "Open" in page for page in pages)
    assert "Coaching plans, January to March 2026" in pages[0]
    assert "Secteur n° 0 <b> & é" in pages[0]
    assert "1,259" in pages[1]
    assert "What is counted." in pages[1]
    assert "No records yet." in pages[1]
    assert len(made) < 20_000


@given(st.text(max_size=60))
def test_every_text_can_be_printed(text: str) -> None:
    printable(text).encode("cp1252")


def test_letters_that_the_fonts_lack_lose_their_accents_only() -> None:
    assert printable("Ngũgĩ, Mukamana ʼn œuvre ≥ 85 % 日") == "Ngugi, Mukamana ’n œuvre >= 85 % ?"


def test_a_broad_table_is_headed_by_numbers() -> None:
    """Two dozen competencies would leave a letter's width for each name."""
    keys = [f"area-competency-{n}" for n in range(20)]
    matrix = Report(
        "matrix", "Mentees and competencies", "", (Column("mentee", "Mentee"),
        *(Column(key, key) for key in keys)), [{"mentee": "Claudine", **dict.fromkeys(keys, "V")}],
        "V: validated.", tuple(f"{key}: Title {n}" for n, key in enumerate(keys)),
    )  # fmt: skip
    found = numbered(matrix)
    assert [column.title for column in found.columns][:3] == ["Mentee", "1", "2"]
    assert found.notes[0].startswith("1 Title 0; 2 Title 1; ")
    assert numbered(found) == found
    page = PdfReader(BytesIO(as_pdf([matrix]))).pages[0].extract_text()
    assert "20 Title 19" in " ".join(page.split())
