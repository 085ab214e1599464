# SPDX-License-Identifier: Apache-2.0
"""Fetching a data file by URL, streamed to disk, without letting the URL reach into our own network.

Source: contract §2.4 (gzip, redirects, timeouts, SSRF), §2.7 (10 GB), §3.3 (the sentence of a failure).
"""

import asyncio
import base64
import hashlib
import os
import socket
import tempfile
import zlib
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from http import HTTPStatus
from pathlib import Path
from types import TracebackType
from typing import Final, Self

import aiohttp
from aiohttp.abc import AbstractResolver, ResolveResult
from yarl import URL

from clarion import __version__
from clarion.channels.public_addresses import (
    Address,
    AddressError,
    Lookup,
    PublicAddresses,
    is_public,
    look_up,
    results,
)
from clarion.pipeline.data_file import DataFileError, in_words

_REDIRECTS: Final = frozenset({301, 302, 303, 307, 308})
_TRY_AGAIN_LATER: Final = frozenset({408, 429})
_GZIP: Final = 16 + zlib.MAX_WBITS  # zlib's way to say: a gzip header and nothing else
_STEP: Final = 2**20
_GZIP_PIECE: Final = 2**16


@dataclass(frozen=True, slots=True)
class DownloadRules:
    """What a download may do. Timeouts are in seconds, `idle_timeout` is the silence between two reads.

    `max_bytes` bounds the file as it lies on disk, after gzip, and also what is received on the wire.
    """

    allow_private_addresses: bool = False
    max_bytes: int = 10 * 2**30
    connect_timeout: float = 30.0
    idle_timeout: float = 30.0
    max_redirects: int = 5


@dataclass(frozen=True, slots=True)
class DownloadedFile:
    """The file on disk, decoded; `sha256` is in hexadecimal and of the decoded bytes. `media_type`: if it was said."""

    path: Path
    size_bytes: int
    sha256: str
    media_type: str = field(default="", compare=False)


async def download(
    url: str,
    target: Path,
    *,
    rules: DownloadRules,
    allowed: Callable[[Address], bool] = is_public,
    lookup: Lookup = look_up,
) -> DownloadedFile:
    """Fetch `url` to `target`, which appears whole or not at all.

    `allowed` judges every address of every hop, unless the rules allow private ones. The work file lies next
    to the target as `.<name>.<random>.part`; only a killed process leaves one behind.

    Raises:
        DataFileError: the file could not be had; `temporary` says whether another attempt may help.
        OSError: our own disk does not take the file.
    """
    resolver = CheckedResolver(rules, allowed, lookup)
    timeout = aiohttp.ClientTimeout(
        total=None,
        connect=rules.connect_timeout,
        sock_connect=rules.connect_timeout,
        sock_read=rules.idle_timeout,
    )
    # One connection per hop: a kept one would skip the resolver. No proxy: it would connect on our behalf.
    async with aiohttp.ClientSession(
        connector=aiohttp.TCPConnector(resolver=resolver, use_dns_cache=False, force_close=True),
        cookie_jar=aiohttp.DummyCookieJar(),
        timeout=timeout,
        auto_decompress=False,
        trust_env=False,
        read_bufsize=_STEP,
        headers={"User-Agent": f"Clarion/{__version__}", "Accept-Encoding": "gzip"},
    ) as session:
        return await _follow(session, resolver, url_of(url), target, rules)


async def _follow(
    session: aiohttp.ClientSession, resolver: "CheckedResolver", url: URL, target: Path, rules: DownloadRules
) -> DownloadedFile:
    """Go from redirect to redirect until there is a file, checking each hop before connecting."""
    origin, authorization = url.origin(), _authorization(url)
    for _ in range(rules.max_redirects + 1):
        bare = url.with_user(None)
        headers = {"Authorization": authorization} if authorization else {}
        try:
            await resolver.check(bare)
            async with session.get(bare, headers=headers, allow_redirects=False) as response:
                if response.status not in _REDIRECTS:
                    return await _save(response, target, rules)
                location = response.headers.get("Location")
        except aiohttp.ClientError as error:
            # `from None`: an aiohttp error spells out the URL, and a signed one is a secret.
            raise _failure(error, rules) from None
        if not location:
            raise _failed("the server redirects without saying where to")
        url = url_of(location, base=bare)
        if url.origin() != origin or _authorization(url):
            origin, authorization = url.origin(), _authorization(url)
    raise _failed(f"more than {rules.max_redirects} redirects")


