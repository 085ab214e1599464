# SPDX-License-Identifier: Apache-2.0
"""Reading JSON Lines: every kind of line, bounded memory, and going on where one stopped."""

import tempfile
import tracemalloc
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from clarion.pipeline.data_file import BadLine, Entry, Line, in_words, lines


@contextmanager
def file_of(content: bytes) -> Iterator[Path]:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "people.jsonl"
        path.write_bytes(content)
        yield path


def read(content: bytes, *, max_line_bytes: int = 2 * 2**20) -> list[Line]:
    with file_of(content) as path:
        return list(lines(path, max_line_bytes=max_line_bytes))


def test_entries_with_offsets_and_compact_data() -> None:
    content = b'{"id":"wiley","data":{ "a" : [1, 2] }}\n{"email":"road@runner.net"}\n'
    assert read(content) == [
        Entry(1, 39, "wiley", None, b'{"a":[1,2]}'),
        Entry(2, len(content), None, "road@runner.net", b"{}"),
    ]


def test_bom_crlf_blank_lines_and_no_last_newline() -> None:
    content = b'\xef\xbb\xbf{"id":1}\r\n\r\n \t\n{"id":2}\r\n\n{"id":3}'
    assert [(line.line, line.end_offset, line.id) for line in read(content) if isinstance(line, Entry)] == [
        (1, 13, "1"),
        (4, 28, "2"),
        (6, 37, "3"),
    ]


@pytest.mark.parametrize("content", [b"", b"\n", b"\r\n\n", b"\xef\xbb\xbf", b"\xef\xbb\xbf\r\n  "])
def test_nothing_in_the_file(content: bytes) -> None:
    assert read(content) == []


@pytest.mark.parametrize(
    ("line", "text"),
    [
        (b"{", "invalid json"),
        (b'{"id":1} {"id":2}', "invalid json"),
        (b'{"id":1}\r{"id":2}', "invalid json"),
        (b'{"id":NaN}', "invalid json"),
        (b'{"id":1e999}', "invalid json"),
        (b'{"id":' + b"1" * 5000 + b"}", "invalid json"),
        (b'{"id":"\\ud800"}', "invalid json"),
        (b'{"id":"\\udc00"}', "invalid json"),
        (b'\xef\xbb\xbf{"id":1}', "invalid json"),
        (b'{"id":"\xff"}', "invalid utf-8"),
        (b"\xff\xfe{", "invalid utf-8"),
        (b'{"id":"\xed\xa0\x80"}', "invalid utf-8"),
        (b'{"id":"a\0"}', "contains a NUL character"),
        (b'{"id":"a\\u0000"}', "contains a NUL character"),
        (b'{"id":"a","data":{"x":"\\u0000"}}', "contains a NUL character"),
        (b"[" * 100_000, "nested deeper than 64 levels"),
        (b'{"id":1,"data":' + b'{"k":' * 100 + b"1" + b"}" * 101, "nested deeper than 64 levels"),
        (b"[1]", "must be an object"),
        (b"{}", "id or email is required"),
        (b'{"id":1.5}', "id must be a string or a number"),
        (b'{"id":1,"x":2}', 'unknown key "x"'),
    ],
)
def test_bad_lines_do_not_stop_the_next(line: bytes, text: str) -> None:
    content = b'\n{"id":"before"}\n' + line + b'\n{"id":"after"}\n'
    before, bad, after = read(content)
    assert isinstance(before, Entry)
    assert bad == BadLine(3, 18 + len(line), text)
    assert after == Entry(4, len(content), "after", None, b"{}")


@pytest.mark.parametrize("ending", [b"\n", b"\r\n", b""])
@pytest.mark.parametrize("bom", [b"", b"\xef\xbb\xbf"])
@pytest.mark.parametrize("excess", [0, 1, 2, 3, 4, 5, 6, 7, 8, 100])
def test_the_line_limit_is_exact(ending: bytes, bom: bytes, excess: int) -> None:
    line = b'{"id":1,"data":{"x":"' + b"x" * (1024 + excess - 24) + b'"}}'
    content = bom + line + ending
    (first, *rest) = read(content + (b'{"id":2}' if ending else b""), max_line_bytes=1024)
    if excess:
        assert first == BadLine(1, len(content), "line is longer than 1 KB")
    else:
        assert isinstance(first, Entry)
    assert rest == ([Entry(2, len(content) + 8, "2", None, b"{}")] if ending else [])


def test_a_huge_line_is_skipped_in_bounded_memory() -> None:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "huge.jsonl"
        with path.open("wb") as file:
            file.truncate(200 * 2**20)  # sparse: 200 MB of NUL without a newline
            file.seek(0, 2)
            file.write(b'\n{"id":"after"}\n')
        tracemalloc.start()
        found = list(lines(path))
        _, peak = tracemalloc.get_traced_memory()
        tracemalloc.stop()
        assert found == [
            BadLine(1, 200 * 2**20 + 1, "line is longer than 2 MB"),
            Entry(2, 200 * 2**20 + 16, "after", None, b"{}"),
        ]
        assert peak < 10 * 2**20


def test_a_missing_file_is_an_os_error(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError):
        next(lines(tmp_path / "none"))


def test_stopping_early_leaves_nothing_open() -> None:
    with file_of(b'{"id":1}\n{"id":2}\n') as path:
        assert isinstance(next(lines(path)), Entry)  # a file left open would be a ResourceWarning


@pytest.mark.parametrize(
    ("size", "words"),
    [(10 * 2**30, "10 GB"), (2 * 2**20, "2 MB"), (1024, "1 KB"), (1000, "1000 bytes"), (0, "0 bytes")],
)
def test_sizes_in_words(size: int, words: str) -> None:
    assert in_words(size) == words


pieces = st.one_of(
    st.binary(max_size=40),
    st.sampled_from([b"\n", b"\r\n", b"\xef\xbb\xbf", b" ", b'{"id":"' + b"y" * 80 + b'"}\n', b"{}", b"\0"]),
    st.integers().map(lambda n: b'{"id":%d}\n' % n),
    st.text(max_size=8).map(lambda s: b'{"email":"' + s.encode() + b'","data":{"a":[1, 2]}}\r\n'),
)
contents = st.lists(pieces, max_size=12).map(b"".join)


@given(contents, st.integers(0, 70))
def test_any_bytes_give_lines_in_order_and_never_raise(content: bytes, limit: int) -> None:
    found = read(content, max_line_bytes=limit)
    offsets = [line.end_offset for line in found]
    assert offsets == sorted(set(offsets))
    assert all(0 < offset <= len(content) for offset in offsets)
    for line in found:
        assert line.line == content.count(b"\n", 0, line.end_offset - 1) + 1


@given(contents, st.integers(0, 70))
def test_going_on_after_any_line_gives_the_same_rest(content: bytes, limit: int) -> None:
    with file_of(content) as path:
        whole = list(lines(path, max_line_bytes=limit))
        for at, line in enumerate(whole, start=1):
            rest = lines(path, offset=line.end_offset, line_no=line.line, max_line_bytes=limit)
            assert list(rest) == whole[at:]
