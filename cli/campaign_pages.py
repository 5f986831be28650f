"""Campaigns on a terminal: the preview, one campaign, all of them; and the same as JSON."""

import dataclasses
import json
import sys
from collections.abc import Iterable, Mapping, Sequence
from datetime import date
from typing import Any

from rich.console import Console
from rich.table import Table
from rich.text import Text

from bot.quizzes.costs import Expected
from bot.quizzes.examples import Example
from bot.quizzes.forecast import CHANCES, Capacity
from bot.quizzes.plan import DAYS, Plan
from bot.quizzes.preview import Preview

NAMES = 20
"""How many names and rows are shown unless all are asked for."""
WAYS = {"sms": "SMS", "whatsapp": "WhatsApp", "template": "WhatsApp outside the window"}


def as_json(found: Preview) -> None:
    """The whole preview as one object."""
    print_json(dataclasses.asdict(found))


def print_json(data: Any) -> None:
    print(json.dumps(_plain(data), indent=2, ensure_ascii=False, default=str))


def _plain(data: Any) -> Any:
    """Keys that JSON can have."""
    if isinstance(data, Mapping):
        return {_key(key): _plain(value) for key, value in data.items()}
    if isinstance(data, list | tuple):
        return [_plain(value) for value in data]
    return data


def _key(key: Any) -> str:
    return ", ".join(str(part) for part in key) if isinstance(key, tuple) else str(key)


def counted(number: float, word: str) -> str:
    """A number and its word: "1 mentee", "3,120 mentees"."""
    return f"{number:,.0f} {word}" if round(number) == 1 else f"{number:,.0f} {word}s"


def short(found: Preview) -> None:
    """The preview in a few lines."""
    out = Out()
    ways = _kinds(found.by["channel"])
    out.line(counted(found.members, "mentee") + (f": {ways}" if ways else ""))
    for one in found.out:
        out.line(f"left out, {one.reason}: {one.count:,}")
    out.line(_when(found))
    out.lines(_expected(found))
    out.lines(_learnt(found.capacity))
    out.lines(f"Mind: {warning}" for warning in found.warnings)


def full(name: str, plan: Plan, found: Preview, show_all: bool) -> None:
    """The preview with everything; of long lists the beginning, unless all is asked for."""
    out = Out()
    out.heading(f"{name}: {found.kind}, {plan.start} to {plan.end}")
    out.line(_when(found))
    out.heading(f"Who: {counted(found.members, 'mentee')}")
    most = None if show_all else NAMES
    out.table(["", ""], [(kind, _kinds(words, most)) for kind, words in found.by.items()])
    if found.out:
        out.heading(f"Left out: {sum(one.count for one in found.out)}")
        out.table(
            ["", "why", "who"],
            [(one.count, one.reason, _first(one.names, most)) for one in found.out],
        )
    _calendar(out, found)
    out.heading("Messages")
    for example in found.examples:
        message(out, example)
    out.heading("Expected")
    out.lines(_expected(found))
    out.lines(_learnt(found.capacity))
    if found.warnings:
        out.heading("Before you launch")
        out.lines(f"- {warning}" for warning in found.warnings)


def _kinds(words: Mapping[str, int], most: int | None = None) -> str:
    return _first([f"{word} {count:,}" for word, count in words.items()], most)


def _first(words: Sequence[str], most: int | None) -> str:
    more = len(words) - most if most is not None else 0
    said = ", ".join(words[:most])
    return f"{said} and {more} more (--all)" if more > 0 else said


def _when(found: Preview) -> str:
    doses = found.doses
    if doses.first is None or doses.last is None:
        return "No dose is left to be planned."
    word = "question" if found.kind == "quiz" else "tip"
    about = "about " if doses.about else ""
    summaries = f" and {doses.summaries:,} weekly summaries" if doses.summaries else ""
    return (
        f"{about}{counted(doses.total, word)}{summaries} planned, the first on {_day(doses.first)},"
        f" the last on {_day(doses.last)}"
    )


def _day(day: date) -> str:
    return f"{DAYS[day.weekday()].capitalize()} {day}"


def _expected(found: Preview) -> list[str]:
    """What goes out and costs, and whether the budget suffices."""
    it = found.expected
    if not found.doses.total:
        return []
    use = f"about {it.use.segments:,.0f} SMS segments"
    if it.use.templates or it.use.messages:
        use += (
            f", {it.use.templates:,.0f} WhatsApp templates"
            f" and {it.use.messages:,.0f} WhatsApp messages in the window"
        )
    said = []
    if found.kind == "quiz":
        said.append(
            f"if {it.response:.0%} are answered: {it.questions:,} questions go out (one that waits"
            f" for its answer keeps the next one back), {it.reminders:,} reminders,"
            f" {it.answers:,} answers with feedback, {it.summaries:,} summaries"
        )
    said.append(f"{use}{_cost(it)}")
    return said


def _cost(it: Expected) -> str:
    cost = f", {it.cost:,.2f} {it.currency}" if it.cost is not None else ""
    if it.suffices is None:
        return cost
    if it.suffices:
        return f"{cost}; the budget suffices"
    assert it.runs_out is not None
    return f"{cost}; the budget is used up in the week of {it.runs_out}"


