# SPDX-License-Identifier: Apache-2.0
"""Reading a body that is too large to be held: piece by piece, unpacked, bounded in bytes and in patience."""

import asyncio
import zlib
from collections.abc import AsyncIterator, Iterator

from starlette.requests import ClientDisconnect, Request

from clarion.domain.errors import InvalidRequest, MalformedRequest, TooLarge

_GZIP = 16 + zlib.MAX_WBITS  # zlib's way to say: a gzip header and nothing else
_PIECE = 2**16


async def pieces(request: Request, limit: int, *, silence_seconds: float = 30.0) -> AsyncIterator[bytes]:
    """The body in pieces of at most about 64 KB, out of gzip where the call says so; at most `limit` bytes of either.

    Nothing more is received until the caller asks for the next piece, so that a fast sender waits for us.

    Raises:
        TooLarge: more than `limit` bytes.
        MalformedRequest: the caller went away or fell silent, or the gzip data is broken or ends too early.
        InvalidRequest: a content encoding that is not offered.
    """
    encoding = request.headers.get("content-encoding", "").strip().lower()
    if encoding not in {"", "identity", "gzip", "x-gzip"}:
        raise InvalidRequest("the Content-Encoding must be gzip, or none")
    unpack = _Gzip() if encoding.endswith("gzip") else None
    received = given = 0
    incoming = request.stream()
    try:
        while True:
            try:
                part = await asyncio.wait_for(anext(incoming), silence_seconds)
            except StopAsyncIteration:
                break
            received += len(part)
            if received > limit:
                raise TooLarge(f"the body is larger than {limit} bytes")
            for piece in unpack.feed(part) if unpack else (part,):
                given += len(piece)
                if given > limit:
                    raise TooLarge(f"the body is larger than {limit} bytes")
                yield piece
    except ClientDisconnect:
        raise MalformedRequest("the connection closed before the whole body arrived") from None
    except TimeoutError:
        raise MalformedRequest(f"nothing arrived for {silence_seconds:g} seconds") from None
    except zlib.error:
        raise MalformedRequest("the body is not valid gzip data") from None
    if unpack is not None and not unpack.ended:
        raise MalformedRequest("the gzip data ends too early")


class _Gzip:
    """Unpacks, never more than a piece at a time: a small body may unpack to a very large one."""

    def __init__(self) -> None:
        self._stream = zlib.decompressobj(_GZIP)
        self._begun = False

    @property
    def ended(self) -> bool:
        return self._stream.eof or not self._begun

    def feed(self, packed: bytes) -> Iterator[bytes]:
        while packed:
            if self._stream.eof:  # another member follows
                self._stream = zlib.decompressobj(_GZIP)
            self._begun = True
            yield self._stream.decompress(packed, _PIECE)
            packed = self._stream.unconsumed_tail or self._stream.unused_data


async def first_line(body: AsyncIterator[bytes], limit: int) -> tuple[bytes, bytes]:
    """The first line without its end, and what was read beyond it.

    Raises:
        TooLarge: it is longer than `limit` bytes.
    """
    held = bytearray()
    async for piece in body:
        searched = len(held)
        held += piece
        end = held.find(b"\n", searched)
        if end > limit or (end < 0 and len(held) > limit):
            raise TooLarge(f"the first line is longer than {limit} bytes")
        if end >= 0:
            return bytes(held[: end + 1]), bytes(held[end + 1 :])
    return bytes(held), b""
