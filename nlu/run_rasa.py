"""Runs under Rasa's Python: Rasa's own command line, with two things it lacks.

The token comes from the environment (``RASA_TOKEN``), not from the command line that every user of
the machine can read; and a component that needs TensorFlow is refused with one sentence.
"""

from __future__ import annotations

import os
import sys

import tensorflow  # our stub


def main() -> None:
    """Run ``rasa`` with this process's arguments."""
    from rasa.__main__ import main as rasa

    token = os.environ.get("RASA_TOKEN")
    if token and sys.argv[1:2] == ["run"]:
        sys.argv += ["--auth-token", token]
    try:
        rasa()
    except Exception as error:
        cause: BaseException | None = error
        while cause is not None and not isinstance(cause, tensorflow.TensorFlowLeftOut):
            cause = cause.__cause__ or cause.__context__
        if cause is None:
            raise
        raise SystemExit(str(cause)) from None


if __name__ == "__main__":
    main()
