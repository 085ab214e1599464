# SPDX-License-Identifier: Apache-2.0
"""Passwords: hashed with argon2id, two at a time and off the event loop, since each takes 64 MB for a moment."""

import asyncio

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

LEAST, MOST = 10, 200  # characters
_AT_ONCE = 2


class Passwords:
    """Hashes and checks, for one process."""

    def __init__(self, hasher: PasswordHasher | None = None) -> None:
        self._hasher = hasher or PasswordHasher()
        self._turn = asyncio.Semaphore(_AT_ONCE)
        self._of_nobody: str | None = None

    async def hashed(self, password: str) -> str:
        """What is stored of it."""
        async with self._turn:
            return await asyncio.to_thread(self._hasher.hash, password)

    async def matches(self, stored: str | None, password: str) -> bool:
        """Whether it is the one that was stored; for nobody (None) it takes as long, and is False."""
        async with self._turn:
            return await asyncio.to_thread(self._check, stored, password)

    def _check(self, stored: str | None, password: str) -> bool:
        if stored is None:
            self._of_nobody = self._of_nobody or self._hasher.hash("nobody has this password")
        try:
            self._hasher.verify(stored or self._of_nobody or "", password)
        except (VerificationError, InvalidHashError):
            return False
        return stored is not None
