"""Questions of a quiz on their way out: letters as buttons, as a list, and outside the window."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot import words
from bot.conversation import READ
from bot.outbox import Template
from bot.quizzes import bank
from bot.settings import Settings
from bot.text.gsm7 import to_gsm7
from channels import content, quiz, templates
from channels.render import LONGEST_WITH_BUTTONS, Outgoing, render
from channels.twilio import Twilio
from simulator import server
from simulator.model import Content, Message, new_sid
from store.messages import ContentTemplate
from tests.outgoing import NURSE, tell
from tests.town import Phone, Town

STEM = "BP 160/110 and headache at 34 weeks. What is given first?"
OPTIONS = ("Magnesium sulphate", "Diazepam", "Furosemide", "Paracetamol")
CONTENTS = {
    (menu.content_name(lines), menu.language): f"HX:{menu.content_name(lines)}_{menu.language}"
    for menu in templates.every_menu()
    for lines in menu.lines
} | {(t.name, t.language): f"HX:{t.name}_{t.language}" for t in templates.every_template()}


def question(options: int, before: str = "") -> str:
    lines = zip("ABCD", OPTIONS[:options], strict=False)
    return "\n".join([*filter(None, [before]), STEM, *(f"{a} {option}" for a, option in lines)])


def outgoing(body: str, menu: str | None = None, language: str = "en") -> Outgoing:
    return Outgoing(body, language, menu, None, None, {})


# Menus


@pytest.mark.parametrize(
    ("menu", "body", "language", "sid"),
    [
        ("letters2", question(2), "en", "HX:letters2_3_en"),
        ("letters2", question(2, "Once more:"), "fr", "HX:letters2_4_en"),
        ("letters3", question(3), "en", "HX:letters3_4_en"),
        ("letters3", question(3, "Once more:"), "en", "HX:letters3_5_en"),
        ("letters4", question(4), "en", "HX:letters4_5_en"),
        ("letters4", question(4), "fr", "HX:letters4_5_fr"),
        ("letters4", question(4), "rw", "HX:letters4_5_en"),
        ("letters4", question(4, "Once more:"), "en", "HX:letters4_6_en"),
        ("after_answer", "Right.\nSource: a\nMORE: b", "en", "HX:after_answer_3_en"),
        ("after_answer_no_card", "Juste.\nSource : a", "fr", "HX:after_answer_no_card_2_fr"),
        ("quiz_next", "3 answers, 2 right.", "en", "HX:quiz_next_1_en"),
        # No content for so few or so many lines.
        ("letters2", "Yes or no?", "en", None),
        ("letters3", question(2), "en", None),
        ("letters4", question(4, "Once more:\nThe last:"), "en", None),
        ("quiz_next", "1\n2\n3\n4\n5", "en", None),
        # The rows of the list would stand beside the wrong words, or not hold them.
        ("letters4", f"{question(4)}\nReply with a letter.", "en", None),
        ("letters4", question(4).replace("B Dia", "Dia"), "en", None),
        ("letters4", question(4) + "!" * 60, "en", None),
        # WhatsApp takes no longer body with buttons.
        ("letters3", "x" * LONGEST_WITH_BUTTONS + question(3), "en", None),
        ("plain:letters4", question(4), "en", None),
    ],
)
def test_what_a_menu_of_a_quiz_becomes(
    menu: str, body: str, language: str, sid: str | None
) -> None:
    message = outgoing(body, menu, language)
    payload = render(message, "whatsapp", "free", CONTENTS)
    assert payload.content_sid == sid
    # The body says all there is to say, with and without what can be pressed.
    assert payload.body == body
    if sid is not None:
        values = json.loads(payload.content_variables or "")
        assert list(values.values()) == body.splitlines()
    on_sms = render(message, "sms", "free", CONTENTS)
    assert (on_sms.content_sid, on_sms.body) == (None, to_gsm7(body, language))
    pictured = replace(message, media_url="https://x.org/p.jpg")
    assert render(pictured, "whatsapp", "free", CONTENTS).content_sid is None


def test_every_question_of_the_bank_can_be_pressed() -> None:
    for item in bank.load().items:
        for language in item.languages:
            menu = quiz.letters_menu(len(item.options[language]))
            message = outgoing(bank.rendered(item, language), menu, language)
            assert render(message, "whatsapp", "free", CONTENTS).content_sid, item.id


@given(st.lists(st.sampled_from(["A", "A a", "B b", "C c", "D d", "Bb", "Why?"]), max_size=3))
def test_a_row_of_a_list_never_stands_beside_another_options_words(lines: list[str]) -> None:
    for body in ([*lines, "B b", "C c", "D d"], ["A a", "B b", *lines], ["Why?", *lines, "D d"]):
        payload = render(outgoing("\n".join(body), "letters4"), "whatsapp", "free", CONTENTS)
        right = len(body) in (5, 6) and body[-4:] == ["A a", "B b", "C c", "D d"]
        assert (payload.content_sid is not None) == right


def test_presses_tell_letters_and_words() -> None:
    ids = {menu.name: menu.ids for menu in templates.every_menu()}
    letters = [ids[quiz.letters_menu(options)] for options in (2, 3, 4)]
    assert letters == [tuple("AB"), tuple("ABC"), tuple("ABCD")]
    assert ids["after_answer"] == ("MORE", "ASK")
    assert (ids["after_answer_no_card"], ids["quiz_next"]) == (("ASK",), ("QUIZ",))
    assert ids["consent"] == ("1", "2", "3")
    for menu in templates.every_menu():
        assert len(set(menu.options)) == len(set(menu.ids)) == len(menu.options)
        assert menu.in_body or menu.picker is None


# Templates


@pytest.mark.parametrize("language", ["en", "fr"])
@pytest.mark.parametrize("options", [2, 3, 4])
def test_a_question_outside_the_window_has_the_same_words(options: int, language: str) -> None:
    values = quiz.question_variables(STEM, OPTIONS[:options])
    name = quiz.question_template(options)
    message = replace(outgoing("", None, language), template=name, template_variables=values)
    payload = render(message, "whatsapp", "template", CONTENTS)
    assert payload.content_sid == f"HX:{name}_{language}"
    assert "\n".join(payload.body.splitlines()[1:-1]) == question(options)
    assert json.loads(payload.content_variables or "") == values
    template = templates.template(name, language)
    assert template.ids == template.options == tuple("ABCD"[:options])
    assert set(template.example) == set(values)


@given(st.text(min_size=1), st.lists(st.text(min_size=1), min_size=2, max_size=4))
def test_whatever_the_words_are(stem: str, options: list[str]) -> None:
    name, values = quiz.question_template(len(options)), quiz.question_variables(stem, options)
    filled = templates.template(name, "en").filled(values)
    lines = zip("ABCD", options, strict=False)
    assert "\n".join([stem, *(f"{letter} {option}" for letter, option in lines)]) in filled


@pytest.mark.parametrize("options", [0, 1, 5])
def test_no_other_number_of_options(options: int) -> None:
    for ask in (quiz.letters_menu, quiz.question_template):
        with pytest.raises(ValueError, match="2 to 4 options"):
            ask(options)
    with pytest.raises(ValueError, match="2 to 4 options"):
        quiz.question_variables(STEM, ["x"] * options)


@pytest.mark.parametrize("template", templates.every_template(), ids=lambda t: t.name + t.language)
def test_whatsapp_can_approve_it(template: templates.ApprovedTemplate) -> None:
    """Twilio, "Using variables with content templates", on what WhatsApp refuses."""
    parts = [part.split() for part in re.split(r"\{\{\d+\}\}", template.body)]
    spoken = [[word for word in part if re.search(r"\w", word)] for part in parts]
    assert spoken[0], "begins with a variable"
    assert spoken[-1], "ends with a variable"
    assert all(parts[1:-1]), "two variables side by side"
    variables = len(parts) - 1
    assert sum(map(len, spoken)) >= 2 * variables + 1, "too few words for its variables"
    numbers = sorted({int(number) for number in re.findall(r"\{\{(\d+)\}\}", template.body)})
    assert numbers == list(range(1, len(numbers) + 1))
    assert len(template.ids) in (0, len(template.options))


# At the provider


@pytest.fixture
def provider() -> Iterator[tuple[Twilio, server.Handle]]:
    network = server.start("http://127.0.0.1:9", seed=1)
    settings = Settings(
        _env_file=None,
        twilio_account_sid=network.account.sid,
        twilio_auth_token=network.account.auth_token,
        twilio_api_base=network.url,
    )
    yield Twilio(settings), network
    network.close()


def made(network: server.Handle) -> dict[str, Any]:
    return {found.friendly_name: found for found in network.state.contents.values()}


def test_the_provider_takes_them_all_once(provider: tuple[Twilio, server.Handle]) -> None:
    twilio, network = provider
    for _ in range(5):  # others' contents: ours then do not fit one page of the listing
        types = {"twilio/text": {"body": "x"}}
        other = Content(new_sid("HX"), "other", "en", {}, types, network.state.now())
        network.state.contents[other.sid] = other
    assert content.push(twilio) == len(CONTENTS)
    assert content.push(twilio) == 0
    assert len(network.state.contents) == len(CONTENTS) + 5 > 100
    assert set(content.approvals(twilio).values()) == {content.APPROVED}
    approvals = {name: found.approval for name, found in made(network).items()}
    # Menus are for the window only, and nobody asked; lists could not be approved anyway.
    menus = {
        templates.friendly_name(menu.content_name(lines), menu.language)
        for menu in templates.every_menu()
        for lines in menu.lines
    }
    assert "mentorline_letters4_6_fr" in menus
    unsubmitted = {name for name, word in approvals.items() if word == "unsubmitted"}
    assert unsubmitted - {"other"} == menus
    assert {name for name, word in approvals.items() if word == "rejected"} == set()


def test_what_the_provider_is_given(provider: tuple[Twilio, server.Handle]) -> None:
    twilio, network = provider
    content.push(twilio)
    types = {name: found.types for name, found in made(network).items()}
    three = types["mentorline_letters3_4_en"]["twilio/quick-reply"]
    assert three["body"] == "{{1}}\n{{2}}\n{{3}}\n{{4}}"
    assert [(a["title"], a["id"]) for a in three["actions"]] == [(c, c) for c in "ABC"]
    listed = types["mentorline_letters4_6_fr"]["twilio/list-picker"]
    assert listed["button"] == "Répondre"
    assert [tuple(row.values()) for row in listed["items"]] == [
        ("A", "A", "{{3}}"),
        ("B", "B", "{{4}}"),
        ("C", "C", "{{5}}"),
        ("D", "D", "{{6}}"),
    ]
    four = types["mentorline_quiz_4_fr"]["twilio/quick-reply"]
    assert [(a["title"], a["id"]) for a in four["actions"]] == [(c, c) for c in "ABCD"]
    more = types["mentorline_after_answer_3_fr"]["twilio/quick-reply"]["actions"]
    assert [(a["title"], a["id"]) for a in more] == [("Plus", "MORE"), ("Un mentor", "ASK")]
    read = types["mentorline_case_waiting_en"]["twilio/quick-reply"]["actions"]
    assert [(a["title"], a["id"]) for a in read] == [("Read", READ)]
    assert types["mentorline_tip_en"].keys() == {"twilio/text"}


# On phones


def nurse(town: Town, *, window: bool = True, **values: Any) -> Phone:
    """A mentee's WhatsApp; ``window``: wrote to us lately."""
    phone = town.mentee(NURSE, "whatsapp", **values)
    if window:
        phone.says("MENU")
    return phone


