"""What people do: each function is one person acting, with what they see on their phone."""

from __future__ import annotations

import re
from collections.abc import Callable
from random import Random
from typing import Any

from bot.words import CODE_ALPHABET
from tests.interleaving import speech
from tests.interleaving.cast import Actor
from tests.interleaving.life import Life, codes_in, listed

Deed = Callable[[Life, Actor, Random], None]
MENTEE: dict[str, tuple[int, Deed]] = {}
MENTOR: dict[str, tuple[int, Deed]] = {}


# What mentees text, fitting or not …
SHORT = (
    "1|1|1|2|2|3|yes|no|oui|ok|thanks|merci|👍|A|B|C|D|a.|QUIZ|MORE|ASK|CALL|MENU|HELP|PROGRESS|?|"
    "LANGUAGE francais|never mind|laisser tomber|NEVER MIND|PAUSE 1|RESUME|JOIN|LEAVE|TAKE|CASES"
)
# … and mentors.
WORDS = (
    "CASES|TAKE #{code}|TAKE {code}|PASS #{code}|DONE #{code}|#{code} done|#{code} take|"
    "TAEK #{code}|#{code}|{code}|AWAY|AWAY 2 days|BACK|BACK|BACK|ok|yes|no|thanks|A|QUIZ|TAKE|PASS|"
    "DONE|THREAD #{code}|URGENT #{code}|PHOTO #{code}|NEVER MIND"
)


# "Open it again and send …?" takes 1 or yes.
REOPENS = re.compile(r"Open it again|Le rouvrir")


def deed(table: dict[str, tuple[int, Deed]], weight: int) -> Callable[[Deed], Deed]:
    def register(deed: Deed) -> Deed:
        table[deed.__name__] = (weight, deed)
        return deed

    return register


def phone_of(actor: Actor, rng: Random) -> str:
    return rng.choice(actor.addresses)


def _says(
    life: Life,
    actor: Actor,
    rng: Random,
    kind: str,
    body: str,
    address: str | None = None,
    **more: Any,
) -> None:
    """Text something, sometimes with identifiers behind it."""
    secrets: tuple[speech.Secret, ...] = ()
    if more.get("marker") and rng.random() < 0.3:
        secrets = (speech.secret(rng, actor.language),)
        body = rng.choice(("{b}, {s}", "{s}. {b}", "{b} {s}")).format(b=body, s=secrets[0].said)
    request: dict[str, Any] = {"text": body, **more.pop("request", {})}
    life.send(actor, address or phone_of(actor, rng), kind, request, secrets=secrets, **more)


def new_word(life: Life, rng: Random) -> str:
    word = speech.marker(rng)
    while word in life.by_marker:
        word = speech.marker(rng)
    return word


def _photo(rng: Random, share: float) -> dict[str, Any]:
    return {"media": ["sample"]} if rng.random() < share else {}


# Mentees


@deed(MENTEE, 6)
def asks(life: Life, actor: Actor, rng: Random) -> None:
    word = new_word(life, rng)
    body = speech.question(rng, actor.language, word)
    _says(life, actor, rng, "asks", body, marker=word, request=_photo(rng, 0.15))


@deed(MENTEE, 7)
def asks_a_person(life: Life, actor: Actor, rng: Random) -> None:
    address, word = phone_of(actor, rng), new_word(life, rng)
    _says(life, actor, rng, "mentor_word", "MENTOR", address)
    body = speech.question(rng, actor.language, word)
    _says(life, actor, rng, "asks_a_person", body, address, marker=word)


@deed(MENTEE, 3)
def texts_in_a_row(life: Life, actor: Actor, rng: Random) -> None:
    address = phone_of(actor, rng)
    for _ in range(rng.randint(2, 3)):
        word = new_word(life, rng)
        body = speech.question(rng, actor.language, word)
        _says(life, actor, rng, "in_a_row", body, address, marker=word)


@deed(MENTEE, 2)
def emergency(life: Life, actor: Actor, rng: Random) -> None:
    word = new_word(life, rng)
    body = speech.emergency(rng, actor.language, word)
    _says(life, actor, rng, "emergency", body, marker=word)


