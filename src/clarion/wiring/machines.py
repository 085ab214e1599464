# SPDX-License-Identifier: Apache-2.0
"""The rules for machines that the settings name."""

from pathlib import Path

from clarion.domain.machines import MachineRules
from clarion.settings import Settings
from clarion.tracking import machines


def machine_rules(settings: Settings) -> MachineRules:
    """Ours, and the operator's own.

    Raises:
        SetupError: the file of the operator's cannot be used.
    """
    own = settings.tracking.machine_rules
    return machines.load(Path(own) if own else None)
