"""Errors that are one sentence to people: written in English, shown in their language."""

from __future__ import annotations


class SentenceError(Exception):
    """What was asked for cannot be done.

    Args:
        sentence: English, with ``%(name)s`` where something is filled in. The console translates
            it, so it stands as a literal where the error is raised (``console.catalogue``).
        values: what is filled in.
    """

    def __init__(self, sentence: str, **values: object) -> None:
        super().__init__(sentence % values if values else sentence)
        self.sentence = sentence
        self.values = values
