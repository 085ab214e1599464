# SPDX-License-Identifier: Apache-2.0
"""One file per provider behind one protocol (`base`); `registry` is the one visible list of them."""
