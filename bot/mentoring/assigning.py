"""Who has a case: finding mentors, putting the question to them, taking, passing on.

A case is held by one mentor at most. A normal one is given to a mentor at once; an urgent one is
offered to two, and is held by the first who takes it. Every change happens under the row lock of
the case (``record.locked``).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Literal

from sqlalchemy import select, update
from sqlalchemy.orm import Session

from bot import people
from bot.mentoring import candidates, dues, routing, telling
from bot.mentoring.record import event, locked, mentor_of, shown_name, tell_mentee, tell_mentor
from store.cases import Case, CaseOffer
from store.messages import OutboxMessage
from store.people import Person

# Kinds of the messages that only say that a case waits: dropped when it goes on.
REMINDER = "reminder"
APOLOGY = "apology"
WAITS = (REMINDER, APOLOGY)
# A case that nobody has is looked at again at least this often, should the hours not tell when.
LOOK_AGAIN = timedelta(minutes=10)
LOOK_AGAIN_URGENT = timedelta(minutes=1)

Standing = Literal["holder", "offered"]


@dataclass(frozen=True)
class Assigned:
    """Who was asked: nobody, the mentor who has it now, or those it is offered to.

    ``reasons``: in plain words, one list for each mentor. ``first_on``: when nobody was asked,
    the moment at which somebody comes on duty, if known. ``news``: somebody had it until now.
    """

    mentors: tuple[Person, ...] = ()
    reasons: tuple[tuple[str, ...], ...] = ()
    expected_by: datetime | None = None
    first_on: datetime | None = None
    news: bool = False


@dataclass(frozen=True)
class Taken:
    """What became of taking a case; ``holder``: the shown name of whoever has it instead."""

    outcome: Literal["taken", "already_yours", "somebody_elses", "closed"]
    holder: str = ""


def forget_reminders(session: Session, case: Case, kinds: Sequence[str] = WAITS) -> None:
    """What only says that the case waits, and has not left yet, is not needed any more."""
    _drop(session, case, OutboxMessage.kind.in_(kinds))


def _drop(session: Session, case: Case, *which: object) -> None:
    session.execute(
        update(OutboxMessage)
        .where(
            OutboxMessage.case_id == case.id,
            OutboxMessage.state.in_(("queued", "held")),
            *which,  # type: ignore[arg-type]
        )
        .values(state="dropped", reason="the case went on")
    )


def assign(
    session: Session,
    case: Case,
    mentee: Person,
    *,
    now: datetime,
    key: str,
    media_url: str | None = None,
    waits_too_long: bool = False,
) -> Assigned:
    """Find mentors for a case and put the question to them.

    The case records why these, and for everybody else why not. With nobody to ask it is looked
    at again when somebody comes on duty.

    Args:
        waits_too_long: its mentors had their time, so it goes to somebody who has not had it;
            when there is nobody, it stays as it is, and nobody is returned.
    """
    case = locked(session, case.id)
    dues.wait(session, case, mentee, now)
    service = dues.service(session)
    mentors = candidates.mentors(session)
    known = candidates.candidates(session, mentors, service, now)
    wanted = candidates.wanted(session, case, mentee)
    ranking = routing.rank(wanted, known, now, again=not waits_too_long)
    holder, offered = mentor_of(session, case), _offered(session, case)
    at_once = service.of(case.urgent).at_once
    chosen = ranking.choices[: at_once if waits_too_long else max(1, at_once - len(offered))]
    if not chosen:
        if waits_too_long:
            return Assigned()
        if offered:
            return Assigned(tuple(offered), expected_by=case.expected_by)
        return _nobody(session, case, ranking, now)
    asked = [next(one for one in mentors if one.id == choice.mentor) for choice in chosen]
    others = routing.why_not(wanted, ranking, known, [choice.mentor for choice in chosen])
    forget_reminders(session, case)
    if holder is not None:
        keep = case.urgent and waits_too_long
        _replace(session, case, holder, asked, keep=keep, now=now, key=key)
    dues.given(session, case, asked[0], now)
    case.expected_by = dues.moment(session, case, "expected", now, asked[0].timezone)
    for mentor, choice in zip(asked, chosen, strict=True):
        if case.urgent:
            session.add(CaseOffer(case_id=case.id, mentor_id=mentor.id, offered_at=now))
        else:
            case.mentor_id, case.assigned_at = mentor.id, now
        event(
            session,
            case,
            "offered" if case.urgent else "assigned",
            now,
            person=mentor,
            reason=", ".join(choice.reasons),
            not_chosen=others,
        )
    everybody = [*offered, *asked]
    for mentor in asked:
        also = [other for other in everybody if other.id != mentor.id] if case.urgent else []
        telling.put_to_mentor(
            session, case, mentee, mentor, also=also, now=now, key=key, media_url=media_url
        )
    return Assigned(
        tuple(asked), tuple(choice.reasons for choice in chosen), expected_by=case.expected_by
    )


def _replace(
    session: Session,
    case: Case,
    holder: Person,
    following: Sequence[Person],
    *,
    keep: bool,
    now: datetime,
    key: str,
) -> None:
    """Whoever held the case holds it no more; ``keep``: it is offered to them as to the others."""
    let_go(session, case, holder, "withdrawn", now)
    if keep:
        session.add(CaseOffer(case_id=case.id, mentor_id=holder.id, offered_at=now))
        session.flush()
    elif not candidates.is_away(holder, now) and people.reachable(holder):
        _tell_it_is_gone(session, case, holder, following, now, key)


def _tell_it_is_gone(
    session: Session,
    case: Case,
    mentor: Person,
    following: Sequence[Person],
    now: datetime,
    key: str,
) -> None:
    tell_mentor(
        session,
        case,
        mentor,
        "case_taken_to_mentor",
        key=f"{key}:taken:{mentor.id}",
        now=now,
        holder=telling.names(following, mentor),
    )


def _nobody(session: Session, case: Case, ranking: routing.Ranking, now: datetime) -> Assigned:
    last = candidates.last_given(session, case)
    if last != "unassigned":
        grouped: dict[str, list[int]] = {}
        for mentor, reason in sorted(ranking.left_out.items()):
            grouped.setdefault(reason, []).append(mentor)
        event(session, case, "unassigned", now, not_chosen=grouped)
    case.mentor_id, case.assigned_at, case.expected_by = None, None, None
    first_on = ranking.first_on[1] if ranking.first_on else None
    soon = now + (LOOK_AGAIN_URGENT if case.urgent else LOOK_AGAIN)
    dues.nobody(session, case, now, min(first_on or soon, soon))
    return Assigned(first_on=first_on, news=last in candidates.GIVEN)


def _offered(session: Session, case: Case) -> list[Person]:
    return [
        session.get_one(Person, offer.mentor_id) for offer in candidates.live_offers(session, case)
    ]


def active(session: Session, case: Case, now: datetime) -> list[Person]:
    """Whoever is expected to answer and can be reached: the holder, or those it is offered to.

    A mentor on leave or after STOP has it no more.
    """
    holder = mentor_of(session, case)
    expected = [holder] if holder is not None else _offered(session, case)
    return [
        mentor
        for mentor in expected
        if not candidates.is_away(mentor, now) and people.reachable(mentor)
    ]


def wait_again(session: Session, case: Case, mentee: Person, now: datetime) -> list[Person]:
    """The mentee writes on or is not helped yet: the case is open, and its mentors are expected.

    Returns:
        Who is expected to answer; nobody: a mentor must be found.
    """
    asked = active(session, case, now)
    dues.wait(session, case, mentee, now)
    if case.state == "answered":
        case.state = "open"
    if asked and not dues.is_planned(session, case, "remind", "pass_on"):
        dues.given(session, case, asked[0], now)
    return asked


def raise_urgency(
    session: Session, case: Case, mentee: Person, *, now: datetime, key: str
) -> Assigned:
    """A case has become urgent: whoever holds it is told again, and a second mentor is asked.

    What was planned for it is planned anew, in the shorter times.
    """
    case.waiting_since = None
    dues.wait(session, case, mentee, now)
    still = active(session, case, now)
    holder = mentor_of(session, case)
    if holder is not None:
        let_go(session, case, holder, "withdrawn", now)
        if holder in still:
            session.add(CaseOffer(case_id=case.id, mentor_id=holder.id, offered_at=now))
            session.flush()
    assigned = assign(session, case, mentee, now=now, key=key)
    for mentor in still:
        also = [other for other in assigned.mentors if other.id != mentor.id]
        telling.put_to_mentor(
            session, case, mentee, mentor, also=also, now=now, key=key, media_url=None
        )
    everybody = [*still, *(one for one in assigned.mentors if one not in still)]
    if everybody and not dues.is_planned(session, case, "pass_on"):
        dues.given(session, case, everybody[0], now)
        case.expected_by = dues.moment(session, case, "expected", now, everybody[0].timezone)
    return Assigned(
        tuple(everybody),
        assigned.reasons,
        expected_by=case.expected_by,
        first_on=assigned.first_on,
    )


def standing(session: Session, case: Case, mentor: Person) -> Standing | None:
    """Whether a mentor holds a case or is offered it; whoever does neither may not answer."""
    if case.mentor_id == mentor.id:
        return "holder"
    offers = candidates.live_offers(session, case)
    return "offered" if any(offer.mentor_id == mentor.id for offer in offers) else None


def open_of(session: Session, mentor: Person) -> list[Case]:
    """The cases that a mentor holds or is offered and that wait for an answer, oldest first."""
    return list(
        session.scalars(
            select(Case)
            .where(candidates.has_standing(mentor.id), Case.state == "open")
            .order_by(Case.id)
        )
    )


def take(
    session: Session,
    case: Case,
    mentor: Person,
    *,
    now: datetime,
    key: str,
    by_answering: bool = False,
) -> Taken:
    """A mentor takes a case that is offered or that nobody has; the others hear so at once.

    Args:
        by_answering: the answer itself tells the mentee who has it.
    """
    case = locked(session, case.id)
    if case.state == "closed":
        return Taken("closed")
    if case.mentor_id == mentor.id:
        return Taken("already_yours")
    holder = mentor_of(session, case)
    if holder is not None:
        return Taken("somebody_elses", shown_name(holder, mentor))
    offered = _offered(session, case)
    case.mentor_id, case.assigned_at = mentor.id, now
    event(session, case, "assigned", now, person=mentor, reason="took it")
    _end_offer(session, case, mentor, "taken", now)
    end_offers(session, case, now, "lost")
    forget_reminders(session, case)
    dues.given(session, case, mentor, now)
    for other in offered:
        if other.id != mentor.id:
            _drop(session, case, OutboxMessage.person_id == other.id)
            _tell_it_is_gone(session, case, other, [mentor], now, key)
    if not by_answering:
        mentee = session.get_one(Person, case.mentee_id)
        tell_mentee(session, case, mentee, "case_assigned_later", key=f"{key}:took", now=now)
    return Taken("taken")


def _end_offer(session: Session, case: Case, mentor: Person, outcome: str, now: datetime) -> None:
    for offer in candidates.live_offers(session, case):
        if offer.mentor_id == mentor.id:
            offer.ended_at, offer.outcome = now, outcome
    session.flush()


def end_offers(session: Session, case: Case, now: datetime, outcome: str = "lapsed") -> None:
    """Nobody is offered the case any more."""
    for offer in candidates.live_offers(session, case):
        offer.ended_at, offer.outcome = now, outcome
    session.flush()


def let_go(session: Session, case: Case, mentor: Person, outcome: str, now: datetime) -> None:
    """A mentor neither holds the case nor is offered it from now on; what waits for them goes."""
    if case.mentor_id == mentor.id:
        case.mentor_id = None
    _end_offer(session, case, mentor, outcome, now)
    _drop(session, case, OutboxMessage.person_id == mentor.id)


def pass_on(session: Session, case: Case, mentor: Person, *, now: datetime, key: str) -> Assigned:
    """A mentor declines a case: it goes to the next one, and the mentee is told.

    Returns:
        Who has it or is offered it now; nobody: none could take it yet.
    """
    case = locked(session, case.id)
    held = case.mentor_id == mentor.id
    event(session, case, "passed", now, person=mentor)
    let_go(session, case, mentor, "passed", now)
    mentee = session.get_one(Person, case.mentee_id)
    before = _offered(session, case)
    following = assign(session, case, mentee, now=now, key=key)
    if held or not before:
        telling.who_was_asked(
            session, case, mentee, following, "mentee_passed", key=f"{key}:passed", now=now
        )
    return following


def hand_back(session: Session, mentor: Person, now: datetime) -> list[Case]:
    """A mentor leaves (AWAY, STOP): the clock finds others for the open cases at once.

    Returns:
        These cases.
    """
    left: list[Case] = []
    for case_id in [case.id for case in open_of(session, mentor)]:
        case = locked(session, case_id)
        if case.state != "open" or standing(session, case, mentor) is None:
            continue
        left.append(case)
        event(session, case, "handed_back", now, person=mentor)
        let_go(session, case, mentor, "withdrawn", now)
        if not candidates.live_offers(session, case):
            dues.nobody(session, case, now, now)
        elif case.urgent:
            dues.plan(session, case, "pass_on", now)
    return left


def give(
    session: Session, case: Case, mentee: Person, mentor: Person, *, now: datetime, key: str
) -> None:
    """A coordinator gives a case to a mentor, whoever has it."""
    case = locked(session, case.id)
    before: Sequence[Person] = [
        one for one in (mentor_of(session, case), *_offered(session, case)) if one is not None
    ]
    for other in before:
        let_go(session, case, other, "withdrawn", now)
    case.mentor_id, case.assigned_at, case.state = mentor.id, now, "open"
    event(session, case, "assigned", now, person=mentor, reason="given by the coordinator")
    dues.wait(session, case, mentee, now)
    dues.given(session, case, mentor, now)
    case.expected_by = dues.moment(session, case, "expected", now, mentor.timezone)
    forget_reminders(session, case)
    telling.put_to_mentor(session, case, mentee, mentor, also=[], now=now, key=key, media_url=None)
    for other in before:
        if other.id != mentor.id:
            _tell_it_is_gone(session, case, other, [mentor], now, key)
    tell_mentee(session, case, mentee, "case_assigned_later", key=f"{key}:given", now=now)