def newest(town: Town, phone: Phone) -> Message:
    town.rest()
    return next(m for m in reversed(town.simulator.state.threads[phone.address]) if not m.inbound)


def pressed(town: Town, phone: Phone, press: dict[str, Any]) -> dict[str, str]:
    """The form that the product was given for a press."""
    town.send(phone.address, press)
    form: Any = town.inbound()[-1].form
    return dict(map(tuple, form))


def test_four_options_are_a_list_on_whatsapp(town: Town) -> None:
    phone = nurse(town)
    tell(town, NURSE, question(4), menu="letters4")
    shown = newest(town, phone)
    assert (shown.body, shown.buttons) == (question(4), [])
    assert shown.picker is not None
    assert shown.picker["button"] == "Answer"
    rows = [(row["item"], row["description"]) for row in shown.picker["items"]]
    assert rows == [(line[0], line) for line in question(4).splitlines()[1:]]
    form = pressed(town, phone, {"list": {"sid": shown.sid, "id": "C"}})
    assert (form["ListId"], form["ListTitle"], form["Body"]) == ("C", "C", "C")
    assert form["OriginalRepliedMessageSid"] == shown.sid


@pytest.mark.parametrize("options", [2, 3])
def test_fewer_options_are_buttons(town: Town, options: int) -> None:
    phone = nurse(town, language="fr")
    tell(town, NURSE, question(options), menu=f"letters{options}")
    shown = newest(town, phone)
    assert (shown.body, shown.picker) == (question(options), None)
    assert [button["title"] for button in shown.buttons] == list("ABCD"[:options])
    form = pressed(town, phone, {"button": {"sid": shown.sid, "id": "B"}})
    assert (form["ButtonPayload"], form["ButtonText"]) == ("B", "B")


