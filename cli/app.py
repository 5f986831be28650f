"""The commands and their options. Each imports what it does only when it is called."""

import re
from datetime import datetime
from pathlib import Path
from typing import Annotated, Literal

import typer

from cli.assess import assess
from cli.bank import bank
from cli.campaigns import campaign
from cli.cards import cards
from cli.cascade import cascade
from cli.cases import cases
from cli.mentors import mentors
from cli.people import people
from cli.report_names import SAYS
from cli.stock import stock
from cli.tokens import token
from cli.users import user
from cli.visits import visits

app = typer.Typer(
    help="A virtual clinical mentor over SMS and WhatsApp.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
    context_settings={"help_option_names": ["-h", "--help"]},
)
imports = typer.Typer(
    no_args_is_help=True, help="Import people, questions, cards and records. All rows or none."
)
bench = typer.Typer(no_args_is_help=True, help="Benchmarks.")
app.add_typer(imports, name="import")
app.add_typer(bench, name="bench")
templates = typer.Typer(no_args_is_help=True, help="WhatsApp menus and templates at Twilio.")
app.add_typer(templates, name="templates")
app.add_typer(campaign, name="campaign")
app.add_typer(bank, name="bank")
report = typer.Typer(no_args_is_help=True, help="What a programme reports, from its records.")
app.add_typer(report, name="report")
discussions = typer.Typer(no_args_is_help=True, help="Group discussions by text.")
encounters = typer.Typer(no_args_is_help=True, help="The log of who met whom, and when.")
app.add_typer(discussions, name="discussions")
app.add_typer(encounters, name="encounters")
app.add_typer(assess, name="assess")
app.add_typer(cases, name="cases")
app.add_typer(mentors, name="mentors")
app.add_typer(cards, name="cards")
app.add_typer(people, name="people")
app.add_typer(cascade, name="cascade")
app.add_typer(stock, name="stock")
app.add_typer(visits, name="visits")
app.add_typer(user, name="user")
app.add_typer(token, name="token")

Port = Annotated[int, typer.Option(min=1, max=65535, help="Where the web process listens.")]
Host = Annotated[str, typer.Option(help="Address to listen on; 0.0.0.0 is every one.")]
File = Annotated[Path, typer.Argument(exists=True, dir_okay=False, readable=True)]
Check = Annotated[bool, typer.Option("--check", help="Only say what would be done.")]
AsJson = Annotated[bool, typer.Option("--json", help="Figures as JSON instead of a table.")]
By = Literal["facility", "district", "cadre", "channel"]
Quick = Annotated[bool, typer.Option("--quick", help="A few seconds for each figure.")]
ReportFormat = Annotated[
    Literal["table", "csv", "json", "xlsx", "pdf"],
    typer.Option("--format", help="How it is written."),
]
Day = Annotated[
    datetime | None, typer.Option(formats=["%Y-%m-%d"], help="A day, which is included.")
]
OutFile = Annotated[
    Path | None, typer.Option("--output", "-o", dir_okay=False, help="Into this file.")
]
PASS_ON = {"allow_extra_args": True, "ignore_unknown_options": True}


@app.command()
def demo(
    port: Port = 8000,
    fresh: Annotated[bool, typer.Option("--fresh", help="Begin with new sample data.")] = False,
) -> None:
    """The whole product on this machine, with phones in the browser instead of Twilio."""
    from cli.demo import demo as run

    run(port, fresh)


@app.command()
def simulate(
    mentees: Annotated[int, typer.Option(min=1, max=20000, help="How many live.")] = 20,
    weeks: Annotated[float, typer.Option(min=0.1, max=104, help="For how long.")] = 4,
    seed: Annotated[int, typer.Option(help="The same seed gives the same lives.")] = 1,
    home: Annotated[Path | None, typer.Option(help="Where its data lives.")] = None,
    fresh: Annotated[bool, typer.Option("--fresh", help="Begin anew there.")] = False,
    no_rasa: Annotated[bool, typer.Option("--no-rasa", help="Questions go to mentors.")] = False,
    as_json: AsJson = False,
) -> None:
    """A cohort that lives through weeks in minutes; in the phones of a demo that runs."""
    from cli.simulate import Wanted
    from cli.simulate import simulate as run

    run(Wanted(mentees, weeks, seed, as_json, not no_rasa), home, fresh)


@app.command(context_settings=PASS_ON)
def test(context: typer.Context) -> None:
    """Every test; arguments go to pytest."""
    from cli.testing import test as run

    raise typer.Exit(run(context.args))


