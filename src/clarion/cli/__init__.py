# SPDX-License-Identifier: Apache-2.0
"""The `clarion` command."""

import sys

from clarion.cli.commands import app
from clarion.domain.errors import SetupError, Unavailable


def main() -> None:
    """Run a command; a wrong set-up is one sentence on standard error and exit status 2, never a traceback."""
    try:
        app()
    except (SetupError, Unavailable) as error:
        print(f"clarion: {error}", file=sys.stderr)  # noqa: T201 - the command's own output
        sys.exit(2)
