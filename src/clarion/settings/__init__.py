# SPDX-License-Identifier: Apache-2.0
"""Settings: the default file, a file of the operator's, the environment, the command line, in this order."""

from clarion.settings.accounts import Account
from clarion.settings.loading import load
from clarion.settings.sections import Settings

__all__ = ["Account", "Settings", "load"]
