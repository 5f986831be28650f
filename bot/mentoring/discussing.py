"""Discussions on the phone: whose text goes there, and the words of hosts and members.

Never guessed: a text that may be meant for a case or for the library is asked about.
"""

from __future__ import annotations

from typing import Any

from bot import danger, emergencies, words
from bot.conversation import Talk
from bot.mentoring import (
    around,
    convening,
    desk,
    discussions,
    membership,
    moderation,
    posting,
    record,
    relaying,
)
from bot.text.fold import fold
from bot.texts import text
from bot.turn import Turn
from store.discussions import Discussion
from store.messages import Inbound, OutboxMessage
from store.people import Person

HOST_WORDS = frozenset({"discuss", "sum"})
SHOWN = 60
MOST_HELD = 8
# What a host writes after DISCUSS.
_WORDS = {
    "pause": ["pause", "wait", "attendre"],
    "resume": ["resume", "go on", "continue", "reprendre", "continuer"],
    "moderated": ["moderate", "moderated", "hold", "moderer", "modere"],
    "open": ["open", "ouvrir", "ouvert"],
    "nudge": ["encourage", "nudge", "relancer", "relance"],
    "cancel": ["cancel", "annuler", "stop", "end"],
    "approve": ["approve", "ok", "yes", "approuver", "oui"],
    "drop": ["drop", "no", "ecarter", "non"],
}
_MEANS = {phrase: name for name, phrases in _WORDS.items() for phrase in phrases}
_REMOVE = ("remove ", "retirer ", "enlever ")


def situation(turn: Turn) -> Talk | None:
    """What the conversation's order needs to know; ``None``: no discussion is near."""
    mine = membership.of_person(turn.session, turn.person)
    if not mine:
        return None
    joined = next(((d, m) for d, m in mine if m.state == "joined"), None)
    quoted = None
    if turn.quoted_sid is not None and not turn.pressed:
        quoted = membership.by_quoted(turn.session, turn.person, turn.quoted_sid)
    live = joined is not None and joined[0].state in ("live", "paused")
    within_hour = False
    if joined is not None and live:
        discussion, member = joined
        since = max(filter(None, (discussion.started_at, member.joined_at)))
        within_hour = turn.now - since < moderation.of(turn.session.info).hour
    return Talk(
        live=live,
        within_hour=within_hour,
        quoted=quoted is not None and joined is not None and quoted.id == joined[0].id,
        hosts=joined is not None and joined[0].host_id == turn.person.id,
        invited_last=_invited_last(turn, [d.id for d, m in mine if m.state == "invited"]),
    )


def _invited_last(turn: Turn, invitations: list[int]) -> bool:
    """Whether the last thing we said to this person was an invitation."""
    return bool(invitations) and _newest_invitation(turn) in invitations


def _newest_invitation(turn: Turn) -> int | None:
    newest = turn.session.execute(
        OutboxMessage.__table__.select()
        .with_only_columns(OutboxMessage.discussion_id, OutboxMessage.menu)
        .where(
            OutboxMessage.person_id == turn.person.id,
            OutboxMessage.provider_sid.is_not(None),
        )
        .order_by(OutboxMessage.id.desc())
        .limit(1)
    ).first()
    if newest is None or newest.menu != "join":
        return None
    found: int | None = newest.discussion_id
    return found


def invitation(turn: Turn) -> None:
    """1 or yes, 2 or no, right after an invitation."""
    number, yes = words.number(turn.text), words.affirmation(turn.text)
    discussion_id = _newest_invitation(turn)
    assert discussion_id is not None
    discussion = discussions.locked(turn.session, discussion_id)
    if number == 1 or yes:
        _join(turn, discussion)
    elif number == 2 or yes is False:
        _leave(turn, discussion)
    else:
        # About this discussion still: the next number is its answer, too.
        turn.reply("choose_again", menu="join", discussion_id=discussion_id)


def member_word(turn: Turn, asked: words.Command) -> None:
    """JOIN and LEAVE, typed or pressed."""
    discussion = None
    if turn.quoted_sid is not None:
        discussion = membership.by_quoted(turn.session, turn.person, turn.quoted_sid)
    if discussion is None:
        mine = membership.of_person(turn.session, turn.person)
        state = "invited" if asked.name == "join" else "joined"
        found = [d for d, m in mine if m.state == state] or [d for d, _ in mine]
        if asked.name == "join" and len(found) > 1:
            turn.reply("discussion_join_which")
            return
        discussion = found[0] if found else None
    if discussion is None:
        turn.reply("discussion_none")
        return
    discussion = discussions.locked(turn.session, discussion.id)
    if asked.name == "join":
        _join(turn, discussion)
    else:
        _leave(turn, discussion)


def _join(turn: Turn, discussion: Discussion) -> None:
    outcome = membership.join(turn.session, discussion, turn.person, turn.address.id, turn.now)
    if outcome != "joined":
        said = {"already": "discussion_already", "elsewhere": "discussion_elsewhere"}
        turn.reply(said.get(outcome, "discussion_is_over"))
    elif discussion.state == "planned":
        when = moderation.local(discussion.starts_at, turn.person.timezone, turn.now)
        _answer(turn, discussion, "discussion_joined_planned", when=when)


