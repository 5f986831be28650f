"""``/api/v1``: the same data as the console's pages, as JSON for other programs."""

from api.door import open_api

__all__ = ["open_api"]
