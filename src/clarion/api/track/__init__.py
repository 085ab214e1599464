# SPDX-License-Identifier: Apache-2.0
"""The Track API: the write side of people (contract §8)."""
