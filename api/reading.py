"""Routes that read: people, facilities, cases, messages, answers, tests, encounters, campaigns."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from api import asking, models
from api.routes import NOT_FOUND, Call, Refused, get
from bot.overviews import cases as case_overview
from bot.overviews import people as people_overview
from bot.overviews import records
from bot.text.redact import redact
from store.cases import Case
from store.messages import Inbound, OutboxMessage
from store.people import Person
from store.quizzes import Answer


def _page(
    rows: Sequence[Any],
    asked: asking.Paged,
    shown: Callable[[Any], Any],
    number: Callable[[Any], int],
) -> Any:
    """A page of a list of which one more row than wanted was read."""
    kept = rows[: asked.limit]
    more = number(kept[-1]) if len(rows) > asked.limit else None
    return {"items": [shown(row) for row in kept], "next": more}


def _id(row: Any) -> int:
    return int(row.id)


def _fields(row: Any, shown: type[models.Answer], apart: str) -> dict[str, Any]:
    """What a row has for an answer, but for the one field that is put together."""
    return {name: getattr(row, name) for name in shown.model_fields if name != apart}


def _listed(
    call: Call,
    rows: Sequence[Any],
    asked: asking.Paged,
    shown: Callable[[Any], models.Answer],
    number: Callable[[Any], int] = _id,
) -> dict[str, Any]:
    """A page of records about people; that they were read is in the audit."""
    page: dict[str, Any] = _page(rows, asked, shown, number)
    call.note(rows=len(page["items"]), after=asked.after)
    return page


@get("/people", models.Page[models.Person], asking.People)
def people(call: Call, asked: asking.People) -> models.Answer:
    """People within the token's scope; phone numbers only where its role may see them."""
    found = records.people(
        call.session,
        call.scope,
        asked.span,
        role=asked.role,
        district=asked.district,
        external_id=asked.external_id,
    )
    page = _listed(call, found, asked, lambda one: _person(call, one))
    return models.Page[models.Person](**page)


def _person(call: Call, one: Person) -> models.Person:
    fields = _fields(one, models.Person, "addresses")
    addresses = one.addresses if call.scope.numbers else []
    return models.Person(
        **fields, addresses=[models.Address.model_validate(each) for each in addresses]
    )


@get("/people/{person_id}", models.Person)
def person(call: Call, _asked: asking.Nothing) -> models.Answer:
    """One person."""
    found = people_overview.one(call.session, call.scope, call.path["person_id"])
    if found is None:
        raise Refused(404, "not_found", NOT_FOUND)
    call.note(person=found.id)
    return _person(call, found)


@get("/facilities", models.Page[models.Facility], asking.Paged)
def facilities(call: Call, asked: asking.Paged) -> models.Answer:
    """Facilities. They are about nobody, so every token sees all of them."""
    found = records.facilities(call.session, asked.span)
    page = _page(found, asked, models.Facility.model_validate, _id)
    return models.Page[models.Facility](**page)


@get("/cases", models.Page[models.Case], asking.Cases)
def cases(call: Call, asked: asking.Cases) -> models.Answer:
    """Cases of the mentees within the token's scope."""
    found = records.cases(
        call.session, call.scope, asked.span, state=asked.state, urgent=asked.urgent
    )
    late = records.overdue(call.session, found, call.now)
    page = _listed(call, found, asked, lambda one: models.Case(**_case(one, one.id in late)))
    return models.Page[models.Case](**page)


def _case(one: Case, late: bool) -> dict[str, Any]:
    fields = _fields(one, models.Case, "overdue")
    return {**fields, "overdue": late}


@get("/cases/{case_id}", models.CaseThread)
def case(call: Call, _asked: asking.Nothing) -> models.Answer:
    """One case with all that happened in it."""
    found = case_overview.one(call.session, call.scope, call.path["case_id"])
    if found is None:
        raise Refused(404, "not_found", NOT_FOUND)
    call.note(person=found.mentee_id, case=found.id)
    late = bool(records.overdue(call.session, [found], call.now))
    events = [
        models.CaseEvent(
            at=one.at, kind=one.kind, person_id=one.person_id, text=redact(one.text).text
        )
        for one in records.events(call.session, found)
    ]
    return models.CaseThread(**_case(found, late), events=events)


@get("/messages/received", models.Page[models.Received], asking.OfPerson)
def messages_received(call: Call, asked: asking.OfPerson) -> models.Answer:
    """Messages that came in."""
    found = records.received(call.session, call.scope, asked.span, person=asked.person)
    return models.Page[models.Received](**_listed(call, found, asked, _received))


def _received(one: Inbound) -> models.Received:
    fields = _fields(one, models.Received, "text")
    return models.Received(**fields, text=redact(one.body).text)


@get("/messages/sent", models.Page[models.Sent], asking.Sent)
def messages_sent(call: Call, asked: asking.Sent) -> models.Answer:
    """Messages that went out or should have; `reason` says why one did not."""
    found = records.sent(
        call.session, call.scope, asked.span, person=asked.person, state=asked.state
    )
    return models.Page[models.Sent](**_listed(call, found, asked, _sent))


def _sent(one: OutboxMessage) -> models.Sent:
    fields = _fields(one, models.Sent, "text")
    return models.Sent(**fields, text=redact(one.sent_body or one.body).text)


@get("/answers", models.Page[models.QuizAnswer], asking.Answers)
def answers(call: Call, asked: asking.Answers) -> models.Answer:
    """Answers to quiz questions."""
    found = records.answers(
        call.session, call.scope, asked.span, person=asked.person, campaign=asked.campaign
    )
    return models.Page[models.QuizAnswer](**_listed(call, found, asked, _answer))


def _answer(one: Answer) -> models.QuizAnswer:
    fields = _fields(one, models.QuizAnswer, "option")
    return models.QuizAnswer(**fields, option="ABCD"[one.option])


@get("/assessments", models.Page[models.Assessment], asking.Assessments)
def assessments(call: Call, asked: asking.Assessments) -> models.Answer:
    """Tests, self-assessments and observed skills."""
    found = records.assessments(
        call.session, call.scope, asked.span, person=asked.person, kind=asked.kind
    )
    page = _listed(call, found, asked, models.Assessment.model_validate)
    return models.Page[models.Assessment](**page)


@get("/encounters", models.Page[models.Encounter], asking.OfPerson)
def encounters(call: Call, asked: asking.OfPerson) -> models.Answer:
    """Encounters with somebody within the token's scope."""
    found = records.encounters(call.session, call.scope, asked.span, person=asked.person)

    def shown(row: Any) -> models.Encounter:
        one, mentees = row
        fields = _fields(one, models.Encounter, "mentees")
        return models.Encounter(**fields, mentees=mentees)

    page = _listed(call, found, asked, shown, lambda row: int(row[0].id))
    return models.Page[models.Encounter](**page)


@get("/campaigns", models.Page[models.Campaign], asking.Campaigns)
def campaigns(call: Call, asked: asking.Campaigns) -> models.Answer:
    """Campaigns and what they have cost so far."""
    found = records.campaigns(call.session, asked.span, state=asked.state)
    page = _page(found, asked, models.Campaign.model_validate, _id)
    return models.Page[models.Campaign](**page)
