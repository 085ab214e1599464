# SPDX-License-Identifier: Apache-2.0
"""The App API: broadcasts, triggers and the read side of people (contract §2-§7)."""
