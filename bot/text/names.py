"""Finding people's names in a text, to take them out.

A name is found by what introduces it ("patient name is", "Mrs", "mother called"), after a word for
a patient where it has a capital letter ("patiente Uwase"), and by itself where it is a common one
here. What is common is data, not complete: a rare name that nothing introduces stays.
"""

from __future__ import annotations

import re
from typing import Final

from bot.text.fold import fold

_I: Final = re.IGNORECASE

# Words that are never a person's name: what may follow "called", "name is" or "Mrs" in a
# clinical text. Folded (lower case, no accents).
_NOT_NAMES_TEXT: Final = """
a abdominal about abruption accouchee admitted adrenaline afite after again age aged albendazole
alive already also ambulance amoxicillin ampicillin an ana anaemia anc and anemia anonymous
antenatal apgar arafite aravuka are ari arrived artemether artesunate ask asked asphyxia aspirin
at au aunt aux avec babies baby back bb bcg be because been before benzathine bien bite bleeding
blood blue blurred bonjour born boy bp breathing breech brother brought burn burns but by
calcium came can carbetocin ceftriaxone center centre cervix chef chest child chlorhexidine
cholestasis client clinic clinician coartem cold collapsed colleague colostrum come comes
comment complain complaining complains condom confidential connue contraction contractions
convulse convulsed convulsing convulsions correct cotrimoxazole cough could crying dans dawa de
dead dehydrated delivered delivery depo des dexamethasone dextrose diarrhoea diazepam did died
different difficulty district divorced dizziness dmpa do dob doctor doctors does dose doses down
dr drinking drug drugs du early eating eclampsia ectopic edd edema elle emergency en enceinte
ergometrine est et facility fainted family father feeling feels fever fhr fistula fits fitted
fitting fluid fluids folic for fp fracture friday from g1 g2 g3 g4 g5 ga gave gentamicin
gestation girl given gluconate glucose going gone got gravida had haemorrhage haijulikani
hajulikani hapa has have hb hbb he headache health heavily heavy hellp help hemorrhage her here
him his hiv hospital hot how hr husband hydralazine hydrocortisone i ibuprofen iccm id if il im
imci implanon implant in inconnu inconnue injection insulin iron is it its iud iv jadelle
januwari jaundice je just kandi kangaroo katika kigali kmc known ku kwa la lab labetalol labor
laboratory labour lady late le les let lethargic like live lives living lmp lochia lose lost
magnesium mais make malade malaria malnourished mama man married mastitis maternity may me
measles medicine membranes meningitis mentor merci methyldopa metronidazole mgso4 midwife mild
misoclear misoprostol missing moderate moh molar mom monday more mother mtoto mu multigravida
mum must my na ne nee need needs negative new newborn ni nid nifedipine nil no none not nous now
ntabwo number nurse oedema of off old on once ont opv or ors ou our out over oxygen oxytocin p0
p1 p2 p3 p4 pain pains pale para paracetamol partograph partum pas patient penicillin pharmacy
phenobarbital phone pill placenta please pnc pneumonia police positive postnatal postpartum pour
pph praevia pre preeclampsia pregnant presenting presents preterm previa primigravida pt pulse
quand que qui quinine quoi rash rbc referral referred refuses refusing relative restless
retained ringer ringers rr rubella rupture ruptured rwanda said saigne salbutamol saline same
samu sans sasa saturday saw says see seen sepsis severe she shock should signs since single
sister so soon spo2 stable started sti still sucking sunday supervisor swelling swollen tablet
tablets take tb team tel tell temp temperature term tetanus tetracycline thanks that the theatre
their them then there these they this thrush thursday to today told tonight too took tranexamic
transferred tuesday twice twin twins txa umubyeyi umwana un uncle unconscious une unicef unknown
up us uterus uti vaccine very vision vital vitamin vomiting vous wa wants ward was we weak
weakness wednesday weeks weighing weight went were what when where which who whom why wife will
with withheld without woman would wound written ya years yellow yes yesterday you your yuko zinc
kangourou mere weight weighs poids fait pese fille garcon jumeaux presente presents stillborn
premature prematuree hypertensive hypotensive diabetic anaemic anemic septic unresponsive dyspnea
conscious consciente inconsciente stabilized discharged sent brought seen complained feels requires
request reported asking sitting lying awake asleep eats drinks walks talks cries urine needs seems
looks having went stays denies reports delivering labouring laboring convulsant two three four five
six seven eight nine ten deux trois quatre cinq stagnation travail primipare multipare gestante
nom noms prenom prenoms
"""
_NOT_NAMES: Final = frozenset(_NOT_NAMES_TEXT.split())
_THING: Final = (
    r"(?:drug|medicine|medication|medicament|médicament|tablet|vaccine|test|sign|signe|score|method|"
    r"méthode|man(?:o?eu|œu)vre|condition|disease|maladie|syndrome|position|technique|procedure|"
    r"facility|hospital|clinic|cent(?:re|er)|district|village|sector|brand|trade|generic|product|"
    r"regimen|device|instrument|bacteria|parasite|approach|protocol|app|group|classification|it|this|"
    r"that|what|is)"
)
_PERSON: Final = (
    r"(?:wom[ae]n|lady|girl|m[ao]n|boy|mother|mum|mom|mama|patiente?|pt|client|child|baby|infant|"
    r"newborn|daughter|son|husband|wife|twin|primigravida|femme|dame|fille|fils|enfant|b[ée]b[ée]|"
    r"maman|gar[çc]on|m[èe]re|who|she|he|elle|il|qui)"
)
# What introduces a name. After a strong word any word is a name unless it cannot be one; after a
# weak word only a capitalised one is.
_STRONG: Final = re.compile(
    r"(?<!\w)(?:"
    r"(?:(?:patient|client|pt|mother|baby|child|her|his|their|the|my|full|first|last|family|sur)"
    r"[’']?s?\s*)*names?\s*(?:is|are|was|[:=])"
    rf"|{_PERSON}\s+(?:(?:is|was|who\s+is|that\s+is)\s+(?:named|called)|named)"
    r"|noms?\s*(?:est|[:=]|de\s+(?:la\s+patiente|l[’']enfant)\s+est)|pr[ée]noms?\s*(?:est\b|[:=])?"
    # "nom uwera prenom solange", as a register has it
    r"|noms?\s+(?=[^\W\d_]+(?:\s+[^\W\d_]+)?[\s,;]+pr[ée]noms?\b)"
    r"|(?:se\s+nomme|s[’']\s?appell?e|pr[ée]nomm[ée]e?)"
    rf"|{_PERSON}\s+(?:est\s+)?nomm[ée]e?|appel[ée]e\s+(?=[A-ZÀ-Ý])"
    r"|[ywb]itwa|izina\s+rye(?:\s+ni)?|amazina\s*(?:ye)?\s*(?:ni|[:=])"
    r"|anaitwa|aitwaye|jina\s+(?:lake|la\s+(?:mama|mtoto|mgonjwa))(?:\s+ni)?|jina\s*[:=]"
    r")\s*[:=]?\s*",
    _I,
)
_WEAK: Final = re.compile(r"(?<!\w)(?i:named|called|nomm[ée]e?s?|noms?)\s+(?=[^\W\d_a-z])")
_TITLE: Final = re.compile(
    r"(?<!\w)(?:(?:Mrs|mrs|MRS|Mme|mme|MME|Mlle|mlle|Mr|mr)\b\.?\s+"
    r"|(?:MR\b\.?|M\.|Ms\.?|Miss|[Mm]adame|[Mm]onsieur|[Mm]ademoiselle|Bi\.|Bwana)\s*(?=[A-ZÀ-Ý]))"
)
_AFTER_THING: Final = re.compile(rf"\b{_THING}(?:[’']?s)?\s*$", _I)
# "… with that her name is …": whatever stands before, it is a person's.
_OF_A_PERSON: Final = re.compile(rf"(?:her|his|their|{_PERSON})\b", _I)
_WORD: Final = re.compile(r"[^\W\d_](?:[’'\-]?[^\W\d_])*\.?")
_GAP: Final = re.compile(r"[ \t\u00a0]+")
_MOST_WORDS: Final = 4
# A word for a patient, with a name behind it that has a capital letter.
_PATIENT: Final = re.compile(
    r"(?<!\w)(?i:patiente?|pt|cliente?|mama|maman|umurwayi|umubyeyi|mgonjwa|mjamzito|mzazi"
    r"|(?:baby|b[ée]b[ée]|newborn|nouveau-n[ée]|child|enfant)(?: girl| boy)?(?: of| de| d[’'])?"
    r"|umwana wa|mtoto wa"
    # … and for her family: "her husband Jean Bosco"
    r"|husband|wife|mother|father|daughter|(?:grand)?(?:mother|father)(?:-in-law)?|uncle|aunt"
    r"|(?:her|his)\s+(?:sister|brother|son)|mari|[ée]pou(?:x|se)|p[èe]re|m[èe]re|fille|fils|oncle"
    r"|tante|(?:sa|la)\s+(?:femme|s(?:œ|oe)ur)|(?:son|le)\s+fr[èe]re|umugabo we|umugore we"
    r"|mume wake|mke wake)\s*:?\s+(?=[A-ZÀ-Ý][a-zà-ÿ])"
)
# Common names, by how they begin where Kinyarwanda builds them; folded.
_STEMS: Final = (
    r"muka(?:mana|mugi|gasana|rugwiza|ntwari|ndayi|shema|nkus|mugema|ruranga|gatare|mazimpaka)\w*"
    r"|nyira(?:mana|hab|ndayi|nsab|mug|minani|neza|ba)\w*"
    r"|uwi(?:mana|neza|tonze|zeye|ngabire|duhaye|ragiye|manishaka|zeyimana)|uwa(?:se|mahoro|mariya)"
    r"|uwera|umu(?:toni|tesi|hire|hoza|lisa|rerwa|tesi)|ingabire|iradukunda|ishimwe|izabayo"
    r"|niyo(?:nsenga|nzima|nshuti|mugabo|nkuru|nsaba|yita|nagira)|niyi\w{4,}|habi(?:mana|yaremye)"
    r"|habiyambere|hakizimana|hategekimana|haguma|nsengi(?:yumva|mana)|nshimi(?:yimana|rimana|ye)"
    r"|ndayi(?:sabye|sab|shimiye|sera|zeye|ragije)\w*|nday\w{4,}|tuyi(?:senge|shime|zere|shimire)"
    r"|twagira(?:mungu|yezu|mukiza)|mugi(?:sha|raneza)|muge(?:ni|nzi)|mutu(?:yimana|yemariya)"
    r"|munyaneza|bizimana|bazimaziki|byiringiro|dusabe|dusenge|gasana|kagabo|kamanzi|mukasine"
    r"|murekatete|musabyimana|nyirahabimana|sibomana|simbi|uwizeyimana|yankurije|zaninka|mbabazi"
    r"|amina|aisha|asha|fatuma|fatima|halima|juma|zawadi|neema|wanjiku|achieng|akinyi|nakato"
)
_KNOWN: Final = re.compile(rf"(?:{_STEMS})")
# Whoever is named with a title of work is a colleague, and is needed.
_COLLEAGUE: Final = re.compile(
    r"(?:\b(?:dr|doctor|docteur|prof|nurse|midwife|sage-femme|mentor|infirmi[eè]re?|sister|at|in|"
    r"from|to|[àa]|cs|hc|hospital|hopital|h[ôo]pital)\b\.?\s*)$",
    _I,
)
_PLACEHOLDER: Final = re.compile(r"\[[a-z ]+\]")
# Longer than any of those words.
_LOOK_BACK: Final = 30
_CAPITAL_WORD: Final = re.compile(r"(?<![\w@#])[A-ZÀ-Ý][^\W\d_]+(?:[’'\-][^\W\d_]+)*")


