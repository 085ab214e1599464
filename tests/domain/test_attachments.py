# SPDX-License-Identifier: Apache-2.0
"""Files that go with an e-mail: what they may be called, what they are, how many and how large."""

import pytest

from clarion.domain.attachments import (
    MAX_BYTES,
    MAX_FILES,
    AttachedFile,
    check,
    checked_name,
    checked_type,
    media_type_of,
)
from clarion.domain.errors import InvalidRequest


def file(name: str, size: int = 10, content: str = "") -> AttachedFile:
    return AttachedFile(name, "text/plain", size, content or name)


@pytest.mark.parametrize(
    ("name", "media_type"),
    [
        ("price list.pdf", "application/pdf"),
        ("TERMS.PDF", "application/pdf"),
        ("a.csv.gz", "application/gzip"),
        ("letter.eml", "application/octet-stream"),  # base64 may not be message/rfc822
        ("data:text/html,x.pdf", "application/pdf"),
        ("README", "application/octet-stream"),
    ],
)
def test_what_a_file_is_is_guessed_from_its_name(name: str, media_type: str) -> None:
    assert media_type_of(name) == media_type


@pytest.mark.parametrize("name", ["", "  ", "a\nb.pdf", "a/b.pdf", "..\\b.pdf", "..", "ä" * 128, "a\u202eb.pdf"])
def test_names_that_no_mail_program_could_save(name: str) -> None:
    with pytest.raises(InvalidRequest) as refused:
        checked_name(name, "/name")
    assert refused.value.problems[0].pointer == "/name"


@pytest.mark.parametrize("name", ["a.pdf", "Größe 3½.pdf", "a" * 255, ".profile"])
def test_names_that_are_good(name: str) -> None:
    assert checked_name(name, "/name") == name


@pytest.mark.parametrize("media_type", ["pdf", "text/", "text/plain; charset=x", "multipart/mixed", "Message/RFC822"])
def test_types_that_a_part_cannot_have(media_type: str) -> None:
    with pytest.raises(InvalidRequest):
        checked_type(media_type, "/media_type")


def test_types_are_written_small() -> None:
    assert checked_type("Application/PDF", "/media_type") == "application/pdf"


@pytest.mark.parametrize(
    ("files", "added", "pointer", "words"),
    [
        (
            [file("A.pdf")],
            file("a.PDF", content="other"),
            "/name",
            "there is an attachment of this name already: A.pdf",
        ),
        ([file("a.pdf", content="x")], file("b.pdf", content="x"), "/body", "attached already, as a.pdf"),
        ([], file("a.pdf", 0), "/body", "empty"),
        ([file("a.pdf", MAX_BYTES)], file("b.pdf", 1), "/body", "2000001 bytes together, a message may have 2000000"),
        ([file(f"{no}.pdf") for no in range(MAX_FILES)], file("b.pdf"), "/body", "at most 25"),
    ],
)
def test_what_may_not_be_added(files: list[AttachedFile], added: AttachedFile, pointer: str, words: str) -> None:
    with pytest.raises(InvalidRequest) as refused:
        check(files, added)
    (problem,) = refused.value.problems
    assert problem.pointer == pointer
    assert words in problem.detail


def test_as_much_as_a_message_may_have() -> None:
    check([file("a.pdf", MAX_BYTES - 1)], file("b.pdf", 1))
