# SPDX-License-Identifier: Apache-2.0
"""Our own management API below `/api/clarion/v1`: everything Customer.io offers only on its pages."""
