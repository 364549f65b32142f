"""A delivered file as text cells, whatever its format: CSV, JSON Lines or Parquet.

Every format becomes one relation of physical rows and an SQL expression per column, so that the
rules are written once. Nothing is cast here.
"""
# ruff: noqa: S608  (statements are built from quoted names and literals of this package)

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from monitor.errors import EvidenceError, IngestError
from monitor.store.connection import Session, literal, quoted, rows, run, scalar, session, translated
from monitor.store.fields import BLANK, MOST_COLUMNS, copy_fields, pick, split
from monitor.store.lines import BROKEN, FIELDS, Copy, copy_bytes, copy_lines

SUFFIXES = {
    ".csv": "csv",
    ".csv.gz": "csv",
    ".jsonl": "json",
    ".jsonl.gz": "json",
    ".ndjson": "json",
    ".ndjson.gz": "json",
    ".parquet": "parquet",
}
NESTED_TYPES = ("STRUCT", "MAP", "UNION", "LIST")
UNPADDED_TYPE = re.compile("U?(TINY|SMALL|BIG|HUGE)?INT|FLOAT|DOUBLE|DECIMAL|DATE|TIME")
"""How types begin whose text never has white space around it."""
WHITE_SPACE = " \t\u00a0"
"""What is taken off around a cell."""


@dataclass(frozen=True)
class Source:
    """The physical rows of one file.

    Attributes:
        file: The delivered file, for messages.
        sha256: Of the delivered bytes.
        columns: Column names in file order.
        relation: SQL that yields `broken` (a reason or null) and what `cell` refers to, one row per physical
            line, in their order; a blank line is one whose reason is BLANK.
        first_line: The physical number of the first row.
        refused: Yields SQL of the same for the rows in the table `refused`, and their `line`.
        cell: SQL text of the n-th column, counted from zero.
        nested: SQL condition that the n-th column holds no single value.
        remains: SQL of what may be kept of a broken line: its length and its keyed hash.
        rows_read: Physical rows, blank lines and the header apart.
        blank_lines: Lines without any character but white space.
        padded: Whether some cell of the n-th column may have white space around it.
    """

    file: Path
    sha256: str
    columns: tuple[str, ...]
    relation: str
    refused: Callable[[], str]
    cell: Callable[[int], str]
    nested: Callable[[int], str]
    remains: str
    rows_read: int
    blank_lines: int
    first_line: int = 1
    padded: Callable[[int], bool] = lambda _: True


def kind(file: Path) -> str:
    """csv, json or parquet by the file's name.

    Raises:
        IngestError: The name ends in none of the known ways.
    """
    for suffix, name in SUFFIXES.items():
        if file.name.lower().endswith(suffix):
            return name
    raise IngestError(f"{file}: expected a name ending in {', '.join(SUFFIXES)}")


def copy(file: Path, staging: Path, key: bytes) -> Copy:
    """The private copy from which everything else is read."""
    form = kind(file)
    if form == "parquet":
        return copy_bytes(file, staging / "delivered.parquet")
    return (copy_fields if form == "csv" else copy_lines)(file, staging / "delivered.txt", key)


def read(connection: Session, file: Path, delivered: Copy, keyed_hash: str) -> Source:
    """Stage the copy as rows of text.

    Args:
        connection: Where the temporary tables live.
        file: The delivered file, for messages.
        delivered: Its private copy.
        keyed_hash: SQL for the keyed hash of the column `text`.

    Raises:
        IngestError: The header is missing, unreadable or has a name twice.
    """
    match kind(file):
        case "parquet":
            return _parquet(connection, file, delivered)
        case "csv":
            return _csv(connection, file, delivered)
        case _:
            return _json(connection, file, delivered, keyed_hash)


def _character(text: str) -> str:
    return f"chr({ord(text)})"