def test_on_sms_the_question_is_all_there_is(town: Town) -> None:
    phone = town.mentee(NURSE, "sms")
    tell(town, NURSE, question(4), menu="letters4")
    shown = newest(town, phone)
    assert (shown.body, shown.buttons, shown.picker) == (question(4), [], None)


@pytest.mark.parametrize("menu", ["letters3", "letters4"])
def test_where_the_provider_has_lost_it_the_words_go_alone(town: Town, menu: str) -> None:
    phone = nurse(town)
    town.simulator.state.contents.clear()
    body = question(int(menu[-1]))
    tell(town, NURSE, body, menu=menu)
    shown = newest(town, phone)
    assert (shown.body, shown.buttons, shown.picker) == (body, [], None)
    assert shown.status in ("sent", "delivered", "read")


@pytest.mark.parametrize(("options", "language"), [(2, "en"), (3, "fr"), (4, "en"), (4, "fr")])
def test_outside_the_window_a_question_comes_with_all_its_letters(
    town: Town, options: int, language: str
) -> None:
    phone = nurse(town, window=False, language=language)
    values = quiz.question_variables(STEM, OPTIONS[:options])
    template = Template(quiz.question_template(options), values, is_enough=True)
    menu = quiz.letters_menu(options)
    tell(town, NURSE, question(options), kind="campaign", menu=menu, template=template)
    shown = newest(town, phone)
    assert shown.status in ("sent", "delivered", "read")
    assert question(options) in shown.body
    assert [button["id"] for button in shown.buttons] == list("ABCD"[:options])
    last = "ABCD"[options - 1]
    form = pressed(town, phone, {"button": {"sid": shown.sid, "id": last}})
    assert form["ButtonPayload"] == last


@pytest.mark.parametrize(
    ("name", "words", "last"),
    [
        ("tip", "Wash your hands first.", "Reply STOP to end all messages."),
        ("quiz_week", "You answered 3 questions.", "Text PROGRESS for all of your figures."),
    ],
)
def test_outside_the_window_tips_and_weeks_arrive(
    town: Town, name: str, words: str, last: str
) -> None:
    phone = nurse(town, window=False)
    template = Template(name, {"1": words}, is_enough=True)
    tell(town, NURSE, words, kind="tip", template=template)
    shown = newest(town, phone)
    assert shown.status in ("sent", "delivered", "read")
    assert shown.body.splitlines()[1:] == [words, last]
    assert shown.buttons == []


def test_the_house_knows_all_contents(town: Town) -> None:
    assert town.count(ContentTemplate) == len(CONTENTS)


def test_no_button_says_a_word_of_consent() -> None:
    """The provider reads a button's title as if it were texted: "Cancel" would be STOP."""
    menus = [(menu.name, line) for menu in templates.every_menu() for line in menu.options]
    under = [(one.name, line) for one in templates.every_template() for line in one.options]
    assert [each for each in menus + under if words.consent_word(each[1])] == []
