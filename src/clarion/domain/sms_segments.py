# SPDX-License-Identifier: Apache-2.0
"""In how many pieces an SMS goes out (3GPP TS 23.038 and 23.040), each of which is charged. So counts the composer."""

from dataclasses import dataclass

_GSM = frozenset(
    "@£$¥èéùìòÇ\nØø\rÅåΔ_ΦΓΛΩΠΨΣΘΞÆæßÉ !\"#¤%&'()*+,-./0123456789:;<=>?¡ABCDEFGHIJKLMNOPQRSTUVWXYZÄÖÑÜ§"
    "¿abcdefghijklmnopqrstuvwxyzäöñüà"
)
_GSM_TWICE = frozenset("^{}\\[~]|€")


@dataclass(frozen=True, slots=True)
class Segments:
    """`length` in characters, as the encoding counts them."""

    count: int
    length: int
    encoding: str


def segments_of(text: str) -> Segments:
    """160 places in GSM-7, 70 in UCS-2; of several pieces each has 153 or 67."""
    plain = _GSM.union(_GSM_TWICE).issuperset(text)
    if plain:
        length, alone, each = sum(2 if one in _GSM_TWICE else 1 for one in text), 160, 153
    else:
        length, alone, each = len(text.encode("utf-16-le", "replace")) // 2, 70, 67
    count = -(-length // each) if length > alone else min(length, 1)
    return Segments(count, length, "GSM-7" if plain else "UCS-2")
