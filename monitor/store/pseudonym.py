"""Keyed pseudonyms: HMAC-SHA-256, one domain per kind of identifier, the first 128 bits in hex."""

from __future__ import annotations

import hashlib
import hmac
from dataclasses import dataclass
from typing import Literal

LENGTH = 32
MINIMUM_KEY_BYTES = 16
BLOCK_BYTES = 64

Domain = Literal["patient", "study", "reader", "column", "line"]


def pseudonym(key: bytes, domain: Domain, value: str) -> str:
    """What stands in the store for an identifier.

    The domain keeps a patient and a study with the same number apart.

    Raises:
        ValueError: The key is shorter than 16 bytes.

    References:
        HMAC: RFC 2104.
    """
    return line_pseudonym(key, domain, value.encode())


def line_pseudonym(key: bytes, domain: Domain, value: bytes) -> str:
    """The same of bytes that need not be text."""
    _check(key)
    return hmac.digest(key, domain.encode() + b":" + value, "sha256").hex()[:LENGTH]


@dataclass(frozen=True)
class Pseudonymiser:
    """The same function as SQL, so that a million identifiers need no loop.

    HMAC(k, m) = H(k ^ opad || H(k ^ ipad || m)). The two padded keys travel as parameters
    `$inner_key` and `$outer_key`, never inside the statement.
    """

    key: bytes

    def __post_init__(self) -> None:
        _check(self.key)

    def sql(self, domain: Domain, text: str) -> str:
        """SQL for the pseudonym of the SQL expression `text` (null stays null)."""
        inner = f"sha256($inner_key::BLOB || encode('{domain}:' || {text}))"
        return f"left(sha256($outer_key::BLOB || unhex({inner})), {LENGTH})"

    def parameters(self) -> dict[str, bytes]:
        short = hashlib.sha256(self.key).digest() if len(self.key) > BLOCK_BYTES else self.key
        padded = short.ljust(BLOCK_BYTES, b"\0")
        return {
            "inner_key": bytes(byte ^ 0x36 for byte in padded),
            "outer_key": bytes(byte ^ 0x5C for byte in padded),
        }


def _check(key: bytes) -> None:
    if len(key) < MINIMUM_KEY_BYTES:
        raise ValueError(f"the pseudonym key must have at least {MINIMUM_KEY_BYTES} bytes")
