"""`./mentorline bank …`: the quiz questions, as their keepers see them."""

import contextlib
import shlex
from collections.abc import Iterator
from dataclasses import asdict
from typing import Annotated, Any, Literal

import typer

from cli.errors import Refusal

bank = typer.Typer(no_args_is_help=True, help="The quiz questions: look at them, withdraw them.")

Item = Annotated[str, typer.Argument(help="The question's id, such as pph-001.")]
AsJson = Annotated[bool, typer.Option("--json", help="JSON instead of text.")]


@bank.command("list")
def list_(
    topic: Annotated[str | None, typer.Option(help="Only of this topic.")] = None,
    competency: Annotated[str | None, typer.Option(help="Only of this competency.")] = None,
    state: Annotated[
        Literal["live", "withdrawn"] | None, typer.Option(help="Only these; all unless said.")
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Every question with its answers and the share of first answers that were right."""
    from bot.quizzes import stock
    from cli.campaign_pages import Out, print_json

    with _opened() as desk:
        found = stock.entries(desk.session, topic=topic, competency=competency, state=state)
    if as_json:
        print_json([_plain(entry) for entry in found])
        return
    out = Out()
    if not found:
        out.line("No question is like that.")
        return
    heading = ["id", "topic", "competency", "", "answers", "first", "right at first", "state"]
    out.table(
        heading,
        [
            (
                entry.item.id,
                entry.item.topic,
                entry.item.competency,
                "critical" if entry.item.critical else "",
                entry.answers,
                entry.first,
                _share(entry.accuracy),
                _state(entry),
            )
            for entry in found
        ],
    )
    answers = sum(entry.answers for entry in found)
    out.line(f"{len(found)} questions, {answers:,} answers")


@bank.command("show")
def show(item: Item, as_json: AsJson = False) -> None:
    """One question as it looks on a phone, in each language, with its versions and figures."""
    from bot.quizzes import examples, stock
    from cli.campaign_pages import Out, message, print_json

    with _opened() as desk:
        entry = stock.entry(desk.session, item)
        versions = stock.history(desk.session, item)
    looks = [
        example
        for language in sorted(entry.item.stem)
        for example in examples.of_quiz(
            entry.item, language, ("sms", "whatsapp", "template"), reminder=False
        )
        if example.what != "first question"
    ]
    if as_json:
        print_json(
            _plain(entry)
            | {"item": asdict(entry.item)}
            | {"versions": [asdict(one) for one in versions]}
            | {"messages": [asdict(one) for one in looks]}
        )
        return
    out, it = Out(), entry.item
    out.heading(f"{it.id}: {_state(entry)}")
    if entry.withdrawn_at is not None:
        out.line(
            f"withdrawn {entry.withdrawn_at:%Y-%m-%d %H:%M} UTC: {entry.reason or 'no reason'}"
        )
    twin = f", twin {it.twin}" if it.twin else ""
    critical = ", critical" if it.critical else ""
    out.line(f"{it.topic} / {it.competency}{critical}{twin}")
    out.line(f"source: {it.source}")
    out.line(
        f"answers: {entry.answers:,}; right at first: {_share(entry.accuracy)} of {entry.first:,};"
        f" open now: {entry.asked:,}"
    )
    out.heading("Versions")
    out.table(
        ["version", "since", "answers"],
        [(one.number, f"{one.since:%Y-%m-%d}", one.answers) for one in versions],
    )
    out.heading("Messages")
    for example in looks:
        message(out, example)


@bank.command("withdraw")
def withdraw(
    item: Item,
    reason: Annotated[str, typer.Option(help="Why, in a few words; it is kept.")],
) -> None:
    """Ask a question no more, in no campaign. What is open already may still be answered."""
    from bot.quizzes import stock

    with _opened() as desk:
        done = stock.withdraw(desk.session, item, reason, desk.now)
    print(f"{item} is withdrawn: it is asked no more.")
    if done.asked:
        print(f"{done.asked} open now: their answers still count, and a reminder may still go out.")
    print("Planned doses stay: each chooses its question when it is given, from those left.")
    for name in done.emptied:
        print(f"{name!r} has no question left: its doses will lapse until its plan is changed.")
    print(f"To ask it again: ./mentorline bank restore {shlex.quote(item)}")


@bank.command("restore")
def restore(item: Item) -> None:
    """Ask a withdrawn question again, in its newest version."""
    from bot.quizzes import stock

    with _opened() as desk:
        stock.restore(desk.session, item)
    print(f"{item} may be asked again.")


@contextlib.contextmanager
def _opened() -> Iterator[Any]:
    from bot.quizzes.stock import BankError
    from cli.campaign_desk import opened

    try:
        with opened() as desk:
            yield desk
    except BankError as error:
        raise Refusal(str(error)) from None


def _plain(entry: Any) -> dict[str, Any]:
    return {
        "id": entry.item.id,
        "topic": entry.item.topic,
        "competency": entry.item.competency,
        "version": entry.item.version,
        "critical": entry.item.critical,
        "twin": entry.item.twin,
        "state": entry.state,
        "withdrawn_at": entry.withdrawn_at,
        "reason": entry.reason,
        "answers": entry.answers,
        "first_answers": entry.first,
        "first_right": entry.first_right,
        "first_accuracy": entry.accuracy,
        "open": entry.asked,
    }


def _share(share: float | None) -> str:
    return "–" if share is None else f"{share:.0%}"


def _state(entry: Any) -> str:
    return "withdrawn" if entry.withdrawn_at is not None else f"live, version {entry.item.version}"
