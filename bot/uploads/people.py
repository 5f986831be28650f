"""Files of people handed in by the console or the API: checked first, imported when asked for.

A file lies in the database between the two, so that any process can go on with it. A small one is
looked at at once, a big one by a worker. All rows are taken or none (``bot.importing``).
"""

from __future__ import annotations

import io
import tempfile
import zipfile
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import islice
from pathlib import Path
from typing import Any, Final

from sqlalchemy import select, update
from sqlalchemy.exc import DataError
from sqlalchemy.orm import Session, sessionmaker, undefer

from bot import importing
from bot.accounts.audit import note
from bot.settings import Settings
from bot.text.sentences import SentenceError
from store import queue
from store.imports import FileImport

LARGEST: Final = 8 * 1024 * 1024
# What a spreadsheet may come to when it is unpacked.
LARGEST_UNPACKED: Final = 120 * 1024 * 1024
# Some two hundred rows: a second or two, for which a page can wait.
AT_ONCE: Final = 16 * 1024
SAMPLE: Final = 20
KINDS: Final = (".csv", ".xlsx")
LONGEST_NAME: Final = 120
MOST_PROBLEMS: Final = 500
# A file that nobody went on with is thrown away.
KEPT: Final = timedelta(days=3)
FORGOTTEN_AFTER: Final = timedelta(minutes=2)


class FileImportError(SentenceError):
    """The file cannot be taken. One sentence."""


@dataclass(frozen=True)
class Whose:
    """Who hands a file in. ``district``: the only one they look after."""

    account: int | None
    token: int | None = None
    district: str | None = None


def begin(
    sessions: sessionmaker[Session],
    settings: Settings,
    *,
    name: str,
    content: bytes,
    whose: Whose,
    now: datetime,
    real_now: datetime,
) -> int:
    """Take a file in and have it checked; nothing of it is written yet.

    Args:
        name: the file's own, of which the end says what it is.
        now: aware, the programme's time; ``real_now``: for the audit.

    Returns:
        The import's number.

    Raises:
        FileImportError: it is empty, too large, or of another kind.
    """
    name = "".join(filter(str.isprintable, name.replace("\\", "/")))
    name = name.rpartition("/")[2].strip()[-LONGEST_NAME:]
    _check(name, content)
    with sessions.begin() as session:
        made = FileImport(
            account_id=whose.account,
            token_id=whose.token,
            district=whose.district,
            name=name,
            content=content,
            made_at=now,
            moved_at=now,
        )
        session.add(made)
        session.flush()
        note(session, "import_checked", real_now, by=whose.account, **_about(made))
    _go_on(sessions, settings, made.id, len(content), now)
    return made.id


def _about(found: FileImport) -> dict[str, Any]:
    token = {} if found.token_id is None else {"token": found.token_id}
    return {"number": found.id, "rows": found.rows, **token}


def _check(name: str, content: bytes) -> None:
    suffix = Path(name).suffix.lower()
    if suffix not in KINDS:
        raise FileImportError("Please choose a CSV or XLSX file.")
    if not content:
        raise FileImportError("This file is empty.")
    if len(content) > LARGEST:
        raise FileImportError("This file is too large. Please split it into several.")
    if suffix == ".xlsx":
        try:
            with zipfile.ZipFile(io.BytesIO(content)) as packed:
                unpacked = sum(part.file_size for part in packed.infolist())
        except zipfile.BadZipFile:
            raise FileImportError("This is not a spreadsheet in XLSX format.") from None
        if unpacked > LARGEST_UNPACKED:
            raise FileImportError("This file is too large. Please split it into several.")


def confirm(
    sessions: sessionmaker[Session],
    settings: Settings,
    import_id: int,
    now: datetime,
    real_now: datetime,
) -> bool:
    """Import a file that was found good. A second word for it changes nothing.

    Returns:
        ``False``: it is not ready (any more).
    """
    with sessions.begin() as session:
        found = _locked(session, import_id)
        if found is None or found.state != "ready" or found.content is None:
            return False
        found.state, found.moved_at, found.at_row = "importing", now, 0
        size = len(found.content)
        note(session, "people_imported", real_now, by=found.account_id, **_about(found))
    _go_on(sessions, settings, import_id, size, now)
    return True


def drop(session: Session, import_id: int, now: datetime) -> None:
    """Forget a file that was not imported."""
    found = _locked(session, import_id)
    if found is not None and found.state == "ready":
        _end(found, "dropped", now)


