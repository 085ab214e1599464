# SPDX-License-Identifier: Apache-2.0
"""The `clarion` command."""

import gc
import sys

from clarion.domain.errors import SetupError, Unavailable


def main() -> None:
    """Run a command; a wrong set-up is one sentence on standard error and exit status 2, never a traceback."""
    gc.disable()  # of what is imported nothing is garbage, and looking for it is a sixth of the start
    from clarion.cli.commands import app  # noqa: PLC0415 - not before that

    gc.enable()
    try:
        app()
    except (SetupError, Unavailable) as error:
        print(f"clarion: {error}", file=sys.stderr)  # noqa: T201 - the command's own output
        sys.exit(2)
