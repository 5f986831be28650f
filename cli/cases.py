"""`./mentorline cases …`: what waits and with whom; give, answer or close a case."""

from datetime import datetime
from typing import TYPE_CHECKING, Annotated, Any
from uuid import uuid4
from zoneinfo import ZoneInfo

import typer

if TYPE_CHECKING:
    from sqlalchemy.orm import Session

    from store.cases import Case

cases = typer.Typer(no_args_is_help=True, help="Cases: what waits, with whom, and why.")
Code = Annotated[str, typer.Argument(metavar="#CODE", help="The case's code, # or not.")]


@cases.command("list")
def list_(
    only_open: Annotated[bool, typer.Option("--open", help="Waiting for an answer.")] = False,
    overdue: Annotated[bool, typer.Option("--overdue", help="Longer than expected.")] = False,
    urgent: Annotated[bool, typer.Option("--urgent", help="Urgent ones.")] = False,
) -> None:
    """Cases that are not closed, the longest waiting first."""
    from bot.mentoring import overview
    from cli.campaign_desk import opened

    with opened() as desk:
        zone = desk.settings.default_timezone
        found = overview.listed(
            desk.session,
            desk.now,
            only_open=only_open,
            only_overdue=overdue,
            only_urgent=urgent,
        )
        if not found:
            print("No cases.")
        for line in found:
            print(_line(line, zone))


def _line(line: dict[str, Any], zone: str) -> str:
    marks = [
        *(["URGENT"] if line["urgent"] else []),
        *(["OVERDUE"] if line["overdue"] else []),
        line["state"],
        f"from {line['mentee']}",
        f"with {line['with']}",
        f"since {_local(line['opened_at'], zone)}",
    ]
    if line["topic"]:
        marks.append(f"topic {line['topic']}")
    if line["next"]:
        marks.append(f"next: {line['next'].replace('_', ' ')} {_local(line['next_at'], zone)}")
    return f"#{line['code']}  " + ", ".join(marks)


def _local(moment: datetime | None, zone: str) -> str:
    return "-" if moment is None else f"{moment.astimezone(ZoneInfo(zone)):%Y-%m-%d %H:%M}"


@cases.command("show")
def show(code: Code) -> None:
    """The whole record of a case: who had it and why, what is due, how long things took."""
    from bot.mentoring import overview
    from cli.campaign_desk import opened

    with opened() as desk:
        zone = desk.settings.default_timezone
        found = overview.record_of(desk.session, _case(desk.session, code), desk.now)
    print(_line(found["case"], zone))
    for name, moment in found["times"].items():
        if moment is not None:
            print(f"  {name.replace('_', ' ')}: {_local(moment, zone)}")
    print("What happened:")
    for event in found["events"]:
        said = [_local(event["at"], zone), event["kind"].replace("_", " ")]
        said += [event["who"]] if event["who"] else []
        said += [f"({event['reason']})"] if event["reason"] else []
        said += [f'"{event["text"]}"'] if event["text"] else []
        print("  " + " ".join(said))
        for why, mentors in event["not_chosen"].items():
            print(f"      not {', '.join(mentors)}: {why}")
    for offer in found["offers"]:
        print(f"  offered to {offer['mentor']}: {offer['outcome'] or 'may still take it'}")
    print("What is due:")
    for due in found["dues"]:
        done = f"done, {due['outcome']}" if due["done_at"] else "waits"
        print(f"  {_local(due['due_at'], zone)} {due['kind'].replace('_', ' ')}: {done}")


def _case(session: "Session", code: str) -> "Case":
    from bot.mentoring import overview
    from bot.words import parse_code
    from cli.errors import Refusal

    parsed = parse_code(code)
    found = overview.by_code(session, parsed) if parsed else None
    if found is None:
        raise Refusal(f"There is no case {code}.")
    return found


def _open_case(session: "Session", code: str) -> "Case":
    from cli.errors import Refusal

    found = _case(session, code)
    if found.state == "closed":
        raise Refusal(f"Case #{found.code} is closed.")
    return found


@cases.command("assign")
def assign(code: Code, who: Annotated[str, typer.Argument(metavar="PHONE|EXTERNAL_ID")]) -> None:
    """Give a case to a mentor, whoever has it now."""
    from bot import people
    from bot.mentoring import programme
    from cli.campaign_desk import opened
    from cli.errors import Refusal
    from cli.progress import person_called

    with opened() as desk:
        case = _open_case(desk.session, code)
        mentor = person_called(desk.session, who, desk.settings)
        if not mentor.is_mentor:
            raise Refusal(f"{who} is not a mentor.")
        if mentor.id == case.mentee_id:
            raise Refusal(f"{who} is the one who asked.")
        if not people.reachable(mentor):
            raise Refusal(f"{who} cannot be reached: STOP, or no working address.")
        programme.give_once(desk.session, case, mentor, now=desk.now, key=f"office:{uuid4()}")
        print(f"#{case.code} is with {people.display_name(mentor, who)}.")


@cases.command("answer")
def answer(code: Code, text: Annotated[str, typer.Argument(metavar="TEXT")]) -> None:
    """Answer a case in the programme's name."""
    from bot.mentoring import programme
    from cli.campaign_desk import opened
    from cli.errors import Refusal

    if not text.strip():
        raise Refusal("There is no answer: write it behind the code, in quotes.")
    with opened() as desk:
        case = _open_case(desk.session, code)
        programme.answer_once(
            desk.session,
            case,
            text.strip(),
            programme=desk.settings.programme_name,
            now=desk.now,
            key=f"office:{uuid4()}",
        )
        print(f"#{case.code} is answered.")


@cases.command("close")
def close(code: Code) -> None:
    """Close a case; the mentee is told."""
    from bot.mentoring import programme
    from cli.campaign_desk import opened

    with opened() as desk:
        case = _open_case(desk.session, code)
        programme.close_once(desk.session, case, now=desk.now, key=f"office:{uuid4()}")
        print(f"#{case.code} is closed.")
