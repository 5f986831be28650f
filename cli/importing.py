"""`./mentorline import …`: all rows or none; every bad row is listed with its line and reason."""

import sys
from pathlib import Path

from cli.common import home_of, settings
from cli.database import database
from cli.errors import Refusal


def people(file: Path, check: bool) -> None:
    """Imports people from CSV or XLSX.

    Raises:
        Refusal: a row is bad; nothing has been imported.
    """
    _run("people", file, check)


def cards(file: Path, check: bool) -> None:
    """Imports answer cards from YAML.

    Raises:
        Refusal: a card is bad; nothing has been imported.
    """
    _run("cards", file, check)


def _run(what: str, file: Path, check: bool) -> None:
    from sqlalchemy.exc import OperationalError, ProgrammingError

    from bot import importing
    from cli.services import first_line
    from store.base import make_engine, make_sessions

    current = settings()
    with database(current.database_url, home_of(current)) as found:
        engine = make_engine(found.url)
        try:
            outcome = getattr(importing, what)(make_sessions(engine), file, current, check=check)
        except OperationalError as error:
            raise Refusal(f"The database does not answer: {first_line(error)}") from None
        except ProgrammingError:
            raise Refusal(
                "The database does not have the newest schema: run ./mentorline migrate."
            ) from None
        finally:
            engine.dispose()
    for problem in outcome.problems:
        print(problem, file=sys.stderr)
    if outcome.problems:
        raise Refusal("Nothing was imported: what is wrong is listed above.")
    print(outcome.summary + (" (only checked, nothing was written)" if check else ""))
