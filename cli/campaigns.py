"""`./mentorline campaign …`: its commands and their options.

Nothing here sends anything: a campaign is rows that the clock acts upon.
"""

import inspect
from collections.abc import Callable, Mapping
from datetime import datetime
from pathlib import Path
from typing import Annotated, Any, Literal

import typer

campaign = typer.Typer(no_args_is_help=True, help="Questions or tips for many mentees.")

Name = Annotated[str, typer.Argument(help="The campaign's name, or its number as in '#3'.")]
NewName = Annotated[str, typer.Argument(help="A name of your choice.")]
AsJson = Annotated[bool, typer.Option("--json", help="One JSON object instead of text.")]
Yes = Annotated[bool, typer.Option("--yes", help="Do not ask.")]
ShowAll = Annotated[bool, typer.Option("--all", help="Every name and every row.")]


def _many(option: str, text: str, word: str) -> Any:
    return Annotated[list[str] | None, typer.Option(option, metavar=word, help=text)]


def _day(option: str, text: str) -> Any:
    given = typer.Option(option, formats=["%Y-%m-%d"], metavar="DATE", help=text)
    return Annotated[datetime | None, given]


def _number(option: str, text: str, least: float, most: float | None = None) -> Any:
    whole = isinstance(least, int)
    return Annotated[
        int | None if whole else float | None, typer.Option(option, min=least, max=most, help=text)
    ]


def _text(option: str, text: str, word: str) -> Any:
    return Annotated[str | None, typer.Option(option, metavar=word, help=text)]


FILE = {
    "file": Annotated[
        Path | None,
        typer.Option(
            "--file",
            exists=True,
            dir_okay=False,
            readable=True,
            metavar="PLAN.yml",
            help="A plan in YAML (docs/examples/campaign.yml); other options go before it.",
        ),
    ]
}
CONTENT = {
    "topic": _many("--topic", "All questions of a topic; may be repeated, as all of these.", "T"),
    "item": _many("--item", "One question, by its id.", "I"),
    "competency": _many("--competency", "All questions of a competency.", "C"),
}
COHORT = {
    "district": _many("--district", "Mentees of this district; '' for any.", "D"),
    "facility": _many("--facility", "Mentees of this facility.", "F"),
    "cadre": _many("--cadre", "Mentees of this cadre.", "C"),
    "area": _many("--area", "Mentees with this technical area.", "A"),
    "association": _many("--association", "Mentees of this association.", "A"),
    "group": _many("--group", "Mentees of this group.", "G"),
    "person": _many("--person", "One mentee more, by phone or external id.", "P"),
    "language": _many("--language", "Mentees with this language; without it, all.", "L"),
}
TIMES = {
    "per_week": _number("--per-week", "Doses a week.", 1, 5),
    "weekdays": _text("--weekdays", "Such as mon,wed,fri.", "DAYS"),
    "hour": _text("--hour", "Between these local times, such as 17:00-19:00.", "FROM-TO"),
    "own_hour": Annotated[
        bool | None,
        typer.Option("--own-hour/--no-own-hour", help="A mentee's own hour goes first."),
    ],
    "timezone": _text("--timezone", "Instead of each mentee's own.", "Z"),
    "start": _day("--start", "The first day, such as 2026-03-02; tomorrow unless said."),
    "weeks": _number("--weeks", "How long; 26 unless said.", 1, 104),
    "end": _day("--end", "The last day."),
    "quiet": _text("--quiet", "Local times when nothing is sent: 20:00-07:00.", "FROM-TO"),
    "weekends": Annotated[
        bool | None, typer.Option("--weekends/--no-weekends", help="Saturdays and Sundays, too.")
    ],
}
WAYS = {
    "channel": Annotated[
        Literal["any", "whatsapp", "sms"] | None,
        typer.Option("--channel", help="Which goes first where a mentee has both."),
    ],
    "outside": Annotated[
        Literal["template", "sms"] | None,
        typer.Option("--outside", help="How, when the WhatsApp window is closed."),
    ],
}
RULES = {
    "spacing": Annotated[
        Literal["kerfoot", "fsrs"] | None,
        typer.Option("--spacing", help="The rule by which questions come back."),
    ],
    "retention": _number("--retention", "FSRS: the recall to keep.", 0.8, 0.85),
    "reminder": _number("--reminder", "Hours before the expiry; 0 for none.", 0, 72),
    "expiry": _number("--expiry", "Hours until a question is closed.", 12, 168),
    "summary": Annotated[
        bool | None, typer.Option("--summary/--no-summary", help="A weekly summary.")
    ],
}
BUDGET = {
    "budget_segments": _number("--budget-segments", "Pause after so many SMS segments.", 1),
    "budget_money": _number("--budget-money", "Pause after so much money.", 0.0),
    "per_segment": _number("--per-segment", "Price of an SMS segment.", 0.0),
    "per_template": _number("--per-template", "Price of a WhatsApp template.", 0.0),
    "per_message": _number("--per-message", "Price of a WhatsApp message in the window.", 0.0),
    "currency": _text("--currency", "Of the prices; USD unless said.", "C"),
}
TIPS = {
    "text_en": _many("--text-en", "A tip in English; repeated, a series.", "TEXT"),
    "text_fr": _many("--text-fr", "The same in French, in the same order.", "TEXT"),
    "on": _day("--on", "Once, on this day."),
}
QUIZ_OPTIONS = FILE | CONTENT | COHORT | TIMES | WAYS | RULES | BUDGET
TIP_OPTIONS = FILE | TIPS | COHORT | TIMES | WAYS | BUDGET
EVERY_OPTION = FILE | TIPS | CONTENT | COHORT | TIMES | WAYS | RULES | BUDGET


