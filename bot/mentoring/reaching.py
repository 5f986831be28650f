"""What follows when a mentee's record grows: gaps that are closed, a goal reached, a certificate.

Called after an observed skill was signed and after a test; the clock looks again once a day, for
what came in by other ways. Everything has its effect once, whoever looks.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Final

from sqlalchemy.orm import Session

from bot import media, outbox
from bot.mentoring import certificates, coaching, goals, standings
from bot.mentoring.competencies import Catalogue, kept
from bot.settings import Settings
from bot.texts import text
from store.people import Person
from store.plans import Certificate

# What was reached longer ago came from old records: it is kept, and nobody is surprised by it.
NEWS_FOR: Final = timedelta(days=30)
NEWS: Final = outbox.Template("record_news")


def look(session: Session, mentee: Person, settings: Settings, now: datetime) -> None:
    """Bring a mentee's plan, goal and certificate to what the record says, and say what is new.

    Args:
        now: aware.
    """
    catalogue = kept(settings.competencies_dir)
    found = standings.of(session, mentee, catalogue)
    for competency in found.validated:
        coaching.close_gap(session, mentee, competency, now)
    _goal(session, mentee, found, catalogue, now)
    certificate = certificates.issue(session, mentee, found, catalogue, now)
    if certificate is not None and found.fully_at and now - found.fully_at < NEWS_FOR:
        hand_over(session, mentee, certificate, settings, now)


def _goal(
    session: Session,
    mentee: Person,
    found: standings.Standings,
    catalogue: Catalogue,
    now: datetime,
) -> None:
    goal = goals.active(session, mentee.id)
    if goal is None or goal.competency is None or found.reached_at(goal.competency) is None:
        return
    goals.reach(session, goal, now)
    title = goals.title(goal, catalogue, mentee.language)
    say(session, mentee, "goal_reached", f"goal:{goal.id}:reached", now, "goal_reached", goal=title)


def hand_over(
    session: Session, mentee: Person, certificate: Certificate, settings: Settings, now: datetime
) -> None:
    """Send a certificate, once: some words, and the page behind a signed address."""
    key = f"certificate:{certificate.id}"
    say(session, mentee, "certificate_sent", key, now, count=len(certificate.entries))
    outbox.say(
        session,
        mentee,
        # WhatsApp shows no words with a document; SMS has them before the address.
        text("certificate_link", mentee.language),
        key=f"{key}:page",
        now=now,
        kind="notice",
        template=NEWS,
        media_url=media.certificate_link(settings, certificate.id, now),
    )


def say(
    session: Session,
    person: Person,
    label: str,
    key: str,
    now: datetime,
    menu: str | None = None,
    **values: object,
) -> None:
    """Say one of our texts about somebody's record, by day; once per key."""
    say_plain(session, person, text(label, person.language, **values), key, now, menu)


def say_plain(
    session: Session, person: Person, body: str, key: str, now: datetime, menu: str | None = None
) -> None:
    """Tell somebody what is new in their record, by day; once per key."""
    outbox.say(session, person, body, key=key, now=now, kind="notice", menu=menu, template=NEWS)
