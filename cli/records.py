"""A session for commands that look at records, and how they find a person."""

import contextlib
from collections.abc import Iterator

from sqlalchemy.exc import OperationalError, ProgrammingError
from sqlalchemy.orm import Session

from bot import people
from bot.settings import Settings
from cli.common import home_of
from cli.database import database
from cli.errors import Refusal
from cli.services import first_line
from store.base import make_engine, make_sessions
from store.people import Person


@contextlib.contextmanager
def session_of(current: Settings) -> Iterator[Session]:
    """A session on the database of these settings; what is not committed is not kept.

    Raises:
        Refusal: the database does not answer, or is not migrated.
    """
    with database(current.database_url, home_of(current)) as found:
        engine = make_engine(found.url)
        try:
            with make_sessions(engine)() as session:
                yield session
        except OperationalError as error:
            raise Refusal(f"The database does not answer: {first_line(error)}") from None
        except ProgrammingError:
            raise Refusal(
                "The database does not have the newest schema: run ./mentorline migrate."
            ) from None
        finally:
            engine.dispose()


def person_of(session: Session, who: str, current: Settings) -> Person:
    """The person with this phone, in any form, or external id.

    Raises:
        Refusal: nobody has it.
    """
    for person in people.called(session, who, current.default_region):
        return person
    raise Refusal(f"Nobody has the phone or external id {who!r}.")