def _end(found: FileImport, state: str, now: datetime) -> None:
    """The rows are in the database now, or not wanted: the file goes."""
    found.state, found.moved_at = state, now
    found.content, found.sample = None, []


def _locked(session: Session, import_id: int) -> FileImport | None:
    return session.scalar(
        select(FileImport)
        .where(FileImport.id == import_id)
        .options(undefer(FileImport.content))
        .with_for_update()
    )


def _go_on(
    sessions: sessionmaker[Session], settings: Settings, import_id: int, size: int, now: datetime
) -> None:
    if size <= AT_ONCE:
        look(sessions, settings, import_id, now)
        return
    with sessions.begin() as session:
        _defer(session, import_id)


def _defer(session: Session, import_id: int) -> None:
    queue.defer(
        session,
        queue.IMPORT,
        lock=queue.IMPORT,
        priority=queue.PRIORITY_BULK,
        import_id=import_id,
    )


def look(
    sessions: sessionmaker[Session], settings: Settings, import_id: int, now: datetime
) -> None:
    """Check or import a file, whichever it waits for. May be run again after a crash."""
    with sessions() as session:
        found = session.get(FileImport, import_id, options=[undefer(FileImport.content)])
        if found is None or found.content is None or found.state not in ("checking", "importing"):
            return
        state, content, name, district = found.state, found.content, found.name, found.district

    def told(done: int, rows: int) -> None:
        with sessions.begin() as session:
            session.execute(
                update(FileImport)
                .where(FileImport.id == import_id)
                .values(at_row=done, rows=rows, moved_at=now)
            )

    with tempfile.TemporaryDirectory(prefix="mentorline-import-") as folder:
        # Named by us: what was typed elsewhere is no path here.
        path = Path(folder) / f"people{Path(name).suffix.lower()}"
        path.write_bytes(content)
        try:
            outcome = importing.people(
                sessions, path, settings, check=state == "checking", now=now, within=district,
                told=told,
            )  # fmt: skip
        except (DataError, UnicodeEncodeError):
            outcome = importing.Outcome([f"{name} holds a character that cannot be stored."])
        sample = [] if outcome.problems else _sample(path)
    with sessions.begin() as session:
        done = _locked(session, import_id)
        if done is None or done.state != state:
            return
        done.rows, done.at_row = outcome.rows, outcome.rows
        done.problems = [one.replace(path.name, name) for one in outcome.problems[:MOST_PROBLEMS]]
        done.notes, done.added = outcome.notes, outcome.added
        if outcome.problems:
            _end(done, "refused", now)
        elif state == "checking":
            done.state, done.moved_at, done.sample = "ready", now, sample
        else:
            _end(done, "done", now)


def _sample(path: Path) -> list[dict[str, str]]:
    rows = islice(importing.read_rows(path), SAMPLE)
    return [
        {name: cell for name, cell in cells.items() if name and name[0] != "_"} for _, cells in rows
    ]


def of(
    session: Session, import_id: int, *, account: int | None = None, token: int | None = None
) -> FileImport | None:
    """An import of an account's, or of a token's; anybody else's is not found.

    Args:
        account, token: both left out: whosever it is, which is for admins.
    """
    query = select(FileImport).where(FileImport.id == import_id)
    if account is not None:
        query = query.where(FileImport.account_id == account, FileImport.token_id.is_(None))
    if token is not None:
        query = query.where(FileImport.token_id == token)
    return session.scalar(query)


def lately(session: Session, account: int) -> Sequence[FileImport]:
    """The last few imports of an account, the newest first."""
    return session.scalars(
        select(FileImport)
        .where(FileImport.account_id == account, FileImport.token_id.is_(None))
        .order_by(FileImport.id.desc())
        .limit(10)
    ).all()


def sweep(session: Session, now: datetime) -> int:
    """Go on with what a process left behind, and throw away what nobody went on with.

    Returns:
        How many were taken up again.
    """
    session.execute(
        update(FileImport)
        .where(FileImport.state == "ready", FileImport.moved_at < now - KEPT)
        .values(state="dropped", content=None, sample=[], moved_at=now)
    )
    left = session.scalars(
        select(FileImport)
        .where(
            FileImport.state.in_(("checking", "importing")),
            FileImport.content.is_not(None),
            FileImport.moved_at < now - FORGOTTEN_AFTER,
        )
        .with_for_update(skip_locked=True)
    ).all()
    for one in left:
        if not queue.waits(session, queue.IMPORT, "import_id", one.id):
            _defer(session, one.id)
        one.moved_at = now
    return len(left)
