# SPDX-License-Identifier: Apache-2.0
"""Captured mail is taken out while others read and append."""

import asyncio
import time
from pathlib import Path

from clarion.channels import registry
from clarion.channels.base import Outbox
from clarion.domain.messages import EmailMessage

from .sources import ListSource


def message(no: int, to: str, copies: tuple[str, ...] = ()) -> EmailMessage:
    return EmailMessage(
        delivery_id=f"d{no}", sender="us@x.test", recipient=to, subject=f"Dear {to}", copies=copies, workspace_id=1,
        content=f"Hello {to} – {no}\r\n".encode() + (b"\xff" if no == 3 else b""),
    )  # fmt: skip


async def capture(folder: Path, *messages: EmailMessage) -> None:
    provider = registry.build("outbox", {"directory": folder})
    await provider.deliver(ListSource(messages))
    await provider.close()


def texts(outbox: Outbox) -> list[tuple[int, str, str]]:
    return [(mail.index, mail.recipient, mail.content.decode(errors="replace").strip()) for mail in outbox.page(0, 99)]


async def test_mail_is_blanked_in_place(tmp_path: Path) -> None:
    people = ["ann@x.test", "bob@x.test", "Ann@X.test", "eve@x.test"]
    await capture(
        tmp_path, *[message(no, to) for no, to in enumerate(people)], message(4, "bob@x.test", ("ann@x.test",))
    )
    outbox = registry.captured_mail(tmp_path, 1)
    assert outbox.count() == 5
    size = (tmp_path / "workspace-1" / "messages.jsonl").stat().st_size
    assert registry.blank_captured(tmp_path, 1, delivery_ids={"d3"}, addresses={"ann@x.test"}) == 4
    assert texts(outbox) == [
        (0, "", ""),
        (1, "bob@x.test", "Hello bob@x.test – 1"),
        (2, "", ""),
        (3, "", ""),
        (4, "", ""),
    ]
    assert (tmp_path / "workspace-1" / "messages.jsonl").stat().st_size == size
    assert registry.blank_captured(tmp_path, 1, delivery_ids={"d3"}, addresses={"ann@x.test"}) == 0
    await capture(tmp_path, message(5, "new@x.test"))
    assert texts(outbox)[-1] == (5, "new@x.test", "Hello new@x.test – 5")


async def test_old_mail_is_dropped_and_an_open_provider_goes_on(tmp_path: Path) -> None:
    provider = registry.build("outbox", {"directory": tmp_path})
    await provider.deliver(ListSource(message(no, f"p{no}@x.test") for no in range(30)))
    early = registry.captured_mail(tmp_path, 1).page(29, 1)[0].at_ms
    while time.time() * 1_000 < early + 1:  # the next ones are to be of a later millisecond
        await asyncio.sleep(0)
    await provider.deliver(ListSource(message(no, f"p{no}@x.test") for no in range(30, 50)))
    outbox = registry.captured_mail(tmp_path, 1)
    mails = outbox.page(0, 99)
    edge = mails[30].at_ms
    kept = [mail.delivery_id for mail in mails if mail.at_ms >= edge]
    assert 0 < len(kept) < 50
    assert registry.drop_captured(tmp_path, edge) > 0
    await provider.deliver(ListSource([message(99, "late@x.test")]))
    assert [mail.delivery_id for mail in outbox.page(0, 99)] == [*kept, "d99"]
    assert registry.drop_captured(tmp_path, edge) == 0
    assert registry.drop_captured(tmp_path, 2**60) > 0
    assert outbox.count() == 0
    await provider.close()


def test_where_nothing_was_captured(tmp_path: Path) -> None:
    assert registry.blank_captured(tmp_path, 1, delivery_ids={"d"}, addresses=()) == 0
    assert registry.drop_captured(tmp_path, 2**60) == 0
