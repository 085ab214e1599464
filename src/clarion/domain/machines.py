# SPDX-License-Identifier: Apache-2.0
"""Who opens a mail or follows a link: a person, or a program that looks at mail before a person does (contract §11).

The rules are data. A guess by what a request says of itself, where it comes from, and how soon; a program that poses as
a browser and takes its time is taken for a person.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from ipaddress import IPv4Network, IPv6Network, ip_address
from typing import Literal

Network = IPv4Network | IPv6Network


@dataclass(frozen=True, slots=True)
class Seen:
    """A request for a picture or a link; `headers` by name in lower case."""

    method: str
    headers: Mapping[str, str]
    address: str = ""


@dataclass(frozen=True, slots=True)
class RequestRule:
    """Decides about requests for which all of what it names is so.

    `says`: it is a machine; or a service that fetches for its reader when they read (`proxy`), which is a person.
    """

    name: str
    says: Literal["machine", "proxy"]
    source: str
    methods: frozenset[str] = frozenset()
    agent: re.Pattern[str] | None = None
    header: str = ""
    value: re.Pattern[str] | None = None
    networks: tuple[Network, ...] = ()

    def applies(self, seen: Seen) -> bool:
        """Whether a request is of this kind."""
        return (
            (not self.methods or seen.method in self.methods)
            and (self.agent is None or self.agent.search(seen.headers.get("user-agent", "").strip()) is not None)
            and (self.value is None or self.value.search(seen.headers.get(self.header, "")) is not None)
            and (not self.networks or self._is_from_there(seen.address))
        )

    def _is_from_there(self, address: str) -> bool:
        try:
            found = ip_address(address)
        except ValueError:
            return False
        found = getattr(found, "ipv4_mapped", None) or found
        return any(found.version == network.version and found in network for network in self.networks)


@dataclass(frozen=True, slots=True)
class SpeedRule:
    """What is too fast for a person. `of`: the first opening, a click, so many different links of one message."""

    name: str
    of: Literal["opened", "clicked", "links"]
    within_ms: int
    source: str
    links: int = 1


@dataclass(frozen=True, slots=True)
class Pace:
    """How fast something was; `since_sent_ms` None: nobody knows."""

    since_sent_ms: int | None
    links: Sequence[int] = field(default=())
    """How long ago the message's other links were followed last, each."""


@dataclass(frozen=True, slots=True)
class MachineRules:
    """All of them, in the order in which they are asked."""

    requests: tuple[RequestRule, ...] = ()
    speeds: tuple[SpeedRule, ...] = ()

    def decider(self, seen: Seen) -> RequestRule | None:
        """The rule that decides about a request; None: a person."""
        return next((one for one in self.requests if one.applies(seen)), None)

    def too_fast(self, of: Literal["opened", "clicked"], pace: Pace) -> SpeedRule | None:
        """The rule by which something was too fast for a person."""
        for one in self.speeds:
            if one.of == "links":
                if of == "clicked" and 1 + sum(ago <= one.within_ms for ago in pace.links) >= one.links:
                    return one
            elif one.of == of and pace.since_sent_ms is not None and 0 <= pace.since_sent_ms <= one.within_ms:
                return one
        return None


NO_RULES = MachineRules()
