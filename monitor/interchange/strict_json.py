"""JSON of strangers: bounded in size and depth, each key once, numbers exact, nothing that is no JSON."""

from __future__ import annotations

import json
import re
from decimal import Decimal
from pathlib import Path
from typing import Any, NoReturn

from monitor.interchange.records import Refused

MOST_BYTES = 32 * 1024 * 1024
MOST_DEPTH = 40
LONGEST_NUMBER = 40
# Possessive, and content with a text that never ends: linear in the length of any input.
TEXT_OR_BRACKET = re.compile(r'"[^"\\]*+(?:\\.[^"\\]*+)*+"?+|[\[\]{}]', flags=re.DOTALL)


def read_bytes(path: Path) -> bytes:
    """The bytes of a regular file of bounded size.

    Raises:
        Refused: It cannot be read, or is too large.
    """
    try:
        with path.open("rb") as handle:
            content = handle.read(MOST_BYTES + 1)
    except OSError as error:
        raise Refused("unreadable_file") from error
    if len(content) > MOST_BYTES:
        raise Refused("file_too_large")
    return content


def parse(content: bytes) -> Any:
    """The value of a JSON text; numbers are `Decimal`.

    Raises:
        Refused: Not UTF-8, not JSON, nested too deeply, a key twice, or a number too long.

    Example:
        >>> parse(b'{"score": 0.10}')
        {'score': Decimal('0.10')}
    """
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise Refused("invalid_utf8") from error
    _bound_depth(text)
    try:
        return json.loads(
            text,
            parse_float=_number,
            parse_int=_number,
            parse_constant=_no_constant,
            object_pairs_hook=_each_key_once,
        )
    except (ValueError, ArithmeticError, RecursionError) as error:
        raise Refused("invalid_json") from error


def _bound_depth(text: str) -> None:
    depth = 0
    for found in TEXT_OR_BRACKET.finditer(text):
        first = text[found.start()]
        depth += first in "[{"
        depth -= first in "]}"
        if depth > MOST_DEPTH:
            raise Refused("nested_too_deeply")


def _number(text: str) -> Decimal:
    if len(text) > LONGEST_NUMBER:
        raise Refused("number_too_long")
    return Decimal(text)


def _no_constant(_: str) -> NoReturn:
    raise Refused("invalid_json")


def _each_key_once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    content = dict(pairs)
    if len(content) != len(pairs):
        raise Refused("duplicate_key")
    return content
