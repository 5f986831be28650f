"""The people of a simulation: who they are, what they have kept, and what came of them."""

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path
from statistics import median
from typing import Any

import httpx
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from bot import demo, importing, knowledge
from bot.quizzes import bank, campaigns, catalogue
from bot.quizzes.plan import Plan
from cli.playing import Play, Player
from scheduler.jobs import Works
from simulator.cohort import Mentee, Mentor, Traits, cohort
from store.cases import Case
from store.messages import OutboxMessage
from store.people import Address, Person
from store.quizzes import Answer, Campaign, Dose, LearnerItem

PLAYED = "simulation"
ANSWERS = {
    "en": (
        "Good question. Follow the chart on your wall and text me what you find.",
        "I would refer her today. Write down the time and what you gave.",
        "You did well. Watch closely for the next hours and tell me how it goes.",
    ),
    "fr": (
        "Bonne question. Suivez le protocole au mur et dites-moi ce que vous trouvez.",
        "Je la référerais aujourd'hui. Notez l'heure et ce que vous avez donné.",
        "Vous avez bien fait. Surveillez de près et donnez-moi des nouvelles.",
    ),
}


def settle_in(works: Works, network: httpx.Client, wanted: int, seed: int) -> dict[str, Player]:
    """Players by address: the programme's mentees and mentors, and made-up mentees beside them.

    The made-up ones are imported as a coordinator would, each with a mentor of the programme.
    """
    with works.sessions() as session:
        own = _addresses(session)
        there = list(session.scalars(select(Person).where(Person.id.in_(own)).order_by(Person.id)))
    sample = [person for person in there if not (person.external_id or "").startswith(PLAYED)]
    mentors = [person for person in sample if person.is_mentor]
    pupils = [person for person in sample if not person.is_mentor][:wanted]
    traits = cohort(wanted, seed)
    invented = traits[len(pupils) :]
    _enrol(works, invented, [_number(own[mentor.id]) for mentor in mentors], seed)
    questions = _questions()
    players: dict[str, Player] = {}
    for person, traits_of in zip(pupils, traits, strict=False):
        channels = own[person.id]
        channel = "whatsapp" if "whatsapp" in channels else "sms"
        lived = replace(
            traits_of,
            stream=f"{seed}:{person.name}",
            name=person.name,
            number=channels[channel],
            channel=channel,
            language=person.language,
            cadre=person.cadre or traits_of.cadre,
        )
        mentee = Mentee(lived, questions.get(person.language, questions["en"]))
        players |= {_phone(name, value): mentee for name, value in channels.items()}
    for one in invented:
        players[_phone(one.channel, one.number)] = Mentee(
            one, questions.get(one.language, questions["en"])
        )
    for person in mentors:
        answers = ANSWERS.get(person.language, ANSWERS["en"])
        mentor = Mentor(person.name, seed, answers, person.timezone, person.language)
        players |= {_phone(name, value): mentor for name, value in own[person.id].items()}
    with works.sessions() as session:
        network.put("/simulator/api/phonebook", json=demo.address_book(session)[:200])
    return players


def _addresses(session: Session) -> dict[int, dict[str, str]]:
    found: dict[int, dict[str, str]] = {}
    for address in session.scalars(select(Address).order_by(Address.id)):
        found.setdefault(address.person_id, {}).setdefault(address.channel, address.value)
    return found


def _number(addresses: Mapping[str, str]) -> str:
    return addresses.get("sms") or addresses["whatsapp"]


def _phone(channel: str, value: str) -> str:
    return f"whatsapp:{value}" if channel == "whatsapp" else value


def _enrol(works: Works, invented: Sequence[Traits], mentors: Sequence[str], seed: int) -> None:
    """Import the made-up mentees; who is there already stays."""
    rows = [
        importing.PersonRow(
            line=number,
            name=one.name,
            phone=one.number if one.channel == "sms" else None,
            whatsapp=one.number if one.channel == "whatsapp" else None,
            roles=("mentee",),
            cadre=one.cadre,
            facility=one.facility,
            facility_level=one.facility_level,
            district=one.district,
            association=None,
            language=one.language,
            timezone=None,
            technical_areas=None,
            mentor_phone=mentors[number % len(mentors)] if mentors else None,
            consent=True,
            external_id=f"{PLAYED}-{seed}-{one.number}",
        )
        for number, one in enumerate(invented)
    ]
    with works.sessions.begin() as session:
        importing.save_people(session, rows, works.settings)


def _questions() -> dict[str, list[str]]:
    """What mentees may ask, per language: questions that cards are meant to answer."""
    found: dict[str, list[str]] = {"en": [], "fr": []}
    for card in knowledge.read_files():
        for language, texts in card["examples"].items():
            found.setdefault(language, []).extend(list(texts)[:2])
    return found


