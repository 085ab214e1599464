# SPDX-License-Identifier: Apache-2.0
"""A mailbox over IMAP (RFC 3501): what is unread in it, a message's bytes, and a mark that it is done with."""

import imaplib
import ssl
from collections.abc import Sequence
from dataclasses import dataclass, field
from types import TracebackType
from typing import Any, Literal, Self

from clarion.channels.words import printable
from clarion.domain.errors import SetupError

_MOST_BYTES = 1_000_000  # of a message; a report stands before what it returns
_USUAL_PORTS = {"none": 143, "starttls": 143, "tls": 993}


class MailboxError(Exception):
    """It cannot be read now; the sentence says why."""


@dataclass(frozen=True, slots=True)
class MailboxSettings:
    """See the section `bounces` of `settings.default.toml`. Raises SetupError for what cannot be meant."""

    host: str
    port: int
    security: Literal["tls", "starttls", "none"]
    username: str
    password: str = field(repr=False)
    folder: str = "INBOX"
    done_folder: str = ""
    timeout: float = 30.0
    verify: bool = True
    ca_file: str = ""

    def __post_init__(self) -> None:
        if not self.port:
            object.__setattr__(self, "port", _USUAL_PORTS[self.security])
        if not self.username:
            raise SetupError("bounces: username is empty; name the user of the mailbox")
        if self.security == "none" and self.host not in {"localhost", "127.0.0.1", "::1"}:
            raise SetupError("bounces: the password would cross the network in clear text; set security to tls")
        for name in ("username", "password", "folder", "done_folder"):
            if any(ord(character) < 32 for character in getattr(self, name)):
                raise SetupError(f"bounces: {name} holds a control character")
        _ = self.tls()

    @property
    def name(self) -> str:
        """What it is known by: two processes with the same mailbox say the same."""
        return f"{self.username}@{self.host}:{self.port}/{self.folder}"

    def tls(self) -> ssl.SSLContext:
        """The rules for certificates. Raises SetupError: bad `ca_file`."""
        try:
            context = ssl.create_default_context(cafile=self.ca_file or None)
        except OSError as error:
            raise SetupError(f"bounces: ca_file {self.ca_file} cannot be used: {error}") from error
        if not self.verify:
            context.check_hostname = False
            context.verify_mode = ssl.CERT_NONE
        return context


class Mailbox:
    """One connection, in a `with`; blocking. Each call raises MailboxError."""

    def __init__(self, settings: MailboxSettings) -> None:
        self._settings = settings
        self._imap: Any = None

    def __enter__(self) -> Self:
        self._asked(self._connect)
        try:
            self._asked(self._imap.select, _quoted(self._settings.folder))
        except MailboxError:
            self._imap.shutdown()
            raise
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        try:
            self._imap.logout()
        except (OSError, imaplib.IMAP4.error):  # what was marked is marked
            self._imap.shutdown()

    def unread(self) -> Sequence[str]:
        """What is neither read nor about to be removed, oldest first, by UID."""
        found = self._asked(self._imap.uid, "SEARCH", "UNSEEN", "UNDELETED")
        return [uid.decode() for uid in (found[0] or b"").split()]

    def content(self, uid: str) -> bytes | None:
        """A message, at most 1 MB of it, without marking it as read; None when it is gone."""
        found = self._asked(self._imap.uid, "FETCH", uid, f"(UID BODY.PEEK[]<0.{_MOST_BYTES}>)")
        return next((bytes(one[1]) for one in found if isinstance(one, tuple)), None)

    def done(self, uid: str, *, understood: bool) -> None:
        """Mark it as read; one that was understood goes to the folder for those, where there is one."""
        self._asked(self._imap.uid, "STORE", uid, "+FLAGS.SILENT", "(\\Seen)")
        if not understood or not self._settings.done_folder:
            return
        target = _quoted(self._settings.done_folder)
        if "MOVE" in self._imap.capabilities:  # RFC 6851
            self._asked(self._imap.uid, "MOVE", uid, target)
        else:
            self._asked(self._imap.uid, "COPY", uid, target)
            self._asked(self._imap.uid, "STORE", uid, "+FLAGS.SILENT", "(\\Deleted)")

    def _connect(self) -> tuple[str, list[Any]]:
        given = self._settings
        where = (given.host, given.port)
        if given.security == "tls":
            self._imap = imaplib.IMAP4_SSL(*where, ssl_context=given.tls(), timeout=given.timeout)
        else:
            self._imap = imaplib.IMAP4(*where, timeout=given.timeout)
        try:
            if given.security == "starttls":
                self._imap.starttls(given.tls())
            self._imap.login(given.username, given.password)
            if given.done_folder:
                self._imap.create(_quoted(given.done_folder))  # a "NO" says that it is there already
        except BaseException:
            self._imap.shutdown()
            raise
        return "OK", []

    def _asked(self, command: Any, *arguments: str) -> list[Any]:
        try:
            status, found = command(*arguments)
        except (OSError, imaplib.IMAP4.error) as error:
            words = error.args[0] if error.args and isinstance(error.args[0], bytes) else str(error).encode()
            raise MailboxError(printable(words.decode("utf-8", "replace")) or type(error).__name__) from error
        if status != "OK":
            said = found[0] if found and isinstance(found[0], bytes) else b""
            raise MailboxError(printable(said.decode("utf-8", "replace")) or f"the server answered {status}")
        return list(found)


def _quoted(name: str) -> str:
    """A folder's name as a quoted string (RFC 3501 §4.3)."""
    escaped = name.replace("\\", "\\\\").replace('"', '\\"')
    return f'"{escaped}"'
