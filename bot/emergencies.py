"""A live emergency: the referral text at once, then a human, whatever else is going on."""

from __future__ import annotations

from bot import consent, outbox, walks
from bot.danger import referral_text
from bot.mentoring import cases
from bot.turn import Turn
from store import queue
from store.cases import Case

TOPIC_OF = {
    "pph": "pph",
    "eclampsia": "preeclampsia",
    "severe_preeclampsia": "preeclampsia",
    "newborn_not_breathing": "newborn_resuscitation",
    "newborn_danger": "essential_newborn_care",
    "child_danger": "imci_danger_signs",
    "severe_malaria": "malaria_iccm",
    "obstructed_labour": "labour_monitoring",
    "dehydration_shock": "diarrhoea",
    "antepartum_bleeding": "anc",
}


def live(turn: Turn, emergency: str, body: str, case: Case | None = None) -> None:
    """Send the referral text of an emergency and open an urgent case, or make ``case`` urgent.

    Somebody who has not answered the consent question yet gets the text all the same.
    """
    walks.put_aside(turn.session, turn.person)
    send_referral(turn, emergency)
    if case is not None:
        cases.make_urgent(turn.session, case, turn.person, emergency, now=turn.now, key=turn.key)
    else:
        turn.open_case(
            body,
            cause="danger",
            topic=TOPIC_OF.get(emergency),
            urgent=True,
            emergency=emergency,
        )
    if turn.person.consent != "yes":
        consent.ask_after_emergency(turn)


def ask_whether_now(turn: Turn, case: Case, emergency: str) -> None:
    """A question for a mentor that may be about a live emergency: ask, and wait for "1"."""
    turn.person.pending = {"kind": "happening_now", "case": case.id, "emergency": emergency}
    turn.reply("if_now", menu="emergency")


def send_referral(turn: Turn, emergency: str) -> None:
    """The referral text of an emergency, before anything else."""
    outbox.say(
        turn.session,
        turn.person,
        referral_text(emergency, turn.person.language),
        key=f"{turn.key}:referral",
        now=turn.now,
        kind="danger",
        address_id=turn.address.id,
        inbound_id=turn.inbound.id,
        priority=queue.PRIORITY_URGENT,
        wake=False,
    )
