"""One private copy of a delivered file, hashed while it is copied, one clean physical line per row.

What is hashed is what is read, even if someone rewrites the file meanwhile. The copy of a text file
differs from the original in four ways only: gzip is undone, a byte-order mark and carriage returns
at line ends are dropped, a CSV line with double quotes has its fields separated by U+001F (and
starts with it), and a line that cannot be text becomes a mark of what is wrong with it: its length
and a keyed hash, so that the neighbours keep their numbers and nothing unreadable is kept.
"""

from __future__ import annotations

import csv
import hashlib
import os
import stat
import zlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO, Protocol

from monitor.errors import IngestError
from monitor.store.pseudonym import line_pseudonym

# A pipe put in a file's place between look and open must neither be followed nor waited for.
READING = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC
BLOCK_BYTES = 1 << 18
LONGEST_LINE_BYTES = 1 << 20
# A log of ten million studies has about one gigabyte; text logs compress five to thirty times.
LARGEST_TEXT_BYTES = 16 << 30
LARGEST_EXPANSION = 100
EXPANSION_COUNTS_FROM_BYTES = 64 << 20

BYTE_ORDER_MARK = b"\xef\xbb\xbf"
PADDING = (b" ,", b", ", b" \n", b"\n ", b"\t", "\u00a0".encode())
FIELDS = "\x1f"
BROKEN = "\x1e"
RESERVED = (b"\x01", b"\x1e", b"\x1f")
"""Marks of the copy, and what DuckDB is told to split lines at."""

Repair = Callable[[bytes], bytes]


class Digest(Protocol):
    """What a hash of the standard library offers here."""

    def update(self, data: bytes, /) -> None: ...


@dataclass(frozen=True)
class Copy:
    """The private copy.

    Attributes:
        path: Where it is.
        source_sha256: Of the bytes as delivered.
        lines: Physical lines of a text file.
        padded: Some cell may have white space around it; when False none needs trimming.
        marked: Some line starts with FIELDS or BROKEN.
    """

    path: Path
    source_sha256: str
    lines: int = 0
    padded: bool = True
    marked: bool = True


def regular(path: Path) -> None:
    """Refuse what is not a plain file: links and devices lead elsewhere.

    Raises:
        IngestError: The path is missing, a symbolic link or not a regular file.
    """
    try:
        mode = path.lstat().st_mode
    except OSError as problem:
        raise IngestError(f"{path}: cannot be read ({problem.strerror})") from problem
    if not stat.S_ISREG(mode):
        raise IngestError(f"{path}: expected a regular file, found a link, folder or device")


def copy_bytes(source: Path, target: Path) -> Copy:
    """Copy as it is (Parquet)."""
    digest = hashlib.sha256()
    with _open(source) as handle, target.open("wb") as copy:
        for block in _delivered(handle, digest):
            copy.write(block)
    return Copy(target, digest.hexdigest())


def copy_lines(source: Path, target: Path, *, csv_quotes: bool, key: bytes) -> Copy:
    """Copy a text file (gzip when its name ends so) line by line.

    Raises:
        IngestError: The gzip stream is damaged, cut off or expands beyond reason.
    """
    digest = hashlib.sha256()
    lines, padded, marked = 0, False, False
    repair = _repair(key, csv_quotes=csv_quotes)
    forbidden = (b"\0", b"\r", *RESERVED, *((b'"',) if csv_quotes else ()))
    with _open(source) as handle, target.open("wb") as copy:
        blocks = _delivered(handle, digest)
        if source.suffix.lower() == ".gz":
            blocks = _inflated(blocks, source)
        for block in _whole_lines(blocks):
            plain = block.replace(b"\r\n", b"\n") if b"\r" in block else block
            if _is_clean(plain, forbidden):
                padded = padded or _has_padding(plain)
            else:
                plain = b"".join(repair(line) + b"\n" for line in plain.split(b"\n")[:-1])
                padded = marked = True
            lines += plain.count(b"\n")
            copy.write(plain)
    return Copy(target, digest.hexdigest(), lines, padded, marked)


