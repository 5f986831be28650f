"""Facilities: districts, their facilities, and one facility with its people."""

from __future__ import annotations

from flask import abort

from bot.mentoring.stock_list import load
from bot.overviews import facilities
from console import asked
from console.blueprint import blueprint
from console.office import caller, desk, note, office
from console.showing import language, page


@blueprint.get("/facilities", endpoint="facilities")
def tree() -> str:
    """The districts, and the facilities of the one that is open or of those that were sought."""
    scope = caller().scope
    words = "" if scope.aggregates_only else asked.word("q")
    districts = facilities.districts(desk(), scope)
    only = districts[0].name if len(districts) == 1 else None
    chosen = asked.word("district") if asked.given("district") else only
    is_open = chosen is not None or bool(words)
    places, total = (
        facilities.places(
            desk(), scope, district=None if words else chosen, words=words, page=asked.number()
        )
        if is_open
        else ([], 0)
    )
    return page(
        "facilities.html",
        districts=districts,
        district=None if words else chosen,
        words=words,
        places=places,
        total=total,
        number=asked.number(),
        size=facilities.PAGE,
        is_open=is_open,
        named=not scope.aggregates_only,
    )


@blueprint.get("/facilities/<number:facility_id>")
def facility(facility_id: int) -> str:
    """One facility. That its people were looked at is noted."""
    scope = caller().scope
    found = facilities.one(desk(), scope, facility_id)
    if found is None:
        abort(404)
    note("facility_seen", facility=found.name)
    stock = load(office().settings.stock_items)
    record = facilities.record_of(desk(), scope, found, office().now())
    return page(
        "facility.html",
        facility=found,
        summary=facilities.summary(desk(), scope, found),
        record=record,
        items={one.item: stock.title(one.item, language()) for one in record.stock},
    )
