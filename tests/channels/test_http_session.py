# SPDX-License-Identifier: Apache-2.0
"""Whether a request went out is never guessed: it did not before its body was begun."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress

import pytest
from aiohttp.abc import AbstractStreamWriter

from clarion.channels.http_session import (
    MOST_ANSWER,
    PIECE,
    Answer,
    HttpSession,
    HttpSettings,
    NoAnswerError,
    NotReachedError,
    NotWantedError,
    _Payload,
)


class Text:
    """A body that counts how often it was begun, and whether after the call was over."""

    def __init__(self, data: bytes = b"{}", *, wanted: bool = True) -> None:
        self.size = len(data)
        self.begun = 0
        self.over = False
        self._data = data
        self._wanted = wanted

    def begin(self) -> bytes:
        assert not self.over, "begun after the call"
        self.begun += 1
        if not self._wanted:
            raise NotWantedError
        return self._data


class Server:
    """Says `opening` at once, then `reply` to each request, whatever it is."""

    def __init__(self, reply: bytes, opening: bytes = b"", *, keep: bool = True) -> None:
        self.bodies: list[bytes] = []
        self.connections = 0
        self.serving: set[asyncio.Task[None] | None] = set()
        self._reply, self._opening, self._keep = reply, opening, keep

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.connections += 1
        self.serving.add(asyncio.current_task())
        try:
            writer.write(self._opening)
            while True:
                head = (await reader.readuntil(b"\r\n\r\n")).lower()
                length = int(head.partition(b"content-length:")[2].partition(b"\r\n")[0])
                self.bodies.append(await reader.readexactly(length))
                writer.write(self._reply)
                await writer.drain()
                if not self._keep:
                    return
        except (asyncio.IncompleteReadError, ConnectionError):
            pass
        finally:
            await hang_up(writer)

    async def gone(self) -> None:
        """Wait until the last connection is closed on this side too."""
        await asyncio.gather(*(task for task in self.serving if task is not None))


async def hang_up(writer: asyncio.StreamWriter) -> None:
    writer.close()
    with suppress(ConnectionError):
        await writer.wait_closed()


def http(body: bytes, *headers: str, status: str = "200 OK") -> bytes:
    lines = [f"HTTP/1.1 {status}", f"Content-Length: {len(body)}", *headers]
    return "\r\n".join([*lines, "", ""]).encode() + body


@asynccontextmanager
async def calling(server: Server) -> AsyncIterator[tuple[HttpSession, HttpSettings]]:
    listening = await asyncio.start_server(server.serve, "127.0.0.1", 0)
    settings = HttpSettings("x", f"http://127.0.0.1:{listening.sockets[0].getsockname()[1]}", timeout=10)
    session = HttpSession(settings, {"X-Token": "t"})
    try:
        yield session, settings
    finally:
        await session.close()
        await server.gone()
        listening.close()
        await listening.wait_closed()


async def test_one_connection_is_kept() -> None:
    server = Server(http(b"yes"))
    async with calling(server) as (session, settings):
        for _ in range(3):
            assert await session.call("POST", settings.at("/a"), Text(b"abc")) == Answer(200, b"yes")
    assert (server.bodies, server.connections) == ([b"abc"] * 3, 1)


async def test_a_large_body_arrives_whole() -> None:
    server = Server(http(b"yes"))
    data = bytes(range(256)) * (5 * PIECE // 512 + 1)
    async with calling(server) as (session, settings):
        await session.call("POST", settings.at("/a"), Text(data))
    assert server.bodies == [data]


async def test_what_nobody_wants_any_more_is_not_sent() -> None:
    server = Server(http(b"yes"))
    async with calling(server) as (session, settings):
        with pytest.raises(NotWantedError):
            await session.call("POST", settings.at("/a"), Text(b"abc", wanted=False))
        assert (await session.call("POST", settings.at("/a"), Text(b"def"))).body == b"yes"
    assert server.bodies == [b"def"]


@pytest.mark.parametrize(
    "opening",
    [http(b"hello"), http(b"", status="408 Request Timeout"), http(b"x", "Connection: close"), b"220 smtp ready\r\n"],
)
async def test_who_speaks_first_is_never_taken_for_an_answer_to_what_was_not_asked(opening: bytes) -> None:
    server = Server(http(b"yes"), opening)
    async with calling(server) as (session, settings):
        for _ in range(30):
            body = Text()
            try:
                await session.call("POST", settings.at("/a"), body)
            except NotReachedError:
                assert body.begun == 0
            except NoAnswerError:
                assert body.begun == 1
            else:
                assert body.begun == 1
            body.over = True
        for _ in range(5):
            await asyncio.sleep(0)
    assert server.connections >= 1


@pytest.mark.parametrize(
    "reply",
    [
        b"",
        b"HTTP/1.1 200",
        b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nab",
        b"HTTP/1.1 200 OK\r\nContent-Length: nine\r\n\r\nab",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nab",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n",
        b"250 OK\r\n",
        b"HTTP/1.1 200 OK\r\nX: " + b"y" * 100_000 + b"\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n" % (MOST_ANSWER + 1) + b"x" * (MOST_ANSWER + 1),
        b"HTTP/1.1 200 OK\r\n\r\n" + b"x" * (MOST_ANSWER + 1),
    ],
    ids=lambda reply: repr(reply[:60]),
)
async def test_half_an_answer_and_nonsense_are_no_answer(reply: bytes) -> None:
    server = Server(reply, keep=False)
    async with calling(server) as (session, settings):
        body = Text()
        with pytest.raises(NoAnswerError) as caught:
            await session.call("POST", settings.at("/a"), body)
        assert body.begun == 1
        assert 0 < len(caught.value.words) <= 500


async def test_nobody_waits_longer_than_the_limit_for_a_trickle() -> None:
    served = asyncio.Event()

    async def trickle(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nx")
        await reader.read()  # until the client hangs up
        await hang_up(writer)
        served.set()

    listening = await asyncio.start_server(trickle, "127.0.0.1", 0)
    settings = HttpSettings("x", f"http://127.0.0.1:{listening.sockets[0].getsockname()[1]}", timeout=0.2)
    session = HttpSession(settings, {})
    with pytest.raises(NoAnswerError, match=r"0\.2 s"):
        await session.call("POST", settings.at("/a"), Text())
    await session.close()
    await served.wait()
    listening.close()
    await listening.wait_closed()


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        ("7", 7),
        ("0", 1),
        ("999999999999", 3_600),
        ("-3", None),
        ("soon", None),
        ("", None),
        ("²", None),
        ("Wed, 21 Oct 2015 07:28:00 GMT", 1),
        ("Mon, 21 Oct 2999 07:28:00 GMT", 3_600),
    ],
)
async def test_how_long_it_asks_to_wait(text: str, seconds: float | None) -> None:
    reply = http(b"", f"Retry-After: {text}", status="503 Service Unavailable")
    async with calling(Server(reply)) as (session, settings):
        assert (await session.call("POST", settings.at("/a"), Text())).retry_after == seconds


async def test_a_body_is_not_begun_when_the_call_is_over() -> None:
    body = Text()
    payload = _Payload(body)
    payload.over = True
    with pytest.raises(ConnectionAbortedError):
        await payload.write(_NoWriter())
    assert body.begun == 0


class _NoWriter(AbstractStreamWriter):
    async def write(self, chunk: object) -> None:
        raise AssertionError("written")

    async def write_eof(self, chunk: bytes = b"") -> None:
        raise AssertionError("written")

    async def drain(self) -> None:
        raise AssertionError("written")

    def enable_compression(self, encoding: str = "deflate", strategy: int | None = None) -> None:
        raise AssertionError("written")

    def enable_chunking(self) -> None:
        raise AssertionError("written")

    async def write_headers(self, status_line: str, headers: object) -> None:
        raise AssertionError("written")


async def test_the_token_is_not_in_the_words_of_a_failure() -> None:
    async with calling(Server(b"nonsense\r\n", keep=False)) as (session, settings):
        with pytest.raises(NoAnswerError) as caught:
            await session.call("POST", settings.at("/a"), Text())
        assert "X-Token" not in caught.value.words
