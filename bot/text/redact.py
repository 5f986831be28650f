"""Taking patient identifiers out of a text before it goes to somebody's private phone.

WhatsApp at Twilio is not for protected health information, and a mentor's phone is a private one.
Clinical numbers (doses, pressures, ages, times) are what the mentor needs and stay. Names are
found by the words that introduce them, and those that are common here by themselves
(`bot.text.names`); another name that nothing introduces is not found.
"""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass
from typing import Final

from bot.text.names import without_names


@dataclass(frozen=True, slots=True)
class Redacted:
    """`text` with placeholders; `found` names each kind once: email, phone, id, ..., name."""

    text: str
    found: tuple[str, ...]


_I: Final = re.IGNORECASE
_SEP: Final = r"[ .\-_\u00a0\u2007\u2009\u202f\u2010-\u2015]"

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
    # "+44 7911 123456", "+44 7911123456"
    rf"|{_PLUS}[1-9]\d{{0,2}}(?:{_SEP}\(?\d{{2,5}}\)?)?{_SEP}\d{{6,12}}"
    rf"|0[1-9]\d{{8}}|\(?0[1-9]\d{{2}}\)?{_SEP}?(?:\d{{3}}{_SEP}?\d{{3}}|\d{{6}})"
    rf"|\(?0[1-9]\d\)?{_SEP}\d{{3}}{_SEP}?\d{{4}}|0[1-9](?:{_SEP}\d\d){{4}}"
    rf"|0[1-9]\d{{2}}(?:{_SEP}\d\d){{3}}|7[2389]\d{_SEP}?\d{{3}}{_SEP}?\d{{3}}"
    # one digit at a time, or in odd groups
    rf"|0{_SEP}?7(?:{_SEP}?\d){{8}}|0[1-9]\d{{2}}/\d{{3}}/\d{{3}})(?![\w/]|[.,]\d)"
)
_CHAT_LINK: Final = re.compile(r"\b(wa\.me|t\.me|api\.whatsapp\.com/send\?phone=)/?\+?\d{6,15}", _I)
# Two numbers of one person, and one in loose writing: "0788 – 123 – 456", or over two lines.
_PAIR: Final = re.compile(
    r"(?<![\w/])(?:\+?250|0)7[2389]\d{7} ?/ ?(?:(?:\+?250|0)7[2389]\d{7})(?![\w/]|[.,]\d)"
)
_LOOSE: Final = re.compile(
    r"(?<![\w/])(?:\+?250 ?|0)7[2389]\d(?:[\s\-–—]{0,3}\d{2,3}){2}"
    r"(?:[\s\-–—]{0,3}\d{2})?(?![\w/]|[.,]\d)"
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
    rf"|\d{{4}}(?:{_SEP}\d{{4}}){{3}}"
    # a letter O typed for a zero
    r"|(?=\d*O)[1-3](?:19|20)[\dO]{13})(?!\w)"
)
_AMOUNT: Final = r"\s?(?:copies|copy|cells|iu\b|ui\b|units?\b|unités|u\b|/)"
_LONG_NUMBER: Final = re.compile(
    rf"(?<![\w.,/])(?:[A-Z]{{1,4}}[\-/]?\d{{7,}}|\d{{8,}})(?!\w|[.,]\d|{_AMOUNT})", _I
)
_ID_WORDS: Final = (
    r"(?:(?:national |patient |file |card |hospital |registration |reg\.? |medical record |"
    r"dossier |insurance |rssb |mutuelle |health )+(?:id|number|no|num|numéro|card)|n\.?i\.?d|"
    r"id card|id ?(?:no|number|num|#|:)|mrn|indangamuntu|irangamuntu|carte d[’']identité|"
    r"dossier(?: n[o°])?|kitambulisho|cni|passe?port|mutuelle|rama|rssb|cbhi|nhif|nssf)"
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
    r"date (?:de )?naissance|\bd\.?n\.?(?=\s*:)|yavutse|wavutse|yavukiye|"
    r"itariki y[’'a]? ?(?:amavuko|yavutseho)|"
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
    rf"|yavutse|amezaliwa|d\.?o\.?b\b\.?|date of birth|date de naissance|ddn){_FILLER})"
    r"(?:19|20)\d\d(?!\d|\s?(?:h|hrs?|hours|g|grams|gr)\b|[/:.\-]\d)",
    _I,
)
# What happens to a patient now is dated in these years; an older full date is when she was born.
_LONG_AGO: Final = re.compile(
    r"(?<![\w/.])(?:\d{1,2}\s?[/.\-]\s?\d{1,2}\s?[/.\-]\s?(?:19\d\d|200\d)"
    r"|(?:19\d\d|200\d)[/.\-]\d{1,2}[/.\-]\d{1,2})(?![\d/])"
)
_BORN_DIGITS: Final = re.compile(rf"(?<!\w)(d\.?o\.?b\b\.?{_FILLER})\d{{6,8}}(?!\d)", _I)

_RULES: Final[tuple[tuple[str, re.Pattern[str], str], ...]] = (
    ("email", _EMAIL, "[email]"),
    ("date of birth", _BORN, r"\1[date of birth]"),
    ("date of birth", _BORN_BEFORE, "[date of birth]"),
    ("date of birth", _BORN_YEAR, r"\1[date of birth]"),
    ("date of birth", _BORN_DIGITS, r"\1[date of birth]"),
    ("date of birth", _LONG_AGO, "[date of birth]"),
    ("phone", _CHAT_LINK, "[phone]"),
    ("id", _NATIONAL_ID, "[id]"),
    ("phone", _PAIR, "[phone]/[phone]"),
    ("phone", _PHONE, "[phone]"),
    ("phone", _LOOSE, "[phone]"),
    ("phone", _SAID_PHONE, r"\1[phone]"),
    ("id", _SAID_ID, r"\1[id]"),
    ("id", _LONG_NUMBER, "[id]"),
)


def redact(text: str) -> Redacted:
    """`text` with e-mail addresses, phones, ids, dates of birth and introduced names replaced.

    The placeholders are [email], [phone], [id], [date of birth] and [name]. Idempotent: what was
    redacted once is not changed again.
    """
    plain = _plain(text)
    found: list[str] = []
    for kind, pattern, placeholder in _RULES:
        plain, hits = pattern.subn(placeholder, plain)
        if hits and kind not in found:
            found.append(kind)
    named = without_names(plain)
    if named != plain:
        found.append("name")
    return Redacted(named, tuple(found)) if found else Redacted(text, ())


_UNSEEN: Final = dict.fromkeys(map(ord, "\u200b\u200c\u200d\u2060\ufeff\u00ad"))


def _plain(text: str) -> str:
    """`text` with every kind of digit as 0 to 9, and without what is not seen between them."""
    return "".join(
        character if character.isascii() else _digit(character)
        for character in text.translate(_UNSEEN)
    )


def _digit(character: str) -> str:
    value = unicodedata.decimal(character, None)
    return character if value is None else str(value)