def _answer(turn: Turn, discussion: Discussion, say: str, **values: Any) -> None:
    """Say something back about a discussion: quoting it replies there."""
    relaying.tell(
        turn.session,
        discussion,
        turn.person,
        say,
        label=f"{turn.key}:{say}",
        now=turn.now,
        address_id=turn.address.id,
        kind="reply",
        **values,
    )


def _leave(turn: Turn, discussion: Discussion) -> None:
    if discussion.host_id == turn.person.id:
        turn.reply("discussion_host_leaves")
        return
    outcome = membership.leave(turn.session, discussion, turn.person, turn.now)
    said = {"left": "discussion_left", "declined": "discussion_declined"}
    turn.reply(said.get(outcome, "discussion_none"))


def stopped(turn: Turn) -> None:
    """STOP: out of every discussion; one that is hosted ends."""
    for found, _ in membership.of_person(turn.session, turn.person):
        discussion = discussions.locked(turn.session, found.id)
        if discussion.host_id == turn.person.id:
            discussions.end(turn.session, discussion, turn.now)
        else:
            membership.leave(turn.session, discussion, turn.person, turn.now)


def reply(turn: Turn) -> None:
    """A text or a photo for the discussion that the person takes part in."""
    found = membership.taking_part(turn.session, turn.person)
    if found is None:
        turn.reply("discussion_none")
        return
    _post(turn, discussions.locked(turn.session, found.id))


def _post(turn: Turn, discussion: Discussion) -> None:
    posted = posting.post(
        turn.session,
        discussion,
        turn.person,
        turn.described(turn.person.language),
        inbound_id=turn.inbound.id,
        has_media=turn.media_link is not None,
        now=turn.now,
        settings=turn.settings,
    )
    is_host = discussion.host_id == turn.person.id
    match posted.outcome:
        case "over":
            turn.reply("discussion_is_over")
        case "planned":
            when = moderation.local(discussion.starts_at, turn.person.timezone, turn.now)
            _answer(turn, discussion, "discussion_joined_planned", when=when)
        case "paused":
            _answer(turn, discussion, "discussion_paused_host" if is_host else "discussion_paused")
        case "asked" if posted.first:
            _answer(turn, discussion, "discussion_host_reads")
        case "shown" if posted.cut:
            _answer(turn, discussion, "discussion_cut")
        case "shown" if posted.first and not is_host:
            _answer(turn, discussion, "discussion_sent", count=posted.readers)


def which(turn: Turn) -> None:
    """A text that may be for the discussion or not: ask, and send nothing."""
    found = danger.assess(turn.text)
    if found.kind == "live" and found.emergency:
        emergencies.send_referral(turn, found.emergency)
    before = turn.person.pending or {}
    held = list(before["inbounds"]) if before.get("kind") == "discussion_or" else []
    held.append(turn.inbound.id)
    turn.person.pending = {"kind": "discussion_or", "inbounds": held[-MOST_HELD:]}
    written = " / ".join(_of(turn, id).described(turn.person.language) for id in held)
    shown = written if len(written) <= SHOWN else written[: SHOWN - 3].rstrip() + "..."
    turn.reply("discussion_or", text=" ".join(shown.split()), menu="discussion_or")


def _of(turn: Turn, inbound_id: int) -> Turn:
    if inbound_id == turn.inbound.id:
        return turn
    written = turn.session.get_one(Inbound, inbound_id)
    return Turn.of(turn.session, turn.person, written, turn.now, turn.settings)


def pending(turn: Turn, asked: dict[str, Any], number: int | None, yes: bool | None) -> str | None:
    """The answer to what was asked about a discussion; a text to give back is for the dialogue."""
    if asked["kind"] == "discuss":
        if not convening.is_current(turn):
            turn.person.pending = None
            return _elsewhere(turn, [turn])
        convening.answered(turn, asked, number, yes)
        return None
    if number is None and yes is not None:
        number = 1 if yes else 2
    if number not in (1, 2):
        turn.reply("choose_again", menu="discussion_or")
        return None
    turn.person.pending = None
    originals = [_of(turn, id) for id in asked["inbounds"]]
    if number == 2:
        return _elsewhere(turn, originals)
    for original in originals:
        reply(original)
    return None


def _elsewhere(turn: Turn, originals: list[Turn]) -> str | None:
    """Not for the discussion: to the emergency, the cases or the library, as it would have gone."""
    person, session = turn.person, turn.session
    written = "\n".join(original.described(person.language) for original in originals)
    if person.is_mentor and around.of_mentor(session, person, turn.now):
        given = [desk.message(original, expecting=False) for original in originals]
        return "\n".join(filter(None, given)) or None
    found = danger.assess(written)
    if found.kind == "live":
        emergencies.live(turn, found.emergency or "adult_unconscious", written)
        return None
    if record.open_for_mentee(session, person, turn.now) is not None:
        for original in originals:
            own = record.open_for_mentee(session, person, turn.now)
            assert own is not None
            original.add_detail(own)
        return None
    return written or None


