"""Outgoing webhooks: other systems are told that something happened, never who or what was said."""
