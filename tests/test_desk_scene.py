"""A morning at the mentors' desk, as one would read it aloud: nothing goes astray."""

from __future__ import annotations

import re

from store.cases import Case
from store.messages import OutboxMessage
from tests.town import Phone, Town

CLAUDINE = "+250788000301"
BOSCO = "+250788000302"
DIANE = "+250788000303"
ALICE = "+250788000401"
PATRICK = "+250788000402"


def asks_mentor(phone: Phone, words: str) -> str:
    """Ask a mentor something; returns what was said to it."""
    phone.says("MENTOR")
    phone.hears("Text your question")
    phone.says(words)
    return phone.hears("asked", r"#\w{4}")


def code_in(said: str) -> str:
    """The code that a message names."""
    found = re.search(r"#(\w{4})", said)
    assert found is not None, said
    return found[1]


def test_five_cases_at_once_all_end_right(town: Town) -> None:
    claudine = town.mentee(
        CLAUDINE, name="Claudine Mukamana", cadre="nurse", facility="Rukara Health Centre"
    )
    bosco = town.mentee(BOSCO, "whatsapp", name="Jean Bosco Habimana")
    diane = town.mentee(DIANE, name="Diane Uwase")
    alice = town.mentor(ALICE, name="Alice Ingabire", cadre="midwife", association="RAM")
    patrick = town.mentor(PATRICK, name="Patrick Mugisha", window=False)
    town.pair(CLAUDINE, ALICE)
    town.pair(BOSCO, PATRICK)
    town.pair(DIANE, ALICE)

    # Five cases open.
    cord = code_in(asks_mentor(claudine, "Cord fell off early and smells, baby of Uwase Marie"))
    claudine.hears("left out what could tell who the patient is")
    alice.hears("Claudine Mukamana .nurse, Rukara Health Centre.", "baby of .name.")
    bosco.says("what is this rash", media=["sample"])
    rash = code_in(bosco.hears("asked Patrick Mugisha .mentor."))
    twins = code_in(asks_mentor(diane, "Can a mother of twins walk to the clinic"))
    alice.hears("Diane Uwase", "twins")
    sugar = code_in(asks_mentor(claudine, "How often do I feed a small baby at night"))
    alice.hears("small baby")
    diane.says("help she is bleeding too much after delivery, soaked 3 pads")
    diane.hears("massage uterus", "Refer now")
    bleeding = code_in(diane.hears("alerted Alice Ingabire and Patrick Mugisha|alerted Patrick"))
    alice.hears("URGENT", bleeding, "Also asked: Patrick Mugisha", "the first has it")
    assert len({cord, rash, twins, sugar, bleeding}) == 5

    # Patrick is out of the window: templates with buttons, the whole case after touching one.
    patrick.hears("Case #" + rash, "what is this rash")
    patrick.presses("Take", under=rash)
    held = [patrick.hears("") for _ in range(len(patrick.received()) - patrick.read)]
    assert any(rash in body and "is yours" in body for body in held)
    assert any(rash in body and "quoting this message" in body for body in held)
    assert any(bleeding in body and "URGENT" in body for body in held)
    bosco.hears("Patrick Mugisha") if len(bosco.received()) > bosco.read else None

    # The urgent case is offered to two; the first who takes it has it, the other hears who.
    alice.presses("Take", under=f"URGENT.*{bleeding}")
    alice.hears(f"{bleeding} is yours")
    patrick.hears(f"Alice Ingabire has case #{bleeding} now")
    diane.hears("Alice Ingabire .mentor, midwife, RAM. has your case")
    patrick.says("Massage the uterus", quoting=f"URGENT.*{bleeding}")
    patrick.hears(f"Alice Ingabire has case #{bleeding} already", "Nothing was sent")
    diane.hears_nothing()
    alice.says("Rub the uterus, call for help, then refer", quoting=f"URGENT.*{bleeding}")
    alice.hears("Sent to Diane Uwase", bleeding)
    diane.hears("Alice Ingabire", bleeding, "Rub the uterus")

    # An unquoted text that could be for any of four is sent to nobody.
    alice.says("Clean it with chlorhexidine and refer the same day")
    listed = alice.hears("Which case", f"#{cord}", f"#{twins}", f"#{sugar}", f"#{bleeding}")
    claudine.hears_nothing()
    diane.hears_nothing()
    row = next(line for line in listed.splitlines() if cord in line)
    alice.presses(row.split()[0], under="Which case")
    alice.hears("Sent to Claudine Mukamana", cord)
    claudine.hears("Alice Ingabire", cord, "chlorhexidine", "Did this help")

    # One is passed on with a button, and answered by its code.
    alice.presses("Pass", under=f"Case #{twins}")
    alice.hears(twins, "goes to somebody else")
    diane.hears(twins, "passed to Patrick Mugisha")
    patrick.hears(f"Case #{twins} from Diane Uwase")
    patrick.says(f"#{twins.lower()} No: call a car, and send somebody with her")
    patrick.hears("Sent to Diane Uwase", twins)
    diane.hears("Patrick Mugisha", twins, "call a car")

    # Patrick goes on leave; what he has not answered finds Alice, with its photo.
    patrick.says("AWAY")
    patrick.hears("no new cases")
    town.tick()
    town.rest()
    alice.hears(f"Case #{rash} from Jean Bosco Habimana", "photo")
    bosco.hears("Alice Ingabire", rash)
    alice.presses("More…", under=f"Case #{rash}")
    alice.hears("What else", f"PHOTO #{rash}")
    alice.presses("PHOTO", under="What else")
    alice.hears(f"Sent with case #{rash}")
    assert alice.received()[-1].media

    # Two texts to one case, both delivered, in order; and a drawing back.
    alice.says("It looks like scabies", quoting=f"Case #{rash}")
    alice.hears("Sent to Jean Bosco", rash)
    alice.says("Treat everybody in the house", quoting=f"Case #{rash}", media=["sample"])
    alice.hears("Sent to Jean Bosco", rash)
    bosco.hears("scabies")
    bosco.hears("everybody in the house")
    assert bosco.received()[-1].media
    alice.says(f"#{sugar} At least every three hours")
    alice.hears("Sent to Claudine")
    claudine.hears(sugar, "every three hours")

    # Everybody says whether it helped: by number, by button, and "not yet" goes back.
    claudine.says("2")
    claudine.hears(sugar, "needs more")
    alice.hears(sugar, "did not help yet", "small baby", f"THREAD #{sugar}")
    alice.says("Cup and spoon, 30 ml each time", quoting="did not help yet")
    alice.hears("Sent to Claudine")
    claudine.hears("Cup and spoon")
    claudine.says("1")
    claudine.hears(f"{sugar} is closed")
    bosco.presses("Yes", under="scabies")
    bosco.hears(f"{rash} is closed")
    diane.says(f"#{bleeding} she is stable now and went by ambulance")
    diane.hears(f"Passed on to Alice Ingabire .case #{bleeding}", twins)
    alice.hears(sugar, "your answer helped")
    alice.hears(rash, "your answer helped")
    alice.hears(bleeding, "Diane Uwase adds", "stable")
    for code in (cord, twins, bleeding):
        holder = patrick if code == twins else alice
        holder.says(f"DONE #{code}")
    states = {case.code: case.state for case in all_cases(town)}
    assert states == dict.fromkeys((cord, rash, twins, sugar, bleeding), "closed")

    # Nobody read what was not for them, and nobody's number.
    said_to = [
        (claudine, ["chlorhexidine", "every three hours", "Cup and spoon"]),
        (bosco, ["scabies", "everybody in the house"]),
        (diane, ["Rub the uterus", "call a car"]),
    ]
    everything = [words for _, parts in said_to for words in parts]
    for phone, own in said_to:
        bodies = "\n".join(message.body for message in phone.received())
        assert [words for words in everything if words in bodies] == own
    assert "Massage the uterus" not in diane.transcript()
    for message in town.outbox():
        assert "788000" not in (message.sent_body or "")
        assert "Marie" not in (message.sent_body or "")


