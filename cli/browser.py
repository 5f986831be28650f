"""Where the browser is that the browser tests drive."""

import glob
import os
import shutil
from pathlib import Path

NAMES = ("chromium", "chromium-browser", "google-chrome-stable", "google-chrome")
HOW_TO_GET_IT = (
    "install your system's chromium, or run .venv/app/bin/python -m playwright install chromium"
)


def chromium() -> str | None:
    """Path of a Chromium: `MENTORLINE_CHROMIUM`, the system's, or playwright's own; or None."""
    named = os.environ.get("MENTORLINE_CHROMIUM")
    if named:
        return named if os.access(named, os.X_OK) else None
    for name in NAMES:
        found = shutil.which(name)
        if found:
            return found
    cache = os.environ.get("PLAYWRIGHT_BROWSERS_PATH") or str(Path.home() / ".cache/ms-playwright")
    return max(glob.glob(f"{cache}/chromium-*/chrome-linux*/chrome"), default=None)
