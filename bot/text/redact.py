"""Taking patient identifiers out of a text before it goes to somebody's private phone.

WhatsApp at Twilio is not for protected health information, and a mentor's phone is a private one.
Clinical numbers (doses, pressures, ages, times) are what the mentor needs and stay. Names are
found by the words that introduce them; a name that nothing introduces is not found.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Final

from bot.text.fold import fold


@dataclass(frozen=True, slots=True)
class Redacted:
    """`text` with placeholders; `found` names each kind once: email, phone, id, ..., name."""

    text: str
    found: tuple[str, ...]


_I: Final = re.IGNORECASE
_SEP: Final = r"[ .\-\u00a0]"

_EMAIL: Final = re.compile(r"[\w.+\-]+@[\w\-]+(?:\.[\w\-]+)+")

# Groupings are the ones people write, so that dates or vital signs in a row are not phones.
_UNIT_NEXT: Final = (
    r"(?!\d+\s?(?:w|wks?|weeks?|yrs?|years?|y/?o|ans|mois|months?|days?|jours?|min|h|hrs?|hours?|"
    r"mg|mcg|g|kg|ml|l|iu|ui|%|/)(?![^\W\d_]))"
)
_NINE: Final = (  # subscriber numbers of Rwanda, DRC, Kenya, Uganda, Tanzania
    rf"(?:\d{{9}}|\d{{3}}{_SEP}?\d{{3}}{_SEP}?\d{{3}}|\d{{3}}{_SEP}?\d{{6}}"
    rf"|\d{{3}}(?:{_SEP}\d\d){{3}}|\d\d{_SEP}\d{{3}}{_SEP}\d{{4}}|\d(?:{_SEP}\d\d){{4}})"
)
_EIGHT: Final = (
    rf"(?:\d{{8}}|\d\d(?:{_SEP}\d\d){{3}}|\d{{4}}{_SEP}\d{{4}}|\d\d{_SEP}\d{{3}}{_SEP}\d{{3}})"
)
_PLUS: Final = rf"(?:\+{_SEP}?|(?<!\d)00{_SEP}?)"
_PHONE: Final = re.compile(
    rf"(?<![\w/])(?:{_PLUS}?(?:250|243|254|255|256){_SEP}?(?:\(0\){_SEP}?)?{_NINE}"
    rf"|{_PLUS}?257{_SEP}?{_EIGHT}"
    rf"|{_PLUS}1{_SEP}?\(?\d{{3}}\)?{_SEP}?\d{{3}}{_SEP}?\d{{4}}"
    rf"|{_PLUS}[1-9]\d{{6,14}}"
    rf"|{_PLUS}[1-9]\d{{0,2}}(?:{_SEP}{_UNIT_NEXT}\(?\d{{1,4}}\)?){{2,6}}"
    rf"|0[1-9]\d{{8}}|\(?0[1-9]\d{{2}}\)?{_SEP}?(?:\d{{3}}{_SEP}?\d{{3}}|\d{{6}})"
    rf"|\(?0[1-9]\d\)?{_SEP}\d{{3}}{_SEP}?\d{{4}}|0[1-9](?:{_SEP}\d\d){{4}}"
    rf"|0[1-9]\d{{2}}(?:{_SEP}\d\d){{3}}|7[2389]\d{_SEP}?\d{{3}}{_SEP}?\d{{3}})(?![\w/]|[.,]\d)"
)
_SAID_PHONE: Final = re.compile(
    r"\b((?:phone|telephone|téléphone|tel|tél|cell|mobile|mob|whatsapp|contact|reach (?:her|him)|"
    r"call (?:her|him|them)|appele[rz][ \-](?:la|le)|numéro|simu|namba|nimero|nomero|telefon[ei])"
    r"(?:\s|[:.#°=]|\b(?:no|number|num|numéro|nimero|ya simu|is|est|ni|ya|yake|ye|on|at|au|kuri)\b"
    r")*)"
    rf"(?<!\d)\d{{2,4}}(?:{_SEP}?{_UNIT_NEXT}\d{{2,4}}){{2,5}}(?!\w|[.,/]\d)",
    _I,
)

_NATIONAL_ID: Final = re.compile(
    rf"(?<!\w)(?:[1-3]{_SEP}?(?:19|20)\d\d{_SEP}?[78]{_SEP}?\d{{7}}{_SEP}?\d{_SEP}?\d\d"
    rf"|\d{{4}}(?:{_SEP}\d{{4}}){{3}})(?!\w)"
)
_AMOUNT: Final = r"\s?(?:copies|copy|cells|iu\b|ui\b|units?\b|unités|u\b|/)"
_LONG_NUMBER: Final = re.compile(
    rf"(?<![\w.,/])(?:[A-Z]{{1,4}}[\-/]?\d{{7,}}|\d{{8,}})(?!\w|[.,]\d|{_AMOUNT})", _I
)
_ID_WORDS: Final = (
    r"(?:(?:national |patient |file |card |hospital |registration |reg\.? |medical record |"
    r"dossier |insurance |rssb |mutuelle |health )+(?:id|number|no|num|numéro|card)|n\.?i\.?d|"
    r"id card|id ?(?:no|number|num|#|:)|mrn|indangamuntu|irangamuntu|carte d[’']identité|"
    r"dossier(?: n[o°])?|kitambulisho|cni)"
)
_SAID_ID: Final = re.compile(
    rf"\b({_ID_WORDS}(?: is| est| ni| ya| yake| ye|[.:#°n ])*\s*)"
    r"(?=[\w/\-]*\d[\w/\-]*\d[\w/\-]*\d)([A-Z]{0,6}[\d/\-][\dA-Z/\-]*[\dA-Z])",
    _I,
)

_MONTH: Final = (
    r"(?:jan(?:uary|vier|uari)?|feb(?:ruary|ruari)?|f[ée]v(?:rier)?|mar(?:ch|s)?|machi|apr(?:il|ili)?|"
    r"avr(?:il)?|may|mai|mei|june?|juin|juni|july?|juil(?:let)?|julai|aug(?:ust)?|ao[uû]t|agosti|"
    r"sept?(?:ember|embre|emba)?|oct(?:ober|obre)?|oktoba|nov(?:ember|embre|emba)?|"
    r"d[eé]c(?:ember|embre)?|desemba|mutarama|gashyantare|werurwe|mata|gicurasi|kamena|nyakanga|"
    r"kanama|nzeri|ukwakira|ugushyingo|ukuboza)\b\.?"
)
_DATE: Final = (
    r"(?:\d{1,2}\s?[/.\- ]\s?\d{1,2}\s?[/.\- ]\s?(?:\d{4}|\d{2})"
    r"|\d{4}[/.\- ]\d{1,2}[/.\- ]\d{1,2}"
    rf"|\d{{1,2}}(?:st|nd|rd|th|er)?[\s\-]*(?:of )?{_MONTH}[\s,\-]*(?:\d{{4}}|\d{{2}})?"
    rf"|{_MONTH}[\s\-]*\d{{1,2}}(?:st|nd|rd|th)?[\s,]*\d{{4}}"
    rf"|{_MONTH}\s+\d{{4}})(?![\d/])"
)
_BIRTH: Final = (
    r"(?:born|d\.?o\.?b\b\.?|date of birth|birth ?date|birthday|née?s?(?:\(e\))?|ddn|"
    r"date de naissance|yavutse|wavutse|yavukiye|itariki y[’'a]? ?(?:amavuko|yavutseho)|"
    r"alizaliwa|amezaliwa|tarehe ya kuzaliwa|kuzaliwa)"
)
_FILLER: Final = r"(?:[\s:=,(\-]|\b(?:is|was|on|the|le|en|est|ku|wa|tariki|ya|tarehe|mnamo|ni)\b)*"
_BORN: Final = re.compile(rf"(?<!\w)({_BIRTH}{_FILLER}){_DATE}", _I)
_BORN_BEFORE: Final = re.compile(
    rf"(?<![\w/.]){_DATE}(?=[\s:(\-]*(?:d\.?o\.?b\b|date of birth|birth ?date|"
    r"date de naissance|ddn\b))",
    _I,
)
_BORN_YEAR: Final = re.compile(
    r"(?<!\w)((?:(?:born|née?|yavutse|alizaliwa|amezaliwa)\s+(?:in|en|mu|mwaka(?: wa)?)"
    rf"|d\.?o\.?b\b\.?|date of birth|date de naissance|ddn){_FILLER})"
    r"(?:19|20)\d\d(?!\d|\s?(?:h|hrs?|hours|g|grams|gr)\b|[/:.\-]\d)",
    _I,
)
_BORN_DIGITS: Final = re.compile(rf"(?<!\w)(d\.?o\.?b\b\.?{_FILLER})\d{{6,8}}(?!\d)", _I)

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
    r"|noms?\s*(?:est|[:=]|de\s+(?:la\s+patiente|l[’']enfant)\s+est)|pr[ée]noms?\s*(?:est|[:=])"
    r"|(?:se\s+nomme|s[’']\s?appell?e|pr[ée]nomm[ée]e?)"
    rf"|{_PERSON}\s+(?:est\s+)?nomm[ée]e?|appel[ée]e\s+(?=[A-ZÀ-Ý])"
    r"|[ywb]itwa|izina\s+rye(?:\s+ni)?|amazina\s*(?:ye)?\s*(?:ni|[:=])"
    r"|anaitwa|aitwaye|jina\s+(?:lake|la\s+(?:mama|mtoto|mgonjwa))(?:\s+ni)?|jina\s*[:=]"
    r")\s*[:=]?\s*",
    _I,
)
_WEAK: Final = re.compile(r"(?<!\w)(?i:named|called|nomm[ée]e?s?)\s+(?=[^\W\d_a-z])")
_TITLE: Final = re.compile(
    r"(?<!\w)(?:(?:Mrs|mrs|MRS|Mme|mme|MME|Mlle|mlle|Mr|mr)\b\.?\s+"
    r"|(?:MR|M\.|Ms\.?|Miss|[Mm]adame|[Mm]onsieur|[Mm]ademoiselle|Bi\.|Bwana)\s*(?=[A-ZÀ-Ý]))"
)
_AFTER_THING: Final = re.compile(rf"\b{_THING}(?:[’']?s)?\s*$", _I)
_WORD: Final = re.compile(r"[^\W\d_](?:[’'\-]?[^\W\d_])*\.?")
_GAP: Final = re.compile(r"[ \t\u00a0]+")
_MOST_WORDS: Final = 4


_RULES: Final[tuple[tuple[str, re.Pattern[str], str], ...]] = (
    ("email", _EMAIL, "[email]"),
    ("date of birth", _BORN, r"\1[date of birth]"),
    ("date of birth", _BORN_BEFORE, "[date of birth]"),
    ("date of birth", _BORN_YEAR, r"\1[date of birth]"),
    ("date of birth", _BORN_DIGITS, r"\1[date of birth]"),
    ("id", _NATIONAL_ID, "[id]"),
    ("phone", _PHONE, "[phone]"),
    ("phone", _SAID_PHONE, r"\1[phone]"),
    ("id", _SAID_ID, r"\1[id]"),
    ("id", _LONG_NUMBER, "[id]"),
)


def redact(text: str) -> Redacted:
    """`text` with e-mail addresses, phones, ids, dates of birth and introduced names replaced.

    The placeholders are [email], [phone], [id], [date of birth] and [name]. Idempotent: what was
    redacted once is not changed again.
    """
    found: list[str] = []
    for kind, pattern, placeholder in _RULES:
        text, hits = pattern.subn(placeholder, text)
        if hits and kind not in found:
            found.append(kind)
    named = _without_names(text)
    return Redacted(named, tuple(found) if named == text else (*found, "name"))


def _without_names(text: str) -> str:
    shouted = text.upper() == text
    for pattern in (_STRONG, _TITLE, _WEAK):
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
    return text


def _names_a_thing(text: str, match: re.Match[str], pattern: re.Pattern[str]) -> bool:
    return pattern is not _TITLE and bool(_AFTER_THING.search(text, 0, match.start()))


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