@app.command()
def up(host: Host = "127.0.0.1", port: Port = 8000) -> None:
    """All processes with the real configuration."""
    from cli.services import up as run

    run(host, port)


@app.command()
def web(host: Host = "127.0.0.1", port: Port = 8000) -> None:
    """One web process."""
    from cli.services import web as run

    run(host, port)


@app.command()
def worker() -> None:
    """One worker; run as many as needed."""
    from cli.services import worker as run

    run()


@app.command()
def clock() -> None:
    """One clock; of several, one leads."""
    from cli.services import clock as run

    run()


@app.command()
def rasa(
    host: Host = "127.0.0.1",
    port: Port = 5005,
    app_port: Annotated[int, typer.Option(help="Port of the web process on this machine.")] = 8000,
) -> None:
    """One dialogue server; run as many as needed."""
    from cli.services import rasa as run

    run(host, port, app_port)


@app.command(context_settings=PASS_ON)
def train(context: typer.Context) -> None:
    """Train on the cards, evaluate, and publish the model if it passes the gate."""
    from cli.services import train as run

    run(tuple(context.args))


@app.command()
def migrate() -> None:
    """Bring the database to the newest schema."""
    from cli.services import migrate as run

    run()


@app.command()
def doctor() -> None:
    """Check configuration, database, Rasa, Twilio and the public address."""
    from cli.doctor import doctor as run

    raise typer.Exit(run())


@templates.command("push")
def templates_push() -> None:
    """Create at Twilio what it does not have yet, and ask WhatsApp for approval."""
    from cli.content import push

    push()


@templates.command("status")
def templates_status() -> None:
    """Say which templates WhatsApp has approved."""
    from cli.content import status

    status()


@imports.command("people")
def import_people(file: File, check: Check = False) -> None:
    """People from CSV or XLSX."""
    from cli.importing import people

    people(file, check)


@imports.command("questions")
def import_questions(file: File, check: Check = False) -> None:
    """Quiz questions from CSV, XLSX or YAML."""
    from cli.importing import questions

    questions(file, check)


@imports.command("assessments")
def import_assessments(file: File, check: Check = False) -> None:
    """Tests and signed skills from CSV or XLSX."""
    from cli.importing import assessments

    assessments(file, check)


@imports.command("facilities")
def import_facilities(
    file: File,
    check: Check = False,
    district_level: Annotated[int, typer.Option(min=1, help="Level of districts.")] = 3,
    facility_level: Annotated[int, typer.Option(min=2, help="Level of facilities.")] = 6,
) -> None:
    """Facilities from DHIS2's organisation units, as JSON."""
    from cli.importing import facilities

    facilities(file, check, district_level, facility_level)


@imports.command("cards")
def import_cards(file: File, check: Check = False) -> None:
    """Answer cards from YAML."""
    from cli.importing import cards

    cards(file, check)


@app.command("export")
def export_(
    name: Annotated[
        Literal[
            "people",
            "messages",
            "answers",
            "assessments",
            "encounters",
            "plans",
            "goals",
            "stock",
            "cases",
        ],
        typer.Argument(help="What to export."),
    ],
    form: Annotated[Literal["csv", "jsonl", "xlsx"], typer.Option("--format")] = "csv",
    since: Day = None,
    until: Day = None,
    output: Annotated[Path | None, typer.Option("-o", "--output", dir_okay=False)] = None,
) -> None:
    """Rows for a spreadsheet or another system; identifiers are taken out."""
    from cli.exporting import export

    export(name, form, since and since.date(), until and until.date(), output)


@app.command("certificate")
def certificate_(
    who: Annotated[
        str | None, typer.Argument(metavar="PHONE|EXTERNAL_ID", show_default=False)
    ] = None,
    output: Annotated[Path | None, typer.Option("-o", "--output", dir_okay=False)] = None,
    number: Annotated[
        str | None, typer.Option("--check", help="Whether a certificate's number is ours.")
    ] = None,
) -> None:
    """The certificate of a fully validated mentee, as PDF; or whether a number is genuine."""
    from cli.certificates import certificate, check

    if number is not None:
        check(number)
    else:
        certificate(who, output)


@campaign.command("mentee")
def campaign_mentee(
    who: Annotated[str, typer.Argument(metavar="PHONE|EXTERNAL_ID")], as_json: AsJson = False
) -> None:
    """Every question of one mentee, what became of it, and the rows behind each figure."""
    from cli.progress import mentee

    mentee(who, as_json)


