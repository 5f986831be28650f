"""A live emergency: the referral text at once, then a human, whatever else is going on."""

from __future__ import annotations

from bot import consent, outbox
from bot.danger import referral_text
from bot.turn import Turn
from store import queue

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


def live(turn: Turn, emergency: str, body: str) -> None:
    """Send the referral text of an emergency and open an urgent case.

    Somebody who has not answered the consent question yet gets the text all the same.
    """
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
    turn.open_case(
        body,
        cause="danger",
        topic=TOPIC_OF.get(emergency),
        urgent=True,
        emergency=emergency,
    )
    if turn.person.consent != "yes":
        consent.ask_after_emergency(turn)
