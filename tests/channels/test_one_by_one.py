# SPDX-License-Identifier: Apache-2.0
"""A provider for one message at a time, pulled from a source."""

from collections.abc import Callable

import pytest
from tests.support.one_by_one import OneByOne

from clarion.channels.base import Capabilities
from clarion.domain.errors import SendError, Temporary, Unknown
from clarion.domain.messages import EmailMessage

from .sources import ListSource, letter


class Picky(OneByOne):
    """Takes everybody but those whose address says otherwise."""

    name = "picky"
    capabilities = Capabilities("email", 3)

    async def send(self, message: EmailMessage, *, handed_over: Callable[[], None]) -> str:
        if message.recipient.startswith("early"):
            raise Temporary("not now")
        handed_over()
        if message.recipient.startswith("crash"):
            raise RuntimeError("boom")
        return "250 fine"


async def test_each_message_is_ended_once_with_what_became_of_it() -> None:
    source = ListSource([letter("a@b.example"), letter("early@b.example"), letter("crash@b.example")])
    await Picky().deliver(source)
    assert source.ends() == {
        "a@b.example": "sent 250 fine",
        "early@b.example": "Temporary not now",
        "crash@b.example": "Unknown internal error: boom",
    }


async def test_what_may_not_begin_stays_untouched() -> None:
    source = ListSource([letter("a@b.example")], may_begin=False)
    await Picky().deliver(source)
    assert source.ends() == {"a@b.example": "untouched"}


@pytest.mark.parametrize("error", [Unknown("x"), Temporary("x")])
def test_ending_twice_is_told(error: SendError) -> None:
    source = ListSource([letter("a@b.example")])
    handover = source.take()
    assert handover is not None
    handover.failed(error)
    with pytest.raises(AssertionError):
        handover.untouched()
