"""What each custom action does for a message of ours. Returns Rasa events."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from bot import danger, emergencies, knowledge, menu, questions, walks, words
from bot.answering import Ranked, Thresholds
from bot.dialogues.actions.thresholds import ThresholdsFile
from bot.mentoring import selfassess
from bot.turn import Turn
from store.knowledge import Question

Events = list[dict[str, Any]]


@dataclass(frozen=True)
class Asked:
    """What a tracker says about the latest message."""

    message_id: int | None
    text: str
    language: str
    intent: str
    ranking: list[Ranked]
    choice: str
    study_of: str | None
    slots: dict[str, Any]
    thresholds: Thresholds

    @classmethod
    def of(cls, tracker: dict[str, Any], thresholds: ThresholdsFile) -> Asked:
        """Read Rasa's tracker; whatever is missing or odd is treated as absent."""
        latest = tracker.get("latest_message") or {}
        metadata = latest.get("metadata") or {}
        slots = tracker.get("slots") or {}
        message_id = str(metadata.get("message_id", ""))
        language = str(metadata.get("language") or "en")
        choice = next(
            (
                entity.get("value")
                for entity in latest.get("entities") or []
                if entity.get("entity") == "choice"
            ),
            slots.get("choice"),
        )
        return cls(
            message_id=int(message_id) if message_id.isdigit() else None,
            text=str(latest.get("text") or ""),
            language=language,
            intent=str((latest.get("intent") or {}).get("name") or ""),
            ranking=questions.ranked(latest),
            choice=str(choice or "").lower(),
            study_of=metadata.get("study_of"),
            slots=slots,
            thresholds=thresholds.of(language),
        )


def slot(name: str, value: Any) -> dict[str, Any]:
    """Rasa's event that sets a slot."""
    return {"event": "slot", "timestamp": None, "name": name, "value": value}


def followup(action: str) -> dict[str, Any]:
    """Rasa's event that names the next action."""
    return {"event": "followup", "timestamp": None, "name": action}


def turn_ends(*events: dict[str, Any]) -> Events:
    """These events, and Rasa waits for the next message.

    Said explicitly: after an action that changes ``pending``, the rule that led to it fits no
    longer, and Rasa's own fallback would answer the same message a second time.
    """
    return [*events, followup("action_listen")]


def waits(asked: Asked, events: Events) -> bool:
    """Whether, after these events, a number or yes and no is for the dialogue."""
    pending = asked.slots.get("pending")
    for event in events:
        if event.get("event") == "slot" and event.get("name") == "pending":
            pending = event.get("value")
    asks = any(e.get("event") == "followup" and e.get("name") == "clarify_form" for e in events)
    return asks or pending in ("emergency", "choose")


def no_form() -> Events:
    """Rasa's events that leave a form, so that nobody is trapped in it."""
    return [
        {"event": "active_loop", "timestamp": None, "name": None},
        slot("requested_slot", None),
        slot("choice", None),
    ]


def answer_question(turn: Turn, asked: Asked) -> Events:
    """Answer, ask which one was meant, or hand over."""
    outcome = questions.ask(turn, asked.ranking, asked.thresholds, asked.study_of)
    events = [*no_form(), slot("pending", outcome.pending)]
    if outcome.decision == "ask":
        return [*events, followup("clarify_form")]
    return turn_ends(*events)


def ask_choice(turn: Turn, asked: Asked) -> Events:
    """The form asks for a number: the list is out already, except after an odd reply."""
    if asked.intent not in ("question", "out_of_scope", "nlu_fallback"):
        turn.reply("choose_again")
    return []


def take_choice(turn: Turn, asked: Asked) -> Events:
    """The form has an answer: send that card, hand over, or ask for a number of the list again."""
    question = questions.latest(turn)
    offered = len(question.offered) if question is not None else 0
    number = {"yes": 1 if offered == 1 else 0, "no": offered + 1}.get(asked.choice, 0)
    if asked.choice.isdigit():
        number = int(asked.choice)
    if not 1 <= number <= offered + 1:
        turn.reply("choose_again")
        return [*no_form(), followup("clarify_form")]
    outcome = questions.choose(turn, number)
    return turn_ends(*no_form(), slot("pending", outcome.pending))


def helpful_yes(turn: Turn, asked: Asked) -> Events:
    """It helped."""
    questions.rate(turn, True)
    return turn_ends(slot("pending", None))


