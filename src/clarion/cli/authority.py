# SPDX-License-Identifier: Apache-2.0
"""A local certificate authority, for clients that speak only TLS (contract §15.10). Made once, kept in a folder."""

import os
from dataclasses import dataclass
from pathlib import Path

import trustme

from clarion.domain.errors import SetupError


@dataclass(frozen=True, slots=True)
class Certificate:
    """Files in PEM: the authority that clients must trust, the server's chain, its private key."""

    ca_file: Path
    chain_file: Path
    key_file: Path


def certificate(folder: Path, host: str) -> Certificate:
    """A certificate for localhost, the loopback addresses and `host`, from the folder's authority.

    The authority is kept, so that whoever trusts it goes on doing so; the server's certificate is new each time.

    Raises:
        SetupError: the folder cannot be written, or holds an authority that cannot be read.
    """
    folder = folder.resolve()  # the path is told to clients, which have another working directory
    try:
        folder.mkdir(parents=True, exist_ok=True)
        made = Certificate(folder / "ca.pem", folder / "server.pem", folder / "server.key")
        ca_key = folder / "ca.key"
        if made.ca_file.exists() and ca_key.exists():
            ca = trustme.CA.from_pem(made.ca_file.read_bytes(), ca_key.read_bytes())
        else:
            ca = trustme.CA(organization_name="Clarion local authority")
            _write_private(ca_key, ca.private_key_pem.bytes())
            ca.cert_pem.write_to_path(str(made.ca_file))
        names = {"localhost", "127.0.0.1", "::1"} | ({host} - {"0.0.0.0", "::"})  # noqa: S104 - read, not bound
        issued = ca.issue_cert(*sorted(names))
        _write_private(made.key_file, issued.private_key_pem.bytes())
        made.chain_file.write_bytes(b"".join(blob.bytes() for blob in issued.cert_chain_pems))
    except (OSError, ValueError) as error:
        raise SetupError(f"cannot make a certificate in {folder}: {error}") from error
    return made


def _write_private(path: Path, content: bytes) -> None:
    path.unlink(missing_ok=True)
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "wb") as file:
        file.write(content)
