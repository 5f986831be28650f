"""The calibrated thresholds of the published model, re-read when a new one is published."""

from __future__ import annotations

import json
from pathlib import Path

from bot.answering import CAREFUL, Thresholds


class ThresholdsFile:
    """``current.json`` beside the published model; careful defaults where there is none."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._stamp: tuple[int, int] | None = None
        self._by_language: dict[str, Thresholds] = {}

    def of(self, language: str) -> Thresholds:
        """The thresholds of a language."""
        try:
            stat = self._path.stat()
        except OSError:
            return CAREFUL
        stamp = (stat.st_mtime_ns, stat.st_size)
        if stamp != self._stamp:
            self._by_language = self._read()
            self._stamp = stamp
        return self._by_language.get(language, CAREFUL)

    def _read(self) -> dict[str, Thresholds]:
        try:
            content = json.loads(self._path.read_text(encoding="utf-8"))
            return {
                language: Thresholds(float(row["answer"]), float(row["ask"]))
                for language, row in content["thresholds"].items()
            }
        except (OSError, ValueError, KeyError, TypeError):
            return {}
