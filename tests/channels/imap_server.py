# SPDX-License-Identifier: Apache-2.0
"""Debian's Dovecot as an IMAP server on 127.0.0.1, unpacked by `make mail-servers`: a maildir in a folder of its own.

Its daemon has the paths of an installed package built in, so only its IMAP process is used, one a connection, and the
login before that is ours. With `forget` a connection ends instead of the answer to a command.
"""

import asyncio
import os
import re
import ssl
import subprocess
import threading
from collections.abc import Iterator
from contextlib import contextmanager
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
    commands: list[str] = field(default_factory=list)

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

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """One connection."""
        try:
            writer.write(b"* OK ready\r\n")
            while line := await reader.readline():
                tag, command, *rest = line.decode().split(maxsplit=2)
                self.commands.append(command.upper())
                if command.upper() == "CAPABILITY":
                    writer.write(f"* CAPABILITY IMAP4rev1 AUTH=PLAIN\r\n{tag} OK done\r\n".encode())
                elif command.upper() == "LOGOUT":
                    writer.write(f"* BYE\r\n{tag} OK bye\r\n".encode())
                    break
                elif command.upper() == "LOGIN" and re.findall(r'"([^"]*)"|(\S+)', rest[0]) == [
                    ("", USER), (PASSWORD, "")
                ]:  # fmt: skip
                    await self._signed_in(tag, reader, writer)
                    break
                else:
                    writer.write(f"{tag} NO [AUTHENTICATIONFAILED] Authentication failed.\r\n".encode())
        except ConnectionError:
            pass
        finally:
            writer.close()

    async def _signed_in(self, tag: str, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        programs, root = UNPACKED / "usr/lib/dovecot", os.geteuid() == 0
        process = await asyncio.create_subprocess_exec(
            UNPACKED / "usr/bin/doveconf", "-f", "service=imap", "-c", self.folder / "conf", "-m", "imap", "-x",
            "-e", programs / "imap",
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            env={"LD_LIBRARY_PATH": f"{programs}:{programs}/modules", "USER": USER, "HOME": str(self.folder / "mail")},
            user=_NOBODY if root else None,
            group=_NOBODY if root else None,
            extra_groups=[] if root else None,
        )  # fmt: skip
        if process.stdin is None or process.stdout is None:
            raise AssertionError
        greeting = (await process.stdout.readline()).decode()
        writer.write(f"{tag} OK {greeting[greeting.index('[') :]}".encode())
        last = ""

        async def forwards(to: asyncio.StreamWriter) -> None:
            nonlocal last
            while line := await reader.readline():
                words = line.decode().upper().split()
                last = words[2] if words[1] == "UID" else words[1]
                self.commands.append(last)
                to.write(line)
            to.close()

        sending = asyncio.create_task(forwards(process.stdin))
        while answer := await process.stdout.read(65_536):
            if last in self.forget and not answer.startswith(b"* "):
                process.kill()
                break
            writer.write(answer)
            await writer.drain()
        sending.cancel()
        await process.wait()


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
    server, loop, ready = Imap(folder, tls=tls), asyncio.new_event_loop(), threading.Event()

    async def main() -> None:
        listening = await asyncio.start_server(server.serve, "127.0.0.1", 0, ssl=tls)
        server.port = listening.sockets[0].getsockname()[1]
        ready.set()
        async with listening:
            await stop.wait()
        left = asyncio.all_tasks() - {asyncio.current_task()}  # connections whose client went away
        for task in left:
            task.cancel()
        await asyncio.gather(*left, return_exceptions=True)

    stop = asyncio.Event()
    thread = threading.Thread(target=loop.run_until_complete, args=(main(),))
    thread.start()
    try:
        if not ready.wait(20):
            raise TimeoutError
        yield server
    finally:
        loop.call_soon_threadsafe(stop.set)
        thread.join(20)
        loop.close()