def without_names(text: str) -> str:
    """`text` with [name] for each name that is found."""
    # What one name hid may show another: until nothing changes.
    while (cleaned := _names_out(text)) != text:
        text = cleaned
    return text


def _names_out(text: str) -> str:
    shouted = text.upper() == text
    for pattern in (_STRONG, _TITLE, _WEAK, _PATIENT):
        if pattern is _PATIENT and (shouted or _in_title_case(text)):
            continue
        pieces: list[str] = []
        done = 0
        for match in pattern.finditer(text):
            if match.start() < done or _names_a_thing(text, match, pattern):
                continue
            end = _name_end(text, match.end(), shouted)
            if end > match.end():
                pieces += [text[done : match.end()], "[name]"]
                done = end
        text = "".join([*pieces, text[done:]])
    return _without_known(text)


def _without_known(text: str) -> str:
    """`text` without common names, and without the capitalised word beside one."""
    found = list(_CAPITAL_WORD.finditer(text))
    for number in reversed(range(len(found))):
        if number >= len(found):
            continue  # went with the name behind it
        word = found[number]
        if not _KNOWN.fullmatch(fold(word[0])) or _is_colleague(text, word.start()):
            continue
        start, end = word.span()
        after = found[number + 1] if number + 1 < len(found) else None
        if after is not None and _beside(text, end, after.start()) and _may_be_part(after[0]):
            end = after.end()
        before = found[number - 1] if number else None
        if before is not None and _beside(text, before.end(), start) and _may_be_part(before[0]):
            if _is_colleague(text, before.start()):
                continue
            start = before.start()
        text = text[:start] + "[name]" + text[end:]
        found = [each for each in found[:number] if each.end() <= start]
    return text