def _csv(connection: Session, file: Path, delivered: Copy) -> Source:
    columns = _csv_header(file, delivered.header)
    marked = f"string_split(cell_0, {_character(BROKEN)})"
    broken = (
        f"CASE WHEN starts_with(cell_0, {_character(BROKEN)}) THEN {marked}[2] END"
        if delivered.marked
        else "NULL::VARCHAR"
    )
    names = [f"cell_{position}" for position in range(len(columns))]

    def refused() -> str:
        lines = rows(connection, "SELECT DISTINCT line FROM refused ORDER BY line")
        picked = delivered.path.with_name("refused.txt")
        pick(delivered.path, (line for (line,) in lines), picked)
        return f"SELECT *, {broken} AS broken FROM {_fields(picked, {'line': 'BIGINT'}, names)}"

    return Source(
        file,
        delivered.source_sha256,
        columns,
        f"SELECT *, {broken} AS broken FROM {_fields(delivered.path, {}, names)}",
        refused,
        lambda index: names[index],
        lambda _: "false",
        f"{{'bytes': {marked}[3]::BIGINT, 'keyed_hash': {marked}[4]}}",
        delivered.lines - 1 - delivered.blank_lines,
        delivered.blank_lines,
        first_line=2,
        padded=lambda index: index in delivered.padded,
    )


def _fields(path: Path, first: dict[str, str], names: list[str]) -> str:
    """SQL of a file with one field separator, no quotes and no header; an empty field is an empty text."""
    columns = ", ".join(f"{literal(name)}: {literal(kind)}" for name, kind in _typed(first, names))
    return (
        f"read_csv({literal(str(path.resolve()))}, auto_detect = false, header = false, "
        f"columns = {{{columns}}}, delim = {_character(FIELDS)}, nullstr = {_character(BROKEN)}, "
        "quote = '', escape = '', strict_mode = false, new_line = '\\n')"
    )


def _typed(first: dict[str, str], names: list[str]) -> list[tuple[str, str]]:
    return [*first.items(), *((name, "VARCHAR") for name in names)]


def _csv_header(file: Path, text: str) -> tuple[str, ...]:
    if text.startswith(BROKEN):
        reason = text.split(BROKEN)[1]
        raise IngestError(f"{file}:1: expected a header of column names, found an unreadable line ({reason})")
    if not text.strip():
        raise IngestError(f"{file}:1: expected a header of column names, found an empty line")
    names = split(text)
    _check_width(len(names), file)
    return _distinct([name.strip() for name in names], file)


def _check_width(columns: int, file: Path) -> None:
    if columns > MOST_COLUMNS:
        raise IngestError(f"{file}: expected at most {MOST_COLUMNS} columns, found {columns}")


def _distinct(names: list[str], file: Path) -> tuple[str, ...]:
    """Names that occur once; a column without a name is called by its position.

    The message gives positions: without a header line the names would be a patient's.
    """
    for name, times in Counter(name for name in names if name).items():
        if times > 1:
            places = " and ".join(str(i) for i, other in enumerate(names, 1) if other == name)
            raise IngestError(f"{file}:1: columns {places}: expected different names, found one name")
    taken = set(names)
    named = [name or f"column_{position}" for position, name in enumerate(names, 1)]
    return tuple(name if names[i] or name not in taken else f"{name}_unnamed" for i, name in enumerate(named))


def _stage_lines(connection: Session, delivered: Copy) -> None:
    """One physical line per row, numbered; DuckDB must see exactly the lines that were copied."""
    run(
        connection,
        "CREATE OR REPLACE TEMP TABLE delivered_lines AS SELECT row_number() OVER () AS line, text "
        "FROM read_csv($path, auto_detect = false, header = false, columns = {'text': 'VARCHAR'}, "
        "delim = chr(1), quote = '', escape = '', strict_mode = false, new_line = '\\n')",
        {"path": str(delivered.path.resolve())},
    )
    staged = scalar(connection, "SELECT count(*) FROM delivered_lines")
    if staged != delivered.lines:
        raise EvidenceError(f"staged {staged} physical lines of {delivered.lines}")


