# SPDX-License-Identifier: Apache-2.0
"""How many e-mails a second go to one domain of recipients: by the settings, and as somebody has changed it. Pure."""

import re
from collections.abc import Mapping

LEAST_A_SECOND, MOST_A_SECOND = 0.001, 1_000_000
"""Of what is set while the server runs; the time of a slower limit would end beyond what databases count."""
_DOMAIN = re.compile(r"(?=.{3,253}\Z)[^\s@=,./\\:]+(\.[^\s@=,./\\:]+)+")


def parse_domain(text: str) -> str:
    """A domain as limits name it: in lower case.

    Raises:
        ValueError: it is none.
    """
    domain = text.strip().lower()
    if not _DOMAIN.fullmatch(domain):
        raise ValueError("a domain such as gmail.com")
    return domain


def parse_limits(text: str) -> dict[str, float]:
    """`gmail.com=100, outlook.com=50`.

    Raises:
        ValueError: the part that is none.
    """
    found: dict[str, float] = {}
    for part in filter(str.strip, text.split(",")):
        name, _, number = part.partition("=")
        try:
            domain, most = parse_domain(name), float(number)
        except ValueError:
            raise ValueError(part.strip()) from None
        if not 0 < most <= MOST_A_SECOND:
            raise ValueError(part.strip())
        found[domain] = most
    return found


def in_force(given: Mapping[str, float], changed: Mapping[str, float]) -> dict[str, float]:
    """What holds: that of the settings, unless somebody has changed it; 0 there means that there is none."""
    return {domain: most for domain, most in {**given, **changed}.items() if most}
