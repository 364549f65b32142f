"""The private copy of a CSV: every line with the header's number of fields, U+001F between them.

DuckDB can then read the fields of all lines in one pass and by position. A line that is not read, with
another number of fields or a quote that does not close, is a mark in its first field: why, its length and
its keyed hash; the other fields are empty. Most files have no such line and no quotes: whole blocks are
looked at, and only the lines of a block that is not so plain one by one.
"""

from __future__ import annotations

import csv
import hashlib
from collections.abc import Iterable, Iterator
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from monitor.store.lines import (
    BROKEN,
    FIELDS,
    Copy,
    is_clean,
    mark,
    text_blocks,
    unreadable,
    whole_lines,
)

MOST_COLUMNS = 2_000
"""Names travel into statements, whose cost grows faster than their number."""
BLANK = "blank"
SEPARATOR = FIELDS.encode()
LINE_END, COMMA = ord("\n"), ord(",")
SPACES = b" \t\xa0\xc2"
"""White space, and both bytes of a space that does not break."""
BLOCK_BYTES = 1 << 20


def copy_fields(source: Path, target: Path, key: bytes) -> Copy:
    """Copy a CSV file (gzip when its name ends so) without its header line.

    Raises:
        IngestError: The gzip stream is damaged, cut off or expands beyond reason.
    """
    digest = hashlib.sha256()
    blocks = text_blocks(source, digest)
    first, _, rest = next(blocks, b"").partition(b"\n")
    header = _header(first, key)
    width = min(len(split(header)), MOST_COLUMNS)
    lines, blank, marked, padded = 1, 0, False, set[int]()
    with target.open("wb") as copy:
        for block in _with(rest, blocks):
            separated = _separated(block, width)
            if separated is None:
                separated = b"".join(_fields(line, width, key) for line in block.split(b"\n")[:-1])
                blank += separated.count(f"{BROKEN}{BLANK}{BROKEN}".encode())
                marked = marked or BROKEN.encode() in separated
            padded |= _padded(separated, width)
            lines += separated.count(b"\n")
            copy.write(separated)
    return Copy(target, digest.hexdigest(), lines, blank, header, frozenset(padded), marked)


def _with(first: bytes, blocks: Iterator[bytes]) -> Iterator[bytes]:
    if first:
        yield first
    yield from blocks


def _header(line: bytes, key: bytes) -> str:
    reason = unreadable(line)
    if reason is None and b'"' in line:
        fields = _unquoted(line)
        if fields is not None:
            return FIELDS + FIELDS.join(fields)
        reason = "malformed_quote"
    return (mark(reason, line, key) if reason else line).decode()


def split(header: str) -> list[str]:
    """The names of a header as `Copy` keeps it."""
    return header[1:].split(FIELDS) if header.startswith(FIELDS) else header.split(",")


def _separated(block: bytes, width: int) -> bytes | None:
    """A block of readable lines with `width` fields each; None when some line is not so."""
    if width == 1 or not is_clean(block):
        return None
    if b'"' in block:
        return _unquoted_block(block, width)
    signs = np.frombuffer(block, dtype=np.uint8)
    if not _rectangular(np.flatnonzero(signs == COMMA), np.flatnonzero(signs == LINE_END), width):
        return None
    return block.replace(b",", SEPARATOR)


def _rectangular(separators: NDArray[np.intp], ends: NDArray[np.intp], width: int) -> bool:
    """Every line has `width` fields: the separators are as many as that takes, and each line's own in it."""
    if len(separators) != len(ends) * (width - 1):
        return False
    grid = separators.reshape(len(ends), width - 1)
    return bool(np.all(grid[:, -1] < ends) and np.all(grid[1:, 0] > ends[:-1]))


def _unquoted_block(block: bytes, width: int) -> bytes | None:
    """The same of lines with quotes; a quote that is still open at the end of its line joins two lines."""
    lines = block.decode().split("\n")[:-1]
    try:
        found = list(csv.reader(lines, strict=True))
    except csv.Error:
        return None
    if len(found) != len(lines) or any(len(fields) != width for fields in found):
        return None
    return "".join([FIELDS.join(fields) + "\n" for fields in found]).encode()


def _fields(line: bytes, width: int, key: bytes) -> bytes:
    """One line as it stands in the copy."""
    reason, told = unreadable(line), line
    if reason is None and not line.strip(b" \t"):
        reason = BLANK
    if reason is None:
        fields = _unquoted(line) if b'"' in line else line.decode().split(",")
        if fields is None:
            reason = "malformed_quote"
        elif len(fields) == width:
            return FIELDS.join(fields).encode() + b"\n"
        else:
            reason = "wrong_field_count"
            told = (FIELDS + FIELDS.join(fields)).encode() if b'"' in line else line
    return mark(reason, told, key) + SEPARATOR * (width - 1) + b"\n"


def _unquoted(line: bytes) -> list[str] | None:
    try:
        parsed = list(csv.reader([line.decode()], strict=True))
    except csv.Error:
        return None
    return parsed[0] if len(parsed) == 1 else None


def _padded(block: bytes, width: int) -> set[int]:
    """Columns of a separated block in which some cell begins or ends with white space, or may do so."""
    signs = np.frombuffer(b"\n" + block, dtype=np.uint8)
    between = (signs == LINE_END) | (signs == ord(FIELDS))
    padded: set[int] = set()
    for space in (sign for sign in SPACES if bytes([sign]) in block):
        spaces = signs[1:-1] == space
        at = np.flatnonzero(spaces & (between[:-2] | between[2:])) + 1
        if len(at):
            padded |= set(((np.searchsorted(np.flatnonzero(between), at) - 1) % width).tolist())
    return padded


def pick(copy: Path, wanted: Iterable[int], target: Path) -> None:
    """Write some lines of a separated copy, each with its physical number as the first field.

    Args:
        copy: Without the header, which is line 1.
        wanted: Numbers in ascending order.
        target: The file to write.
    """
    numbers = np.fromiter(wanted, dtype=np.int64)
    line = 2
    with copy.open("rb") as handle, target.open("wb") as picked:
        for block in whole_lines(iter(lambda: handle.read(BLOCK_BYTES), b"")):
            ends = np.flatnonzero(np.frombuffer(block, dtype=np.uint8) == LINE_END)
            low, high = np.searchsorted(numbers, [line, line + len(ends)])
            for number in numbers[low:high].tolist():
                start = ends[number - line - 1] + 1 if number > line else 0
                picked.write(f"{number}{FIELDS}".encode() + block[start : ends[number - line] + 1])
            line += len(ends)