async def _save(response: aiohttp.ClientResponse, target: Path, rules: DownloadRules) -> DownloadedFile:
    """Stream the answer to a work file, and move that to its place once it is whole and on disk."""
    if response.status != HTTPStatus.OK:
        raise _refused(response.status)
    coding = response.headers.get("Content-Encoding", "identity").strip().lower()
    if coding not in ("", "identity", "gzip", "x-gzip"):
        raise _failed("the only content encoding taken is gzip")
    if (response.content_length or 0) > rules.max_bytes:
        raise _too_large(rules)
    with _WorkFile(target, gzipped="gzip" in coding, rules=rules) as work:
        async for chunk in response.content.iter_any():
            # Disk and zlib work in threads: they must not hold up the event loop that others share.
            await asyncio.to_thread(work.write, chunk)
        saved = await asyncio.to_thread(work.finish)
    return replace(saved, media_type=response.content_type if "Content-Type" in response.headers else "")


class _WorkFile:
    """The file while it grows: decodes, counts and hashes; gone on exit unless finished."""

    def __init__(self, target: Path, *, gzipped: bool, rules: DownloadRules) -> None:
        self._target = target
        self._rules = rules
        self._gunzip = zlib.decompressobj(_GZIP) if gzipped else None
        self._received = self._size = 0
        self._hash = hashlib.sha256()
        descriptor, name = tempfile.mkstemp(dir=target.parent, prefix=f".{target.name}.", suffix=".part")
        self._path = Path(name)
        self._file = os.fdopen(descriptor, "wb")

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._path.unlink(missing_ok=True)
        self._file.close()

    def write(self, chunk: bytes) -> None:
        self._received += len(chunk)
        if self._received > self._rules.max_bytes:
            raise _too_large(self._rules)
        if self._gunzip is None:
            self._add(chunk)
            return
        # In pieces, because zlib copies what is left of its input at the end of every gzip member.
        for start in range(0, len(chunk), _GZIP_PIECE):
            self._gunzip = self._inflate(self._gunzip, chunk[start : start + _GZIP_PIECE])

    def finish(self) -> DownloadedFile:
        if self._gunzip is not None and not self._gunzip.eof and self._received:
            raise _failed("the gzip data ends too early", temporary=True)
        self._file.flush()
        os.fsync(self._file.fileno())
        self._path.replace(self._target)
        _sync_folder(self._target.parent)
        return DownloadedFile(self._target, self._size, self._hash.hexdigest())

    def _add(self, decoded: bytes) -> None:
        self._size += len(decoded)
        if self._size > self._rules.max_bytes:
            raise _too_large(self._rules)
        self._hash.update(decoded)
        self._file.write(decoded)

    def _inflate(self, gunzip: "zlib._Decompress", pending: bytes) -> "zlib._Decompress":
        """Decode in steps of bounded size, so that a bomb is noticed before it fills anything."""
        try:
            while True:
                if gunzip.eof:  # the next member of a file made of several, as pigz and cat make them
                    gunzip = zlib.decompressobj(_GZIP)
                decoded = gunzip.decompress(pending, _STEP)
                self._add(decoded)
                pending = gunzip.unused_data if gunzip.eof else gunzip.unconsumed_tail
                if not pending and (gunzip.eof or len(decoded) < _STEP):
                    return gunzip
        except zlib.error:
            raise _failed("the answer says it is gzip, but it is not") from None


