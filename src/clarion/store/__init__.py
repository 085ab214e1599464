# SPDX-License-Identifier: Apache-2.0
"""Everything that knows SQL. `engine` is the seam, `sqlite` and `postgres` fill it, the nouns' modules use it."""
