"""Files that are handed in by the console or the API."""