def _is_colleague(text: str, start: int) -> bool:
    return _COLLEAGUE.search(text[max(0, start - _LOOK_BACK) : start]) is not None


def _beside(text: str, end: int, start: int) -> bool:
    return end < start and text[end:start].isspace()


def _may_be_part(word: str) -> bool:
    return len(word) > 2 and not _cannot_be_a_name(word)


def _in_title_case(text: str) -> bool:
    """Whether Somebody Writes Like This, so that a capital letter says nothing."""
    words: list[str] = re.findall(r"[^\W\d_]{3,}", _PLACEHOLDER.sub("", text))[1:]
    return len(words) >= 4 and sum(word[0].isupper() for word in words) > len(words) / 2


def _names_a_thing(text: str, match: re.Match[str], pattern: re.Pattern[str]) -> bool:
    if pattern is _TITLE or _OF_A_PERSON.match(match[0]):
        return False
    return bool(_AFTER_THING.search(text[max(0, match.start() - _LOOK_BACK) : match.start()]))


def _name_end(text: str, start: int, shouted: bool) -> int:
    """Where the name that starts at `start` ends; `start` itself if no name is there."""
    words = _words(text, start)
    if not words:
        return start
    if shouted or not words[0][0][0].isupper():
        # Without capitals the name is all there is up to a word that is none, or else two words.
        return words[-1][1] if len(words) <= 3 else words[1][1]
    end = start
    for word, word_end in words[:_MOST_WORDS]:
        if not word[0].isupper():
            break
        end = word_end
    return end


def _words(text: str, start: int) -> list[tuple[str, int]]:
    """The words from `start` that could be a name, with their ends, up to anything else."""
    words: list[tuple[str, int]] = []
    position = start
    while match := _WORD.match(text, position):
        word = match[0]
        if len(word) > 2:
            word = word.rstrip(".")
        if _cannot_be_a_name(word):
            break
        words.append((word, position + len(word)))
        gap = _GAP.match(text, position + len(word))
        if gap is None:
            break
        position = gap.end()
    return words


def _cannot_be_a_name(word: str) -> bool:
    return any(part in _NOT_NAMES for part in fold(word).split())
