# SPDX-License-Identifier: Apache-2.0
"""Calls to URLs that others write must not reach into our own network: which addresses are public, and who asks."""

import asyncio
import socket
from collections.abc import Awaitable, Callable, Sequence
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address
from typing import Final, assert_never
from urllib.parse import urlsplit

from aiohttp.abc import AbstractResolver, ResolveResult

Address = IPv4Address | IPv6Address
Lookup = Callable[[str, int], Awaitable[Sequence[str]]]
"""Resolves a host name and a port to addresses as text; raises OSError or ValueError."""

# Written out because `ipaddress.is_global` has changed its mind between Python's patch releases.
# Source: IANA's special-purpose registries (RFC 6890), and the multicast and reserved blocks.
_NOT_PUBLIC_4: Final = tuple(
    IPv4Network(block)
    for block in (
        "0.0.0.0/8", "10.0.0.0/8", "100.64.0.0/10", "127.0.0.0/8", "169.254.0.0/16", "172.16.0.0/12",
        "192.0.0.0/24", "192.0.2.0/24", "192.88.99.0/24", "192.168.0.0/16", "198.18.0.0/15",
        "198.51.100.0/24", "203.0.113.0/24", "224.0.0.0/4", "240.0.0.0/4",
    )
)  # fmt: skip
# IPv6 is the other way round: only global unicast may pass, so that IPv4 in disguise (::ffff:0:0/96 mapped,
# 64:ff9b::/96 NAT64), ULA, link-local and multicast stay outside; then Teredo, 6to4, documentation come off.
_GLOBAL_UNICAST_6: Final = IPv6Network("2000::/3")
_NOT_PUBLIC_6: Final = tuple(IPv6Network(block) for block in ("2001::/23", "2001:db8::/32", "2002::/16", "3fff::/20"))

_NOWHERE: Final = (".localhost", ".local", ".internal", ".lan", ".home.arpa", ".test", ".invalid")  # RFC 6761, 8375


class AddressError(Exception):
    """A host that is not to be connected to, or is not there; `temporary`: another attempt may help."""

    def __init__(self, words: str, *, temporary: bool = False) -> None:
        super().__init__(words)
        self.words = words
        self.temporary = temporary


def is_public(address: Address) -> bool:
    """Whether the address belongs to the open internet rather than to somebody's own network."""
    match address:
        case IPv4Address():
            return not any(address in block for block in _NOT_PUBLIC_4)
        case IPv6Address():
            return address in _GLOBAL_UNICAST_6 and not any(address in block for block in _NOT_PUBLIC_6)
        case _ as never:
            assert_never(never)


def may_be_public(url: str) -> bool:
    """Whether somebody elsewhere may reach a URL of ours, as far as it tells by itself."""
    host = (urlsplit(url).hostname or "").lower().rstrip(".")
    try:
        return is_public(ip_address(host))
    except ValueError:
        return "." in host and not host.endswith(_NOWHERE)


async def look_up(host: str, port: int) -> Sequence[str]:
    """Ask the system's resolver for every address of the host."""
    found = await asyncio.get_running_loop().getaddrinfo(host, port, type=socket.SOCK_STREAM)
    return list(dict.fromkeys(str(sockaddr[0]) for *_, sockaddr in found))


class PublicAddresses(AbstractResolver):
    """Resolves hosts for aiohttp, to addresses that may be connected to, and to nothing else.

    The connector gets exactly the addresses that were checked, so that DNS cannot swap them between. `setting` is
    named where an address is refused. Literal addresses are no names: aiohttp does not ask, so `check` them first.
    """

    def __init__(
        self,
        setting: str,
        *,
        allow_private: bool = False,
        timeout: float = 30.0,
        allowed: Callable[[Address], bool] = is_public,
        lookup: Lookup = look_up,
    ) -> None:
        self._setting = setting
        self._allow_private = allow_private
        self._timeout = timeout
        self._allowed = allowed
        self._lookup = lookup

    def check(self, host: str) -> None:
        """Refuse a literal address that is not allowed or oddly written. Raises AddressError."""
        literal = _literal(host)
        if literal is not None:
            self._refuse([literal])

    async def addresses(self, host: str, port: int) -> list[Address]:
        """Every address of the host. Raises AddressError: there is none, or one that is not allowed."""
        literal = _literal(host)
        found = [literal] if literal is not None else await self._found(host, port)
        self._refuse(found)
        return found

    async def resolve(
        self,
        host: str,
        port: int = 0,
        family: socket.AddressFamily = socket.AF_UNSPEC,  # noqa: ARG002  # aiohttp's signature
    ) -> list[ResolveResult]:
        """See `AbstractResolver`. Raises AddressError."""
        return results(host, port, await self.addresses(host, port))

    async def close(self) -> None:
        """Nothing is held open."""

    def _refuse(self, addresses: Sequence[Address]) -> None:
        for address in () if self._allow_private else addresses:
            if not self._allowed(address):
                raise AddressError(f"the address {address} is private and not allowed (setting {self._setting})")

    async def _found(self, host: str, port: int) -> list[Address]:
        try:
            async with asyncio.timeout(self._timeout):
                found = [ip_address(text) for text in await self._lookup(host, port)]
        except TimeoutError:
            seconds = f"{self._timeout:g} second{'' if self._timeout == 1 else 's'}"
            raise AddressError(f"timed out after {seconds}", temporary=True) from None
        except (OSError, ValueError):  # a name that cannot be encoded is a ValueError
            found = []
        if not found:
            raise AddressError(f"the host {host} was not found", temporary=True)
        return found


def results(host: str, port: int, addresses: Sequence[Address]) -> list[ResolveResult]:
    """Addresses as aiohttp wants them."""
    return [
        ResolveResult(
            hostname=host,
            host=str(address),
            port=port,
            family=socket.AF_INET if address.version == 4 else socket.AF_INET6,
            proto=0,
            flags=socket.AI_NUMERICHOST | socket.AI_NUMERICSERV,
        )
        for address in addresses
    ]


def _literal(host: str) -> Address | None:
    # aiohttp connects to a literal without asking the resolver, so it must be one that we read the same.
    try:
        return ip_address(host)
    except ValueError:
        if ":" in host or host.replace(".", "").isdigit():
            raise AddressError(f"the address {host} is not written in the usual form") from None
        return None