def command(turn: Turn, asked: words.Command) -> None:
    """DISCUSS and SUM, a mentor's words."""
    hosted = _hosted(turn)
    if asked.name == "sum":
        if hosted is None:
            turn.reply("discussion_none")
        elif not asked.text.strip():
            turn.reply("discussion_sum_ask")
        else:
            told = discussions.end(
                turn.session, hosted, turn.now, summary=asked.text, settings=turn.settings
            )
            turn.reply("discussion_summed_up", count=told)
        return
    said = asked.text.strip() or asked.argument  # a case's code, pressed under it
    if hosted is not None:
        _host_word(turn, hosted, said)
        return
    draft = (turn.person.pending or {}).get("discussion")
    if _MEANS.get(fold(said)) == "cancel":
        if convening.is_current(turn) and draft is not None:
            convening.cancel(turn, discussions.locked(turn.session, draft))
        else:
            turn.person.pending = None
            turn.reply("discuss_cancelled")
    elif fold(said) in _MEANS or fold(said).startswith(_REMOVE):
        turn.reply("discussion_none")
    else:
        convening.begin(turn, said)


def _hosted(turn: Turn) -> Discussion | None:
    found = membership.taking_part(turn.session, turn.person)
    if found is None or found.host_id != turn.person.id:
        return None
    return discussions.locked(turn.session, found.id)


def _host_word(turn: Turn, hosted: Discussion, said: str) -> None:
    session, now, settings = turn.session, turn.now, turn.settings
    plain = fold(said)
    match _MEANS.get(plain):
        case "pause" | "resume" if hosted.state == "planned":
            _status(turn, hosted)
        case "pause":
            posting.pause(session, hosted, True, now, settings)
            turn.reply("discussion_paused_host")
        case "resume":
            posting.pause(session, hosted, False, now, settings)
            turn.reply("discussion_resumed")
        case "moderated" | "open" as mode:
            posting.set_mode(session, hosted, mode, now, settings)
            turn.reply(f"discussion_mode_{mode}")
        case "nudge":
            turn.reply("discussion_nudged", count=posting.nudge(session, hosted, now))
        case "cancel":
            discussions.end(session, hosted, now, settings=settings)
            turn.reply("discuss_cancelled")
        case "approve" | "drop" as judged:
            meant = None
            if turn.quoted_sid is not None:
                # A press under a reply that was judged already judges no other.
                meant = posting.asked_about(session, hosted, turn.quoted_sid) or 0
            done = posting.judge(session, hosted, meant, judged == "approve", now, settings)
            if not done:
                turn.reply("discussion_none_waits")
            elif judged == "drop":
                turn.reply("discussion_dropped")
        case _ if plain.startswith(_REMOVE):
            _remove(turn, hosted, plain.split(" ", 1)[1])
        case _:
            _status(turn, hosted)


def _listed(turn: Turn, hosted: Discussion) -> list[tuple[int, str, str]]:
    """(person, shown name, state) of everybody but the host, as numbered for the host."""
    called = relaying.names(turn.session, hosted, turn.person.language)
    everybody = relaying.members(turn.session, hosted, "joined", "invited")
    return [
        (m.person_id, called[m.person_id], m.state)
        for m in everybody
        if m.person_id != hosted.host_id
    ]


def _remove(turn: Turn, hosted: Discussion, said: str) -> None:
    listed = _listed(turn, hosted)
    number = words.number(said)
    if number is not None:
        fits = listed[number - 1 : number] if number else []
    else:
        fits = [row for row in listed if fold(row[1]) == fold(said)]
    if len(fits) != 1:
        turn.reply("discussion_remove_who")
        return
    person = turn.session.get_one(Person, fits[0][0])
    membership.leave(turn.session, hosted, person, turn.now, "removed")
    relaying.tell(turn.session, hosted, person, "discussion_removed", label="removed", now=turn.now)
    turn.reply("discussion_has_removed", name=fits[0][1])


def _status(turn: Turn, hosted: Discussion) -> None:
    """DISCUSS while one goes on: how it stands, who is in it, and what the host can write."""
    language = turn.person.language
    spoken = membership.spoken(turn.session, hosted)
    lines = [text(f"discussion_status_{hosted.state}", language)]
    for number, (person, name, state) in enumerate(_listed(turn, hosted), 1):
        said = spoken.get(person, 0) if state == "joined" else text("discussion_invited", language)
        lines.append(f"{number} {name}: {said}")
    held = relaying.held(turn.session, hosted)
    if held:
        lines.append(text("discussion_held", language, count=sum(held.values())))
        lines += [f"{text(f'held_{reason}', language)}: {count}" for reason, count in held.items()]
    lines.append(text("discussion_words", language))
    turn.reply_text("\n".join(lines), label="status")
