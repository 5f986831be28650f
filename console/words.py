"""Words for what is kept in the database: states, kinds and roles as people read them."""

from __future__ import annotations

from typing import Final

from flask_babel import gettext

from bot.accounts.keeping import N_

WORDS: Final[dict[str, dict[str, str]]] = {
    "account role": {
        "admin": N_("Admin"),
        "coordinator": N_("Coordinator"),
        "mentor": N_("Mentor"),
        "viewer": N_("Viewer"),
    },
    "role": {
        "mentee": N_("Mentee"),
        "mentor": N_("Mentor"),
        "leader": N_("Leader"),
        "coordinator": N_("Coordinator"),
    },
    "person": {
        "stopped": N_("Texted STOP"),
        "no_consent": N_("Said no to messages"),
        "not_asked": N_("Has not said yes yet"),
        "unreachable": N_("Cannot be reached"),
        "away": N_("On leave"),
    },
    "consent": {
        "yes": N_("Yes"),
        "no": N_("No"),
        "asked": N_("Asked"),
        "unknown": N_("Not asked yet"),
    },
    "case": {
        "open": N_("Waits for an answer"),
        "answered": N_("Answered"),
        "closed": N_("Closed"),
        "all": N_("All"),
    },
    "cause": {
        "asked": N_("The mentee asked for a person"),
        "call": N_("The mentee asks to be rung"),
        "card_withdrawn": N_("The card for it was withdrawn"),
        "danger": N_("An emergency"),
        "dialogue_down": N_("The library could not be asked"),
        "low_confidence": N_("The library was not sure"),
        "media": N_("A photo, a voice note or a place"),
        "not_helpful": N_("The card did not help"),
        "something_else": N_("None of the cards was meant"),
    },
    "event": {
        "opened": N_("Asked"),
        "detail_added": N_("Added"),
        "assigned": N_("Given to a mentor"),
        "offered": N_("Offered to a mentor"),
        "unassigned": N_("No mentor was found"),
        "answered": N_("Answered"),
        "passed": N_("Passed on"),
        "handed_back": N_("Handed back for leave"),
        "reminded": N_("Reminded"),
        "alerted": N_("Coordinators were alerted"),
        "apologised": N_("Told that it takes longer"),
        "made_urgent": N_("Made urgent"),
        "rated": N_("Said whether it helped"),
        "reopened": N_("Opened again"),
        "withdrawn": N_("Taken back by the mentee"),
        "followed_up": N_("Asked how it went"),
        "told_outcome": N_("Told how it went"),
        "closed": N_("Closed"),
    },
    "due": {
        "remind": N_("Remind the mentor"),
        "pass_on": N_("Pass it on"),
        "alert": N_("Alert the coordinators"),
        "apologise": N_("Tell the mentee that it takes longer"),
        "route": N_("Look for a mentor"),
        "follow_up": N_("Ask how it went"),
        "close": N_("Close it"),
    },
    "outbox": {
        "queued": N_("Waits to be sent"),
        "sending": N_("Is being sent"),
        "sent": N_("Sent"),
        "delivered": N_("Delivered"),
        "read": N_("Read"),
        "held": N_("Waits until the person writes"),
        "failed": N_("Not delivered"),
        "dropped": N_("Not sent"),
        "unknown": N_("In doubt"),
    },
    "reason": {
        "expired before it could be sent": N_("It became too old before it could be sent"),
        "stopped: the person texted STOP": N_("The person texted STOP"),
        "stopped: the address opted out": N_("The number has opted out"),
        "no address": N_("There is no number"),
        "no address that can be reached": N_("No number can be reached"),
        "window closed and no template": N_("The person has not written on WhatsApp for a day"),
        "sender stopped: credentials refused": N_("The provider refuses our credentials"),
        "quiet hours": N_("It is night there"),
        "in an open case": N_("A case is open"),
        "in a conversation": N_("A conversation is going on"),
        "the case went on": N_("The case went on"),
        "the case was withdrawn": N_("The case was taken back"),
    },
    "dose": {
        "planned": N_("A dose waits"),
        "lapsed": N_("A dose was left out"),
        "unsent": N_("A dose did not reach the phone"),
        "expired": N_("A question was not answered in time"),
    },
    "decision": {
        "answer": N_("The library answered"),
        "ask": N_("Asked which of two was meant"),
        "case": N_("Went to a mentor"),
        "emergency": N_("An emergency"),
    },
    "test": {
        "pre": N_("Pre-test"),
        "post": N_("Post-test"),
        "self": N_("Self-assessment"),
        "skill": N_("Observed skill"),
    },
    "met": {"virtual": N_("Met by text"), "in_person": N_("Met in person")},
    "form": {"individual": N_("one to one"), "group": N_("in a group")},
    "channel": {"sms": "SMS", "whatsapp": "WhatsApp"},
    "only": {
        "messages": N_("Messages"),
        "questions": N_("Questions"),
        "quiz": N_("Quiz"),
        "cases": N_("Cases"),
        "learning": N_("Tests and encounters"),
    },
    "by": {
        "association": N_("Association"),
        "area": N_("Technical area"),
        "district": N_("District"),
        "facility": N_("Facility"),
        "cadre": N_("Cadre"),
        "channel": N_("Channel"),
        "operator": N_("Operator"),
        "topic": N_("Topic"),
        "mentor": N_("Mentor"),
        "group": N_("Group"),
    },
    "audit": {
        "signed_in": N_("Signed in"),
        "refused": N_("Was not let in"),
        "locked": N_("Locked after wrong tries"),
        "password_set": N_("Set a password"),
        "code_set_up": N_("Set up one-time codes"),
        "code_reset": N_("Reset one-time codes"),
        "account_added": N_("Added an account"),
        "account_disabled": N_("Disabled an account"),
        "account_enabled": N_("Enabled an account"),
        "link_made": N_("Made a link"),
        "role_changed": N_("Changed a role"),
        "person_seen": N_("Looked at a person"),
        "case_seen": N_("Looked at a case"),
        "case_answered": N_("Answered a case"),
        "case_given": N_("Gave a case to a mentor"),
        "case_closed": N_("Closed a case"),
        "report_taken": N_("Took a report as a file"),
    },
}