def ensure_campaign(works: Works, name: str, now: datetime, weeks: float) -> None:
    """Launch a campaign for everybody, unless one of questions is running."""
    with works.sessions.begin() as session:
        for campaign in session.scalars(select(Campaign).where(Campaign.state == "running")):
            if campaigns.plan_of(session, campaign).kind == "quiz":
                return
        plan = Plan(start=now.date(), end=now.date() + timedelta(weeks=max(weeks, 26)))
        number = session.scalar(select(func.count()).select_from(Campaign)) or 0
        title = name if number == 0 else f"{name} {number + 1}"
        campaigns.launch(session, campaigns.create(session, title, plan, now), now)


def items(session: Session) -> list[bank.Item]:
    """Every item that may be asked."""
    return catalogue.live(session)


def keep(people: Mapping[str, Player], path: Path) -> None:
    """Write down what everybody remembers and plans, for the next simulation here."""
    plain = {address: player.to_json() for address, player in people.items()}
    path.write_text(json.dumps(plain), "utf-8")


def restore(people: dict[str, Player], path: Path) -> None:
    """Take up what ``keep`` wrote."""
    if not path.exists():
        return
    plain = json.loads(path.read_text("utf-8"))
    renewed: dict[int, Player] = {}
    for address, player in list(people.items()):
        if address not in plain:
            continue
        if isinstance(player, Mentor):
            player.restore(plain[address])
        elif isinstance(player, Mentee):
            if id(player) not in renewed:
                renewed[id(player)] = Mentee.from_json(
                    plain[address], player.traits, player.questions
                )
            people[address] = renewed[id(player)]


def report(works: Works, began: datetime, this: Play) -> dict[str, Any]:
    """What came of it, counted from the rows."""
    with works.sessions() as session:
        doses = session.execute(
            select(Dose.kind, Dose.state, func.count())
            .where(Dose.planned_at >= began)
            .group_by(Dose.kind, Dose.state)
        ).all()
        count = {(kind, state): number for kind, state, number in doses}
        answers = session.scalars(
            select(Answer).where(Answer.answered_at >= began).order_by(Answer.id)
        ).all()
        reasons = session.execute(
            select(Dose.state, Dose.reason, func.count())
            .where(Dose.planned_at >= began, Dose.state.in_(("lapsed", "unsent")))
            .group_by(Dose.state, Dose.reason)
            .order_by(func.count().desc())
        ).all()
        retired = session.scalar(select(func.count()).where(LearnerItem.retired >= began))
        reminded = _reminders(session, began)
        cases = session.scalar(select(func.count()).where(Case.opened_at >= began))
        unreadable = session.scalar(
            select(func.coalesce(func.sum(Dose.unreadable), 0)).where(Dose.planned_at >= began)
        )
    first = [answer.right for answer in answers if answer.first]
    again = [answer.right for answer in answers if not answer.first]
    given = sum(count.get(("question", s), 0) for s in ("open", "answered", "expired"))
    return {
        "from": began.isoformat(timespec="minutes"),
        "to": works.now().isoformat(timespec="minutes"),
        "questions_given": given,
        "answered": len(answers),
        "answered_share": _share(len(answers), given),
        "answered_late": sum(answer.late for answer in answers),
        "median_minutes_to_answer": round(median(a.latency for a in answers) / 60)
        if answers
        else None,
        "right_at_first": _share(sum(first), len(first)),
        "right_when_repeated": _share(sum(again), len(again)),
        "repeats": len(again),
        "reminders": reminded,
        "expired": count.get(("question", "expired"), 0),
        "unreadable_texts": int(unreadable or 0),
        "items_retired": retired,
        "weekly_summaries": count.get(("summary", "given"), 0),
        "cases_opened": cases,
        "not_given": "; ".join(f"{state}: {why} ({n})" for state, why, n in reasons) or "none",
        "acts": this.acts,
        "steps": this.steps,
        "digest": _digest(works, answers),
    }


def _reminders(session: Session, began: datetime) -> int:
    """Reminders that were handed to the provider."""
    found = session.scalar(
        select(func.count()).where(
            OutboxMessage.kind == "campaign_reminder",
            OutboxMessage.created_at >= began,
            OutboxMessage.provider_sid.is_not(None),
        )
    )
    return int(found or 0)


def _share(part: int, whole: int) -> str:
    return f"{part / whole:.0%} ({part} of {whole})" if whole else "none"


def _digest(works: Works, answers: Sequence[Answer]) -> str:
    """One word for who answered what, when and how: the same seed gives the same word."""
    with works.sessions() as session:
        names = dict(session.execute(select(Person.id, Person.name)).all())
    lines = sorted(
        f"{names[a.person_id]} {a.item_id} {a.option} {a.answered_at:%Y-%m-%d}" for a in answers
    )
    return hashlib.sha256("\n".join(lines).encode()).hexdigest()[:12]
