# SPDX-License-Identifier: Apache-2.0
"""Debian's Dovecot as an IMAP server on 127.0.0.1, unpacked by `make mail-servers`: a maildir in a folder of its own.

Its daemon has the paths of an installed package built in, so only its IMAP process is used, one a connection, and the
login before that is ours. With `forget` a connection ends instead of the answer to a command.
"""

import os
import re
import socket
import socketserver
import ssl
import subprocess
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path

from .mail_servers import UNPACKED

USER, PASSWORD = "bounces", "very secret"
_NOBODY = 65534
_CONF = """\
base_dir = {folder}/run
log_path = {folder}/imap-log
mail_plugin_dir = {programs}/modules
ssl = no
first_valid_uid = 1
first_valid_gid = 1
mail_uid = {uid}
mail_gid = {gid}
mail_location = maildir:{folder}/mail
stats_writer_socket_path =
"""


def are_there() -> bool:
    """Whether Dovecot can be started here."""
    return (UNPACKED / "usr/lib/dovecot/imap").exists()


@dataclass
class Imap:
    """A running server. `forget`: the commands, such as ``STORE``, that end a connection once they are done."""

    folder: Path
    port: int = 0
    tls: ssl.SSLContext | None = None
    forget: set[str] = field(default_factory=set)

    @property
    def maildir(self) -> Path:
        """Where mail is put by whoever delivers it."""
        return self.folder / "mail" / "new"

    def deliver(self, name: str, raw: bytes) -> None:
        """What a mail server does."""
        target = self.maildir / name
        target.write_bytes(raw)
        target.chmod(0o666)
        if os.geteuid() == 0:
            os.chown(target, _NOBODY, _NOBODY)


class _Connection(socketserver.BaseRequestHandler):
    """One, in a thread of its own."""

    def handle(self) -> None:
        self.imap: Imap = self.server.imap  # type: ignore[attr-defined]
        self.last = ""
        with suppress(OSError):  # the client hung up, or would not have our certificate
            self.request.settimeout(20)
            self.line = self.request
            if self.imap.tls is not None:
                self.line = self.imap.tls.wrap_socket(self.request, server_side=True)
            with self.line, self.line.makefile("rb") as lines:
                self._greet(lines)

    def _greet(self, lines: Iterator[bytes]) -> None:
        self.line.sendall(b"* OK ready\r\n")
        for line in lines:
            tag, command, *rest = line.decode().split(maxsplit=2)
            if command.upper() == "CAPABILITY":
                self.line.sendall(f"* CAPABILITY IMAP4rev1 AUTH=PLAIN\r\n{tag} OK done\r\n".encode())
            elif command.upper() == "LOGOUT":
                self.line.sendall(f"* BYE\r\n{tag} OK bye\r\n".encode())
                return
            elif command.upper() == "LOGIN" and re.findall(r'[^\s"]+|"[^"]*"', rest[0]) == [USER, f'"{PASSWORD}"']:
                self._hand_over(tag, lines)
                return
            else:
                self.line.sendall(f"{tag} NO [AUTHENTICATIONFAILED] Authentication failed.\r\n".encode())

    def _hand_over(self, tag: str, lines: Iterator[bytes]) -> None:
        """To Dovecot, which takes whoever starts it for signed in."""
        programs, root = UNPACKED / "usr/lib/dovecot", os.geteuid() == 0
        conf = self.imap.folder / "conf"
        command: list[str | Path] = [
            UNPACKED / "usr/bin/doveconf",
            "-f",
            "service=imap",
            "-c",
            conf,
            "-m",
            "imap",
            "-x",
            "-e",
        ]
        mail = str(self.imap.folder / "mail")
        with subprocess.Popen(
            [*command, programs / "imap"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            env={"LD_LIBRARY_PATH": f"{programs}:{programs}/modules", "USER": USER, "HOME": mail},
            user=_NOBODY if root else None,
            group=_NOBODY if root else None,
            extra_groups=[] if root else None,
        ) as process:
            if process.stdin is None or process.stdout is None:
                raise AssertionError
            greeting = process.stdout.readline().decode()
            self.line.sendall(f"{tag} OK {greeting[greeting.index('[') :]}".encode())
            thread = threading.Thread(target=self._answers, args=(process,))
            thread.start()
            with suppress(OSError):
                for line in lines:
                    words = line.decode().upper().split()
                    self.last = words[2] if words[1] == "UID" else words[1]
                    process.stdin.write(line)
                    process.stdin.flush()
            process.kill()
            thread.join()

    def _answers(self, process: "subprocess.Popen[bytes]") -> None:
        if process.stdout is None:
            raise AssertionError
        with suppress(OSError):
            while answer := os.read(process.stdout.fileno(), 65_536):
                if self.last in self.imap.forget:
                    break
                self.line.sendall(answer)
        with suppress(OSError):
            self.line.shutdown(socket.SHUT_RDWR)


class _Listener(socketserver.ThreadingTCPServer):
    allow_reuse_address = True
    daemon_threads = False  # closing it waits for its connections

    def __init__(self, imap: Imap) -> None:
        super().__init__(("127.0.0.1", 0), _Connection)
        self.imap = imap


@contextmanager
def running(folder: Path, tls: ssl.SSLContext | None = None) -> Iterator[Imap]:
    """Dovecot with its files in `folder`, which everybody has to be able to enter."""
    root = os.geteuid() == 0
    owner = (_NOBODY, _NOBODY) if root else (os.geteuid(), os.getegid())
    programs = UNPACKED / "usr/lib/dovecot"
    (folder / "conf").write_text(_CONF.format(folder=folder, programs=programs, uid=owner[0], gid=owner[1]))
    for name in ("run", "mail", "mail/new", "mail/cur", "mail/tmp"):
        (folder / name).mkdir()
        if root:
            os.chown(folder / name, *owner)
    (folder / "imap-log").touch()
    (folder / "imap-log").chmod(0o666)
    imap = Imap(folder, tls=tls)
    with _Listener(imap) as server:
        imap.port = server.server_address[1]
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        try:
            yield imap
        finally:
            server.shutdown()
            thread.join()
