"""The sentences of the console as they stand in code and templates: what a catalogue must hold."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Final

from babel.messages.extract import extract_from_dir

ROOT: Final = Path(__file__).resolve().parent.parent
# Where sentences stand, and how they are marked there.
PLACES: Final = (
    "console",
    "bot/accounts",
    "bot/hooks",
    "bot/mentoring",
    "bot/reports",
    "bot/uploads",
)
MARKS: Final = {
    **dict.fromkeys(("_", "gettext", "N_")),
    # Errors that are shown as they were raised (``bot.text.sentences``).
    **dict.fromkeys(("StayError", "PlaceError", "NumberError", "TakenError")),
    **dict.fromkeys(
        ("MergeError", "refuse", "FileImportError", "HookError", "UnknownName", "NotUsable")
    ),
}
_METHODS: Final = [("**.py", "python"), ("**/templates/**.html", "jinja2")]


def sentences() -> Iterator[str]:
    """Every sentence that can be shown, in English; some more than once."""
    for place in PLACES:
        for _file, _line, message, _comments, _context in extract_from_dir(
            ROOT / place, _METHODS, keywords=MARKS, options_map={"**.html": {"trimmed": "false"}}
        ):
            assert isinstance(message, str)
            yield message