def taking(options: Mapping[str, Any]) -> Callable[[Callable[..., None]], Callable[..., None]]:
    """Gives a command these options; it gets those that were used as a dict, `given`."""

    def wrap(command: Callable[..., None]) -> Callable[..., None]:
        def run(**values: Any) -> None:
            found = {name: values.pop(name) for name in options}
            used = {name: value for name, value in found.items() if value not in (None, [])}
            command(**values, given=used)

        own = [one for one in inspect.signature(command).parameters.values() if one.name != "given"]
        keyword = inspect.Parameter.KEYWORD_ONLY
        more = [
            inspect.Parameter(name, keyword, default=None, annotation=kind)
            for name, kind in options.items()
        ]
        run.__signature__ = inspect.Signature([*own, *more])  # type: ignore[attr-defined]
        run.__name__, run.__doc__ = command.__name__, command.__doc__
        return run

    return wrap


@campaign.command("create")
@taking(QUIZ_OPTIONS)
def create(name: NewName, given: dict[str, Any]) -> None:
    """Draft a campaign of questions; nothing is sent before its launch."""
    from cli.campaign_actions import create as run

    run(name, "quiz", given)


@campaign.command("tip")
@taking(TIP_OPTIONS)
def tip(name: NewName, given: dict[str, Any]) -> None:
    """Draft a campaign of tips: one on a day, or a series."""
    from cli.campaign_actions import create as run

    run(name, "tips", given)


@campaign.command("list")
def list_(as_json: AsJson = False) -> None:
    """All campaigns, the newest first."""
    from cli.campaign_actions import every

    every(as_json)


@campaign.command("show")
def show(name: Name, as_json: AsJson = False) -> None:
    """The plan, its versions, and what has come of the doses so far."""
    from cli.campaign_actions import show as run

    run(name, as_json)


@campaign.command("preview")
@taking(EVERY_OPTION)
def preview(
    name: Name, given: dict[str, Any], as_json: AsJson = False, show_all: ShowAll = False
) -> None:
    """Who gets what, when, and at what cost; with options, as if it were changed to that."""
    from cli.campaign_actions import preview as run

    run(name, given, as_json, show_all)


@campaign.command("launch")
def launch(name: Name, yes: Yes = False) -> None:
    """Start a draft: its mentees are enrolled, doses are planned and sent."""
    from cli.campaign_actions import launch as run

    run(name, yes)


@campaign.command("pause")
def pause(name: Name) -> None:
    """Send nothing more until it is resumed."""
    from cli.campaign_actions import pause as run

    run(name)


@campaign.command("resume")
def resume(name: Name) -> None:
    """Go on after a pause."""
    from cli.campaign_actions import resume as run

    run(name)


@campaign.command("change")
@taking(EVERY_OPTION)
def change(name: Name, given: dict[str, Any]) -> None:
    """Change the plan by options, or to another file's; what was planned and not sent is void."""
    from cli.campaign_actions import change as run

    run(name, given)


@campaign.command("end")
def end(name: Name, yes: Yes = False) -> None:
    """End it for good."""
    from cli.campaign_actions import end as run

    run(name, yes)


@campaign.command("copy")
@taking({"start": TIMES["start"]})
def copy(name: Name, new: NewName, given: dict[str, Any]) -> None:
    """Draft the same campaign again, from tomorrow or another day."""
    from cli.campaign_actions import copy as run

    run(name, new, given)