class CheckedResolver(AbstractResolver):
    """Hands the connector exactly the addresses that were checked, so that DNS cannot swap them between."""

    def __init__(self, rules: DownloadRules, allowed: Callable[[Address], bool], lookup: Lookup) -> None:
        self._public = PublicAddresses(
            "data_file.allow_private_addresses",
            allow_private=rules.allow_private_addresses,
            timeout=rules.connect_timeout,
            allowed=allowed,
            lookup=lookup,
        )
        self._checked: list[Address] = []

    async def check(self, url: URL) -> None:
        """Resolve the host of the next hop and refuse it if one of its addresses is not allowed."""
        self._checked = []
        try:
            self._checked = await self._public.addresses(url.raw_host or "", url.port or 0)
        except AddressError as error:
            raise _failed(error.words, temporary=error.temporary) from None

    async def resolve(
        self,
        host: str,
        port: int = 0,
        family: socket.AddressFamily = socket.AF_UNSPEC,  # noqa: ARG002  # aiohttp's signature
    ) -> list[ResolveResult]:
        """Answer the connector with what `check` has passed for this hop, and never look up again."""
        return results(host, port, self._checked)

    async def close(self) -> None:
        """Nothing is held open."""


def url_of(text: str, base: URL | None = None) -> URL:
    """Read a URL to the letter: re-quoting one that is signed would break the signature."""
    to_the_letter = text.isascii() and text.isprintable() and " " not in text
    try:
        url = URL(text, encoded=to_the_letter)
        if base is not None:
            url = base.join(url)
        port = url.port
    except ValueError:
        raise _failed("url is not valid") from None
    if url.scheme not in ("http", "https"):
        raise _failed("url must be http or https")
    if not url.raw_host or not port:
        raise _failed("url is not valid")
    return url


def _authorization(url: URL) -> str | None:
    """Basic credentials from ``user:pass@`` in the URL (RFC 7617, UTF-8), or None."""
    if url.user is None and url.password is None:
        return None
    return "Basic " + base64.b64encode(f"{url.user or ''}:{url.password or ''}".encode()).decode()


def _failure(error: aiohttp.ClientError, rules: DownloadRules) -> DataFileError:
    match error:
        case aiohttp.ConnectionTimeoutError():
            return _timed_out(rules.connect_timeout)
        case aiohttp.ServerTimeoutError():
            return _timed_out(rules.idle_timeout)
        case aiohttp.ClientConnectorCertificateError():
            return _failed("the server's certificate is not valid")
        case aiohttp.ClientConnectorSSLError():
            return _failed("no TLS connection could be made", temporary=True)
        case aiohttp.ClientPayloadError() | aiohttp.ServerDisconnectedError():
            return _failed("the server closed the connection too early", temporary=True)
        case aiohttp.ClientConnectorError(os_error=ConnectionRefusedError()):
            return _failed("connection refused", temporary=True)
        case aiohttp.ClientConnectionError():
            return _failed("connection failed", temporary=True)
        case aiohttp.ClientResponseError():
            return _failed("the server's answer is not HTTP", temporary=True)
        case _:
            return _failed("url is not valid")


def _refused(status: int) -> DataFileError:
    """Say the code and its standard name; the server's own wording is not to be trusted."""
    known = {entry.value: entry.phrase for entry in HTTPStatus}
    return DataFileError(
        f"failed to download data file, server responded with code {status} {known.get(status, '')}".rstrip(),
        temporary=status in _TRY_AGAIN_LATER or status >= 500,
    )


def _failed(what: str, *, temporary: bool = False) -> DataFileError:
    return DataFileError(f"failed to download data file: {what}", temporary=temporary)


def _timed_out(seconds: float) -> DataFileError:
    return _failed(f"timed out after {seconds:g} second{'' if seconds == 1 else 's'}", temporary=True)


def _too_large(rules: DownloadRules) -> DataFileError:
    return _failed(f"the file is larger than {in_words(rules.max_bytes)}")


def _sync_folder(folder: Path) -> None:
    """Make the rename itself survive a power cut."""
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
