"""Rasa's custom actions, served by our web process.

An action of a message that is ours (``metadata.message_id``) works on our tables and speaks through
the outbox; it has its effect once, however often Rasa asks. Without a message id (``rasa shell``,
a stock connector) an action only looks things up and answers in Rasa's own responses.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from bot import outbox, walks
from bot.dialogues.actions import stateless
from bot.dialogues.actions.handlers import HANDLERS, Asked, turn_ends, waits
from bot.dialogues.actions.thresholds import ThresholdsFile
from bot.mentoring import selfassess
from bot.settings import Settings
from bot.turn import Turn
from store.messages import Inbound
from store.people import Address, Person

# What may follow another action within one turn.
SECOND_ACTIONS = frozenset(
    {
        "action_ask_clarify_form_choice",
        "action_ask_assess_form_assess_confidence",
        "action_ask_assess_form_assess_knowledge",
        "action_ask_assess_form_assess_goal",
        "action_assess_end",
    }
)
VALIDATE_ASSESS = "validate_assess_form"


class UnknownAction(Exception):
    """Rasa asked for an action that does not exist here."""


def run(
    session: Session,
    call: dict[str, Any],
    now: datetime,
    settings: Settings,
    thresholds: ThresholdsFile,
) -> dict[str, Any]:
    """Carry out one action call of Rasa's protocol.

    Args:
        call: ``{next_action, sender_id, tracker, domain}`` as Rasa posts it.
        now: aware.

    Returns:
        ``{"events": […], "responses": […]}``.

    Raises:
        UnknownAction: no such action.
    """
    name = str(call.get("next_action"))
    handler = HANDLERS.get(name)
    if handler is None:
        raise UnknownAction(name)
    tracker = call.get("tracker") or {}
    asked = Asked.of(tracker, thresholds)
    if asked.message_id is None:
        return stateless.run(session, name, asked)
    row = session.execute(
        select(Inbound, Person, Address)
        .join(Person, Person.id == Inbound.person_id)
        .join(Address, Address.id == Inbound.address_id)
        .where(Inbound.id == asked.message_id)
        .with_for_update(of=[Inbound, Person], key_share=True)
    ).first()
    if row is None:
        return {"events": [], "responses": []}
    inbound, person, address = row
    its_turn = selfassess.is_turn(inbound)
    if name == VALIDATE_ASSESS and not its_turn:
        # The form looks whether a question in between is for it. Without a slot it declines.
        return {"events": [], "responses": []}
    done: dict[str, Any] = dict((inbound.dialogue or {}).get("actions", {}))
    if name in done:
        return {"events": done[name], "responses": []}
    if inbound.state == "done" or (done and name not in SECOND_ACTIONS):
        # A second run of the same message finds the conversation changed by the first: it must
        # not take "2" for the answer to another question.
        return {"events": turn_ends(), "responses": []}
    form = dict(map(tuple, inbound.form))
    turn = Turn(session, person, address, inbound, form, now, settings)
    if its_turn and not done and name != VALIDATE_ASSESS:
        # A model from before the form was there takes the turn for something else.
        selfassess.step(turn)
        events = turn_ends()
    else:
        events = handler(turn, asked)
    if not waits(asked, events):
        walks.go_on(turn)
    outbox.announce(session, inbound.id)
    inbound.dialogue = {**(inbound.dialogue or {}), "actions": {**done, name: events}}
    return {"events": events, "responses": []}
