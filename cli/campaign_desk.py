"""The database of a `./mentorline campaign` command: one transaction, and sentences for errors."""

import contextlib
import re
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime

from sqlalchemy.exc import IntegrityError, OperationalError, ProgrammingError
from sqlalchemy.orm import Session

from bot.quizzes.calendar import zone
from bot.quizzes.campaigns import CampaignError
from bot.quizzes.plan import PlanError
from bot.settings import Settings
from cli.common import home_of, settings
from cli.database import database
from cli.demo import now
from cli.errors import Refusal
from cli.services import first_line
from store.base import make_engine, make_sessions


@dataclass(frozen=True)
class Desk:
    """What every command works with. ``now``: aware; ``today``: of the programme."""

    session: Session
    settings: Settings
    now: datetime

    @property
    def today(self) -> date:
        """The day in the programme's own time zone."""
        return self.now.astimezone(zone(self.settings.default_timezone)).date()


@contextlib.contextmanager
def opened(*names: str) -> Iterator[Desk]:
    """The database in one transaction: all of a command is done, or nothing.

    Args:
        names: of campaigns, as typed.

    Raises:
        Refusal: the database does not answer, or what was asked for cannot be done.
    """
    for name in names:
        _check(name)
    current = settings()
    with database(current.database_url, home_of(current)) as found:
        engine = make_engine(found.url)
        try:
            with make_sessions(engine, current.session_info).begin() as session:
                yield Desk(session, current, now(current))
        except OperationalError as error:
            raise Refusal(f"The database does not answer: {first_line(error)}") from None
        except ProgrammingError:
            raise Refusal(
                "The database does not have the newest schema: run ./mentorline migrate."
            ) from None
        except IntegrityError:
            raise Refusal("Somebody else changed the same at this moment: try again.") from None
        except CampaignError as error:
            raise Refusal(str(error)) from None
        except PlanError as error:
            for problem in error.problems:
                print(problem, file=sys.stderr)
            raise Refusal("Nothing was done: what is wrong is listed above.") from None
        finally:
            engine.dispose()


def _check(name: str) -> None:
    if not name.isprintable():
        raise Refusal("A campaign's name is made of letters, digits and signs that can be seen.")
    if name.startswith("#") and not re.fullmatch(r"#[0-9]{1,18}", name):
        raise Refusal(f"{name} is no campaign's number; numbers look like #3.")
