# SPDX-License-Identifier: Apache-2.0
"""`python -m tests.fuzz_api`: schemathesis against a running server, by its own OpenAPI document, on both engines.

No answer may be 500 or above, and none may break the schema that the document gives for it. What revokes the keys that
the run uses, or erases somebody for good, is left to other tests. Needs requirements/fuzz.txt and PostgreSQL.
"""

import argparse
import base64
import json
import os
import re
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from urllib.request import Request, urlopen

from openapi_spec_validator import validate  # type: ignore[import-not-found,unused-ignore]  # of requirements/fuzz.txt
from tests.support.postgres_cluster import Cluster

_TRACK = "^/api/(v1|v2)/|^/push"
_SESSION = "^/api/clarion/v1/session"  # opened by a cookie, to which no key is an answer
_APP = "^/api/clarion/v1/in_app/messages"  # opened by a person's token
_LEFT_OUT = f"{_TRACK}|{_SESSION}|{_APP}|/keys/|people/erase"
_CHECKS = "not_a_server_error,response_schema_conformance"
_OPEN = {
    "CLARION_LIMITS_ENABLED": "false",
    "CLARION_TRIGGER_INTERVAL_SECONDS": "0",
    "CLARION_TRIGGER_QUEUE": "1000000",
}
_RUN_SECONDS = 600


@dataclass(frozen=True)
class Server:
    """A demo server, and where its log is."""

    url: str
    log: Path


@contextmanager
def serving(database: str | None) -> Iterator[Server]:
    """A demo server on a free port; SQLite where no database is named."""
    with tempfile.TemporaryDirectory(prefix="clarion-fuzz-") as folder:
        log = Path(folder) / "log"
        named = {"CLARION_DATABASE_URL": database} if database else {}
        with (
            log.open("w", encoding="utf-8") as errors,
            subprocess.Popen(
                [sys.executable, "-m", "clarion", "serve", "--demo", "--json", "--port", "0"],
                cwd=folder,
                env={**os.environ, **_OPEN, **named, "TMPDIR": folder},
                stdout=subprocess.PIPE,
                stderr=errors,
                text=True,
            ) as process,
        ):
            try:
                assert process.stdout is not None
                yield Server(json.loads(process.stdout.readline())["url"], log)
            finally:
                process.terminate()
                process.wait(60)


def fuzzed(
    server: Server, credentials: str, seed: int, examples: int, *paths: str, may_be_refused: bool = False
) -> int:
    """One run over some of the routes; how many cases it made. Ends the program when one of them is wrong."""
    command = [
        str(Path(sys.executable).parent / "schemathesis"), "run", f"{server.url}/openapi.json",
        "-H", f"Authorization: {credentials}", "-c", _CHECKS, "-n", str(examples), "--phases", "examples,fuzzing",
        "--max-failures", "20", "--request-timeout", "30", "--seed", str(seed), *paths,
    ]  # fmt: skip
    run = subprocess.run(command, capture_output=True, text=True, check=False, timeout=_RUN_SECONDS)
    made = re.search(r"(\d+) generated", run.stdout)
    refused = "Authentication failed" in run.stdout and not may_be_refused
    if run.returncode != 0 or made is None or refused:
        sys.exit(f"{run.stdout}\n{run.stderr}")
    return int(made[1])


def _token(server: Server) -> str:
    """What opens the in-app messages of somebody."""
    asked = Request(
        f"{server.url}/api/clarion/v1/in_app/tokens",
        b'{"identifiers": {"id": "person-1"}}',
        {"Authorization": "Bearer demo-app-key", "Content-Type": "application/json"},
    )
    with urlopen(asked, timeout=30) as answer:
        token: str = json.load(answer)["token"]
        return token


def both_apis(server: Server, seed: int, examples: int) -> int:
    """Every route but those left out; how many cases."""
    with urlopen(f"{server.url}/openapi.json", timeout=30) as answer:
        validate(json.load(answer))
    basic = base64.b64encode(b"demo-site:demo-track-key").decode()
    cases = fuzzed(server, "Bearer demo-manage-key", seed, examples, "--exclude-path-regex", _LEFT_OUT)
    session = ("--include-path-regex", _SESSION)
    cases += fuzzed(server, "Bearer demo-manage-key", seed, examples, *session, may_be_refused=True)
    cases += fuzzed(server, f"Basic {basic}", seed, examples, "--include-path-regex", _TRACK)
    cases += fuzzed(server, f"Bearer {_token(server)}", seed, examples, "--include-path-regex", _APP)
    if "request.crashed" in server.log.read_text("utf-8"):
        sys.exit(server.log.read_text("utf-8"))
    return cases


def main() -> None:
    """Fuzz on SQLite and on PostgreSQL, at least so many cases on each."""
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--cases", type=int, default=5_000)
    options.add_argument("--seed", type=int, default=int.from_bytes(os.urandom(4)))
    given = options.parse_args()
    cluster = Cluster()
    try:
        for engine, database in (("sqlite", None), ("postgres", cluster.create("fuzz"))):
            cases, examples = 0, max(1, given.cases // 110)  # routes make about so many cases an example
            with serving(database) as server:
                while cases < given.cases:
                    cases += both_apis(server, given.seed + cases, examples)
            sys.stdout.write(f"{engine}: {cases} cases, seed {given.seed}: nothing ≥ 500, every answer as described\n")
    finally:
        cluster.close()


if __name__ == "__main__":
    main()
