# SPDX-License-Identifier: Apache-2.0
"""One way to say the same with each official client; where a client lacks a method, its own generic request."""

from typing import Any, Protocol
from urllib.parse import quote

from customerio import APIClient, CustomerIO

from .node import Node
from .servers import Server


class Driver(Protocol):
    """From identifying people to reading what became of a trigger."""

    def identify(self, person_id: str, attributes: dict[str, Any]) -> None: ...

    def new_segment(self, name: str) -> int: ...

    def join(self, segment_id: int, ids: list[str]) -> None: ...

    def trigger(self, broadcast_id: int, data: dict[str, Any], selector: dict[str, Any]) -> Any: ...

    def read(self, path: str) -> Any:
        """GET below /v1."""
        ...


class PythonDriver:
    """`customerio` on PyPI: the App client has no method for broadcasts, but `send_request` sends anything."""

    def __init__(self, track: CustomerIO, app: APIClient) -> None:
        self._track, self._app = track, app

    def identify(self, person_id: str, attributes: dict[str, Any]) -> None:
        assert self._track.identify(person_id, **attributes).json() == {}

    def new_segment(self, name: str) -> int:
        made = self._app.send_request("POST", f"{self._app.url}/v1/segments", {"segment": {"name": name}}).json()
        return int(made["segment"]["id"])

    def join(self, segment_id: int, ids: list[str]) -> None:
        url = f"{self._track.base_url}/segments/{segment_id}/add_customers"
        assert self._track.send_request("POST", url, {"ids": ids}).json() == {}

    def trigger(self, broadcast_id: int, data: dict[str, Any], selector: dict[str, Any]) -> Any:
        url = f"{self._app.url}/v1/campaigns/{broadcast_id}/triggers"
        return self._app.send_request("POST", url, {"data": data, **selector}).json()

    def read(self, path: str) -> Any:
        return self._app.send_request("GET", f"{self._app.url}/v1{path}", {}).json()


def _as_argument(selector: dict[str, Any]) -> dict[str, Any]:
    """What `triggerBroadcast` takes as its third argument: a filter goes there without its key."""
    filter_: dict[str, Any] = selector.get("recipients", selector)
    return filter_


class NodeDriver:
    """`customerio-node` 5, with a method for everything."""

    def __init__(self, node: Node) -> None:
        self.node = node

    def identify(self, person_id: str, attributes: dict[str, Any]) -> None:
        assert self.node.track("identify", person_id, attributes) == {}

    def new_segment(self, name: str) -> int:
        return int(self.node.app("createSegment", {"name": name})["segment"]["id"])

    def join(self, segment_id: int, ids: list[str]) -> None:
        assert self.node.track("addCustomersToSegment", segment_id, ids) == {}

    def trigger(self, broadcast_id: int, data: dict[str, Any], selector: dict[str, Any]) -> Any:
        return self.node.app("triggerBroadcast", broadcast_id, data, _as_argument(selector))

    def read(self, path: str) -> Any:
        """By the method that reads this path."""
        path, _, query = path.partition("?")
        options = dict(pair.split("=") for pair in query.split("&")) if query else {}
        match path.strip("/").split("/"):
            case ["campaigns", broadcast_id, "triggers", trigger_id]:
                return self.node.app("getBroadcastTriggerStatus", broadcast_id, trigger_id)
            case ["campaigns", broadcast_id, "triggers", trigger_id, "errors"]:
                return self.node.app("getBroadcastTriggerErrors", broadcast_id, trigger_id, options)
            case ["broadcasts", broadcast_id, "triggers"]:
                return self.node.app("getBroadcastTriggers", broadcast_id)
            case ["messages"]:
                return self.node.app("getMessages", options)
            case _:
                raise AssertionError(f"no method reads {path}")


class Node4Driver(NodeDriver):
    """`customerio-node` 4: methods for people and triggers, the rest by its `request`."""

    def new_segment(self, name: str) -> int:
        made = self.node.app("request.post", f"{self.node.app_root}/api/segments", {"segment": {"name": name}})
        return int(made["segment"]["id"])

    def join(self, segment_id: int, ids: list[str]) -> None:
        url = f"{self.node.track_root}/segments/{quote(str(segment_id))}/add_customers"
        assert self.node.track("request.post", url, {"ids": ids}) == {}

    def read(self, path: str) -> Any:
        return self.node.app("request.get", f"{self.node.app_root}/api{path}")


def processed(server: Server, driver: Driver, broadcast_id: int, trigger_id: int) -> dict[str, Any]:
    """The status once processing has finished."""

    def look() -> dict[str, Any] | None:
        status: dict[str, Any] = driver.read(f"/campaigns/{broadcast_id}/triggers/{trigger_id}")
        return status if status["processed_at"] is not None else None

    return server.until(look, f"trigger {trigger_id} was processed")