def _learnt(capacity: Capacity | None) -> list[str]:
    if capacity is None or not capacity.doses:
        return []
    low, high = CHANCES
    if not capacity.fullest.retired and not any(capacity.lived.values()):
        return [
            f"a mentee meets about {capacity.life.items:.0f} different questions"
            f" ({capacity.fullest.items:.0f} if all are answered); none is retired"
        ]

    def span(figures: Mapping[float, float]) -> str:
        return f"{figures[low]:.0f} to {figures[high]:.0f}"

    return [
        f"with {low:.0%} to {high:.0%} right answers a mentee learns for good, of"
        f" {capacity.items} questions in {capacity.doses} doses: {span(capacity.formula)} by the"
        f" rule of thumb, {span(capacity.lived)} by these days and questions, both if all are"
        f" answered; {span(capacity.expected)} if {capacity.response:.0%} are"
    ]


def _calendar(out: "Out", found: Preview) -> None:
    doses = found.doses
    if not doses.weeks:
        return
    out.heading("Dose calendar" + (" (about)" if doses.about else ""))
    out.table(
        ["week of", "doses", "summaries"],
        [(str(week.monday), f"{week.doses:,}", f"{week.summaries:,}") for week in doses.weeks],
    )
    cells = {(day, hour): count for day, hour, count in doses.first_week}
    hours = sorted({hour for _, hour in cells})
    days = [day for day in DAYS if any(day == one for one, _ in cells)]
    out.heading("The first week, in the mentees' own time")
    out.table(
        ["", *days],
        [
            (f"{hour:02}-{hour + 1:02}", *(f"{cells.get((day, hour), 0):,}" for day in days))
            for hour in hours
        ],
    )


def message(out: "Out", example: Example) -> None:
    size = ""
    if example.segments is not None:
        size = f" ({counted(example.segments, 'segment')}, {example.encoding})"
    out.line(f"{example.language}, {WAYS[example.way]}, {example.what}{size}")
    out.lines(f"    {line}" for line in example.text.splitlines())
    if example.buttons:
        buttons = " ".join(f"[{button}]" for button in example.buttons)
        opens = f"[{example.list}] opens " if example.list else ""
        out.line(f"    {opens}{buttons}")


def every(rows: Sequence[Mapping[str, Any]], in_json: bool) -> None:
    """All campaigns."""
    if in_json:
        print_json({"campaigns": rows})
        return
    if not rows:
        print("There is no campaign yet: ./mentorline campaign create NAME drafts one.")
        return
    names = ("name", "kind", "state", "start", "end", "enrolled", "doses", "answers")
    cells = [(f"#{row['number']}", *(str(row[name]) for name in names)) for row in rows]
    Out().table(["", *names], cells)


def show(page: Mapping[str, Any], in_json: bool) -> None:
    """One campaign."""
    if in_json:
        print_json(page)
        return
    out = Out()
    why = f" ({page['reason']})" if page["reason"] else ""
    out.heading(f"#{page['number']} {page['name']}: {page['kind']}, {page['state']}{why}")
    out.table(["", ""], [(name, _value(value)) for name, value in _set(page["plan"])])
    since = ", ".join(f"{one['version']} since {one['since']:%Y-%m-%d}" for one in page["versions"])
    out.line(f"versions: {since}")
    out.line(f"enrolled: {page['enrolled']:,}")
    counts = [
        (f"{one['count']:,}", one["kind"], one["state"], one["reason"] or "")
        for one in page["doses_by_state"]
    ]
    if counts:
        out.heading("Doses")
        out.table(["", "kind", "state", "why"], counts)
    share = f", {page['right_share']:.0%} right" if page["right_share"] is not None else ""
    out.line(f"answers: {page['answers']:,}{share}")
    cost = f", cost {page['cost']:,.2f}" if page["cost"] else ""
    out.line(
        f"sent: {counted(page['messages'], 'message')}, {counted(page['segments'], 'SMS segment')},"
        f" {counted(page['templates'], 'WhatsApp template')}{cost}"
    )


def _set(plan: Mapping[str, Any]) -> Iterable[tuple[str, Any]]:
    """What a plan says, without what is left open."""
    for name, value in plan.items():
        if isinstance(value, dict):
            yield from ((f"{name}: {part}", given) for part, given in _set(value))
        elif value not in (None, [], ""):
            yield name, value


def _value(value: Any) -> str:
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, list):
        return ", ".join(
            " / ".join(one.values()) if isinstance(one, dict) else str(one) for one in value
        )
    return str(value)


class Out:
    """Writes on standard output; what people have typed cannot steer the terminal."""

    def __init__(self) -> None:
        self._live = sys.stdout.isatty()
        self._console = Console(highlight=False, markup=False, emoji=False)

    def line(self, text: object) -> None:
        self._console.print(_shown(text), soft_wrap=not self._live)

    def lines(self, texts: Iterable[object]) -> None:
        for text in texts:
            self.line(text)

    def heading(self, text: str) -> None:
        self._console.print()
        self._console.print(Text(_shown(text), style="bold"), soft_wrap=not self._live)

    def table(self, heading: Sequence[str], rows: Iterable[Sequence[object]]) -> None:
        cells = [[_shown(cell) for cell in row] for row in rows]
        if not self._live:
            self.lines(_columns([list(heading), *cells] if any(heading) else cells))
            return
        table = Table(box=None, pad_edge=False, show_header=any(heading), header_style="dim")
        for name in heading:
            table.add_column(name, overflow="fold")
        for row in cells:
            table.add_row(*map(Text, row))
        self._console.print(table)


def _columns(rows: Sequence[Sequence[str]]) -> Iterable[str]:
    """Lines that a program can read as well: nothing is folded."""
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    for row in rows:
        cells = (cell.ljust(width) for cell, width in zip(row, widths, strict=True))
        yield "  ".join(cells).rstrip()


def _shown(cell: object) -> str:
    return "".join(c if c.isprintable() or c == "\n" else " " for c in str(cell))
