# SPDX-License-Identifier: Apache-2.0
"""Downloads that fail: what the sentence says, whether to try again, and that nothing is left behind."""

import asyncio
import gzip
import socket
import ssl
import traceback
import tracemalloc
from collections.abc import Sequence
from pathlib import Path

import pytest
import trustme
from aiohttp import web

from clarion.pipeline.data_file import DataFileError
from clarion.pipeline.data_file_download import DownloadRules, download

from .peers import ALLOWED, CONTENT, Failing, Peer, Serving, Speaking, answering, gzipped, plain


async def hang(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    await reader.read()  # until the client gives up


@pytest.mark.parametrize(
    ("body", "coding", "expected"),
    [
        (gzip.compress(CONTENT, mtime=0)[:-1], "gzip", (": the gzip data ends too early", True)),
        (gzip.compress(CONTENT, mtime=0)[:5], "gzip", (": the gzip data ends too early", True)),
        (CONTENT, "gzip", (": the answer says it is gzip, but it is not", False)),
        (gzip.compress(b"{}", mtime=0) + b"rest", "gzip", (": the answer says it is gzip, but it is not", False)),
        (CONTENT, "br", (": the only content encoding taken is gzip", False)),
        (CONTENT, "gzip, gzip", (": the only content encoding taken is gzip", False)),
    ],
)
async def test_bad_gzip(
    serving: Serving, failing: Failing, body: bytes, coding: str, expected: tuple[str, bool]
) -> None:
    async with serving(gzipped(body, coding)) as url:
        assert await failing(url) == expected


@pytest.mark.parametrize(
    ("status", "words", "temporary"),
    [
        (204, "204 No Content", False),
        (304, "304 Not Modified", False),
        (401, "401 Unauthorized", False),
        (403, "403 Forbidden", False),
        (404, "404 Not Found", False),
        (408, "408 Request Timeout", True),
        (429, "429 Too Many Requests", True),
        (500, "500 Internal Server Error", True),
        (503, "503 Service Unavailable", True),
        (599, "599", True),
    ],
)
async def test_codes(serving: Serving, failing: Failing, status: int, words: str, temporary: bool) -> None:
    async def handler(request: web.BaseRequest) -> web.StreamResponse:
        return web.Response(status=status, reason="Own words")

    async with serving(handler) as url:
        error = await failing(url)
    assert error == (f", server responded with code {words}", temporary)


async def test_no_traceback_shows_the_url(speaking: Speaking, tmp_path: Path) -> None:
    async with speaking(answering(b"not http at all\r\n\r\n")) as url:
        with_secrets = url.replace("//", "//user:geheim@") + "/f?sig=geheim"
        with pytest.raises(DataFileError, match="the server's answer is not HTTP") as caught:
            await download(with_secrets, tmp_path / "f", rules=ALLOWED)
    assert caught.value.temporary
    assert "geheim" not in "".join(traceback.format_exception(caught.value))


async def test_connection_refused(failing: Failing) -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    assert await failing(f"http://127.0.0.1:{port}/") == (": connection refused", True)


async def test_connection_refused_at_every_address_of_a_host(tmp_path: Path) -> None:
    async def lookup(host: str, port: int) -> Sequence[str]:
        return ["127.0.0.1", "127.0.0.2"]

    with socket.socket() as free:
        free.bind(("0.0.0.0", 0))
        port = free.getsockname()[1]
    with pytest.raises(DataFileError, match=r"^failed to download data file: connection refused$"):
        await download(f"http://a.example:{port}/", tmp_path / "f", rules=ALLOWED, lookup=lookup)


async def test_a_connection_that_nobody_accepts(failing: Failing) -> None:
    with socket.socket() as full:
        full.bind(("127.0.0.1", 0))
        full.listen(0)
        fillers = [socket.socket() for _ in range(4)]
        for filler in fillers:
            filler.setblocking(False)
            filler.connect_ex(full.getsockname())
        rules = DownloadRules(allow_private_addresses=True, connect_timeout=0.2)
        error = await failing(f"http://127.0.0.1:{full.getsockname()[1]}/", rules)
        for filler in fillers:
            filler.close()
    assert error == (": timed out after 0.2 seconds", True)


@pytest.mark.parametrize(
    "peer",
    [
        hang,
        answering(b"HTTP/1.1 200 OK\r\n", pause=2),
        answering(b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\n{}\n", pause=2),
        answering(b"HTTP/1.1 200 OK\r\n\r\n{}\n", pause=2),
    ],
    ids=["no answer", "half a head", "half a body", "a body without an end"],
)
async def test_silence_times_out(speaking: Speaking, failing: Failing, peer: Peer) -> None:
    rules = DownloadRules(allow_private_addresses=True, idle_timeout=0.1)
    async with speaking(peer) as url:
        assert await failing(url, rules) == (": timed out after 0.1 seconds", True)


async def test_a_slow_drip_is_waited_for_as_long_as_it_drips(speaking: Speaking, tmp_path: Path) -> None:
    rules = DownloadRules(allow_private_addresses=True, idle_timeout=0.5)
    head = b"HTTP/1.1 200 OK\r\nContent-Length: 20\r\n\r\n"
    async with speaking(answering(head, *[b"x"] * 20, pause=0.04)) as url:
        found = await download(url, tmp_path / "f", rules=rules)
    assert found.size_bytes == 20


@pytest.mark.parametrize(
    "pieces",
    [
        (),
        (b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\n{}\n",),
        (b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\n{}\n\r\n",),
        (b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n9\r\n{}\n",),
    ],
)
async def test_truncated(speaking: Speaking, failing: Failing, pieces: Sequence[bytes]) -> None:
    async with speaking(answering(*pieces)) as url:
        error = await failing(url)
    assert error == (": the server closed the connection too early", True)


async def test_the_size_limit_is_exact(serving: Serving, failing: Failing, tmp_path: Path) -> None:
    async with serving(plain) as url:
        enough = DownloadRules(allow_private_addresses=True, max_bytes=len(CONTENT))
        found = await download(url, tmp_path / "f", rules=enough)
        assert found.size_bytes == len(CONTENT)
        found.path.unlink()
        short = DownloadRules(allow_private_addresses=True, max_bytes=len(CONTENT) - 1)
        error = await failing(url, short)
    assert error == (f": the file is larger than {len(CONTENT) - 1} bytes", False)


async def test_ten_gigabytes_are_refused_by_the_announced_length(speaking: Speaking, failing: Failing) -> None:
    head = b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n" % (10 * 2**30 + 1)
    async with speaking(answering(head, pause=0.2)) as url:
        assert await failing(url) == (": the file is larger than 10 GB", False)


async def test_an_unannounced_flood_is_cut_off(speaking: Speaking, failing: Failing) -> None:
    async def peer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b"HTTP/1.1 200 OK\r\n\r\n")
        while True:
            writer.write(bytes(2**16))
            await writer.drain()

    rules = DownloadRules(allow_private_addresses=True, max_bytes=2**20)
    async with speaking(peer) as url:
        assert await failing(url, rules) == (": the file is larger than 1 MB", False)


async def test_a_gzip_bomb_is_cut_off_in_bounded_memory(serving: Serving, failing: Failing) -> None:
    bomb = gzip.compress(bytes(2**28))
    assert len(bomb) < 2**19
    rules = DownloadRules(allow_private_addresses=True, max_bytes=2**25)
    async with serving(gzipped(bomb)) as url:
        tracemalloc.start()
        error = await failing(url, rules)
        _, peak = tracemalloc.get_traced_memory()
        tracemalloc.stop()
    assert error == (": the file is larger than 32 MB", False)
    assert peak < 2**24


async def test_a_flood_of_empty_gzip_members_is_cut_off(serving: Serving, failing: Failing) -> None:
    rules = DownloadRules(allow_private_addresses=True, max_bytes=2**16)
    async with serving(gzipped(gzip.compress(b"") * 2**13)) as url:
        assert await failing(url, rules) == (": the file is larger than 64 KB", False)


async def test_a_certificate_nobody_vouches_for(serving: Serving, failing: Failing) -> None:
    tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    trustme.CA().issue_cert("127.0.0.1").configure_cert(tls)
    async with serving(plain, tls) as url:
        assert await failing(url) == (": the server's certificate is not valid", False)


async def test_https_where_only_http_is_spoken(serving: Serving, failing: Failing) -> None:
    async with serving(plain) as url:
        error = await failing(url.replace("http:", "https:"))
    assert error == (": no TLS connection could be made", True)


async def test_a_disk_that_does_not_take_it_is_not_the_server_s_fault(serving: Serving, tmp_path: Path) -> None:
    async with serving(plain) as url:
        with pytest.raises(FileNotFoundError):
            await download(url, tmp_path / "no" / "such" / "f", rules=ALLOWED)