def helpful_no(turn: Turn, asked: Asked) -> Events:
    """It did not help: a mentor."""
    questions.rate(turn, False)
    return turn_ends(slot("pending", None))


def emergency_now(turn: Turn, asked: Asked) -> Events:
    """The question was not for study: it is happening now."""
    question = questions.latest(turn)
    emergencies.live(turn, _emergency_of(turn, question), question.text if question else turn.text)
    return turn_ends(slot("pending", None))


def _emergency_of(turn: Turn, question: Question | None) -> str:
    if question is None:
        return "adult_unconscious"
    found = danger.assess(question.text).emergency
    if found is not None:
        return found
    card = knowledge.live_cards(turn.session, [question.card_id]) if question.card_id else {}
    return next((c.emergency for c in card.values() if c.emergency), "adult_unconscious")


def emergency_not_now(turn: Turn, asked: Asked) -> Events:
    """It is for study: ask whether the card helped, unless a walk goes on."""
    if walks.open_of(turn.session, turn.person.id) is not None:
        turn.reply("good")
        return turn_ends(slot("pending", None))
    turn.reply("emergency_not_now", menu="yes_no")
    return turn_ends(slot("pending", "helpful"))


def ask_mentor(turn: Turn, asked: Asked) -> Events:
    """The mentee asks for a person."""
    menu.ask_mentor(turn)
    return turn_ends(*no_form(), slot("pending", None))


def unclear(turn: Turn, asked: Asked) -> Events:
    """A number or yes and no, and nothing was asked."""
    turn.reply("unclear")
    return turn_ends(slot("pending", None))


def small_talk(turn: Turn, asked: Asked) -> Events:
    """Greeting, thanks, goodbye, menu, language, complaint: fixed words."""
    match asked.intent:
        case "greet":
            name = turn.person.name.split()[0] if turn.person.name.strip() else ""
            turn.reply("greet", comma_name=f" {name}" if name.isalpha() else "")
        case "thanks" | "goodbye" | "complaint":
            turn.reply(asked.intent)
        case "change_language":
            menu.command(turn, words.Command("language"))
            return turn_ends(slot("pending", None))
        case "menu_help":
            menu.show_menu(turn)
        case _:
            turn.reply("unclear")
    return turn_ends()  # "thanks" before "1" does not take the question back


def validate_assess(turn: Turn, asked: Asked) -> Events:
    """The form has heard something: take it, and fill the form from the walk in our tables.

    What is asked next is said here, in one transaction with the answer that it follows from.
    """
    selfassess.step(turn)
    return assess_slots(turn)


def assess_slots(turn: Turn) -> Events:
    """The form's slots as the walk has them: the empty one is what is being asked.

    Where the walk is over, put off or waits for "go on or start anew", the form ends.
    """
    walk = walks.asked(turn)
    if walk is None or walk.kind != selfassess.KIND:
        names = ("assess_confidence", "assess_knowledge", "assess_goal", "requested_slot")
        return [
            *(slot(name, None) for name in names),
            {"event": "active_loop", "timestamp": None, "name": None},
        ]
    competency, _, what = (walk.step or "").partition(":")
    sure = walk.answers.get(f"{competency}:sure", "-")
    return [
        slot("assess_confidence", None if what == "sure" else sure),
        slot("assess_knowledge", None if what in ("sure", "know") else "-"),
        slot("assess_goal", None),
    ]


def ask_assess(turn: Turn, asked: Asked) -> Events:
    """The form asks: the step is out already, unless the form came back by itself."""
    walks.go_on(turn)
    return []


def assess_end(turn: Turn, asked: Asked) -> Events:
    """The form has ended; what there was to say is said."""
    return turn_ends()


HANDLERS: dict[str, Callable[[Turn, Asked], Events]] = {
    "action_answer_question": answer_question,
    "action_ask_clarify_form_choice": ask_choice,
    "action_take_choice": take_choice,
    "action_helpful_yes": helpful_yes,
    "action_helpful_no": helpful_no,
    "action_emergency_now": emergency_now,
    "action_emergency_not_now": emergency_not_now,
    "action_ask_mentor": ask_mentor,
    "action_unclear": unclear,
    "action_small_talk": small_talk,
    "validate_assess_form": validate_assess,
    "action_ask_assess_form_assess_confidence": ask_assess,
    "action_ask_assess_form_assess_knowledge": ask_assess,
    "action_ask_assess_form_assess_goal": ask_assess,
    "action_assess_end": assess_end,
}
