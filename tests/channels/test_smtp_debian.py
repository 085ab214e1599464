# SPDX-License-Identifier: Apache-2.0
"""The SMTP provider against Exim and Postfix as Debian ships them: what we count is what they accepted."""

import asyncio
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
import trustme

from clarion.channels.base import email_of
from clarion.channels.smtp import SmtpProvider
from clarion.domain.errors import Away, Permanent

from . import mail_servers
from .mail_servers import Server
from .messages import CONTENT, a_message
from .sources import ListSource
from .test_smtp_real import free_port

MESSAGES = 400
Smtp = Callable[..., SmtpProvider]


@pytest.fixture(scope="module", params=["exim", "postfix"])
def started(request: pytest.FixtureRequest, authority: trustme.CA) -> Iterator[Server]:
    pem = authority.issue_cert("127.0.0.1", "localhost").private_key_and_cert_chain_pem.bytes()
    with (
        mail_servers.open_folder(mail_servers.are_there()) as folder,
        mail_servers.running(request.param, folder, free_port(), pem) as server,
    ):
        yield server


@pytest.fixture
async def debian(started: Server) -> Server:
    """The server, when it listens."""
    async with asyncio.timeout(30):
        while True:
            try:
                _, writer = await asyncio.open_connection("127.0.0.1", started.port)
            except OSError:
                await asyncio.sleep(0)
            else:
                writer.close()
                await writer.wait_closed()
                break
    return started


@pytest.mark.parametrize("security", ["none", "starttls"])
async def test_as_many_are_sent_as_were_accepted(
    debian: Server, smtp: Smtp, authority: trustme.CA, tmp_path: Path, security: str
) -> None:
    """Every ninth recipient is refused; bodies with dots, 8-bit text, long ones; connections end now and then."""
    ca_file = tmp_path / "ca.pem"
    authority.cert_pem.write_to_path(str(ca_file))
    provider = smtp(
        debian.port, security=security, ca_file=str(ca_file), connections=5, max_messages_per_connection=40, timeout=30
    )
    bodies = [CONTENT, CONTENT + b".\r\n..\r\n", CONTENT + "Grüße\r\n".encode(), CONTENT + b"x" * 70 + b"\r\n" * 3000]
    sources = [
        ListSource(
            a_message(
                n,
                recipient=f"{'no-' if n % 9 == 8 else ''}{security}{n}@example.org",
                content=bodies[n % 4],
                copies=(f"{security}copy{n}@example.org",) if n % 50 == 0 else (),
            )
            for n in range(first, MESSAGES, 4)
        )
        for first in range(4)
    ]
    await asyncio.gather(*(provider.deliver(source) for source in sources))
    await provider.close()
    ended = [kept for source in sources for kept in source.taken]
    assert len(ended) == MESSAGES
    sent: Counter[str] = Counter()
    for kept in ended:
        assert kept.end is not None
        if kept.message.recipient.startswith("no-"):
            assert isinstance(kept.error, Permanent), kept.end
        else:
            assert kept.end.startswith("sent 250"), kept.end
            sent.update([kept.message.recipient, *email_of(kept).copies])
    accepted = {who: count for who, count in debian.accepted().items() if who.startswith(security)}
    assert accepted == sent
    assert not [line for line in debian.log().splitlines() if "synchronization error" in line or "improper" in line]


async def test_many_refusals_do_not_make_it_hang_up(debian: Server, smtp: Smtp) -> None:
    """Exim drops a connection after about ten RSETs, Postfix after twenty errors."""
    provider = smtp(debian.port, connections=2, timeout=30)
    source = ListSource(a_message(n, recipient=f"no-{n}@example.org") for n in range(60))
    try:
        await provider.deliver(source)
    except Away as away:  # would be the server's way to say that it had enough
        pytest.fail(away.words)
    assert {type(kept.error) for kept in source.taken} == {Permanent}
    assert len(source.taken) == 60
