"""People: the list, and one person as a single timeline."""

from __future__ import annotations

from flask import abort

from bot.mentoring.competencies import kept
from bot.mentoring.numbers import phones
from bot.overviews import campaigns, learning, people, timeline
from bot.people import reachable
from console import asked
from console.blueprint import blueprint
from console.office import caller, desk, note, office
from console.reasons import why
from console.showing import language, page
from store.people import Person

ROLES = ("mentee", "mentor", "leader", "coordinator")


@blueprint.get("/people", endpoint="people")
def people_() -> str:
    """Search and filters, by pages."""
    scope = caller().scope
    wanted = people.Wanted(
        words=asked.word("q"),
        role=asked.word("role", ROLES),
        district=asked.word("district"),
        cadre=asked.word("cadre"),
        state=asked.word("state", people.STATES),
        page=asked.number(),
    )
    districts, cadres = people.choices(desk(), scope)
    return page(
        "people.html",
        wanted=wanted,
        found=people.found(desk(), scope, wanted, office().settings.default_region),
        numbers=scope.numbers,
        roles=ROLES,
        states=people.STATES,
        districts=districts,
        cadres=cadres,
        size=people.PAGE,
    )


@blueprint.get("/people/<number:person_id>")
def person(person_id: int) -> str:
    """All that happened with one person. That it was looked at is noted."""
    scope = caller().scope
    found = people.one(desk(), scope, person_id)
    if found is None:
        abort(404)
    return show(found)


def show(found: Person, sentence: str = "") -> str:
    """The page of somebody whom the caller may see; ``sentence``: why something was not done."""
    scope = caller().scope
    only = asked.word("only", tuple(timeline.GROUPS))
    before = asked.moment("before")
    names = people.names(desk(), [found.mentor_id, found.backup_mentor_id])
    note("person_seen", person=found.id)
    catalogue = kept(office().settings.competencies_dir)
    matrix = learning.matrix(desk(), found, catalogue) if "mentee" in found.roles else []
    return page(
        "person.html",
        person=found,
        names=names,
        numbers=scope.numbers,
        reachable=reachable(found),
        why=why,
        matrix=matrix,
        campaigns=campaigns.of_person(desk(), found.id)
        if caller().may("console.campaign_mentee")
        else (),
        titles={one.competency: catalogue.title(one.competency, language()) for one in matrix},
        timeline=timeline.of(desk(), scope, found, office().now(), before, only),
        only=only,
        before=before,
        groups=tuple(timeline.GROUPS),
        sentence=sentence,
        phones=phones(found),
        doubted=any(address.doubted_at for address in found.addresses),
    )
