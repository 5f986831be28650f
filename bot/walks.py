"""Walks: questions of ours that belong together, asked one at a time, that outlive interruptions.

A kind of walk says which steps there are, how one is asked and how its answer is read; all else is
here. It begins by a word of the person (``begin``) or is prepared for them (``lay``). While a step
waits, ``person.pending`` says so; whatever comes in between is handled first, and ``go_on`` says
the step again. The caller holds the person's row lock.

A kind is known once its module is imported; ``bot.menu`` imports those that there are.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, ClassVar, Literal

from sqlalchemy import select
from sqlalchemy.orm import Session

from bot import outbox, walking, words
from bot.text.fold import fold
from bot.texts import text
from bot.turn import Turn
from store import queue
from store.messages import OutboxMessage
from store.people import Person
from store.walks import Walk

# A walk that nobody has moved for so long is put aside and reminded of, once.
RESTS_AFTER = timedelta(days=1)

Taken = Literal["next", "unread", "done"]


@dataclass(frozen=True)
class Prompt:
    """How a step is asked.

    ``text`` holds the options as numbered lines ("1 Yes"), or lettered ones; ``menu`` carries
    them as buttons or a list on WhatsApp (``channels/templates.yml``). ``also``: further whole
    texts that answer it.
    """

    text: str
    menu: str | None = None
    takes: walking.Takes = "choice"
    also: tuple[str, ...] = ()


class Kind:
    """One kind of walk. A subclass says what is asked and what becomes of it."""

    name: ClassVar[str]
    # The word that begins and resumes it, as people are told.
    word: ClassVar[str]
    # The last steps that are not counted in "3/8", such as the choice at the end.
    uncounted: ClassVar[int] = 0
    # Rasa leads its turns: see ``bot.dialogues``.
    in_dialogue: ClassVar[bool] = False

    def called(self, walk: Walk, language: str) -> str:
        """What we call it to people: "self-assessment"."""
        return text(f"walk_{self.name}", language)

    def arrived(self, turn: Turn, walk: Walk) -> None:
        """Do and say what comes before ``walk.step`` when it is asked for the first time."""

    def steps(self, turn: Turn, walk: Walk) -> Sequence[str]:
        """The names of all steps, in order; they may depend on ``walk.answers``."""
        raise NotImplementedError

    def counted(self, steps: Sequence[str]) -> Sequence[str]:
        """The steps that "3/8" counts."""
        return steps[: len(steps) - self.uncounted]

    def ask(self, turn: Turn, walk: Walk) -> Prompt:
        """How ``walk.step`` is asked."""
        raise NotImplementedError

    def take(self, turn: Turn, walk: Walk, said: str) -> Taken:
        """Read ``said`` as the answer to ``walk.step`` and keep it by ``keep``.

        Returns:
            ``next``; ``unread``, and it is asked again; ``done``: nothing more is asked, and
            ``end`` follows.
        """
        raise NotImplementedError

    def understands(self, turn: Turn, walk: Walk, said: str) -> bool:
        """Whether ``said``, though no bare number, letter or yes, is meant for ``walk.step``."""
        return False

    def skip(self, turn: Turn, walk: Walk) -> bool:
        """Whether ``walk.step`` may be left out."""
        return True

    def end(self, turn: Turn, walk: Walk) -> None:
        """All steps are settled: write down what follows, and say it."""
        raise NotImplementedError


KINDS: dict[str, Kind] = {}


def register(kind: Kind) -> Kind:
    """Make a kind known by its name."""
    KINDS[kind.name] = kind
    return kind


def keep(walk: Walk, value: object) -> None:
    """Keep the answer to the present step (JSON)."""
    assert walk.step is not None
    walk.answers[walk.step] = value


# Beginning, and coming back.


def begin(turn: Turn, kind: Kind, state: Mapping[str, Any]) -> None:
    """Begin a walk; if one of its kind is not over, go on with it or ask which it shall be."""
    walk = living(turn.session, turn.person.id, kind.name)
    if walk is None:
        _begin_anew(turn, kind, state)
    elif walk.status == "open" or (not walk.answers and walk.state == dict(state)):
        resume(turn, walk)
    elif not walk.answers:
        drop(turn, walk)
        _begin_anew(turn, kind, state)
    else:
        steps = _counted(turn, kind, walk)
        turn.person.pending = {"kind": "walk_or", "walk": walk.id, "state": dict(state)}
        turn.reply(
            "walk_or",
            menu="pick2",
            called=kind.called(walk, turn.person.language),
            done=sum(step in walk.answers for step in steps),
            total=len(steps),
        )


def chosen(turn: Turn, asked: dict[str, Any]) -> None:
    """The answer to "go on, or start anew?"."""
    walk = turn.session.get(Walk, asked["walk"])
    place = walking.chosen(turn.text, 2)
    if walk is None or walk.status not in ("open", "aside"):
        turn.person.pending = None
        turn.reply("unclear")
    elif place is None:
        turn.reply("choose_again", menu="pick2")
    elif place == 0:
        resume(turn, walk)
    else:
        drop(turn, walk)
        _begin_anew(turn, KINDS[walk.kind], asked["state"])


def _begin_anew(turn: Turn, kind: Kind, state: Mapping[str, Any]) -> None:
    put_aside(turn.session, turn.person)
    walk = Walk(
        person_id=turn.person.id,
        kind=kind.name,
        state=dict(state),
        answers={},
        unread=0,
        status="open",
        begun_at=turn.now,
        moved_at=turn.now,
    )
    turn.session.add(walk)
    turn.session.flush()
    _move(turn, walk)


def lay(
    session: Session, person_id: int, kind: Kind, state: Mapping[str, Any], now: datetime
) -> Walk:
    """Prepare a walk for somebody who will begin it by its word; says nothing.

    One of its kind that is not over gives way, unless it has answers: then it stays as it is.

    Args:
        now: aware.
    """
    walk = living(session, person_id, kind.name)
    if walk is not None and (walk.answers or walk.status == "open"):
        return walk
    if walk is not None:
        walk.status, walk.closed_at = "dropped", now
        session.flush()
    walk = Walk(
        person_id=person_id,
        kind=kind.name,
        state=dict(state),
        answers={},
        unread=0,
        status="aside",
        begun_at=now,
        moved_at=now,
    )
    session.add(walk)
    session.flush()
    return walk


def invite(session: Session, person: Person, walk: Walk, key: str, now: datetime) -> None:
    """Tell somebody of a walk that was laid for them, in the daytime.

    Args:
        key: a text and a template, with ``called`` and ``word`` (the template's 1 and 2).
        now: aware.
    """
    kind = KINDS[walk.kind]
    called = kind.called(walk, person.language)
    outbox.say(
        session,
        person,
        text(key, person.language, called=called, word=kind.word),
        key=f"walk:{walk.id}:invited",
        now=now,
        kind="notice",
        template=outbox.Template(key, {"1": called, "2": kind.word}, is_enough=True),
        priority=queue.PRIORITY_BULK,
    )


def resume(turn: Turn, walk: Walk) -> None:
    """Go on with a walk where it stopped."""
    if walk.status != "open":
        put_aside(turn.session, turn.person)
        walk.status = "open"
        turn.session.flush()
    walk.moved_at = turn.now
    _move(turn, walk, again=bool(walk.answers))


def living(session: Session, person_id: int, kind: str) -> Walk | None:
    """The walk of a kind that is not over."""
    return session.scalar(
        select(Walk).where(
            Walk.person_id == person_id, Walk.kind == kind, Walk.status.in_(("open", "aside"))
        )
    )


def open_of(session: Session, person_id: int) -> Walk | None:
    """The walk that is being asked."""
    return session.scalar(select(Walk).where(Walk.person_id == person_id, Walk.status == "open"))


# What comes in.


def asked(turn: Turn) -> Walk | None:
    """The walk whose step is what we asked this person last."""
    pending = turn.person.pending or {}
    if pending.get("kind") != "walk":
        return None
    walk = turn.session.get(Walk, pending["walk"])
    return walk if walk is not None and walk.status == "open" else None


def situation(
    turn: Turn, *, quiz_is_open: bool, quiz_asked_at: datetime | None
) -> walking.Asked | None:
    """What the conversation's order needs to know of the step that waits.

    Args:
        quiz_asked_at: when the open question of the quiz was asked last; aware.
    """
    walk = asked(turn)
    if walk is None:
        return None
    pending = turn.person.pending or {}
    said_at = datetime.fromisoformat(pending["said_at"])
    return walking.Asked(
        takes=pending["takes"],
        is_newest=not _case_since(turn, said_at),
        quiz_is_open=quiz_is_open,
        quiz_is_newer=quiz_is_open and quiz_asked_at is not None and quiz_asked_at > said_at,
        also=frozenset(pending["also"]),
        is_understood=KINDS[walk.kind].understands(turn, walk, turn.text),
    )


def _case_since(turn: Turn, moment: datetime) -> bool:
    """Whether a message of a case has come to this person since a moment."""
    found = turn.session.scalar(
        select(OutboxMessage.id)
        .where(
            OutboxMessage.person_id == turn.person.id,
            OutboxMessage.case_id.is_not(None),
            OutboxMessage.created_at > moment,
        )
        .limit(1)
    )
    return found is not None


def said(turn: Turn) -> str | None:
    """Take a text for the step that is being asked.

    Returns:
        The text, where Rasa leads this kind of walk; its actions then call ``take``.
    """
    walk = asked(turn)
    if walk is None:
        turn.reply("unclear")
        return None
    if KINDS[walk.kind].in_dialogue:
        turn.inbound.dialogue = {**(turn.inbound.dialogue or {}), "walk": walk.kind}
        return turn.text
    take(turn, walk)
    return None


def take(turn: Turn, walk: Walk) -> None:
    """Read the turn's text as BACK, SKIP, LATER or an answer, and say what comes next."""
    kind = KINDS[walk.kind]
    if walk.step_at is None or turn.inbound.received_at < walk.step_at:
        _say(turn, walk, again=True)  # it was written before this step was asked
        return
    walk.moved_at, walk.reminded_at = turn.now, None
    word = None if turn.quoted_sid and not turn.pressed else words.walk_word(turn.text)
    match word:
        case "later":
            later(turn, walk)
        case "back":
            before = walking.step_before(kind.steps(turn, walk), walk.step)
            if before is None:
                turn.reply("walk_first")
                _say(turn, walk)
            else:
                _go_to(turn, walk, before)
        case "skip":
            assert walk.step is not None
            if walk.step not in walk.answers:
                if not kind.skip(turn, walk):
                    turn.reply("walk_no_skip")
                    _say(turn, walk)
                    return
                walk.answers[walk.step] = None
            _move(turn, walk)
        case _:
            _answer(turn, walk, kind)


def _answer(turn: Turn, walk: Walk, kind: Kind) -> None:
    match kind.take(turn, walk, turn.text):
        case "next":
            _move(turn, walk)
        case "done":
            _end(turn, walk, kind)
        case "unread":
            walk.unread += 1
            turn.reply("walk_unread" if walk.unread == 1 else "walk_unread_again")
            _say(turn, walk)


def _move(turn: Turn, walk: Walk, *, again: bool = False) -> None:
    """To the first step that is not settled, or to the end."""
    kind = KINDS[walk.kind]
    following = walking.next_step(kind.steps(turn, walk), walk.answers)
    if following is None:
        _end(turn, walk, kind)
    else:
        _go_to(turn, walk, following, again=again)


def _go_to(turn: Turn, walk: Walk, step: str, *, again: bool = False) -> None:
    if walk.step != step or walk.step_at is None:
        walk.step, walk.step_at, walk.unread = step, turn.now, 0
        KINDS[walk.kind].arrived(turn, walk)
    _say(turn, walk, again=again)


def _end(turn: Turn, walk: Walk, kind: Kind) -> None:
    walk.status, walk.closed_at, walk.step = "done", turn.now, None
    walk.moved_at = turn.now
    turn.person.pending = None
    turn.session.flush()
    kind.end(turn, walk)


def _counted(turn: Turn, kind: Kind, walk: Walk) -> list[str]:
    return list(kind.counted(kind.steps(turn, walk)))


def _say(turn: Turn, walk: Walk, *, again: bool = False) -> None:
    """Say the present step, and wait for its answer."""
    kind = KINDS[walk.kind]
    prompt = kind.ask(turn, walk)
    steps = _counted(turn, kind, walk)
    place = f"{steps.index(walk.step) + 1}/{len(steps)} " if walk.step in steps else ""
    before = f"{text('walk_go_on', turn.person.language)} " if again else ""
    turn.person.pending = {
        "kind": "walk",
        "walk": walk.id,
        "step": walk.step,
        "takes": prompt.takes,
        "also": [fold(word) for word in prompt.also],
        "said_at": turn.now.isoformat(),
    }
    turn.reply_text(f"{before}{place}{prompt.text}", label="walk", menu=prompt.menu, kind="walk")


# What comes in between.


def later(turn: Turn, walk: Walk) -> None:
    """LATER: put it aside, and say how to come back."""
    kind = KINDS[walk.kind]
    walk.status = "aside"
    turn.person.pending = None
    turn.reply("walk_later", called=kind.called(walk, turn.person.language), word=kind.word)


def go_on(turn: Turn) -> None:
    """After whatever came in between: say the step again, unless something else is being asked."""
    if turn.person.pending is not None and turn.person.pending.get("kind") != "walk":
        return
    walk = open_of(turn.session, turn.person.id)
    if walk is not None and walk.step is not None:
        _say(turn, walk, again=True)


def put_aside(session: Session, person: Person) -> Walk | None:
    """An open walk waits from now on, without a word; returns it."""
    walk = open_of(session, person.id)
    if walk is None:
        return None
    walk.status = "aside"
    if (person.pending or {}).get("kind") == "walk":
        person.pending = None
    session.flush()
    return walk


def give_way(turn: Turn) -> None:
    """The person talks with a mentor: an open walk waits, and they are told how to come back."""
    walk = put_aside(turn.session, turn.person)
    if walk is not None:
        kind = KINDS[walk.kind]
        turn.reply("walk_waits", called=kind.called(walk, turn.person.language), word=kind.word)


def drop(turn: Turn, walk: Walk) -> None:
    """Not wanted any more."""
    walk.status, walk.closed_at = "dropped", turn.now
    turn.person.pending = None
    turn.session.flush()


# The clock.


def rest(session: Session, now: datetime, limit: int = 200) -> int:
    """Put aside what nobody has moved for a day and remind of it once; returns how many.

    Args:
        now: aware.
    """
    rows = session.execute(
        select(Walk, Person)
        .join(Person, Person.id == Walk.person_id)
        .where(
            Walk.status.in_(("open", "aside")),
            Walk.reminded_at.is_(None),
            Walk.moved_at <= now - RESTS_AFTER,
        )
        .order_by(Walk.moved_at, Walk.id)
        .limit(limit)
        # A message of theirs is being handled: it may be the answer.
        .with_for_update(skip_locked=True, of=[Walk, Person], key_share=True)
        .execution_options(populate_existing=True)
    ).all()
    for walk, person in rows:
        walk.status, walk.reminded_at = "aside", now
        if (person.pending or {}).get("kind") == "walk":
            person.pending = None
        kind = KINDS[walk.kind]
        called = kind.called(walk, person.language)
        outbox.say(
            session,
            person,
            text("walk_reminder", person.language, called=called, word=kind.word),
            key=f"walk:{walk.id}:{walk.moved_at.isoformat()}",
            now=now,
            kind="notice",
            template=outbox.Template("walk_waiting", {"1": called, "2": kind.word}, is_enough=True),
            priority=queue.PRIORITY_BULK,
        )
    session.flush()
    return len(rows)
