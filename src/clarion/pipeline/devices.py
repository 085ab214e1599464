# SPDX-License-Identifier: Apache-2.0
"""Devices of people: one is added, used again, or is no more. In the caller's transaction, which commits or not."""

from dataclasses import replace

from clarion.domain.people import Device
from clarion.store import people
from clarion.store.activities import Happened
from clarion.store.engine import Transaction


def save(tx: Transaction, person_id: int, device: Device) -> Happened | None:
    """Add or replace one, used now unless it says when; that it was used again is nothing that happened."""
    if device.last_used is None:
        device = replace(device, last_used=tx.now_ms() // 1_000)
    before = next((one for one in people.devices(tx, person_id) if one.token == device.token), None)
    people.save_device(tx, person_id, device)
    if before is not None and replace(before, last_used=device.last_used) == device:
        return None
    was = before.token if before else None
    return Happened(person_id, "device_change", {"device": {"from": was, "to": device.token}})


def remove(tx: Transaction, person_id: int, token: str) -> Happened | None:
    """Take one from its person; None where it is not there (any more)."""
    if not people.delete_device(tx, person_id, token):
        return None
    return Happened(person_id, "device_change", {"device": {"from": token, "to": None}})