@deed(MENTEE, 2)
def new(life: Life, actor: Actor, rng: Random) -> None:
    word = new_word(life, rng)
    body = f"{rng.choice(('NEW', 'nouveau'))} {speech.question(rng, actor.language, word)}"
    _says(life, actor, rng, "new", body, marker=word)


@deed(MENTEE, 2)
def quotes(life: Life, actor: Actor, rng: Random) -> None:
    address = phone_of(actor, rng)
    shown = life.shown(address)
    if shown:
        word, quoted = new_word(life, rng), rng.choice(shown[-12:])
        body = speech.question(rng, actor.language, word)
        codes = codes_in(quoted.body)
        _says(
            life,
            actor,
            rng,
            "mentee_quotes",
            body,
            address,
            marker=word,
            codes=codes if len(codes) == 1 else frozenset(),
            request={"quote": quoted.sid},
        )


@deed(MENTEE, 8)
def word(life: Life, actor: Actor, rng: Random) -> None:
    said = rng.choice(SHORT.split("|"))
    # Of somebody who is a mentor too, it may choose from a mentor's list.
    chosen = {"yes": 1, "oui": 1, "ok": 1}.get(said, int(said) if said.isdigit() else 0)
    picks = _stands_for(life, actor, chosen) if actor.is_mentor and chosen else None
    _says(life, actor, rng, f"word {said}", said, picks=picks)


@deed(MENTEE, 3)
def presses(life: Life, actor: Actor, rng: Random) -> None:
    _press(life, actor, rng)


@deed(MENTEE, 2)
def stops(life: Life, actor: Actor, rng: Random) -> None:
    said = rng.choice(("STOP", "stop", "ARRET", "Stop please"))
    _says(life, actor, rng, "stop", said)


@deed(MENTEE, 4)
def starts(life: Life, actor: Actor, rng: Random) -> None:
    person = life.seen[-1].people.get(life.ids.get(actor.key, 0))
    # Few start who have not stopped; whoever has does so sooner or later.
    if rng.random() < (0.7 if person and person["stopped_at"] is not None else 0.05):
        _says(life, actor, rng, "start", "START")


# Mentors


def choose_case(life: Life, actor: Actor, rng: Random) -> dict[str, Any] | None:
    mine = life.cases_of(actor, "open", "answered")
    if mine and rng.random() < 0.8:
        return rng.choice(mine)
    every = list(life.seen[-1].cases.values())
    return rng.choice(every) if every else None


def _mistyped(code: str, rng: Random) -> str:
    place = rng.randrange(len(code))
    wrong = code[:place] + rng.choice(CODE_ALPHABET) + code[place + 1 :]
    return rng.choice((wrong, code.lower(), code[::-1]))


@deed(MENTOR, 9)
def answers_by_quoting(life: Life, actor: Actor, rng: Random) -> None:
    address = phone_of(actor, rng)
    shown = life.shown(address)
    about = [message for message in shown if codes_in(message.body)]
    # Mostly what is new; sometimes anything that was ever said.
    quoted = rng.choice((about[-4:] or shown) if rng.random() < 0.8 else shown) if shown else None
    if quoted is None or not address.startswith("whatsapp:"):
        return
    for _ in range(rng.choice((1, 1, 1, 2))):
        word = new_word(life, rng)
        codes = codes_in(quoted.body)
        request = {"quote": quoted.sid, **_photo(rng, 0.1)}
        body = speech.answer(rng, actor.language, word)
        _says(
            life,
            actor,
            rng,
            "answer_quoting",
            body,
            address,
            marker=word,
            codes=codes if len(codes) == 1 else frozenset(),
            request=request,
        )


@deed(MENTOR, 7)
def answers_with_code(life: Life, actor: Actor, rng: Random) -> None:
    case = choose_case(life, actor, rng)
    if case is None:
        return
    code = case["code"]
    if rng.random() < 0.15:
        code = _mistyped(code, rng)
    word = new_word(life, rng)
    body = f"#{code}{rng.choice((' ', ': ', ', ', '  '))}{speech.answer(rng, actor.language, word)}"
    _says_to_code(life, actor, rng, body, word, code.upper())


