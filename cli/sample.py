"""`python -m cli.sample`: puts the sample programme into the demo's database.

Started by the demo once the schema and the simulator are there.
"""

import sys

from bot import demo
from cli.common import home_of, settings
from cli.demo import NOTE


def main() -> int:
    current = settings()
    lines = demo.seed(current)
    (home_of(current) / NOTE).write_text("\n".join(lines), "utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