def all_cases(town: Town) -> list[Case]:
    """Every case."""
    with town.works.sessions() as session:
        return list(session.query(Case).order_by(Case.id))


def test_a_mentor_with_sms_only_works_with_words(town: Town) -> None:
    nurse = town.mentee(CLAUDINE, language="fr", name="Claudine Mukamana")
    other = town.mentee(BOSCO, name="Jean Bosco Habimana")
    town._person(ALICE, "sms", ["mentor"], {"name": "Alice Ingabire", "language": "en"})
    alice = town.phone(ALICE)
    nurse.says("MENTOR")
    nurse.hears("Envoyez votre question")
    nurse.says("Le cordon est tombé et sent mauvais", media=["sample"])
    first = code_in(nurse.hears("Alice Ingabire .mentor.", "au plus tard"))
    alice.hears(f"Case #{first}", f"text #{first} and your answer", f"PASS #{first}", "http")
    alice.says("Clean it and refer the same day")
    alice.hears("Sent to Claudine Mukamana", first)
    nurse.hears("Alice Ingabire .mentor., cas", "Clean it", "1 Oui 2 Pas encore")
    second = code_in(asks_mentor(other, "Snake bite on the hand"))
    alice.hears(second, "Snake bite")
    alice.says("Keep the arm still")
    alice.hears("Which case", f"#{second}.*Jean Bosco", f"#{first}.*Claudine", "3 None")
    nurse.hears_nothing()
    other.hears_nothing()
    alice.says("ok")
    alice.hears_nothing()
    alice.says("1")
    alice.hears("Sent to Jean Bosco")
    other.hears("Keep the arm still")
    alice.says("TAEK #" + second)
    alice.hears("Nothing was sent", "TAKE #")
    alice.says(f"thread #{first}")
    alice.hears(f"Case #{first}", "Claudine Mukamana: Le cordon.*You: Clean it")
    alice.says(f"PHOTO #{first}")
    alice.hears(f"Sent with case #{first}", "http")
    # The nurse is done; a late word of the mentor opens the case again only when asked.
    nurse.says("1")
    nurse.hears("clos")
    alice.hears("your answer helped")
    alice.says(f"#{first} Show her how to clean it too")
    alice.hears(f"Case #{first} of Claudine", "closed", "Open it again", "1 Open and send 2 No")
    nurse.hears_nothing()
    alice.says("1")
    alice.hears("Sent to Claudine")
    nurse.hears("Show her how")
    alice.says("CASES")
    alice.hears("no open cases")


