"""The audit: who saw or changed what, the newest first."""

from __future__ import annotations

from bot.overviews import doings
from console import asked
from console.blueprint import blueprint
from console.office import desk
from console.showing import page


@blueprint.get("/audit", endpoint="audit")
def list_() -> str:
    """By pages, for one account or one kind of doing if wanted."""
    by, what = asked.word("by", longest=254), asked.word("what")
    lines, more = doings.found(desk(), by=by, what=what, page=asked.number())
    return page(
        "audit.html",
        lines=lines,
        more=more,
        by=by,
        what=what,
        whats=doings.kinds(desk()),
        number=asked.number(),
    )
