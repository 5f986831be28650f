"""`./mentorline import …`: all rows or none; every bad row is listed with its line and reason."""

import sys
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

from cli.common import home_of, settings
from cli.database import database
from cli.errors import Refusal

if TYPE_CHECKING:
    from sqlalchemy.orm import Session, sessionmaker

    from bot.importing import Outcome
    from bot.settings import Settings


class Importer(Protocol):
    """What brings a file in, or says what is wrong with it."""

    def __call__(
        self,
        sessions: "sessionmaker[Session]",
        path: Path,
        settings: "Settings",
        *,
        check: bool = False,
    ) -> "Outcome": ...


def people(file: Path, check: bool) -> None:
    """Imports people from CSV or XLSX.

    Raises:
        Refusal: a row is bad; nothing has been imported.
    """
    from bot.importing import people
    from cli.demo import now

    _run(partial(people, now=now(settings())), file, check)


def assessments(file: Path, check: bool) -> None:
    """Imports assessments from CSV or XLSX.

    Raises:
        Refusal: a row is bad; nothing has been imported.
    """
    from bot.mentoring.importing import assessments
    from cli.demo import now

    _run(partial(assessments, now=now(settings())), file, check)


def facilities(file: Path, check: bool, district_level: int, facility_level: int) -> None:
    """Imports facilities from DHIS2's organisation units.

    Raises:
        Refusal: a unit is bad; nothing has been imported.
    """
    from bot.reports.dhis2 import facilities

    bring = partial(facilities, district_level=district_level, facility_level=facility_level)
    _run(bring, file, check)


def cards(file: Path, check: bool) -> None:
    """Imports answer cards from YAML.

    Raises:
        Refusal: a card is bad; nothing has been imported.
    """
    from bot.importing import cards

    _run(cards, file, check)


def questions(file: Path, check: bool) -> None:
    """Imports quiz questions from CSV, XLSX or YAML.

    Raises:
        Refusal: a question is bad; nothing has been imported.
    """
    from bot.quizzes.importing import questions

    _run(questions, file, check)


def _run(bring: "Importer", file: Path, check: bool) -> None:
    from sqlalchemy.exc import DataError, OperationalError, ProgrammingError

    from cli.services import first_line
    from store.base import make_engine, make_sessions

    current = settings()
    with database(current.database_url, home_of(current)) as found:
        engine = make_engine(found.url)
        try:
            outcome = bring(make_sessions(engine), file, current, check=check)
        except (DataError, UnicodeEncodeError):
            raise Refusal(f"{file.name} holds a character that cannot be stored.") from None
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
    for note in outcome.notes:
        print(f"Please look: {note}", file=sys.stderr)
    print(outcome.summary + (" (only checked, nothing was written)" if check else ""))
