# SPDX-License-Identifier: Apache-2.0
"""Google on 127.0.0.1, as far as FCM goes: signs in service accounts, takes messages, and misbehaves as told."""

import base64
import json
from collections import deque
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs

from aiohttp import web
from cryptography.hazmat.primitives.asymmetric import padding, rsa
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

KEY = rsa.generate_private_key(65_537, 2_048)
Behaviour = Callable[["Asked"], Awaitable[web.StreamResponse] | web.StreamResponse]


@dataclass
class Asked:
    """One message that came."""

    request: web.Request
    message: dict[str, Any]

    def reset(self) -> web.Response:
        """Hang up without a word."""
        assert self.request.transport is not None
        self.request.transport.abort()
        return web.Response()


@dataclass
class GoogleServer:
    """`script`: what to do with the next messages; `refused`: access tokens that are refused from now on."""

    script: deque[Behaviour] = field(default_factory=deque)
    tokens: deque[Behaviour | web.Response] = field(default_factory=deque)
    taken: list[dict[str, Any]] = field(default_factory=list)
    claims: list[dict[str, Any]] = field(default_factory=list)
    refused: set[str] = field(default_factory=set)
    lifetime: int = 3_600
    port: int = 0
    _runner: web.AppRunner | None = None

    async def start(self) -> None:
        app = web.Application()
        app.router.add_post("/token", self._token)
        app.router.add_post("/v1/projects/night-bus/messages:send", self._send)
        self._runner = web.AppRunner(app, shutdown_timeout=0.01)
        await self._runner.setup()
        await web.TCPSite(self._runner, "127.0.0.1", self.port).start()
        self.port = self._runner.addresses[0][1]

    async def stop(self) -> None:
        if self._runner is not None:
            await self._runner.cleanup()
            self._runner = None

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def credentials(self, folder: Path) -> str:
        """The file that an operator downloads."""
        pem = KEY.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()).decode()
        account = {"type": "service_account", "project_id": "night-bus", "client_email": "push@night-bus.example"}
        path = folder / "account.json"
        path.write_text(json.dumps({**account, "private_key": pem, "token_uri": f"{self.url}/token"}))
        return str(path)

    async def _token(self, request: web.Request) -> web.StreamResponse:
        form = parse_qs(await request.text())
        assert form["grant_type"] == ["urn:ietf:params:oauth:grant-type:jwt-bearer"]
        said, _, signature = form["assertion"][0].rpartition(".")
        KEY.public_key().verify(unpacked(signature), said.encode(), padding.PKCS1v15(), SHA256())
        self.claims.append(json.loads(unpacked(said.split(".")[1])))
        if self.tokens:
            answer = self.tokens.popleft()
            assert isinstance(answer, web.Response)
            return answer
        return web.json_response({"access_token": f"token-{len(self.claims)}", "expires_in": self.lifetime})

    async def _send(self, request: web.Request) -> web.StreamResponse:
        token = request.headers.get("Authorization", "").removeprefix("Bearer ")
        asked = Asked(request, (await request.json())["message"])
        if not token or token in self.refused:
            return refusal(401, "UNAUTHENTICATED")
        if self.script:
            done = self.script.popleft()(asked)
            return done if isinstance(done, web.StreamResponse) else await done
        self.taken.append(asked.message)
        return web.json_response({"name": f"projects/night-bus/messages/{len(self.taken)}"})


def unpacked(text: str) -> bytes:
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))


def refusal(status: int, code: str, detail: str = "", **headers: str) -> web.Response:
    """An error as FCM writes it."""
    error: dict[str, Any] = {"code": status, "message": "no", "status": code}
    if detail:
        error["details"] = [{"@type": "type.googleapis.com/google.firebase.fcm.v1.FcmError", "errorCode": detail}]
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return web.json_response({"error": error}, status=status, headers=named)


def says(status: int, code: str, detail: str = "", **headers: str) -> Behaviour:
    return lambda _: refusal(status, code, detail, **headers)
