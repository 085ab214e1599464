# SPDX-License-Identifier: Apache-2.0
"""Links in real messages lead by the workspace's own domain, from the moment it leads here."""

from tests.support.jobs import LostJobs

from clarion.domain.broadcasts import EmailContent
from clarion.store import tracking_domains

from .providers import Scripted
from .stage import SIGN, Stage

URL = "https://links.x.test"
CONTENT = EmailContent(
    subject="Hi",
    body='<p><a href="https://shop.test/">shop</a> <a href="{% unsubscribe_url %}">leave</a></p>',
    sender="Acme <news@acme.test>",
    tracked=True,
)


async def test_links_lead_by_the_domain_once_it_is_verified(stage: Stage) -> None:
    stage.crowd(1)
    number = stage.workspace.workspace_id
    broadcast = stage.broadcast(CONTENT)

    async def sent() -> str:
        provider = Scripted()
        trigger_id = stage.trigger(broadcast)
        async with stage.working(stage.worker(provider, LostJobs())):
            await stage.finished(trigger_id)
        (message,) = provider.taken
        text = message.content.decode().replace("=\r\n", "")
        return text.replace("=3D", "=")

    def hosts(text: str) -> dict[str, int]:
        return {host: text.count(host + "/") for host in (SIGN.base_url, URL)}

    stage.store.write(lambda tx: tracking_domains.put(tx, number, URL))
    before = hosts(await sent())
    assert before == {SIGN.base_url: 5, URL: 0}  # click, unsubscribe twice and its header, the picture
    stage.store.write(lambda tx: tracking_domains.note(tx, number, URL, None))
    assert hosts(await sent()) == {SIGN.base_url: 0, URL: 5}
    stage.store.write(lambda tx: tracking_domains.note(tx, number, URL, "gone"))
    assert hosts(await sent()) == before