def test_details_withdrawing_and_calls(town: Town) -> None:
    nurse = town.mentee(CLAUDINE, facility="Rukara Health Centre")
    alice = town.mentor(ALICE)
    first = code_in(asks_mentor(nurse, "Baby has a fever at night"))
    alice.hears(first)
    nurse.says("CALL")
    nurse.hears("Passed on to Alice Ingabire", first)
    alice.hears(first, "asks to be rung", "ring the facility", "coordinator")
    second = code_in(asks_mentor(nurse, "Can I give the other baby water"))
    alice.hears(second)
    nurse.says(f"#{first} now 38.5")
    nurse.hears("Passed on to Alice Ingabire", first, f"other case .#{second}")
    alice.hears(first, "adds", "now 38.5")
    nurse.says("Never mind")
    nurse.hears("Which case", f"#{second}", f"#{first}", "3 None")
    nurse.says("1")
    nurse.hears(f"#{second} is taken back")
    alice.hears(second, "has taken the question back")
    nurse.says("laissez tomber")
    nurse.hears(f"#{first} is taken back")
    alice.hears(first, "has taken the question back")
    alice.says("CASES")
    alice.hears("no open cases")
    alice.says("But give him fluids")
    alice.hears("Which case", "closed")
    nurse.hears_nothing()
    nurse.says("never mind")
    nurse.hears("no open case to take back")


def test_stop_of_either_side_is_honoured(town: Town) -> None:
    nurse = town.mentee(CLAUDINE)
    alice = town.mentor(ALICE)
    patrick = town.mentor(PATRICK, name="Patrick Mugisha")
    town.pair(CLAUDINE, ALICE)
    code = code_in(asks_mentor(nurse, "Baby has a fever at night"))
    alice.hears(code)
    alice.says("STOP")
    alice.hears("no more messages")
    town.tick()
    town.rest()
    patrick.hears(code, "fever")
    nurse.hears("Patrick Mugisha")
    nurse.says("STOP")
    patrick.says("Give fluids, refer", quoting="fever")
    patrick.hears("texted STOP", "was not sent")
    nurse.hears_nothing()
    alice.hears_nothing()
    answers = town.outbox(OutboxMessage.kind == "answer", OutboxMessage.menu == "rate_case")
    assert [message.state for message in answers] == ["dropped"]
