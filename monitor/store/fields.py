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
LINE_END = ord("\n")
SPACES = b" \t\xa0\xc2"
"""White space, and both bytes of a space that does not break."""
BLOCK_BYTES = 1 << 17


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
            ends = _ends(separated)
            if not _rectangular(separated, ends, width):
                separated = b"".join(_fields(line, width, key) for line in block.split(b"\n")[:-1])
                ends = _ends(separated)
                blank += separated.count(f"{BROKEN}{BLANK}{BROKEN}".encode())
                marked = marked or BROKEN.encode() in separated
            padded |= _padded(separated, ends, width)
            lines += len(ends) // width
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


def _separated(block: bytes, width: int) -> bytes:
    """A block of readable lines, as they seem to be; nothing when some line is not so."""
    if width == 1 or not is_clean(block):
        return b""
    return _unquoted_block(block, width) if b'"' in block else block.replace(b",", SEPARATOR)


def _ends(separated: bytes) -> NDArray[np.intp]:
    """Where the fields of a separated block end."""
    signs = np.frombuffer(separated, dtype=np.uint8)
    return np.flatnonzero((signs == ord(FIELDS)) | (signs == LINE_END))


def _rectangular(separated: bytes, ends: NDArray[np.intp], width: int) -> bool:
    """Every line has `width` fields: each field that should end a line does so, and no other one."""
    if len(ends) == 0 or len(ends) % width:
        return False
    of_lines = (np.frombuffer(separated, dtype=np.uint8)[ends] == LINE_END).reshape(-1, width)
    return bool(of_lines[:, -1].all()) and np.count_nonzero(of_lines) == len(of_lines)


def _unquoted_block(block: bytes, width: int) -> bytes:
    """The same of lines with quotes: a quote that is still open at the end of its line joins two lines."""
    lines = block.decode().split("\n")[:-1]
    try:
        found = list(csv.reader(lines, strict=True))
    except csv.Error:
        return b""
    if len(found) != len(lines) or any(len(fields) != width for fields in found):
        return b""
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


def _padded(separated: bytes, ends: NDArray[np.intp], width: int) -> set[int]:
    """Columns of a separated block in which some cell begins or ends with white space, or may do so."""
    signs = np.frombuffer(separated, dtype=np.uint8)
    padded: set[int] = set()
    for space in (sign for sign in SPACES if bytes([sign]) in separated):
        is_space = signs == space
        around = is_space[ends - 1]
        around[0] |= is_space[0]
        around[1:] |= is_space[ends[:-1] + 1]
        padded |= set(np.flatnonzero(around.reshape(-1, width).any(axis=0)).tolist())
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
