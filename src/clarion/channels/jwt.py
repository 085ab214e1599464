# SPDX-License-Identifier: Apache-2.0
"""JSON Web Tokens that we sign ourselves (RFC 7515, RFC 7518 §3): RS256 for Google, ES256 for Apple."""

import base64
from collections.abc import Mapping
from typing import Any

import msgspec
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import load_pem_private_key

Key = rsa.RSAPrivateKey | ec.EllipticCurvePrivateKey
_HALF = 32  # bytes of r and of s on P-256


def private_key(pem: bytes) -> Key:
    """A private key in PEM: RSA, or on the curve P-256. Raises ValueError: it is none of them."""
    try:
        key = load_pem_private_key(pem, None)
    except (ValueError, TypeError) as error:
        raise ValueError(f"not a private key in PEM: {error}") from None
    if isinstance(key, rsa.RSAPrivateKey):
        return key
    if isinstance(key, ec.EllipticCurvePrivateKey) and isinstance(key.curve, ec.SECP256R1):
        return key
    raise ValueError("neither an RSA key nor one on the curve P-256")


def signed(claims: Mapping[str, Any], key: Key, **header: str) -> str:
    """The compact form of a token with these claims, signed as its key asks."""
    algorithm = "RS256" if isinstance(key, rsa.RSAPrivateKey) else "ES256"
    said = b".".join(map(_base64url, (_json({"alg": algorithm, "typ": "JWT", **header}), _json(claims))))
    if isinstance(key, rsa.RSAPrivateKey):
        signature = key.sign(said, padding.PKCS1v15(), SHA256())
    else:
        r, s = decode_dss_signature(key.sign(said, ec.ECDSA(SHA256())))
        signature = r.to_bytes(_HALF, "big") + s.to_bytes(_HALF, "big")
    return (said + b"." + _base64url(signature)).decode()


def _json(value: Mapping[str, Any]) -> bytes:
    return msgspec.json.encode(value)


def _base64url(octets: bytes) -> bytes:
    return base64.urlsafe_b64encode(octets).rstrip(b"=")
