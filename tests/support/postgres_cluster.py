# SPDX-License-Identifier: Apache-2.0
"""A private PostgreSQL cluster on a free port of 127.0.0.1, for tests and benchmarks; gone afterwards."""

import os
import pwd
import shutil
import socket
import subprocess
import tempfile
from pathlib import Path

import psycopg

INSTALL_HINT = "PostgreSQL is not installed: apt-get install -y postgresql"


def binaries() -> Path | None:
    """The newest installed server's folder of programs, or None."""
    found = sorted(
        (path for path in Path("/usr/lib/postgresql").glob("*/bin") if (path / "initdb").exists()),
        key=lambda path: int(path.parent.name),
    )
    if found:
        return found[-1]
    on_path = shutil.which("initdb")
    return Path(on_path).parent if on_path else None


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


class Cluster:
    """initdb, start, stop. As root the server runs as the user `postgres` (or `nobody`), as initdb demands."""

    def __init__(self, *, durable: bool = False) -> None:
        programs = binaries()
        if programs is None:
            raise RuntimeError(INSTALL_HINT)
        self._programs = programs
        self._durable = durable
        self._folder = Path(tempfile.mkdtemp(prefix="clarion-pg-"))
        self._data = self._folder / "data"
        self.port = free_port()
        self._user = self._server_user()
        if self._user is not None:
            os.chown(self._folder, self._user.pw_uid, self._user.pw_gid)
        self.make()
        self.start()

    def make(self) -> None:
        """Make the data folder."""
        options = ("-U", "clarion", "--auth=trust", "-E", "UTF8", "--locale=C.UTF-8", "-N")
        self._run("initdb", "-D", str(self._data), *options)

    @staticmethod
    def _server_user() -> pwd.struct_passwd | None:
        if os.geteuid() != 0:
            return None
        for name in ("postgres", "nobody"):
            try:
                return pwd.getpwnam(name)
            except KeyError:
                continue
        raise RuntimeError("running as root, and there is neither a user postgres nor nobody")

    def _run(self, program: str, *arguments: str) -> None:
        user = self._user
        subprocess.run(
            [str(self._programs / program), *arguments],
            check=True,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            cwd=self._folder,
            user=user.pw_uid if user else None,
            group=user.pw_gid if user else None,
            env={"PATH": os.environ.get("PATH", ""), "LANG": "C.UTF-8", "HOME": str(self._folder)},
        )

    def start(self) -> None:
        options = f"-p {self.port} -c listen_addresses=127.0.0.1 -c unix_socket_directories='' -c max_connections=100"
        if not self._durable:
            options += " -c fsync=off -c synchronous_commit=off -c full_page_writes=off"
        log = str(self._folder / "log")
        self._run("pg_ctl", "-D", str(self._data), "-l", log, "-o", options, "-w", "-t", "60", "start")

    def stop(self, mode: str = "immediate") -> None:
        self._run("pg_ctl", "-D", str(self._data), "-m", mode, "-w", "-t", "60", "stop")

    def url(self, database: str = "postgres") -> str:
        return f"postgresql://clarion@127.0.0.1:{self.port}/{database}"

    def create(self, database: str) -> str:
        with psycopg.connect(self.url(), autocommit=True) as connection:
            connection.execute(f'CREATE DATABASE "{database}"'.encode())
        return self.url(database)

    def drop(self, database: str) -> None:
        with psycopg.connect(self.url(), autocommit=True) as connection:
            connection.execute(f'DROP DATABASE "{database}" WITH (FORCE)'.encode())

    def close(self) -> None:
        self.stop()
        shutil.rmtree(self._folder, ignore_errors=True)
