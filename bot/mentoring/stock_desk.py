"""What people text about stock: STOCK and an item, and the status of a report."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, ClassVar

from bot import walks, words
from bot.mentoring import places, stock
from bot.mentoring.stock_list import StockList, load, match
from bot.texts import text
from bot.turn import Turn
from bot.walks import Prompt, Taken
from store.stock import StockReport
from store.walks import Walk

URGENCIES = ("none", "days")


def listed(turn: Turn) -> StockList:
    """The programme's list."""
    return load(turn.settings.stock_items)


def command(turn: Turn, asked: words.Command) -> None:
    """STOCK and an item; or a status, with a code, a quoted message or a button."""
    status = words.stock_status(asked.text or asked.argument)
    if asked.name == "stock_code":
        _status(turn, stock.by_code(turn.session, asked.argument), status, asked.argument)
        return
    if status is not None:
        mine = stock.open_of(turn.session, turn.person)
        meant = _quoted(turn) or (mine[0] if len(mine) == 1 else None)
        if meant is None and mine:
            turn.reply("stock_which", codes=", ".join(f"#{one.code}" for one in mine[:5]))
        else:
            _status(turn, meant, status, "")
        return
    found = match(asked.argument, listed(turn)) if asked.argument else None
    if found is not None and found.item is None and not found.near:
        turn.reply("stock_unknown", said=asked.argument)
        return
    walks.begin(
        turn,
        STOCK,
        {
            "item": found.item if found else None,
            "near": list(found.near) if found else [],
            "facility": turn.person.facility_id,
        },
    )


def _quoted(turn: Turn) -> StockReport | None:
    key = turn.quoted_key()
    report = stock.quoted(key) if key else None
    return turn.session.get(StockReport, report) if report is not None else None


def _status(turn: Turn, it: StockReport | None, status: stock.Status | None, code: str) -> None:
    if it is None:
        turn.reply("stock_no_such", code=f" #{code}" if code else "")
        return
    if status is None:
        turn.reply("stock_status_unread", code=it.code)
        return
    done = stock.said(
        turn.session,
        it,
        turn.person,
        status,
        listed(turn),
        turn.now,
        key=turn.key,
        inbound_id=turn.inbound.id,
    )
    match done:
        case "not_yours":
            turn.reply("stock_no_such", code=f" #{it.code}")
        case "closed":
            turn.reply("stock_over", code=it.code)
        case _:
            turn.reply("stock_noted", code=it.code)


def there(turn: Turn, asked: dict[str, Any], number: int | None, yes: bool | None) -> str | None:
    """The answer to "is it there?"; a text to give back is for the dialogue."""
    arrived = yes if yes is not None else {1: True, 2: False}.get(number or 0)
    it = turn.session.get(StockReport, asked["report"])
    if it is None or it.state == "closed":
        turn.person.pending = None
        return turn.text
    if arrived is None:
        turn.reply("choose_again", menu="stock_there")
        return None
    turn.person.pending = None
    _status(turn, it, "arrived" if arrived else "no", it.code)
    return None


class Stock(walks.Kind):
    """The details of a stock-out: which item, where, how much is left."""

    name: ClassVar[str] = "stock"
    word: ClassVar[str] = "STOCK"

    def steps(self, turn: Turn, walk: Walk) -> Sequence[str]:
        state, answers = walk.state, walk.answers
        named = answers.get("item") or {}
        return [
            *(["item"] if not state["item"] and not state["near"] else []),
            *(["which"] if state["near"] or named.get("near") else []),
            *(["facility"] if state["facility"] is None else []),
            "urgency",
        ]

    def skip(self, turn: Turn, walk: Walk) -> bool:
        return False

    def ask(self, turn: Turn, walk: Walk) -> Prompt:
        language = turn.person.language
        match walk.step:
            case "item":
                return Prompt(text("stock_item", language), takes="text")
            case "which":
                titles = [listed(turn).title(one, language) for one in self._near(walk)]
                lines = [*titles, text("something_else", language)]
                numbered = [f"{number} {line}" for number, line in enumerate(lines, 1)]
                body = "\n".join([text("did_you_mean", language), *numbered])
                return Prompt(body, menu=f"pick{len(lines)}")
            case "facility":
                return Prompt(text("stock_facility", language), takes="text")
            case _:
                item = listed(turn).title(self._item(walk) or "", language)
                return Prompt(text("stock_urgency", language, item=item), menu="pick2")

    def take(self, turn: Turn, walk: Walk, said: str) -> Taken:
        match walk.step:
            case "item":
                found = match(said, listed(turn))
                if found.item is None and not found.near:
                    return "unread"
                walks.keep(walk, {"item": found.item, "near": list(found.near)})
            case "which":
                choice, near = words.number(said), self._near(walk)
                if choice is None or not 1 <= choice <= len(near) + 1:
                    return "unread"
                walks.keep(walk, near[choice - 1] if choice <= len(near) else None)
                if choice > len(near):
                    return "done"
            case "facility":
                places_found = places.named(turn.session, said)
                if len(places_found.facilities) != 1:
                    return "unread"
                walks.keep(walk, places_found.facilities[0].id)
            case _:
                choice = words.number(said)
                if choice not in (1, 2):
                    return "unread"
                walks.keep(walk, URGENCIES[choice - 1])
        return "next"

    def _near(self, walk: Walk) -> list[str]:
        return list(walk.state["near"] or (walk.answers.get("item") or {}).get("near") or [])

    def _item(self, walk: Walk) -> str | None:
        named = walk.answers.get("item") or {}
        return walk.state["item"] or walk.answers.get("which") or named.get("item")

    def end(self, turn: Turn, walk: Walk) -> None:
        item = self._item(walk)
        if item is None:
            turn.reply("stock_other")
            return
        known = listed(turn)
        it, new = stock.report(
            turn.session,
            turn.person,
            item=item,
            facility_id=walk.state["facility"] or walk.answers["facility"],
            urgency=walk.answers["urgency"],
            known=known,
            now=turn.now,
            address_id=turn.address.id,
            inbound_id=turn.inbound.id,
        )
        named = stock.words(turn.session, it, known, turn.person.language)
        days = (turn.now - it.opened_at).days
        turn.reply_text(
            text(
                "stock_reported" if new else "stock_joined",
                turn.person.language,
                days=days,
                **named,
            ),
            label="stock",
        )


STOCK = walks.register(Stock())
