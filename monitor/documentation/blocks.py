"""What a section is made of. Pure values: the template decides how they look."""

from __future__ import annotations

from dataclasses import dataclass

from monitor.documentation.numbers import Interval, Number, Share


@dataclass(frozen=True)
class Mark:
    """A status with its own sign, so that it never depends on colour alone."""

    status: str
    text: str
    spoken: str = ""
    kind: str = "mark"


@dataclass(frozen=True)
class Marks:
    """Several statuses in one line."""

    marks: tuple[Mark, ...]
    kind: str = "marks"


@dataclass(frozen=True)
class Change:
    """A number before and after."""

    before: Number
    after: Number
    kind: str = "change"


@dataclass(frozen=True)
class Code:
    """A hash, an identifier or a command, to be read letter by letter."""

    text: str
    kind: str = "code"


@dataclass(frozen=True)
class Stack:
    """Several values in one cell, one below the other; the first is the main one."""

    lines: tuple[str | Number | Interval | Code, ...]
    kind: str = "stack"


@dataclass(frozen=True)
class Links:
    """Sections of this page by anchor and title."""

    targets: tuple[tuple[str, str], ...]
    kind: str = "links"


Cell = str | Number | Interval | Share | Mark | Marks | Change | Code | Stack | Links


@dataclass(frozen=True)
class Sentence:
    """A paragraph."""

    text: str
    kind: str = "sentence"


@dataclass(frozen=True)
class Bullets:
    """A list of sentences."""

    lines: tuple[str, ...]
    kind: str = "bullets"


@dataclass(frozen=True)
class Facts:
    """Names with their values."""

    rows: tuple[tuple[str, Cell], ...]
    kind: str = "facts"


@dataclass(frozen=True)
class Table:
    """A table whose first column names its rows."""

    name: str
    caption: str
    columns: tuple[str, ...]
    rows: tuple[tuple[Cell, ...], ...]
    wide: bool = False
    kind: str = "table"


@dataclass(frozen=True)
class Drawing:
    """A figure by name; its SVG is put in when the page is made."""

    name: str
    caption: str
    kind: str = "drawing"


@dataclass(frozen=True)
class Commands:
    """Lines to type into a terminal, exactly as they stand."""

    lines: tuple[str, ...]
    kind: str = "commands"


@dataclass(frozen=True)
class Aside:
    """A remark that limits or warns."""

    text: str
    kind: str = "aside"


@dataclass(frozen=True)
class Beside:
    """Tables that are read against each other, side by side where there is room."""

    tables: tuple[Table, ...]
    kind: str = "beside"


Block = Sentence | Bullets | Facts | Table | Drawing | Commands | Aside | Beside


@dataclass(frozen=True)
class Section:
    """One numbered part of the document."""

    id: str
    title: str
    blocks: tuple[Block, ...]
