# SPDX-License-Identifier: Apache-2.0
"""Messages of parts that are handed over many at once, as our own database takes them."""

from collections.abc import Iterable

from clarion.channels.base import Handover, Source, parts_of
from clarion.domain.errors import SendError, Throttled
from clarion.domain.messages import PartsMessage

Begun = tuple[Handover, PartsMessage]
AGAIN_SECONDS = 1.0


def begun(source: Source, most: int) -> list[Begun]:
    """Up to `most` messages, each of them begun. What a source raises passes through, and those begun are put off."""
    some: list[Begun] = []
    try:
        while len(some) < most and (handover := source.take()) is not None:
            message = parts_of(handover)
            if handover.begin():
                some.append((handover, message))
            else:
                handover.untouched()
    except Exception:
        all_failed(some, Throttled("not handed over after all", AGAIN_SECONDS))
        raise
    return some


def all_failed(some: Iterable[Begun], error: SendError) -> None:
    """End them all with one error."""
    for handover, _ in some:
        handover.failed(error)
