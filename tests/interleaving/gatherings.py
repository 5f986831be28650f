"""Deeds around cards and group discussions: PROPOSE, REVIEW, and a host with members."""

from __future__ import annotations

from random import Random

from tests.interleaving import speech
from tests.interleaving.cast import Actor
from tests.interleaving.doing import MENTEE, MENTOR, choose_case, deed, new_word, phone_of
from tests.interleaving.life import Life

HOST_WORDS = (
    "DISCUSS|DISCUSS HOLD|DISCUSS OPEN|DISCUSS PAUSE|DISCUSS RESUME|DISCUSS ENCOURAGE|"
    "DISCUSS APPROVE|DISCUSS APPROVE|DISCUSS DROP|DISCUSS REMOVE 1|DISCUSS CANCEL"
)


@deed(MENTOR, 3)
def proposes(life: Life, actor: Actor, rng: Random) -> None:
    case = choose_case(life, actor, rng)
    if case is None:
        return
    address = phone_of(actor, rng)
    life.send(actor, address, "proposes", {"text": f"PROPOSE #{case['code']}"})
    if rng.random() < 0.7:
        said = rng.choice(("Source: WHO 2017", "LATER", "source is our protocol of 2020"))
        life.send(actor, address, "names a source", {"text": said})


@deed(MENTEE, 1)
def reviews(life: Life, actor: Actor, rng: Random) -> None:
    """A coordinator looks at drafts; approving would train a model, which a life has none of."""
    if "coordinator" not in actor.roles:
        return
    address = phone_of(actor, rng)
    life.send(actor, address, "reviews", {"text": rng.choice(("REVIEW", "REVIEW", "CASES"))})
    if rng.random() < 0.6:
        for said in rng.choice((("3",), ("2", "1"), ("2", "3"))):
            life.send(actor, address, "decides on a draft", {"text": said})


@deed(MENTOR, 4)
def hosts(life: Life, actor: Actor, rng: Random) -> None:
    """From the case or question to "start now", as quick as one can type."""
    address, word = phone_of(actor, rng), new_word(life, rng)
    case = choose_case(life, actor, rng)
    if case is not None and rng.random() < 0.5:
        life.send(actor, address, "hosts a case", {"text": f"DISCUSS #{case['code']}"})
    else:
        posed = speech.question(rng, actor.language, word)
        request = {"text": f"DISCUSS {posed}"}
        life.send(actor, address, "hosts", request, marker=word)
    for said in ("1", "OK", "now"):
        life.send(actor, address, "sets up", {"text": said})


@deed(MENTOR, 4)
def moderates(life: Life, actor: Actor, rng: Random) -> None:
    address = phone_of(actor, rng)
    if rng.random() < 0.2:
        word = new_word(life, rng)
        said = f"SUM {speech.answer(rng, actor.language, word)}"
        life.send(actor, address, "sums up", {"text": said}, marker=word)
        return
    life.send(actor, address, "moderates", {"text": rng.choice(HOST_WORDS.split("|"))})


@deed(MENTEE, 5)
def joins(life: Life, actor: Actor, rng: Random) -> None:
    said = "JOIN" if rng.random() < 0.85 else "LEAVE"
    life.send(actor, phone_of(actor, rng), "joins or leaves", {"text": said})
