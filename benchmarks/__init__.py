# SPDX-License-Identifier: Apache-2.0
"""Measurements with a reference in the same run. `python -m benchmarks --help`; docs/benchmarks.md explains them."""
