# SPDX-License-Identifier: Apache-2.0
"""Public pages behind the links of a mail. The token in a link, the delivery id, is the only credential."""