def _open(source: Path) -> BinaryIO:
    regular(source)
    try:
        handle = os.fdopen(os.open(source, READING), "rb")
    except OSError as problem:
        raise IngestError(f"{source}: cannot be read ({problem.strerror})") from problem
    if not stat.S_ISREG(os.fstat(handle.fileno()).st_mode):
        handle.close()
        raise IngestError(f"{source}: expected a regular file, found it exchanged for another thing")
    return handle


def _delivered(handle: BinaryIO, digest: Digest) -> Iterator[bytes]:
    while block := handle.read(BLOCK_BYTES):
        digest.update(block)
        yield block


def _inflated(blocks: Iterator[bytes], source: Path) -> Iterator[bytes]:
    stream = zlib.decompressobj(31)
    read = written = 0
    try:
        for block in blocks:
            read += len(block)
            left = block
            while left:
                if stream.eof:  # a gzip file may hold several members
                    stream = zlib.decompressobj(31)
                text = stream.decompress(left, BLOCK_BYTES)
                left = stream.unused_data if stream.eof else stream.unconsumed_tail
                written += len(text)
                _check_expansion(read, written, source)
                yield text
        while not stream.eof and (text := stream.decompress(b"", BLOCK_BYTES)):
            yield text
    except zlib.error as problem:
        raise IngestError(f"{source}: expected a gzip file, found a damaged one") from problem
    if not stream.eof:
        raise IngestError(f"{source}: the gzip file is cut off")


def _check_expansion(read: int, written: int, source: Path) -> None:
    bomb = written > EXPANSION_COUNTS_FROM_BYTES and written > LARGEST_EXPANSION * read
    if bomb or written > LARGEST_TEXT_BYTES:
        raise IngestError(f"{source}: expands beyond reason ({read} bytes to more than {written})")


def _whole_lines(blocks: Iterator[bytes]) -> Iterator[bytes]:
    """Blocks that end with a line end; of a line beyond the limit only the beginning is kept."""
    rest = b""
    for block in _without_mark(blocks):
        head, line_end, tail = block.rpartition(b"\n")
        if not line_end:
            rest = (rest + tail)[: LONGEST_LINE_BYTES + 1]
            continue
        if len(rest) > LONGEST_LINE_BYTES:
            _, more, head = head.partition(b"\n")
            head = more + head
        yield rest + head + line_end
        rest = tail
    if rest:
        yield rest + b"\n"


def _without_mark(blocks: Iterator[bytes]) -> Iterator[bytes]:
    start = b""
    for block in blocks:
        start += block
        if len(start) >= len(BYTE_ORDER_MARK):
            break
    yield start.removeprefix(BYTE_ORDER_MARK)
    yield from blocks


def _is_clean(block: bytes, forbidden: tuple[bytes, ...]) -> bool:
    return (
        len(block) <= LONGEST_LINE_BYTES and not any(mark in block for mark in forbidden) and _is_text(block)
    )


def _has_padding(block: bytes) -> bool:
    return block.startswith(b" ") or any(mark in block for mark in PADDING)


def _repair(key: bytes, *, csv_quotes: bool) -> Repair:
    def repair(line: bytes) -> bytes:
        reason = _unreadable(line)
        if reason is None and csv_quotes and b'"' in line:
            fields = _unquoted(line.decode())
            if fields is not None:
                return (FIELDS + FIELDS.join(fields)).encode()
            reason = "malformed_quote"
        if reason is None:
            return line
        return BROKEN.join(("", reason, str(len(line)), line_pseudonym(key, "line", line))).encode()

    return repair


def _unreadable(line: bytes) -> str | None:
    if len(line) > LONGEST_LINE_BYTES:
        return "line_too_long"
    if b"\0" in line:
        return "nul_byte"
    if not _is_text(line):
        return "invalid_utf8"
    if b"\r" in line or any(mark in line for mark in RESERVED):
        return "control_character"
    return None


def _is_text(block: bytes) -> bool:
    if block.isascii():
        return True
    try:
        block.decode()
    except UnicodeDecodeError:
        return False
    return True


def _unquoted(line: str) -> list[str] | None:
    try:
        parsed = list(csv.reader([line], strict=True))
    except csv.Error:
        return None
    return parsed[0] if len(parsed) == 1 else None