def _says_to_code(life: Life, actor: Actor, rng: Random, body: str, word: str, code: str) -> None:
    secrets: tuple[speech.Secret, ...] = ()
    if rng.random() < 0.3:
        secrets = (speech.secret(rng, actor.language),)
        body = f"{body}, {secrets[0].said}"
    life.send(
        actor,
        phone_of(actor, rng),
        "answer_code",
        {"text": body, **_photo(rng, 0.1)},
        marker=word,
        secrets=secrets,
        codes=frozenset({code}),
    )


@deed(MENTOR, 6)
def writes_plainly(life: Life, actor: Actor, rng: Random) -> None:
    address = phone_of(actor, rng)
    for _ in range(rng.choice((1, 1, 2))):
        word = new_word(life, rng)
        body = speech.answer(rng, actor.language, word)
        _says(life, actor, rng, "plain", body, address, marker=word, request=_photo(rng, 0.05))


@deed(MENTOR, 7)
def picks(life: Life, actor: Actor, rng: Random) -> None:
    """A number, as an answer to the newest list on the phone."""
    address, number = phone_of(actor, rng), rng.choice((1, 1, 2, 2, 3, 4))
    code = _stands_for(life, actor, number)
    life.send(actor, address, "picks", {"text": str(number)}, picks=code)


def _stands_for(life: Life, actor: Actor, number: int) -> str | None:
    """The code that a number means to somebody who reads their phone, both channels of it."""
    shown = [message for address in actor.addresses for message in life.shown(address)]
    for message in sorted(shown, key=lambda message: message.created, reverse=True):
        if lines := listed(message.body):
            return lines.get(number)
        if REOPENS.search(message.body):
            return next(iter(codes_in(message.body)), None) if number == 1 else None
    return None


@deed(MENTOR, 6)
def presses_as_mentor(life: Life, actor: Actor, rng: Random) -> None:
    _press(life, actor, rng)


@deed(MENTOR, 8)
def mentor_word(life: Life, actor: Actor, rng: Random) -> None:
    case = choose_case(life, actor, rng)
    code = case["code"] if case else "K7XM"
    said = rng.choice(WORDS.split("|")).format(code=code)
    address = phone_of(actor, rng)
    yes = _stands_for(life, actor, 1) if said in ("yes", "ok") else None
    kind = f"mentor {said.replace(code, 'CODE')}"
    _says(life, actor, rng, kind, said, address, picks=yes)


@deed(MENTOR, 1)
def mentor_stops(life: Life, actor: Actor, rng: Random) -> None:
    _says(life, actor, rng, "stop", "STOP")


@deed(MENTOR, 4)
def mentor_starts(life: Life, actor: Actor, rng: Random) -> None:
    starts(life, actor, rng)


@deed(MENTOR, 2)
def asks_as_mentor(life: Life, actor: Actor, rng: Random) -> None:
    asks_a_person(life, actor, rng)


@deed(MENTOR, 1)
def emergency_of_mentor(life: Life, actor: Actor, rng: Random) -> None:
    emergency(life, actor, rng)


def _press(life: Life, actor: Actor, rng: Random) -> None:
    """A button or a row of a list under one of the newest messages, or an old one."""
    address = phone_of(actor, rng)
    with_buttons = [m for m in life.shown(address) if m.buttons or m.picker]
    if not with_buttons:
        return
    message = rng.choice(with_buttons[-3:] if rng.random() < 0.8 else with_buttons)
    kind = "button" if message.buttons else "list"
    row = rng.choice(message.buttons or message.picker["items"])
    title = row.get("title") or row.get("item") or ""
    lines, codes = listed(message.body), codes_in(f"{title} {row['id']}")
    number = next((int(part) for part in (row["id"], title.strip()) if part.isdigit()), None)
    code = lines.get(number) if number else None
    refused = title.strip().lower() in ("no", "non")
    if code is None and not refused and len(codes or codes_in(message.body)) == 1:
        (code,) = codes or codes_in(message.body)
    life.send(
        actor,
        address,
        f"presses {title}"[:40],
        {kind: {"sid": message.sid, "id": row["id"]}},
        picks=code,
    )
