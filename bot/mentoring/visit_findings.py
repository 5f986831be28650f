"""What a debrief found at a facility and others must hear: stock-outs, and what else is missing."""

from __future__ import annotations

from bot.mentoring import offices, stock, stock_list, visit_rules, visit_telling
from bot.texts import text
from bot.turn import Turn
from store.people import Facility
from store.visits import Visit


def stock_outs(turn: Turn, visit: Visit, said: str) -> list[str]:
    """Report each item that is surely meant, at the visit's facility, as by STOCK.

    Returns:
        Lines for the mentor: what is reported, with its code, and what was not understood.
    """
    known = stock_list.load(turn.settings.stock_items)
    language = turn.person.language
    reported: dict[str, str] = {}
    unknown = []
    for part in visit_rules.topics(said):
        item = stock_list.match(part, known).item
        if item is None:
            unknown.append(part)
        elif item not in reported:
            it, _ = stock.report(
                turn.session,
                turn.person,
                item=item,
                facility_id=visit.facility_id,
                urgency="none",
                known=known,
                now=turn.now,
                address_id=turn.address.id,
                inbound_id=turn.inbound.id,
            )
            reported[item] = f"{known.title(item, language)} (#{it.code})"
    lines = []
    if reported:
        items = ", ".join(reported.values())
        lines.append(text("debrief_stock_reported", language, items=items))
    if unknown:
        lines.append(text("debrief_stock_unknown", language, said=", ".join(unknown)))
    return lines


def problems(turn: Turn, visit: Visit, said: str) -> list[str]:
    """Tell the district's coordinators what stands in the way of good care.

    Returns:
        A line for the mentor, where somebody is told.
    """
    place = turn.session.get_one(Facility, visit.facility_id)
    told = [
        one
        for one in offices.coordinators(turn.session, place.district)
        if one.id != turn.person.id
    ]
    for one in told:
        body = text(
            "visit_problems",
            one.language,
            mentor=visit_telling.named(turn.person, one),
            facility=place.name,
            when=visit_telling.when(visit, one),
            problems=said,
        )
        visit_telling.tell(turn.session, visit, one, body, label="problems", now=turn.now)
    return [text("debrief_problems_told", turn.person.language)] if told else []
