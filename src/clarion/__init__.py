# SPDX-License-Identifier: Apache-2.0
"""Clarion: API-triggered broadcasts, self-hosted, every person accounted for."""

__version__ = "0.1.0"
