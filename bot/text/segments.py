"""How many SMS segments a text costs.

Sizes from 3GPP TS 23.038 and TS 23.040: a single message holds 160 GSM-7 septets or 70 UCS-2
units; each part of a series loses room to its header and holds 153 or 67.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final, Literal

Encoding = Literal["GSM-7", "UCS-2"]

GSM_BASIC: Final = frozenset(
    "@£$¥èéùìòÇ\nØø\rÅåΔ_ΦΓΛΩΠΨΣΘΞÆæßÉ !\"#¤%&'()*+,-./0123456789:;<=>?¡"
    "ABCDEFGHIJKLMNOPQRSTUVWXYZÄÖÑÜ§¿abcdefghijklmnopqrstuvwxyzäöñüà"
)
GSM_EXTENSION: Final = frozenset("\f^{}\\[~]|€")

_SINGLE: Final[dict[Encoding, int]] = {"GSM-7": 160, "UCS-2": 70}
_PART: Final[dict[Encoding, int]] = {"GSM-7": 153, "UCS-2": 67}


@dataclass(frozen=True, slots=True)
class Segments:
    """The size of a text: `units` are septets (GSM-7) or 16-bit units (UCS-2), padding excluded."""

    encoding: Encoding
    units: int
    segments: int


def count(text: str) -> Segments:
    """The encoding, units and segments `text` is sent as. An empty text has 0 segments.

    A character of two units is never cut by a segment boundary: the segment before it is left one
    unit short, so a series can cost more segments than units / size.
    """
    encoding: Encoding = "GSM-7" if is_gsm7(text) else "UCS-2"
    widths = [_width(character, encoding) for character in text]
    units = sum(widths)
    if units <= _SINGLE[encoding]:
        return Segments(encoding, units, 1 if units else 0)
    return Segments(encoding, units, _parts(widths, _PART[encoding]))


def is_gsm7(text: str) -> bool:
    """Whether every character is in the GSM-7 basic table or its extension table."""
    return all(character in GSM_BASIC or character in GSM_EXTENSION for character in text)


def _width(character: str, encoding: Encoding) -> int:
    if encoding == "GSM-7":
        return 2 if character in GSM_EXTENSION else 1
    return 2 if ord(character) > 0xFFFF else 1


def _parts(widths: Iterable[int], size: int) -> int:
    parts, used = 1, 0
    for width in widths:
        if used + width > size:
            parts, used = parts + 1, 0
        used += width
    return parts
