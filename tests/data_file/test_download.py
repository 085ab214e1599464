# SPDX-License-Identifier: Apache-2.0
"""Downloads that arrive: plain, gzip, redirected, with credentials; and the address check on every hop."""

import asyncio
import base64
import gzip
import hashlib
from collections.abc import Sequence
from ipaddress import ip_address
from pathlib import Path

import pytest
from aiohttp import web

from clarion.channels.public_addresses import Address
from clarion.pipeline.data_file import DataFileError
from clarion.pipeline.data_file_download import DownloadedFile, DownloadRules, download

from .peers import ALLOWED, CONTENT, Failing, Serving, Speaking, answering, gzipped, plain


def names_in(folder: Path) -> list[str]:
    return [path.name for path in folder.iterdir()]


def whole(path: Path) -> DownloadedFile:
    assert path.read_bytes() == CONTENT
    assert names_in(path.parent) == [path.name]
    return DownloadedFile(path, len(CONTENT), hashlib.sha256(CONTENT).hexdigest())


async def test_a_plain_file(serving: Serving, tmp_path: Path) -> None:
    seen: list[web.BaseRequest] = []

    async def handler(request: web.BaseRequest) -> web.StreamResponse:
        seen.append(request)
        return web.Response(body=CONTENT)

    async with serving(handler) as url:
        signed = "/f?a=%2Fx%2b%20&sig=A%7eb+c==&u=~"
        found = await download(url + signed + "#top", tmp_path / "f", rules=ALLOWED)
    assert found == whole(tmp_path / "f")
    assert seen[0].raw_path == signed  # to the letter, or the signature would break
    assert seen[0].headers["Accept-Encoding"] == "gzip"
    assert "Authorization" not in seen[0].headers


