# SPDX-License-Identifier: Apache-2.0
"""The composition root: the only place where things are put together from settings."""
