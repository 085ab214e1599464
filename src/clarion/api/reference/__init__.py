# SPDX-License-Identifier: Apache-2.0
"""What the API reference says of routes, where it is too long to stand beside them: plain data."""
