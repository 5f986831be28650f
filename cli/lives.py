"""The people of a simulation: who they are, how they begin, and what they have kept."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path

import httpx
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from bot import demo, importing, knowledge
from bot.mentoring import selfassess
from bot.mentoring.competencies import kept
from bot.quizzes import bank, campaigns, catalogue
from bot.quizzes.plan import Plan
from cli.playing import Player
from scheduler.jobs import Works
from simulator.cohort import Mentee, Mentor, Traits, cohort
from store.people import Address, Person
from store.quizzes import Campaign
from store.walks import Walk

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
    pupils = [person for person in sample if "mentee" in person.roles][:wanted]
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


def begin(works: Works, people: Mapping[str, Player], now: datetime) -> int:
    """Whoever is new begins: mentees are invited to assess themselves, mentors to plan visits.

    Args:
        now: aware.

    Returns:
        How many mentees were invited.
    """
    for mentor in {one for one in people.values() if isinstance(one, Mentor)}:
        if mentor.next_at is None and not mentor.heard:
            mentor.begin(now)
    numbers = {address.removeprefix("whatsapp:") for address in people}
    known = kept(works.settings.competencies_dir)
    with works.sessions() as session:
        begun = select(Walk.person_id).where(Walk.kind == selfassess.KIND)
        ids = session.scalars(
            select(Address.person_id)
            .join(Person, Person.id == Address.person_id)
            .where(
                Address.value.in_(numbers),
                Person.roles.contains(["mentee"]),
                Person.stopped_at.is_(None),
                Person.id.not_in(begun),
            )
            .distinct()
            .order_by(Address.person_id)
        ).all()
    invited = 0
    for number in ids:
        with works.sessions.begin() as session:
            person = session.scalars(
                select(Person).where(Person.id == number).with_for_update(of=Person, key_share=True)
            ).one()
            invited += selfassess.invite(session, known, person, None, now) is None
    return invited


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
