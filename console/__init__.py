"""The web pages for coordinators, mentors and viewers, under ``/console``."""

from console.app import open_console

__all__ = ["open_console"]