@campaign.command("progress")
def campaign_progress(
    name: Annotated[str, typer.Argument(help="The campaign's name, or # and its number.")],
    by: Annotated[By | None, typer.Option("--by", help="Also for groups of mentees.")] = None,
    as_json: AsJson = False,
) -> None:
    """How a campaign goes: who answers, how soon, how right, and what it costs."""
    from cli.progress import progress

    progress(name, by, as_json)


SpokenIn = Annotated[
    Literal["en", "fr"] | None,
    typer.Option("--language", help="Of headings and explanations; else DEFAULT_LANGUAGE."),
]


@report.command("validated")
def report_validated(
    by: Annotated[
        Literal["association", "area", "district", "facility"], typer.Option("--by")
    ] = "association",
    fy: Annotated[
        list[str] | None,
        typer.Option("--fy", help="Fiscal year, by the year it ends in; may be repeated."),
    ] = None,
    level: Annotated[
        list[str] | None,
        typer.Option("--level", help="Only facilities of this level; may be repeated."),
    ] = None,
    form: Annotated[
        Literal["table", "csv", "json", "xlsx", "pdf", "dhis2"],
        typer.Option("--format", help="How it is written."),
    ] = "table",
    file: OutFile = None,
    mapping: Annotated[
        Path | None,
        typer.Option("--mapping", exists=True, dir_okay=False, help="For dhis2: data elements."),
    ] = None,
    language: SpokenIn = None,
) -> None:
    """Tables 1 and 2: mentees, and how many of them are validated."""
    from cli.reports import validated

    validated(by, fy or [], level or [], form, file, mapping, language)


@report.command("list")
def report_list() -> None:
    """Every report by its name."""
    from cli.reports import listed

    listed()


@report.command("matrix")
def report_matrix(
    mentor: Annotated[str | None, typer.Option("--mentor", metavar="PHONE|EXTERNAL_ID")] = None,
    mentee: Annotated[str | None, typer.Option("--mentee", metavar="PHONE|EXTERNAL_ID")] = None,
    form: ReportFormat = "table",
    file: OutFile = None,
    language: SpokenIn = None,
) -> None:
    """A mentor's mentees and their competencies, or one mentee's in full."""
    from cli.reports import matrix

    matrix(mentor, mentee, form, file, language)


@report.command("dhis2")
def report_dhis2(
    check: Annotated[
        Path, typer.Option("--check", exists=True, dir_okay=False, help="Data values or units.")
    ],
) -> None:
    """Whether a JSON file for or from DHIS2 has the shape of its Web API."""
    from cli.reports import dhis2_check

    dhis2_check(check)


@report.command("pack")
def report_pack(
    file: Annotated[
        Path, typer.Option("--output", "-o", dir_okay=False, help="A workbook, or pages: x.pdf.")
    ],
    mentor: Annotated[str | None, typer.Option("--mentor", metavar="PHONE|EXTERNAL_ID")] = None,
    district: Annotated[str | None, typer.Option("--district")] = None,
    month: Annotated[str | None, typer.Option("--month", help="Such as 2026-02.")] = None,
    quarter: Annotated[str | None, typer.Option("--quarter", help="Such as 2026-Q1.")] = None,
    language: SpokenIn = None,
) -> None:
    """A mentor's month or a district's quarter, as a workbook or as pages."""
    from cli.reports import pack

    pack(mentor, district, month, quarter, file, language)


def _report(name: str, says: str) -> None:
    def show(
        by: Annotated[str | None, typer.Option("--by", help="For groups of mentees.")] = None,
        fy: Annotated[list[str] | None, typer.Option("--fy", help="Fiscal year.")] = None,
        since: Day = None,
        until: Day = None,
        form: ReportFormat = "table",
        file: OutFile = None,
        language: SpokenIn = None,
    ) -> None:
        from cli.reports import named

        named(name, by, fy or [], since, until, form, file, language)

    report.command(name, help=says)(show)


for _name, _says in SAYS.items():
    _report(_name, _says)


@discussions.command("list")
def discussions_list(as_json: AsJson = False) -> None:
    """Every discussion, the newest first."""
    from cli.discussions import listed

    listed(as_json)


@discussions.command("show")
def discussions_show(
    number: Annotated[int, typer.Argument(metavar="NUMBER")], as_json: AsJson = False
) -> None:
    """One discussion: who took part, what was said, and what was held back and why."""
    from cli.discussions import shown

    shown(number, as_json)


def _day(option: str, text: str) -> typer.models.OptionInfo:
    found: typer.models.OptionInfo = typer.Option(
        option, formats=["%Y-%m-%d"], metavar="DATE", help=text
    )
    return found


