# SPDX-License-Identifier: Apache-2.0
"""Nouns as frozen values, rules as functions, state tables. Pure: no I/O, no clock, no framework."""
