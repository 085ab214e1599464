# SPDX-License-Identifier: Apache-2.0
"""The processes of a crash campaign: each can be killed, put to sleep and started again, as a supervisor would."""

import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

import psycopg
from tests.support.postgres_cluster import Cluster

_RESTART_SECONDS = 60.0


@dataclass
class Actor:
    """A command that should be running. Its output goes to `log`; `ended` holds exits that nobody caused."""

    name: str
    command: list[str]
    environment: dict[str, str]
    log: Path
    ended: list[int] = field(default_factory=list)
    asleep_until: float | None = None
    _process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        with self.log.open("ab") as log:
            self._process = subprocess.Popen(
                self.command, env={**os.environ, **self.environment}, stdin=subprocess.DEVNULL, stdout=log, stderr=log
            )

    @property
    def pid(self) -> int:
        return self._process.pid if self._process is not None else 0

    @property
    def running(self) -> bool:
        return self._process is not None and self._process.poll() is None

    @property
    def cpu_seconds(self) -> float:
        """Processor time of this process so far, from /proc."""
        ticks = Path(f"/proc/{self.pid}/stat").read_text("ascii").rpartition(")")[2].split()[11:13]
        return sum(map(int, ticks)) / os.sysconf("SC_CLK_TCK")

    def kill(self) -> None:
        """SIGKILL, also of one that sleeps; it is gone when this returns."""
        if self._process is not None:
            self._process.kill()
            self._process.wait()
            self._process = None
        self.asleep_until = None

    def sleep(self, until: float) -> None:
        """SIGSTOP; `look_after` wakes it at `until` (monotonic seconds)."""
        if self.running:
            os.kill(self.pid, signal.SIGSTOP)
            self.asleep_until = until

    def look_after(self, now: float) -> None:
        """Wake it when its time has come, start it again when it ended by itself."""
        if self.asleep_until is not None and now >= self.asleep_until:
            self.wake()
        if not self.running:
            if self._process is not None:
                self.ended.append(self._process.returncode)
            self.start()

    def wake(self) -> None:
        if self.asleep_until is not None and self.running:
            os.kill(self.pid, signal.SIGCONT)
        self.asleep_until = None

    def stop(self, seconds: float = 20.0) -> int | None:
        """SIGTERM; the exit status, None when it had to be killed."""
        if self._process is None:
            return None
        self.wake()
        self._process.terminate()
        try:
            return self._process.wait(seconds)
        except subprocess.TimeoutExpired:
            self.kill()
            return None

    def tracebacks(self) -> list[str]:
        """The last line of each traceback in the log."""
        found, inside = [], False
        for line in self.log.read_text("utf-8", "replace").splitlines() if self.log.exists() else []:
            if line.startswith("Traceback"):
                inside = True
            elif inside and line and not line.startswith((" ", "\t")):
                found.append(line)
                inside = False
        return found


class KillableCluster(Cluster):
    """A cluster whose postmaster is our child: killed, it leaves no zombie that looks alive to the next one."""

    _server: subprocess.Popen[bytes] | None = None

    def __init__(self) -> None:
        super().__init__(durable=True)

    def start(self) -> None:
        """Start, again and again while backends of a killed one still hold its memory, until it takes queries."""
        wait_for(self._takes_queries, _RESTART_SECONDS)

    def _takes_queries(self) -> bool:
        if self._server is None or self._server.poll() is not None:
            self._launch()
        try:
            psycopg.connect(self.url(), connect_timeout=5).close()
        except psycopg.OperationalError:
            return False
        return True

    def _launch(self) -> None:
        user = self._user
        options = ["-p", str(self.port), "-c", "listen_addresses=127.0.0.1", "-c", "unix_socket_directories="]
        with (self._folder / "log").open("ab") as log:
            self._server = subprocess.Popen(
                [str(self._programs / "postgres"), "-D", str(self._data), *options, "-c", "max_connections=100"],
                cwd=self._folder,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                user=user.pw_uid if user else None,
                group=user.pw_gid if user else None,
                env={"PATH": os.environ.get("PATH", ""), "LANG": "C.UTF-8", "HOME": str(self._folder)},
            )

    def kill(self) -> None:
        """SIGKILL the postmaster; the next start recovers from the log."""
        if self._server is not None:
            self._server.kill()
            self._server.wait()

    def stop(self, mode: str = "immediate") -> None:
        number = {"immediate": signal.SIGQUIT, "fast": signal.SIGINT}[mode]
        if self._server is not None and self._server.poll() is None:
            self._server.send_signal(number)
            self._server.wait(60)


def wait_for(holds: Callable[[], bool], seconds: float = 60.0) -> None:
    """Ask again and again until the answer is yes.

    Raises:
        TimeoutError: it never was.
    """
    never, deadline = threading.Event(), time.monotonic() + seconds
    while not holds():
        if time.monotonic() > deadline:
            raise TimeoutError("what was waited for did not happen")
        never.wait(0.05)


def python(*arguments: str) -> list[str]:
    """A command of this interpreter."""
    return [sys.executable, *arguments]
