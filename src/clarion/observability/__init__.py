# SPDX-License-Identifier: Apache-2.0
"""What operators see: logs, metrics, readiness, traces."""

from clarion.observability.logs import set_up_logging

__all__ = ["set_up_logging"]
