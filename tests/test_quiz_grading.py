"""What people type at a quiz question, and how it is read."""

from __future__ import annotations

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from bot.quizzes.bank import LETTERS, Item, load
from bot.quizzes.grading import Graded, grade
from bot.quizzes.matching import matches


def item(en: list[str], fr: list[str] | None = None, answer: str = "B") -> Item:
    options = {"en": tuple(en)} | ({"fr": tuple(fr)} if fr else {})
    per_language = dict.fromkeys(options, "?")
    return Item(
        id="x",
        topic="t",
        version=1,
        competency="c",
        stem=per_language,
        options=options,
        answer=LETTERS.index(answer),
        why=per_language,
        source="s",
    )


DRUG = item(
    ["Misoprostol 400 mcg", "Oxytocin 10 IU IM", "Calcium gluconate", "Massage the uterus only"],
    ["Misoprostol 400 mcg", "Ocytocine 10 UI IM", "Gluconate de calcium", "Masser l'utérus seul"],
)
THREE = item(["Severe anaemia", "Anaemia", "No anaemia"], ["Anémie grave", "Anémie", "Non"])
YES = item(["Yes", "No"], ["Oui", "Non"])
REASONS = item(
    ["No, over 3 h", "No, only once", "Yes, 2 g", "Yes, 1 g"],
    ["Non, plus de 3 h", "Non, une seule fois", "Oui, 2 g", "Oui, 1 g"],
    "D",
)
ONE_YES = item(["Yes, today", "No, twice a day", "No, once a day"], answer="C")
MINUTES = item(["1 minute", "3 minutes", "5 minutes", "10 minutes"], answer="A")
RATES = item(["30", "40", "50", "60"], answer="C")
DENIED = item(["Give water", "Do not give water", "Oral sugar only"])
PRESSURE = item(["Hypotension", "Hypertension", "Fever"])
LIMITS = item(["< 60", "> 60", "60 or so"])
GROUP = item(["The midwife", "The woman herself", "All of them", "Both parents"])
ORDER = item(["1 h, then 5 h", "5 h, then 1 h", "9:02", "1,000 mL"])

