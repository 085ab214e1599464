# SPDX-License-Identifier: Apache-2.0
"""`python -m clarion`."""

from clarion.cli import main

main()
