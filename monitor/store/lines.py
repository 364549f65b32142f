"""One private copy of a delivered file, hashed while it is copied, one clean physical line per row.

What is hashed is what is read, even if someone rewrites the file meanwhile. The copy of a text file
differs from the original in three ways only: gzip is undone, a byte-order mark and carriage returns
at line ends are dropped, and a line that cannot be text becomes a mark of what is wrong with it: its
length and a keyed hash, so that the neighbours keep their numbers and nothing unreadable is kept. A
CSV is separated into its fields as well (`fields`).
"""

from __future__ import annotations

import hashlib
import os
import stat
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO, Protocol

from monitor.errors import IngestError
from monitor.store.pseudonym import line_pseudonym

# A pipe put in a file's place between look and open must neither be followed nor waited for.
READING = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC
BLOCK_BYTES = 1 << 17
LONGEST_LINE_BYTES = 1 << 20
# A log of ten million studies has about one gigabyte; text logs compress five to thirty times.
LARGEST_TEXT_BYTES = 16 << 30
LARGEST_EXPANSION = 100
EXPANSION_COUNTS_FROM_BYTES = 64 << 20

BYTE_ORDER_MARK = b"\xef\xbb\xbf"
FIELDS = "\x1f"
BROKEN = "\x1e"
RESERVED = (b"\x01", b"\x1e", b"\x1f")
"""Marks of the copy, and what DuckDB is told to split lines at."""
FORBIDDEN = (b"\0", b"\r", *RESERVED)


class Digest(Protocol):
    """What a hash of the standard library offers here."""

    def update(self, data: bytes, /) -> None: ...


@dataclass(frozen=True)
class Copy:
    """The private copy.

    Attributes:
        path: Where it is.
        source_sha256: Of the bytes as delivered.
        lines: Physical lines of a text file, the header of a CSV among them.
        blank_lines: Of these, lines of a CSV without any character but white space.
        header: First line of a CSV, which the copy leaves out.
        padded: Positions of the columns of a CSV in which some cell may have white space around it.
        marked: Some line of a CSV is a mark.
    """

    path: Path
    source_sha256: str
    lines: int = 0
    blank_lines: int = 0
    header: str = ""
    padded: frozenset[int] = frozenset()
    marked: bool = False


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


def copy_lines(source: Path, target: Path, key: bytes) -> Copy:
    """Copy a text file (gzip when its name ends so) line by line.

    Raises:
        IngestError: The gzip stream is damaged, cut off or expands beyond reason.
    """
    digest, lines = hashlib.sha256(), 0
    with target.open("wb") as copy:
        for block in text_blocks(source, digest):
            kept = block if is_clean(block) else _marked_lines(block, key)
            lines += kept.count(b"\n")
            copy.write(kept)
    return Copy(target, digest.hexdigest(), lines)


def _marked_lines(block: bytes, key: bytes) -> bytes:
    lines = block.split(b"\n")[:-1]
    return b"".join(
        (mark(reason, line, key) if (reason := unreadable(line)) else line) + b"\n" for line in lines
    )


def text_blocks(source: Path, digest: Digest) -> Iterator[bytes]:
    """A text file as blocks of whole lines that end in a line feed; what is delivered goes into `digest`."""
    with _open(source) as handle:
        blocks = _delivered(handle, digest)
        if source.suffix.lower() == ".gz":
            blocks = _inflated(blocks, source)
        for block in whole_lines(_without_mark(blocks)):
            yield block.replace(b"\r\n", b"\n") if b"\r" in block else block


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


def whole_lines(blocks: Iterator[bytes]) -> Iterator[bytes]:
    """Blocks that end with a line end; of a line beyond the limit only the beginning is kept."""
    rest = b""
    for block in blocks:
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


def is_clean(block: bytes) -> bool:
    """Every line can be text; a False may be a false alarm."""
    return (
        len(block) <= LONGEST_LINE_BYTES and not any(sign in block for sign in FORBIDDEN) and _is_text(block)
    )


def mark(reason: str, line: bytes, key: bytes) -> bytes:
    """What stands in the copy for a line that is not read: why, its length and its keyed hash."""
    return BROKEN.join(("", reason, str(len(line)), line_pseudonym(key, "line", line))).encode()


def unreadable(line: bytes) -> str | None:
    """Why a line cannot be text."""
    if len(line) > LONGEST_LINE_BYTES:
        return "line_too_long"
    if b"\0" in line:
        return "nul_byte"
    if not _is_text(line):
        return "invalid_utf8"
    if b"\r" in line or any(sign in line for sign in RESERVED):
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
