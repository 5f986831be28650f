"""`python -m cli`: runs a command and turns a refusal into one sentence and exit status 1."""

import sys

from cli.errors import Refusal


def main() -> int:
    """Runs the command in `sys.argv`; exit status 0, 1 (refused or failed) or 2 (wrong usage)."""
    from cli.app import app

    try:
        app(prog_name="./mentorline")
    except Refusal as refusal:
        print(refusal, file=sys.stderr)
        return 1
    except BrokenPipeError:
        # Whoever read our output has had enough of it (`… | head`).
        sys.stderr.close()
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
