# SPDX-License-Identifier: Apache-2.0
"""Postfix's smtp-sink and smtp-source: the other side of the measurements that send mail, and their reference."""

import os
import re
import resource
import shutil
import socket
import subprocess
import tempfile
import time
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from clarion.domain.errors import SendError
from clarion.domain.messages import EmailMessage

INSTALL_HINT = "smtp-sink is not installed: `make mail-servers` (Debian) gets it"
UNPACKED = Path(__file__).parent.parent / ".mail-servers"  # where `make mail-servers` puts Debian's packages
_PATIENCE = 10.0  # seconds


@dataclass(frozen=True, slots=True)
class Tools:
    """Where the programs and the folder of their libraries are; None where the system's own loader finds them."""

    sink: Path
    source: Path
    libraries: Path | None

    def environment(self) -> dict[str, str]:
        """For running them."""
        if self.libraries is None:
            return dict(os.environ)
        return {**os.environ, "LD_LIBRARY_PATH": str(self.libraries)}


def find_tools() -> Tools | None:
    """The installed programs, else those that `make mail-servers` unpacked, else None."""
    sink, source = shutil.which("smtp-sink"), shutil.which("smtp-source")
    if sink and source:
        return Tools(Path(sink), Path(source), None)
    programs = UNPACKED / "usr" / "sbin"
    if (programs / "smtp-sink").exists():
        return Tools(programs / "smtp-sink", programs / "smtp-source", UNPACKED / "usr" / "lib" / "postfix")
    return None


def free_port() -> int:
    """A port of 127.0.0.1 that nobody has."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


class Sink:
    """smtp-sink on a port of 127.0.0.1, as a context manager. It takes everything and keeps nothing.

    `counting` makes it count, at the price of a write for each message. Raises RuntimeError when it is not installed
    or does not come up.
    """

    def __init__(self, port: int = 0, *, counting: bool = False) -> None:
        tools = find_tools()
        if tools is None:
            raise RuntimeError(INSTALL_HINT)
        self.port = port or free_port()
        self._tools = tools
        self._counting = counting
        self._process: subprocess.Popen[bytes] | None = None
        self._log = tempfile.TemporaryFile()  # noqa: SIM115 - as long as this object

    def __enter__(self) -> "Sink":
        user = ("-u", "nobody") if os.geteuid() == 0 else ()
        self._process = subprocess.Popen(
            [str(self._tools.sink), *user, *(("-c",) if self._counting else ()), f"127.0.0.1:{self.port}", "1000"],
            env=self._tools.environment(),
            cwd="/",
            stdin=subprocess.DEVNULL,
            stdout=self._log,
            stderr=subprocess.STDOUT,
        )
        until = time.monotonic() + _PATIENCE
        while time.monotonic() < until:
            if self._process.poll() is not None:
                break
            try:
                socket.create_connection(("127.0.0.1", self.port), timeout=1).close()
            except OSError:
                time.sleep(0.02)
            else:
                return self
        self.__exit__()
        raise RuntimeError(f"smtp-sink did not come up: {self._output()[-300:]}")

    def __exit__(self, *_: object) -> None:
        if self._process is not None and self._process.poll() is None:
            self._process.terminate()
            self._process.wait(_PATIENCE)

    def count(self) -> int:
        """How many messages it has taken, if it is counting."""
        return int((re.findall(r"mesg=(\d+)\r", self._output()) or ["0"])[-1])

    def cpu_seconds(self) -> float:
        """CPU time it has used."""
        if self._process is None:
            return 0.0
        fields = Path(f"/proc/{self._process.pid}/stat").read_text("ascii").rpartition(")")[2].split()
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")

    def source_rate(self, count: int, *, size: int = 4500, sessions: int = 20) -> float:
        """Messages a second that smtp-source hands to this sink; `size` in bytes."""
        return self.source(count, size=size, sessions=sessions)[0]

    def source(self, count: int, *, size: int = 4500, sessions: int = 20) -> tuple[float, float]:
        """The same, and µs of smtp-source's CPU for each message."""
        started, before = time.monotonic(), _children_seconds()
        subprocess.run(
            [
                str(self._tools.source),
                *("-s", str(sessions), "-l", str(size), "-m", str(count), "-d"),
                *("-f", "news@sender.example", "-t", "ann@recipient.example"),
                f"127.0.0.1:{self.port}",
            ],
            env=self._tools.environment(),
            check=True,
            timeout=600,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        seconds, cpu_seconds = time.monotonic() - started, _children_seconds() - before
        return count / seconds, cpu_seconds / count * 1e6

    def _output(self) -> str:
        size = self._log.seek(0, os.SEEK_END)
        return os.pread(self._log.fileno(), 4096, max(0, size - 4096)).decode("ascii", "replace")


def _children_seconds() -> float:
    usage = resource.getrusage(resource.RUSAGE_CHILDREN)
    return usage.ru_utime + usage.ru_stime


class ReadySource:
    """A source of messages that are there already; counts how many were sent, and raises what one failed with."""

    def __init__(self, messages: Iterable[EmailMessage]) -> None:
        self._messages: Iterator[EmailMessage] = iter(messages)
        self.sent = 0

    def take(self) -> "_Ready | None":
        message = next(self._messages, None)
        return None if message is None else _Ready(message, self)


class _Ready:
    __slots__ = ("message", "source")

    def __init__(self, message: EmailMessage, source: ReadySource) -> None:
        self.message = message
        self.source = source

    def begin(self) -> bool:
        return True

    def gone(self, tokens: Sequence[str]) -> None:
        raise AssertionError(tokens)

    def sent(self, words: str) -> None:  # noqa: ARG002 - the contract's
        self.source.sent += 1

    def failed(self, error: SendError) -> None:
        raise error

    def untouched(self) -> None:
        raise AssertionError("nothing here may be stopped")