@encounters.command("log")
def encounters_log(
    mentor: Annotated[str, typer.Option("--mentor", metavar="PHONE|EXTERNAL_ID")],
    mentee: Annotated[
        list[str], typer.Option("--mentee", metavar="PHONE|EXTERNAL_ID", help="May be repeated.")
    ],
    date: Annotated[datetime, _day("--date", "When it was, such as 2026-03-02.")],
    minutes: Annotated[int, typer.Option("--minutes", min=1, max=1440)],
    topic: Annotated[str | None, typer.Option("--topic", help="Such as pph.")] = None,
    note: Annotated[str, typer.Option("--note", help="Without names of patients.")] = "",
) -> None:
    """Log that a mentor met mentees in person."""
    from cli.encounters import log

    log(mentor, mentee, date, minutes, topic, note)


@encounters.command("list")
def encounters_list(
    since: Annotated[datetime | None, _day("--since", "The first day.")] = None,
    until: Annotated[datetime | None, _day("--until", "The last day.")] = None,
    as_json: AsJson = False,
) -> None:
    """Encounters, virtual and in person, the oldest first."""
    from cli.encounters import listed

    listed(since, until, as_json)


def _numbers(given: str | None) -> str | None:
    if given is not None and not re.fullmatch(r"[1-9]\d{0,5}(,[1-9]\d{0,5})*", given):
        raise typer.BadParameter("it takes numbers below a million, such as 1,8")
    return given


Senders = Annotated[
    str | None,
    typer.Option("--senders", callback=_numbers, help="How many at once, such as 1,8,32."),
]


def _given(**options: str | None) -> tuple[str, ...]:
    """The options that were given, as a benchmark's own."""
    return tuple(word for name, value in options.items() if value for word in (f"--{name}", value))


@bench.command("reply")
def bench_reply(as_json: AsJson = False, quick: Quick = False, senders: Senders = None) -> None:
    """From a text in to the reply out, beside Rasa's stock Twilio connector."""
    from cli.bench import run

    run("reply", as_json, quick, _given(senders=senders))


@bench.command("ingest")
def bench_ingest(as_json: AsJson = False, quick: Quick = False, senders: Senders = None) -> None:
    """Signed webhooks accepted per second, beside the stock connector and an empty route."""
    from cli.bench import run

    run("ingest", as_json, quick, _given(senders=senders))


@bench.command("cases")
def bench_cases(
    as_json: AsJson = False,
    quick: Quick = False,
    steps: Annotated[int, typer.Option(min=1, max=10_000_000, help="How long.")] = 20_000,
    seed: Annotated[int, typer.Option(min=0, help="Where chance begins.")] = 1,
) -> None:
    """Long random lives with cases, and how often anything happened that never must."""
    from cli.bench import run

    run("cases", as_json, quick, ("--steps", str(steps), "--seed", str(seed)))


@bench.command("reports")
def bench_reports(
    as_json: AsJson = False,
    quick: Quick = False,
    part: Annotated[
        Literal["tables", "national"] | None, typer.Option("--part", help="Only this part.")
    ] = None,
) -> None:
    """Tables 1 and 2 from individual records, and each report of a national programme."""
    from cli.bench import run

    run("reports", as_json, quick, _given(part=part))


@bench.command("console")
def bench_console(as_json: AsJson = False, quick: Quick = False) -> None:
    """Each page of the console and each route of the API: time, weight, and queries."""
    from cli.bench import run

    run("console", as_json, quick)


@bench.command("campaign")
def bench_campaign(
    as_json: AsJson = False,
    quick: Quick = False,
    part: Annotated[
        Literal["plan", "send", "reply"] | None, typer.Option("--part", help="Only this part.")
    ] = None,
    sizes: Annotated[
        str | None,
        typer.Option("--sizes", callback=_numbers, help="Numbers of mentees, such as 10000,20000."),
    ] = None,
    workers: Annotated[
        str | None,
        typer.Option("--workers", callback=_numbers, help="Numbers of workers, such as 1,2."),
    ] = None,
    profile: Annotated[
        bool, typer.Option("--profile", help="Also how busy each process kept the processors.")
    ] = False,
) -> None:
    """Questions for a national programme due at once: speed, cost, memory, replies meanwhile."""
    from cli.bench import run

    more = _given(part=part, sizes=sizes, workers=workers)
    run("campaign", as_json, quick, (*more, *(["--profile"] if profile else [])))
