# SPDX-License-Identifier: Apache-2.0
"""Temporary files in memory: thousands of tests make a database each, and waiting for the disk was most of their time.

What they test is left: a killed process loses nothing that the kernel has, on a disk or not. With TMPDIR set, files are
there, and those of failed tests stay.
"""

import atexit
import os
import shutil
import tempfile
from pathlib import Path

_MEMORY = Path("/dev/shm")
_PREFIX = "clarion-tests-"
_ROOM = 6 * 2**30  # bytes that must be free; what the suite takes at once is a part of it


def keep_files() -> None:
    """Let this process and those that it starts have their temporary files in memory, until it ends."""
    if "TMPDIR" in os.environ or not os.access(_MEMORY, os.W_OK | os.X_OK):
        return
    if min(shutil.disk_usage(_MEMORY).free, _available()) < _ROOM:
        return
    for left in _MEMORY.glob(f"{_PREFIX}*"):  # by a process that was killed
        if not Path("/proc", left.name.removeprefix(_PREFIX)).exists():
            shutil.rmtree(left, ignore_errors=True)
    folder = _MEMORY / f"{_PREFIX}{os.getpid()}"
    folder.mkdir(mode=0o711)  # servers of other users have folders in it
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    os.environ["TMPDIR"] = str(folder)
    tempfile.tempdir = None  # it is looked up anew


def _available() -> int:
    """How much memory could be used; 0 when the kernel does not tell."""
    try:
        lines = Path("/proc/meminfo").read_text("ascii").splitlines()
    except OSError:
        return 0
    found = [line.split()[1] for line in lines if line.startswith("MemAvailable:")]
    return int(found[0]) * 1024 if found else 0
