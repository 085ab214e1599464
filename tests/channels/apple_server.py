# SPDX-License-Identifier: Apache-2.0
"""Apple's push service on 127.0.0.1: HTTP/2 over TLS, signatures are checked, and it misbehaves as told."""

import asyncio
import json
import ssl
from collections import deque
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.utils import encode_dss_signature
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from h2.config import H2Configuration
from h2.connection import H2Connection
from h2.events import DataReceived, RequestReceived, StreamEnded, StreamReset

from .google_server import unpacked

KEY = ec.generate_private_key(ec.SECP256R1())
HANG_UP, STALL = "hang up", "stall"


@dataclass
class Notified:
    """One notification as it came."""

    token: str
    headers: dict[str, str]
    payload: dict[str, Any]


Behaviour = tuple[int, str] | tuple[int, str, dict[str, str]] | str


@dataclass
class AppleServer:
    """`script`: what to answer to the next calls, (status, reason, headers) or one of the two words above."""

    tls: ssl.SSLContext
    script: deque[Behaviour] = field(default_factory=deque)
    came: list[Notified] = field(default_factory=list)
    taken: list[Notified] = field(default_factory=list)
    port: int = 0
    connections: int = 0
    _server: asyncio.Server | None = None
    _open: set[asyncio.StreamWriter] = field(default_factory=set)

    async def start(self) -> None:
        self.tls.set_alpn_protocols(["h2"])
        self._server = await asyncio.start_server(self._serve, "127.0.0.1", self.port, ssl=self.tls)
        self.port = self._server.sockets[0].getsockname()[1]

    async def stop(self) -> None:
        if self._server is not None:
            self._server.close()
            for writer in list(self._open):
                writer.transport.abort()
            self._server = None

    @property
    def url(self) -> str:
        return f"https://127.0.0.1:{self.port}"

    def key_file(self, folder: Path) -> str:
        """The p8 file that Apple gives."""
        path = folder / "AuthKey.p8"
        path.write_bytes(KEY.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))
        return str(path)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.connections += 1
        self._open.add(writer)
        connection = H2Connection(H2Configuration(client_side=False, header_encoding="utf-8"))
        connection.initiate_connection()
        writer.write(connection.data_to_send())
        streams: dict[int, tuple[dict[str, str], bytearray]] = {}
        try:
            while data := await reader.read(65_536):
                for event in connection.receive_data(data):
                    if isinstance(event, RequestReceived) and event.headers is not None:
                        streams[event.stream_id] = ({str(k): str(v) for k, v in event.headers}, bytearray())
                    elif isinstance(event, DataReceived):
                        streams[event.stream_id][1].extend(event.data)
                        connection.acknowledge_received_data(event.flow_controlled_length, event.stream_id)
                    elif isinstance(event, StreamReset):
                        streams.pop(event.stream_id, None)
                    elif isinstance(event, StreamEnded):
                        asked = streams.pop(event.stream_id, None)
                        if asked is not None and not self._answer(connection, event.stream_id, *asked):
                            writer.transport.abort()
                            return
                writer.write(connection.data_to_send())
                await writer.drain()
        except ConnectionError:
            pass
        finally:
            self._open.discard(writer)
            writer.close()

    def _answer(self, connection: H2Connection, stream: int, headers: dict[str, str], body: bytearray) -> bool:
        """False: hang up."""
        notified = Notified(headers[":path"].removeprefix("/3/device/"), headers, json.loads(bytes(body)))
        self.came.append(notified)
        _check(headers["authorization"].removeprefix("bearer "))
        told = self.script.popleft() if self.script else (200, "")
        if told == HANG_UP:
            return False
        if isinstance(told, str):
            return True
        status, reason, *more = told
        if status == 200:
            self.taken.append(notified)
        named = [(":status", str(status)), ("apns-id", headers["apns-id"]), *(more[0].items() if more else ())]
        connection.send_headers(stream, named, end_stream=not reason)
        if reason:
            connection.send_data(stream, json.dumps({"reason": reason}).encode(), end_stream=True)
        return True


def _check(token: str) -> None:
    said, _, signature = token.rpartition(".")
    octets = unpacked(signature)
    pair = encode_dss_signature(int.from_bytes(octets[:32], "big"), int.from_bytes(octets[32:], "big"))
    KEY.public_key().verify(pair, said.encode(), ec.ECDSA(SHA256()))
    assert json.loads(unpacked(said.split(".")[0])) == {"alg": "ES256", "typ": "JWT", "kid": "KEY4567890"}
    assert json.loads(unpacked(said.split(".")[1]))["iss"] == "TEAM567890"