ANSWERS: list[tuple[Item, str, str]] = [
    *((DRUG, said, "B") for said in ["b", "B", "B.", "(b)", "b)", "B)", "[B]", " B ", "B!", "B?"]),
    *((DRUG, said, "B") for said in ["2", "2.", "(2)", "2)", "2️⃣", "two", "deux", "kabiri"]),
    *((DRUG, said, "B") for said in ["mbili", "*B*", "'b'", "B B", "bb", "BBB", "Ⓑ", "🅱️", "Ｂ"]),
    *((DRUG, said, "A") for said in ["a", "A", "A.", "(a)", "a)", "1", "1.", "one", "à", "A...."]),
    (DRUG, "option c", "C"),
    (DRUG, "Option C.", "C"),
    (DRUG, "optionC", "C"),
    (DRUG, "choice d", "D"),
    (DRUG, "letter a", "A"),
    (DRUG, "no. 3", "C"),
    (DRUG, "n° 3", "C"),
    (DRUG, "number two", "B"),
    (DRUG, "answer is B", "B"),
    (DRUG, "The answer is: b", "B"),
    (DRUG, "ans b", "B"),
    (DRUG, "ansB", "B"),
    (DRUG, "anser is a", "A"),
    (DRUG, "I think it's B", "B"),
    (DRUG, "i think its a", "A"),
    (DRUG, "I'd say d please", "D"),
    (DRUG, "maybe C", "C"),
    (DRUG, "B sir", "B"),
    (DRUG, "Good morning, B", "B"),
    (DRUG, "ok b thanks", "B"),
    (DRUG, "sorry C i meant", "C"),
    (DRUG, "is it B?", "B"),
    (DRUG, "B is correct", "B"),
    (DRUG, "Q3 B", "B"),
    (DRUG, "q3: c", "C"),
    (DRUG, "question 3 b", "B"),
    (DRUG, "the second one", "B"),
    (DRUG, "first", "A"),
    (DRUG, "the last one", "D"),
    (DRUG, "la deuxième", "B"),
    (DRUG, "reponse c", "C"),
    (DRUG, "Réponse C", "C"),
    (DRUG, "la réponse est B", "B"),
    (DRUG, "c'est B", "B"),
    (DRUG, "c la b", "B"),
    (DRUG, "je choisis d", "D"),
    (DRUG, "moi je dis b svp", "B"),
    (DRUG, "ni B", "B"),
    (DRUG, "igisubizo ni A", "A"),
    (DRUG, "jibu ni c", "C"),
    (DRUG, "nachagua B", "B"),
    (DRUG, "yego ni B", "B"),
    # The option's own words.
    (DRUG, "oxytocin", "B"),
    (DRUG, "Oxytocin 10 IU IM", "B"),
    (DRUG, "oxytocin 10iu im", "B"),
    (DRUG, "oxitocin", "B"),
    (DRUG, "oxytocine", "B"),
    (DRUG, "ocytocine", "B"),
    (DRUG, "oxytcin", "B"),
    (DRUG, "oxy", "B"),
    (DRUG, "give oxytocin 10 units", "B"),
    (DRUG, "I think oxytocin", "B"),
    (DRUG, "oxytocin?", "B"),
    (DRUG, "10 iu", "B"),
    (DRUG, "10", "B"),
    (DRUG, "400", "A"),
    (DRUG, "miso 400", "A"),
    (DRUG, "missoprostol", "A"),
    (DRUG, "calcium", "C"),
    (DRUG, "gluconate de calcium", "C"),
    (DRUG, "massage", "D"),
    (DRUG, "masage uterus", "D"),
    (DRUG, "masser l'uterus", "D"),
    (DRUG, "B oxytocin", "B"),
    (DRUG, "b) oxytocin 10 IU", "B"),
    (DRUG, "B-oxytocin", "B"),
    (DRUG, "2. oxytocin", "B"),
    (THREE, "anaemia", "B"),
    (THREE, "anemia", "B"),
    (THREE, "severe", "A"),
    (THREE, "no anaemia", "C"),
    (RATES, "40", "B"),
    (RATES, "4", "D"),
    (RATES, "60", "D"),
    (RATES, "3", "C"),
    (MINUTES, "1", "A"),
    (MINUTES, "2", "B"),
    (MINUTES, "5", "C"),
    (MINUTES, "10", "D"),
    (MINUTES, "3 min", "B"),
    (MINUTES, "3 minutes", "B"),
    (MINUTES, "3mins", "B"),
    (MINUTES, "option 3", "C"),
    (MINUTES, "3)", "C"),
    (PRESSURE, "hypotention", "A"),
    (PRESSURE, "hypertention", "B"),
    (PRESSURE, "hypotensoin", "A"),
    (LIMITS, "<60", "A"),
    (LIMITS, "more than 60", "B"),
    (DENIED, "give water", "A"),
    (DENIED, "dont give water", "B"),
    (DENIED, "do not give water", "B"),
    (DENIED, "don't give water", "B"),
    (DENIED, "sugar", "C"),
    (GROUP, "a woman", "B"),
    (GROUP, "both", "D"),
    (GROUP, "all of them", "C"),
    (ORDER, "1h then 5h", "A"),
    (ORDER, "5 hours then 1 hour", "B"),
    (ORDER, "9.02", "C"),
    (ORDER, "1000 ml", "D"),
    # Yes and no, where the options are yes and no.
    *((YES, said, "A") for said in ["yes", "Y", "oui", "yego", "ndiyo", "YES!", "👍", "yesss"]),
    *((YES, said, "B") for said in ["no", "N", "non", "oya", "hapana", "Nope", "👎", "no thanks"]),
    (YES, "a", "A"),
    (YES, "2", "B"),
    (YES, "yes A", "A"),
    (ONE_YES, "yes", "A"),
    (ONE_YES, "yego", "A"),
    (ONE_YES, "no twice", "B"),
    (REASONS, "yes 1 g", "D"),
    (REASONS, "oui 1g", "D"),
    (REASONS, "no once", "B"),
]
SEVERAL = [
    *((DRUG, said) for said in ["a or b", "A et B", "a ou b?", "A/B", "A, B", "AB", "abc", "A&B"]),
    *(
        (DRUG, said)
        for said in ["1 or 2", "1,2", "A and B both", "B na C", "a au b", "B cyangwa C"]
    ),
    (DRUG, "is it B or C?"),
    (DRUG, "the answer is A or maybe C"),
    (DRUG, "both"),
    (DRUG, "tous"),
    (DRUG, "B sorry C"),
    (DRUG, "A oxytocin"),
    (DRUG, "B misoprostol"),
    (DRUG, "oxytocin or misoprostol"),
    (DRUG, "1 B"),
    (YES, "yes B"),
    (YES, "yes or no"),
    (ONE_YES, "no"),
    (REASONS, "yes"),
    (MINUTES, "3"),
    (THREE, "A B C"),
]
UNCLEAR = [
    *((DRUG, said) for said in ["", " ", "?", "??", "...", "\x00", "\ud800", "e", "5", "0", "12"]),
    *(
        (DRUG, said)
        for said in ["E", "z", "yes", "no", "ok", "d'accord", "thanks", "hello", "what?"]
    ),
    *((DRUG, said) for said in ["not B", "pas b", "A is wrong", "not oxytocin", "ampicillin"]),
    *((DRUG, said) for said in ["i don't know", "je ne sais pas", "sijui", "later", "a woman"]),
    *((DRUG, said) for said in ["she is bleeding", "I am a nurse", "a lot", "2.5"]),
    *((THREE, said) for said in ["d", "D", "4", "four", "option d"]),
    (DRUG, "A, not B"),
    (YES, "c"),
    (PRESSURE, "tension"),
    (DENIED, "not water and not sugar"),
    (RATES, "45"),
    (MINUTES, "2 hours"),
]
QUESTIONS = [
    "what is oxytocin?",
    "wat is oxytocin",
    "why not B?",
    "what about misoprostol",
    "how do I give misoprostol",
    "dose of mgso4 in eclampsia",
    "a woman bleeds what do I do",
    "A woman is bleeding, what should I do?",
    "can I give both?",
    "is oxytocin safe with high bp",
    "c quoi l'ocytocine",
    "c koi une hpp",
    "C'est quoi l'ocytocine ?",
    "à quel moment donner l'ocytocine",
    "A quel moment ?",
    "quelle est la dose",
    "comment masser",
    "posologie du misoprostol",
    "oxytocin nini",
    "ni gute batanga oxytocin",
    "je oxytocin ni salama?",
    "hello, how are you",
    "C-section is better?",
    "explain the second option",
    "and massage?",
    "et le massage ?",
    "do i massage?",
    "et le premier c'est quand ?",
    "massage but no drug how long",
    "a baby of 2 days has fever what now",
]
BEHIND = [
    (DRUG, "B but what if she is allergic?", "B", "what if she is allergic?"),
    (DRUG, "B, what if she is allergic?", "B", "what if she is allergic?"),
    (DRUG, "b what if she is allergic", "B", "what if she is allergic"),
    (DRUG, "B. Why not misoprostol?", "B", "Why not misoprostol?"),
    (DRUG, "B? how much", "B", "how much"),
    (DRUG, "B and what about TXA?", "B", "what about TXA?"),
    (DRUG, "A but why", "A", ""),
    (DRUG, "A\nHow is it stored?", "A", "How is it stored?"),
    (DRUG, "answer is B but can i give it IV", "B", "can i give it IV"),
    (DRUG, "reponse B mais comment la donner", "B", "comment la donner"),
    (DRUG, "oxytocin but what if there is no fridge?", "B", "what if there is no fridge?"),
    (DRUG, "B because the uterus is soft", "B", ""),
    (DRUG, "B kuko nyababyeyi yoroshye", "B", ""),
    (DRUG, "B. I was at work", "B", ""),
    (DRUG, "B MORE", "B", "MORE"),
    (DRUG, "B. ask", "B", "ask"),
    (DRUG, "C. ½ tablet or 10⁹ what is it?", "C", "½ tablet or 10⁹ what is it?"),
    (YES, "yes but how much?", "A", "how much?"),
    (YES, "non, mais pourquoi pas demain ?", "B", "pourquoi pas demain ?"),
]