# The reports by name, as they are listed.
REPORTS: Final[dict[str, str]] = {
    "validated": N_("Mentees, and how many of them are validated (tables 1 and 2)"),
    "knowledge-gain": N_("Pre-tests, post-tests, and what is kept"),
    "encounters": N_("How often mentors and mentees had to do with each other"),
    "cadence": N_("Whether mentors, facilities and groups meet as often as they should"),
    "active": N_("Mentees who answer, over enrolled"),
    "response": N_("Answered within 72 hours, over delivered"),
    "time-to-answer": N_("How soon mentees answer"),
    "unreadable": N_("Answers that could not be read"),
    "item-quality": N_("How hard each question is"),
    "questions": N_("Questions: asked, answered by the library, by a mentor"),
    "service-level": N_("How long cases wait for a mentor"),
    "danger": N_("Emergencies, and how soon somebody helped"),
    "stock-outs": N_("Items missing, and for how long"),
    "plan": N_("Coaching plans: open, done, overdue"),
    "plans": N_("Coaching plans: open, done, overdue"),
    "cascade": N_("Validated mentees who mentor others"),
    "attrition": N_("Mentees who are heard of no more"),
    "cost": N_("Segments and templates for each mentee"),
}


def said(group: str, kept: str | None) -> str:
    """A word for what is kept, in the language of the page; what has no word is shown as it is."""
    if not kept:
        return "–"
    word = WORDS[group].get(kept)
    return kept.replace("_", " ") if word is None else str(gettext(word))
