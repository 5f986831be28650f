"""`python -m cli.training`: trains on the cards that are live in the database.

The database is the one of `DATABASE_URL`. Where it holds no cards yet, or there is none, the cards
of the tree are trained on, so that the first import finds a model.
"""

import os
import shutil
import sys
from pathlib import Path

from cli.common import home_of, module, settings
from cli.errors import Refusal


def command(arguments: tuple[str, ...]) -> tuple[str, ...]:
    """The command line that trains on the live cards.

    Raises:
        Refusal: the database does not answer.
    """
    current = settings()
    folder = None
    if current.database_url is not None:
        folder = live_cards(current.database_url, home_of(current) / "models" / "cards")
    chosen = ("--cards", str(folder)) if folder else ()
    return module("nlu.train", *chosen, *current.training_options, *arguments)


def live_cards(url: str, folder: Path) -> Path | None:
    """Writes the live cards of the database into `folder` as topic files; None: there are none.

    Raises:
        Refusal: the database does not answer.
    """
    import yaml
    from sqlalchemy.exc import OperationalError, ProgrammingError

    from bot import knowledge
    from cli.services import first_line
    from store.base import make_engine, make_sessions

    engine = make_engine(url, pool_size=1)
    try:
        with make_sessions(engine)() as session:
            topics = knowledge.training_topics(session)
    except ProgrammingError:
        return None  # not migrated yet
    except OperationalError as error:
        raise Refusal(f"The database does not answer: {first_line(error)}") from None
    finally:
        engine.dispose()
    if not topics:
        return None
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    for topic in topics:
        text = yaml.safe_dump(topic, allow_unicode=True, sort_keys=True, width=1000)
        (folder / f"{topic['topic']}.yml").write_text(text, "utf-8")
    return folder


def main() -> int:
    try:
        line = command(tuple(sys.argv[1:]))
    except Refusal as refusal:
        print(refusal, file=sys.stderr)
        return 1
    os.execv(line[0], line)  # noqa: S606


if __name__ == "__main__":
    sys.exit(main())