@pytest.mark.parametrize(("asked", "said", "letter"), ANSWERS)
def test_answers(asked: Item, said: str, letter: str) -> None:
    option = LETTERS.index(letter)
    assert grade(said, asked, "en") == Graded("answer", option, option == asked.answer)


@pytest.mark.parametrize(("asked", "said"), SEVERAL)
def test_two_answers_are_asked_again(asked: Item, said: str) -> None:
    assert grade(said, asked, "en") == Graded("several")


@pytest.mark.parametrize(("asked", "said"), UNCLEAR)
def test_what_cannot_be_read(asked: Item, said: str) -> None:
    assert grade(said, asked, "en") == Graded("unclear")


@pytest.mark.parametrize("said", QUESTIONS)
def test_a_question_instead_of_an_answer(said: str) -> None:
    assert grade(said, DRUG, "en") == Graded("question", rest=said)


@pytest.mark.parametrize(("asked", "said", "letter", "rest"), BEHIND)
def test_an_answer_with_something_behind_it(asked: Item, said: str, letter: str, rest: str) -> None:
    option = LETTERS.index(letter)
    assert grade(said, asked, "en") == Graded("answer", option, option == asked.answer, rest)


def test_the_table_is_long_enough() -> None:
    assert len(ANSWERS) + len(SEVERAL) + len(UNCLEAR) + len(QUESTIONS) + len(BEHIND) >= 200


