"""The messages of a campaign exactly as they will look, per language and way."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache, lru_cache
from typing import Final

from bot.quizzes import summaries
from bot.quizzes.bank import Item
from bot.quizzes.feedback import feedback
from bot.quizzes.forecast import Way
from bot.quizzes.messages import Message, question, summary, tip
from bot.text.segments import Encoding, count
from channels import templates
from channels.render import Outgoing, render

# Feedback varies in its wording by person and question; one of them is shown.
_KEY: Final = "example"
_ORDER: Final[tuple[Way, ...]] = ("sms", "whatsapp", "template")


@dataclass(frozen=True, slots=True)
class Example:
    """One message on one way.

    ``buttons``: what can be pressed under it; behind one button called ``list`` where that is set.
    ``segments`` and ``encoding`` are those of SMS, and ``None`` on WhatsApp.
    """

    what: str
    language: str
    way: Way
    text: str
    buttons: tuple[str, ...] = ()
    list: str | None = None
    segments: int | None = None
    encoding: Encoding | None = None


@dataclass(frozen=True, slots=True)
class Sizes:
    """SMS segments of one item's messages in one language."""

    question: int
    reminder: int
    right: int
    wrong: int


def of_quiz(item: Item, language: str, ways: Iterable[Way], *, reminder: bool) -> list[Example]:
    """A question, its reminder and the feedback after each kind of answer.

    Args:
        language: the mentee's; what is not written in it is in English.
        ways: how mentees of this language can be reached.
        reminder: whether there is one.
    """
    found = []
    wanted = set(ways)
    for way in _ORDER:
        if way not in wanted:
            continue
        found.append(
            _shown("first question", question(item, language, is_first=True), way, language)
        )
        found.append(_shown("question", question(item, language), way, language))
        if reminder:
            found.append(_shown("reminder", question(item, language, again=True), way, language))
    # Whoever answers on WhatsApp has opened the window by it.
    for way in ("sms", "whatsapp"):
        if way in wanted or (way == "whatsapp" and "template" in wanted):
            for right in (True, False):
                what = f"after a {'right' if right else 'wrong'} answer"
                found.append(example(what, _after(item, right, language), way, "free"))
    return found


def of_tips(texts: Mapping[str, str], language: str, ways: Iterable[Way]) -> list[Example]:
    """A tip on each way."""
    wanted = set(ways)
    message = tip(texts, language)
    return [_shown("tip", message, way, language) for way in _ORDER if way in wanted]


def of_summary(
    titles: Sequence[Mapping[str, str]], language: str, ways: Iterable[Way]
) -> list[Example]:
    """A weekly summary on each way, of a week with three answers, one of them wrong.

    Args:
        titles: of the competencies of two items, per language.
    """
    week = summaries.Week(
        answered=3, right=2, learnt=titles[:1], average=0.64, weakest=titles[-1], number=0
    )
    message = summary(summaries.text(week, language))
    wanted = set(ways)
    return [_shown("weekly summary", message, way, language) for way in _ORDER if way in wanted]


@cache
def _contents() -> Mapping[tuple[str, str], str]:
    """Everything that a provider can have; whether it has is another question."""
    menus = {
        (menu.content_name(lines), menu.language): "menu"
        for menu in templates.every_menu()
        for lines in menu.lines
    }
    return menus | {(one.name, one.language): "template" for one in templates.every_template()}


def _shown(what: str, message: Message, way: Way, language: str) -> Example:
    outgoing = Outgoing(
        message.body,
        language,
        message.menu,
        None,
        message.template.name,
        message.template.variables,
    )
    channel = "sms" if way == "sms" else "whatsapp"
    return example(what, outgoing, channel, "template" if way == "template" else "free")


def example(what: str, message: Outgoing, channel: str, form: str) -> Example:
    """One message as it leaves; see ``channels.render``."""
    payload = render(message, channel, form, _contents())
    if channel == "sms":
        size = count(payload.body)
        return Example(
            what,
            message.language,
            "sms",
            payload.body,
            segments=size.segments,
            encoding=size.encoding,
        )
    if form == "template":
        assert message.template is not None
        buttons = templates.template(message.template, message.language).options
        return Example(what, message.language, "template", payload.body, buttons)
    if payload.content_sid is None or message.menu is None:
        return Example(what, message.language, "whatsapp", payload.body)
    menu = templates.menu(message.menu, message.language)
    return Example(what, message.language, "whatsapp", payload.body, menu.options, menu.picker)


def _after(item: Item, right: bool, language: str) -> Outgoing:
    menu = "after_answer" if item.card else "after_answer_no_card"
    said = feedback(item, right, item.language(language), _KEY)
    return Outgoing(said, language, menu, None, None, {})


def sizes(item: Item, language: str) -> Sizes:
    """What an item's messages cost on SMS."""
    return Sizes(
        question=_segments(question(item, language).body, language),
        reminder=_segments(question(item, language, again=True).body, language),
        right=_segments(_after(item, True, language).body, language),
        wrong=_segments(_after(item, False, language).body, language),
    )


def tip_sizes(tips: Sequence[Mapping[str, str]], language: str) -> list[int]:
    """SMS segments of each tip."""
    return [_segments(tip(one, language).body, language) for one in tips]


# The texts of a bank are counted for each cadre, and again at each preview.
@lru_cache(maxsize=8192)
def _segments(body: str, language: str) -> int:
    return render(Outgoing(body, language, None, None, None, {}), "sms", "free", {}).segments
