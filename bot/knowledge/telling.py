"""Who is told what about cards: reviewers, owners, the mentor who proposed, mentees who asked.

All of it is started by us, so it keeps to quiet hours, and each thing is said once.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime

from sqlalchemy import Select, select
from sqlalchemy.orm import Session

from bot import knowledge, outbox, people
from bot.texts import keys, text
from store.cases import Case
from store.knowledge import Card, CardDraft
from store.people import Facility, Person

# So many are asked to review one draft; the first to decide has decided.
REVIEWERS = 2
COORDINATOR = "coordinator"


def _tell(
    session: Session,
    person: Person,
    said: str,
    *,
    key: str,
    now: datetime,
    template: str,
    about: str,
    values: dict[str, object],
    menu: str | None = None,
) -> None:
    outbox.say(
        session,
        person,
        text(said, person.language, **values),
        key=key,
        now=now,
        kind="notice",
        menu=menu,
        template=outbox.Template(template, {"1": about}),
    )


def coordinators(session: Session, district: str | None) -> list[Person]:
    """The coordinators of a district, those without a facility included."""
    query = _reachable(COORDINATOR).outerjoin(Facility, Facility.id == Person.facility_id)
    if district:
        query = query.where(Person.facility_id.is_(None) | Facility.district.in_(("", district)))
    return list(session.scalars(query.order_by(Person.id)).unique())


def _reachable(role: str) -> Select[Person]:
    return select(Person).where(
        Person.roles.contains([role]), Person.stopped_at.is_(None), Person.consent != "no"
    )


def district_of(session: Session, draft: CardDraft) -> str | None:
    """Where the question came from."""
    case = session.get(Case, draft.case_id) if draft.case_id else None
    mentee = session.get(Person, case.mentee_id) if case else None
    return mentee.facility.district if mentee and mentee.facility else None


def reviewers(session: Session, draft: CardDraft) -> list[Person]:
    """Who is asked to review a draft: coordinators, else mentors of its topic, else any mentor."""
    found = [
        person
        for person in coordinators(session, district_of(session, draft))
        if person.id != draft.proposer_id
    ]
    if not found:
        mentors = [
            person
            for person in session.scalars(_reachable("mentor").order_by(Person.id)).unique()
            if person.id != draft.proposer_id and person.away_since is None
        ]
        topic = draft.content.get("topic")
        found = [person for person in mentors if topic in person.technical_areas] or mentors
    return found[:REVIEWERS]


def ask_reviewers(session: Session, draft: CardDraft, title: str, now: datetime) -> list[Person]:
    """Ask for a review; they bring the draft to their phone with REVIEW."""
    asked = reviewers(session, draft)
    for person in asked:
        _tell(
            session,
            person,
            "card_review_wanted",
            key=f"draft:{draft.id}:review:{person.id}",
            now=now,
            template="card_review",
            about=title,
            menu="review",
            values={"title": title},
        )
    return asked


def news(session: Session, card: knowledge.LiveCard, person_id: int, now: datetime) -> bool:
    """Tell somebody who asked that the library has an answer now, with the card; never twice.

    Returns:
        ``False`` for whoever does not want to hear from us.
    """
    person = session.get(Person, person_id)
    if person is None or person.stopped_at is not None or person.consent != "yes":
        return False
    title, _ = card.in_language(person.language)
    _tell(
        session,
        person,
        "card_news",
        key=f"card:{card.id}:news:{person.id}",
        now=now,
        template="library_news",
        about=title,
        values={"title": title, "answer": knowledge.rendered(card, person.language)},
    )
    return True


def thanks(session: Session, draft: CardDraft, title: str, now: datetime) -> None:
    """Thank the mentor who proposed it."""
    person = session.get(Person, draft.proposer_id) if draft.proposer_id else None
    if person is not None:
        _about_card(session, person, "card_thanks", f"draft:{draft.id}:thanks", title, now)


def rejected(session: Session, draft: CardDraft, title: str, reason: str, now: datetime) -> None:
    """Tell the mentor who proposed it that it will not become a card, and why.

    Args:
        reason: a key of ``texts.yml``, or a reason in words.
    """
    person = session.get(Person, draft.proposer_id) if draft.proposer_id else None
    if person is not None:
        key = f"draft:{draft.id}:rejected"
        reason = text(reason, person.language) if reason in keys() else reason.rstrip(". ")
        _about_card(session, person, "card_rejected", key, title, now, reason=reason)


def checked(
    session: Session, draft: CardDraft, title: str, sure: int, of: int, now: datetime
) -> None:
    """Tell reviewer and owner that it is live, and how many of its own questions it answers."""
    said = "card_live" if sure == of else "card_live_unsure"
    for person in _reviewer_and_owner(session, draft):
        key = f"draft:{draft.id}:live:{person.id}"
        _about_card(session, person, said, key, title, now, sure=sure, of=of)


def held_back(session: Session, draft: CardDraft, title: str, training: int, now: datetime) -> None:
    """Tell reviewer and owner that the model did not pass its test with the card."""
    for person in _reviewer_and_owner(session, draft):
        key = f"draft:{draft.id}:held:{training}:{person.id}"
        _about_card(session, person, "card_held_back", key, title, now, id=draft.id)


def _reviewer_and_owner(session: Session, draft: CardDraft) -> list[Person]:
    card = session.get(Card, draft.card_id) if draft.card_id else None
    ids = {draft.reviewer_id, card.owner_id if card else None} - {None}
    found = [session.get(Person, person_id) for person_id in sorted(filter(None, ids))]
    return [person for person in found if person is not None]


def _about_card(
    session: Session,
    person: Person,
    said: str,
    key: str,
    title: str,
    now: datetime,
    **values: object,
) -> None:
    _tell(
        session,
        person,
        said,
        key=key,
        now=now,
        template="card_notice",
        about=title,
        values={"title": title, **values},
    )


def _keepers(session: Session, card: Card) -> list[Person]:
    """The owner of a card and the coordinators who are bound to no district."""
    owner = session.get(Person, card.owner_id) if card.owner_id else None
    every = [*([owner] if owner else []), *coordinators(session, None)]
    return list({person.id: person for person in every}.values())


def expiry(
    session: Session, card: Card, title: str, now: datetime, *, over: bool, withheld: bool
) -> list[Person]:
    """Tell owner and coordinators that a card expires soon, or has expired; each once."""
    said = "card_expired" if over and withheld else "card_expired_sent" if over else "card_expires"
    told = _keepers(session, card)
    for person in told:
        step = "expired" if over else "expires"
        key = f"card:{card.id}:{step}:{card.expires_on}:{person.id}"
        day = str(card.expires_on)
        _about_card(session, person, said, key, title, now, card=card.id, day=day)
    return told


def withdrawn(
    session: Session, cards: Iterable[Card], titles: dict[str, str], reason: str, now: datetime
) -> Sequence[Person]:
    """Tell owners that their cards were withdrawn: one message each, however many cards."""
    of_owner: dict[int, list[str]] = {}
    for card in cards:
        if card.owner_id is not None:
            of_owner.setdefault(card.owner_id, []).append(titles.get(card.id, card.id))
    told = []
    for person_id, names in of_owner.items():
        person = session.get_one(Person, person_id)
        shown = ", ".join(names[:3]) + (f" +{len(names) - 3}" if len(names) > 3 else "")
        key = f"withdrawn:{now.isoformat()}:{person_id}"
        _about_card(session, person, "card_withdrawn", key, shown, now, reason=reason)
        told.append(person)
    return told


def names(found: Iterable[Person]) -> list[str]:
    """The names of people as staff see them."""
    return [people.display_name(person, f"person {person.id}") for person in found]
