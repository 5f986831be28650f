"""Draft cards: how they come about, are changed, and are decided on by a second person."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from bot import knowledge
from bot.knowledge import rules, similar
from bot.knowledge.rules import Objection
from bot.texts import text
from store import queue
from store.cases import Case, CaseEvent
from store.knowledge import Card, CardDraft, CardEvent, CardVersion
from store.people import Person

# What a version of a card holds that a draft can change.
VERSIONED = (
    "title",
    "answer",
    "examples",
    "follow_ups",
    "source",
    "emergency",
    "facts",
    "cadres",
)
# Others' questions are looked through for variants this far back.
VARIANTS_SINCE = timedelta(days=90)
MOST_VARIANTS = 8
MOST_CASES = 2000


@dataclass(frozen=True)
class By:
    """Who does something: a person we know, or only a name such as an e-mail address.

    ``known_as``: how somebody who is named by an address is called where they are a person.
    """

    name: str
    person_id: int | None = None
    known_as: str = ""

    @property
    def key(self) -> str:
        """The same for the same person."""
        return f"person {self.person_id}" if self.person_id else self.name.casefold()

    def proposed(self, draft: CardDraft) -> bool:
        """Whether they proposed a draft; in doubt they did."""
        alias = self.known_as.casefold()
        proposer = By(draft.proposed_by, draft.proposer_id)
        # A facility may stand behind a name.
        name = proposer.name.casefold().partition(" (")[0]
        return self.key == proposer.key or (alias != "" and alias == name)


class Refused(Exception):
    """It cannot be done. ``objections`` say why, as texts of ``texts.yml``."""

    def __init__(self, *objections: Objection) -> None:
        super().__init__(", ".join(one.key for one in objections))
        self.objections = objections


def record(
    session: Session,
    kind: str,
    now: datetime,
    *,
    draft: CardDraft | None = None,
    card_id: str | None = None,
    by: By | None = None,
    text: str = "",
    data: Mapping[str, object] | None = None,
) -> None:
    """Append to the record of a draft or a card."""
    session.add(
        CardEvent(
            at=now,
            kind=kind,
            card_id=card_id or (draft.card_id if draft else None),
            draft_id=draft.id if draft else None,
            person_id=by.person_id if by else None,
            by=by.name if by else "",
            text=text,
            data=dict(data or {}),
        )
    )
    session.flush()


def locked(session: Session, draft_id: int) -> CardDraft | None:
    """A draft, held until the transaction ends."""
    return session.get(CardDraft, draft_id, with_for_update=True, populate_existing=True)


def of_case(session: Session, case: Case) -> CardDraft | None:
    """The draft that was made of a case."""
    return session.scalar(select(CardDraft).where(CardDraft.case_id == case.id))


def names_of(session: Session, case_id: int | None) -> list[str]:
    """The names that must not stand in a card: of the people of its case."""
    case = session.get(Case, case_id) if case_id else None
    if case is None:
        return []
    ids = [person_id for person_id in (case.mentee_id, case.mentor_id) if person_id]
    return list(session.scalars(select(Person.name).where(Person.id.in_(ids))))


def propose(session: Session, case: Case, by: By, now: datetime) -> CardDraft:
    """Make a draft card of an answered case.

    Raises:
        Refused: it is not answered, a draft was made of it before, or an identifier is left in the
            answer that the rules find.
    """
    session.get_one(Case, case.id, with_for_update=True)
    before = of_case(session, case)
    if before is not None:
        raise Refused(Objection("card_proposed_before", (("id", str(before.id)),)))
    events = session.scalars(
        select(CaseEvent).where(CaseEvent.case_id == case.id).order_by(CaseEvent.id)
    ).all()
    answers = [one.text for one in events if one.kind == "answered" and one.text.strip()]
    if not answers:
        raise Refused(Objection("card_not_answered", (("code", case.code),)))
    names = names_of(session, case.id)
    answers = [rules.without_greeting(one, names) for one in answers]
    answer = " ".join(" ".join(answers).split())
    kind = rules.identifier(answer, names)
    if kind is not None:
        raise Refused(Objection("card_answer_names", (("code", case.code), ("kind", kind))))
    asked = [one.text for one in events if one.kind in ("opened", "detail_added")]
    own = rules.variants(asked, names)
    if not own:
        raise Refused(Objection("card_no_question", (("code", case.code),)))
    language = session.get_one(Person, case.mentee_id).language
    questions = [*own, *_asked_by_others(session, case, own, language, now)][:MOST_VARIANTS]
    draft = CardDraft(
        state=rules.DRAFT,
        case_id=case.id,
        proposer_id=by.person_id,
        proposed_by=by.name,
        proposed_at=now,
        content={
            "topic": case.topic or _likely_topic(session, questions),
            "title": {language: (own[0][:1].upper() + own[0][1 : rules.LONGEST_TITLE]).rstrip()},
            "answer": {language: answer},
            "examples": {language: questions},
            "emergency": case.emergency,
        },
    )
    session.add(draft)
    session.flush()
    record(session, "proposed", now, draft=draft, by=by, data={"case": case.code})
    return draft


def _asked_by_others(
    session: Session, case: Case, own: list[str], language: str, now: datetime
) -> list[str]:
    """What others asked in nearly the same words, where it ended in a case."""
    rows = session.execute(
        select(CaseEvent.text, Person.name)
        .join(Case, Case.id == CaseEvent.case_id)
        .join(Person, Person.id == Case.mentee_id)
        .where(
            CaseEvent.kind == "opened",
            Case.id != case.id,
            Case.mentee_id != case.mentee_id,
            Person.language == language,
            Case.opened_at > now - VARIANTS_SINCE,
        )
        .order_by(Case.id.desc())
        .limit(MOST_CASES)
    ).all()
    measure = similar.Measure([text for text, _ in rows])
    close = sorted(
        {
            number
            for question in own
            for number, closeness in measure.closeness(question).items()
            if closeness >= similar.CLOSE
        }
    )
    found = [rules.variants([rows[number][0]], [rows[number][1]]) for number in close]
    known = {question.casefold() for question in own}
    return [text for texts in found for text in texts if text.casefold() not in known]


def _likely_topic(session: Session, questions: list[str]) -> str | None:
    texts = _texts_of_live(session)
    closest = similar.near(questions, texts, least=similar.CLOSE / 2)
    cards = knowledge.live_cards(session, [one.card for one in closest[:1]])
    return next((card.topic for card in cards.values()), None)


def _texts_of_live(session: Session) -> dict[str, list[str]]:
    return {
        card["id"]: [
            *(text for texts in card["examples"].values() for text in texts),
            *card["title"].values(),
            *card["answer"].values(),
        ]
        for topic in knowledge.training_topics(session)
        for card in topic["cards"]
    }


def close_cards(session: Session, draft: CardDraft) -> dict[str, str]:
    """The near-duplicates of a draft, id → title: live cards, and other drafts as ``draft 7``."""
    content = draft.content
    texts = [text for texts in (content.get("examples") or {}).values() for text in texts]
    texts += list((content.get("answer") or {}).values())
    others: dict[str, list[str]] = _texts_of_live(session)
    others.pop(draft.card_id or "", None)
    waiting = session.scalars(
        select(CardDraft).where(
            CardDraft.id != draft.id,
            CardDraft.state.in_((rules.DRAFT, rules.IN_REVIEW, rules.APPROVED)),
        )
    ).all()
    titles = {}
    for other in waiting:
        name = f"draft {other.id}"
        titles[name] = shown_title(other)
        others[name] = [
            *(one for ones in (other.content.get("examples") or {}).values() for one in ones),
            *(other.content.get("answer") or {}).values(),
        ]
    found = [one.card for one in similar.near(texts, others)]
    live = knowledge.live_cards(session, found)
    titles |= {card.id: card.in_language("en")[0] for card in live.values()}
    return {name: titles[name] for name in found}


def shown_title(draft: CardDraft) -> str:
    """The title of a draft in English, or in the language it has."""
    title = draft.content.get("title") or {}
    return str(title.get("en") or next(iter(title.values()), f"draft {draft.id}"))


def move(draft: CardDraft, name: str) -> None:
    """Change the state of a draft.

    Raises:
        Refused: the state does not allow it.
    """
    draft.state = _after(draft, name)


def _after(draft: CardDraft, name: str) -> str:
    try:
        return rules.after(draft.state, name)
    except rules.NotAllowed as error:
        values = (("id", str(draft.id)), ("state", error.state))
        raise Refused(Objection("card_state", values)) from None


def submit(session: Session, draft: CardDraft, now: datetime) -> None:
    """Hand a draft to review.

    Raises:
        Refused: it is not a draft any more.
    """
    move(draft, "submit")
    record(session, "submitted", now, draft=draft)


def set_source(session: Session, draft: CardDraft, source: str, by: By, now: datetime) -> None:
    """Take down where the answer comes from, as the mentor says it.

    Raises:
        Refused: the draft is decided on already.
    """
    edit(session, draft, {**draft.content, "source": " ".join(source.split())[:200]}, by, now)


def set_topic(session: Session, draft: CardDraft, topic: str, by: By, now: datetime) -> None:
    """Take down what a draft belongs to, as its reviewer says it.

    Raises:
        Refused: the draft is decided on already.
    """
    edit(session, draft, {**draft.content, "topic": topic}, by, now)


def topics(session: Session, language: str) -> dict[str, str]:
    """The topics that a card can have, by title in a language; last, one for all that fits none."""
    rows = session.execute(
        select(Card.topic, CardVersion.topic_title).join(
            CardVersion,
            (CardVersion.card_id == Card.id) & (CardVersion.version == Card.live_version),
        )
    )
    titles = {topic: title.get(language) or title.get("en") or topic for topic, title in rows}
    in_order = sorted(titles.items(), key=lambda pair: pair[1].casefold())
    last = {rules.OTHER_TOPIC: text(rules.OTHER_TITLE, language)}
    return {topic: title for topic, title in in_order if topic not in last} | last


def edit(
    session: Session, draft: CardDraft, content: Mapping[str, Any], by: By, now: datetime
) -> list[str]:
    """Change what a draft says; returns the fields that are other than before.

    Raises:
        Refused: the draft is live, withdrawn or rejected.
    """
    changed = sorted(
        name
        for name in {*content, *draft.content}
        if (content.get(name) or None) != (draft.content.get(name) or None)
    )
    if not changed:
        return []
    move(draft, "edit")
    before = {name: draft.content.get(name) for name in changed}
    draft.content, draft.held_back, draft.approved_at = dict(content), None, None
    draft.acknowledged = []
    record(session, "edited", now, draft=draft, by=by, data={"before": before})
    return changed


def draft_of_card(
    session: Session, card_id: str, content: Mapping[str, Any], by: By, now: datetime
) -> CardDraft:
    """A changed wording of a card: a draft of its next version, handed to review at once."""
    draft = CardDraft(
        state=rules.IN_REVIEW,
        card_id=card_id,
        proposer_id=by.person_id,
        proposed_by=by.name,
        proposed_at=now,
        content=dict(content),
    )
    session.add(draft)
    session.flush()
    record(session, "proposed", now, draft=draft, by=by)
    return draft


def objections(
    session: Session, draft: CardDraft, by: By, near: Mapping[str, str] | None = None
) -> list[Objection]:
    """Everything that stands against this person approving this draft.

    Args:
        near: its ``close_cards``, where they are known.
    """
    return rules.objections(
        draft.content,
        is_own=by.proposed(draft),
        near=close_cards(session, draft) if near is None else near,
        acknowledged=draft.acknowledged,
        topics={*session.scalars(select(Card.topic).distinct()), rules.OTHER_TOPIC},
        names=names_of(session, draft.case_id),
    )


def acknowledge(
    session: Session, draft: CardDraft, cards: Iterable[str], by: By, now: datetime
) -> None:
    """A reviewer has looked at near-duplicates and finds the draft to be another card."""
    seen = [card for card in cards if card not in draft.acknowledged]
    if seen:
        draft.acknowledged = [*draft.acknowledged, *seen]
        record(session, "acknowledged", now, draft=draft, by=by, data={"cards": seen})


def approve(session: Session, draft: CardDraft, by: By, now: datetime) -> None:
    """Approve a draft, and have the model trained with it.

    Raises:
        Refused: something stands against it; see ``rules.objections``.
    """
    state = _after(draft, "approve")
    against = objections(session, draft, by)
    if against:
        raise Refused(*against)
    _only_one_waits(session, draft, draft.card_id)
    draft.state = state
    if draft.card_id is None:
        draft.card_id = _new_card(session, draft)
    draft.reviewer_id, draft.reviewed_by = by.person_id, by.name
    draft.approved_at, draft.held_back = now, None
    record(session, "approved", now, draft=draft, by=by)
    queue.defer_training(session)


def _only_one_waits(session: Session, draft: CardDraft, card_id: str | None) -> None:
    """Two changes of one card go live one after the other: the second must know the first.

    Raises:
        Refused: another approved draft of the card is not live yet.
    """
    if card_id is None:
        return
    session.get_one(Card, card_id, with_for_update=True)
    other = session.scalar(
        select(CardDraft.id)
        .where(
            CardDraft.card_id == card_id,
            CardDraft.state == rules.APPROVED,
            CardDraft.id != draft.id,
        )
        .limit(1)
    )
    if other is not None:
        raise Refused(Objection("card_other_waits", (("id", str(other)), ("card", card_id))))


def _new_card(session: Session, draft: CardDraft) -> str:
    topic = str(draft.content["topic"])
    stem = f"{topic.replace('_', '-')}-{rules.slug(draft.content['title']['en'])}"
    number = 1
    while True:
        name = stem if number == 1 else f"{stem}-{number}"
        made = session.execute(
            insert(Card)
            .values(id=name, topic=topic)
            .on_conflict_do_nothing(index_elements=["id"])
            .returning(Card.id)
        ).scalar()
        if made is not None:
            return str(made)
        number += 1


def merged(draft: CardDraft, card: Mapping[str, Any]) -> dict[str, Any]:
    """The content of a card with the questions of a draft added to its own."""
    examples = {language: list(texts) for language, texts in card["examples"].items()}
    for language, texts in (draft.content.get("examples") or {}).items():
        if language in card["answer"]:
            known = {text.casefold() for text in examples.get(language, [])}
            fresh = [text for text in texts if text.casefold() not in known]
            examples.setdefault(language, []).extend(fresh)
    return {**card, "examples": examples}


def merge(session: Session, draft: CardDraft, card_id: str, by: By, now: datetime) -> None:
    """Approve only the questions of a draft: they become examples of a card that is live.

    Raises:
        Refused: the card is not live, or something stands against it.
    """
    card = next((one for one in _live_contents(session) if one["id"] == card_id), None)
    if card is None:
        raise Refused(Objection("card_not_live", (("card", card_id),)))
    content = merged(draft, card)
    if content["examples"] == card["examples"]:
        raise Refused(Objection("card_nothing_to_add", (("card", card_id),)))
    _after(draft, "approve")
    _only_one_waits(session, draft, card_id)
    # Only what is new is judged: the card itself was approved before.
    added = {"examples": (draft.content.get("examples") or {})}
    against = rules.objections(
        {**content, **added},
        is_own=by.proposed(draft),
        near={},
        acknowledged=(),
        topics={content["topic"]},
        names=names_of(session, draft.case_id),
    )
    against = [one for one in against if one.key in ("card_no_same_person", "card_identifier")]
    if against:
        raise Refused(*against)
    data = {"card": card_id, "before": draft.content}
    record(session, "merged", now, draft=draft, by=by, data=data)
    draft.content, draft.card_id = content, card_id
    draft.state = rules.APPROVED
    draft.reviewer_id, draft.reviewed_by = by.person_id, by.name
    draft.approved_at, draft.held_back = now, None
    record(session, "approved", now, draft=draft, by=by)
    queue.defer_training(session)


def _live_contents(session: Session) -> list[dict[str, Any]]:
    return [
        {**card, "topic": topic["topic"]}
        for topic in knowledge.training_topics(session)
        for card in topic["cards"]
    ]


def reject(session: Session, draft: CardDraft, reason: str, by: By, now: datetime) -> None:
    """Decide against a draft, with a reason.

    Raises:
        Refused: it is live, withdrawn or rejected already.
    """
    move(draft, "reject")
    record(session, "rejected", now, draft=draft, by=by, text=reason)


def fingerprint(draft: CardDraft) -> str:
    """The same as long as nobody changes the draft."""
    said = json.dumps([draft.content, draft.card_id, draft.state], sort_keys=True)
    return hashlib.sha256(said.encode()).hexdigest()


def history(
    session: Session, *, draft_id: int | None = None, card_id: str | None = None
) -> list[CardEvent]:
    """What happened to a draft, or to a card and its drafts, the oldest first."""
    query = select(CardEvent).order_by(CardEvent.id)
    if draft_id is not None:
        return list(session.scalars(query.where(CardEvent.draft_id == draft_id)))
    drafts = select(CardDraft.id).where(CardDraft.card_id == card_id)
    return list(
        session.scalars(
            query.where((CardEvent.card_id == card_id) | CardEvent.draft_id.in_(drafts))
        )
    )
