# SPDX-License-Identifier: Apache-2.0
"""What people who use the web page may do: editing is apart from sending."""

from collections.abc import Iterable
from enum import StrEnum


class Role(StrEnum):
    """One person may have several in a workspace; each of them may also look at everything."""

    OWNER = "owner"
    EDITOR = "editor"
    SENDER = "sender"
    READER = "reader"


class Need(StrEnum):
    """What a call asks of whoever makes it."""

    READ = "read"
    EDIT = "edit"
    SEND = "send"
    OWN = "own"


_SCOPES: dict[Role, frozenset[str]] = {
    Role.OWNER: frozenset({"app", "manage"}),
    Role.EDITOR: frozenset({"app:read", "manage:read", "app:write", "manage:edit"}),
    Role.SENDER: frozenset({"app:read", "manage:read", "app:send", "manage:send"}),
    Role.READER: frozenset({"app:read", "manage:read"}),
}


def scopes_of(roles: Iterable[Role]) -> frozenset[str]:
    """The same scopes that keys have, for a person's roles."""
    return frozenset().union(*(_SCOPES[role] for role in roles))


def parsed(text: str) -> tuple[Role, ...]:
    """Roles as they are stored: words with spaces between; in the order of `Role`, each once."""
    words = set(text.split())
    return tuple(role for role in Role if role.value in words)


def stored(roles: Iterable[Role]) -> str:
    """The opposite of `parsed`."""
    wanted = set(roles)
    return " ".join(role.value for role in Role if role in wanted)
