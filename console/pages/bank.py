"""The bank: questions with their figures, one question, another version of it, withdrawal."""

from __future__ import annotations

from flask import abort, flash, redirect, request, url_for
from flask_babel import gettext as _
from werkzeug.wrappers import Response

from bot.importing import LANGUAGES
from bot.quizzes import catalogue, examples, itemstats, revising, stock
from bot.quizzes.bank import LETTERS, Item
from bot.quizzes.revising import Overtaken, Unsound
from bot.quizzes.stock import BankError, Entry
from console import asked
from console.blueprint import blueprint
from console.office import caller, desk, note, office
from console.sentences import told
from console.showing import page

PAGE = 50
STATES: tuple[stock.State, ...] = ("live", "withdrawn")
SORTS = ("bank", "hardest")
LONGEST_TEXT = 500
Answer = str | Response | tuple[str, int]


@blueprint.get("/bank", endpoint="bank")
def list_() -> str:
    """The questions, in the bank's order or the hardest first."""
    state = next((one for one in STATES if one == asked.word("state")), None)
    topics, competencies = catalogue.topics(desk()), catalogue.competencies(desk())
    topic = asked.word("topic", tuple(topics))
    competency = asked.word("competency", tuple(competencies), longest=200)
    cadre, language = asked.word("cadre"), asked.word("language", LANGUAGES)
    sort, number = asked.word("sort", SORTS), asked.number()
    every = stock.entries(desk(), topic=topic or None, competency=competency or None, state=state)
    found = [entry for entry in every if _fits(entry.item, cadre, language)]
    if sort == "hardest":
        found.sort(key=_hardness)
    return page(
        "bank.html",
        lines=found[(number - 1) * PAGE : number * PAGE],
        total=len(found),
        number=number,
        size=PAGE,
        topics=topics,
        competencies=competencies,
        cadres=sorted({one for entry in every for one in entry.item.cadres}),
        languages_of_items=LANGUAGES,
        states=STATES,
        wanted={
            "topic": topic,
            "competency": competency,
            "cadre": cadre,
            "language": language,
            "state": state or "",
            "sort": sort,
        },
        least=itemstats.LEAST_ANSWERS,
    )


def _fits(item: Item, cadre: str, language: str) -> bool:
    open_to = not cadre or not item.cadres or cadre in item.cadres
    return open_to and (not language or language in item.languages)


def _hardness(entry: Entry) -> tuple[bool, float, str]:
    """Those with too few answers to say come last."""
    known = entry.first >= itemstats.LEAST_ANSWERS
    return not known, entry.accuracy or 0.0, entry.item.id


def _entry(item_id: str) -> Entry:
    try:
        return stock.entry(desk(), item_id)
    except BankError:
        abort(404)


@blueprint.get("/bank/<item_id>")
def item(item_id: str) -> str:
    """One question: on each phone and in each language, its versions and its figures."""
    return _shown(_entry(item_id))


def _shown(entry: Entry, sentence: str = "") -> str:
    looks = {
        language: [
            example
            for example in examples.of_quiz(
                entry.item, language, ("sms", "whatsapp", "template"), reminder=False
            )
            if example.what != "first question"
        ]
        for language in entry.item.languages
    }
    return page(
        "item.html",
        entry=entry,
        item=entry.item,
        looks=looks,
        versions=revising.versions(desk(), entry.item.id),
        discrimination=itemstats.discrimination(desk(), entry.item.id),
        competencies=catalogue.competencies(desk()),
        topics=catalogue.topics(desk()),
        letters=LETTERS,
        least=itemstats.LEAST_ANSWERS,
        may_edit=caller().scope.sees_all,
        longest_reason=stock.LONGEST_REASON,
        sentence=sentence,
    )


@blueprint.route("/bank/<item_id>/edit", methods=["GET", "POST"])
def item_edit(item_id: str) -> Answer:
    """Other words for a question, as a new version. The bank is the whole programme's."""
    entry = _entry(item_id)
    if not caller().scope.sees_all:
        abort(403)
    if request.method == "GET":
        return _form(entry, entry.item, entry.item.version)
    made, before = _typed(entry.item), _version()
    try:
        now = revising.revise(desk(), made, before)
    except Unsound as error:
        return _form(entry, made, before, [told(one) for one in error.problems]), 422
    except Overtaken:
        sentence = _("Somebody changed this question meanwhile. Look at it, and begin anew.")
        return _form(entry, made, before, [sentence]), 422
    if now.version == entry.item.version:
        flash(_("Nothing was changed."))
    else:
        note("item_revised", item=item_id, version=now.version)
        flash(_("Version %(number)s is asked from now on.", number=now.version))
    return redirect(url_for("console.item", item_id=item_id))


def _version() -> int:
    given = asked.typed("version", 9)
    return int(given) if given.isascii() and given.isdecimal() else 0


def _typed(old: Item) -> Item:
    """The question as it stands in the form; what the form does not have stays."""
    options = {
        one: [asked.typed(f"option_{one}_{letter}", LONGEST_TEXT) for letter in LETTERS]
        for one in LANGUAGES
    }
    letter = asked.typed("answer", 1)
    return revising.written(
        old,
        stem={one: asked.typed(f"stem_{one}", LONGEST_TEXT) for one in LANGUAGES},
        options={one: _without_end(texts) for one, texts in options.items()},
        why={one: asked.typed(f"why_{one}", LONGEST_TEXT) for one in LANGUAGES},
        answer=LETTERS.index(letter) if letter and letter in LETTERS else old.answer,
        competency=asked.typed("competency", 200) or old.competency,
        source=asked.typed("source", LONGEST_TEXT),
        cadres=frozenset(
            word.strip().lower() for word in asked.typed("cadres", 400).split(",") if word.strip()
        ),
        critical=asked.typed("critical") == "1",
        review="" if asked.typed("reviewed") == "1" else old.review,
    )


def _without_end(options: list[str]) -> tuple[str, ...]:
    """Options that are empty at the end are none."""
    while options and not options[-1]:
        options.pop()
    return tuple(options)


def _form(entry: Entry, shown: Item, before: int, problems: list[str] | None = None) -> str:
    competencies = catalogue.competencies(desk()).values()
    return page(
        "item_edit.html",
        entry=entry,
        item=shown,
        before=before,
        problems=problems or [],
        letters=LETTERS,
        languages_of_items=LANGUAGES,
        competencies=[one for one in competencies if one.topic == entry.item.topic],
        longest=LONGEST_TEXT,
    )


@blueprint.post("/bank/<item_id>/do")
def item_do(item_id: str) -> Answer:
    """Withdraw a question with the reason, or bring it back."""
    entry = _entry(item_id)
    if not caller().scope.sees_all:
        abort(403)
    try:
        match request.form.get("do"):
            case "withdraw":
                why = asked.typed("reason", stock.LONGEST_REASON + 1)
                done = stock.withdraw(desk(), item_id, why, office().now())
                note("item_withdrawn", item=item_id)
                flash(_("It is asked no more. Open questions that still count: %(count)s",
                        count=done.asked))  # fmt: skip
                for name in done.emptied:
                    flash(_("%(name)s has no question left: change its plan.", name=name))
            case "restore":
                stock.restore(desk(), item_id)
                note("item_restored", item=item_id)
                flash(_("It is asked again."))
            case _:
                return _shown(entry, _("Please choose what to do.")), 422
    except BankError as error:
        return _shown(entry, told(str(error))), 422
    return redirect(url_for("console.item", item_id=item_id))