SHIPPED = load().items


@pytest.mark.parametrize("asked", SHIPPED, ids=lambda asked: asked.id)
def test_letters_and_full_options_of_the_bank(asked: Item) -> None:
    for language in asked.languages:
        for place, option in enumerate(asked.options[language]):
            letter = LETTERS[place]
            for said in (letter, letter.lower(), f"({letter})", f"option {letter}"):
                assert grade(said, asked, language).option == place
            for said in (
                option,
                f"{letter} {option}",
                f"{letter}) {option}",
                f"{letter}. {option}",
            ):
                assert grade(said, asked, language).option == place, said


WORDS = st.sampled_from(
    ["a", "A", "b", "C", "or", "ou", "the", "oxytocin", "what", "but", "?", ",", "1", "2", "9",
     "yes", "no", "option", "not", "'", "d", "c", "la", "mais", "because", "more", "if", "-", "."]
)  # fmt: skip


@given(
    st.one_of(st.text(st.characters(exclude_categories=())), st.lists(WORDS).map(" ".join)),
    st.sampled_from([DRUG, YES, REASONS, MINUTES, LIMITS, DENIED]),
    st.sampled_from(["en", "fr", "rw", "xx", ""]),
)
@example("½", DRUG, "en")
@example("'" * 50, DRUG, "en")
@example("a" * 5000, DRUG, "en")
def test_never_raises_and_is_whole(said: str, asked: Item, language: str) -> None:
    graded = grade(said, asked, language)
    if graded.kind == "answer":
        assert graded.option is not None
        assert 0 <= graded.option < len(asked.options["en"])
        assert graded.right is (graded.option == asked.answer)
    else:
        assert graded.option is None
        assert graded.right is None
    if graded.kind in ("unclear", "several"):
        assert graded.rest == ""


@given(
    st.integers(0, 3),
    st.sampled_from(["{}", "{}.", "({})", "{})", "option {}", "answer is {}", "  {}\n", "ni {}"]),
    st.booleans(),
    st.booleans(),
)
def test_any_letter_in_any_dress(place: int, dress: str, upper: bool, digit: bool) -> None:
    sign = str(place + 1) if digit else LETTERS[place] if upper else LETTERS[place].lower()
    assert grade(dress.format(sign), DRUG, "fr").option == place


@given(st.permutations(range(4)), st.integers(0, 3))
def test_own_words_follow_the_option_not_its_place(order: list[int], wanted: int) -> None:
    options = [DRUG.options["en"][place] for place in order]
    short = ["misoprostol", "oxytocin", "calcium", "massage"][order[wanted]]
    assert matches(short, options) == {wanted}


@given(
    st.sampled_from("abcd"), st.sampled_from("abcd"), st.sampled_from([" or ", " ou ", "/", ","])
)
def test_two_different_letters_are_never_an_answer(one: str, two: str, joint: str) -> None:
    graded = grade(one + joint + two, DRUG, "en")
    assert graded.kind == ("answer" if one == two else "several")


@pytest.mark.parametrize("said", ["not sure", "Pas sûr", "let me think", "I don't know", "sijui"])
def test_a_doubt_is_no_answer_to_any_item(said: str) -> None:
    for item in load().items:
        for language in item.languages:
            assert grade(said, item, language).kind in ("unclear", "question"), item.id
