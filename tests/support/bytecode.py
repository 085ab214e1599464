# SPDX-License-Identifier: Apache-2.0
"""Processes that tests start find modules compiled: else each spends a second of processor time on compiling them."""

import os
import sys
from pathlib import Path

_FOLDER = Path(__file__).parents[2] / ".pytest_cache" / "bytecode"


def keep() -> None:
    """Where PYTHONDONTWRITEBYTECODE is set: let the processes we start keep their bytecode in a place of our own."""
    if os.environ.pop("PYTHONDONTWRITEBYTECODE", None) and not sys.pycache_prefix:
        os.environ["PYTHONPYCACHEPREFIX"] = str(_FOLDER)
