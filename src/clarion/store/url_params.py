# SPDX-License-Identifier: Apache-2.0
"""The URL parameters of a workspace."""

from clarion.domain import url_params
from clarion.domain.url_params import Params
from clarion.store.engine import Transaction
from clarion.store.people import decode, encode


def of_workspace(tx: Transaction, workspace_id: int) -> Params:
    """What is added to the links of its messages; nothing unless it was set."""
    row = tx.one("url_params", workspace_id=workspace_id)
    return url_params.parse(decode(row["url_params"]), "") if row and row["url_params"] else ()


def put(tx: Transaction, workspace_id: int, params: Params) -> None:
    """Set it. Triggers that were accepted keep what they had."""
    text = encode(url_params.shape(params)) if params else None
    tx.execute("set_url_params", workspace_id=workspace_id, url_params=text)
