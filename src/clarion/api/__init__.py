# SPDX-License-Identifier: Apache-2.0
"""Customer.io's HTTP contract, one module per URL family, and our own management API in `api.clarion`."""
