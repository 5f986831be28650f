"""Secrets that we make ourselves and keep under `MENTORLINE_HOME`, readable by their owner only."""

import json
import os
import secrets
from pathlib import Path

from cli.errors import Refusal

NAMES = ("SECRET_KEY", "TWILIO_AUTH_TOKEN", "RASA_TOKEN", "ACTIONS_TOKEN")


def local(home: Path) -> dict[str, str]:
    """Setting name → secret for a product that runs on this machine; made on first use.

    Raises:
        Refusal: the file that keeps them is damaged.
    """
    path = home / "secrets.json"
    try:
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except FileExistsError:
        pass
    else:
        with os.fdopen(descriptor, "w") as file:
            json.dump({name: secrets.token_hex(16) for name in NAMES}, file)
    try:
        kept = json.loads(path.read_text("utf-8"))
        return {name: str(kept[name]) for name in NAMES}
    except (ValueError, KeyError, TypeError):
        raise Refusal(f"{path} is damaged: delete it, and new secrets are made.") from None
