# SPDX-License-Identifier: Apache-2.0
"""Templates to messages: Liquid in Customer.io's dialect, and the bytes of an e-mail."""
