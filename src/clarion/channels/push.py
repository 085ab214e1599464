# SPDX-License-Identifier: Apache-2.0
"""Push messages: one message of one person to each of its devices, through Google's and Apple's services.

A message is sent once one device took it: what the other devices' services said is in its words, and nothing is sent
to them again, because a repeat would reach the device that took it. Only where no device took it is it tried again,
given up or in doubt: in doubt if one of them may have it, later if one of them may take it later, else never. A device
that is no more is told to the hand-over, whatever became of the message.
"""

import time
from collections.abc import Callable
from dataclasses import dataclass, field

from clarion.channels.apns import PRODUCTION, SANDBOX, Apns, Signer
from clarion.channels.base import Capabilities, Handover, Source, parts_of
from clarion.channels.fcm import Account, Fcm
from clarion.channels.http_session import HttpSettings, NotWantedError
from clarion.channels.lanes import Lanes
from clarion.channels.push_service import Gone, Service, Start
from clarion.channels.words import printable
from clarion.domain.errors import Away, Permanent, SendError, SetupError, Temporary, Throttled, Unknown, detail_of
from clarion.domain.messages import PartsMessage
from clarion.domain.push import PushDevice


@dataclass(frozen=True, slots=True)
class PushSettings:
    """Which services there are, and how they are reached. Raises SetupError for what cannot work.

    `fcm_credentials`: the JSON file of a service account of Google's; `apns_key`: a p8 file of Apple's, with its
    `apns_key_id`, the `apns_team_id` and the bundle id `apns_topic`. Where Apple's is not set up, FCM has iOS devices,
    too. `connections` are messages at once; the URLs are for tests and proxies.
    """

    fcm_credentials: str = field(default="", repr=False)
    apns_key: str = field(default="", repr=False)
    apns_key_id: str = ""
    apns_team_id: str = ""
    apns_topic: str = ""
    apns_sandbox: bool = False
    connections: int = 50
    timeout: float = 30.0
    ca_file: str = ""
    fcm_url: str = "https://fcm.googleapis.com"
    apns_url: str = ""

    def __post_init__(self) -> None:
        if not self.fcm_credentials and not self.apns_key:
            raise SetupError("push: set up fcm_credentials, apns_key or both")

    def http(self, url: str) -> HttpSettings:
        """How a service is reached."""
        return HttpSettings("push", url, self.connections, self.timeout, self.ca_file)

    def apple(self) -> HttpSettings:
        """How Apple's is."""
        return self.http(self.apns_url or (SANDBOX if self.apns_sandbox else PRODUCTION))


def push(settings: PushSettings, *, clock: Callable[[], float] = time.monotonic) -> "PushProvider":
    """The provider; `clock`, in seconds, measures its pauses. Raises SetupError."""
    fcm = apns = None
    if settings.fcm_credentials:
        fcm = Fcm(Account.of_file(settings.fcm_credentials), settings.http(settings.fcm_url), clock=clock)
    if settings.apns_key:
        signer = Signer.of_file(settings.apns_key, settings.apns_key_id, settings.apns_team_id, settings.apns_topic)
        apns = Apns(signer, settings.apple(), clock=clock)
    return PushProvider(settings.connections, android=fcm, ios=apns or fcm)


class PushProvider:
    """See `Deliverer`. `android`, `ios`: by which service devices of that platform are reached, if by any."""

    name = "push"

    def __init__(self, connections: int, *, android: Service | None, ios: Service | None) -> None:
        self.capabilities = Capabilities(channel="push", connections=connections)
        self._of = {"android": android, "ios": ios}
        self._services = list({id(one): one for one in (android, ios) if one is not None}.values())
        self._lanes = Lanes(connections, self._send, self._away)

    async def deliver(self, source: Source) -> None:
        """See `Deliverer.deliver`; it is away when every service is."""
        await self._lanes.deliver(source)

    async def close(self) -> None:
        """Hang up; safe to call twice."""
        for service in self._services:
            await service.close()

    def _away(self) -> Away | None:
        found = [service.gate.away() for service in self._services]
        known = [one for one in found if one is not None]
        return min(known, key=lambda one: one.retry_after) if len(known) == len(found) else None

    async def _send(self, handover: Handover) -> None:
        """One message, to each of its devices."""
        start = Start(handover)
        try:
            message = parts_of(handover)
        except TypeError as error:
            handover.failed(Temporary(f"internal error: {detail_of(error)}"))
            return
        ends: list[tuple[PushDevice, str | SendError]] = []
        for device in message.devices:
            try:
                ends.append((device, await self._push(message, device, start)))
            except NotWantedError:
                if not start.begun:
                    handover.untouched()
                    return
                break
        if gone := [device.token for device, end in ends if isinstance(end, Gone)]:
            handover.gone(gone)
        end = summed(ends)
        if isinstance(end, str):
            handover.sent(end)
        else:
            handover.failed(end)

    async def _push(self, message: PartsMessage, device: PushDevice, start: Start) -> str | SendError:
        service = self._of.get(device.platform)
        if service is None:
            return Permanent(f"no service is set up for {device.platform}", "refused")
        gate = service.gate
        await gate.enter()
        try:
            away = gate.away()
            if away is not None:
                return Throttled(away.words, max(1.0, away.retry_after))
            try:
                return await service.push(message, device, start)
            except UnicodeEncodeError as error:
                return Permanent(printable(f"the message is not Unicode: {error}"), "bad_content")
        finally:
            gate.leave()


def summed(ends: list[tuple[PushDevice, str | SendError]]) -> str | SendError:
    """What became of a message of whose devices that became."""
    failures = [end for _, end in ends if not isinstance(end, str)]
    taken = [end for _, end in ends if isinstance(end, str)]
    if taken and not failures:
        return taken[0] if len(taken) == 1 else printable(f"{len(taken)} devices: {taken[0]}")
    if taken:
        return printable(f"{len(taken)} of {len(ends)} devices; not: {'; '.join(one.words for one in failures)}")
    for kind in (Unknown, Throttled, Temporary, Permanent):
        found = next((one for one in failures if isinstance(one, kind)), None)
        if found is not None:
            return found
    return Permanent("it has no device", "invalid_address")
