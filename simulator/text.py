"""Addresses and SMS segments as the network sees them. Plain rules, no state."""

from __future__ import annotations

import re

GSM_BASIC = frozenset(
    "@£$¥èéùìòÇ\nØø\rÅåΔ_ΦΓΛΩΠΨΣΘΞÆæßÉ !\"#¤%&'()*+,-./0123456789:;<=>?"
    "¡ABCDEFGHIJKLMNOPQRSTUVWXYZÄÖÑÜ§¿abcdefghijklmnopqrstuvwxyzäöñüà"
)
GSM_EXTENDED = frozenset("^{}\\[~]|€\f")

OPT_OUT_WORDS = frozenset({"stop", "stopall", "unsubscribe", "cancel", "end", "quit"})
OPT_IN_WORDS = frozenset({"start", "yes", "unstop"})
HELP_WORDS = frozenset({"help", "info"})

_NUMBER = re.compile(r"\+[1-9]\d{6,14}")
_USER_ID = re.compile(r"[A-Z]{2}\.\d{4,32}")
WHATSAPP = "whatsapp:"


def segments(body: str) -> int:
    """How many SMS segments `body` takes: GSM-7 160/153, UCS-2 70/67 (3GPP TS 23.038)."""
    if all(char in GSM_BASIC or char in GSM_EXTENDED for char in body):
        units = sum(2 if char in GSM_EXTENDED else 1 for char in body)
        single, part = 160, 153
    else:
        units = len(body.encode("utf-16-le", "surrogatepass")) // 2
        single, part = 70, 67
    return 1 if units <= single else -(-units // part)


def is_whatsapp(address: str) -> bool:
    return address.startswith(WHATSAPP)


def valid(address: str) -> bool:
    """An E.164 number, `whatsapp:` plus one, or a WhatsApp user id like `whatsapp:RW.1234`."""
    if is_whatsapp(address):
        rest = address[len(WHATSAPP) :]
        return bool(_NUMBER.fullmatch(rest) or _USER_ID.fullmatch(rest))
    return bool(_NUMBER.fullmatch(address))


def normal(address: str) -> str:
    """What Twilio makes of a number typed with blanks, brackets or dashes."""
    prefix, rest = (WHATSAPP, address[len(WHATSAPP) :]) if is_whatsapp(address) else ("", address)
    return prefix + re.sub(r"[\s()\-]", "", rest)


def has_number(address: str) -> bool:
    return "+" in address


def keyword(body: str) -> str | None:
    """`STOP`, `START` or `HELP` if the whole message is such a word in any case, else None."""
    word = body.strip().lower()
    if word in OPT_OUT_WORDS:
        return "STOP"
    if word in OPT_IN_WORDS:
        return "START"
    return "HELP" if word in HELP_WORDS else None
