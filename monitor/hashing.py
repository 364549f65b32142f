"""Canonical JSON and SHA-256: one way to turn a record into bytes, everywhere."""

from __future__ import annotations

import hashlib
import json
import math
from collections.abc import Iterable
from pathlib import Path
from typing import Any

CHUNK_BYTES = 1 << 20
_ENCODER = json.JSONEncoder(sort_keys=True, separators=(",", ":"), ensure_ascii=False, allow_nan=False)


def canonical_json(value: Any) -> str:
    """The one text form of a record: sorted keys, no spaces, shortest exact numbers.

    Args:
        value: Dictionaries with text keys, lists, texts, integers, finite floats, booleans, None.

    Returns:
        The text whose UTF-8 bytes are hashed and signed.

    Raises:
        ValueError: A number is NaN or infinite, which JSON cannot carry.

    Example:
        >>> canonical_json({"b": 0.5, "a": [1, None]})
        '{"a":[1,null],"b":0.5}'
    """
    return _ENCODER.encode(value)


def sha256_text(text: str) -> str:
    """Hexadecimal SHA-256 of the UTF-8 bytes of `text`.

    Example:
        >>> sha256_text("abc")[:16]
        'ba7816bf8f01cfea'
    """
    return hashlib.sha256(text.encode()).hexdigest()


def sha256_record(value: Any) -> str:
    """Hexadecimal SHA-256 of the canonical JSON of `value`."""
    return sha256_text(canonical_json(value))


def sha256_file(path: Path) -> str:
    """Hexadecimal SHA-256 of a file's bytes, read in blocks."""
    digest = hashlib.sha256()
    with path.open("rb") as handle:
        while block := handle.read(CHUNK_BYTES):
            digest.update(block)
    return digest.hexdigest()


def sha256_set(members: Iterable[str]) -> str:
    """Hexadecimal SHA-256 of a set of texts, whatever their order.

    Example:
        >>> sha256_set(["b", "a"]) == sha256_set(["a", "b", "a"])
        True
    """
    return sha256_record(sorted(set(members)))


def finite_or_none(value: float) -> float | None:
    """The number itself, or None where JSON cannot carry it (NaN, infinity).

    Example:
        >>> finite_or_none(float("nan")) is None, finite_or_none(0.5)
        (True, 0.5)
    """
    return value if math.isfinite(value) else None
