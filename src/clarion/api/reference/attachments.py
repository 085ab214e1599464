# SPDX-License-Identifier: Apache-2.0
"""Our own API: files that go with an e-mail of a broadcast (docs/composing.md)."""

from typing import Any

from clarion.api.schemas import Reference, array, integer, record, shown, text

FILE: dict[str, Any] = {
    "name": "price-list.pdf",
    "media_type": "application/pdf",
    "size": 48_213,
    "hash": "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08",
}
_LISTED: dict[str, Any] = {"attachments": [FILE], "bytes": 48_213, "most_bytes": 2_000_000}
_VERSION = integer("The version that this changes; of another one it is refused with 409.")
_NAMED: dict[str, Any] = {
    "name": text("1 to 255 printable bytes, no folder; of each name one."),
    "media_type": text("Such as application/pdf."),
    "version": _VERSION,
}

LISTING = shown(_LISTED, errors=(404,), note="In the order in which messages have them.")
ADD = shown(
    {**_LISTED, "version": 8},
    status=201,
    query={
        "name": text("1 to 255 printable bytes, no folder; of each name one."),
        "media_type": text("Guessed from the name unless given."),
        "version": _VERSION,
    },
    errors=(404, 409, 413, 422),
    note="The body is the file itself, also packed by gzip. The files of a message have at most 2,000,000 bytes "
    "together and are at most 25; all languages of a message have the same. What is sent with other messages or was "
    "with earlier versions is kept once, by its hash.",
)
FETCH = Reference(
    answer=text("The file."),
    answer_example="%PDF-1.7 …",
    errors=(404,),
    note="The bytes of the file, with its media type, to be saved: a browser does not show it.",
)
EDIT = shown(
    {**_LISTED, "version": 9},
    body=record(**_NAMED, optional=tuple(_NAMED)),
    body_example={"name": "price-list-may.pdf"},
    errors=(404, 409, 422),
)
ORDER = shown(
    {**_LISTED, "version": 9},
    body=record(
        attachments=array(text(), "The hash of each, in the order wanted."), version=_VERSION, optional=("version",)
    ),
    body_example={"attachments": [FILE["hash"]]},
    errors=(404, 409, 422),
)
REMOVE = shown(
    {**_LISTED, "version": 9},
    errors=(404, 409),
    note="Triggers that were accepted with it send it, and earlier versions of the broadcast keep it.",
)