def _json(connection: Session, file: Path, delivered: Copy, keyed_hash: str) -> Source:
    _stage_lines(connection, delivered)
    run(
        connection,
        "CREATE OR REPLACE TEMP TABLE delivered_objects AS SELECT line, text, "
        "CASE WHEN broken IS NULL THEN text END AS object, broken FROM (SELECT line, text, CASE "
        f"WHEN coalesce(trim(text, ' \t'), '') = '' THEN {literal(BLANK)} "
        f"WHEN starts_with(text, {_character(BROKEN)}) THEN string_split(text, {_character(BROKEN)})[2] "
        "WHEN NOT json_valid(text) THEN 'invalid_json' "
        "WHEN json_type(text) <> 'OBJECT' THEN 'not_an_object' "
        "WHEN len(json_keys(text)) <> len(list_distinct(json_keys(text))) THEN 'duplicate_key' END AS broken "
        "FROM delivered_lines)",
    )
    found = rows(
        connection,
        "SELECT DISTINCT unnest(json_keys(object)) AS name FROM delivered_objects WHERE object IS NOT NULL "
        "ORDER BY name",
    )
    columns = tuple(str(name) for (name,) in found)
    _check_width(len(columns), file)
    if not columns:
        raise IngestError(f"{file}: expected one JSON object per line, found none")
    blank = f"broken IS NOT DISTINCT FROM {literal(BLANK)}"
    read_count = scalar(connection, f"SELECT count(*) FROM delivered_objects WHERE NOT ({blank})")
    marked = f"string_split(text, {_character(BROKEN)})"
    remains = (
        f"CASE WHEN starts_with(text, {_character(BROKEN)}) "
        f"THEN {{'bytes': {marked}[3]::BIGINT, 'keyed_hash': {marked}[4]}} "
        f"ELSE {{'bytes': strlen(text), 'keyed_hash': {keyed_hash}}} END"
    )
    pointers = [literal("/" + name.replace("~", "~0").replace("/", "~1")) for name in columns]
    return Source(
        file,
        delivered.source_sha256,
        columns,
        "SELECT broken, object FROM delivered_objects ORDER BY line",
        lambda: "SELECT * FROM delivered_objects SEMI JOIN refused USING (line)",
        lambda index: f"json_extract_string(object, {pointers[index]})",
        lambda index: f"coalesce(json_type(object, {pointers[index]}) IN ('OBJECT', 'ARRAY'), false)",
        remains,
        read_count,
        delivered.lines - read_count,
    )


def _padded(file: Path, delivered: Copy, path: str) -> frozenset[int]:
    """Positions of the columns of a Parquet file in which some cell has white space around it.

    Every cell is read once apart: some damage ends the session that reads it, and the store's must go on.

    Raises:
        IngestError: The file is damaged.
    """
    with session(delivered.path.parent) as apart, translated(f"{file}: cannot be read", IngestError):
        described = rows(apart, f"DESCRIBE SELECT * FROM read_parquet({path})")
        _check_width(len(described), file)
        text = {
            position: f"({quoted(name)}::VARCHAR)"
            for position, (name, kind, *_) in enumerate(described)
            if not _is_nested(kind) and not UNPADDED_TYPE.match(kind)
        }
        spaces = ", ".join(map(literal, WHITE_SPACE))
        around = "".join(
            f", bool_or({cell}[1] IN ({spaces}) OR {cell}[-1] IN ({spaces}))" for cell in text.values()
        )
        sums = "bit_xor(hash(COLUMNS(*)))"
        found = rows(apart, f"SELECT {sums}{around} FROM read_parquet({path})")[0][len(described) :]
    return frozenset(position for position, padded in zip(text, found, strict=True) if padded)


def _is_nested(kind: str) -> bool:
    return kind.endswith("]") or kind.startswith(NESTED_TYPES)


def _parquet(connection: Session, file: Path, delivered: Copy) -> Source:
    path = literal(str(delivered.path.resolve()))
    padded = _padded(file, delivered, path)
    described = rows(connection, f"DESCRIBE SELECT * FROM read_parquet({path})")
    stored = {str(name) for (name,) in rows(connection, f"SELECT name FROM parquet_schema({path})")}
    columns = tuple(str(row[0]) for row in described)
    _check_width(len(columns), file)
    for position, name in enumerate(columns, 1):
        if name not in stored:
            raise IngestError(f"{file}: column {position}: expected different names, found one name twice")
    types = [str(row[1]) for row in described]
    nested = [_is_nested(kind) for kind in types]
    cells = ", ".join(
        f"{'NULL' if nested[i] else quoted(name)}::VARCHAR AS cell_{i}" for i, name in enumerate(columns)
    )
    count = scalar(connection, f"SELECT count(*) FROM read_parquet({path})")
    relation = f"SELECT NULL::VARCHAR AS broken, {cells} FROM read_parquet({path})"
    return Source(
        file,
        delivered.source_sha256,
        columns,
        relation,
        lambda: (
            f"SELECT file_row_number + 1 AS line, NULL::VARCHAR AS broken, {cells} "
            f"FROM read_parquet({path}, file_row_number = true) "
            "WHERE file_row_number IN (SELECT line - 1 FROM refused)"
        ),
        lambda index: f"cell_{index}",
        lambda index: "true" if nested[index] else "false",
        "NULL",
        count,
        0,
        padded=lambda index: index in padded,
    )