async def test_an_old_file_is_replaced_only_by_a_whole_one(
    serving: Serving, speaking: Speaking, tmp_path: Path
) -> None:
    target = tmp_path / "f"
    target.write_bytes(b"old")
    async with speaking(answering(b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n{}")) as url:
        with pytest.raises(DataFileError):
            await download(url, target, rules=ALLOWED)
    assert target.read_bytes() == b"old"
    async with serving(plain) as url:
        assert await download(url, target, rules=ALLOWED) == whole(target)


async def test_an_empty_file(serving: Serving, tmp_path: Path) -> None:
    async with serving(gzipped(b"", "identity")) as url:
        found = await download(url, tmp_path / "f", rules=ALLOWED)
    assert (found.size_bytes, (tmp_path / "f").read_bytes()) == (0, b"")


@pytest.mark.parametrize(
    ("said", "kind"),
    [
        ("text/csv; charset=utf-8", "text/csv"),
        ("Application/JSON", "application/json"),
        ("nonsense", "application/octet-stream"),
    ],
)
async def test_what_it_is_served_as_is_told(serving: Serving, tmp_path: Path, said: str, kind: str) -> None:
    async def handler(_: web.BaseRequest) -> web.StreamResponse:
        return web.Response(body=CONTENT, headers={"Content-Type": said})

    async with serving(handler) as url:
        assert (await download(url, tmp_path / "f", rules=ALLOWED)).media_type == kind


@pytest.mark.parametrize("coding", ["gzip", "GZIP", "x-gzip"])
async def test_gzip(serving: Serving, coding: str, tmp_path: Path) -> None:
    async with serving(gzipped(gzip.compress(CONTENT), coding)) as url:
        assert await download(url, tmp_path / "f", rules=ALLOWED) == whole(tmp_path / "f")


async def test_gzip_of_several_members(serving: Serving, tmp_path: Path) -> None:
    half = len(CONTENT) // 2
    members = gzip.compress(CONTENT[:half]) + gzip.compress(b"") * 1000 + gzip.compress(CONTENT[half:])
    async with serving(gzipped(members)) as url:
        assert await download(url, tmp_path / "f", rules=ALLOWED) == whole(tmp_path / "f")


async def test_gzip_byte_by_byte(serving: Serving, tmp_path: Path) -> None:
    packed = gzip.compress(b'{"id":1}\n') + gzip.compress(b'{"id":2}\n')

    async def handler(request: web.BaseRequest) -> web.StreamResponse:
        response = web.StreamResponse(headers={"Content-Encoding": "gzip"})
        await response.prepare(request)
        for at in range(len(packed)):
            await response.write(packed[at : at + 1])
            await asyncio.sleep(0)
        return response

    async with serving(handler) as url:
        await download(url, tmp_path / "f", rules=ALLOWED)
    assert (tmp_path / "f").read_bytes() == b'{"id":1}\n{"id":2}\n'


async def test_gzip_without_the_header_is_left_as_it_is(serving: Serving, tmp_path: Path) -> None:
    packed = gzip.compress(CONTENT)
    async with serving(gzipped(packed, "identity")) as url:
        await download(url + "/f.gz", tmp_path / "f", rules=ALLOWED)
    assert (tmp_path / "f").read_bytes() == packed


async def stepping_down(request: web.BaseRequest) -> web.StreamResponse:
    """`/3` redirects to `/2`, that to `/1`, that to `/0`, which is the file; each with another code."""
    left = int(request.path.strip("/"))
    if left == 0:
        return web.Response(body=CONTENT)
    code = (301, 302, 303, 307, 308)[left % 5]
    where = f"{left - 1}" if left % 2 else f"//{request.host}/{left - 1}"
    return web.Response(status=code, headers={"Location": where})


@pytest.mark.parametrize("hops", [1, 5])
async def test_redirects_are_followed(serving: Serving, hops: int, tmp_path: Path) -> None:
    async with serving(stepping_down) as url:
        assert await download(f"{url}/{hops}", tmp_path / "f", rules=ALLOWED) == whole(tmp_path / "f")


async def test_one_redirect_too_many(serving: Serving, failing: Failing) -> None:
    async with serving(stepping_down) as url:
        assert await failing(f"{url}/6") == (": more than 5 redirects", False)


async def test_a_redirect_loop_ends(serving: Serving, failing: Failing) -> None:
    seen = 0

    async def handler(request: web.BaseRequest) -> web.StreamResponse:
        nonlocal seen
        seen += 1
        return web.Response(status=302, headers={"Location": request.path})

    async with serving(handler) as url:
        assert await failing(f"{url}/loop") == (": more than 5 redirects", False)
    assert seen == 6


@pytest.mark.parametrize(
    ("location", "sentence"),
    [
        (None, ": the server redirects without saying where to"),
        ("file:///etc/passwd", ": url must be http or https"),
        ("http://[::1", ": url is not valid"),
        ("http://127.1/", ": the address 127.1 is not written in the usual form"),
    ],
)
async def test_redirects_to_nowhere(serving: Serving, failing: Failing, location: str | None, sentence: str) -> None:
    async def handler(request: web.BaseRequest) -> web.StreamResponse:
        return web.Response(status=302, headers={"Location": location} if location else {})

    async with serving(handler) as url:
        assert await failing(url) == (sentence, False)


@pytest.mark.parametrize("to", ["127.0.0.2", "[::1]", "[::ffff:127.0.0.1]", "secret.example", "169.254.169.254"])
async def test_a_redirect_from_an_allowed_to_a_private_address_is_refused(
    serving: Serving, to: str, tmp_path: Path
) -> None:
    seen = []

    async def handler(request: web.BaseRequest) -> web.StreamResponse:
        seen.append(request.path)
        return web.Response(status=302, headers={"Location": f"http://{to}:{request.url.port}/secret"})

    def only_the_first(address: Address) -> bool:
        return address == ip_address("127.0.0.1")

    async def lookup(host: str, port: int) -> Sequence[str]:
        return ["127.0.0.1", "127.0.0.2"]

    async with serving(handler) as url:
        with pytest.raises(DataFileError, match=r"is private and not allowed \(setting data_file"):
            await download(url + "/f", tmp_path / "f", rules=DownloadRules(), allowed=only_the_first, lookup=lookup)
    assert seen == ["/f"]


async def test_the_checked_address_is_the_one_connected_to(serving: Serving, tmp_path: Path) -> None:
    """DNS that gives another answer the second time changes nothing: it is asked once per hop."""
    asked = []

    async def lookup(host: str, port: int) -> Sequence[str]:
        asked.append(host)
        return ["127.0.0.1"] if len(asked) == 1 else ["127.0.0.2"]

    seen = []

    async def handler(request: web.BaseRequest) -> web.StreamResponse:
        seen.append(request.host)
        return web.Response(body=CONTENT)

    async with serving(handler) as url:
        host = url.removeprefix("http://").replace("127.0.0.1", "Files.Example")
        await download(f"http://{host}/f", tmp_path / "f", rules=ALLOWED, lookup=lookup)
    assert [name.lower() for name in asked] == ["files.example"]
    assert [name.lower() for name in seen] == [host.lower()]


async def test_credentials_stay_with_their_origin(serving: Serving, tmp_path: Path) -> None:
    seen: list[tuple[str, str | None]] = []

    async def elsewhere(request: web.BaseRequest) -> web.StreamResponse:
        seen.append((request.path, request.headers.get("Authorization")))
        return web.Response(body=CONTENT)

    async with serving(elsewhere) as other:

        async def handler(request: web.BaseRequest) -> web.StreamResponse:
            seen.append((request.path, request.headers.get("Authorization")))
            return web.Response(status=302, headers={"Location": "/two" if request.path == "/one" else other})

        async with serving(handler) as url:
            await download(url.replace("//", "//us%40er:p%C3%BC@") + "/one", tmp_path / "f", rules=ALLOWED)
    basic = "Basic " + base64.b64encode("us@er:pü".encode()).decode()
    assert seen == [("/one", basic), ("/two", basic), ("/", None)]


async def test_a_redirect_may_bring_its_own_credentials(serving: Serving, tmp_path: Path) -> None:
    seen = []

    async def handler(request: web.BaseRequest) -> web.StreamResponse:
        seen.append(request.headers.get("Authorization"))
        if len(seen) == 1:
            return web.Response(status=302, headers={"Location": f"http://a:b@{request.host}/"})
        return web.Response(body=CONTENT)

    async with serving(handler) as url:
        await download(url, tmp_path / "f", rules=ALLOWED)
    assert seen == [None, "Basic " + base64.b64encode(b"a:b").decode()]


async def test_the_environment_s_proxy_is_not_used(
    serving: Serving, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("http_proxy", "http://127.0.0.1:9")
    monkeypatch.setenv("all_proxy", "http://127.0.0.1:9")
    async with serving(plain) as url:
        assert await download(url, tmp_path / "f", rules=ALLOWED) == whole(tmp_path / "f")


async def test_cancelling_leaves_nothing_behind(speaking: Speaking, tmp_path: Path) -> None:
    async with speaking(answering(b"HTTP/1.1 200 OK\r\n\r\n{}\n", pause=5)) as url:
        task = asyncio.create_task(download(url, tmp_path / "f", rules=ALLOWED))
        while not names_in(tmp_path):
            await asyncio.sleep(0)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
    assert names_in(tmp_path) == []
