# SPDX-License-Identifier: Apache-2.0
"""Files that go with an e-mail: their names, types and limits, and what a message says of them.

Customer.io gives a limit for transactional messages alone (contract §1.6): for broadcasts it is our choice to have
the same.
"""

import base64
import hashlib
import mimetypes
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Final

from clarion.domain.errors import InvalidRequest

MAX_BYTES: Final = 2_000_000  # of the files of a message together, as they are on a disk
MAX_FILES: Final = 25
MAX_NAME_BYTES: Final = 255
NOTICED_BYTES: Final = 500_000
"""From how much on a review tells what the files of a message weigh."""

_UNKNOWN = "application/octet-stream"
_PACKED = {"gzip": "application/gzip", "bzip2": "application/x-bzip2", "xz": "application/x-xz"}
_TYPE = re.compile(r"[A-Za-z0-9][A-Za-z0-9!#$&^_.+-]{0,126}/[A-Za-z0-9][A-Za-z0-9!#$&^_.+-]{0,126}")  # RFC 6838 §4.2
_WHOLE_MESSAGES = ("message/", "multipart/")  # such parts must not be base64, RFC 2045 §6.4


@dataclass(frozen=True, slots=True)
class Attachment:
    """A file that goes with a message; `content` is base64 (RFC 4648 §4) without line ends."""

    name: str
    media_type: str
    content: str

    @property
    def octets(self) -> bytes:
        """What is in the file."""
        return base64.b64decode(self.content)


@dataclass(frozen=True, slots=True)
class AttachedFile:
    """What an action says of a file that goes with its messages; `hash`: by which its workspace keeps what is in it."""

    name: str
    media_type: str
    size: int
    hash: str

    def with_content(self, octets: bytes) -> Attachment:
        """The same as a message carries it."""
        return Attachment(self.name, self.media_type, base64.b64encode(octets).decode())


def hash_of(octets: bytes) -> str:
    """By what a file is kept: the same bytes are one file."""
    return hashlib.sha256(octets).hexdigest()


def media_type_of(name: str) -> str:
    """What a file is, guessed from its name."""
    # The name as a path: as a URL "data:text/html,x" would be HTML.
    found, packed = mimetypes.guess_type(f"/{name}")
    if packed is not None:
        return _PACKED.get(packed, _UNKNOWN)
    return found if found is not None and not found.startswith(_WHOLE_MESSAGES) else _UNKNOWN


def total(files: Iterable[AttachedFile]) -> int:
    """The bytes of files together."""
    return sum(one.size for one in files)


def checked_name(name: str, pointer: str) -> str:
    """A file name as mail programs can show and save it.

    Raises:
        InvalidRequest: at `pointer`.
    """
    if not name.strip() or len(name.encode()) > MAX_NAME_BYTES or not name.isprintable():
        raise InvalidRequest(f"a file name must have 1 to {MAX_NAME_BYTES} printable bytes", pointer)
    if "/" in name or "\\" in name or not name.strip(" ."):
        raise InvalidRequest("must be the name of a file, without a folder", pointer)
    return name


def checked_type(media_type: str, pointer: str) -> str:
    """A media type such as ``application/pdf``.

    Raises:
        InvalidRequest: at `pointer`.
    """
    if _TYPE.fullmatch(media_type) is None:
        raise InvalidRequest("must be a media type such as application/pdf", pointer)
    if media_type.lower().startswith(_WHOLE_MESSAGES):
        raise InvalidRequest(f"a file can not be sent as {media_type}: leave it out, or take {_UNKNOWN}", pointer)
    return media_type.lower()


def check(files: Sequence[AttachedFile], added: AttachedFile) -> None:
    """Whether a file may go with a message beside the others.

    Raises:
        InvalidRequest: at `/name`, `/body`, or without a place.
    """
    if added.size == 0:
        raise InvalidRequest("the file is empty", "/body")
    for one in files:
        if one.name.lower() == added.name.lower():
            raise InvalidRequest(f"there is an attachment of this name already: {one.name}", "/name")
        if one.hash == added.hash:
            raise InvalidRequest(f"the same file is attached already, as {one.name}", "/body")
    if len(files) >= MAX_FILES:
        raise InvalidRequest(f"a message has at most {MAX_FILES} attachments", "/body")
    together = total(files) + added.size
    if together > MAX_BYTES:
        why = f"the attachments would have {together} bytes together, a message may have {MAX_BYTES}"
        raise InvalidRequest(why, "/body")
